//! What can go wrong at the alarm list, one variant per thing that the caller can do differently.

use loggia_model::Fault;

/// Why an acknowledgement, a shelf, a note or a view was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The alarm is not on the list (any more).
    #[error("this alarm is not on the list any more")]
    Gone,
    /// It was acknowledged before.
    #[error("this alarm was acknowledged before")]
    Acknowledged,
    /// It is shelved.
    #[error("this alarm is shelved; take it off the shelf first")]
    Shelved,
    /// It is not shelved.
    #[error("this alarm is not shelved")]
    NotShelved,
    /// The name names no alarm.
    #[error("this is no alarm's name")]
    Name,
    /// A shelf's end lies in the past or too far off.
    #[error("a shelf ends in the future, within 12 hours")]
    ShelfEnd,
    /// A shelf's reason is too short, too long or not words.
    #[error("give the reason in one line, 3 to 300 characters")]
    Reason,
    /// A note is empty, too long or not words.
    #[error("a hand-over note has 1 to 4,000 characters")]
    Note,
    /// So many notes of one person in an hour are no hand-over.
    #[error("at most 60 notes of one person in an hour")]
    TooManyNotes,
    /// A view's place, name or address does not do.
    #[error("a saved view has a number from 1 to 9, a name of 1 to 60 characters and an address")]
    View,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] loggia_store::Error),
    /// A row does not read back.
    #[error("the alarm list's table: {0}")]
    Row(String),
}

impl From<rusqlite::Error> for Error {
    fn from(e: rusqlite::Error) -> Self {
        Self::Store(e.into())
    }
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        match e {
            Error::Gone => Self::NotFound(e.to_string()),
            Error::Acknowledged | Error::Shelved | Error::NotShelved => {
                Self::Conflict(e.to_string())
            }
            Error::Name | Error::ShelfEnd | Error::Reason | Error::Note | Error::View => {
                Self::Invalid(e.to_string())
            }
            Error::TooManyNotes => Self::Busy(e.to_string()),
            Error::Store(e) => e.into(),
            Error::Row(_) => Self::Broken("the alarm list could not be read".to_owned()),
        }
    }
}
