//! From two shares to the span key: drawing, sealing to custodians, opening, releasing to a
//! one-time key, combining, and opening pieces.
//! Never makes a span key out of shares that do not meet the recorder's commitment.

use core::fmt;

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf;
use loggia_model::{CameraId, Digest, RequestId, SpanId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::custody::SEALED_SHARE_LEN;
use crate::header::HEADER_LEN;
use crate::shares::{NONCE_LEN, TAG_LEN, aes_256_gcm};
use crate::{
    CustodianKey, CustodianPublic, Custodians, Error, Group, Kind, OneTimeKey, OneTimePublic,
    Randomness, Sealed, SealedShare, ShareTable, SpanRef, base64_text,
};

/// HKDF's salt: names format and version.
const SALT: &[u8] = b"loggia/seal/v1";
/// Domain line of HKDF's info.
const KEY_LABEL: &[u8] = b"span key\n";
/// Domain line of HPKE's info for a custodian's share.
const SHARE_LABEL: &[u8] = b"loggia/seal/v1 share\n";
/// Domain line of HPKE's info for a released share.
const RELEASE_LABEL: &[u8] = b"loggia/seal/v1 release\n";

/// One group's share of one span key, in the clear. Wiped when dropped.
pub struct Share {
    group: Group,
    secret: Zeroizing<[u8; 32]>,
}

impl Share {
    /// Whose group's it is.
    #[must_use]
    pub const fn group(&self) -> Group {
        self.group
    }

    /// A share that is no secret any more: it stands in an export bundle, for whoever checks it.
    #[must_use]
    pub const fn disclosed(group: Group, secret: Zeroizing<[u8; 32]>) -> Self {
        Self { group, secret }
    }

    /// Opens one entry of a share table with its custodian's key.
    ///
    /// # Errors
    /// [`Error::ShareNotOpened`].
    pub fn open(key: &CustodianKey, sealed: &SealedShare, span: &SpanRef) -> Result<Self, Error> {
        let info = span.info(SHARE_LABEL, &[], sealed.group);
        let secret = key.open(&info, &sealed.enc, &sealed.ct)?;
        Ok(Self {
            group: sealed.group,
            secret,
        })
    }

    /// Seals the share to the requester's one-time key, bound to the request.
    ///
    /// # Errors
    /// [`Error::BadKey`] for an unusable one-time key, [`Error::Randomness`].
    pub fn release(
        &self,
        span: &SpanRef,
        request: &RequestId,
        to: &OneTimePublic,
        randomness: &mut Randomness,
    ) -> Result<ReleasedShare, Error> {
        let info = span.info(RELEASE_LABEL, &request.0, self.group);
        let (enc, ct) = to.seal(&info, &self.secret, randomness)?;
        Ok(ReleasedShare {
            camera: span.camera,
            span: span.span,
            group: self.group,
            enc,
            ct,
        })
    }

    /// Seals the share to a custodian of its group, as the recorder does: what a custodian hands on
    /// to somebody who came into the roster later. To whom is the caller's to know, from a roster
    /// that both groups signed.
    ///
    /// # Errors
    /// [`Error::BadKey`] for an unusable key, [`Error::Randomness`].
    pub fn seal_to(
        &self,
        span: &SpanRef,
        to: &CustodianPublic,
        randomness: &mut Randomness,
    ) -> Result<SealedShare, Error> {
        let info = span.info(SHARE_LABEL, &[], self.group);
        let (enc, ct) = to.seal(&info, &self.secret, randomness)?;
        Ok(SealedShare {
            group: self.group,
            custodian: to.key_id(),
            enc,
            ct,
        })
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({:?}, secret not shown)", self.group)
    }
}

/// A share on its way from a custodian to the requester's one-time key. JSON as in the format page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasedShare {
    /// Camera.
    pub camera: CameraId,
    /// Span.
    pub span: SpanId,
    /// Whose group's share.
    pub group: Group,
    /// HPKE's encapsulated key.
    #[serde(with = "base64_text")]
    pub enc: [u8; 32],
    /// HPKE's ciphertext.
    #[serde(with = "base64_text")]
    pub ct: [u8; SEALED_SHARE_LEN],
}

impl ReleasedShare {
    /// Opens it with the one-time key of `request`. `commitment` comes from the verified
    /// span-open record, never from the server's word.
    ///
    /// # Errors
    /// [`Error::ShareNotOpened`].
    pub fn open(
        &self,
        key: &OneTimeKey,
        request: &RequestId,
        commitment: Digest,
    ) -> Result<Share, Error> {
        let span = SpanRef {
            camera: self.camera,
            span: self.span,
            commitment,
        };
        let info = span.info(RELEASE_LABEL, &request.0, self.group);
        let secret = key.open(&info, &self.enc, &self.ct)?;
        Ok(Share {
            group: self.group,
            secret,
        })
    }
}

/// Both shares of a span that is about to begin; exists while the span-open record is made.
pub(crate) struct FreshShares {
    police: Share,
    oversight: Share,
    /// With the commitment that the shares make.
    pub(crate) span: SpanRef,
    /// The key for the span's pieces.
    pub(crate) key: SpanKey,
}

impl FreshShares {
    pub(crate) fn draw(
        camera: CameraId,
        span: SpanId,
        randomness: &mut Randomness,
    ) -> Result<Self, Error> {
        let police = Share {
            group: Group::Police,
            secret: randomness.secret()?,
        };
        let oversight = Share {
            group: Group::Oversight,
            secret: randomness.secret()?,
        };
        let (key, commitment) = derive(&police, &oversight, camera, span)?;
        let span = SpanRef {
            camera,
            span,
            commitment,
        };
        Ok(Self {
            police,
            oversight,
            span,
            key: SpanKey::new(&key)?,
        })
    }

    /// Every custodian's sealed share: X25519 for each, once per span.
    pub(crate) fn seal(
        &self,
        custodians: &Custodians,
        randomness: &mut Randomness,
    ) -> Result<ShareTable, Error> {
        let mut shares = Vec::with_capacity(custodians.count());
        for share in [&self.police, &self.oversight] {
            for to in custodians.group(share.group) {
                shares.push(share.seal_to(&self.span, to, randomness)?);
            }
        }
        Ok(ShareTable {
            roster_version: custodians.roster_version(),
            shares,
        })
    }

    /// Both shares for a live viewer's one-time key.
    pub(crate) fn release(
        &self,
        request: &RequestId,
        to: &OneTimePublic,
        randomness: &mut Randomness,
    ) -> Result<[ReleasedShare; 2], Error> {
        Ok([
            self.police.release(&self.span, request, to, randomness)?,
            self.oversight
                .release(&self.span, request, to, randomness)?,
        ])
    }
}

/// The key of one span. Wiped by aws-lc when dropped.
pub struct SpanKey(LessSafeKey);

impl SpanKey {
    fn new(key: &Zeroizing<[u8; 32]>) -> Result<Self, Error> {
        Ok(Self(aes_256_gcm(key)?))
    }

    /// The span key that a share of each group makes.
    ///
    /// # Errors
    /// [`Error::Commitment`] when the shares are not one of each group, or not this span's.
    pub fn combine(one: &Share, other: &Share, span: &SpanRef) -> Result<Self, Error> {
        let (police, oversight) = match (one.group, other.group) {
            (Group::Police, Group::Oversight) => (one, other),
            (Group::Oversight, Group::Police) => (other, one),
            _ => return Err(Error::Commitment),
        };
        let (key, commitment) = derive(police, oversight, span.camera, span.span)?;
        verify_slices_are_equal(&commitment.0, &span.commitment.0)
            .map_err(|_| Error::Commitment)?;
        Self::new(&key)
    }

    /// The piece's video (fMP4) in the clear. Takes a verified record: decryption alone proves
    /// nothing about who recorded it (GCM is not key-committing).
    ///
    /// # Errors
    /// [`Error::WrongKind`] for other records, [`Error::NotDecrypted`].
    pub fn open_piece(&self, piece: &Sealed) -> Result<Vec<u8>, Error> {
        let seq = piece.header().seq;
        if piece.header().kind != Kind::Piece {
            return Err(Error::WrongKind {
                seq,
                wanted: "piece",
            });
        }
        let mut clear = piece.body().to_vec();
        let aad = Aad::from(&piece.bytes()[..HEADER_LEN]);
        let len = self
            .0
            .open_in_place(nonce(seq), aad, &mut clear)
            .map_err(|_| Error::NotDecrypted { seq })?
            .len();
        clear.truncate(len);
        Ok(clear)
    }

    /// Encrypts in place; the header is the additional data and its seq the nonce.
    pub(crate) fn encrypt(
        &self,
        seq: u64,
        header: &[u8],
        clear: &mut [u8],
    ) -> Result<[u8; TAG_LEN], Error> {
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce(seq), Aad::from(header), clear)
            .map_err(|_| Error::Library("AES-256-GCM encryption"))?;
        tag.as_ref()
            .try_into()
            .map_err(|_| Error::Library("GCM tag length"))
    }
}

impl fmt::Debug for SpanKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpanKey(not shown)")
    }
}

/// 4 zero bytes ‖ seq: unique under one span key, because a chain never uses a seq twice with it.
fn nonce(seq: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[4..].copy_from_slice(&seq.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// HKDF-SHA256 (RFC 5869): 32 bytes of key and 32 of commitment.
fn derive(
    police: &Share,
    oversight: &Share,
    camera: CameraId,
    span: SpanId,
) -> Result<(Zeroizing<[u8; 32]>, Digest), Error> {
    let mut ikm = Zeroizing::new([0; 64]);
    ikm[..32].copy_from_slice(police.secret.as_slice());
    ikm[32..].copy_from_slice(oversight.secret.as_slice());
    let (camera, span) = (camera.0.to_be_bytes(), span.0.to_be_bytes());
    let info = [KEY_LABEL, &camera, &span];
    let mut out = Zeroizing::new([0; 64]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, SALT)
        .extract(ikm.as_slice())
        .expand(&info, SixtyFour)
        .and_then(|okm| okm.fill(out.as_mut_slice()))
        .map_err(|_| Error::Library("HKDF"))?;
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&out[..32]);
    let mut commitment = [0; 32];
    commitment.copy_from_slice(&out[32..]);
    Ok((key, Digest(commitment)))
}

/// HKDF's output length, as aws-lc-rs wants it told.
struct SixtyFour;

impl hkdf::KeyType for SixtyFour {
    fn len(&self) -> usize {
        64
    }
}
