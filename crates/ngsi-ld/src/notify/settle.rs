//! What may be sent now, and what came of it. Never counts a notification twice, however often it
//! was tried.

use std::time::Duration;

use super::core::{Core, Room, Timer, key, time};
use super::job::{Job, Now, Outcome, What};
use super::lane::{Buried, Verdict};
use super::sub::job;

/// A notification to be sent.
#[derive(Debug)]
pub(super) struct Send {
    pub lane: u32,
    pub slot: usize,
    pub job: Job,
}

impl Core {
    /// What may be sent now, and after what time to ask again.
    pub(super) fn due(&mut self, now: Now) -> (Vec<Send>, Option<Duration>) {
        while let Some(&(at, timer)) = self.timers.first()
            && at <= now.mono
        {
            self.timers.remove(&(at, timer));
            match timer {
                Timer::Lane(lane) => self.mark(lane),
                Timer::Pause(number) => self.release(number, now),
            }
        }
        self.tick(now);
        let mut sends = Vec::new();
        for id in std::mem::take(&mut self.ready) {
            let (subs, timers) = (&self.subs, &mut self.timers);
            let Some(lane) = self.lanes.get_mut(&id) else {
                continue;
            };
            lane.marked = false;
            let wanted = |job: &Job| {
                let sub = subs.get(&job.number);
                sub.is_some_and(|s| s.version == job.version)
            };
            let (before, mut started) = (lane.jobs, Vec::new());
            let wake = lane.start(now, wanted, &mut started);
            self.jobs -= before - lane.jobs;
            timers.extend(wake.map(|at| (at, Timer::Lane(id))));
            sends.extend(started.into_iter().map(|(slot, job)| Send {
                lane: id,
                slot,
                job,
            }));
            self.sweep(id);
        }
        (sends, self.wait(now))
    }

    fn wait(&self, now: Now) -> Option<Duration> {
        let timer = self
            .timers
            .first()
            .map(|(at, _)| at.saturating_sub(now.mono));
        let tick = self.ticks.first().map(|(at, _)| {
            let us = u64::try_from(at - now.wall.0).unwrap_or(0);
            Duration::from_micros(us)
        });
        [timer, tick].into_iter().flatten().min()
    }

    /// What came of sending. Gives the notification if it is to go to the dead letters.
    pub(super) fn done(
        &mut self,
        lane: u32,
        slot: usize,
        outcome: &Outcome,
        now: Now,
        jitter: f64,
    ) -> Option<Box<Job>> {
        let verdict = {
            let found = self.lanes.get_mut(&lane)?;
            let before = found.jobs;
            let verdict = found.done(slot, outcome, now, jitter, &self.limits);
            self.jobs -= before - found.jobs;
            verdict
        };
        self.mark(lane);
        match verdict? {
            Verdict::Done(job) => {
                self.count(&job, outcome, now);
                self.settled(&job);
                None
            }
            Verdict::Retry {
                number,
                tries,
                dropped,
            } => {
                self.failed_try(number, tries, now);
                for job in dropped {
                    self.set_aside(&job);
                }
                None
            }
            Verdict::GiveUp(job) => {
                self.failed_try(job.number, job.attempts, now);
                Some(job)
            }
        }
    }

    /// A notification that was to go to the dead letters did, or did not.
    pub(super) fn buried(&mut self, lane: u32, slot: usize, how: Buried, now: Now) {
        let Some(found) = self.lanes.get_mut(&lane) else {
            return;
        };
        let job = found.buried(slot, how, now, &self.limits);
        self.mark(lane);
        if let Some(job) = job {
            self.jobs -= 1;
            self.counts.given_up += u64::from(matches!(job.what, What::Changes { .. }));
            self.settled(&job);
        }
    }

    /// Sends a dead letter again, if the lane has room and it is not on its way already.
    pub(super) fn resend(&mut self, number: u64, letter: i64, now: Now) -> Room {
        let Some(sub) = self.subs.get(&number) else {
            return Room::None;
        };
        if self.resending.contains_key(&letter) {
            return Room::Some;
        }
        let (lane, job) = (sub.lane, job(number, sub, What::Letter(letter)));
        let room = self.push(lane, job, key(number, ""), now);
        if room == Room::Some {
            self.resending.insert(letter, number);
        }
        room
    }

    /// It is no longer to be told.
    fn settled(&mut self, job: &Job) {
        if let What::Letter(id) = job.what {
            self.resending.remove(&id);
        }
        if let Some(sub) = self.subs.get_mut(&job.number)
            && sub.version == job.version
        {
            sub.is_done_with(job.what.seqs());
            sub.ticking &= !matches!(job.what, What::Tick(_));
        }
    }

    /// It left memory without being told: its changes are read again.
    fn set_aside(&mut self, job: &Job) {
        if let What::Letter(id) = job.what {
            self.resending.remove(&id);
        }
        let Some(sub) = self.subs.get_mut(&job.number) else {
            return;
        };
        if sub.version != job.version {
            return;
        }
        sub.ticking &= !matches!(job.what, What::Tick(_));
        for seq in job.what.seqs() {
            sub.outstanding.remove(&seq);
            if job.attempts > 0 {
                sub.counted.insert(seq);
            }
        }
        if let Some(first) = job.what.seqs().min() {
            self.fall_behind(job.number, first);
        }
    }

    fn count(&mut self, job: &Job, outcome: &Outcome, now: Now) {
        if *outcome != Outcome::Delivered {
            return;
        }
        self.counts.delivered += 1;
        if let Some(sub) = self.subs.get_mut(&job.number) {
            let tally = &mut sub.tally;
            tally.times_sent += u64::from(job.attempts == 0);
            tally.last_notification = Some(time(now));
            tally.last_success = Some(time(now));
            sub.tally_changed = true;
        }
    }

    fn failed_try(&mut self, number: u64, tries: u32, now: Now) {
        self.counts.failed += 1;
        let first = tries == 1;
        if let Some(sub) = self.subs.get_mut(&number) {
            let tally = &mut sub.tally;
            tally.times_sent += u64::from(first);
            tally.times_failed += u64::from(first);
            tally.last_notification = Some(time(now));
            tally.last_failure = Some(time(now));
            sub.tally_changed = true;
        }
    }
}
