//! Names of things: cameras, spans, requests, keys and hashes. Plain values, no meaning hidden
//! inside.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a name could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {expected}")]
pub struct NameError {
    /// What was given.
    pub given: String,
    /// What would have been accepted, in words.
    pub expected: &'static str,
}

/// A camera's number in the city's inventory, from 1. Written `cam-0042`; JSON carries the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CameraId(pub u32);

impl fmt::Display for CameraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cam-{:04}", self.0)
    }
}

impl FromStr for CameraId {
    type Err = NameError;
    fn from_str(s: &str) -> Result<Self, NameError> {
        let digits = s.strip_prefix("cam-").unwrap_or(s);
        digits.parse().map(Self).map_err(|_| NameError {
            given: s.to_owned(),
            expected: "camera, such as cam-0042",
        })
    }
}

/// A span of one camera: the seconds that one span key encrypts. Counted per camera from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpanId(pub u64);

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "span {}", self.0)
    }
}

/// An access request's name: the SHA-256 hash of its exact bytes.
pub type RequestId = Digest;

/// 32 bytes of SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NameError;
    fn from_str(s: &str) -> Result<Self, NameError> {
        let mut out = [0; 32];
        hex::decode_to_slice(s, &mut out).map_err(|_| NameError {
            given: s.to_owned(),
            expected: "hash of 64 hexadecimal digits",
        })?;
        Ok(Self(out))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// First 8 bytes of the SHA-256 of a public key: names the key in records and rosters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyId {
    type Err = NameError;
    fn from_str(s: &str) -> Result<Self, NameError> {
        let mut out = [0; 8];
        hex::decode_to_slice(s, &mut out).map_err(|_| NameError {
            given: s.to_owned(),
            expected: "key id of 16 hexadecimal digits",
        })?;
        Ok(Self(out))
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
