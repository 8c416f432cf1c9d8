//! One camera's chain being written: spans opened and closed at GOP boundaries, pieces sealed, gaps
//! signed. Runs on a sealing thread; never waits for disk, network or log.

use core::time::Duration;
use std::sync::Arc;

use loggia_model::{At, CameraId, GapReason};
use loggia_seal::{Chain, Custodians, PieceTime, Randomness, RecorderKey, Sealed, Track};
use loggia_store::{Blobs, KeyStore, NoRoom};
use tokio::sync::watch;

use crate::Error;
use crate::health::Pulse;
use crate::session::Timed;

/// Bytes that a record has beside its piece: header, tag, signature.
const RECORD_EXTRA: usize = 96 + 16 + 64;
/// A long gap is signed in parts, so that a crash cannot hide one.
const GAP_PART: Duration = Duration::from_secs(60);

/// What all lanes share.
pub(crate) struct Kit {
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) keys: Arc<KeyStore>,
    pub(crate) key: Arc<RecorderKey>,
    pub(crate) custodians: watch::Receiver<Arc<Custodians>>,
    pub(crate) span: Duration,
}

/// Seconds that are missing so far.
#[derive(Debug, Clone, Copy)]
struct Missing {
    from: At,
    reason: GapReason,
}

pub(crate) struct Lane {
    camera: CameraId,
    chain: Chain,
    pulse: Arc<Pulse>,
    span_begin: At,
    /// End of what the main stream's records cover.
    covered: At,
    missing: Option<Missing>,
}

impl Lane {
    /// Goes on where the camera's chain ended; what lies between then and `now` is a gap.
    pub(crate) fn resume(kit: &Kit, camera: CameraId, pulse: Arc<Pulse>, now: At) -> Self {
        let (head, last_span) = kit.blobs.resume(camera);
        let chain = Chain::new(camera, Arc::clone(&kit.key), head, last_span);
        let last = kit.blobs.durable(camera).map(|d| d.end);
        let missing = last.map(|from| Missing {
            from,
            reason: GapReason::RecorderDown,
        });
        let covered = last.unwrap_or(now);
        Self {
            camera,
            chain,
            pulse,
            span_begin: now,
            covered,
            missing,
        }
    }

    /// A GOP came: seals it, with what must stand before it.
    pub(crate) fn gop(&mut self, kit: &Kit, random: &mut Randomness, track: Track, timed: Timed) {
        let (begin, end) = (timed.gop.begin, timed.gop.end);
        if let Err(full) = kit
            .blobs
            .room(self.camera, timed.gop.draft.len() + RECORD_EXTRA)
        {
            return self.drop_gop(track, begin, end, reason_of(full));
        }
        let sealed = self.prepare(kit, random, track, begin);
        match sealed.and_then(|()| self.piece(kit, track, timed)) {
            Ok(()) if track == Track::Main => self.covered = end,
            Ok(()) => {}
            Err(Halt::NoRoom(full)) => self.drop_gop(track, begin, end, reason_of(full)),
            Err(Halt::Failed(e)) => {
                tracing::error!(camera = %self.camera, error = %e, "a GOP could not be sealed");
                self.drop_gop(track, begin, end, e.gap_reason());
            }
        }
    }

    /// The gap before this GOP, the end of the last span, the beginning of the next.
    fn prepare(
        &mut self,
        kit: &Kit,
        random: &mut Randomness,
        track: Track,
        begin: At,
    ) -> Result<(), Halt> {
        if track == Track::Main
            && let Some(missing) = self.missing
        {
            self.gap(kit, missing.from, begin, missing.reason)?;
            self.missing = None;
        }
        if self.chain.open().is_some() {
            let age = begin.since(self.span_begin);
            // The main stream's GOPs end a span; the sub-stream's only when the main one is silent.
            let limit = if track == Track::Main {
                kit.span
            } else {
                kit.span * 2
            };
            if age >= limit {
                self.close(kit)?;
            }
        }
        if self.chain.open().is_none() {
            let hour_key = kit
                .keys
                .get_or_make(self.camera, begin.hour())
                .map_err(Error::from)?;
            let custodians = Arc::clone(&kit.custodians.borrow());
            let span = self.chain.next_span();
            self.put(kit, |chain| {
                chain.open_span(span, begin, &custodians, &hour_key, random)
            })?;
            self.span_begin = begin;
        }
        Ok(())
    }

    fn piece(&mut self, kit: &Kit, track: Track, timed: Timed) -> Result<(), Halt> {
        let media_bytes = timed.gop.media_bytes;
        if track == Track::Main {
            self.pulse.beat(&timed);
        } else {
            self.pulse.sub_stream();
        }
        let time = PieceTime {
            track,
            begin: timed.gop.begin,
            end: timed.gop.end,
            camera_begin: timed.camera_begin,
        };
        self.put(kit, |chain| chain.piece(time, timed.gop.draft))?;
        self.pulse.sealed(media_bytes);
        Ok(())
    }

    /// A whole GOP is not kept; the seconds become part of a gap.
    pub(crate) fn drop_gop(&mut self, track: Track, begin: At, end: At, reason: GapReason) {
        self.pulse.dropped(reason);
        if track == Track::Main {
            self.missing.get_or_insert(Missing {
                from: begin.max(self.covered),
                reason,
            });
            self.covered = self.covered.max(end);
        }
    }

    /// The main stream's session has ended or could not be opened.
    pub(crate) fn down(&mut self, kit: &Kit, at: At, reason: GapReason) {
        if self.chain.open().is_some()
            && let Err(halt) = self.close(kit)
        {
            halt.tell(self.camera);
        }
        match self.missing {
            Some(old) if old.reason == reason => {}
            Some(old) => {
                self.sign_missing(kit, at, old);
                self.missing = Some(Missing {
                    from: at.max(old.from),
                    reason,
                });
            }
            None => {
                self.missing = Some(Missing {
                    from: self.covered.min(at),
                    reason,
                })
            }
        }
    }

    /// Time passes: a long gap is signed in parts, an abandoned span is closed.
    pub(crate) fn tick(&mut self, kit: &Kit, now: At) {
        if let Some(missing) = self.missing
            && now.since(missing.from) >= GAP_PART
        {
            self.sign_missing(kit, now, missing);
        }
    }

    fn sign_missing(&mut self, kit: &Kit, until: At, missing: Missing) {
        match self.gap(kit, missing.from, until, missing.reason) {
            Ok(()) => {
                self.missing = Some(Missing {
                    from: until.max(missing.from),
                    reason: missing.reason,
                });
            }
            Err(halt) => halt.tell(self.camera),
        }
    }

    /// The recorder stops, or the camera is taken out: the span gets its manifest.
    pub(crate) fn end(&mut self, kit: &Kit, now: At, disabled: bool) {
        if disabled {
            self.down(kit, now, GapReason::Disabled);
        }
        if let Some(missing) = self.missing {
            self.sign_missing(kit, now, missing);
        }
        if self.chain.open().is_some()
            && let Err(halt) = self.close(kit)
        {
            halt.tell(self.camera);
        }
    }

    fn gap(&mut self, kit: &Kit, from: At, until: At, reason: GapReason) -> Result<(), Halt> {
        let until = until.max(from);
        self.put(kit, |chain| chain.gap(from, until, reason))
    }

    fn close(&mut self, kit: &Kit) -> Result<(), Halt> {
        self.put(kit, Chain::close_span)
    }

    /// Seals the next record and hands it over; one that is not taken gives its place back.
    fn put(
        &mut self,
        kit: &Kit,
        seal: impl FnOnce(&mut Chain) -> Result<Sealed, loggia_seal::Error>,
    ) -> Result<(), Halt> {
        let head = self.chain.head();
        let sealed = seal(&mut self.chain).map_err(|e| Halt::Failed(e.into()))?;
        kit.blobs.put(sealed).map_err(|not_taken| {
            self.chain.rewind(head);
            Halt::NoRoom(not_taken.why)
        })
    }
}

/// Why a record was not kept.
enum Halt {
    NoRoom(NoRoom),
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(e: Error) -> Self {
        Self::Failed(e)
    }
}

impl Halt {
    fn tell(&self, camera: CameraId) {
        match self {
            Self::NoRoom(why) => tracing::warn!(%camera, %why, "a small record was not taken"),
            Self::Failed(e) => tracing::error!(%camera, error = %e, "a record could not be sealed"),
        }
    }
}

fn reason_of(full: NoRoom) -> GapReason {
    match full {
        NoRoom::Full => GapReason::Overload,
        NoRoom::DiskFull => GapReason::DiskFull,
        NoRoom::Stopped => GapReason::RecorderDown,
    }
}
