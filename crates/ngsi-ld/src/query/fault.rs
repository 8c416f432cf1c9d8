//! What is wrong with a query parameter, and at which character. Never holds more of the input than
//! the one character that was met.

use thiserror::Error as ThisError;

use crate::error::Problem;
use crate::json::Json;

/// Why a query is not taken.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{parameter}, character {at}: {what}")]
pub struct Fault {
    /// Which parameter: `q`, `type`, `georel` and so on.
    pub parameter: &'static str,
    /// Which character of it, counted from 1.
    pub at: usize,
    /// What was expected, and what was found.
    pub what: String,
    /// Which row of table 6.3.2-1. Wrong syntax is `BadRequestData` (clause 5.7.2.4), a limit of
    /// ours `TooComplexQuery`, what is not built `OperationNotSupported`.
    pub problem: Problem,
}

impl Fault {
    /// The syntax, or a value, is wrong.
    pub(super) fn bad(parameter: &'static str, at: usize, what: impl Into<String>) -> Self {
        Self {
            parameter,
            at,
            what: what.into(),
            problem: Problem::BadRequestData,
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn details(&self) -> Json {
        self.problem.details(&self.to_string())
    }
}
