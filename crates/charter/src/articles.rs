//! The charter's clauses: each a sentence, and a rule that the solver is asked about.
//! Never a clause without a sentence in both languages.

use cedar_policy::{Effect, Policy, PolicySet};
use serde::{Deserialize, Serialize};

use crate::statute::read_policies;
use crate::{Error, Statute};

const FILE: &str = "charter.cedar";

/// What a clause promises, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Its `@id`.
    pub id: String,
    /// Whether it says what is always possible; else what never is.
    pub always: bool,
    /// In English.
    pub says: String,
    /// In Serbian.
    pub says_sr: String,
}

/// A clause, ready to be asked about.
pub(crate) struct Article {
    pub(crate) policy: Policy,
    pub(crate) promise: Promise,
}

impl Statute {
    /// What the charter promises, in the order of its text.
    ///
    /// # Errors
    /// [`Error::Text`] when it does not read.
    pub fn promises(&self) -> Result<Vec<Promise>, Error> {
        let mut all: Vec<Promise> = articles(self)?.into_iter().map(|a| a.promise).collect();
        let text = &self.texts().charter;
        all.sort_by_key(|p| text.find(&format!("@id(\"{}\")", p.id)));
        Ok(all)
    }
}

/// The clauses, in the order of their names.
pub(crate) fn articles(statute: &Statute) -> Result<Vec<Article>, Error> {
    let set = read_policies(FILE, &statute.texts().charter, &statute.schema)?;
    let bad = |what: String| Error::Text { file: FILE, what };
    let mut articles = Vec::new();
    for policy in in_order(&set) {
        let id = policy.id().to_string();
        let said = |name: &str| {
            let words = policy.annotation(name).unwrap_or_default().to_owned();
            (!words.is_empty()).then_some(words)
        };
        let (Some(says), Some(says_sr)) = (said("says"), said("says_sr")) else {
            return Err(bad(format!("`{id}` lacks @says or @says_sr")));
        };
        let promise = Promise {
            id,
            always: policy.effect() == Effect::Permit,
            says,
            says_sr,
        };
        articles.push(Article {
            policy: policy.clone(),
            promise,
        });
    }
    if articles.is_empty() {
        return Err(bad("there is no clause, so nothing would be proved".into()));
    }
    Ok(articles)
}

/// Policies in the order of their names, so that two runs ask the same.
pub(crate) fn in_order(set: &PolicySet) -> Vec<&Policy> {
    let mut policies: Vec<&Policy> = set.policies().collect();
    policies.sort_by_key(|p| p.id().to_string());
    policies
}
