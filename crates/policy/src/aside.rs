//! Telling the log of what must not wait for it: destruction, freezing and holding.
//! Never waits longer than a few seconds, and never tells the same thing twice.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use core::time::Duration;

use loggia_store::Db;
use loggia_transparency::Loggable;
use rusqlite::Transaction;

use crate::{Error, Policy};

/// How long an act that must not wait gives the log to take its entry before it goes on without.
const LOG_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Free,
    Busy,
    /// An entry is with the log for longer than [`LOG_WAIT`]: no second one is sent after it.
    Hangs,
}

/// The one entry that may be on its way to the log from acts that do not wait for it.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    line: Mutex<Line>,
    moved: Condvar,
}

impl Aside {
    fn set(&self, to: Line) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = to;
        self.moved.notify_all();
    }

    /// Waits while another's entry is on its way, [`LOG_WAIT`] at most; whether the way is ours
    /// now.
    fn begin(&self) -> bool {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = |line: &mut Line| *line == Line::Busy;
        let waited = self.moved.wait_timeout_while(line, LOG_WAIT, busy);
        let mut line = waited.unwrap_or_else(PoisonError::into_inner).0;
        let free = *line == Line::Free;
        if free {
            *line = Line::Busy;
        }
        free
    }

    /// Waits for the entry to arrive; whether it did.
    fn wait(&self) -> bool {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = |line: &mut Line| *line == Line::Busy;
        let waited = self.moved.wait_timeout_while(line, LOG_WAIT, busy);
        let mut line = waited.unwrap_or_else(PoisonError::into_inner).0;
        let arrived = *line == Line::Free;
        if !arrived {
            *line = Line::Hangs;
        }
        arrived
    }
}

impl Policy {
    /// Tells the log without waiting for it longer than some seconds. `then` keeps in the tables
    /// that it was told, whenever it was: also late, so that no entry is written twice. `value` is
    /// asked for once nothing else is on its way; none means that there is nothing to tell any
    /// more.
    ///
    /// A log that fails or hangs is no error: what it missed is told by a later tick.
    ///
    /// # Errors
    /// When `value` fails.
    pub(crate) fn tell_aside<T: Loggable + Send + 'static>(
        &self,
        value: impl FnOnce() -> Result<Option<T>, Error>,
        then: impl FnOnce(&Transaction<'_>, u64) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        if !self.aside.begin() {
            return Ok(());
        }
        let value = match value() {
            Ok(Some(value)) => value,
            Ok(None) => {
                self.aside.set(Line::Free);
                return Ok(());
            }
            Err(e) => {
                self.aside.set(Line::Free);
                return Err(e);
            }
        };
        let (log, db): (_, Arc<Db>) = (self.log.clone(), Arc::clone(&self.db));
        let aside = Arc::clone(&self.aside);
        let work = move || {
            let told = log.append(value).map_err(Error::from);
            let kept = told.and_then(|logged| db.write(|c| then(c, logged.index())));
            if let Err(error) = kept {
                tracing::error!(%error, "an act goes on although the log failed");
            }
            aside.set(Line::Free);
        };
        let named = std::thread::Builder::new().name("log-aside".to_owned());
        if named.spawn(work).is_err() {
            self.aside.set(Line::Free);
            tracing::error!("an act goes on without the log: no thread can be had");
        } else if !self.aside.wait() {
            tracing::error!("an act goes on although the log does not answer");
        }
        Ok(())
    }
}
