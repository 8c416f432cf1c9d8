//! @context: compiled once into a table of terms, which then expands and compacts names (JSON-LD
//! 1.1 as clause 5.5.7 narrows it). Never fetches a document: the caller hands them in.

mod cache;
mod compact;
mod compile;
mod core;
mod core_terms;
mod define;
mod member;
mod term;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

pub use cache::{COMPILED_MAX, Contexts, DOCUMENT_BYTES_MAX, DOCUMENTS_MAX};
pub use compile::{NESTING_MAX, REMOTE_MAX, TERMS_MAX};
pub use core::{CORE_CONTEXT, DEFAULT_VOCAB, NGSI_LD, core_document, core_version};
pub use member::Member;
pub use term::{Coercion, Container, Term};

use crate::iri::{Iri, is_name, is_uri};
use crate::json::Json;

/// Names outside the table that one @context remembers. An entity has a few dozen names; 8,192 of
/// 100 bytes in both directions are 2 MB, after which names are simply worked out anew.
pub const REMEMBERED_MAX: usize = 8_192;

/// A compiled @context. It answers the same for ever; what it remembers only makes it faster.
#[derive(Debug)]
pub struct Context {
    terms: HashMap<Box<str>, Term>,
    vocab: Option<Box<str>>,
    /// The term to write for an IRI.
    by_iri: HashMap<Iri, Box<str>>,
    /// Terms that may stand before a colon, with what they stand for.
    prefixes: Vec<(Iri, Box<str>)>,
    /// As it goes into an answer's body.
    source: Json,
    expanded: Memo<Iri>,
    compacted: Memo<Arc<str>>,
}

/// What a name means here.
#[derive(Debug, Clone)]
pub struct Meaning {
    /// The expanded name, or a keyword.
    pub iri: Iri,
    /// Which member of NGSI-LD it is, if one.
    pub member: Member,
}

impl Context {
    /// A name expanded (JSON-LD 1.1 API, IRI expansion with `vocab`); nothing for a term that the
    /// @context maps to `null`, for unknown keywords, and for terms that NGSI-LD cannot use.
    #[must_use]
    pub fn expand(&self, name: &str) -> Option<Meaning> {
        if let Some(term) = self.terms.get(name) {
            let iri = term.iri.clone()?;
            return term.is_usable().then_some(Meaning {
                iri,
                member: term.member,
            });
        }
        if name.starts_with('@') {
            let member = Member::of_keyword(name)?;
            return Some(Meaning {
                iri: Iri::new(name),
                member,
            });
        }
        let iri = match self.expanded.get(name) {
            Some(iri) => iri,
            None => {
                let iri = Iri::new(&expand_unmapped(&self.terms, self.vocab.as_deref(), name)?);
                self.expanded.put(name, iri)
            }
        };
        let member = if name.contains(':') {
            Member::of_iri(&iri)
        } else {
            Member::Other
        };
        Some(Meaning { iri, member })
    }

    /// The expanded form of an attribute's or a type's name; a keyword is none.
    #[must_use]
    pub fn expand_name(&self, name: &str) -> Option<Iri> {
        let iri = self.expand(name)?.iri;
        (!iri.starts_with('@')).then_some(iri)
    }

    /// Which NGSI-LD member a name is, without making its IRI.
    pub(crate) fn member(&self, name: &str) -> Member {
        match self.terms.get(name) {
            Some(term) => term.member,
            None if name.starts_with('@') => Member::of_keyword(name).unwrap_or(Member::Other),
            None if name.contains(':') => self.expand(name).map_or(Member::Other, |m| m.member),
            None => Member::Other,
        }
    }

    /// The definition of a term.
    #[must_use]
    pub fn term(&self, name: &str) -> Option<&Term> {
        self.terms.get(name)
    }

    /// The shortest name that expands to this IRI (JSON-LD 1.1 API, IRI compaction with `vocab`):
    /// a term, else what follows `@vocab`, else a prefix and the rest, else the IRI itself.
    #[must_use]
    pub fn compact(&self, iri: &Iri) -> Arc<str> {
        if let Some(name) = self.compacted.get(iri) {
            return name;
        }
        self.compacted.put(iri, self.compacted_anew(iri).into())
    }

    /// The same for the name of an attribute or a type: a term that is no name (clause 4.6.2) may
    /// be in an @context, but nobody could send it back.
    #[must_use]
    pub fn compact_name(&self, iri: &Iri) -> Arc<str> {
        let name = self.compact(iri);
        if is_name(&name) {
            name
        } else {
            iri.as_str().into()
        }
    }

    /// What goes under `@context` in a body: the user's list as sent, with the core context behind
    /// it unless the list has one already (clause 6.3.5).
    #[must_use]
    pub const fn body(&self) -> &Json {
        &self.source
    }

    /// What goes into a `Link` header (clause 6.3.5).
    #[must_use]
    pub fn link(&self) -> Link<'_> {
        match self.source.as_list() {
            [Json::String(url)] => Link::Url(url),
            [Json::String(url), Json::String(core)] if core_version(core).is_some() => {
                Link::Url(url)
            }
            _ => Link::Hosted,
        }
    }
}

/// How an answer names its @context outside the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link<'c> {
    /// One document has this URL.
    Url(&'c str),
    /// Several documents, or an inline one: the broker hosts the list and names its own URL.
    Hosted,
}

impl Link<'_> {
    /// The header's value for a URL.
    #[must_use]
    pub fn header(url: &str) -> String {
        format!(
            "<{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\""
        )
    }
}

/// IRI expansion of what is no term and no keyword.
fn expand_unmapped(
    terms: &HashMap<Box<str>, Term>,
    vocab: Option<&str>,
    name: &str,
) -> Option<String> {
    if let Some((prefix, rest)) = split_compact(name) {
        if prefix == "_" || rest.starts_with("//") {
            return Some(name.to_owned());
        }
        let mapped = terms.get(prefix).filter(|t| t.prefix);
        if let Some(iri) = mapped.and_then(|t| t.iri.as_ref()) {
            return Some(format!("{iri}{rest}"));
        }
        if is_uri(name) {
            return Some(name.to_owned());
        }
    }
    vocab.map(|v| format!("{v}{name}"))
}

/// Prefix and rest of what may be a compact IRI: a colon that is not the first character.
fn split_compact(name: &str) -> Option<(&str, &str)> {
    name.split_once(':')
        .filter(|(prefix, _)| !prefix.is_empty())
}

/// Answers that are remembered, up to a bound.
#[derive(Debug)]
struct Memo<V>(RwLock<HashMap<Box<str>, V>>);

impl<V: Clone> Memo<V> {
    fn new() -> Self {
        Self(RwLock::new(HashMap::new()))
    }

    fn get(&self, key: &str) -> Option<V> {
        // A poisoned lock only costs the memory of earlier answers.
        self.0.read().ok()?.get(key).cloned()
    }

    fn put(&self, key: &str, value: V) -> V {
        if let Ok(mut known) = self.0.write()
            && known.len() < REMEMBERED_MAX
        {
            // Another thread may have been first; then its allocation is the one to share.
            return known.entry(key.into()).or_insert(value).clone();
        }
        value
    }
}
