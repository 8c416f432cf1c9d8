//! The thread that reads the log: new records for all, old ones for those who fell behind, and how
//! far each has come. Never moves a cursor past what somebody has still to be told.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use loggia_store::Error;
use loggia_store::bus::{Bus, Reader, Record};

use super::again::Late;
use super::job::What;
use super::lane::Buried;
use super::limits::BATCH;
use super::sender::{Shared, TOO_OLD, late};
use crate::Recorded;

/// The cursor up to which all is done but for those that have one of their own.
pub(super) const MAIN: &str = "notify";
/// How often cursors move: after a crash at most so much is told again, beside the log's own pause.
const SWEEP: Duration = Duration::from_millis(250);
/// How often tallies are kept. 10,000 of 60 B each time are 60 kB/s of log at the worst.
const TALLIES: Duration = Duration::from_secs(10);
/// How long a new record is waited for while nobody has to read again.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long a damaged log is left alone.
const LULL: Duration = Duration::from_secs(5);

/// The cursor of one subscription.
pub(super) fn cursor(number: u64) -> String {
    format!("{MAIN}/{number}")
}

/// The subscription that a cursor is of.
pub(super) fn number_of(cursor: &str) -> Option<u64> {
    cursor.strip_prefix(MAIN)?.strip_prefix('/')?.parse().ok()
}

pub(super) struct Reading {
    pub shared: Arc<Shared>,
    pub bus: Arc<Bus>,
    pub news: Reader,
    pub again: Reader,
}

impl Reading {
    /// Reads until told to stop.
    pub fn run(mut self) {
        let (mut swept, mut told) = (Instant::now(), Instant::now());
        while !self.shared.stop.load(Ordering::Acquire) {
            let busy = self.read_again();
            self.read_news(if busy { Duration::ZERO } else { PATIENCE });
            if swept.elapsed() >= SWEEP {
                swept = Instant::now();
                self.sweep();
            }
            if told.elapsed() >= TALLIES {
                told = Instant::now();
                self.keep_tallies();
            }
        }
        self.sweep();
        self.keep_tallies();
    }

    fn keep_tallies(&self) {
        let changed = self.shared.core().changed_tallies();
        if !changed.is_empty() {
            self.shared.source.keep(&changed);
        }
    }

    fn read_news(&mut self, patience: Duration) {
        let mut patience = patience;
        for _ in 0..BATCH {
            let record = match self.news.next(patience) {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(e) => return self.stumble(&e),
            };
            patience = Duration::ZERO;
            match self.change(&record) {
                Some(change) => {
                    let now = self.shared.now();
                    self.shared.core().offer(&change, now);
                    self.shared.wake.notify_one();
                }
                None => self.shared.core().pass(record.seq()),
            }
        }
    }

    /// Some records for those who fell behind; whether there were any.
    fn read_again(&mut self) -> bool {
        let now = self.shared.now();
        let (from, live) = {
            let mut core = self.shared.core();
            (core.begin_again(now), core.live)
        };
        let Some(from) = from else {
            return false;
        };
        if self.again.position() != from {
            self.again.seek(from);
        }
        for _ in 0..BATCH {
            if self.again.position() >= live {
                break;
            }
            let record = match self.again.next(Duration::ZERO) {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(Error::Lapped { to, .. }) => {
                    tracing::error!(to, "records went before all were told of them");
                    self.shared.core().lapsed(to);
                    return true;
                }
                Err(e) => {
                    self.stumble(&e);
                    break;
                }
            };
            if let Some(change) = self.change(&record) {
                self.offer_again(&change);
            }
            if self.shared.core().scanning.is_empty() {
                break;
            }
        }
        let reached = self.again.position();
        self.shared.core().end_again(reached);
        self.shared.wake.notify_one();
        reached > from
    }

    fn offer_again(&self, change: &Arc<Recorded>) {
        let mut given_up = Vec::new();
        let now = self.shared.now();
        self.shared.core().offer_again(change, now, &mut given_up);
        for Late { number, change } in given_up {
            let seq = change.seq;
            let job = late(&self.shared.core(), number, What::one(change));
            let buried = job.map_or(Buried::Kept, |job| self.shared.bury(&job, TOO_OLD));
            let mut core = self.shared.core();
            match buried {
                Buried::Kept => core.counts.given_up += 1,
                Buried::NotKept => core.stop_at(number, seq),
            }
        }
    }

    fn change(&self, record: &Record) -> Option<Arc<Recorded>> {
        match self.shared.source.change(record) {
            Ok(change) => change.map(Arc::new),
            Err(why) => {
                let seq = record.seq();
                tracing::error!(seq, why, "a record cannot be read; nobody is told of it");
                None
            }
        }
    }

    /// The log says no: it is asked again later, from the same record.
    fn stumble(&mut self, e: &Error) {
        if let Error::Lapped { from, to } = e {
            tracing::error!(from, to, "records went before anybody was told of them");
            self.news.seek(to + 1);
            self.shared.core().pass(*to);
            return;
        }
        tracing::error!(error = %e, "the log cannot be read; notifications wait");
        std::thread::sleep(LULL);
    }

    /// Writes down how far each has come: first those that are not done, then all others. Whenever
    /// it is cut off, no cursor is past what somebody has still to be told.
    fn sweep(&self) {
        let (places, live, known) = {
            let mut core = self.shared.core();
            let known = std::mem::take(&mut core.cursors);
            (core.places(), core.live, known)
        };
        for (number, place) in &places {
            let name = cursor(*number);
            let moved = match known.contains(number) {
                true => self.bus.advance(&name, *place),
                false => self.bus.open_cursor(&name, *place).map(|_| ()),
            };
            if let Err(e) = moved {
                tracing::error!(error = %e, name, "a cursor cannot be kept");
                self.shared.core().cursors = known;
                return;
            }
        }
        if let Err(e) = self.bus.advance(MAIN, live.saturating_sub(1)) {
            tracing::error!(error = %e, "the cursor of notifications does not move");
        }
        for number in known.iter().filter(|n| !places.contains_key(n)) {
            self.bus.remove_cursor(&cursor(*number));
        }
        let kept: HashSet<u64> = places.into_keys().collect();
        self.shared.core().cursors = kept;
    }
}
