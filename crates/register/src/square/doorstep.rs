//! How much of the open forms one network may take: the day's bound is for everybody.
//! Kept in memory for a day, written nowhere.

use core::time::Duration;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use loggia_model::At;

/// Forms of one kind that are taken from one network in 24 hours: a family, a house, a small
/// office.
pub(super) const OF_ONE_MAX: usize = 4;
/// Networks that are remembered; beyond it the day's bound alone holds.
const NETWORKS_MAX: usize = 10_000;
const DAY: Duration = Duration::from_secs(86_400);

/// Who filed how often, by network.
#[derive(Debug, Default)]
pub(super) struct Doorstep(Mutex<HashMap<IpAddr, Vec<At>>>);

impl Doorstep {
    /// Takes a place for `from`; false when its share of the day is used up. Nobody's share is
    /// counted where callers cannot be told apart.
    pub fn take(&self, from: Option<IpAddr>, now: At) -> bool {
        let Some(from) = from else { return true };
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let day = now.before(DAY);
        if book.len() >= NETWORKS_MAX {
            book.retain(|_, filed| filed.iter().any(|at| *at > day));
        }
        if book.len() >= NETWORKS_MAX && !book.contains_key(&from) {
            return true;
        }
        let filed = book.entry(from).or_default();
        filed.retain(|at| *at > day);
        let room = filed.len() < OF_ONE_MAX;
        if room {
            filed.push(now);
        }
        room
    }

    /// Gives a place back: nothing was filed with it.
    pub fn give_back(&self, from: Option<IpAddr>, at: At) {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(filed) = from.and_then(|f| book.get_mut(&f))
            && let Some(i) = filed.iter().position(|t| *t == at)
        {
            filed.swap_remove(i);
        }
    }
}

#[cfg(test)]
mod tests {
    use loggia_model::MANUAL_START;

    use super::*;

    #[test]
    fn one_network_has_its_share_and_the_next_its_own() {
        let (step, now) = (Doorstep::default(), MANUAL_START);
        let (a, b): (IpAddr, IpAddr) = ([192, 0, 2, 0].into(), [198, 51, 100, 0].into());
        assert!((0..OF_ONE_MAX).all(|_| step.take(Some(a), now)));
        assert!(!step.take(Some(a), now) && step.take(Some(b), now));
        assert!((0..100).all(|_| step.take(None, now)));
        step.give_back(Some(a), now);
        assert!(step.take(Some(a), now) && !step.take(Some(a), now));
        let tomorrow = now.after(DAY).after(Duration::from_secs(1));
        assert!(step.take(Some(a), tomorrow));
    }

    #[test]
    fn a_crowd_is_remembered_up_to_a_bound() {
        let step = Doorstep::default();
        for n in 0..2 * u32::try_from(NETWORKS_MAX).unwrap() {
            assert!(step.take(Some(n.to_be_bytes().into()), MANUAL_START));
        }
        assert_eq!(step.0.lock().unwrap().len(), NETWORKS_MAX);
        let later = MANUAL_START.after(DAY).after(Duration::from_secs(1));
        assert!(step.take(Some([255, 0, 0, 0].into()), later));
        assert_eq!(step.0.lock().unwrap().len(), 1);
    }
}
