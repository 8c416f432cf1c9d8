//! Unblurred live view: who sits before which camera, and the sealed records that they are handed
//! while they may watch. Never a clear byte, never a seat without a permit, never a camera's delay.

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
    /// Oldest first; at most [`SEATS_MAX`].
    seats: Mutex<Vec<(CameraId, Arc<Seat>)>>,
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

    /// A place before `camera` for the permit's holder. A place that the same person has there
    /// already is given up for it; when all are taken, whoever has most gives up the oldest.
    ///
    /// # Errors
    /// [`Fault::Forbidden`] when the permit is not for this camera, [`Fault::Busy`] when there is
    /// no place.
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
        // Looked and taken under one lock: two who come at once cannot both have the last place.
        let mut seats = self.lock();
        make_room(&mut seats, camera, person)?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, from) = mpsc::channel(SEAT_FRAMES_MAX);
        let (waiting, slow) = (Arc::default(), Arc::default());
        let seat = Arc::new(Seat {
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
        });
        seats.push((camera, seat));
        self.taken.store(seats.len(), Ordering::Relaxed);
        drop(seats);
        Ok(Watching {
            gallery: Arc::clone(self),
            number,
            waiting,
            slow,
            from,
        })
    }

    /// Who sits before this camera.
    pub(crate) fn of(&self, camera: CameraId) -> Vec<Arc<Seat>> {
        if self.taken.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let seats = self.lock();
        let here = seats.iter().filter(|(c, _)| *c == camera);
        here.map(|(_, seat)| Arc::clone(seat)).collect()
    }

    /// Whether anybody sits before this camera.
    pub(crate) fn watched(&self, camera: CameraId) -> bool {
        self.taken.load(Ordering::Relaxed) > 0 && self.lock().iter().any(|(c, _)| *c == camera)
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
                self.send(&seat, record.clone());
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
                self.send(seat, framed(SHARES_MAGIC, &json));
                self.send(seat, span_open.clone());
                seat.seated.store(true, Ordering::Relaxed);
            }
            Err(e) => tracing::error!(%camera, error = %e, "shares could not be written"),
        }
    }

    /// Never waits: a viewer for whom too much waits already is shown out.
    fn send(&self, seat: &Seat, frame: Bytes) {
        let len = frame.len();
        let waiting = seat.waiting.fetch_add(len, Ordering::Relaxed) + len;
        if waiting > SEAT_BYTES_MAX || seat.to.try_send(frame).is_err() {
            seat.slow.store(true, Ordering::Relaxed);
            self.leave(seat.number);
        }
    }

    fn leave(&self, number: u64) {
        let mut seats = self.lock();
        if let Some(at) = seats.iter().position(|(_, s)| s.number == number) {
            give_up(&mut seats, at);
        }
        self.taken.store(seats.len(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(CameraId, Arc<Seat>)>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn give_up(seats: &mut Vec<(CameraId, Arc<Seat>)>, at: usize) {
    seats.remove(at).1.ended.store(true, Ordering::Relaxed);
}

/// Leaves a place free before `camera`, or says that there is none.
fn make_room(
    seats: &mut Vec<(CameraId, Arc<Seat>)>,
    camera: CameraId,
    person: &PersonId,
) -> Result<(), Fault> {
    let own = |p: &PersonId| seats.iter().filter(|(_, s)| s.person == *p).count();
    let again = seats
        .iter()
        .position(|(c, s)| *c == camera && s.person == *person);
    let here = seats.iter().filter(|(c, _)| *c == camera).count();
    let given_up = if again.is_some() {
        again
    } else if here >= SEATS_PER_CAMERA || own(person) >= SEATS_PER_PERSON {
        return Err(Fault::Busy(format!(
            "at most {SEATS_PER_CAMERA} people watch one camera live, and one person \
             {SEATS_PER_PERSON} cameras at once; close another live picture first"
        )));
    } else if seats.len() < SEATS_MAX {
        None
    } else {
        // The oldest of whoever has most, if that is more than the newcomer would have.
        let most = seats.iter().map(|(_, s)| own(&s.person)).max().unwrap_or(0);
        let greedy = seats.iter().position(|(_, s)| own(&s.person) == most);
        if most <= own(person) + 1 {
            return Err(Fault::Busy(format!(
                "all {SEATS_MAX} places for live pictures are taken; try again in a minute"
            )));
        }
        greedy
    };
    if let Some(at) = given_up {
        give_up(seats, at);
    }
    Ok(())
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
        self.gallery.leave(self.number);
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
