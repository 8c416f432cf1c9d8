//! What waits for the disk: one buffer, already in the form of the file, and the tickets of those
//! who wait. Never blocks the one who hands in, and never drops: what does not fit is refused.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::frame::{self, BODY_BYTES_MAX};
use super::group::{Entry, Group};
use crate::Error;

/// Shortest hint to one who was refused: about one sync.
const HINT_MIN: Duration = Duration::from_millis(10);
/// Longest, also while the disk is full, which is tried again as often.
pub(super) const HINT_MAX: Duration = Duration::from_secs(1);

/// How a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Waiting,
    Durable,
    Failed(String),
}

/// What all records of one group wait for. Only they are woken.
#[derive(Debug)]
pub(super) struct Done {
    state: Mutex<(Outcome, Vec<Waker>)>,
    change: Condvar,
}

impl Done {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new((Outcome::Waiting, Vec::new())),
            change: Condvar::new(),
        })
    }

    fn settle(&self, outcome: Outcome) {
        let wakers = {
            let mut s = lock(&self.state);
            s.0 = outcome;
            std::mem::take(&mut s.1)
        };
        self.change.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn durable(&self) {
        self.settle(Outcome::Durable);
    }

    pub(super) fn failed(&self, why: &str) {
        self.settle(Outcome::Failed(why.to_owned()));
    }
}

/// The promise for records handed in: their numbers, and in time whether they are on disk. As a
/// future it is ready when they are.
#[derive(Debug)]
#[must_use = "a record is only kept for certain once its ticket says so"]
pub struct Ticket {
    seq: u64,
    done: Arc<Done>,
    slot: Option<usize>,
}

impl Ticket {
    /// Number of the (last) record.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Waits until the record is on disk.
    ///
    /// # Errors
    /// [`Error::Unsettled`] after `patience`; [`Error::WriterStopped`] if the disk failed.
    pub fn wait(&self, patience: Duration) -> Result<u64, Error> {
        let s = lock(&self.done.state);
        let waiting = |s: &mut (Outcome, Vec<Waker>)| s.0 == Outcome::Waiting;
        let waited = self.done.change.wait_timeout_while(s, patience, waiting);
        let (s, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match &s.0 {
            Outcome::Durable => Ok(self.seq),
            Outcome::Failed(why) => Err(Error::WriterStopped(why.clone())),
            Outcome::Waiting => Err(Error::Unsettled { seq: self.seq }),
        }
    }
}

impl Future for Ticket {
    type Output = Result<u64, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (done, slot) = (self.done.clone(), self.slot);
        let mut s = lock(&done.state);
        match &s.0 {
            Outcome::Durable => Poll::Ready(Ok(self.seq)),
            Outcome::Failed(why) => Poll::Ready(Err(Error::WriterStopped(why.clone()))),
            Outcome::Waiting => {
                match slot.and_then(|n| s.1.get_mut(n)) {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => {
                        self.slot = Some(s.1.len());
                        s.1.push(cx.waker().clone());
                    }
                }
                Poll::Pending
            }
        }
    }
}

/// How the writer fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Writing.
    Ok,
    /// Waiting for space; what was taken waits with it.
    DiskFull,
    /// Stopped for good, with the reason. A restart reads back what is there.
    Stopped(String),
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    bytes_max: usize,
    records_max: usize,
}

#[derive(Debug)]
struct State {
    waiting: Group,
    done: Arc<Done>,
    /// In the writer's hands.
    bytes_out: usize,
    records_out: usize,
    /// The writer sleeps until this many wait.
    wanted: usize,
    /// Records in the last group and those that waited for its end.
    callers: usize,
    health: Health,
    closing: bool,
    refused: u64,
    /// How long the last group took to be durable.
    pace: Duration,
}

/// What the writer takes at once.
#[derive(Debug)]
pub(super) struct Taken {
    pub group: Group,
    pub done: Arc<Done>,
}

impl Queue {
    pub(super) fn new(next: u64, bytes_max: usize, records_max: usize) -> Self {
        let waiting = Group {
            first: next,
            ..Group::default()
        };
        let state = State {
            waiting,
            done: Done::new(),
            bytes_out: 0,
            records_out: 0,
            wanted: 1,
            callers: 0,
            health: Health::Ok,
            closing: false,
            refused: 0,
            pace: Duration::ZERO,
        };
        Self {
            state: Mutex::new(state),
            wake: Condvar::new(),
            bytes_max,
            records_max,
        }
    }

    /// Takes all of `entries` under consecutive numbers, or none.
    pub(super) fn push(&self, entries: &[Entry<'_>]) -> Result<Ticket, Error> {
        let bytes: usize = entries
            .iter()
            .map(|e| frame::record_len(e.body.len()))
            .sum();
        let long = entries.iter().any(|e| e.body.len() > BODY_BYTES_MAX);
        if entries.is_empty() || long || bytes > self.bytes_max || entries.len() > self.records_max
        {
            return Err(Error::Refused(format!(
                "{} records of {bytes} bytes at once; a record has at most {BODY_BYTES_MAX}",
                entries.len()
            )));
        }
        // Before the lock: this looks at every byte.
        let checks: Vec<u32> = entries.iter().map(|e| frame::body_check(e.body)).collect();
        let mut s = lock(&self.state);
        if let Health::Stopped(why) = &s.health {
            return Err(Error::WriterStopped(why.clone()));
        }
        if s.closing {
            return Err(Error::WriterStopped("it is being closed".to_owned()));
        }
        let (all_bytes, all) = (s.bytes_out + s.waiting.bytes.len(), s.waiting.starts.len());
        let no_room = all_bytes + bytes > self.bytes_max
            || s.records_out + all + entries.len() > self.records_max;
        if s.health == Health::DiskFull || no_room {
            s.refused += entries.len() as u64;
            let retry_after = match s.health {
                Health::DiskFull => HINT_MAX,
                _ => s.pace.clamp(HINT_MIN, HINT_MAX),
            };
            return Err(Error::Busy { retry_after });
        }
        for (entry, check) in entries.iter().zip(checks) {
            s.waiting.push(*entry, check);
        }
        let ticket = Ticket {
            seq: s.waiting.next() - 1,
            done: s.done.clone(),
            slot: None,
        };
        let wake = s.waiting.starts.len() >= s.wanted;
        drop(s);
        if wake {
            self.wake.notify_one();
        }
        Ok(ticket)
    }

    /// For the writer: what waits, as soon as something does. Those whom the last sync woke get
    /// until `until` to come back and join those who waited already; so callers that wait for each
    /// record share every sync instead of every other one. With one caller, and when idle, nothing
    /// is delayed. `None`: closed and nothing left.
    pub(super) fn take(&self, until: Instant) -> Option<Taken> {
        let mut s = lock(&self.state);
        let all = s.callers.min(self.records_max / 2);
        loop {
            let (now, have) = (Instant::now(), s.waiting.starts.len());
            if have > 0 && (have >= all || now >= until || s.closing) {
                break;
            }
            if have == 0 && s.closing {
                return None;
            }
            s = if now < until {
                s.wanted = all.max(1);
                let left = until.duration_since(now);
                let woken = self.wake.wait_timeout(s, left);
                woken.unwrap_or_else(PoisonError::into_inner).0
            } else {
                s.wanted = 1;
                self.wake.wait(s).unwrap_or_else(PoisonError::into_inner)
            };
        }
        s.wanted = usize::MAX;
        let next = s.waiting.next();
        let fresh = Group {
            first: next,
            ..Group::default()
        };
        let group = std::mem::replace(&mut s.waiting, fresh);
        let done = std::mem::replace(&mut s.done, Done::new());
        s.bytes_out = group.bytes.len();
        s.records_out = group.starts.len();
        Some(Taken { group, done })
    }

    /// The group that was taken is durable; it took `pace`.
    pub(super) fn written(&self, pace: Duration) {
        let mut s = lock(&self.state);
        // Counted before anybody is woken: who is back already would count twice.
        s.callers = s.records_out + s.waiting.starts.len();
        s.bytes_out = 0;
        s.records_out = 0;
        s.pace = pace;
        if s.health == Health::DiskFull {
            tracing::info!("there is space again: the log goes on");
            s.health = Health::Ok;
        }
    }

    /// Sleeps for a full disk; `false` if the log is being closed meanwhile.
    pub(super) fn wait_for_space(&self) -> bool {
        let mut s = lock(&self.state);
        if s.health == Health::Ok {
            tracing::error!("the disk is full: the log takes no records");
            s.health = Health::DiskFull;
        }
        let waited = self.wake.wait_timeout_while(s, HINT_MAX, |s| !s.closing);
        !waited.unwrap_or_else(PoisonError::into_inner).0.closing
    }

    /// The writer will write no more: tells everybody.
    pub(super) fn stop(&self, why: &str) {
        let done = {
            let mut s = lock(&self.state);
            s.health = Health::Stopped(why.to_owned());
            s.done.clone()
        };
        done.failed(why);
    }

    pub(super) fn close(&self) {
        lock(&self.state).closing = true;
        self.wake.notify_all();
    }

    pub(super) fn health(&self) -> Health {
        lock(&self.state).health.clone()
    }

    pub(super) fn refused(&self) -> u64 {
        lock(&self.state).refused
    }

    /// Bytes and records that are not yet durable.
    pub(super) fn waiting(&self) -> (usize, usize) {
        let s = lock(&self.state);
        let records = s.records_out + s.waiting.starts.len();
        (s.bytes_out + s.waiting.bytes.len(), records)
    }
}

pub(super) fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}
