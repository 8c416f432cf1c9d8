//! What can go wrong on the line from case to opening, one variant per thing the caller can do
//! about it. Never carries detail of the machine to a client; that goes to the journal of the
//! process.

use loggia_model::Fault;
use loggia_transparency::Unseen;

use crate::decide::Reason;

/// Failure of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is malformed or out of bounds; the text says what and what to do.
    #[error("{0}")]
    Invalid(String),
    /// Person or password wrong, session ended, or the call's signature does not hold.
    #[error("please sign in")]
    Unauthenticated,
    /// The decision went against it; the reasons say why.
    #[error("{}", crate::decide::sentence(.0))]
    Denied(Vec<Reason>),
    /// The person may not do this; the text says why.
    #[error("{0}")]
    Forbidden(String),
    /// No such case, request, hold or person (or none that this person may see).
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Not possible in this state.
    #[error("{0}")]
    Conflict(String),
    /// Too many at once or too soon; try later.
    #[error("{0}")]
    Busy(String),
    /// The log's entry is not cosigned by the quorum of witnesses yet: nothing is opened until it
    /// is.
    #[error("{0}")]
    Unwitnessed(Unseen),
    /// A signature of a statement or roster does not hold.
    #[error("the signature of {0} does not hold")]
    Signature(String),
    /// What the database holds does not read back; restore from a backup.
    #[error("the policy tables are damaged: {0}")]
    Damaged(String),
    /// A folder that is not a demo was asked to behave like one.
    #[error("this installation is not a demo")]
    NotADemo,
    /// Randomness or a cipher of the machine failed.
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
    /// A change of the access policy that breaks the charter; the text is the counterexample.
    #[error("{0}")]
    Refuted(String),
    /// From the access policy: a text that does not read, no solver, no answer.
    #[error(transparent)]
    Charter(#[from] loggia_charter::Error),
    /// From the store.
    #[error(transparent)]
    Store(#[from] loggia_store::Error),
    /// From the sealed format.
    #[error(transparent)]
    Seal(#[from] loggia_seal::Error),
    /// From the public log.
    #[error(transparent)]
    Log(#[from] loggia_transparency::Error),
    /// From the policy tables.
    #[error("the policy tables: {0}")]
    Sql(#[from] rusqlite::Error),
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        match e {
            Error::Invalid(s) => Self::Invalid(s),
            Error::Unauthenticated => Self::Unauthenticated,
            Error::Denied(_) | Error::Signature(_) => Self::Forbidden(e.to_string()),
            Error::Forbidden(s) => Self::Forbidden(s),
            Error::NotFound(_) => Self::NotFound(e.to_string()),
            Error::Conflict(s) | Error::Refuted(s) => Self::Conflict(s),
            Error::Charter(e) => of_charter(&e),
            Error::Busy(s) => Self::Busy(s),
            Error::Unwitnessed(why) => Self::Unwitnessed(why.to_string()),
            Error::NotADemo => Self::NotFound("there is nothing at this address".to_owned()),
            Error::Store(e) => e.into(),
            Error::Seal(e) => e.into(),
            Error::Log(e) => e.into(),
            Error::Damaged(_) | Error::Crypto(_) | Error::Sql(_) => {
                tracing::error!(error = %e, "policy");
                Self::Broken(
                    "the request could not be completed; the operator has the detail".into(),
                )
            }
        }
    }
}

fn of_charter(e: &loggia_charter::Error) -> Fault {
    use loggia_charter::Error as Charter;
    match e {
        Charter::Text { .. } | Charter::Example(_) => Fault::Invalid(e.to_string()),
        Charter::NoSolver => Fault::Conflict(e.to_string()),
        Charter::Solver(_) | Charter::Evaluation(_) | Charter::File { .. } => {
            tracing::error!(error = %e, "access policy");
            Fault::Broken("the access policy gave no answer, so nothing was done".into())
        }
    }
}
