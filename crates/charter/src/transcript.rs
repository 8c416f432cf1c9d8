//! What was proved, line by line, so that two machines that prove the same get the same hash.
//! Never holds a time, a duration or a machine's name.

use core::fmt::Write as _;

use loggia_model::Digest;
use serde::Serialize;

use crate::Texts;
use crate::texts::sha256;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The solver showed that there is no counterexample.
    Proved,
    /// There is one.
    Refuted,
}

impl Outcome {
    /// The word in the transcript.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Refuted => "refuted",
        }
    }

    pub(crate) fn of(holds: Option<()>) -> Self {
        match holds {
            Some(()) => Self::Proved,
            None => Self::Refuted,
        }
    }
}

/// One check for one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// What kind: `closed`, `total`, `somebody`, `speaks`, `never` or `always`.
    pub kind: &'static str,
    /// The clause of the charter, or the policies' file.
    pub clause: String,
    /// For which action, with the types of who asks and what for.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// Everything that was checked, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transcript {
    /// The policy's hash.
    pub policy: Digest,
    /// SHA-256 of each text.
    pub texts: Vec<(&'static str, Digest)>,
    /// Solver and symbolic compiler, with versions.
    pub solver: String,
    /// Each check.
    pub checks: Vec<Checked>,
}

impl Transcript {
    pub(crate) fn new(texts: &Texts, solver: String) -> Self {
        let hashes = texts.named().map(|(f, t)| (f, sha256(t.as_bytes())));
        Self {
            policy: texts.hash(),
            texts: hashes.to_vec(),
            solver,
            checks: Vec::new(),
        }
    }

    /// Whether every check is proved, and at least one was made.
    #[must_use]
    pub fn proved(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|c| c.outcome == Outcome::Proved)
    }

    /// The transcript as text: what is hashed, what `loggia policy prove` prints.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("loggia access policy proof v1\npolicy {}\n", self.policy);
        for (file, hash) in &self.texts {
            let _ = writeln!(text, "text {hash} {file}");
        }
        let _ = writeln!(text, "solver {}", self.solver);
        for c in &self.checks {
            let outcome = c.outcome.word();
            let _ = writeln!(text, "{outcome} {} {} {}", c.kind, c.clause, c.action);
        }
        let verdict = if self.proved() { "proved" } else { "refuted" };
        let _ = writeln!(text, "verdict {verdict}");
        text
    }

    /// SHA-256 of [`Transcript::to_text`]: what the log says about the proof.
    #[must_use]
    pub fn hash(&self) -> Digest {
        sha256(self.to_text().as_bytes())
    }
}
