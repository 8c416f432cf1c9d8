//! Passkeys of approvers (WebAuthn Level 3): what the roster holds of one, and whether an
//! assertion by one signs exactly these bytes. Pure: roster, bytes and signature in, yes or why not
//! out, so that a custodian's desk checks offline what the server checked.
//! Never makes an assertion, and believes no counter, origin or key that both groups have not
//! signed.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::rows::break_glass as rows;
use crate::statement::Stated;
use crate::wire::sha256;
use crate::{Error, Policy};

/// Passkeys of one person: one that is carried, one in the safe, and one on its way in or out.
pub const PASSKEYS_MAX: usize = 4;
/// What an assertion's text begins with. A key file's signature is base64, which has no dot.
pub const ASSERTION: &str = "webauthn.v1.";
/// Longest assertion as text: the id (1,023 B by clause 4), 37 B of authenticator data, the client
/// data below and 72 B of signature, in base64.
pub const ASSERTION_CHARS_MAX: usize = 4 * 1024;
/// Longest client data: challenge and origin make about 200 B; browsers may add members.
pub const CLIENT_DATA_BYTES_MAX: usize = 1_024;
/// Longest credential id (clause 4, "Credential ID").
const ID_BYTES_MAX: usize = 1_023;
/// Longest origin: a host name has 253 characters.
const ORIGIN_CHARS_MAX: usize = 280;

/// User present, user verified, backup eligible, attested data, extensions (clause 6.1).
const UP: u8 = 0x01;
const UV: u8 = 0x04;
const BE: u8 = 0x08;
const AT: u8 = 0x40;
const ED: u8 = 0x80;
/// rpIdHash, flags, counter: all that an assertion without extensions has (clause 6.1).
const AUTHENTICATOR_DATA_LEN: usize = 37;

/// `{1: 2, 3: -7, -1: 1, -2: x, -3: y}`: ES256 as CTAP2's canonical CBOR writes it, which has one
/// form only (CTAP 2.1 section 8; RFC 9053 section 7.1.1). What differs is no key.
const ES256_HEAD: [u8; 10] = [0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20];
/// Between x and y.
const ES256_Y: [u8; 3] = [0x22, 0x58, 0x20];
/// `{1: 1, 3: -8, -1: 6, -2: x}`: EdDSA on Ed25519 (RFC 9053 section 7.2).
const EDDSA_HEAD: [u8; 10] = [0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20];

/// An approver's authenticator, as both groups have signed it into the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkey {
    /// Credential id (base64url).
    pub id: String,
    /// The city's own address as the browser knew it, e.g. `https://loggia.city.example`. The
    /// relying party's id is its host.
    pub origin: String,
    /// The public key (base64url of the COSE_Key): ES256 or EdDSA.
    pub key: String,
}

/// A public key that can sign assertions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoseKey {
    /// ECDSA on P-256 with SHA-256: the point, uncompressed.
    Es256([u8; 65]),
    /// Ed25519.
    EdDsa([u8; 32]),
}

impl CoseKey {
    /// Reads a COSE_Key in its one canonical form and checks that it is a key.
    ///
    /// # Errors
    /// [`Error::Invalid`] for any other algorithm, form or point.
    pub fn parse(cose: &[u8]) -> Result<Self, Error> {
        let bad = || {
            let why = "a passkey's key must be ES256 or EdDSA, as a COSE_Key in canonical CBOR";
            Error::Invalid(why.to_owned())
        };
        let key = if let Some(rest) = cose.strip_prefix(&ES256_HEAD) {
            let (x, rest) = rest.split_first_chunk::<32>().ok_or_else(bad)?;
            let y: &[u8; 32] = rest
                .strip_prefix(&ES256_Y)
                .and_then(|y| y.try_into().ok())
                .ok_or_else(bad)?;
            let mut point = [4; 65];
            point[1..33].copy_from_slice(x);
            point[33..].copy_from_slice(y);
            Self::Es256(point)
        } else {
            let x = cose.strip_prefix(&EDDSA_HEAD).ok_or_else(bad)?;
            Self::EdDsa(x.try_into().map_err(|_| bad())?)
        };
        key.ready().map_err(|_| bad())?;
        Ok(key)
    }

    /// The key, checked to lie on its curve.
    fn ready(&self) -> Result<ParsedPublicKey, aws_lc_rs::error::KeyRejected> {
        match self {
            Self::Es256(point) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point),
            Self::EdDsa(key) => ParsedPublicKey::new(&ED25519, key),
        }
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.ready()
            .is_ok_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

impl Passkey {
    /// The rules that every passkey of a roster keeps.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the one that is broken.
    pub fn check(&self) -> Result<(), Error> {
        let id = base64url(&self.id, "a passkey's id")?;
        if !(16..=ID_BYTES_MAX).contains(&id.len()) {
            return Err(Error::Invalid(
                "a passkey's id has 16 to 1,023 bytes".into(),
            ));
        }
        CoseKey::parse(&base64url(&self.key, "a passkey's key")?)?;
        host_of(&self.origin).map(drop)
    }

    fn cose(&self) -> Result<CoseKey, Error> {
        CoseKey::parse(&base64url(&self.key, "a passkey's key")?)
    }
}

/// The host of an origin that passkeys may have: HTTPS, or this machine by name.
fn host_of(origin: &str) -> Result<&str, Error> {
    let bad = || {
        let why = "a passkey's origin is `https://` and a host name, in small letters, without a \
                   path (`http://localhost` on one machine)";
        Error::Invalid(why.to_owned())
    };
    if origin.len() > ORIGIN_CHARS_MAX {
        return Err(bad());
    }
    let (authority, here) = match origin.strip_prefix("https://") {
        Some(rest) => (rest, false),
        None => (origin.strip_prefix("http://").ok_or_else(bad)?, true),
    };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "1"));
    let number = port
        .parse::<u16>()
        .is_ok_and(|n| n > 0 && n.to_string() == port);
    let label = |l: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=63).contains(&l.len()) && l.bytes().all(plain)
    };
    // An address in numbers is no domain, and so no relying party (clause 5.1.3, step 8).
    let last = host.rsplit('.').next().unwrap_or_default();
    let named = last.bytes().any(|b| b.is_ascii_lowercase());
    if !number || !named || !host.split('.').all(label) || (here && host != "localhost") {
        return Err(bad());
    }
    Ok(host)
}

/// Which passkey signed, and its counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Credential id (base64url).
    pub credential: String,
    /// Signature counter; 0 where the authenticator has none (clause 6.1.1).
    pub count: u32,
}

/// What a browser says it was asked (clause 5.8.1). Other members may follow (step 7.2.8 note).
#[derive(Deserialize)]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
    #[serde(default, rename = "topOrigin")]
    top_origin: Option<String>,
}

/// Whether a signature's text is an assertion rather than a key file's.
#[must_use]
pub fn is_assertion(signature: &str) -> bool {
    signature.starts_with(ASSERTION)
}

/// Checks an assertion over `signed`, whose SHA-256 must be the challenge, by one of `passkeys`
/// (WebAuthn Level 3 clause 7.2). The text is [`ASSERTION`], then credential id, authenticator
/// data, client data and signature, each in base64url, with dots between.
///
/// # Errors
/// [`Error::Invalid`] when it does not read; [`Error::Signature`] and [`Error::Forbidden`] say what
/// does not hold.
pub fn asserted(passkeys: &[Passkey], signed: &[u8], assertion: &str) -> Result<Touched, Error> {
    let form = || Error::Invalid("the assertion of the passkey does not read".to_owned());
    if assertion.len() > ASSERTION_CHARS_MAX {
        return Err(form());
    }
    let parts = assertion.strip_prefix(ASSERTION).ok_or_else(form)?;
    let [id, data, client, signature] = parts
        .split('.')
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| form())?;
    // Steps 5 and 6: the credential is one that the roster names for this person.
    let passkey = passkeys.iter().find(|p| p.id == id).ok_or_else(|| {
        Error::Forbidden("the roster does not name this passkey for this person".to_owned())
    })?;
    let data: [u8; AUTHENTICATOR_DATA_LEN] = base64url(data, "the authenticator's data")?
        .try_into()
        .map_err(|_| form())?;
    let client = base64url(client, "the client's data")?;
    let signature = base64url(signature, "the passkey's signature")?;
    asked_this(&client, passkey, signed)?;
    let count = by_its_holder(&data, passkey)?;
    // Steps 19 and 20: over the authenticator's data and the hash of the client's.
    let message = [&data[..], &sha256(&[&client]).0].concat();
    if !passkey.cose()?.verifies(&message, &signature) {
        return Err(Error::Signature("the passkey".into()));
    }
    let credential = id.to_owned();
    Ok(Touched { credential, count })
}

/// Steps 9 to 14: the browser was asked to sign this very statement, on a page of the city itself.
fn asked_this(client: &[u8], passkey: &Passkey, signed: &[u8]) -> Result<(), Error> {
    let no = |why: &str| Err(Error::Forbidden(format!("the passkey's assertion {why}")));
    if client.len() > CLIENT_DATA_BYTES_MAX {
        return no("has client data that is too long");
    }
    let said: ClientData = serde_json::from_slice(client)
        .map_err(|e| Error::Invalid(format!("the client's data does not read: {e}")))?;
    if said.r#type != "webauthn.get" {
        return no("is no assertion");
    }
    if said.challenge != challenge(signed) {
        return no("was made for something else than these words");
    }
    if said.origin != passkey.origin || said.cross_origin || said.top_origin.is_some() {
        return no("was made on a page that is not the city's own");
    }
    Ok(())
}

/// Steps 15 to 18: the authenticator was asked for this city, and its holder was there and
/// verified.
fn by_its_holder(data: &[u8; AUTHENTICATOR_DATA_LEN], passkey: &Passkey) -> Result<u32, Error> {
    let no = |why: &str| Err(Error::Forbidden(format!("the passkey's assertion {why}")));
    let (rp, rest) = data.split_at(32);
    let [flags, count @ ..] = rest else {
        return no("is cut off");
    };
    if rp != sha256(&[host_of(&passkey.origin)?.as_bytes()]).0 {
        return no("was made for another address than the city's");
    }
    if flags & UP == 0 || flags & UV == 0 {
        return no("was made without verifying its holder (PIN or finger)");
    }
    if flags & BE != 0 {
        // A key that a vendor's cloud may copy is not in its holder's hand alone.
        return no("is by a passkey that can be copied to a cloud; use one bound to its device");
    }
    if flags & (AT | ED) != 0 {
        return no("holds more than an assertion should");
    }
    let count: [u8; 4] = count
        .try_into()
        .map_err(|_| Error::Invalid("the authenticator's data does not read".to_owned()))?;
    Ok(u32::from_be_bytes(count))
}

impl Policy {
    /// Refuses an authenticator whose counter does not go on from where it stood: somebody may have
    /// a copy of it (clause 7.2, step 21). One that has no counter says 0 each time.
    pub(crate) fn not_copied(&self, stated: &Stated) -> Result<(), Error> {
        let Some(touched) = &stated.touched else {
            return Ok(());
        };
        let last = self.read(|c| Ok(rows::count(c, &touched.credential)?))?;
        let last = last.unwrap_or(0);
        if (last, touched.count) != (0, 0) && touched.count <= last {
            tracing::error!(by = %stated.statement.by, "a passkey's counter went back");
            return Err(Error::Forbidden(
                "this passkey's counter went back, so it may have been copied: use the key file at \
                 the desk, and have the passkey taken out of the roster"
                    .into(),
            ));
        }
        Ok(())
    }
}

/// What an authenticator is asked to sign for these bytes.
#[must_use]
pub fn challenge(signed: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(sha256(&[signed]).0)
}

fn base64url(text: &str, field: &str) -> Result<Vec<u8>, Error> {
    if text.len() > ASSERTION_CHARS_MAX {
        return Err(Error::Invalid(format!("{field} is too long")));
    }
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Error::Invalid(format!("{field} is not base64url")))
}
