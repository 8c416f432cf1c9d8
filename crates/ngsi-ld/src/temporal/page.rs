//! The stretch of time that an answer holds where it cannot hold all (clause 6.3.10). Never decides
//! where to cut.

use std::fmt;

use crate::time::Time;

/// What a 206 says in `Content-Range`. With `lastN` pages go from the newest back, without from
/// the oldest on; a reader goes on at `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partial {
    /// Where the page begins: the query's own bound, or its first instance's time.
    pub start: Time,
    /// The time of the last instance in the page.
    pub end: Time,
    /// `lastN`; how many there are is not counted.
    pub size: Option<u32>,
}

impl fmt::Display for Partial {
    /// The header's value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "date-time {}-{}/", self.start, self.end)?;
        match self.size {
            Some(n) => write!(f, "{n}"),
            None => f.write_str("*"),
        }
    }
}
