//! The access policy as text that a lawyer can follow (Cedar), the decision that follows from it,
//! and the proof that it keeps the city's charter. Never gathers a fact, never writes a log.

mod articles;
mod error;
mod example;
mod facts;
mod plain;
mod prove;
mod question;
mod reason;
mod solver;
mod statute;
mod texts;
mod transcript;

pub use articles::Promise;
pub use error::Error;
pub use example::{Example, Replayed};
pub use facts::{Ask, Basis, Facts, Party, Standing, State};
pub use prove::{PROOF_TIME, Proof, prove};
pub use reason::{Decision, Reason, sentence};
pub use solver::Solver;
pub use statute::{Answer, Clause, Statute};
pub use texts::{ACTIONS_SHA256, TEXT_BYTES_MAX, Texts};
pub use transcript::{Checked, Outcome, Transcript};
