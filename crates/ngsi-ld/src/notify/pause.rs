//! Throttling and intervals: what is told later, and what is told by the clock (clause 5.8.6).
//! Never forgets the last change of an entity: it is told when the pause is over.

use std::sync::Arc;
use std::time::Duration;

use super::core::{Core, Room, Timer, key};
use super::job::{Now, What};
use super::limits::HELD_MAX;
use super::sub::{Pause, job};
use crate::Recorded;
use crate::subscription::{Status, Subscription};

impl Core {
    /// A change for a throttled subscription: told at once, or when the pause is over.
    pub(super) fn hold(&mut self, number: u64, change: &Arc<Recorded>, now: Now) -> Room {
        let Some(sub) = self.subs.get_mut(&number) else {
            return Room::Some;
        };
        let id = change.entity_id();
        let pause = &mut sub.pause;
        let full = pause.held.len() >= HELD_MAX;
        match pause.held.iter_mut().find(|c| c.entity_id() == id) {
            Some(earlier) => {
                pause.also.push(earlier.seq);
                *earlier = joined(earlier, change);
            }
            None if full => return Room::None,
            None => pause.held.push(change.clone()),
        }
        sub.outstanding.insert(change.seq);
        let until = pause.until;
        if until > now.mono {
            self.timers.insert((until, Timer::Pause(number)));
        } else {
            self.release(number, now);
        }
        Room::Some
    }

    /// The pause of a subscription is over: what it waited with is told in one notification.
    pub(super) fn release(&mut self, number: u64, now: Now) {
        let again = now.mono + self.limits.retry_min;
        let Some(sub) = self.subs.get_mut(&number) else {
            return;
        };
        if sub.pause.held.is_empty() || sub.pause.until > now.mono {
            return;
        }
        let held = std::mem::take(&mut sub.pause);
        let what = What::Changes {
            changes: held.held.clone().into(),
            also: held.also.clone().into(),
        };
        let (lane, job) = (sub.lane, job(number, sub, what));
        let pushed = self.push(lane, job, key(number, ""), now);
        let Some(sub) = self.subs.get_mut(&number) else {
            return;
        };
        sub.pause = match pushed {
            Room::Some => Pause {
                until: now.mono + window(&sub.subscription),
                ..Pause::default()
            },
            Room::None => held,
        };
        if pushed == Room::None {
            self.timers.insert((again, Timer::Pause(number)));
        }
    }

    /// Intervals that have passed.
    pub(super) fn tick(&mut self, now: Now) {
        while let Some(&(due, number)) = self.ticks.first()
            && due <= now.wall.0
        {
            self.ticks.remove(&(due, number));
            let Some(sub) = self.subs.get_mut(&number) else {
                continue;
            };
            let Some(every) = sub.subscription.time_interval.as_ref() else {
                continue;
            };
            let every = every.micros().max(1);
            let start = sub.subscription.created_at.micros();
            let n = (now.wall.0 - start).max(0) / every;
            self.ticks.insert((start + (n + 1) * every, number));
            let active = sub.subscription.status(super::core::time(now)) == Status::Active;
            // One that is still under way says the same.
            if sub.ticking || !active {
                continue;
            }
            let what = What::Tick(u64::try_from(n).unwrap_or(0));
            let (lane, job) = (sub.lane, job(number, sub, what));
            if self.push(lane, job, key(number, ""), now) == Room::Some
                && let Some(sub) = self.subs.get_mut(&number)
            {
                sub.ticking = true;
            }
        }
    }
}

fn window(s: &Subscription) -> Duration {
    let us = s.throttling.as_ref().map_or(0, |t| t.micros());
    Duration::from_micros(u64::try_from(us).unwrap_or(0))
}

/// The later of two changes of one entity, which tells what the earlier one touched as well, and
/// what all of it was before.
fn joined(earlier: &Recorded, later: &Arc<Recorded>) -> Arc<Recorded> {
    if later.is_creation() {
        return later.clone();
    }
    let mut all = (**later).clone();
    let new = all.touched.clone();
    all.touched = earlier
        .touched
        .iter()
        .filter(|t| !new.contains(t))
        .cloned()
        .collect();
    all.touched.extend(new);
    match (&earlier.before, &mut all.before) {
        (None, before) if !later.is_deletion() => *before = None,
        (Some(first), Some(before)) => {
            for was in &first.attributes {
                let same = |a: &&mut crate::entity::Attribute| {
                    a.name == was.name && a.dataset_id() == was.dataset_id()
                };
                match before.attributes.iter_mut().find(same) {
                    Some(later) => *later = was.clone(),
                    None => before.attributes.push(was.clone()),
                }
            }
        }
        _ => {}
    }
    Arc::new(all)
}
