//! What the index says about stored records, spans and gaps: plain values.
//! Never holds bytes of footage.

use loggia_model::{At, CameraId, Digest, GapReason, Hour, SpanId};
use loggia_seal::{Kind, Track};

/// Where a record lies: a segment file, an offset and a length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Number of the segment, never used twice.
    pub segment: u64,
    /// First byte.
    pub offset: u64,
    /// Bytes, header to signature.
    pub len: u32,
}

/// One durable record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// Whose chain.
    pub camera: CameraId,
    /// Place in the chain, from 1.
    pub seq: u64,
    /// What it is.
    pub kind: Kind,
    /// Of which stream.
    pub track: Track,
    /// Of which span; `None` for a gap between spans.
    pub span: Option<SpanId>,
    /// First instant, recorder's clock.
    pub begin: At,
    /// Last instant, recorder's clock.
    pub end: At,
    /// Why, if it is a gap.
    pub reason: Option<GapReason>,
    /// Chain hash: SHA-256 over header and body.
    pub hash: Digest,
    /// Where it lies.
    pub place: Place,
}

/// Whether a span's manifest is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanState {
    /// No manifest yet: being recorded, or the recorder stopped in the middle.
    Open,
    /// Closed by its manifest.
    Closed,
}

/// One span of a camera: what one span key encrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanRow {
    /// Whose.
    pub camera: CameraId,
    /// Which.
    pub span: SpanId,
    /// In which hour's folder its records lie: the hour of its hour key, but for a recorder whose
    /// clock went back, where it is the later one.
    pub hour: Hour,
    /// First instant.
    pub begin: At,
    /// Last instant of its last stored piece.
    pub end: At,
    /// Its first stored record.
    pub first_seq: u64,
    /// Its last stored record.
    pub last_seq: u64,
    /// Bytes of its records.
    pub bytes: u64,
    /// Closed or not.
    pub state: SpanState,
    /// Copied aside for a hold when its hour was deleted.
    pub aside: bool,
}

/// Seconds of a camera that are not there, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapRow {
    /// Whose.
    pub camera: CameraId,
    /// Place in the chain.
    pub seq: u64,
    /// First instant.
    pub begin: At,
    /// Last instant.
    pub end: At,
    /// Why.
    pub reason: GapReason,
}

/// Last durable record of a camera's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurableHead {
    /// Whose chain.
    pub camera: CameraId,
    /// Its place.
    pub seq: u64,
    /// Its chain hash.
    pub hash: Digest,
    /// When it ends.
    pub end: At,
    /// The last span that has been opened (spans count from 1); 0 when none.
    pub span: SpanId,
}

/// Figures for the storage forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Bytes in segments, held ones included.
    pub bytes_used: u64,
    /// Bytes that recording may still take: free space or quota, less the reserve.
    pub bytes_free: u64,
    /// First instant of the oldest stored span.
    pub oldest: Option<At>,
    /// Last instant of the newest durable record.
    pub newest: Option<At>,
}
