//! The roster: who holds which role and key. Versions chain from genesis, and each is signed by a
//! custodian of both groups of the one before. Never changed by an administrator or a
//! configuration.

use std::collections::BTreeSet;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use loggia_model::{Actor, At, Body, Digest, PersonId, Role, Roles, is_line};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::passkey::{PASSKEYS_MAX, Passkey, Touched, asserted, is_assertion};
use crate::wire::{base64_n, sha256};

/// Before a roster's bytes in its hash, and before the hash in its signatures.
pub const ROSTER_CONTEXT: &[u8] = b"loggia/roster/v1\n";
/// Most members: the people of one city's police desk, oversight body and control room.
pub const MEMBERS_MAX: usize = 512;
/// Longest roster: 512 members of 500 B.
pub const ROSTER_BYTES_MAX: usize = 256 * 1024;
/// Longest short name or name of a person.
pub const NAME_CHARS_MAX: usize = 80;

/// One person in the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Short name, as in the account.
    pub person: PersonId,
    /// Name as shown.
    pub name: String,
    /// For which body.
    pub body: Body,
    /// Roles; granting one takes a new roster, so both groups.
    pub roles: Roles,
    /// Ed25519 public key (base64) for desk calls and statements; none for people without a desk.
    pub sign_key: Option<String>,
    /// X25519 public key (base64) to which shares are sealed; custodians only.
    pub hpke_key: Option<String>,
    /// Authenticators with which an approver may approve or refuse on the city's own page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passkeys: Vec<Passkey>,
}

impl Member {
    /// The member as an actor.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            person: self.person.clone(),
            name: self.name.clone(),
            body: self.body,
            roles: self.roles.clone(),
        }
    }

    /// The Ed25519 public key.
    ///
    /// # Errors
    /// [`Error::Forbidden`] if the person has none.
    pub fn sign_public(&self) -> Result<[u8; 32], Error> {
        match &self.sign_key {
            Some(key) => base64_n(key, "sign_key"),
            None => Err(Error::Forbidden(format!(
                "{} has no desk key in the roster",
                self.person
            ))),
        }
    }

    /// Whether this member's own key signed these bytes: the key file's (base64 of Ed25519), or a
    /// passkey's, which is then named ([`crate::passkey`]). Whoever believes a statement asks here,
    /// on the server and on a custodian's desk.
    ///
    /// # Errors
    /// [`Error::Signature`] and [`Error::Forbidden`] say what does not hold.
    pub fn signed(&self, bytes: &[u8], signature: &str) -> Result<Option<Touched>, Error> {
        if is_assertion(signature) {
            return asserted(&self.passkeys, bytes, signature).map(Some);
        }
        let signature: [u8; 64] = base64_n(signature, "the statement's signature")?;
        UnparsedPublicKey::new(&ED25519, self.sign_public()?)
            .verify(bytes, &signature)
            .map_err(|_| Error::Signature("the statement".into()))?;
        Ok(None)
    }

    /// The X25519 public key.
    ///
    /// # Errors
    /// [`Error::Forbidden`] if the person is no custodian.
    pub fn hpke_public(&self) -> Result<[u8; 32], Error> {
        match &self.hpke_key {
            Some(key) => base64_n(key, "hpke_key"),
            None => Err(Error::Forbidden(format!("{} is no custodian", self.person))),
        }
    }
}

/// One version of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// Format, 1.
    pub v: u8,
    /// Version, from 1, no holes.
    pub version: u32,
    /// Hash of the version before; zeros for the first.
    pub prev: Digest,
    /// Everybody with a role.
    pub members: Vec<Member>,
    /// When it was drawn up, microseconds.
    pub at: At,
}

/// A signature under a roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterSignature {
    /// Custodian who signs.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// Ed25519 over context and hash (base64).
    pub signature: String,
}

/// A roster as it is kept and passed on: exact bytes and signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedRoster {
    /// The roster's JSON, byte for byte.
    pub roster: String,
    /// Signatures by custodians of the version before (of itself for the first).
    pub signatures: Vec<RosterSignature>,
}

/// A roster whose form, chain and signatures were checked. Made only by [`SignedRoster::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRoster {
    roster: Roster,
    hash: Digest,
    signed: SignedRoster,
}

impl Roster {
    /// The exact bytes that are hashed and kept.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the roster breaks a rule.
    pub fn to_json(&self) -> Result<String, Error> {
        self.check()?;
        serde_json::to_string(self).map_err(|e| Error::Invalid(e.to_string()))
    }

    /// Hash of a roster's exact bytes.
    #[must_use]
    pub fn hash_of(json: &str) -> Digest {
        sha256(&[ROSTER_CONTEXT, json.as_bytes()])
    }

    /// What a custodian signs to agree to the roster with this hash.
    #[must_use]
    pub fn to_be_signed(hash: Digest) -> Vec<u8> {
        [ROSTER_CONTEXT, &hash.0].concat()
    }

    /// The member of this name.
    #[must_use]
    pub fn member(&self, person: &PersonId) -> Option<&Member> {
        self.members.iter().find(|m| m.person == *person)
    }

    /// Custodians of a body.
    pub fn custodians_of(&self, body: Body) -> impl Iterator<Item = &Member> {
        self.members
            .iter()
            .filter(move |m| m.body == body && m.roles.contains(&Role::Custodian))
    }

    /// The rules that every version keeps.
    fn check(&self) -> Result<(), Error> {
        let bad = |s: String| Err(Error::Invalid(format!("the roster: {s}")));
        if self.v != 1 || self.version == 0 {
            return bad("format must be 1 and versions count from 1".into());
        }
        if self.members.len() > MEMBERS_MAX {
            return bad(format!("over {MEMBERS_MAX} members"));
        }
        let (mut people, mut keys) = (BTreeSet::new(), BTreeSet::new());
        let mut passkeys = BTreeSet::new();
        for m in &self.members {
            if !person_form(&m.person) || m.name.chars().count() > NAME_CHARS_MAX {
                return bad(format!(
                    "`{}` is no short name (a–z, 0–9, dot, hyphen)",
                    m.person
                ));
            }
            if m.person.0 == crate::break_glass::BREAK_GLASS {
                return bad(format!("`{}` is nobody's name", m.person));
            }
            if !is_line(&m.name) {
                return bad(format!("the name of {} has characters not seen", m.person));
            }
            if !people.insert(&m.person) {
                return bad(format!("{} stands in it twice", m.person));
            }
            member_rules(m)?;
            for key in [&m.sign_key, &m.hpke_key].into_iter().flatten() {
                if !keys.insert(base64_n::<32>(key, "a key of the roster")?) {
                    return bad(format!("{} has a key that somebody else has too", m.person));
                }
            }
            for passkey in &m.passkeys {
                passkey.check()?;
                if !passkeys.insert(&passkey.id) || !passkeys.insert(&passkey.key) {
                    return bad(format!(
                        "{} has a passkey that stands in it twice",
                        m.person
                    ));
                }
            }
        }
        for body in [Body::Police, Body::Oversight] {
            if self.custodians_of(body).next().is_none() {
                return bad(format!("{body:?} has no custodian"));
            }
        }
        Ok(())
    }
}

/// Rules for one member: keys where the roles need them, and an administrator who is nothing else.
fn member_rules(m: &Member) -> Result<(), Error> {
    let bad = |s: &str| Err(Error::Invalid(format!("the roster: {} {s}", m.person)));
    let (custodian, approver) = (
        m.roles.contains(&Role::Custodian),
        m.roles.contains(&Role::Approver),
    );
    if custodian && m.sign_key.is_none() {
        return bad("releases but has no sign_key");
    }
    if approver && m.sign_key.is_none() && m.passkeys.is_empty() {
        return bad("approves but has neither sign_key nor passkey");
    }
    if !m.passkeys.is_empty() && !approver {
        return bad("has a passkey but approves nothing");
    }
    if m.passkeys.len() > PASSKEYS_MAX {
        return bad("has more than four passkeys");
    }
    if custodian != m.hpke_key.is_some() {
        return bad("must have an hpke_key exactly if they are a custodian");
    }
    if (custodian || approver) && m.body == Body::City {
        return bad("is of the city, which holds no share and approves nothing");
    }
    let others = [
        Role::Investigator,
        Role::Approver,
        Role::Custodian,
        Role::Auditor,
    ];
    if m.roles.contains(&Role::Administrator) && others.iter().any(|r| m.roles.contains(r)) {
        return bad("is an administrator, who reads no footage and approves nothing");
    }
    Ok(())
}

/// Whether a short name has the form of one: 1–64 of a–z, 0–9, dot and hyphen.
pub(crate) fn person_form(person: &PersonId) -> bool {
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    (1..=64).contains(&person.0.len()) && person.0.bytes().all(ok)
}

impl SignedRoster {
    /// Checks form, chain and signatures against the version before (`None` for the first).
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the rule that is broken; [`Error::Signature`] when a signature
    /// does not hold; [`Error::Forbidden`] when a group has not signed.
    pub fn verify(self, before: Option<&VerifiedRoster>) -> Result<VerifiedRoster, Error> {
        if self.roster.len() > ROSTER_BYTES_MAX || self.signatures.len() > MEMBERS_MAX {
            return Err(Error::Invalid("the roster is too large".into()));
        }
        let roster: Roster = serde_json::from_str(&self.roster)
            .map_err(|e| Error::Invalid(format!("the roster does not read: {e}")))?;
        if roster.to_json()? != self.roster {
            return Err(Error::Invalid(
                "the roster is not in its canonical form".into(),
            ));
        }
        let (version, prev) =
            before.map_or((1, Digest::default()), |b| (b.roster.version + 1, b.hash));
        if roster.version != version || roster.prev != prev {
            return Err(Error::Invalid(format!(
                "the roster must be version {version} and name {prev} as the one before"
            )));
        }
        if before.is_some_and(|b| b.roster.at > roster.at) {
            return Err(Error::Invalid(
                "the roster is older than the one before".into(),
            ));
        }
        let hash = Roster::hash_of(&self.roster);
        let signers = before.map_or(&roster, |b| &b.roster);
        let message = Roster::to_be_signed(hash);
        both_groups_signed(signers, &message, &self.signatures, "the roster")?;
        Ok(VerifiedRoster {
            roster,
            hash,
            signed: self,
        })
    }
}

/// Every signature is a custodian's of `signers` under these bytes, and both groups have one.
pub(crate) fn both_groups_signed(
    signers: &Roster,
    message: &[u8],
    signatures: &[RosterSignature],
    what: &str,
) -> Result<(), Error> {
    let mut groups = BTreeSet::new();
    for s in signatures {
        let member = signers
            .member(&s.person)
            .filter(|m| m.roles.contains(&Role::Custodian))
            .ok_or_else(|| Error::Forbidden(format!("{} is no custodian", s.person)))?;
        let signature: [u8; 64] = base64_n(&s.signature, "a roster signature")?;
        UnparsedPublicKey::new(&ED25519, member.sign_public()?)
            .verify(message, &signature)
            .map_err(|_| Error::Signature(format!("{} under {what}", s.person)))?;
        groups.insert(member.body);
    }
    for body in [Body::Police, Body::Oversight] {
        if !groups.contains(&body) {
            return Err(Error::Forbidden(format!(
                "no custodian of {body:?} signed {what}"
            )));
        }
    }
    Ok(())
}

impl VerifiedRoster {
    /// The roster.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }
    /// Its hash, as logged.
    #[must_use]
    pub fn hash(&self) -> Digest {
        self.hash
    }
    /// Exact bytes and signatures, to pass on.
    #[must_use]
    pub fn signed(&self) -> &SignedRoster {
        &self.signed
    }
}
