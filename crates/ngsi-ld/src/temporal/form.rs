//! Which temporal representation an answer has: `format` and `options` (clause 6.3.12). Never
//! guesses at a word that it does not know.

use crate::error::Problem;
use crate::query::Fault;

/// The temporal representations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TemporalForm {
    /// Each instance with everything (clauses 4.5.6 to 4.5.8).
    #[default]
    Normalized,
    /// The same without what can be told from the rest.
    Concise,
    /// Pairs of value and time (clause 4.5.9).
    Values,
    /// What was made of them, period by period (clause 4.5.19).
    Aggregated,
}

impl TemporalForm {
    /// Reads `format`, and `options` where there is no format. Options that say nothing about the
    /// representation (`sysAttrs`, `count` and the like) are the caller's.
    ///
    /// # Errors
    /// If the format is none, or the options name two.
    pub fn read(format: Option<&str>, options: Option<&str>) -> Result<Self, Fault> {
        if let Some(word) = format {
            return Self::word(word).ok_or_else(|| fault("format", EXPECTED));
        }
        let mut found = None;
        for form in options
            .unwrap_or("")
            .split(',')
            .filter_map(|w| Self::word(w.trim()))
        {
            if found.is_some_and(|f| f != form) {
                return Err(fault("options", "two representations at once"));
            }
            found = Some(form);
        }
        Ok(found.unwrap_or_default())
    }

    fn word(word: &str) -> Option<Self> {
        Some(match word {
            "normalized" => Self::Normalized,
            "concise" => Self::Concise,
            // Some clients ask for the simplified form by the name that it has elsewhere.
            "temporalValues" | "simplified" | "keyValues" => Self::Values,
            "aggregatedValues" => Self::Aggregated,
            _ => return None,
        })
    }
}

const EXPECTED: &str = "expected normalized, concise, temporalValues or aggregatedValues";

fn fault(parameter: &'static str, what: &str) -> Fault {
    Fault {
        parameter,
        at: 1,
        what: what.to_owned(),
        problem: Problem::InvalidRequest,
    }
}
