//! One camera's chain being written: spans opened and closed at GOP boundaries, pieces sealed, gaps
//! signed. Runs on a sealing thread; never waits for disk, network or log.

use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use loggia_model::{At, CameraId, GapReason};
use loggia_seal::{Chain, Custodians, Kind, PieceTime, Randomness, RecorderKey, Sealed, Track};
use loggia_store::{Blobs, KeyStore, NoRoom};
use tokio::sync::watch;

use crate::Error;
use crate::health::Pulse;
use crate::live::{Gallery, Seat};
use crate::session::Timed;

/// Bytes that a record has beside its piece: header, tag, signature.
const RECORD_EXTRA: usize = 96 + 16 + 64;
/// A long gap is signed in parts, so that a crash cannot hide one.
const GAP_PART: Duration = Duration::from_secs(60);
/// A span is not ended sooner than this for a new live viewer, however often somebody comes.
const SPAN_MIN_LIVE: Duration = Duration::from_secs(3);

/// What all lanes share.
pub(crate) struct Kit {
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) keys: Arc<KeyStore>,
    pub(crate) key: Arc<RecorderKey>,
    pub(crate) custodians: watch::Receiver<Arc<Custodians>>,
    pub(crate) span: Duration,
    pub(crate) gallery: Arc<Gallery>,
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
    /// Live viewers who were given the open span's key.
    holders: Vec<Arc<Seat>>,
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
            holders: Vec::new(),
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
        let sealed = self.prepare(kit, random, track, (begin, end));
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
        (begin, end): (At, At),
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
            if age >= limit || self.audience_changes(kit, track, age, (begin, end)) {
                self.close(kit)?;
            }
        }
        if self.chain.open().is_none() {
            self.open(kit, random, (begin, end))?;
        }
        Ok(())
    }

    /// Whether the open span must end for the sake of live viewers: its key opens nothing from
    /// before a holder came, after they left or may watch no longer; newcomers wait for no whole
    /// span.
    fn audience_changes(
        &self,
        kit: &Kit,
        track: Track,
        age: Duration,
        (begin, end): (At, At),
    ) -> bool {
        if self.holders.iter().any(|seat| !seat.may_see(begin, end)) {
            return true;
        }
        let holds = |seat: &Seat| self.holders.iter().any(|h| h.is(seat));
        track == Track::Main
            && age >= SPAN_MIN_LIVE
            && kit
                .gallery
                .of(self.camera)
                .iter()
                .any(|seat| seat.may_see(begin, end) && !holds(seat))
    }

    /// Opens the next span, and gives its key to whoever watches live.
    fn open(
        &mut self,
        kit: &Kit,
        random: &mut Randomness,
        (begin, end): (At, At),
    ) -> Result<(), Halt> {
        let hour_key = kit
            .keys
            .get_or_make(self.camera, begin.hour())
            .map_err(Error::from)?;
        let custodians = Arc::clone(&kit.custodians.borrow());
        let span = self.chain.next_span();
        let mut seats = kit.gallery.of(self.camera);
        seats.retain(|seat| seat.may_see(begin, end));
        let viewers: Vec<_> = seats.iter().map(|seat| seat.viewer).collect();
        let mut given = Vec::new();
        let record = self.keep(kit, |chain| {
            let opened = chain.open_span_for(span, begin, &custodians, &hour_key, random, &viewers);
            // A viewer's key that cannot be sealed to must not cost the city its footage.
            let (sealed, shares) = match opened {
                Err(e) if !viewers.is_empty() => {
                    tracing::warn!(error = %e, "no live view: the viewers' keys cannot be used");
                    chain.open_span_for(span, begin, &custodians, &hour_key, random, &[])?
                }
                other => other?,
            };
            given = shares;
            Ok(sealed)
        })?;
        self.span_begin = begin;
        if let Some(record) = record
            && !given.is_empty()
        {
            for (seat, shares) in seats.iter().zip(&given) {
                kit.gallery.begin(self.camera, seat, shares, &record.bytes);
            }
            self.holders = seats;
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
        self.holders.clear();
        self.put(kit, Chain::close_span)
    }

    /// Seals the next record, keeps it, and shows it to whoever watches live.
    fn put(
        &mut self,
        kit: &Kit,
        seal: impl FnOnce(&mut Chain) -> Result<Sealed, loggia_seal::Error>,
    ) -> Result<(), Halt> {
        if let Some(record) = self.keep(kit, seal)? {
            let holders = record.piece.then_some(&self.holders[..]);
            kit.gallery
                .show(self.camera, record.end, &record.bytes, holders);
        }
        Ok(())
    }

    /// Seals the next record and hands it over; one that is not taken gives its place back.
    /// Returns a copy when somebody watches.
    fn keep(
        &mut self,
        kit: &Kit,
        seal: impl FnOnce(&mut Chain) -> Result<Sealed, loggia_seal::Error>,
    ) -> Result<Option<Shown>, Halt> {
        let head = self.chain.head();
        let sealed = seal(&mut self.chain).map_err(|e| Halt::Failed(e.into()))?;
        let shown = kit.gallery.watched(self.camera).then(|| Shown {
            end: sealed.header().end,
            piece: sealed.header().kind == Kind::Piece,
            bytes: Bytes::copy_from_slice(sealed.bytes()),
        });
        kit.blobs.put(sealed).map_err(|not_taken| {
            self.chain.rewind(head);
            self.holders.clear();
            Halt::NoRoom(not_taken.why)
        })?;
        Ok(shown)
    }
}

/// A kept record, for the viewers.
struct Shown {
    end: At,
    piece: bool,
    bytes: Bytes,
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
