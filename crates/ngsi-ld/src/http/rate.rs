//! How often one caller may call: a bucket of calls for each, which fills up again by the second.
//! Bounded: who comes when the table is full shares a bucket with all others who do. Never counts
//! what a call costs.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::Request;
use axum::http::{StatusCode, request::Parts};
use loggia_api::{Device, Me, network};
use loggia_model::PersonId;

use super::answer::Failure;
use crate::error::Problem;

/// Callers that are told apart: 10,000 of 100 bytes are a megabyte.
const CALLERS_MAX: usize = 10_000;
/// A bucket holds the calls of so many seconds: a gateway sends what it gathered in a second at
/// once.
const BURST_S: f64 = 2.0;
/// Calls of one caller in a second, when nothing else is configured: ten times what a gateway of
/// 100 devices sends each second. More go into batches, of 10,000 entities each.
pub const CALLS_PER_S: u32 = 1_000;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// A device, by the number of its key.
    Device(u64),
    /// A person.
    Person(PersonId),
    /// Somebody in a demo, by their network.
    Network(IpAddr),
    /// All those who came when the table was full.
    Others,
}

impl Who {
    /// Who makes this call; nobody who is to be told apart on this machine itself without a key.
    pub(super) fn of(request: Request) -> (Option<Self>, Request) {
        let (parts, body) = request.into_parts();
        let who = Self::within(&parts);
        (who, Request::from_parts(parts, body))
    }

    fn within(parts: &Parts) -> Option<Self> {
        if let Some(Device(number)) = parts.extensions.get() {
            return Some(Self::Device(*number));
        }
        match parts.extensions.get::<Me>() {
            Some(Me(actor)) => Some(Self::Person(actor.person.clone())),
            None => network(parts).map(Self::Network),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    calls: f64,
    /// When it was looked at last.
    at: Duration,
}

/// The buckets.
#[derive(Debug)]
pub struct Rate {
    per_s: f64,
    buckets: Mutex<HashMap<Who, Bucket>>,
}

impl Rate {
    /// So many calls a second of one caller, and twice as many at once.
    #[must_use]
    pub fn of(per_s: u32) -> Self {
        Self {
            per_s: f64::from(per_s.max(1)),
            buckets: Mutex::default(),
        }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// 429, when the caller's bucket is empty.
    pub(super) fn count(&self, who: Option<Who>, now: Duration) -> Result<(), Failure> {
        let Some(who) = who else {
            return Ok(());
        };
        let most = self.per_s * BURST_S;
        let filled = |b: &Bucket| {
            let since = now.saturating_sub(b.at).as_secs_f64();
            (b.calls + since * self.per_s).min(most)
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut who = who;
        if buckets.len() >= CALLERS_MAX && !buckets.contains_key(&who) {
            // A full bucket says nothing that a new one does not.
            buckets.retain(|_, b| filled(b) < most);
            if buckets.len() >= CALLERS_MAX {
                who = Who::Others;
            }
        }
        let bucket = buckets.entry(who).or_insert(Bucket {
            calls: most,
            at: now,
        });
        let calls = filled(bucket);
        bucket.at = now;
        bucket.calls = calls;
        if calls < 1.0 {
            return Err(Failure::Other {
                status: StatusCode::TOO_MANY_REQUESTS,
                problem: Problem::TooManyRequests,
                detail: format!(
                    "more than {} calls a second of one caller: send several entities in one call",
                    self.per_s
                ),
            });
        }
        bucket.calls -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(number: u64) -> Option<Who> {
        Some(Who::Device(number))
    }

    #[test]
    fn each_has_what_it_may_and_no_more() {
        let rate = Rate::of(5);
        let at = Duration::from_millis;
        let taken = |who: u64, now| {
            let calls = (0..100).take_while(|_| rate.count(of(who), now).is_ok());
            calls.count()
        };
        assert_eq!(taken(1, at(0)), 10, "two seconds at once");
        assert_eq!(taken(2, at(0)), 10, "another one's calls are their own");
        assert_eq!(taken(1, at(0)), 0);
        assert_eq!(taken(1, at(199)), 0);
        assert_eq!(taken(1, at(1_000)), 5);
        assert_eq!(taken(1, at(100_000)), 10, "no more than the bucket holds");
        assert!((0..1_000).all(|_| rate.count(None, at(0)).is_ok()));
    }

    #[test]
    fn the_table_is_bounded_and_forgets_who_is_quiet() {
        let rate = Rate::of(1);
        let callers = CALLERS_MAX as u64;
        for n in 0..callers {
            rate.count(of(n), Duration::ZERO).unwrap();
        }
        let size = || rate.buckets.lock().unwrap().len();
        assert!(rate.count(of(callers), Duration::ZERO).is_ok());
        assert!(rate.count(of(callers + 1), Duration::ZERO).is_ok());
        assert!(
            rate.count(of(callers + 2), Duration::ZERO).is_err(),
            "they share one"
        );
        assert_eq!(size(), CALLERS_MAX + 1);
        assert!(rate.count(of(callers + 2), Duration::from_secs(1)).is_ok());
        assert_eq!(size(), 2, "that one and the shared one");
    }
}
