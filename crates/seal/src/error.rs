//! What can go wrong when sealing, reading or opening, one variant per thing a caller can do
//! something about. Never carries key material or plaintext.

use loggia_model::{CameraId, Fault, KeyId, SpanId};

/// Every failure of this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end before the named part does.
    #[error("{part} needs {need} bytes, {have} are there")]
    TooShort {
        /// Which part, e.g. `record header`.
        part: &'static str,
        /// Bytes that the part needs.
        need: usize,
        /// Bytes that were given.
        have: usize,
    },
    /// Bytes are left over after what should be the end.
    #[error("{extra} bytes too many after {part}")]
    TrailingBytes {
        /// After which part.
        part: &'static str,
        /// How many.
        extra: usize,
    },
    /// Something larger than its named limit.
    #[error("{part} is {len}, at most {max} allowed")]
    TooLarge {
        /// Which part.
        part: &'static str,
        /// What was given.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// A header field does not hold what the format allows.
    #[error("record header, {field}: {why}")]
    Header {
        /// The field's name in docs/design/seal.md.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A body does not hold what the format allows for its kind.
    #[error("{part}: {why}")]
    Body {
        /// Which part, e.g. `span-open body`.
        part: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The record is not of the kind that was asked for.
    #[error("record {seq} is not a {wanted}")]
    WrongKind {
        /// Place of the record.
        seq: u64,
        /// What was wanted.
        wanted: &'static str,
    },
    /// The signature does not hold: the record was altered, or another key signed it.
    #[error("{camera} record {seq}: signature does not hold, the record was altered")]
    Signature {
        /// Camera that the header names.
        camera: CameraId,
        /// Place that the header names.
        seq: u64,
    },
    /// The record names a recorder key that the reader was not given.
    #[error("record signed by recorder key {found}, which is not known here")]
    UnknownRecorder {
        /// The key named.
        found: KeyId,
    },
    /// A piece or a close came while no span is open.
    #[error("{camera}: no span is open")]
    NoSpan {
        /// Whose chain.
        camera: CameraId,
    },
    /// A span was to be opened while one is open.
    #[error("{camera}: {span} is still open")]
    SpanStillOpen {
        /// Whose chain.
        camera: CameraId,
        /// Which span.
        span: SpanId,
    },
    /// A span number that was used already (a second key under one name).
    #[error("{camera}: {span} is not after the last span")]
    SpanNotNew {
        /// Whose chain.
        camera: CameraId,
        /// The number given.
        span: SpanId,
    },
    /// The list of custodians cannot be used.
    #[error("custodians: {0}")]
    Custodians(&'static str),
    /// This key cannot open this share: another custodian's, another span's, or altered.
    #[error("the key does not open this share")]
    ShareNotOpened,
    /// Hour or hold key wrong, or the share table altered.
    #[error("the share table of {camera} {span} does not open with this key")]
    TableNotOpened {
        /// Camera.
        camera: CameraId,
        /// Span.
        span: SpanId,
    },
    /// The two shares do not make the key that the recorder committed to.
    #[error("the two shares do not make this span's key")]
    Commitment,
    /// The piece does not decrypt with this span key.
    #[error("record {seq} does not decrypt with this span key")]
    NotDecrypted {
        /// Place of the record.
        seq: u64,
    },
    /// A public or private key has the wrong form.
    #[error("{part}: not a usable key")]
    BadKey {
        /// Which key.
        part: &'static str,
    },
    /// A key file that cannot be read.
    #[error("key file: {0}")]
    Keyfile(&'static str),
    /// The passphrase is wrong (or the key file's sealed part was altered).
    #[error("wrong passphrase, or the key file was altered")]
    Passphrase,
    /// The machine's source of randomness failed.
    #[error("no randomness from the machine")]
    Randomness,
    /// The cryptographic library refused an operation that cannot fail on sound input.
    #[error("cryptographic library refused: {0}")]
    Library(&'static str),
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        let text = e.to_string();
        match e {
            Error::NoSpan { .. } | Error::SpanStillOpen { .. } | Error::SpanNotNew { .. } => {
                Self::Conflict(text)
            }
            Error::Randomness | Error::Library(_) => Self::Broken(text),
            Error::ShareNotOpened | Error::TableNotOpened { .. } | Error::Passphrase => {
                Self::Forbidden(text)
            }
            _ => Self::Invalid(text),
        }
    }
}
