//! The log's Ed25519 key and its public half as a signed-note verifier key (C2SP signed-note).
//! Never shows the private half: it has no Debug output and is not written here.

use core::fmt;
use core::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Error;

/// Signature type of Ed25519 in signed notes.
const ED25519_ALGORITHM: u8 = 1;
/// Longest key name that is accepted.
pub(crate) const NAME_BYTES_MAX: usize = 255;

/// The key that signs checkpoints.
pub struct LogKey(Ed25519KeyPair);

impl LogKey {
    /// Makes a new key and its PKCS#8 form, for the caller to keep in `data/secrets/`.
    ///
    /// # Errors
    /// [`Error::Stopped`] if the system gives no randomness.
    pub fn generate() -> Result<(Self, Vec<u8>), Error> {
        let broken = |_| Error::Stopped("the system cannot make a key".to_owned());
        let pair = Ed25519KeyPair::generate().map_err(broken)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(broken)?;
        let bytes = der.as_ref().to_vec();
        Ok((Self(pair), bytes))
    }

    /// Reads a key kept as PKCS#8.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .map(Self)
            .map_err(|_| Error::malformed("log key", "not an Ed25519 key in PKCS#8"))
    }

    /// The public half under this log's name.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the name cannot stand in a signed note.
    pub fn verifier(&self, name: &str) -> Result<Verifier, Error> {
        let mut public = [0; 32];
        public.copy_from_slice(self.0.public_key().as_ref());
        Verifier::new(name, public)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogKey(private)")
    }
}

/// A name and a public key that checks signed notes. Displays as `name+hash+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: [u8; 4],
    public: [u8; 32],
}

/// Whether a key name or origin may stand in a note: no white space, no plus, not empty.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

impl Verifier {
    /// A verifier from its parts.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the name cannot stand in a signed note.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, Error> {
        if !is_name(name) {
            return Err(Error::malformed(
                "log origin",
                "must be 1 to 255 bytes without white space and `+`, such as city.example/log",
            ));
        }
        // C2SP signed-note: SHA-256(name ‖ LF ‖ type ‖ key), first four bytes.
        let mut ctx = Context::new(&SHA256);
        ctx.update(name.as_bytes());
        ctx.update(&[b'\n', ED25519_ALGORITHM]);
        ctx.update(&public);
        let hash = crate::tree::finish(ctx).0;
        Ok(Self {
            name: name.to_owned(),
            id: [hash[0], hash[1], hash[2], hash[3]],
            public,
        })
    }

    /// The key's name, which is the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's short id in signature lines.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The raw Ed25519 public key.
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519_ALGORITHM];
        key.extend_from_slice(&self.public);
        write!(
            f,
            "{}+{}+{}",
            self.name,
            hex::encode(self.id),
            STANDARD.encode(key)
        )
    }
}

impl FromStr for Verifier {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let bad = |why: &str| Error::malformed("log key", why);
        let mut parts = s.trim_end_matches('\n').splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad("not of the form name+hash+base64"));
        };
        let key = STANDARD
            .decode(key)
            .map_err(|_| bad("its key is not base64"))?;
        let public = match key.split_first() {
            Some((&ED25519_ALGORITHM, public)) => public,
            _ => return Err(bad("not an Ed25519 key (type 1)")),
        };
        let public = public
            .try_into()
            .map_err(|_| bad("its key has not 32 bytes"))?;
        let verifier = Self::new(name, public)?;
        if hex::encode(verifier.id) != id {
            return Err(bad("its hash does not belong to its name and key"));
        }
        Ok(verifier)
    }
}
