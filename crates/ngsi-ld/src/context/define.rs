//! Term definitions (JSON-LD 1.1 API, clause 4.2). Never reads values, only what terms stand for.

use std::collections::HashMap;

use super::compile::{Active, Guard, invalid, is_keyword};
use super::term::{Coercion, Container, Term};
use crate::error::Error;
use crate::iri::{IRI_BYTES_MAX, Iri, is_uri};
use crate::json::Json;

/// A local context's members, by name.
pub(super) type Local<'l> = HashMap<&'l str, &'l Json>;

/// Which terms are under way (`false`) and done (`true`).
pub(super) type State<'l> = HashMap<&'l str, bool>;

/// How many terms may explain each other by prefix; each is a call on the stack.
const CHAIN_MAX: usize = 64;

/// Defines a term, and before it those that its IRI begins with.
pub(super) fn define<'l>(
    active: &mut Active,
    local: &Local<'l>,
    name: &'l str,
    guard: Guard,
    state: &mut State<'l>,
    depth: usize,
) -> Result<(), Error> {
    match state.get(name) {
        Some(true) => return Ok(()),
        Some(false) => return invalid(format!("`{name}` is explained by itself")),
        None => {}
    }
    if name.is_empty() || name.len() > IRI_BYTES_MAX || depth > CHAIN_MAX {
        return invalid(format!(
            "a term of {} bytes, or a chain of them",
            name.len()
        ));
    }
    // Words of the form of keywords are kept for later versions of JSON-LD, and ignored.
    if looks_like_keyword(name) {
        return Ok(());
    }
    let Some(value) = local.get(name).copied() else {
        return Ok(());
    };
    state.insert(name, false);
    let before = active.terms.remove(name);
    let mut step = Step {
        active,
        local,
        guard,
        state,
        depth,
    };
    let made = step.term(name, value)?;
    let (active, state) = (step.active, step.state);
    if let Some(made) = made {
        let kept = keep(before, made, name)?;
        active.terms.insert(name.into(), kept);
    }
    state.insert(name, true);
    Ok(())
}

/// A protected term stays unless it is said again the same way. The core's terms are protected
/// too, but a user's other meaning for one is no error: the core simply wins (clause 5.5.7).
fn keep(before: Option<Term>, made: Term, name: &str) -> Result<Term, Error> {
    match before {
        Some(old) if old.protected => {
            if old.same_as(&made) || super::core::has(name, &old) {
                Ok(old)
            } else {
                invalid(format!("`{name}` is protected and cannot be changed"))
            }
        }
        _ => Ok(made),
    }
}

/// `@` and letters.
fn looks_like_keyword(name: &str) -> bool {
    name.strip_prefix('@')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// One definition under way.
struct Step<'a, 'l> {
    active: &'a mut Active,
    local: &'a Local<'l>,
    guard: Guard,
    state: &'a mut State<'l>,
    depth: usize,
}

impl<'l> Step<'_, 'l> {
    fn term(&mut self, name: &'l str, value: &'l Json) -> Result<Option<Term>, Error> {
        let (id, object) = match value {
            Json::Null | Json::String(_) => (Some(value), None),
            Json::Object(_) => (
                value.get("@id").or_else(|| value.get("@reverse")),
                Some(value),
            ),
            other => {
                return invalid(format!("the definition of `{name}` is {}", other.kind()));
            }
        };
        let mut term = match id {
            Some(Json::Null) => Term::plain(None),
            Some(Json::String(id)) if &**id != name => match self.id(name, id)? {
                Some(iri) => Term::plain(Some(iri)),
                None => return Ok(None),
            },
            Some(Json::String(_)) | None => Term::plain(Some(self.own(name)?)),
            Some(_) => return invalid(format!("@id of `{name}` is no text")),
        };
        // A simple term that ends like a namespace may be a prefix.
        term.prefix = object.is_none()
            && !name.contains([':', '/'])
            && term.iri.as_ref().is_some_and(|i| {
                i.starts_with("_:") || i.ends_with([':', '/', '?', '#', '[', ']', '@'])
            });
        term.protected = self.guard == Guard::Protect;
        if let Some(object) = object {
            self.expanded(name, object, &mut term)?;
        }
        Ok(Some(term))
    }

    /// The members of an expanded definition.
    fn expanded(&mut self, name: &str, object: &'l Json, term: &mut Term) -> Result<(), Error> {
        for (word, value) in object.members() {
            match (&**word, value) {
                ("@id" | "@language" | "@direction" | "@index" | "@nest", _) => {}
                ("@type", Json::String(data_type)) => {
                    term.coercion = self.coercion(name, data_type)?;
                }
                ("@container", Json::Null) => {}
                ("@container", words) => {
                    for word in words.as_list() {
                        let with = word.as_str().and_then(|w| term.container.with(w));
                        let Some(with) = with else {
                            return invalid(format!("@container of `{name}`"));
                        };
                        term.container = with;
                    }
                    check(term.container, name)?;
                }
                ("@protected", Json::Bool(b)) => term.protected = *b,
                ("@prefix", Json::Bool(b)) => {
                    let keyword = term.iri.as_ref().is_some_and(|i| is_keyword(i));
                    if name.contains([':', '/']) || (keyword && *b) {
                        return invalid(format!("`{name}` cannot be a prefix"));
                    }
                    term.prefix = *b;
                }
                ("@reverse" | "@context", _) => term.foreign = true,
                (other, _) => {
                    return invalid(format!("`{other}` in the definition of `{name}`"));
                }
            }
        }
        Ok(())
    }

    fn coercion(&mut self, name: &str, data_type: &'l str) -> Result<Coercion, Error> {
        Ok(match data_type {
            "@id" => Coercion::Id,
            "@vocab" => Coercion::Vocab,
            "@json" => Coercion::Json,
            "@none" => Coercion::Nothing,
            other => match self.iri(other)? {
                Some(iri) if is_uri(&iri) => Coercion::Type(iri),
                _ => return invalid(format!("@type `{other}` of `{name}` is no IRI")),
            },
        })
    }

    /// What an `@id` stands for; nothing for words kept for later versions of JSON-LD.
    fn id(&mut self, name: &'l str, id: &'l str) -> Result<Option<Iri>, Error> {
        if looks_like_keyword(id) && !is_keyword(id) {
            return Ok(None);
        }
        match self.iri(id)? {
            Some(iri) if &*iri == "@context" => invalid("@context cannot have another name"),
            Some(iri) if is_keyword(&iri) || iri.starts_with("_:") || is_uri(&iri) => {
                // A term that reads as an IRI by itself stands for that one (step 14.2.4).
                let reads = name.trim_matches(':').contains(':') || name.contains('/');
                if reads && self.as_written(name)?.as_deref() != Some(&*iri) {
                    return invalid(format!("`{name}` reads as another IRI than `{iri}`"));
                }
                Ok(Some(iri))
            }
            _ => invalid(format!("`{name}` stands for `{id}`, which is no IRI")),
        }
    }

    /// What a term without `@id` stands for: a prefix and the rest, where for once the prefix need
    /// not be declared as one (step 15), else itself, else what `@vocab` makes of it.
    fn own(&mut self, name: &'l str) -> Result<Iri, Error> {
        let written = self.as_written(name)?;
        let prefixed = super::split_compact(name).and_then(|(prefix, rest)| {
            let iri = self.active.terms.get(prefix)?.iri.as_ref()?;
            Some(format!("{iri}{rest}"))
        });
        match prefixed.or(written) {
            Some(iri) if is_uri(&iri) || iri.starts_with("_:") => Ok(Iri::new(&iri)),
            _ => invalid(format!("`{name}` stands for nothing: there is no @vocab")),
        }
    }

    /// IRI expansion of a term that is being defined, its prefix defined before it.
    fn as_written(&mut self, name: &'l str) -> Result<Option<String>, Error> {
        if let Some((prefix, rest)) = super::split_compact(name)
            && !rest.starts_with("//")
            && let Some((prefix, _)) = self.local.get_key_value(prefix)
        {
            self.depended(prefix)?;
        }
        let vocab = self.active.vocab.as_deref();
        Ok(super::expand_unmapped(&self.active.terms, vocab, name))
    }

    /// IRI expansion while the local context is still being read.
    fn iri(&mut self, text: &'l str) -> Result<Option<Iri>, Error> {
        if is_keyword(text) {
            return Ok(Some(Iri::new(text)));
        }
        if self.local.contains_key(text) {
            self.depended(text)?;
        }
        if let Some(term) = self.active.terms.get(text) {
            return Ok(term.iri.clone());
        }
        Ok(self.as_written(text)?.map(|iri| Iri::new(&iri)))
    }

    fn depended(&mut self, name: &'l str) -> Result<(), Error> {
        define(
            self.active,
            self.local,
            name,
            self.guard,
            self.state,
            self.depth + 1,
        )
    }
}

/// Which containers go together (step 22): `@list` stands alone, the others with `@set`, and
/// graphs are not of NGSI-LD.
fn check(container: Container, name: &str) -> Result<(), Error> {
    let alone = Container::default().with("@list");
    if (container.has("@list") && Some(container) != alone) || container.has("@graph") {
        return invalid(format!("@container of `{name}`"));
    }
    Ok(())
}
