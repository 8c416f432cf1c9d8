//! From IRIs back to names: which term stands for an IRI, and what to write when none does. Never
//! writes a name that would expand to anything else.

use std::collections::HashMap;

use super::term::{Coercion, Term};
use super::{Context, Memo, expand_unmapped};
use crate::iri::Iri;
use crate::json::Json;

impl Context {
    /// From a finished table.
    pub(super) fn assemble(
        terms: HashMap<Box<str>, Term>,
        vocab: Option<Box<str>>,
        source: Json,
    ) -> Self {
        let mut by_iri: HashMap<Iri, Box<str>> = HashMap::with_capacity(terms.len());
        let mut prefixes = Vec::new();
        for (name, term) in &terms {
            let Some(iri) = term.iri.as_ref().filter(|i| !i.starts_with('@')) else {
                continue;
            };
            if term.prefix {
                prefixes.push((iri.clone(), name.clone()));
            }
            if term.is_usable() {
                let best = by_iri.entry(iri.clone()).or_insert_with(|| name.clone());
                if better(&terms, name, best) {
                    *best = name.clone();
                }
            }
        }
        Self {
            terms,
            vocab,
            by_iri,
            prefixes,
            source,
            expanded: Memo::new(),
            compacted: Memo::new(),
        }
    }

    pub(super) fn compacted_anew(&self, iri: &Iri) -> String {
        if let Some(term) = self.by_iri.get(iri) {
            return term.as_ref().to_owned();
        }
        let back = |name: &str| {
            !self.terms.contains_key(name)
                && !name.starts_with('@')
                && expand_unmapped(&self.terms, self.vocab.as_deref(), name).as_deref() == Some(iri)
        };
        let after_vocab = self.vocab.as_deref().and_then(|v| iri.strip_prefix(v));
        if let Some(name) = after_vocab.filter(|n| !n.is_empty() && back(n)) {
            return name.to_owned();
        }
        self.prefixes
            .iter()
            .filter_map(|(long, short)| {
                let rest = iri.strip_prefix(long.as_str()).filter(|r| !r.is_empty())?;
                Some(format!("{short}:{rest}"))
            })
            .filter(|name| back(name))
            .min_by(|a, b| (a.len(), a).cmp(&(b.len(), b)))
            .unwrap_or_else(|| iri.as_str().to_owned())
    }
}

/// Whether one term is to be written rather than another for the same IRI. The value of an
/// attribute is a node object, which JSON-LD gives to terms without coercion or container first;
/// then the shortest and the least wins (inverse context creation, step 2).
///
/// Where every term is coerced JSON-LD would write the IRI in full. We write the term: names carry
/// no values in NGSI-LD, so that nothing is lost, and people read the answer.
fn better(terms: &HashMap<Box<str>, Term>, name: &str, than: &str) -> bool {
    let rank = |n: &str| {
        let plain = terms.get(n).is_some_and(|t| {
            matches!(t.coercion, Coercion::None | Coercion::Id) && t.container.is_empty()
        });
        (!plain, n.len())
    };
    (rank(name), name) < (rank(than), than)
}
