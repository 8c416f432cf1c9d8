//! What is to be sent to one subscriber, and what came of trying. Never holds the text of it: that
//! is written when it is sent.

use std::sync::Arc;
use std::time::Duration;

use loggia_model::At;

use crate::Recorded;
use crate::subscription::Subscription;

/// The time, twice: by the wall for what is written down, and by a clock that never jumps for
/// when to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Wall time.
    pub wall: At,
    /// Time that only goes on.
    pub mono: Duration,
}

/// One notification.
#[derive(Debug, Clone)]
pub struct Job {
    /// Whose: the subscription's number.
    pub number: u64,
    /// Which form of the subscription it was made for.
    pub version: u32,
    /// The subscription as it was then.
    pub subscription: Arc<Subscription>,
    /// The tenant; empty for the default one.
    pub tenant: Arc<str>,
    /// What it tells.
    pub what: What,
    /// How often it was tried.
    pub attempts: u32,
    /// What its lane had got through when it failed first.
    pub taken_before: Option<u64>,
    /// Not tried before this.
    pub not_before: Duration,
}

/// What a notification tells.
#[derive(Debug, Clone)]
pub enum What {
    /// Changes, each of another entity; usually one.
    Changes {
        /// The last one of each entity.
        changes: Box<[Arc<Recorded>]>,
        /// Numbers of those that they stand for beside their own.
        also: Box<[u64]>,
    },
    /// Entities as they are: the interval has passed so many times.
    Tick(u64),
    /// A dead letter that is sent again.
    Letter(i64),
}

impl What {
    /// Of one change.
    #[must_use]
    pub fn one(change: Arc<Recorded>) -> Self {
        Self::Changes {
            changes: Box::new([change]),
            also: Box::default(),
        }
    }

    /// The numbers of the changes that are done when it is.
    pub fn seqs(&self) -> impl Iterator<Item = u64> {
        let (changes, also): (&[Arc<Recorded>], &[u64]) = match self {
            Self::Changes { changes, also } => (changes, also),
            _ => (&[], &[]),
        };
        changes.iter().map(|c| c.seq).chain(also.iter().copied())
    }

    /// When the oldest of its changes was.
    #[must_use]
    pub fn since(&self) -> Option<At> {
        match self {
            Self::Changes { changes, .. } => changes.iter().map(|c| At(c.at.micros())).min(),
            _ => None,
        }
    }
}

/// What came of trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has been taken.
    Delivered,
    /// There was nothing to tell.
    Moot,
    /// It was not taken.
    Failed(Failure),
}

/// Why it was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Of which kind.
    pub kind: FailureKind,
    /// The receiver asked to be left alone for so long.
    pub retry_after: Option<Duration>,
    /// In words.
    pub why: String,
}

/// Whether the receiver or the notification is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Nobody is there, or nobody who could take anything.
    Unavailable,
    /// Somebody is there and will not take this one.
    Refused,
}

impl Failure {
    /// Nobody is there.
    #[must_use]
    pub fn unavailable(why: impl std::fmt::Display) -> Self {
        Self {
            kind: FailureKind::Unavailable,
            retry_after: None,
            why: why.to_string(),
        }
    }
}
