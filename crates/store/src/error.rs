//! What can go wrong in storage, one variant for each thing a caller does differently.
//! Never carries key bytes or footage.

use std::path::{Path, PathBuf};
use std::time::Duration;

use loggia_model::{CameraId, Fault, Hour, KeyId};

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system said no.
    #[error("{doing} {path}: {source}")]
    Files {
        /// What was being done, e.g. `write`.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
    /// There is no space left for footage; recording resumes when space returns.
    #[error("the disk is full")]
    DiskFull,
    /// SQLite said no.
    #[error("database: {0}")]
    Sql(#[from] rusqlite::Error),
    /// A migration that was already applied has been edited since.
    #[error("migration {n} of `{owner}` was changed after it had been applied")]
    MigrationChanged {
        /// Whose migrations.
        owner: String,
        /// Which one, from 1.
        n: usize,
    },
    /// The database was written by a newer program.
    #[error("the data folder was written by a newer version (`{owner}` has {found} migrations)")]
    NewerData {
        /// Whose migrations.
        owner: String,
        /// How many are applied.
        found: usize,
    },
    /// No such record in the index.
    #[error("no record {seq} of {camera}")]
    NoRecord {
        /// Which camera.
        camera: CameraId,
        /// Which place in its chain.
        seq: u64,
    },
    /// The stored bytes are not the bytes that were sealed; they are not served.
    #[error("record {seq} of {camera} is damaged on disk")]
    Damaged {
        /// Which camera.
        camera: CameraId,
        /// Which place in its chain.
        seq: u64,
    },
    /// Footage on disk was signed by a recorder whose public key was not given.
    #[error("footage in {path} is signed by recorder {key}, whose public key is not known here")]
    UnknownRecorder {
        /// The segment.
        path: PathBuf,
        /// The key's id in the record.
        key: KeyId,
    },
    /// The writer has stopped after the disk failed to keep what it had accepted; restart recovers.
    #[error("the writer has stopped: {0}")]
    WriterStopped(String),
    /// The hour's key has been destroyed, or never was.
    #[error("the key of {camera} for hour {} is gone", hour.0)]
    KeyGone {
        /// Which camera.
        camera: CameraId,
        /// Which hour.
        hour: Hour,
    },
    /// A file of the store is not what this program writes.
    #[error("{path} is not readable: {why}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// In words.
        why: String,
    },
    /// A sealed secret cannot be opened with this machine's key and this context.
    #[error("this secret was sealed by another machine's key or for another use")]
    WrongMachineKey,
    /// There are sealed secrets but no machine key (a backup was restored without it).
    #[error("{path} is missing, but there are secrets sealed with it: put the kept copy back")]
    MachineKeyMissing {
        /// Where the key belongs.
        path: PathBuf,
    },
    /// The queue of the bus is full. Nothing was taken; ask again after `retry_after`.
    #[error("too many records wait for the disk; again after {} ms", retry_after.as_millis())]
    Busy {
        /// When a place is likely.
        retry_after: Duration,
    },
    /// The record was taken and is on its way to the disk, which took longer than the caller would
    /// wait. It may still be kept: neither say that it is, nor that it is not.
    #[error("record {seq} is not yet on disk")]
    Unsettled {
        /// Its sequence number.
        seq: u64,
    },
    /// The log is damaged where it had been whole. Nothing after this place is served or cut.
    #[error("{path} is damaged at byte {offset}, where record {seq} should be: {why}")]
    LogDamaged {
        /// The file.
        path: PathBuf,
        /// Byte at which the damage begins.
        offset: u64,
        /// The first record that is not whole.
        seq: u64,
        /// In words.
        why: String,
    },
    /// Retention has dropped records before they were read: say so, then go on after `to`.
    #[error("records {from} to {to} are no longer kept")]
    Lapped {
        /// The first that was asked for.
        from: u64,
        /// The last that is gone.
        to: u64,
    },
    /// A name or size outside what the store accepts.
    #[error("{0}")]
    Refused(String),
}

impl Error {
    pub(crate) fn files(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Files {
                doing,
                path: path.to_owned(),
                source,
            },
        }
    }

    pub(crate) fn malformed(path: &Path, why: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            why: why.into(),
        }
    }
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        match e {
            Error::NoRecord { .. } | Error::KeyGone { .. } => Self::NotFound(e.to_string()),
            Error::DiskFull | Error::Busy { .. } => Self::Busy(e.to_string()),
            Error::Refused(why) => Self::Invalid(why),
            Error::Damaged { .. } => Self::Broken(e.to_string()),
            // Paths and SQL stay in the log, they are nobody's business on a page.
            other => {
                tracing::error!(error = %other, "storage failed");
                Self::Broken("storage failed; the machine's log says why".to_owned())
            }
        }
    }
}
