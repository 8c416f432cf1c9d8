//! How entities evolved, kept on disk: instances by series in the order of time, derived from the
//! records of the log (clauses 4.5.6, 5.6.11 to 5.6.16, 5.7.3, 5.7.4). Never holds what the log did
//! not, never reads a clock, and a reader never waits for the writer.

mod aggregate;
mod apply;
mod ask;
mod code;
mod find;
mod follow;
mod forget;
mod known;
mod op;
mod page;
mod progress;
mod read;
mod rows;
mod schema;
mod scope;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use loggia_store::{Db, Durability, rusqlite};
use thiserror::Error as ThisError;

use crate::error::Problem;

pub use ask::{
    AGGREGATED_MAX, Answer, Ask, Count, EVALUATED_MAX, FILTERED_MAX, Found, INSTANCES_PER_ANSWER,
    Summary,
};
pub use follow::Following;
pub use forget::{Forgotten, SERIES_PER_STEP};
pub use op::{Erased, HistoryOp, What, ops_of, ops_of_fragment};
pub use progress::Progress;
pub use read::{Head, HistoryReader};

/// The file's name, in the folder of the data plane.
pub const HISTORY: &str = "history.sqlite";

/// Why the history gives no answer.
#[derive(Debug, ThisError)]
pub enum HistoryError {
    /// The disk, or the database.
    #[error(transparent)]
    Store(#[from] loggia_store::Error),
    /// The request is wrong, or costs more than it may.
    #[error(transparent)]
    Request(#[from] crate::Error),
    /// A row does not read. The file is derived: without it the next start makes it anew from what
    /// the log still holds.
    #[error("the history is damaged: {0}")]
    Damaged(&'static str),
}

impl HistoryError {
    /// Which row of table 6.3.2-1.
    #[must_use]
    pub const fn problem(&self) -> Problem {
        match self {
            Self::Request(e) => e.problem(),
            Self::Store(_) | Self::Damaged(_) => Problem::InternalError,
        }
    }
}

impl From<rusqlite::Error> for HistoryError {
    fn from(e: rusqlite::Error) -> Self {
        Self::Store(e.into())
    }
}

impl From<crate::query::Fault> for HistoryError {
    fn from(fault: crate::query::Fault) -> Self {
        Self::Request(fault.into())
    }
}

/// The writer. There is one; readers come from [`Self::reader`].
#[derive(Debug)]
pub struct History {
    db: Arc<Db>,
    progress: Arc<Progress>,
    known: known::Known,
    /// The series that was looked at last for what may be forgotten.
    swept: i64,
    /// For how long instances are kept; for ever, if nothing is said.
    keep: Option<Duration>,
}

impl History {
    /// Opens or makes the file at `path`. A power cut may take its last transactions, never their
    /// order: [`Self::done`] then says where the log is to be read from.
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let db = Db::open_with(path, Durability::Derived)?;
        db.migrate("history", schema::STEPS)?;
        let done: i64 = db.read(|tx| {
            let sql = "SELECT done FROM progress";
            Ok::<_, HistoryError>(tx.query_row(sql, [], |row| row.get(0))?)
        })?;
        let done = u64::try_from(done).map_err(|_| HistoryError::Damaged("its place"))?;
        Ok(Self {
            db: Arc::new(db),
            progress: Arc::new(Progress::new(done)),
            known: known::Known::default(),
            swept: 0,
            keep: None,
        })
    }

    /// Keeps instances for so long and no longer, once it follows a log: what is older by its
    /// `observedAt`, or by when it was written if it has none, is forgotten within an hour or so.
    #[must_use]
    pub fn keeping(mut self, time: Duration) -> Self {
        self.keep = Some(time);
        self
    }

    /// The last record whose effect is here.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.progress.done()
    }

    /// How far it has come, for whoever waits for it.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// Reads while this writes.
    #[must_use]
    pub fn reader(&self) -> HistoryReader {
        HistoryReader::new(self.db.clone())
    }
}
