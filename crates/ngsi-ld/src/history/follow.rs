//! The thread that follows the log: each record's effect goes into the history, many records in one
//! transaction. Never ahead of what is durable in the log, and says what is done only once it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use loggia_store::Error as StoreError;
use loggia_store::bus::Reader;

use super::{History, HistoryError, HistoryReader, Progress};
use crate::broker::Broker;
use crate::time::Time;

/// Records in one transaction: at 25,000 instances a second 40 ms, which a reader who waits for his
/// own write waits at most twice.
const RECORDS_AT_ONCE: usize = 1_000;
/// How long it waits for a record before it looks whether it has to stop.
const PATIENCE: Duration = Duration::from_millis(500);
/// After a failure, before it tries again.
const PAUSE: Duration = Duration::from_secs(1);
/// Transactions are made durable this often, and only then the log may forget their records: a
/// power cut lets 10 s of records be read again.
const DURABLE_EVERY: Duration = Duration::from_secs(10);
/// What is old is looked for this often: kept a year, an instance then lives 0.01 % longer.
const FORGET_EVERY_US: i64 = 3_600_000_000;
/// Instances that are forgotten between two looks at the log: 50 ms, which a reader who waits for
/// his own write waits at most.
const FORGOTTEN_AT_ONCE: usize = 5_000;
/// Its place in the log.
const CURSOR: &str = "history";

/// A history that follows the log; it stops when this is dropped.
#[derive(Debug)]
pub struct Following {
    reader: HistoryReader,
    progress: Arc<Progress>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl History {
    /// Follows the broker's log from where it is on.
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn follow(mut self, broker: Arc<Broker>) -> Result<Following, HistoryError> {
        let durable = broker.bus().durable();
        if self.done() > durable {
            // A log out of an older backup: its next records have numbers that were given before.
            tracing::warn!(
                history = self.done(),
                log = durable,
                "the history is ahead of the log, which was restored; it goes back"
            );
            self.rewind(durable)?;
        }
        broker.bus().open_cursor(CURSOR, self.done())?;
        let (reader, progress) = (self.reader(), self.progress());
        let stop = Arc::new(AtomicBool::new(false));
        let told = stop.clone();
        let mut follower = Follower {
            history: self,
            kept: Instant::now(),
            forgot_at: None,
            broker,
        };
        let thread = std::thread::Builder::new()
            .name("loggia-history".to_owned())
            .spawn(move || follower.run(&told));
        if let Err(e) = &thread {
            tracing::error!(error = %e, "no thread for the history: nothing is added to it");
        }
        Ok(Following {
            reader,
            progress,
            stop,
            thread: thread.ok(),
        })
    }

    /// Takes back what records after `seq` brought. What they erased or corrected stays so.
    fn rewind(&mut self, seq: u64) -> Result<(), HistoryError> {
        let last = crate::temporal::InstanceId::of(seq, u16::MAX).to_bits();
        let place = i64::try_from(seq).unwrap_or(i64::MAX);
        self.db.write(|tx| {
            tx.execute("DELETE FROM instance WHERE id > ?1", [last])?;
            tx.execute("UPDATE progress SET done = ?1", [place])?;
            Ok::<_, HistoryError>(())
        })?;
        self.known.forget();
        self.progress.reach(seq);
        Ok(())
    }
}

impl Following {
    /// Reads the history.
    #[must_use]
    pub const fn reader(&self) -> &HistoryReader {
        &self.reader
    }

    /// How far it has come.
    #[must_use]
    pub const fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the history ended badly");
        }
    }
}

struct Follower {
    history: History,
    broker: Arc<Broker>,
    /// When what is done was made durable last.
    kept: Instant,
    /// When it was last done with looking for what is old.
    forgot_at: Option<Time>,
}

impl Follower {
    fn run(&mut self, stop: &AtomicBool) {
        let mut reader = self.broker.bus().reader(self.history.done() + 1);
        while !stop.load(Ordering::Acquire) {
            if let Err(e) = self.step(&mut reader) {
                tracing::warn!(error = %e, "the history waits");
                std::thread::sleep(PAUSE);
                reader.seek(self.history.done() + 1);
            }
        }
        self.keep();
    }

    /// Takes what is there, waiting for the first record alone.
    fn step(&mut self, reader: &mut Reader) -> Result<(), HistoryError> {
        let mut ops = Vec::new();
        let mut last = None;
        let mut patience = PATIENCE;
        for _ in 0..RECORDS_AT_ONCE {
            let row = match reader.next(patience) {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(StoreError::Lapped { from, to }) => {
                    tracing::error!(from, to, "records were gone before the history had them");
                    self.history.apply(&[], to)?;
                    reader.seek(to + 1);
                    return Ok(());
                }
                Err(e) => return Err(e.into()),
            };
            patience = Duration::ZERO;
            last = Some(row.seq());
            match self.broker.history_ops(&row) {
                Ok(some) => ops.extend(some),
                // The log itself refuses to open with such a record; the others are not held up.
                Err(e) => tracing::error!(seq = row.seq(), error = %e, "a record without history"),
            }
        }
        if let Some(last) = last {
            self.history.apply(&ops, last)?;
        }
        if self.kept.elapsed() >= DURABLE_EVERY {
            self.keep();
        }
        self.forget()
    }

    /// One step of forgetting what is older than it is kept for.
    fn forget(&mut self) -> Result<(), HistoryError> {
        let now = self.broker.now();
        let since = |at: Time| now.micros().saturating_sub(at.micros()).saturating_abs();
        let rests = self.forgot_at.is_some_and(|at| since(at) < FORGET_EVERY_US);
        let Some(keep) = self.history.keep.filter(|_| !rests) else {
            return Ok(());
        };
        let keep = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
        let before = Time::of_micros(now.micros().saturating_sub(keep));
        let step = self.history.forget_before(before, FORGOTTEN_AT_ONCE)?;
        self.forgot_at = Some(now).filter(|_| !step.more);
        Ok(())
    }

    /// Makes what was done durable, and lets the log know.
    fn keep(&mut self) {
        self.kept = Instant::now();
        let done = self.history.done();
        let kept = self
            .history
            .db
            .checkpoint()
            .and_then(|()| self.broker.bus().advance(CURSOR, done));
        if let Err(e) = kept {
            tracing::warn!(error = %e, "the history's place is not kept for now");
        }
    }
}
