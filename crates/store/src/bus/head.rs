//! The newest durable records in memory, and the wait for newer ones. Never holds a record that is
//! not on disk: what a reader has seen is there after a power cut.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::group::Group;
use super::queue::lock;

#[derive(Debug)]
pub(super) struct Newest {
    state: Mutex<State>,
    news: Condvar,
    memory_max: usize,
}

#[derive(Debug)]
struct State {
    durable: u64,
    ring: VecDeque<Arc<Group>>,
    memory: usize,
    closed: bool,
}

/// Where a reader finds what it asks for.
#[derive(Debug)]
pub(super) enum Where {
    /// Here.
    Memory(Arc<Group>),
    /// On disk.
    Disk,
    /// Nowhere yet.
    Ahead,
}

impl Newest {
    pub(super) fn new(durable: u64, memory_max: usize) -> Self {
        Self {
            state: Mutex::new(State {
                durable,
                ring: VecDeque::new(),
                memory: 0,
                closed: false,
            }),
            news: Condvar::new(),
            memory_max,
        }
    }

    /// A group has become durable.
    pub(super) fn grow(&self, mut group: Group) {
        // The ring keeps many small groups: room that a group did not use is given back.
        group.bytes.shrink_to_fit();
        group.starts.shrink_to_fit();
        let mut s = lock(&self.state);
        s.durable = group.next() - 1;
        s.memory += group.memory();
        s.ring.push_back(Arc::new(group));
        while s.memory > self.memory_max {
            let Some(oldest) = s.ring.pop_front() else {
                break;
            };
            s.memory -= oldest.memory();
        }
        drop(s);
        self.news.notify_all();
    }

    /// Nothing will come any more: those who wait need not.
    pub(super) fn wake(&self) {
        lock(&self.state).closed = true;
        self.news.notify_all();
    }

    pub(super) fn durable(&self) -> u64 {
        lock(&self.state).durable
    }

    /// Waits until record `seq` is durable, at most for `patience`; gives the newest durable one.
    pub(super) fn wait(&self, seq: u64, patience: Duration) -> u64 {
        let s = lock(&self.state);
        if s.durable >= seq || patience.is_zero() {
            return s.durable;
        }
        let older = |s: &mut State| s.durable < seq && !s.closed;
        let waited = self.news.wait_timeout_while(s, patience, older);
        waited.unwrap_or_else(PoisonError::into_inner).0.durable
    }

    pub(super) fn find(&self, seq: u64) -> Where {
        let s = lock(&self.state);
        if seq > s.durable {
            return Where::Ahead;
        }
        let after = s.ring.partition_point(|g| g.first <= seq);
        match after.checked_sub(1).and_then(|n| s.ring.get(n)) {
            Some(group) => Where::Memory(group.clone()),
            None => Where::Disk,
        }
    }
}
