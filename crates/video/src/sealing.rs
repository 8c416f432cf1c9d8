//! The sealing threads: each owns the lanes of some cameras, so that one camera's records stay in
//! order. Never blocks a camera: what does not fit is dropped by the GOP and said so.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use loggia_model::{At, CameraId, GapReason};
use loggia_seal::{Randomness, Track};

use crate::Error;
use crate::health::Pulse;
use crate::lane::{Kit, Lane};
use crate::session::Timed;
use crate::time::RecorderClock;

/// Bytes of one camera that may wait for its sealing thread: three of the largest pieces.
pub(crate) const CAMERA_BYTES_MAX: usize = 12 << 20;
/// Bytes of all cameras that may wait: 400 cameras with one 0.5 MB GOP each, and as much again.
pub(crate) const WAITING_BYTES_MAX: usize = 400 << 20;
/// How often gaps are looked at.
const TICK: Duration = Duration::from_secs(1);

enum Work {
    Join(CameraId, Arc<Pulse>, Arc<AtomicUsize>),
    Gop(CameraId, Track, Box<Timed>),
    Dropped(CameraId, Track, At, At),
    Down(CameraId, At, GapReason),
    Leave(CameraId),
    Stop(SyncSender<()>),
}

/// The sealing threads.
pub(crate) struct Sealing {
    threads: Vec<(Sender<Work>, JoinHandle<()>)>,
    waiting: Arc<AtomicUsize>,
}

/// A camera's way to its sealing thread.
#[derive(Clone)]
pub(crate) struct Inlet {
    camera: CameraId,
    to: Sender<Work>,
    own: Arc<AtomicUsize>,
    all: Arc<AtomicUsize>,
}

impl Sealing {
    pub(crate) fn start(
        kit: &Arc<Kit>,
        clock: &Arc<RecorderClock>,
        threads: usize,
    ) -> Result<Self, Error> {
        let waiting = Arc::new(AtomicUsize::new(0));
        let threads = (0..threads.max(1))
            .map(|n| {
                let (to, from) = channel();
                let (kit, clock, all) = (Arc::clone(kit), Arc::clone(clock), Arc::clone(&waiting));
                let thread = std::thread::Builder::new()
                    .name(format!("loggia-seal-{n}"))
                    .spawn(move || Bench::new(kit, clock, all).run(&from))?;
                Ok((to, thread))
            })
            .collect::<Result<_, std::io::Error>>()?;
        Ok(Self { threads, waiting })
    }

    /// Takes a camera in; its lane goes on where its chain ended.
    pub(crate) fn join(&self, camera: CameraId, pulse: Arc<Pulse>) -> Result<Inlet, Error> {
        let n = usize::try_from(camera.0).unwrap_or(0) % self.threads.len().max(1);
        let (to, _) = self.threads.get(n).ok_or(Error::Stopped)?;
        let own = Arc::new(AtomicUsize::new(0));
        to.send(Work::Join(camera, pulse, Arc::clone(&own)))
            .map_err(|_| Error::Stopped)?;
        Ok(Inlet {
            camera,
            to: to.clone(),
            own,
            all: Arc::clone(&self.waiting),
        })
    }

    /// Seals what waits, closes every span, ends the threads.
    pub(crate) fn stop(self) {
        let (done, all_done) = sync_channel(self.threads.len());
        for (to, _) in &self.threads {
            // A thread that is gone has nothing left to close.
            let _ = to.send(Work::Stop(done.clone()));
        }
        drop(done);
        while all_done.recv().is_ok() {}
        for (_, thread) in self.threads {
            if thread.join().is_err() {
                tracing::error!("a sealing thread had panicked");
            }
        }
    }
}

impl Inlet {
    /// Hands a GOP over; drops it when too much waits already.
    pub(crate) fn gop(&self, track: Track, timed: Timed) -> Result<(), Error> {
        let len = timed.gop.draft.len();
        let (begin, end) = (timed.gop.begin, timed.gop.end);
        let own = self.own.fetch_add(len, Ordering::Relaxed) + len;
        let all = self.all.fetch_add(len, Ordering::Relaxed) + len;
        let work = if own > CAMERA_BYTES_MAX || all > WAITING_BYTES_MAX {
            self.own.fetch_sub(len, Ordering::Relaxed);
            self.all.fetch_sub(len, Ordering::Relaxed);
            Work::Dropped(self.camera, track, begin, end)
        } else {
            Work::Gop(self.camera, track, Box::new(timed))
        };
        self.to.send(work).map_err(|_| Error::Stopped)
    }

    /// Says that the main stream is down.
    pub(crate) fn down(&self, at: At, reason: GapReason) -> Result<(), Error> {
        self.to
            .send(Work::Down(self.camera, at, reason))
            .map_err(|_| Error::Stopped)
    }

    /// Takes the camera out.
    pub(crate) fn leave(&self) {
        // If the thread is gone the camera is out already.
        let _ = self.to.send(Work::Leave(self.camera));
    }
}

/// What one sealing thread has before it.
struct Bench {
    kit: Arc<Kit>,
    clock: Arc<RecorderClock>,
    lanes: HashMap<CameraId, (Lane, Arc<AtomicUsize>)>,
    all: Arc<AtomicUsize>,
    random: Randomness,
    ticked: At,
}

impl Bench {
    fn new(kit: Arc<Kit>, clock: Arc<RecorderClock>, all: Arc<AtomicUsize>) -> Self {
        let ticked = clock.now();
        Self {
            kit,
            clock,
            lanes: HashMap::new(),
            all,
            random: Randomness::machine(),
            ticked,
        }
    }

    fn run(mut self, from: &Receiver<Work>) {
        loop {
            match from.recv_timeout(TICK) {
                Ok(Work::Stop(done)) => {
                    let now = self.clock.now();
                    for (lane, _) in self.lanes.values_mut() {
                        lane.end(&self.kit, now, false);
                    }
                    drop(done);
                    return;
                }
                Ok(work) => self.work(work),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.tick();
        }
    }

    fn tick(&mut self) {
        let now = self.clock.now();
        if now.since(self.ticked) < TICK {
            return;
        }
        self.ticked = now;
        for (lane, _) in self.lanes.values_mut() {
            lane.tick(&self.kit, now);
        }
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Join(camera, pulse, own) => {
                let lane = Lane::resume(&self.kit, camera, pulse, self.clock.now());
                self.lanes.insert(camera, (lane, own));
            }
            Work::Gop(camera, track, timed) => {
                let len = timed.gop.draft.len();
                self.all.fetch_sub(len, Ordering::Relaxed);
                if let Some((lane, own)) = self.lanes.get_mut(&camera) {
                    own.fetch_sub(len, Ordering::Relaxed);
                    lane.gop(&self.kit, &mut self.random, track, *timed);
                }
            }
            Work::Dropped(camera, track, begin, end) => {
                if let Some((lane, _)) = self.lanes.get_mut(&camera) {
                    lane.drop_gop(track, begin, end, GapReason::Overload);
                }
            }
            Work::Down(camera, at, reason) => {
                if let Some((lane, _)) = self.lanes.get_mut(&camera) {
                    lane.down(&self.kit, at, reason);
                }
            }
            Work::Leave(camera) => {
                if let Some((mut lane, _)) = self.lanes.remove(&camera) {
                    lane.end(&self.kit, self.clock.now(), true);
                }
            }
            Work::Stop(_) => {}
        }
    }
}
