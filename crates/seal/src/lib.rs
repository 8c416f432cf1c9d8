//! Sealing and custody: span keys split between two groups, records encrypted, chained and signed,
//! and the way back for those who hold a share of each group (docs/design/seal.md).
//! Never does I/O, never reads a clock, never decrypts on the recorder.

mod base64_text;
mod chain;
mod check;
mod custody;
mod draft;
mod error;
mod header;
mod hpke_seal;
mod keyfile;
mod randomness;
mod record;
mod sealed;
mod shares;
mod signing;
mod span_key;

pub use chain::{Chain, Head, PieceTime, Viewer};
pub use check::{Break, ChainChecker, Flaw, check_records};
pub use custody::{
    CustodianKey, CustodianPublic, Custodians, GROUP_MAX, Group, OneTimeKey, OneTimePublic,
    SEALED_SHARE_LEN, SpanRef,
};
pub use draft::Draft;
pub use error::Error;
pub use header::{BODY_MAX, HEADER_LEN, Header, Kind, MAGIC, Track};
pub use keyfile::{KEYFILE_MAX, Keyfile, KeyfileCost, PersonKey};
pub use randomness::Randomness;
pub use record::{Body, Manifest, RECORD_MAX, Record, SPAN_PIECES_MAX};
pub use sealed::{Phase, Sealed};
pub use shares::{
    HoldKey, HourKey, SealedShare, ShareTable, SpanOpening, TABLE_MAX, TableKey, WrappedShares,
};
pub use signing::{RecorderKey, RecorderPublic, SIGNATURE_LEN, SigningKey, SigningPublic};
pub use span_key::{ReleasedShare, Share, SpanKey};
