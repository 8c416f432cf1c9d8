//! What can go wrong with a policy's text, its proof or an example. Never a decision: a no has
//! reasons, not errors.

use thiserror::Error as ThisError;

/// Why a text is not taken or a proof not made.
#[derive(Debug, ThisError)]
pub enum Error {
    /// A text does not read, or breaks a rule of form.
    #[error("{file}: {what}")]
    Text {
        /// Which of the five.
        file: &'static str,
        /// What is wrong, and where.
        what: String,
    },
    /// The solver is not on this machine.
    #[error(
        "cvc5 is not installed, so nothing can be proved: install the package `cvc5` \
         (apt-get install cvc5) and try again; the policy in force goes on as it is"
    )]
    NoSolver,
    /// The solver gave no answer.
    #[error("the solver gave no answer: {0}")]
    Solver(String),
    /// The policy could not be evaluated; nothing is allowed then.
    #[error("the access policy could not be evaluated: {0}")]
    Evaluation(String),
    /// A file could not be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A request file does not read.
    #[error("this is no request that can be replayed: {0}")]
    Example(String),
}
