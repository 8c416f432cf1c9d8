//! The access policy in force, as the square shows it. Where it comes from is the wiring's.
//! Never interprets a rule.

use core::fmt;

use loggia_model::{At, Digest, Fault};

/// A sentence that is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// Whether it says what is always possible; else what never happens.
    pub always: bool,
    /// In English.
    pub en: String,
    /// In Serbian.
    pub sr: String,
}

/// How it came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activated {
    /// When.
    pub at: At,
    /// The entry of the public log.
    pub log_index: u64,
    /// Hash of the proof's transcript.
    pub proof: Digest,
}

/// The access policy in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// Hash of its texts.
    pub policy: Digest,
    /// How it came into force; none while it is the one that the program brought along.
    pub activated: Option<Activated>,
    /// Whether nothing is decided under it.
    pub suspended: bool,
    /// What is proved of it, in the charter's order.
    pub promises: Vec<Proved>,
    /// Who may do what.
    pub policies: String,
    /// What must hold.
    pub charter: String,
}

/// Where the policy in force is asked for.
pub struct Rules(pub Box<dyn Fn() -> Result<InForce, Fault> + Send + Sync>);

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rules")
    }
}
