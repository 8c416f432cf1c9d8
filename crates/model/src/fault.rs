//! The few ways in which anything fails, as a caller sees them. Detail goes to the log, not here.

use core::fmt;

/// A closed list; `api` maps it to problem+json (RFC 9457) in one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The input is wrong; the text says what and what to do.
    Invalid(String),
    /// No session, or it has ended.
    Unauthenticated,
    /// A call that ought to be signed is not signed so that it counts; the text says what to do.
    Unsigned(String),
    /// Signed in, but not allowed; the text gives the reason.
    Forbidden(String),
    /// There is no such thing.
    NotFound(String),
    /// It cannot be done in this state; the text says why and what would help.
    Conflict(String),
    /// Too much at once; try again later.
    Busy(String),
    /// Its entry in the public log waits for the witnesses; the text says what stops and what goes
    /// on.
    Unwitnessed(String),
    /// Something broke here; the text is safe to show.
    Broken(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthenticated => f.write_str("please sign in"),
            Self::Invalid(s)
            | Self::Unsigned(s)
            | Self::Forbidden(s)
            | Self::NotFound(s)
            | Self::Conflict(s)
            | Self::Busy(s)
            | Self::Unwitnessed(s)
            | Self::Broken(s) => f.write_str(s),
        }
    }
}

impl core::error::Error for Fault {}
