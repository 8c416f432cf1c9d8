//! The sending half of HPKE base mode, single shot (RFC 9180), on aws-lc: X25519 there costs a
//! third of what the `hpke` crate's does, and every key holder is paid for once per span. The
//! receiving half is the `hpke` crate, so each test of one is a test against the other.
//! Never opens anything.

use aws_lc_rs::aead::{Aad, Nonce};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::custody::SEALED_SHARE_LEN;
use crate::shares::{NONCE_LEN, aes_256_gcm};
use crate::{Error, Randomness};

/// RFC 9180 §4.1: "KEM" ‖ 0x0020, DHKEM(X25519, HKDF-SHA256).
const KEM_SUITE: &[u8] = b"KEM\x00\x20";
/// RFC 9180 §5.1: "HPKE" ‖ KEM 0x0020 ‖ KDF 0x0001 ‖ AEAD 0x0002 (AES-256-GCM).
const SUITE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x02";
/// RFC 9180 §4: the label version.
const VERSION: &[u8] = b"HPKE-v1";

type Block = Zeroizing<[u8; 32]>;

/// Seals `share` to the X25519 key `to`: `(enc, ct)`, with empty `aad`.
pub(crate) fn seal(
    to: &[u8; 32],
    info: &[u8],
    share: &[u8; 32],
    randomness: &mut Randomness,
) -> Result<([u8; 32], [u8; SEALED_SHARE_LEN]), Error> {
    let (enc, shared) = encapsulate(to, randomness)?;
    let mut context = [0; 65];
    context[1..33].copy_from_slice(extract(SUITE, &[], b"psk_id_hash", &[]).as_slice());
    context[33..].copy_from_slice(extract(SUITE, &[], b"info_hash", info).as_slice());
    let secret = extract(SUITE, shared.as_slice(), b"secret", &[]);
    let key = expand(SUITE, &secret, b"key", &context, 32);
    let base_nonce = expand(SUITE, &secret, b"base_nonce", &context, 12);
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(&base_nonce[..NONCE_LEN]);
    let mut ct = [0; SEALED_SHARE_LEN];
    ct[..32].copy_from_slice(share);
    let tag = aes_256_gcm(&key)?
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut ct[..32],
        )
        .map_err(|_| Error::Library("AES-256-GCM encryption"))?;
    ct[32..].copy_from_slice(tag.as_ref());
    Ok((enc, ct))
}

/// RFC 9180 §4.1, Encap: the ephemeral public key and the shared secret.
fn encapsulate(to: &[u8; 32], randomness: &mut Randomness) -> Result<([u8; 32], Block), Error> {
    let library = |_| Error::Library("X25519");
    let ephemeral = PrivateKey::from_private_key(&X25519, randomness.secret()?.as_slice())
        .map_err(|_| Error::Library("X25519 private key"))?;
    let public = ephemeral.compute_public_key().map_err(library)?;
    let mut enc = [0; 32];
    enc.copy_from_slice(public.as_ref());
    let mut context = [0; 64];
    context[..32].copy_from_slice(&enc);
    context[32..].copy_from_slice(to);
    // RFC 9180 §7.1.4: an all-zero shared secret (a key of small order) must be refused.
    let bad = Error::BadKey {
        part: "X25519 public key",
    };
    let peer = UnparsedPublicKey::new(&X25519, to);
    let shared = agree(&ephemeral, peer, bad, |dh| {
        let prk = extract(KEM_SUITE, &[], b"eae_prk", dh);
        Ok(expand(KEM_SUITE, &prk, b"shared_secret", &context, 32))
    })?;
    Ok((enc, shared))
}

/// RFC 9180 §4, LabeledExtract.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Block {
    let key = hmac::Key::new(hmac::HMAC_SHA256, salt);
    mac(&key, &[VERSION, suite, label, ikm])
}

/// RFC 9180 §4, LabeledExpand for at most one block; `len` ≤ 32 bytes of the result count.
fn expand(suite: &[u8], prk: &Block, label: &[u8], info: &[u8], len: u8) -> Block {
    let key = hmac::Key::new(hmac::HMAC_SHA256, prk.as_slice());
    mac(&key, &[&[0, len], VERSION, suite, label, info, &[1]])
}

fn mac(key: &hmac::Key, parts: &[&[u8]]) -> Block {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    let mut out = Zeroizing::new([0; 32]);
    out.copy_from_slice(context.sign().as_ref());
    out
}
