//! Reading a chain back with distrust: the first record that was removed, swapped, truncated or
//! altered is named by camera, place and time.
//! Never decrypts, never goes on after the first break.

use core::fmt;

use loggia_model::{At, CameraId, Digest, KeyId, SpanId};

use crate::record::{Body, Record};
use crate::{Error, Head, Header, Kind, Manifest, RecorderPublic};

/// What is wrong at the first place where a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// The bytes end inside the record.
    Cut {
        /// Bytes that the record needs.
        need: usize,
        /// Bytes that are there.
        have: usize,
    },
    /// The record does not have the form that every sealed record has.
    Malformed(Error),
    /// The signature does not hold.
    Altered,
    /// Signed by a key that the reader was not given.
    UnknownRecorder(KeyId),
    /// A sound record of another camera stands here.
    OtherCamera(CameraId),
    /// The record is not there; a later one follows.
    Removed {
        /// Place of the record found instead.
        found: u64,
    },
    /// The record is there, but not in its place: swapped or moved.
    OutOfPlace {
        /// Place of the record found instead.
        found: u64,
    },
    /// A record that was there already comes again.
    Repeated,
    /// The record is sound but continues another history: one before it was replaced.
    Forked,
    /// The record belongs to a span that is not open here.
    OutsideSpan(SpanId),
    /// The span's number named an earlier span too.
    SpanReused(SpanId),
    /// The span's manifest lists other pieces than the chain holds.
    ManifestDisagrees,
    /// The chain ends before the place that the signed head names.
    EndMissing {
        /// Last place that must exist.
        expected: u64,
    },
    /// The chain's last record is not the one that the signed head names.
    HeadDiffers,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { need, have } => write!(f, "cut short: {have} of {need} bytes are there"),
            Self::Malformed(e) => write!(f, "altered: {e}"),
            Self::Altered => f.write_str("altered: the signature does not hold"),
            Self::UnknownRecorder(id) => write!(f, "signed by unknown recorder key {id}"),
            Self::OtherCamera(camera) => write!(f, "replaced by a record of {camera}"),
            Self::Removed { found } => write!(f, "removed: record {found} follows"),
            Self::OutOfPlace { found } => write!(f, "out of its place: record {found} is here"),
            Self::Repeated => f.write_str("comes a second time"),
            Self::Forked => f.write_str("continues another history: a record before was replaced"),
            Self::OutsideSpan(span) => write!(f, "belongs to {span}, which is not open"),
            Self::SpanReused(span) => write!(f, "opens {span}, which was there before"),
            Self::ManifestDisagrees => f.write_str("lists other pieces than the chain holds"),
            Self::EndMissing { expected } => {
                write!(f, "removed: the chain must reach record {expected}")
            }
            Self::HeadDiffers => f.write_str("is not the record that the signed head names"),
        }
    }
}

/// The first place where a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("seal broken at {camera} record {seq}, {}: {flaw}", Around(*.at))]
pub struct Break {
    /// Whose chain.
    pub camera: CameraId,
    /// Place of the record that is missing or wrong.
    pub seq: u64,
    /// When: end of the last sound record before it, by the recorder's clock.
    pub at: Option<At>,
    /// What is wrong.
    pub flaw: Flaw,
}

struct Around(Option<At>);

impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(at) => write!(f, "after {at}"),
            None => f.write_str("the first one given"),
        }
    }
}

/// What the checker knows of the span that is open where it reads.
enum SpanState {
    /// Began reading in the middle: unknown until a span opens or closes.
    Unknown,
    Closed,
    Open {
        id: SpanId,
        manifest: Manifest,
    },
}

/// Follows one camera's chain record by record.
pub struct ChainChecker {
    camera: CameraId,
    recorders: Vec<RecorderPublic>,
    next: u64,
    prev: Option<[u8; 32]>,
    last: Option<At>,
    span: SpanState,
    last_span: SpanId,
}

impl ChainChecker {
    /// From after `head`, which the reader has from a source it trusts; [`Head::default`] for the
    /// chain's beginning. `recorders` come from the roster.
    #[must_use]
    pub fn after(camera: CameraId, head: Head, recorders: Vec<RecorderPublic>) -> Self {
        let span = if head.seq == 0 {
            SpanState::Closed
        } else {
            SpanState::Unknown
        };
        let prev = Some(head.hash.0);
        Self {
            camera,
            recorders,
            next: head.seq + 1,
            prev,
            last: None,
            span,
            last_span: SpanId(0),
        }
    }

    /// From the middle, at `first_seq`: what came before is not checked.
    #[must_use]
    pub const fn midway(camera: CameraId, first_seq: u64, recorders: Vec<RecorderPublic>) -> Self {
        let span = SpanState::Unknown;
        Self {
            camera,
            recorders,
            next: first_seq,
            prev: None,
            last: None,
            span,
            last_span: SpanId(0),
        }
    }

    /// Checks the next record, which fills `bytes`.
    ///
    /// # Errors
    /// The [`Break`]; the checker must not be fed after it.
    pub fn feed<'a>(&mut self, bytes: &'a [u8]) -> Result<Record<'a>, Break> {
        let record = Record::parse_whole(bytes).map_err(|e| self.unreadable(e))?;
        self.take(&record)?;
        Ok(record)
    }

    /// Place of the record that must come next.
    #[must_use]
    pub const fn next_seq(&self) -> u64 {
        self.next
    }

    /// Ends the check; `expected` is the head from a signed source, if the reader has one.
    ///
    /// # Errors
    /// [`Flaw::EndMissing`] or [`Flaw::HeadDiffers`].
    pub fn finish(&self, expected: Option<Head>) -> Result<Head, Break> {
        let head = Head {
            seq: self.next - 1,
            hash: Digest(self.prev.unwrap_or([0; 32])),
        };
        match expected {
            Some(e) if head.seq < e.seq => {
                Err(self.broken(self.next, Flaw::EndMissing { expected: e.seq }))
            }
            Some(e) if head != e => Err(self.broken(e.seq, Flaw::HeadDiffers)),
            _ => Ok(head),
        }
    }

    fn broken(&self, seq: u64, flaw: Flaw) -> Break {
        Break {
            camera: self.camera,
            seq,
            at: self.last,
            flaw,
        }
    }

    fn unreadable(&self, e: Error) -> Break {
        let flaw = match e {
            Error::TooShort {
                part: "record" | "record header",
                need,
                have,
            } => Flaw::Cut { need, have },
            e => Flaw::Malformed(e),
        };
        self.broken(self.next, flaw)
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), Break> {
        let header = *record.header();
        let here = self.next;
        let hash = record.verify(&self.recorders).map_err(|e| match e {
            Error::UnknownRecorder { found } => self.broken(here, Flaw::UnknownRecorder(found)),
            _ => self.broken(here, Flaw::Altered),
        })?;
        if header.camera != self.camera {
            return Err(self.broken(here, Flaw::OtherCamera(header.camera)));
        }
        if header.seq > here {
            return Err(self.broken(here, Flaw::Removed { found: header.seq }));
        }
        if header.seq < here {
            return Err(self.broken(header.seq, Flaw::Repeated));
        }
        if self.prev.is_some_and(|prev| prev != header.prev) {
            return Err(self.broken(here, Flaw::Forked));
        }
        self.follow_span(&header, record, hash)?;
        self.prev = Some(hash);
        self.next += 1;
        self.last = Some(header.end);
        Ok(())
    }

    fn follow_span(
        &mut self,
        header: &Header,
        record: &Record<'_>,
        hash: [u8; 32],
    ) -> Result<(), Break> {
        let here = self.next;
        match (header.kind, header.span, &mut self.span) {
            // A span without a manifest before it was cut off by a crash: the chain goes on.
            (Kind::SpanOpen, Some(id), _) => {
                if id <= self.last_span {
                    return Err(self.broken(here, Flaw::SpanReused(id)));
                }
                self.last_span = id;
                let manifest = Manifest {
                    first_seq: here,
                    pieces: Vec::new(),
                    clear_bytes: 0,
                };
                self.span = SpanState::Open { id, manifest };
            }
            (_, _, SpanState::Unknown) => {
                if header.kind == Kind::Manifest {
                    self.span = SpanState::Closed;
                }
            }
            (Kind::Piece, Some(id), SpanState::Open { id: open, manifest }) if id == *open => {
                manifest.pieces.push((here, hash));
                // The GCM tag is the only difference in length.
                manifest.clear_bytes += header.body_len.saturating_sub(16) as u64;
            }
            (Kind::Manifest, Some(id), SpanState::Open { id: open, manifest }) if id == *open => {
                let same = matches!(record.body(), Ok(Body::Manifest(m)) if m == *manifest);
                if !same {
                    return Err(self.broken(here, Flaw::ManifestDisagrees));
                }
                self.span = SpanState::Closed;
            }
            (Kind::Gap, Some(id), SpanState::Open { id: open, .. }) if id == *open => {}
            // Between spans, or after a crash that left a span without its manifest.
            (Kind::Gap, None, _) => self.span = SpanState::Closed,
            // No span: the parser refuses it for every other kind.
            (_, None, _) => {}
            (_, Some(id), _) => return Err(self.broken(here, Flaw::OutsideSpan(id))),
        }
        Ok(())
    }
}

/// Checks records that stand back to back, and looks ahead when one is not in its place, to tell
/// a swapped record from a removed one. `each` sees every sound record in order.
///
/// # Errors
/// The first [`Break`].
pub fn check_records<'a>(
    checker: &mut ChainChecker,
    mut bytes: &'a [u8],
    mut each: impl FnMut(Record<'a>),
) -> Result<(), Break> {
    while !bytes.is_empty() {
        let (record, rest) = Record::parse(bytes).map_err(|e| checker.unreadable(e))?;
        if let Err(broken) = checker.take(&record) {
            return Err(moved_or_removed(checker, broken, rest));
        }
        each(record);
        bytes = rest;
    }
    Ok(())
}

fn moved_or_removed(checker: &ChainChecker, broken: Break, mut rest: &[u8]) -> Break {
    let Flaw::Removed { found } = broken.flaw else {
        return broken;
    };
    while let Ok((record, after)) = Record::parse(rest) {
        let header = record.header();
        if header.seq == broken.seq
            && header.camera == checker.camera
            && record.verify(&checker.recorders).is_ok()
        {
            return Break {
                flaw: Flaw::OutOfPlace { found },
                ..broken
            };
        }
        rest = after;
    }
    broken
}
