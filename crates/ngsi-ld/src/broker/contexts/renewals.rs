//! When @contexts that were fetched are to be fetched anew (clause 5.13.1). Never fetches.

use std::collections::BTreeSet;

use crate::time::Time;

/// One that was given out is due again after so long, unless it was fetched: a server that is away
/// is not asked at each call.
const AGAIN_US: i64 = 3_600_000_000;

/// By time, each local id once.
#[derive(Debug, Default)]
pub(super) struct Renewals(BTreeSet<(Time, Box<str>)>);

impl Renewals {
    /// When it is due; never, if nothing is said.
    pub(super) fn set(&mut self, local_id: &str, at: Option<Time>) {
        self.0.retain(|(_, id)| **id != *local_id);
        self.0.extend(at.map(|at| (at, local_id.into())));
    }

    /// Those that are due, at most so many.
    pub(super) fn due(&mut self, now: Time, max: usize) -> Vec<Box<str>> {
        let due = self.0.iter().take_while(|(at, _)| *at <= now);
        let ids: Vec<Box<str>> = due.take(max).map(|(_, id)| id.clone()).collect();
        let again = Time::of_micros(now.micros().saturating_add(AGAIN_US));
        for id in &ids {
            self.set(id, Some(again));
        }
        ids
    }
}
