//! Cosignatures (C2SP tlog-cosignature, revision 01194db of 2026): a witness's signed word, with
//! the time, that a log's checkpoint continues everything it saw of that log before. Pure. Never
//! signs a checkpoint whose log signature was not checked: it takes a [`SignedCheckpoint`].

use core::fmt;
use core::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{
    ED25519, Ed25519KeyPair, KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, PqdsaKeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::At;
use zeroize::Zeroizing;

use crate::Error;
use crate::checkpoint::SignedCheckpoint;
use crate::key::is_name;
use crate::note::NoteSignature;

/// Bytes of the time in front of each signature.
const TIME_BYTES: usize = 8;
/// First field of the ML-DSA-44 message (tlog-cosignature, "ML-DSA-44 signed message").
const SUBTREE_LABEL: &[u8; 12] = b"subtree/v1\n\0";

/// How a cosigner signs. ML-DSA-44 (FIPS 204) holds against quantum computers, but is young code:
/// a policy counts it beside Ed25519, not in its place (docs/design/witness.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CosignerKind {
    /// `cosignature/v1`: Ed25519 over the whole checkpoint text and the time.
    Ed25519,
    /// `subtree/v1`: ML-DSA-44 over the cosigner's name, the time, origin, size and root.
    MlDsa44,
}

impl CosignerKind {
    /// The signature type in key ids and vkeys (C2SP signed-note, "Signature types").
    #[must_use]
    pub fn type_byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x04,
            Self::MlDsa44 => 0x06,
        }
    }

    fn of_type_byte(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::MlDsa44]
            .into_iter()
            .find(|k| k.type_byte() == byte)
    }

    fn public_bytes(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::MlDsa44 => 1_312,
        }
    }

    fn signature_bytes(self) -> usize {
        match self {
            Self::Ed25519 => 64,
            Self::MlDsa44 => 2_420,
        }
    }
}

impl fmt::Display for CosignerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "Ed25519",
            Self::MlDsa44 => "ML-DSA-44",
        })
    }
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    MlDsa44(Box<PqdsaKeyPair>),
}

/// A witness's private key under the name it signs with.
pub struct CosignerKey {
    pair: Pair,
    public: CosignerPublic,
}

impl fmt::Debug for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosignerKey({}, private)", self.public.name)
    }
}

impl CosignerKey {
    /// Makes a new key and its PKCS#8 form, for the caller to keep.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the name cannot stand in a signed note, [`Error::Stopped`] if the
    /// system gives no randomness.
    pub fn generate(kind: CosignerKind, name: &str) -> Result<(Self, Zeroizing<Vec<u8>>), Error> {
        let broken = |_| Error::Stopped("the system cannot make a key".to_owned());
        let der = match kind {
            CosignerKind::Ed25519 => {
                let pair = Ed25519KeyPair::generate().map_err(broken)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(broken)?;
                Zeroizing::new(der.as_ref().to_vec())
            }
            CosignerKind::MlDsa44 => {
                let pair = PqdsaKeyPair::generate(&ML_DSA_44_SIGNING).map_err(broken)?;
                let der = pair.to_pkcs8v1().map_err(broken)?;
                Zeroizing::new(der.as_ref().to_vec())
            }
        };
        Ok((Self::from_pkcs8(kind, name, &der)?, der))
    }

    /// Reads a key kept as PKCS#8.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_pkcs8(kind: CosignerKind, name: &str, der: &[u8]) -> Result<Self, Error> {
        let bad = |_| Error::malformed("witness key", format!("not an {kind} key in PKCS#8"));
        let (pair, public) = match kind {
            CosignerKind::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(bad)?;
                let public = pair.public_key().as_ref().to_vec();
                (Pair::Ed25519(pair), public)
            }
            CosignerKind::MlDsa44 => {
                let pair = PqdsaKeyPair::from_pkcs8(&ML_DSA_44_SIGNING, der).map_err(bad)?;
                let public = pair.public_key().as_ref().to_vec();
                (Pair::MlDsa44(Box::new(pair)), public)
            }
        };
        let public = CosignerPublic::new(kind, name, public)?;
        Ok(Self { pair, public })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &CosignerPublic {
        &self.public
    }

    /// Cosigns a checkpoint as of `time` (whole seconds count).
    ///
    /// # Errors
    /// [`Error::Malformed`] if the time is not after 1970-01-01T00:00:00Z: a zero time would say
    /// nothing about the tree being the largest seen. [`Error::Stopped`] if signing fails.
    pub fn cosign(&self, checkpoint: &SignedCheckpoint, time: At) -> Result<NoteSignature, Error> {
        let secs = u64::try_from(time.secs()).ok().filter(|s| *s > 0);
        let secs =
            secs.ok_or_else(|| Error::malformed("cosignature", "its time is not after 1970"))?;
        let message = self.public.message(checkpoint, secs)?;
        let mut signature = secs.to_be_bytes().to_vec();
        match &self.pair {
            Pair::Ed25519(pair) => signature.extend_from_slice(pair.sign(&message).as_ref()),
            Pair::MlDsa44(pair) => {
                signature.resize(TIME_BYTES + self.public.kind.signature_bytes(), 0);
                pair.sign(&message, &mut signature[TIME_BYTES..])
                    .map_err(|_| Error::Stopped("ML-DSA-44 signing failed".to_owned()))?;
            }
        }
        Ok(NoteSignature {
            name: self.public.name.clone(),
            id: self.public.id,
            signature,
        })
    }
}

/// A witness's name and public key. Displays as `name+hash+base64` (a vkey).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignerPublic {
    kind: CosignerKind,
    name: String,
    id: [u8; 4],
    public: Vec<u8>,
}

impl CosignerPublic {
    /// A public key from its parts.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the name cannot stand in a signed note or the key's length is wrong.
    pub fn new(kind: CosignerKind, name: &str, public: Vec<u8>) -> Result<Self, Error> {
        if !is_name(name) {
            return Err(Error::malformed(
                "witness name",
                "must be 1 to 255 bytes without white space and `+`, such as witness.example/w1",
            ));
        }
        if public.len() != kind.public_bytes() {
            let why = format!("an {kind} key has {} bytes", kind.public_bytes());
            return Err(Error::malformed("witness key", why));
        }
        // C2SP tlog-cosignature: SHA-256(name ‖ LF ‖ type ‖ key), first four bytes.
        let mut ctx = Context::new(&SHA256);
        ctx.update(name.as_bytes());
        ctx.update(&[b'\n', kind.type_byte()]);
        ctx.update(&public);
        let hash = crate::tree::finish(ctx).0;
        Ok(Self {
            kind,
            name: name.to_owned(),
            id: [hash[0], hash[1], hash[2], hash[3]],
            public,
        })
    }

    /// How this key signs.
    #[must_use]
    pub fn kind(&self) -> CosignerKind {
        self.kind
    }

    /// The name in signature lines.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The short id in signature lines.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The raw public key.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Whether a signature line claims to be this key's.
    #[must_use]
    pub fn claims(&self, line: &NoteSignature) -> bool {
        line.name == self.name && line.id == self.id
    }

    /// Checks a cosignature line on a checkpoint; gives the time it was made.
    ///
    /// # Errors
    /// [`Error::BadSignature`] if the line is another key's, torn, without a time or wrong.
    pub fn verify(&self, checkpoint: &SignedCheckpoint, line: &NoteSignature) -> Result<At, Error> {
        let refused = |why| Error::BadSignature {
            name: self.name.clone(),
            why,
        };
        if !self.claims(line) {
            return Err(refused("the signature line is another key's"));
        }
        let Some((time, signature)) = line.signature.split_first_chunk::<TIME_BYTES>() else {
            return Err(refused("the cosignature is shorter than its time"));
        };
        let secs = u64::from_be_bytes(*time);
        // A zero time makes no statement about the largest tree seen; above 2^63 - 1 is forbidden.
        let within = |s: &i64| *s > 0;
        let Some(signed_secs) = i64::try_from(secs).ok().filter(within) else {
            return Err(refused("the cosignature has no valid time"));
        };
        let message = self.message(checkpoint, secs)?;
        let right = signature.len() == self.kind.signature_bytes()
            && match self.kind {
                CosignerKind::Ed25519 => UnparsedPublicKey::new(&ED25519, &self.public)
                    .verify(&message, signature)
                    .is_ok(),
                CosignerKind::MlDsa44 => UnparsedPublicKey::new(&ML_DSA_44, &self.public)
                    .verify(&message, signature)
                    .is_ok(),
            };
        if right {
            Ok(At(signed_secs.saturating_mul(1_000_000)))
        } else {
            Err(refused("the cosignature does not fit the checkpoint"))
        }
    }

    /// What is signed.
    fn message(&self, signed: &SignedCheckpoint, secs: u64) -> Result<Vec<u8>, Error> {
        match self.kind {
            CosignerKind::Ed25519 => {
                Ok(format!("cosignature/v1\ntime {secs}\n{}", signed.text()).into_bytes())
            }
            CosignerKind::MlDsa44 => {
                let checkpoint = signed.checkpoint();
                let mut out = SUBTREE_LABEL.to_vec();
                for (at, text) in [&self.name, &checkpoint.origin].into_iter().enumerate() {
                    let len = u8::try_from(text.len()).map_err(|_| {
                        Error::malformed("cosignature", "the log's origin is longer than 255 bytes")
                    })?;
                    out.push(len);
                    out.extend_from_slice(text.as_bytes());
                    if at == 0 {
                        out.extend_from_slice(&secs.to_be_bytes());
                    }
                }
                // A checkpoint is the subtree from leaf 0 to its size.
                out.extend_from_slice(&0u64.to_be_bytes());
                out.extend_from_slice(&checkpoint.size.to_be_bytes());
                out.extend_from_slice(&checkpoint.root.0);
                Ok(out)
            }
        }
    }
}

impl fmt::Display for CosignerPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.kind.type_byte()];
        key.extend_from_slice(&self.public);
        let (id, key) = (hex::encode(self.id), STANDARD.encode(key));
        write!(f, "{}+{id}+{key}", self.name)
    }
}

impl FromStr for CosignerPublic {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let bad = |why: &str| Error::malformed("witness key", why);
        let mut parts = s.trim_end_matches('\n').splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad("not of the form name+hash+base64"));
        };
        let key = STANDARD
            .decode(key)
            .map_err(|_| bad("its key is not base64"))?;
        let (kind, public) = match key.split_first() {
            Some((&byte, public)) => (CosignerKind::of_type_byte(byte), public),
            None => (None, &[][..]),
        };
        let kind = kind.ok_or_else(|| {
            bad("neither an Ed25519 (type 4) nor an ML-DSA-44 (type 6) cosignature key")
        })?;
        let read = Self::new(kind, name, public.to_vec())?;
        if hex::encode(read.id) != id {
            return Err(bad("its hash does not belong to its name and key"));
        }
        Ok(read)
    }
}
