//! A camera's chain in the making: spans are opened, pieces and gaps sealed, spans closed, each
//! record bound to the one before.
//! Never uses a place twice under one span key, never opens anything.

use std::sync::Arc;

use loggia_model::{At, CameraId, Digest, GapReason, RequestId, SpanId};

use crate::record::SPAN_PIECES_MAX;
use crate::span_key::FreshShares;
use crate::{
    Custodians, Draft, Error, Header, HourKey, Kind, Manifest, OneTimePublic, Phase, Randomness,
    RecorderKey, ReleasedShare, Sealed, SpanKey, SpanOpening, Track, WrappedShares,
};

/// Where a chain stands: its last record. Goes into the minute's Merkle root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Head {
    /// Place of the last record; 0 for an empty chain.
    pub seq: u64,
    /// Chain hash of the last record; zeros for an empty chain.
    pub hash: Digest,
}

/// When a piece was recorded, by both clocks, and on which track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceTime {
    /// Which stream.
    pub track: Track,
    /// Begin by the recorder's clock.
    pub begin: At,
    /// End by the recorder's clock.
    pub end: At,
    /// Begin by the camera's own clock, if it told.
    pub camera_begin: Option<At>,
}

/// A live viewer, permitted by policy: gets the coming span's shares at their one-time key.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    /// The request to which the shares are bound.
    pub request: RequestId,
    /// The viewer's one-time key.
    pub to: OneTimePublic,
}

struct OpenSpan {
    id: SpanId,
    key: SpanKey,
    begin: At,
    end: At,
    manifest: Manifest,
}

/// One camera's chain, at its growing end.
pub struct Chain {
    camera: CameraId,
    recorder: Arc<RecorderKey>,
    head: Head,
    last_span: u64,
    open: Option<OpenSpan>,
}

impl Chain {
    /// Goes on after `head`; `last_span` is the highest span number ever used for this camera
    /// (0 if none): a span number never names two keys.
    #[must_use]
    pub const fn new(
        camera: CameraId,
        recorder: Arc<RecorderKey>,
        head: Head,
        last_span: u64,
    ) -> Self {
        Self {
            camera,
            recorder,
            head,
            last_span,
            open: None,
        }
    }

    /// Where the chain stands.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// The span that is open.
    #[must_use]
    pub fn open(&self) -> Option<SpanId> {
        self.open.as_ref().map(|o| o.id)
    }

    /// The number for the next span.
    #[must_use]
    pub const fn next_span(&self) -> SpanId {
        SpanId(self.last_span + 1)
    }

    /// Goes back to `head`, the last record that the store kept (a put failed), and drops the open
    /// span with its key: a place is never encrypted twice under one key.
    pub fn rewind(&mut self, head: Head) {
        self.open = None;
        self.head = head;
    }

    /// Begins span `span` at `at`: draws both shares, seals them to every custodian and wraps the
    /// table under the hour's key. One X25519 sealing per custodian.
    ///
    /// # Errors
    /// [`Error::SpanStillOpen`], [`Error::SpanNotNew`], [`Error::BadKey`], [`Error::Randomness`].
    pub fn open_span(
        &mut self,
        span: SpanId,
        at: At,
        custodians: &Custodians,
        hour_key: &HourKey,
        randomness: &mut Randomness,
    ) -> Result<Sealed, Error> {
        let (sealed, _) = self.open_span_for(span, at, custodians, hour_key, randomness, &[])?;
        Ok(sealed)
    }

    /// As [`Self::open_span`], and gives each live viewer both shares at their one-time key.
    ///
    /// # Errors
    /// As [`Self::open_span`].
    pub fn open_span_for(
        &mut self,
        span: SpanId,
        at: At,
        custodians: &Custodians,
        hour_key: &HourKey,
        randomness: &mut Randomness,
        viewers: &[Viewer],
    ) -> Result<(Sealed, Vec<[ReleasedShare; 2]>), Error> {
        let camera = self.camera;
        if let Some(open) = &self.open {
            return Err(Error::SpanStillOpen {
                camera,
                span: open.id,
            });
        }
        if span.0 <= self.last_span {
            return Err(Error::SpanNotNew { camera, span });
        }
        let fresh = FreshShares::draw(camera, span, randomness)?;
        let table = fresh.seal(custodians, randomness)?;
        let wrapped = WrappedShares::wrap(&table, fresh.span, at.hour(), hour_key, randomness)?;
        let released = viewers
            .iter()
            .map(|v| fresh.release(&v.request, &v.to, randomness))
            .collect::<Result<_, _>>()?;
        let body = Draft::from(SpanOpening::to_bytes(&wrapped).as_slice());
        let time = PieceTime {
            track: Track::Main,
            begin: at,
            end: at,
            camera_begin: None,
        };
        let header = self.header(Kind::SpanOpen, Some(span), time);
        let sealed = self.extend(header, body, |_| {})?;
        let manifest = Manifest {
            first_seq: sealed.header().seq,
            pieces: Vec::new(),
            clear_bytes: 0,
        };
        self.last_span = span.0;
        self.open = Some(OpenSpan {
            id: span,
            key: fresh.key,
            begin: at,
            end: at,
            manifest,
        });
        Ok((sealed, released))
    }

    /// Seals one piece, in the draft's own buffer.
    ///
    /// # Errors
    /// [`Error::NoSpan`], [`Error::TooLarge`], [`Error::TooShort`] for an empty piece,
    /// [`Error::Header`] when the end is before the begin.
    pub fn piece(&mut self, time: PieceTime, clear: Draft) -> Result<Sealed, Error> {
        self.piece_in_phases(time, clear, |_| {})
    }

    /// As [`Self::piece`], telling `done` after each phase, so that a bench can time them apart.
    ///
    /// # Errors
    /// As [`Self::piece`].
    pub fn piece_in_phases(
        &mut self,
        time: PieceTime,
        clear: Draft,
        done: impl FnMut(Phase),
    ) -> Result<Sealed, Error> {
        let Some(open) = &self.open else {
            return Err(Error::NoSpan {
                camera: self.camera,
            });
        };
        if clear.is_empty() {
            return Err(Error::TooShort {
                part: "piece",
                need: 1,
                have: 0,
            });
        }
        if open.manifest.pieces.len() == SPAN_PIECES_MAX {
            let (part, max) = ("span's pieces", SPAN_PIECES_MAX);
            return Err(Error::TooLarge {
                part,
                len: max + 1,
                max,
            });
        }
        let clear_len = clear.len();
        let header = self.header(Kind::Piece, Some(open.id), time);
        let sealed = self.extend(header, clear, done).inspect_err(|e| {
            // Encrypted, perhaps, but not chained: the next piece would take the same nonce, so
            // the key must go.
            if matches!(e, Error::Library(_)) {
                self.open = None;
            }
        })?;
        if let Some(open) = &mut self.open {
            open.end = open.end.max(time.end);
            open.manifest
                .pieces
                .push((sealed.header().seq, *sealed.hash()));
            open.manifest.clear_bytes += clear_len as u64;
        }
        Ok(sealed)
    }

    /// Seals a gap: in the open span if there is one, else between spans.
    ///
    /// # Errors
    /// [`Error::Header`] when the end is before the begin.
    pub fn gap(&mut self, begin: At, end: At, reason: GapReason) -> Result<Sealed, Error> {
        let time = PieceTime {
            track: Track::Main,
            begin,
            end,
            camera_begin: None,
        };
        let header = self.header(Kind::Gap, self.open(), time);
        self.extend(header, Draft::from([reason as u8].as_slice()), |_| {})
    }

    /// Ends the open span with the manifest of its pieces and drops the key.
    ///
    /// # Errors
    /// [`Error::NoSpan`].
    pub fn close_span(&mut self) -> Result<Sealed, Error> {
        let Some(open) = &self.open else {
            return Err(Error::NoSpan {
                camera: self.camera,
            });
        };
        let time = PieceTime {
            track: Track::Main,
            begin: open.begin,
            end: open.end,
            camera_begin: None,
        };
        let body = Draft::from(open.manifest.to_bytes().as_slice());
        let header = self.header(Kind::Manifest, Some(open.id), time);
        let sealed = self.extend(header, body, |_| {})?;
        self.open = None;
        Ok(sealed)
    }

    fn header(&self, kind: Kind, span: Option<SpanId>, time: PieceTime) -> Header {
        Header {
            kind,
            track: time.track,
            camera: self.camera,
            recorder: self.recorder.key_id(),
            span,
            seq: self.head.seq + 1,
            begin: time.begin,
            end: time.end,
            camera_begin: time.camera_begin,
            body_len: 0,
            prev: self.head.hash.0,
        }
    }

    fn extend(
        &mut self,
        header: Header,
        body: Draft,
        done: impl FnMut(Phase),
    ) -> Result<Sealed, Error> {
        let key = match (header.kind, &self.open) {
            (Kind::Piece, Some(open)) => Some(&open.key),
            _ => None,
        };
        let sealed = Sealed::make(header, body, key, &self.recorder, done)?;
        self.head = Head {
            seq: header.seq,
            hash: Digest(*sealed.hash()),
        };
        Ok(sealed)
    }
}

impl core::fmt::Debug for Chain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "Chain({}, seq {}, open {:?})",
            self.camera,
            self.head.seq,
            self.open()
        )
    }
}
