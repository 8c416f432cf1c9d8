//! Bytes on the wire: base64, hexadecimal and hashes, bounded and with errors that name the field.
//! Never interprets what the bytes mean.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::Digest;

use crate::Error;

/// Longest base64 field of this crate's API: a signature or key is under 100 characters.
const FIELD_CHARS_MAX: usize = 256;

/// Reads a short base64 field (RFC 4648 section 4, padded).
pub(crate) fn base64(text: &str, field: &str) -> Result<Vec<u8>, Error> {
    if text.len() > FIELD_CHARS_MAX {
        return Err(Error::Invalid(format!("{field} is too long")));
    }
    STANDARD
        .decode(text)
        .map_err(|_| Error::Invalid(format!("{field} is not base64")))
}

/// Reads a base64 field of exactly `N` bytes.
pub(crate) fn base64_n<const N: usize>(text: &str, field: &str) -> Result<[u8; N], Error> {
    base64(text, field)?
        .try_into()
        .map_err(|_| Error::Invalid(format!("{field} must be {N} bytes in base64")))
}

/// Writes base64.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// SHA-256 over the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> Digest {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    Digest(out)
}

/// Random bytes from the machine.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut out = [0; N];
    aws_lc_rs::rand::fill(&mut out).map_err(|_| Error::Crypto("random numbers"))?;
    Ok(out)
}
