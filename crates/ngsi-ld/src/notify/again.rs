//! Reading the log again for those who fell behind: one walk for all of them that have room. Never
//! gives up a change that is younger than the limits say.

use std::sync::Arc;

use loggia_model::At;

use super::core::{Core, Room};
use super::job::Now;
use crate::Recorded;

/// A change that goes to the dead letters without being tried.
pub(super) struct Late {
    pub number: u64,
    pub change: Arc<Recorded>,
}

impl Core {
    /// Chooses who reads again now; gives the record to begin with.
    pub(super) fn begin_again(&mut self, now: Now) -> Option<u64> {
        self.scanning.clear();
        let full = self.jobs >= self.limits.jobs;
        let mut first: Option<u64> = None;
        for number in &self.behind {
            let Some(sub) = self.subs.get(number) else {
                continue;
            };
            if sub.is_paused() {
                continue;
            }
            let Some((next, lane)) = sub.next.zip(self.lanes.get(&sub.lane)) else {
                continue;
            };
            let room = !full && lane.has_room(&self.limits, now);
            if room || lane.is_hopeless(&self.limits, now) {
                self.scanning.insert(*number);
                first = Some(first.map_or(next, |f| f.min(next)));
            }
        }
        first
    }

    /// A record that some have still to see.
    pub(super) fn offer_again(&mut self, change: &Arc<Recorded>, now: Now, late: &mut Vec<Late>) {
        for number in self.candidates(change) {
            if !self.scanning.contains(&number) {
                continue;
            }
            let wanted = self.subs.get(&number).is_some_and(|sub| {
                sub.next.is_some_and(|n| n <= change.seq)
                    && !sub.outstanding.contains(&change.seq)
                    && !sub.ahead.contains(&change.seq)
                    && sub.hears(change)
            });
            if !wanted {
                continue;
            }
            if self.is_lost_on(number, change, now) {
                let change = change.clone();
                late.push(Late { number, change });
            } else if self.take(number, change, now) == Room::None {
                self.stop_at(number, change.seq);
            }
        }
    }

    /// Whether a change is too old for an endpoint that has been dead for long.
    fn is_lost_on(&self, number: u64, change: &Recorded, now: Now) -> bool {
        let lane = self.subs.get(&number).and_then(|s| self.lanes.get(&s.lane));
        let age = now.wall.since(At(change.at.micros()));
        lane.is_some_and(|l| l.is_hopeless(&self.limits, now)) && age >= self.limits.give_up_after
    }

    /// It reads no further for now.
    pub(super) fn stop_at(&mut self, number: u64, seq: u64) {
        self.scanning.remove(&number);
        if let Some(sub) = self.subs.get_mut(&number) {
            sub.next = Some(seq);
        }
    }

    /// All before `reached` has been offered; who is level with the others is done with it.
    pub(super) fn end_again(&mut self, reached: u64) {
        for number in std::mem::take(&mut self.scanning) {
            let Some(sub) = self.subs.get_mut(&number) else {
                continue;
            };
            let next = sub.next.map_or(reached, |n| n.max(reached));
            sub.next = (next < self.live).then_some(next);
            sub.is_done_with(std::iter::empty());
            if sub.next.is_none() {
                self.behind.remove(&number);
            }
        }
    }

    /// Records up to `to` are no longer in the log.
    pub(super) fn lapsed(&mut self, to: u64) {
        for number in &self.behind {
            if let Some(sub) = self.subs.get_mut(number)
                && let Some(next) = sub.next.filter(|n| *n <= to)
            {
                self.counts.lost += to + 1 - next;
                sub.next = Some(to + 1);
            }
        }
    }
}
