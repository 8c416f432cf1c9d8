//! One subscription on its way: what it has still to be told of. Never holds what is told already,
//! but for what was told out of turn.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::job::{Job, What};
use super::silence::Silence;
use crate::Recorded;
use crate::subscription::{Subscription, Tally};

/// Changes told out of turn that a subscription remembers: a lane has a quarter of that. One that
/// is forgotten is told twice.
const AHEAD_MAX: usize = 512;

/// One subscription.
pub(super) struct Sub {
    pub subscription: Arc<Subscription>,
    pub tenant: Arc<str>,
    pub version: u32,
    pub lane: u32,
    /// Changes before this one are not for it.
    pub from: u64,
    /// Changes that it has still to be told of and that are in memory.
    pub outstanding: BTreeSet<u64>,
    /// Changes that were tried, and so counted, and then set aside: a few for each time that the
    /// receiver went away.
    pub counted: BTreeSet<u64>,
    /// Changes that were told before an earlier one was, so that reading again passes over them.
    pub ahead: BTreeSet<u64>,
    /// From where on it has to read again.
    pub next: Option<u64>,
    /// When it was silent.
    pub silences: Vec<Silence>,
    pub pause: Pause,
    /// A notification by interval is under way.
    pub ticking: bool,
    pub tally: Tally,
    pub tally_changed: bool,
}

/// What a throttled subscription waits with.
#[derive(Default)]
pub(super) struct Pause {
    /// Nothing is sent before then.
    pub until: Duration,
    /// The last change of each entity, in the order in which they changed first.
    pub held: Vec<Arc<Recorded>>,
    /// Changes that those stand for.
    pub also: Vec<u64>,
}

impl Sub {
    /// Whether nothing may be sent to it now. What it had still to be told of stays in the log.
    pub fn is_paused(&self) -> bool {
        self.subscription.is_active == Some(false)
    }

    /// Whether it is to be told of a change, sooner or later.
    pub fn hears(&self, change: &Recorded) -> bool {
        let lasting = self.silences.iter().any(|s| s.to.is_none());
        self.from <= change.seq
            && (lasting || !self.is_paused())
            && !self.silences.iter().any(|s| s.covers(change))
            && self.subscription.asks_for(change).is_some()
    }

    /// The first change that it has still to be told of, or to look at.
    pub fn first_undone(&self) -> Option<u64> {
        let waits = self.outstanding.first().copied();
        [waits, self.next].into_iter().flatten().min()
    }

    /// It was told of a change, or never will be.
    pub fn is_done_with(&mut self, seqs: impl Iterator<Item = u64>) {
        for seq in seqs {
            self.outstanding.remove(&seq);
            if self.ahead.len() < AHEAD_MAX {
                self.ahead.insert(seq);
            }
        }
        match self.first_undone() {
            Some(first) => self.ahead = self.ahead.split_off(&first),
            None => self.ahead.clear(),
        }
    }
}

pub(super) fn job(number: u64, sub: &Sub, what: What) -> Job {
    Job {
        number,
        version: sub.version,
        subscription: sub.subscription.clone(),
        tenant: sub.tenant.clone(),
        what,
        attempts: 0,
        taken_before: None,
        not_before: Duration::ZERO,
    }
}
