//! What can go wrong with the log, one variant per thing that a caller does differently.
//! Never carries key material; texts name the entry or tile and what to do.

use loggia_model::{Digest, Fault};

/// Failures of the log, of its recovery and of its verification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The queue in front of the writer is full: the disk is slower than the callers.
    #[error("the public log has {queued} entries waiting and takes no more; try again in a second")]
    Busy {
        /// Entries that wait.
        queued: usize,
    },
    /// The disk has no room; nothing of this append is in the log. Later appends may succeed.
    #[error("the disk of the public log is full; free some space and try again")]
    DiskFull,
    /// The writer has stopped for good; a restart recovers what is durable.
    #[error("the public log has stopped and needs a restart: {0}")]
    Stopped(String),
    /// An entry is longer than a bundle can carry (C2SP tlog-tiles: 65,535 bytes).
    #[error("the entry has {bytes} bytes; the log takes at most 65535")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
    },
    /// More entries in one append than the limit.
    #[error("{given} entries in one append; at most {max} are taken")]
    TooMany {
        /// Entries given.
        given: usize,
        /// The limit.
        max: usize,
    },
    /// Reading or writing a file failed.
    #[error("{path}: {reason}")]
    Io {
        /// File inside the log folder.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// There is no such entry, size or tile.
    #[error("{0}")]
    NotThere(String),
    /// Bytes that are not what they should be: a note, a bundle, an entry, a tile path.
    #[error("{what}: {why}")]
    Malformed {
        /// Which thing, e.g. `entry 17` or `tile/0/000.p/3`.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A checkpoint's signature does not verify under the given key.
    #[error("the checkpoint is not signed by {name}: {why}")]
    BadSignature {
        /// Name of the expected key.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The tree shrank: a kept or signed checkpoint covers more entries than there are.
    #[error(
        "rollback: a signed checkpoint covers {signed} entries but only {found} are here. The \
         folder is older than what was published; do not start on it. Restore the newer copy of \
         the log folder, or start a new log with a new origin and say so in public"
    )]
    Rollback {
        /// Entries under the checkpoint's signature.
        signed: u64,
        /// Entries found.
        found: u64,
    },
    /// Two trees of the same size under one name.
    #[error(
        "fork: the signed checkpoint of {size} entries has root {signed}, but the first {size} \
         entries here have root {found}; an entry below {size} was changed"
    )]
    Fork {
        /// Size at which the trees are compared.
        size: u64,
        /// Root in the signed (or kept) checkpoint.
        signed: Digest,
        /// Root of what is here.
        found: Digest,
    },
    /// The folder cannot be trusted to hold the log that it should.
    #[error("the log folder is damaged: {0}")]
    Damaged(String),
    /// A tile differs from what the entries give.
    #[error("{path} does not agree with the entries: {why}")]
    WrongTile {
        /// Path below the log folder.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// Fewer witnesses than the policy asks for have cosigned a checkpoint.
    #[error(
        "the checkpoint of {size} entries is cosigned by {by}, which is not the quorum of the log \
         policy; ask again once more witnesses have cosigned"
    )]
    NoQuorum {
        /// Entries under the checkpoint.
        size: u64,
        /// The policy's names of the keys that cosigned.
        by: String,
    },
    /// The quorum of witnesses has not cosigned the entry.
    #[error("{0}")]
    Unwitnessed(crate::gather::Unseen),
    /// A witness's memory of what it cosigned is lost or altered.
    #[error(
        "{0}: this witness no longer knows what it cosigned, and must not guess. It stays closed. \
         If a disk failed or a backup was put back, retire it: tell every city that lists its \
         keys, and make a new one in an empty folder with `loggia witness init`"
    )]
    WitnessForgot(String),
    /// A proof does not lead from the leaf, or the old root, to the checkpoint's root.
    #[error("the proof does not hold: {0}")]
    WrongProof(String),
}

impl Error {
    pub(crate) fn malformed(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Malformed {
            what: what.into(),
            why: why.into(),
        }
    }

    pub(crate) fn io(path: &str, e: &std::io::Error) -> Self {
        match e.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io {
                path: path.to_owned(),
                reason: e.to_string(),
            },
        }
    }
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        match e {
            Error::Busy { .. } | Error::DiskFull => Self::Busy(e.to_string()),
            Error::NotThere(s) => Self::NotFound(s),
            Error::Unwitnessed(why) => Self::Unwitnessed(why.to_string()),
            Error::TooLarge { .. }
            | Error::TooMany { .. }
            | Error::Malformed { .. }
            | Error::WrongProof(_)
            | Error::NoQuorum { .. }
            | Error::BadSignature { .. } => Self::Invalid(e.to_string()),
            // Paths and reasons go to the log, not to the client.
            other => {
                tracing::error!(error = %other, "public log");
                Self::Broken("the public log cannot be read or written at the moment".to_owned())
            }
        }
    }
}
