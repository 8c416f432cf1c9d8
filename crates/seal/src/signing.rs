//! Ed25519: people's signing keys and the recorder's, and their public halves.
//! Never writes a private key anywhere; Debug shows the key's id alone.

use core::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, Ed25519KeyPair, KeyPair as _};
use loggia_model::KeyId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Error, Randomness, base64_text};

/// Length of an Ed25519 signature, bytes (RFC 8032).
pub const SIGNATURE_LEN: usize = 64;

/// First 8 bytes of the SHA-256 of a public key's 32 bytes.
pub(crate) fn key_id(public: &[u8; 32]) -> KeyId {
    let hash = digest::digest(&digest::SHA256, public);
    let mut id = [0; 8];
    id.copy_from_slice(&hash.as_ref()[..8]);
    KeyId(id)
}

/// An Ed25519 public key (RFC 8032). JSON carries it in base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SigningPublic(#[serde(with = "base64_text")] pub [u8; 32]);

/// The public half of a recorder's key.
pub type RecorderPublic = SigningPublic;

impl SigningPublic {
    /// Name of the key in records and rosters.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        key_id(&self.0)
    }

    /// Whether `signature` over `message` is this key's.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
        signature::UnparsedPublicKey::new(&signature::ED25519, &self.0)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for SigningPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningPublic({})", self.key_id())
    }
}

/// A person's Ed25519 key: signs approvals, refusals, releases and rosters.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    seed: Zeroizing<[u8; 32]>,
    public: SigningPublic,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// [`Error::Randomness`].
    pub fn generate(randomness: &mut Randomness) -> Result<Self, Error> {
        Self::from_seed(randomness.secret()?)
    }

    /// The key of this 32-byte seed (RFC 8032's private key).
    ///
    /// # Errors
    /// [`Error::BadKey`] if the library refuses it.
    pub fn from_seed(seed: Zeroizing<[u8; 32]>) -> Result<Self, Error> {
        let bad = |_| Error::BadKey {
            part: "Ed25519 private key",
        };
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(bad)?;
        let public = public_of(&pair)?;
        Ok(Self { pair, seed, public })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> SigningPublic {
        self.public
    }

    /// Signature over `message`, which begins with its own domain line.
    ///
    /// # Errors
    /// [`Error::Library`].
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], Error> {
        sign(&self.pair, message)
    }

    /// The seed, for the key file alone.
    pub(crate) const fn seed(&self) -> &Zeroizing<[u8; 32]> {
        &self.seed
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SigningKey({}, private half not shown)",
            self.public.key_id()
        )
    }
}

/// The recorder's Ed25519 key: signs every record of every chain of this machine.
pub struct RecorderKey {
    pair: Ed25519KeyPair,
    public: RecorderPublic,
    id: KeyId,
}

impl RecorderKey {
    /// A new key, and its PKCS#8 v1 bytes (RFC 5958) to keep in the machine's secrets.
    ///
    /// # Errors
    /// [`Error::Randomness`], [`Error::BadKey`].
    pub fn generate(randomness: &mut Randomness) -> Result<(Self, Zeroizing<Vec<u8>>), Error> {
        let seed = randomness.secret()?;
        let bad = Error::BadKey {
            part: "recorder key",
        };
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| bad.clone())?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| bad)?;
        let bytes = Zeroizing::new(pkcs8.as_ref().to_vec());
        Ok((Self::from_pair(pair)?, bytes))
    }

    /// The key in these PKCS#8 bytes.
    ///
    /// # Errors
    /// [`Error::BadKey`].
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, Error> {
        let pair =
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).map_err(|_| Error::BadKey {
                part: "recorder key",
            })?;
        Self::from_pair(pair)
    }

    fn from_pair(pair: Ed25519KeyPair) -> Result<Self, Error> {
        let public = public_of(&pair)?;
        Ok(Self {
            pair,
            public,
            id: public.key_id(),
        })
    }

    /// The public half, which stands in the roster.
    #[must_use]
    pub const fn public(&self) -> RecorderPublic {
        self.public
    }

    /// Name of the key in every record header.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.id
    }

    /// Signature over `message`, which begins with its own domain line.
    ///
    /// # Errors
    /// [`Error::Library`].
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], Error> {
        sign(&self.pair, message)
    }
}

impl fmt::Debug for RecorderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecorderKey({}, private half not shown)", self.id)
    }
}

fn public_of(pair: &Ed25519KeyPair) -> Result<SigningPublic, Error> {
    <[u8; 32]>::try_from(pair.public_key().as_ref())
        .map(SigningPublic)
        .map_err(|_| Error::BadKey {
            part: "Ed25519 public key",
        })
}

fn sign(pair: &Ed25519KeyPair, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], Error> {
    let signature = pair
        .try_sign(message)
        .map_err(|_| Error::Library("Ed25519 signing"))?;
    <[u8; SIGNATURE_LEN]>::try_from(signature.as_ref())
        .map_err(|_| Error::Library("Ed25519 signature length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorder_key_comes_back_from_pkcs8() {
        let (key, pkcs8) = RecorderKey::generate(&mut Randomness::machine()).unwrap();
        let again = RecorderKey::from_pkcs8(&pkcs8).unwrap();
        assert_eq!(again.public(), key.public());
        let signature = again.sign(b"loggia/test\nhello").unwrap();
        assert!(key.public().verifies(b"loggia/test\nhello", &signature));
        assert!(!key.public().verifies(b"loggia/test\nhellp", &signature));
        assert!(RecorderKey::from_pkcs8(&pkcs8[1..]).is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let seed = [0xabu8; 32];
        let key = SigningKey::from_seed(Zeroizing::new(seed)).unwrap();
        let shown = format!("{key:?}");
        assert!(shown.contains("not shown"));
        assert!(!shown.contains("abab") && !shown.contains("171, 171"));
    }

    #[test]
    fn public_keys_travel_in_base64() {
        let public = SigningPublic([1; 32]);
        let json = serde_json::to_string(&public).unwrap();
        assert_eq!(json, "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"");
        assert_eq!(
            serde_json::from_str::<SigningPublic>(&json).unwrap(),
            public
        );
        assert!(serde_json::from_str::<SigningPublic>("\"AQE=\"").is_err());
    }
}
