//! Unblurred live view: who sits before which camera, and the sealed records that they are handed
//! while they may watch. Never a clear byte, never a seat without a permit, never a camera's delay.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use loggia_model::{At, CameraId, Fault, PersonId};
use loggia_policy::{Live, Permit};
use loggia_seal::{CustodianPublic, ReleasedShare, Viewer};
use tokio::sync::mpsc;

use crate::RecorderClock;

/// Before the recorders' keys, the first thing in the stream.
pub(crate) const KEYS_MAGIC: &[u8; 4] = b"LGK1";
/// Before the shares of a span in the stream; a record begins with `LGR1` (docs/design/video.md).
pub(crate) const SHARES_MAGIC: &[u8; 4] = b"LGS1";
/// Before the stream's last words.
pub(crate) const END_MAGIC: &[u8; 4] = b"LGE1";
/// Seats before one camera: each costs the recorder two HPKE seals (0.1 ms) a span.
pub(crate) const SEATS_PER_CAMERA: usize = 4;
/// Seats of one person: who watches more than this at once watches none of it.
pub(crate) const SEATS_PER_PERSON: usize = 4;
/// Seats in all: with [`SEAT_BYTES_MAX`] each, 256 MiB at the worst.
pub(crate) const SEATS_MAX: usize = 16;
/// Bytes that may wait for one viewer: 30 s at 4 Mbit/s. Who reads more slowly is shown out.
const SEAT_BYTES_MAX: usize = 16 << 20;
/// Frames that may wait; the bytes run out first unless the pieces are tiny.
const SEAT_FRAMES_MAX: usize = 256;

/// Who watches which camera now.
#[derive(Debug)]
pub struct Gallery {
    clock: Arc<RecorderClock>,
    seats: Mutex<BTreeMap<CameraId, Vec<Arc<Seat>>>>,
    /// Seats taken: lanes look here first, so that nobody watching costs nothing.
    taken: AtomicUsize,
    next: AtomicU64,
}

/// One viewer before one camera.
#[derive(Debug)]
pub(crate) struct Seat {
    number: u64,
    person: PersonId,
    pub(crate) viewer: Viewer,
    /// Nothing that began earlier is shown: when the seat was taken, by the recorder's clock.
    since: At,
    /// First instant of which nothing is shown.
    until: At,
    /// The first span-open was sent: from there on every record follows.
    seated: AtomicBool,
    ended: AtomicBool,
    waiting: Arc<AtomicUsize>,
    slow: Arc<AtomicBool>,
    to: mpsc::Sender<Bytes>,
}

/// The viewer's end of a seat; dropping it frees the place.
pub(crate) struct Watching {
    gallery: Arc<Gallery>,
    camera: CameraId,
    number: u64,
    waiting: Arc<AtomicUsize>,
    slow: Arc<AtomicBool>,
    from: mpsc::Receiver<Bytes>,
}

impl Gallery {
    /// Nobody watches yet.
    pub(crate) fn new(clock: Arc<RecorderClock>) -> Self {
        Self {
            clock,
            seats: Mutex::default(),
            taken: AtomicUsize::new(0),
            next: AtomicU64::new(0),
        }
    }

    /// A place before `camera` for the permit's holder. A place that the same person has there already
    /// is given up for it; when all are taken, whoever has most gives up the oldest.
    ///
    /// # Errors
    /// [`Fault::Forbidden`] when the permit is not for this camera, [`Fault::Busy`] when there is no
    /// place.
    pub(crate) fn seat(
        self: &Arc<Self>,
        permit: &Permit<Live>,
        camera: CameraId,
    ) -> Result<Watching, Fault> {
        if !permit.cameras().contains(&camera) {
            return Err(Fault::Forbidden(
                "this camera is not part of the incident's request".to_owned(),
            ));
        }
        let viewer = Viewer {
            request: permit.request(),
            to: CustodianPublic(permit.one_time_key()),
        };
        self.place(camera, &permit.actor().person, viewer, permit.until())
    }

    fn place(
        self: &Arc<Self>,
        camera: CameraId,
        person: &PersonId,
        viewer: Viewer,
        until: At,
    ) -> Result<Watching, Fault> {
        self.make_room(camera, person)?;
        let mut seats = self.lock();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, from) = mpsc::channel(SEAT_FRAMES_MAX);
        let (waiting, slow) = (Arc::default(), Arc::default());
        seats.entry(camera).or_default().push(Arc::new(Seat {
            number,
            person: person.clone(),
            viewer,
            since: self.clock.now(),
            until,
            seated: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            waiting: Arc::clone(&waiting),
            slow: Arc::clone(&slow),
            to: sender,
        }));
        self.taken.fetch_add(1, Ordering::Relaxed);
        drop(seats);
        Ok(Watching {
            gallery: Arc::clone(self),
            camera,
            number,
            waiting,
            slow,
            from,
        })
    }

    /// Leaves a place free before `camera`, or says that there is none.
    fn make_room(&self, camera: CameraId, person: &PersonId) -> Result<(), Fault> {
        let all: Vec<(CameraId, Arc<Seat>)> = {
            let seats = self.lock();
            let of = |(c, here): (&CameraId, &Vec<Arc<Seat>>)| {
                let here: Vec<_> = here.iter().map(|s| (*c, Arc::clone(s))).collect();
                here
            };
            seats.iter().flat_map(of).collect()
        };
        let own = |p: &PersonId| all.iter().filter(|(_, s)| s.person == *p).count();
        let again = all
            .iter()
            .find(|(c, s)| *c == camera && s.person == *person);
        if let Some((_, seat)) = again {
            self.leave(camera, seat.number);
            return Ok(());
        }
        let here = all.iter().filter(|(c, _)| *c == camera).count();
        if here >= SEATS_PER_CAMERA || own(person) >= SEATS_PER_PERSON {
            return Err(Fault::Busy(format!(
                "at most {SEATS_PER_CAMERA} people watch one camera live, and one person \
                 {SEATS_PER_PERSON} cameras at once; close another live picture first"
            )));
        }
        if all.len() < SEATS_MAX {
            return Ok(());
        }
        // Oldest first: the first of whoever has most.
        let greedy = all
            .iter()
            .filter(|(_, s)| own(&s.person) > own(person) + 1)
            .min_by_key(|(_, s)| (SEATS_MAX - own(&s.person), s.number));
        match greedy {
            Some((c, seat)) => {
                self.leave(*c, seat.number);
                Ok(())
            }
            None => Err(Fault::Busy(format!(
                "all {SEATS_MAX} places for live pictures are taken; try again in a minute"
            ))),
        }
    }

    /// Who sits before this camera.
    pub(crate) fn of(&self, camera: CameraId) -> Vec<Arc<Seat>> {
        if self.taken.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        self.lock().get(&camera).cloned().unwrap_or_default()
    }

    /// Whether anybody sits before this camera.
    pub(crate) fn watched(&self, camera: CameraId) -> bool {
        self.taken.load(Ordering::Relaxed) > 0 && self.lock().contains_key(&camera)
    }

    /// Hands a record that ends at `end` to everybody who has begun to watch and still may; a
    /// piece (`holders` given) only to who holds its key.
    pub(crate) fn show(
        &self,
        camera: CameraId,
        end: At,
        record: &Bytes,
        holders: Option<&[Arc<Seat>]>,
    ) {
        for seat in self.of(camera) {
            let holds = holders.is_none_or(|all| all.iter().any(|h| h.is(&seat)));
            if holds && seat.seated.load(Ordering::Relaxed) && seat.still(end) {
                self.send(camera, &seat, record.clone());
            }
        }
    }

    /// Hands over the shares of a span and the record that opens it.
    pub(crate) fn begin(
        &self,
        camera: CameraId,
        seat: &Seat,
        shares: &[ReleasedShare; 2],
        span_open: &Bytes,
    ) {
        match serde_json::to_vec(shares) {
            Ok(json) => {
                self.send(camera, seat, framed(SHARES_MAGIC, &json));
                self.send(camera, seat, span_open.clone());
                seat.seated.store(true, Ordering::Relaxed);
            }
            Err(e) => tracing::error!(%camera, error = %e, "shares could not be written"),
        }
    }

    /// Never waits: a viewer for whom too much waits already is shown out.
    fn send(&self, camera: CameraId, seat: &Seat, frame: Bytes) {
        let len = frame.len();
        let waiting = seat.waiting.fetch_add(len, Ordering::Relaxed) + len;
        if waiting > SEAT_BYTES_MAX || seat.to.try_send(frame).is_err() {
            seat.slow.store(true, Ordering::Relaxed);
            self.leave(camera, seat.number);
        }
    }

    fn leave(&self, camera: CameraId, number: u64) {
        let mut seats = self.lock();
        let Some(here) = seats.get_mut(&camera) else {
            return;
        };
        if let Some(at) = here.iter().position(|s| s.number == number) {
            here.remove(at).ended.store(true, Ordering::Relaxed);
            self.taken.fetch_sub(1, Ordering::Relaxed);
        }
        if here.is_empty() {
            seats.remove(&camera);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<CameraId, Vec<Arc<Seat>>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Whether the key of a span may be given, or still be used, for a group of pictures.
    pub(crate) fn may_see(&self, begin: At, end: At) -> bool {
        self.since <= begin && self.still(end)
    }

    fn still(&self, end: At) -> bool {
        self.until >= end && !self.ended.load(Ordering::Relaxed)
    }

    /// Whether both are the same seat.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Watching {
    /// The next frame; none when the recorder has shown the viewer out.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        let frame = self.from.recv().await?;
        self.waiting.fetch_sub(frame.len(), Ordering::Relaxed);
        Some(frame)
    }

    /// Whether the viewer read too slowly.
    pub(crate) fn was_slow(&self) -> bool {
        self.slow.load(Ordering::Relaxed)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.gallery.leave(self.camera, self.number);
    }
}

/// `magic ‖ length u32 ‖ JSON`.
pub(crate) fn framed(magic: &[u8; 4], json: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(8 + json.len());
    frame.extend_from_slice(magic);
    frame.extend_from_slice(&u32::try_from(json.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(json);
    Bytes::from(frame)
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
