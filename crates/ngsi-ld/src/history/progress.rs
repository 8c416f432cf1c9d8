//! How far the history has come behind the log. Never holds a record.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A place that only grows, and that can be waited for.
#[derive(Debug)]
pub struct Progress {
    done: Mutex<u64>,
    moved: Condvar,
}

impl Progress {
    pub(super) const fn new(done: u64) -> Self {
        Self {
            done: Mutex::new(done),
            moved: Condvar::new(),
        }
    }

    /// The last record whose effect can be read.
    #[must_use]
    pub fn done(&self) -> u64 {
        *self.lock()
    }

    /// Waits until record `seq` can be read, at most for `patience`; gives how far it has come.
    /// Whoever wrote something through the temporal API reads it then.
    #[must_use]
    pub fn wait(&self, seq: u64, patience: Duration) -> u64 {
        let waited = self
            .moved
            .wait_timeout_while(self.lock(), patience, |done| *done < seq);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn reach(&self, seq: u64) {
        *self.lock() = seq;
        self.moved.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
