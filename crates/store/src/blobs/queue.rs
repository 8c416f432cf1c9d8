//! The bounded queue between recorders and the one writer thread. Never blocks the one who puts;
//! never drops: what does not fit goes back to its owner.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use loggia_model::{CameraId, Hour};
use loggia_seal::{Kind, Sealed};

/// Queue in bytes by default: 400 cameras at 4 Mbit/s are 200 MB/s, so 256 MiB carry a stall of
/// 1.3 s; 90 cameras (what a small disk keeps up with) carry 6 s.
pub const QUEUE_BYTES: usize = 256 << 20;
/// Queue in records by default: 400 cameras with two tracks of one-second GOPs make 800 a second,
/// 16,384 are 20 s of them and 2.6 MB of bookkeeping.
pub const QUEUE_RECORDS: usize = 16_384;
/// One camera's part of the queue: a sixteenth, but never less than three of the largest records
/// (8 MiB each), so that one runaway camera cannot take the place of the others.
const CAMERA_PART: usize = 16;
const CAMERA_BYTES_MIN: usize = 24 << 20;
/// `room` says no at 7/8, so that what was sealed after a yes still fits.
const SOFT_EIGHTHS: usize = 7;
/// Kept for span-opens, gaps and manifests: at 100 shares (10 kB) 400 of them fit.
const SMALL_RESERVE: usize = 4 << 20;
/// The writer is woken early for this much: keeps memory low between two syncs, and a
/// `pwritev(2)` of 8 MiB takes about 3 ms.
const WRITE_EARLY: usize = 8 << 20;

/// Why a record is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// The queue is full: the disk does not keep up. Drop whole GOPs and seal a gap.
    #[error("the disk does not keep up")]
    Full,
    /// No space on disk; taken again as soon as there is.
    #[error("the disk is full")]
    DiskFull,
    /// The writer has stopped after a disk error; a restart recovers.
    #[error("the blob writer has stopped")]
    Stopped,
}

/// A record that was not taken, with the reason. It has its place in the chain: put it again before
/// the camera's next one.
#[derive(Debug)]
pub struct NotTaken {
    /// The record, back to its owner.
    pub record: Box<Sealed>,
    /// Why.
    pub why: NoRoom,
}

/// How the writer fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Writing.
    Ok,
    /// Waiting for space: the alarm is on.
    DiskFull,
    /// Stopped for good, with the reason: the alarm is on.
    Stopped(String),
}

/// What the writer is asked to do next.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub records: Vec<Sealed>,
    pub close_hours: Vec<Hour>,
    pub sync_now: bool,
    pub closing: bool,
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    progress: Condvar,
    bytes_max: usize,
    records_max: usize,
}

#[derive(Debug)]
struct State {
    items: VecDeque<Sealed>,
    /// Bytes put and not yet written, those in the writer's hands included.
    bytes: usize,
    records: usize,
    by_camera: HashMap<CameraId, usize>,
    /// Bytes in `items`.
    waiting: usize,
    taken_in: u64,
    durable: u64,
    flush_to: u64,
    close_hours: Vec<Hour>,
    hours_closed: u64,
    hours_asked: u64,
    health: Health,
    closing: bool,
}

impl Queue {
    pub(super) fn new(bytes_max: usize, records_max: usize) -> Self {
        let state = State {
            items: VecDeque::new(),
            bytes: 0,
            records: 0,
            by_camera: HashMap::new(),
            waiting: 0,
            taken_in: 0,
            durable: 0,
            flush_to: 0,
            close_hours: Vec::new(),
            hours_closed: 0,
            hours_asked: 0,
            health: Health::Ok,
            closing: false,
        };
        let state = Mutex::new(state);
        Self {
            state,
            wake: Condvar::new(),
            progress: Condvar::new(),
            bytes_max,
            records_max,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn room(&self, camera: CameraId, bytes: usize) -> Result<(), NoRoom> {
        let limit = self.bytes_max / 8 * SOFT_EIGHTHS;
        self.fits(
            &self.state(),
            camera,
            bytes,
            limit,
            self.records_max / 8 * SOFT_EIGHTHS,
        )
    }

    fn fits(
        &self,
        s: &State,
        camera: CameraId,
        bytes: usize,
        limit: usize,
        records: usize,
    ) -> Result<(), NoRoom> {
        match s.health {
            Health::Ok => {}
            Health::DiskFull => return Err(NoRoom::DiskFull),
            Health::Stopped(_) => return Err(NoRoom::Stopped),
        }
        let own = s.by_camera.get(&camera).copied().unwrap_or(0);
        let part = (limit / CAMERA_PART).max(CAMERA_BYTES_MIN);
        if s.bytes + bytes > limit || own + bytes > part || s.records >= records {
            return Err(NoRoom::Full);
        }
        Ok(())
    }

    pub(super) fn put(&self, record: Sealed) -> Result<(), NotTaken> {
        let header = record.header();
        let (camera, len, kind) = (header.camera, record.bytes().len(), header.kind);
        let mut s = self.state();
        let fits = if kind == Kind::Piece {
            self.fits(&s, camera, len, self.bytes_max, self.records_max)
        } else if matches!(s.health, Health::Stopped(_)) || s.closing {
            Err(NoRoom::Stopped)
        } else if s.bytes + len > self.bytes_max + SMALL_RESERVE
            || s.records >= 2 * self.records_max
        {
            Err(NoRoom::Full)
        } else {
            // Small records are taken even when the disk is full, so that the gap and the manifest
            // stand in the chain when space returns.
            Ok(())
        };
        if let Err(why) = fits {
            return Err(NotTaken {
                record: Box::new(record),
                why,
            });
        }
        s.bytes += len;
        s.records += 1;
        s.waiting += len;
        s.taken_in += 1;
        *s.by_camera.entry(camera).or_default() += len;
        s.items.push_back(record);
        if s.waiting >= WRITE_EARLY {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// For the writer: waits until `deadline`, until there is enough to write, or for an order.
    pub(super) fn next(&self, deadline: Instant) -> Work {
        let mut s = self.state();
        loop {
            let order = s.flush_to > s.durable || s.closing || !s.close_hours.is_empty();
            let left = deadline.saturating_duration_since(Instant::now());
            let full = s.health == Health::DiskFull;
            if (order && !full)
                || s.closing
                || (s.waiting >= WRITE_EARLY && !full)
                || left.is_zero()
            {
                s.waiting = 0;
                return Work {
                    records: s.items.drain(..).collect(),
                    close_hours: std::mem::take(&mut s.close_hours),
                    sync_now: s.flush_to > s.durable,
                    closing: s.closing,
                };
            }
            s = self
                .wake
                .wait_timeout(s, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// For the writer: these bytes are written and out of memory.
    pub(super) fn written(&self, records: &[(CameraId, usize)]) {
        let mut s = self.state();
        for (camera, len) in records {
            s.bytes -= len;
            s.records -= 1;
            if let Some(own) = s.by_camera.get_mut(camera) {
                *own -= len;
                if *own == 0 {
                    s.by_camera.remove(camera);
                }
            }
        }
    }

    /// For the writer: so many records more are durable and indexed.
    pub(super) fn made_durable(&self, records: u64) {
        self.state().durable += records;
        self.progress.notify_all();
    }

    pub(super) fn hours_closed(&self, n: u64) {
        self.state().hours_closed += n;
        self.progress.notify_all();
    }

    pub(super) fn set_health(&self, health: Health) {
        self.state().health = health;
        self.progress.notify_all();
    }

    pub(super) fn health(&self) -> Health {
        self.state().health.clone()
    }

    pub(super) fn bytes(&self) -> usize {
        self.state().bytes
    }

    pub(super) fn close(&self) {
        self.state().closing = true;
        self.wake.notify_one();
    }

    /// Waits until everything put so far is durable.
    pub(super) fn flush(&self) -> Result<(), NoRoom> {
        let mut s = self.state();
        let to = s.taken_in;
        s.flush_to = s.flush_to.max(to);
        self.wake.notify_one();
        self.wait(
            s,
            |s| s.durable >= to || s.health == Health::DiskFull,
            |s| s.durable >= to,
        )
    }

    /// Has the writer close its segments of an hour; what comes later goes into new ones.
    pub(super) fn close_hour(&self, hour: Hour) -> Result<(), NoRoom> {
        let mut s = self.state();
        s.close_hours.push(hour);
        s.hours_asked += 1;
        let to = s.hours_asked;
        self.wake.notify_one();
        // On a full disk too: deleting is how space comes back.
        self.wait(s, |s| s.hours_closed >= to, |_| true)
    }

    fn wait(
        &self,
        mut s: MutexGuard<'_, State>,
        ended: impl Fn(&State) -> bool,
        well: impl Fn(&State) -> bool,
    ) -> Result<(), NoRoom> {
        /// Against a lost wake-up; the condition is looked at again.
        const LOOK_AGAIN: Duration = Duration::from_millis(200);
        loop {
            if ended(&s) {
                return if well(&s) {
                    Ok(())
                } else {
                    Err(NoRoom::DiskFull)
                };
            }
            if matches!(s.health, Health::Stopped(_)) {
                return Err(NoRoom::Stopped);
            }
            s = self
                .progress
                .wait_timeout(s, LOOK_AGAIN)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
