//! Context processing (JSON-LD 1.1 API, clause 4.1), as far as NGSI-LD allows it, with the core
//! @context always last (clause 5.5.7). Never fetches: what is not held is named in the error.

use std::collections::HashMap;

use super::Context;
use super::core::{CORE_CONTEXT, DEFAULT_VOCAB, core_version, terms as core_terms};
use super::define::{Local, define};
use super::term::Term;
use crate::error::Error;
use crate::iri::is_uri;
use crate::json::Json;

/// How deep documents may name each other. Real ones are three deep; each level is some hundred
/// bytes of stack.
pub const NESTING_MAX: usize = 16;
/// Documents that one list may load, repetitions counted: 64 × 4 MiB are the most that is read.
pub const REMOTE_MAX: usize = 64;
/// Terms that one list may define. At 40 bytes a definition, 100,000 fill a document of 4 MiB; the
/// table of them takes about 20 MB.
pub const TERMS_MAX: usize = 100_000;

/// The table as it grows.
#[derive(Debug, Default)]
pub(super) struct Active {
    pub(super) terms: HashMap<Box<str>, Term>,
    pub(super) vocab: Option<Box<str>>,
}

struct Compiler<'d> {
    documents: &'d HashMap<Box<str>, Json>,
    active: Active,
    loaded: usize,
    /// Whether the user's own list names the core somewhere.
    names_core: bool,
}

/// Compiles a list: the user's contexts in order, then the core.
pub(super) fn compile(list: &Json, documents: &HashMap<Box<str>, Json>) -> Result<Context, Error> {
    let mut compiler = Compiler {
        documents,
        active: Active::default(),
        loaded: 0,
        names_core: false,
    };
    let mut trail = Vec::new();
    compiler.process(list, &mut trail)?;
    let body = source(list, compiler.names_core);
    let mut active = compiler.active;
    // The core is protected: whatever the user's contexts say of its terms, this is said last.
    active.terms.extend(clone_of(9));
    active.vocab = Some(DEFAULT_VOCAB.into());
    Ok(Context::assemble(active.terms, active.vocab, body))
}

/// What an answer's body holds: the list without repeated core contexts at its end, and the core.
fn source(list: &Json, names_core: bool) -> Json {
    let mut parts: Vec<Json> = list.as_list().to_vec();
    while parts
        .last()
        .and_then(Json::as_str)
        .is_some_and(|u| core_version(u).is_some())
    {
        parts.pop();
    }
    let own_core = names_core && parts.len() == list.as_list().len();
    if !own_core {
        parts.push(CORE_CONTEXT.into());
    }
    match <[Json; 1]>::try_from(parts) {
        Ok([one]) => one,
        Err(parts) => Json::Array(parts.into()),
    }
}

/// The terms of a core version; their names stay shared.
fn clone_of(minor: u8) -> impl Iterator<Item = (Box<str>, Term)> {
    core_terms(minor)
        .iter()
        .map(|(name, term)| (name.clone(), term.clone()))
}

impl<'d> Compiler<'d> {
    fn process(&mut self, local: &'d Json, trail: &mut Vec<&'d str>) -> Result<(), Error> {
        match local {
            Json::Null => self.clear(),
            Json::String(url) => self.remote(url, trail),
            Json::Array(list) => list.iter().try_for_each(|one| {
                if matches!(one, Json::Array(_)) {
                    return invalid("a list within a list");
                }
                self.process(one, trail)
            }),
            Json::Object(_) => self.object(local),
            other => invalid(format!(
                "it is {}; a URL, an object or a list of these is needed",
                other.kind()
            )),
        }
    }

    /// `null` clears what was said before, unless some of it is protected.
    fn clear(&mut self) -> Result<(), Error> {
        let mut terms = self.active.terms.iter();
        if terms.any(|(name, t)| t.protected && !super::core::has(name, t)) {
            return invalid("null cannot clear protected terms");
        }
        self.active = Active::default();
        Ok(())
    }

    fn remote(&mut self, url: &'d str, trail: &mut Vec<&'d str>) -> Result<(), Error> {
        if let Some(minor) = core_version(url) {
            self.names_core = true;
            self.active.terms.extend(clone_of(minor));
            self.active.vocab = Some(DEFAULT_VOCAB.into());
            return Ok(());
        }
        if !is_uri(url) {
            return invalid(format!("`{url}` is no absolute URL"));
        }
        if trail.contains(&url) {
            return invalid(format!("{url} names itself"));
        }
        self.loaded += 1;
        if trail.len() >= NESTING_MAX || self.loaded > REMOTE_MAX {
            return invalid(format!(
                "more than {NESTING_MAX} documents deep, or more than {REMOTE_MAX} documents"
            ));
        }
        let Some(document) = self.documents.get(url) else {
            return Err(Error::ContextMissing {
                url: url.to_owned(),
            });
        };
        trail.push(url);
        self.process(document, trail)?;
        trail.pop();
        Ok(())
    }

    fn object(&mut self, local: &'d Json) -> Result<(), Error> {
        let mut members: Local<'_> = HashMap::new();
        if let Some(import) = local.get("@import") {
            members.extend(self.imported(import)?);
        }
        members.extend(local.members().iter().map(|(k, v)| (&**k, v)));
        if members.len() + self.active.terms.len() > TERMS_MAX {
            return invalid(format!("more than {TERMS_MAX} terms"));
        }
        if let Some(version) = members.get("@version")
            && version.as_f64() != Some(1.1)
        {
            return invalid("@version is 1.1 or absent");
        }
        let protected = match members.get("@protected") {
            None | Some(Json::Bool(false)) => false,
            Some(Json::Bool(true)) => true,
            Some(_) => return invalid("@protected is true or false"),
        };
        if let Some(vocab) = members.get("@vocab") {
            self.vocab(vocab)?;
        }
        // `@base`, `@language`, `@direction` and `@propagate` change nothing here: identifiers are
        // absolute, and languages are in languageMap (clauses 4.5.18 and 5.5.7).
        let mut state = HashMap::new();
        let guard = if protected {
            Guard::Protect
        } else {
            Guard::Leave
        };
        for name in members.keys().filter(|n| !is_keyword(n)) {
            define(&mut self.active, &members, name, guard, &mut state, 0)?;
        }
        Ok(())
    }

    fn imported(&self, import: &'d Json) -> Result<Local<'d>, Error> {
        let Some(url) = import.as_str() else {
            return invalid("@import is a URL");
        };
        match self.documents.get(url) {
            None => Err(Error::ContextMissing {
                url: url.to_owned(),
            }),
            Some(Json::Object(m)) => Ok(m.iter().map(|(k, v)| (&**k, v)).collect()),
            Some(_) => invalid("@import names a document with one object"),
        }
    }

    fn vocab(&mut self, vocab: &Json) -> Result<(), Error> {
        self.active.vocab = match vocab {
            Json::Null => None,
            Json::String(text) if text.is_empty() => self.active.vocab.take(),
            Json::String(text) => {
                let old = self.active.vocab.as_deref();
                let iri = match self.active.terms.get(text) {
                    Some(term) => term.iri.as_ref().map(ToString::to_string),
                    None => super::expand_unmapped(&self.active.terms, old, text),
                };
                match iri {
                    Some(iri) if is_uri(&iri) || iri.starts_with("_:") => Some(iri.into()),
                    _ => return invalid(format!("@vocab `{text}` is no IRI")),
                }
            }
            _ => return invalid("@vocab is a text or null"),
        };
        Ok(())
    }
}

/// Whether a local context protects the terms that it defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// `@protected`: later definitions may not change them.
    Protect,
    /// They may be changed.
    Leave,
}

/// The keywords of JSON-LD 1.1.
pub(super) fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "@base"
            | "@container"
            | "@context"
            | "@direction"
            | "@graph"
            | "@id"
            | "@import"
            | "@included"
            | "@index"
            | "@json"
            | "@language"
            | "@list"
            | "@nest"
            | "@none"
            | "@prefix"
            | "@propagate"
            | "@protected"
            | "@reverse"
            | "@set"
            | "@type"
            | "@value"
            | "@version"
            | "@vocab"
    )
}

pub(super) fn invalid<T>(what: impl Into<String>) -> Result<T, Error> {
    Err(Error::ContextInvalid(what.into()))
}
