//! Fixed-length bytes as base64 text (RFC 4648 §4, padded) in JSON, for `#[serde(with)]`.
//! Never accepts another length, nor line breaks or missing padding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize as _, Deserializer, Serializer, de};

pub(crate) fn serialize<const N: usize, S: Serializer>(
    bytes: &[u8; N],
    s: S,
) -> Result<S::Ok, S::Error> {
    s.serialize_str(&STANDARD.encode(bytes))
}

pub(crate) fn deserialize<'de, const N: usize, D: Deserializer<'de>>(
    d: D,
) -> Result<[u8; N], D::Error> {
    let text = String::deserialize(d)?;
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| de::Error::custom("not base64"))?;
    let len = bytes.len();
    bytes
        .try_into()
        .map_err(|_| de::Error::custom(format!("{len} bytes instead of {N}")))
}
