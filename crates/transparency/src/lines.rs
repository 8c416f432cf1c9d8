//! What lines of the C2SP text formats are made of: decimals and hashes in one exact form. Pure.
//! Never takes a second spelling of the same value.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::Digest;

/// Most hashes in a proof: a tree of 2^64 leaves is 64 levels high, and the formats allow 63.
pub(crate) const PROOF_LINES_MAX: usize = 63;

/// A number without sign and leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// One SHA-256 hash in base64.
pub(crate) fn hash(text: &str) -> Option<Digest> {
    STANDARD.decode(text).ok()?.try_into().ok().map(Digest)
}

/// The same hash as a line.
pub(crate) fn hash_line(hash: &Digest) -> String {
    format!("{}\n", STANDARD.encode(hash.0))
}
