//! Which roster is in force: chain checked at start, changes logged before they take effect.
//! Never takes a roster that both groups of the one before have not signed.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use loggia_model::{Body, Digest, PersonId, Role};
use loggia_seal::{CustodianPublic, Custodians};
use loggia_transparency::{Event, Loggable, RosterChanged};

use crate::roster::{SignedRoster, VerifiedRoster};
use crate::rows::desk;
use crate::rows::people::{self as rows, RosterRow};
use crate::statement::{Act, SignedStatement};
use crate::wire::sha256;
use crate::{Error, Policy};

/// How far a roster's time may lie ahead of this machine's.
const AHEAD: core::time::Duration = core::time::Duration::from_secs(300);

struct Change {
    roster: Digest,
    version: u32,
}

impl Loggable for Change {
    fn event(&self) -> Event {
        Event::RosterChanged(RosterChanged {
            roster: self.roster,
            version: self.version,
        })
    }
}

impl Policy {
    /// Checks every kept version from the first and takes the last.
    pub(crate) fn load_rosters(&self) -> Result<(), Error> {
        let mut last: Option<VerifiedRoster> = None;
        for row in self.read(|c| Ok(rows::rosters(c)?))? {
            let signatures = serde_json::from_str(&row.signatures)
                .map_err(|e| Error::Damaged(format!("roster {}: {e}", row.version)))?;
            let signed = SignedRoster {
                roster: row.roster,
                signatures,
            };
            last = Some(signed.verify(last.as_ref())?);
        }
        *self.roster.write().unwrap_or_else(PoisonError::into_inner) = last.map(Arc::new);
        Ok(())
    }

    /// The roster in force; none before the first one was taken.
    #[must_use]
    pub fn roster_now(&self) -> Option<Arc<VerifiedRoster>> {
        self.roster
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The roster in force.
    ///
    /// # Errors
    /// [`Error::Conflict`] before the first one was taken.
    pub fn roster(&self) -> Result<Arc<VerifiedRoster>, Error> {
        self.roster_now()
            .ok_or_else(|| Error::Conflict("there is no roster yet".into()))
    }

    /// Takes the next roster: checks it against the one in force, logs it, keeps it, then uses it.
    ///
    /// # Errors
    /// As [`SignedRoster::verify`].
    pub fn change_roster(&self, signed: SignedRoster) -> Result<Arc<VerifiedRoster>, Error> {
        let _step = self.one_step();
        let before = self.roster_now();
        let next = signed.verify(before.as_deref())?;
        if next.roster().at > self.clock.now().after(AHEAD) {
            return Err(Error::Invalid("the roster is dated in the future".into()));
        }
        custodians_of(&next)?;
        let change = Change {
            roster: next.hash(),
            version: next.roster().version,
        };
        let logged = self.tell(change)?;
        self.witnesses.need(logged.index());
        let signatures = serde_json::to_string(&next.signed().signatures)
            .map_err(|e| Error::Invalid(e.to_string()))?;
        let row = RosterRow {
            version: logged.get().version,
            roster: next.signed().roster.clone(),
            signatures,
        };
        self.write(|c| Ok(rows::put_roster(c, &row, logged.index())?))?;
        let next = Arc::new(next);
        *self.roster.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&next));
        Ok(next)
    }

    /// Every version with its signatures, first to last, for whoever wants to check the chain.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn roster_chain(&self) -> Result<Vec<SignedRoster>, Error> {
        let bad = |e: serde_json::Error| Error::Damaged(format!("roster signatures: {e}"));
        self.read(|c| Ok(rows::rosters(c)?))?
            .into_iter()
            .map(|r| {
                let signatures = serde_json::from_str(&r.signatures).map_err(bad)?;
                Ok(SignedRoster {
                    roster: r.roster,
                    signatures,
                })
            })
            .collect()
    }

    /// The log's entry of each version, first to last: a desk looks whether the log holds it.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn roster_entries(&self) -> Result<Vec<u64>, Error> {
        self.read(|c| Ok(rows::roster_entries(c)?))
    }

    /// The custodians to whom the recorder seals the next spans.
    ///
    /// # Errors
    /// [`Error::Conflict`] before the first roster.
    pub fn custodians(&self) -> Result<Custodians, Error> {
        custodians_of(self.roster()?.as_ref())
    }
}

fn custodians_of(roster: &VerifiedRoster) -> Result<Custodians, Error> {
    let keys = |body| {
        roster
            .roster()
            .custodians_of(body)
            .map(|m| Ok(CustodianPublic(m.hpke_public()?)))
            .collect::<Result<Vec<_>, Error>>()
    };
    let version = roster.roster().version;
    Ok(Custodians::new(
        version,
        keys(Body::Police)?,
        keys(Body::Oversight)?,
    )?)
}

/// Before a person's name in the hash that reset statements name.
pub const CREDENTIAL_CONTEXT: &[u8] = b"loggia/credential/v1\n";

impl Policy {
    /// What statements about setting a person's password anew name.
    #[must_use]
    pub fn credential_subject(person: &PersonId) -> Digest {
        sha256(&[CREDENTIAL_CONTEXT, person.0.as_bytes()])
    }

    /// Sets a password anew: takes a fresh statement of one custodian of each group, so that no
    /// administrator and no single group can take over an account.
    ///
    /// # Errors
    /// [`Error::Signature`], [`Error::Forbidden`] when a group is missing, [`Error::NotFound`].
    pub fn reset_credential(
        &self,
        person: &PersonId,
        password: &str,
        statements: &[SignedStatement],
    ) -> Result<(), Error> {
        let _step = self.one_step();
        if self.roster_actor(person).is_none() {
            return Err(Error::NotFound("person"));
        }
        let subject = Self::credential_subject(person);
        let mut said = Vec::new();
        for signed in statements.iter().take(2) {
            let by = signed.claims_by()?;
            let actor = self.actor_enabled(&by)?.ok_or(Error::Unauthenticated)?;
            if !actor.has(Role::Custodian) || actor.person == *person {
                return Err(Error::Forbidden(format!("{by} cannot agree to this reset")));
            }
            said.push((
                self.stated(&actor, subject, signed, &[Act::ResetCredential])?,
                actor.body,
            ));
        }
        let bodies: BTreeSet<Body> = said.iter().map(|(_, body)| *body).collect();
        if !(bodies.contains(&Body::Police) && bodies.contains(&Body::Oversight)) {
            return Err(Error::Forbidden(
                "a custodian of each group must agree".into(),
            ));
        }
        self.write(|c| {
            said.iter()
                .try_for_each(|(stated, body)| desk::put_statement(c, stated, *body))
        })?;
        self.replace_password(person, password)
    }
}
