//! The two custodian groups, their X25519 keys, and HPKE sealing of one share to one of them.
//! Never holds the two shares of a span together; that is `span_key`'s business.

use core::fmt;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, Serializable as _};
use loggia_model::{Body, CameraId, Digest, KeyId, SpanId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::signing::key_id;
use crate::{Error, Randomness, base64_text, hpke_seal};

/// Most custodians in one group. 64 + 64 shares of 89 bytes are 11 KB per span, and 3 ms of CPU.
pub const GROUP_MAX: usize = 64;

/// Length of a share sealed by HPKE: 32 bytes and the 16-byte tag.
pub const SEALED_SHARE_LEN: usize = 48;

/// The two groups. One share of each makes the span key; no set from one group does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
#[repr(u8)]
pub enum Group {
    /// Custodians of the police.
    Police = 1,
    /// Custodians of the oversight body.
    Oversight = 2,
}

impl Group {
    /// The group with this number in the format.
    #[must_use]
    pub const fn from_number(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::Police),
            2 => Some(Self::Oversight),
            _ => None,
        }
    }

    /// The group that a body's custodians form; the city has none.
    #[must_use]
    pub const fn of(body: Body) -> Option<Self> {
        match body {
            Body::Police => Some(Self::Police),
            Body::Oversight => Some(Self::Oversight),
            Body::City => None,
        }
    }
}

impl From<Group> for u8 {
    fn from(g: Group) -> Self {
        g as Self
    }
}

impl TryFrom<u8> for Group {
    type Error = &'static str;
    fn try_from(n: u8) -> Result<Self, &'static str> {
        Self::from_number(n).ok_or("group is 1 (police) or 2 (oversight)")
    }
}

/// Which span, and the commitment to its key that the recorder signed. Everything sealed to a
/// person is bound to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanRef {
    /// Camera.
    pub camera: CameraId,
    /// Span of that camera.
    pub span: SpanId,
    /// Commitment in the span-open record.
    pub commitment: Digest,
}

impl SpanRef {
    /// `label ‖ middle ‖ group ‖ camera ‖ span ‖ commitment`: HPKE's `info`.
    pub(crate) fn info(&self, label: &[u8], middle: &[u8], group: Group) -> Vec<u8> {
        let mut info = Vec::with_capacity(label.len() + middle.len() + 45);
        info.extend_from_slice(label);
        info.extend_from_slice(middle);
        info.push(group as u8);
        info.extend_from_slice(&self.camera.0.to_be_bytes());
        info.extend_from_slice(&self.span.0.to_be_bytes());
        info.extend_from_slice(&self.commitment.0);
        info
    }
}

/// An X25519 public key (RFC 7748) of a custodian or a requester's device. JSON: base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustodianPublic(#[serde(with = "base64_text")] pub [u8; 32]);

/// The public half of a requester's one-time key.
pub type OneTimePublic = CustodianPublic;

impl CustodianPublic {
    /// Name of the key in share tables and rosters.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        key_id(&self.0)
    }

    /// HPKE base mode, single shot (RFC 9180 §6.1): `(enc, ct)`.
    pub(crate) fn seal(
        &self,
        info: &[u8],
        share: &[u8; 32],
        randomness: &mut Randomness,
    ) -> Result<([u8; 32], [u8; SEALED_SHARE_LEN]), Error> {
        hpke_seal::seal(&self.0, info, share, randomness)
    }
}

impl fmt::Debug for CustodianPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustodianPublic({})", self.key_id())
    }
}

/// An X25519 private key: a custodian's, or a requester's one-time key. Wiped when dropped.
pub struct CustodianKey {
    private: <X25519HkdfSha256 as hpke::Kem>::PrivateKey,
    public: CustodianPublic,
}

/// A requester's key for one request.
pub type OneTimeKey = CustodianKey;

impl CustodianKey {
    /// A new key.
    ///
    /// # Errors
    /// [`Error::Randomness`].
    pub fn generate(randomness: &mut Randomness) -> Result<Self, Error> {
        Self::from_private(&randomness.secret()?)
    }

    /// The key with these 32 private bytes (RFC 7748 §5; clamped here).
    ///
    /// # Errors
    /// [`Error::BadKey`] if the library refuses it.
    pub fn from_private(bytes: &Zeroizing<[u8; 32]>) -> Result<Self, Error> {
        let private = <X25519HkdfSha256 as hpke::Kem>::PrivateKey::from_bytes(bytes.as_slice())
            .map_err(|_| Error::BadKey {
                part: "X25519 private key",
            })?;
        let public = CustodianPublic(X25519HkdfSha256::sk_to_pk(&private).to_bytes().into());
        Ok(Self { private, public })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> CustodianPublic {
        self.public
    }

    /// Name of the key in share tables and rosters.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.public.key_id()
    }

    /// The private bytes, for the key file alone.
    pub(crate) fn private(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.private.to_bytes().into())
    }

    /// HPKE base mode, single shot (RFC 9180 §6.1).
    pub(crate) fn open(
        &self,
        info: &[u8],
        enc: &[u8; 32],
        ct: &[u8; SEALED_SHARE_LEN],
    ) -> Result<Zeroizing<[u8; 32]>, Error> {
        let enc = <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(enc)
            .map_err(|_| Error::ShareNotOpened)?;
        let plain = hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &enc,
            info,
            ct,
            &[],
        )
        .map_err(|_| Error::ShareNotOpened)?;
        let plain = Zeroizing::new(plain);
        let mut share = Zeroizing::new([0; 32]);
        if plain.len() != share.len() {
            return Err(Error::ShareNotOpened);
        }
        share.copy_from_slice(&plain);
        Ok(share)
    }
}

impl fmt::Debug for CustodianKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustodianKey({}, private half not shown)", self.key_id())
    }
}

/// The custodians to whom coming spans are sealed, as the roster names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custodians {
    roster_version: u32,
    police: Vec<CustodianPublic>,
    oversight: Vec<CustodianPublic>,
}

impl Custodians {
    /// Both groups of roster `roster_version`.
    ///
    /// # Errors
    /// [`Error::Custodians`] when a group is empty or larger than [`GROUP_MAX`], or when a key
    /// stands twice: one person in both groups could open alone.
    pub fn new(
        roster_version: u32,
        police: Vec<CustodianPublic>,
        oversight: Vec<CustodianPublic>,
    ) -> Result<Self, Error> {
        if police.is_empty() || oversight.is_empty() {
            return Err(Error::Custodians("each group needs at least one custodian"));
        }
        if police.len() > GROUP_MAX || oversight.len() > GROUP_MAX {
            return Err(Error::Custodians("at most 64 custodians in a group"));
        }
        let mut all: Vec<_> = police.iter().chain(&oversight).map(|k| k.0).collect();
        all.sort_unstable();
        if all.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::Custodians("one key stands twice, or in both groups"));
        }
        Ok(Self {
            roster_version,
            police,
            oversight,
        })
    }

    /// Version of the roster.
    #[must_use]
    pub const fn roster_version(&self) -> u32 {
        self.roster_version
    }

    /// The keys of one group.
    #[must_use]
    pub fn group(&self, group: Group) -> &[CustodianPublic] {
        match group {
            Group::Police => &self.police,
            Group::Oversight => &self.oversight,
        }
    }

    /// How many key holders in all.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.police.len() + self.oversight.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(seed: u8) -> CustodianPublic {
        CustodianKey::from_private(&Zeroizing::new([seed; 32]))
            .unwrap()
            .public()
    }

    #[test]
    fn nobody_sits_in_both_groups() {
        assert!(Custodians::new(1, vec![public(1)], vec![public(2)]).is_ok());
        let twice = Custodians::new(1, vec![public(1)], vec![public(2), public(1)]);
        assert!(matches!(twice, Err(Error::Custodians(_))));
        assert!(Custodians::new(1, vec![], vec![public(2)]).is_err());
        assert!(Custodians::new(1, vec![public(1)], vec![]).is_err());
        let many = (0..65).map(public).collect();
        assert!(Custodians::new(1, many, vec![public(99)]).is_err());
    }

    #[test]
    fn x25519_agrees_with_rfc_7748() {
        // RFC 7748 §6.1, Alice's keys.
        let mut private = Zeroizing::new([0; 32]);
        let text = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
        hex::decode_to_slice(text, private.as_mut_slice()).unwrap();
        let public = CustodianKey::from_private(&private).unwrap().public();
        assert_eq!(
            hex::encode(public.0),
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
        );
    }

    #[test]
    fn a_share_opens_for_its_holder_span_and_group_alone() {
        let r = &mut Randomness::replayed([3; 32]);
        let key = CustodianKey::generate(r).unwrap();
        let other = CustodianKey::generate(r).unwrap();
        let span = SpanRef {
            camera: CameraId(1),
            span: SpanId(2),
            commitment: Digest([9; 32]),
        };
        let info = span.info(b"label\n", &[], Group::Police);
        let (enc, ct) = key.public().seal(&info, &[5; 32], r).unwrap();
        assert_eq!(*key.open(&info, &enc, &ct).unwrap(), [5; 32]);
        assert!(other.open(&info, &enc, &ct).is_err());
        let wrong = span.info(b"label\n", &[], Group::Oversight);
        assert!(key.open(&wrong, &enc, &ct).is_err());
        let span = SpanRef {
            commitment: Digest([8; 32]),
            ..span
        };
        let wrong = span.info(b"label\n", &[], Group::Police);
        assert!(key.open(&wrong, &enc, &ct).is_err());
    }

    #[test]
    fn a_zero_public_key_is_refused() {
        let r = &mut Randomness::replayed([3; 32]);
        assert!(CustodianPublic([0; 32]).seal(b"", &[5; 32], r).is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = CustodianKey::from_private(&Zeroizing::new([0xab; 32])).unwrap();
        assert!(format!("{key:?}").contains("not shown"));
        assert!(!format!("{key:?}").contains("abab"));
    }
}
