//! The queue of one endpoint: in order for each entity, a few at a time, one alone while it fails.
//! Never opens a socket, never reads a clock, never lets go of a notification without saying so.

use std::collections::VecDeque;
use std::time::Duration;

use super::job::{Failure, FailureKind, Job, Now, Outcome, What};
use super::limits::{Limits, SLOTS};

/// A lane. Notifications of one entity share a slot, and a slot sends one at a time.
#[derive(Debug, Default)]
pub(super) struct Lane {
    slots: [Slot; SLOTS],
    breaker: Breaker,
    /// Failures in a row.
    failures: u32,
    /// Since when it has only failed.
    down_since: Option<Duration>,
    /// Notifications that were taken.
    taken: u64,
    /// Notifications in it.
    pub jobs: usize,
    /// Subscriptions that send through it.
    pub members: usize,
    /// Whether it is on the list of lanes to be looked at.
    pub marked: bool,
}

#[derive(Debug, Default)]
struct Slot {
    queue: VecDeque<Job>,
    busy: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Breaker {
    /// All is well.
    #[default]
    Closed,
    /// Nothing is sent before then.
    Open { until: Duration },
    /// One notification finds out.
    Probing,
}

/// How a receiver does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneState {
    /// Scheme, host, port and path; of MQTT the server.
    pub name: Box<str>,
    /// `well`; `waiting` after failures; `probing` with one notification.
    pub state: &'static str,
    /// Failures in a row.
    pub failures: u32,
    /// Notifications that wait in memory.
    pub waiting: usize,
    /// Subscriptions that send there.
    pub subscriptions: usize,
    /// Notifications that were taken since the start.
    pub taken: u64,
}

/// What became of a notification that was tried.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is done, one way or another.
    Done(Job),
    /// It will be tried again; these others are out of the lane and must be read again.
    Retry {
        number: u64,
        tries: u32,
        dropped: Vec<Job>,
    },
    /// It is to go to the dead letters; the slot waits for [`Lane::buried`].
    GiveUp(Box<Job>),
}

/// Whether a dead letter was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Buried {
    Kept,
    NotKept,
}

impl Lane {
    /// Whether one more may be put in.
    pub fn has_room(&self, limits: &Limits, now: Now) -> bool {
        match self.breaker {
            Breaker::Closed => self.jobs < limits.lane_jobs,
            Breaker::Open { until } => self.jobs == 0 && now.mono >= until,
            Breaker::Probing => false,
        }
    }

    /// Whether it has failed so often and so long that old notifications are given up.
    pub fn is_hopeless(&self, limits: &Limits, now: Now) -> bool {
        let down = self.down_since.map(|t| now.mono.saturating_sub(t));
        self.failures >= limits.give_up_failures && down.is_some_and(|d| d >= limits.give_up_after)
    }

    /// Puts one in. Those with the same key stay in order.
    pub fn push(&mut self, job: Job, key: u64) {
        let slot = usize::try_from(key % SLOTS as u64).unwrap_or(0);
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.queue.push_back(job);
            self.jobs += 1;
        }
    }

    /// Takes out what may be sent now, with its slot; gives when to look again. What is no longer
    /// `wanted` is thrown away.
    pub fn start(
        &mut self,
        now: Now,
        wanted: impl Fn(&Job) -> bool,
        out: &mut Vec<(usize, Job)>,
    ) -> Option<Duration> {
        for slot in self.slots.iter_mut().filter(|s| !s.busy) {
            while slot.queue.front().is_some_and(|job| !wanted(job)) {
                slot.queue.pop_front();
                self.jobs -= 1;
            }
        }
        match self.breaker {
            Breaker::Probing => return None,
            Breaker::Open { until } if now.mono < until => {
                return (self.jobs > 0).then_some(until);
            }
            _ => {}
        }
        let mut wake: Option<Duration> = None;
        for (n, slot) in self.slots.iter_mut().enumerate().filter(|(_, s)| !s.busy) {
            let Some(job) = slot.queue.front() else {
                continue;
            };
            if job.not_before > now.mono {
                wake = Some(wake.map_or(job.not_before, |w| w.min(job.not_before)));
                continue;
            }
            slot.busy = true;
            out.push((n, job.clone()));
            if matches!(self.breaker, Breaker::Open { .. }) {
                self.breaker = Breaker::Probing;
                return None;
            }
        }
        wake
    }

    /// What came of trying the first in a slot. `jitter` is between 0 and 1.
    pub fn done(
        &mut self,
        slot: usize,
        outcome: &Outcome,
        now: Now,
        jitter: f64,
        limits: &Limits,
    ) -> Option<Verdict> {
        match outcome {
            Outcome::Delivered => {
                self.taken += 1;
                self.is_up();
            }
            Outcome::Moot if self.breaker == Breaker::Probing => {
                // It has not found out.
                self.breaker = Breaker::Open { until: now.mono };
            }
            Outcome::Moot => {}
            Outcome::Failed(failure) => return self.failed(slot, failure, now, jitter, limits),
        }
        self.pop(slot).map(Verdict::Done)
    }

    fn is_up(&mut self) {
        self.breaker = Breaker::Closed;
        self.failures = 0;
        self.down_since = None;
    }

    fn pop(&mut self, slot: usize) -> Option<Job> {
        let slot = self.slots.get_mut(slot)?;
        slot.busy = false;
        let job = slot.queue.pop_front()?;
        self.jobs -= 1;
        Some(job)
    }

    fn failed(
        &mut self,
        slot: usize,
        failure: &Failure,
        now: Now,
        jitter: f64,
        limits: &Limits,
    ) -> Option<Verdict> {
        match failure.kind {
            FailureKind::Refused => self.is_up(),
            FailureKind::Unavailable => {
                self.failures = self.failures.saturating_add(1);
                self.down_since.get_or_insert(now.mono);
            }
        }
        let hopeless = self.is_hopeless(limits, now);
        let (tried, taken) = (self.failures, self.taken);
        let job = self.slots.get_mut(slot)?.queue.front_mut()?;
        job.attempts = job.attempts.saturating_add(1);
        let pause = pause(job, failure, jitter, limits);
        job.not_before = now.mono + pause;
        let (number, tries) = (job.number, job.attempts);
        let others = taken - *job.taken_before.get_or_insert(taken);
        let enough = match failure.kind {
            FailureKind::Refused => job.attempts >= limits.refused_max,
            // Others got through all the while: it is this one that breaks the receiver.
            FailureKind::Unavailable if job.attempts >= limits.give_up_failures => {
                others >= u64::from(limits.give_up_failures)
                    || (hopeless && is_old(job, now, limits))
            }
            FailureKind::Unavailable => hopeless && is_old(job, now, limits),
        };
        let mut dropped = Vec::new();
        if failure.kind == FailureKind::Unavailable
            && (self.breaker == Breaker::Probing || tried >= limits.failures_to_open)
        {
            dropped = self.open(slot, now, jitter, limits);
        }
        let slot = self.slots.get_mut(slot)?;
        if enough && dropped.is_empty() {
            return slot
                .queue
                .front()
                .cloned()
                .map(|j| Verdict::GiveUp(Box::new(j)));
        }
        slot.busy = false;
        Some(Verdict::Retry {
            number,
            tries,
            dropped,
        })
    }

    /// From now on one at a time. What waits is in the log too, so that it need not wait here: the
    /// one that failed finds out when the receiver is back, unless another one does.
    fn open(&mut self, failed: usize, now: Now, jitter: f64, limits: &Limits) -> Vec<Job> {
        if !matches!(self.breaker, Breaker::Open { until } if until > now.mono) {
            let round = self.failures.saturating_sub(limits.failures_to_open) + 1;
            self.breaker = Breaker::Open {
                until: now.mono + backoff(round, jitter, limits),
            };
        }
        let mut dropped = Vec::new();
        let mut others = false;
        for (_, slot) in self
            .slots
            .iter_mut()
            .enumerate()
            .filter(|(n, _)| *n != failed)
        {
            dropped.extend(
                slot.queue
                    .drain(usize::from(slot.busy).min(slot.queue.len())..),
            );
            others |= !slot.queue.is_empty();
        }
        if let Some(slot) = self.slots.get_mut(failed) {
            let kept = usize::from(!others).min(slot.queue.len());
            dropped.extend(slot.queue.drain(kept..));
        }
        self.jobs -= dropped.len();
        dropped
    }

    /// Ends what [`Verdict::GiveUp`] began.
    pub fn buried(&mut self, slot: usize, how: Buried, now: Now, limits: &Limits) -> Option<Job> {
        if how == Buried::Kept {
            return self.pop(slot);
        }
        let slot = self.slots.get_mut(slot)?;
        slot.busy = false;
        slot.queue.front_mut()?.not_before = now.mono + limits.retry_max;
        None
    }

    /// How its receiver does.
    pub fn state(&self, name: &str) -> LaneState {
        LaneState {
            name: name.into(),
            state: match self.breaker {
                Breaker::Closed => "well",
                Breaker::Open { .. } => "waiting",
                Breaker::Probing => "probing",
            },
            failures: self.failures,
            waiting: self.jobs,
            subscriptions: self.members,
            taken: self.taken,
        }
    }

    /// Whether it sends one at a time.
    #[cfg(test)]
    pub fn is_open(&self) -> bool {
        self.breaker != Breaker::Closed
    }
}

/// A notification of old changes; one of an interval is old when the next is due.
fn is_old(job: &Job, now: Now, limits: &Limits) -> bool {
    match (&job.what, job.what.since()) {
        (_, Some(since)) => now.wall.since(since) >= limits.give_up_after,
        (What::Tick(_) | What::Letter(_), _) => true,
        _ => false,
    }
}

/// How long to leave the receiver alone: the more failures the longer, not all at once, and at
/// least as long as the receiver or the subscriber (`cooldown`) wants.
fn pause(job: &Job, failure: &Failure, jitter: f64, limits: &Limits) -> Duration {
    let cooldown = job.subscription.notification.endpoint.cooldown_ms.as_ref();
    let cooldown = cooldown.and_then(serde_json::Number::as_f64).unwrap_or(0.0);
    let cooldown = Duration::try_from_secs_f64(cooldown / 1e3).unwrap_or(limits.retry_max);
    let asked = failure
        .retry_after
        .unwrap_or_default()
        .min(limits.retry_max);
    backoff(job.attempts, jitter, limits)
        .max(cooldown)
        .max(asked)
}

/// Doubles with each failure; half of it is left to chance, so that a server that comes back is
/// not met by all at once.
fn backoff(n: u32, jitter: f64, limits: &Limits) -> Duration {
    let doubled = limits
        .retry_min
        .saturating_mul(1 << n.saturating_sub(1).min(16));
    let most = doubled.min(limits.retry_max);
    most.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
}
