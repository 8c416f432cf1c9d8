//! The @contexts that the broker holds: hosted for others, and cached from elsewhere (clause 5.13).
//! Never fetches: whoever has the network hands documents in.

mod bundle;
mod renewals;
mod rows;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use renewals::Renewals;
use rows::body;

use super::Broker;
use super::record::{CONTEXT, CONTEXT_GONE};
use super::write::Kept;
use crate::context::{Context, Contexts, DOCUMENTS_MAX, core_version};
use crate::error::Error;
use crate::json::{Emit, Json};
use crate::time::Time;

pub use bundle::{Brought, Imported};

/// How an @context came to be here (clause 5.13.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextKind {
    /// Somebody added it, and it is served to everybody.
    Hosted,
    /// Fetched from elsewhere, so as not to be fetched again.
    Cached,
    /// Made by the broker for an answer or a subscription whose @context has no single URL.
    Implicit,
}

const KINDS: [(ContextKind, &str); 3] = [
    (ContextKind::Hosted, "Hosted"),
    (ContextKind::Cached, "Cached"),
    (ContextKind::Implicit, "ImplicitlyCreated"),
];

impl ContextKind {
    /// The word of clause 5.13.1.
    #[must_use]
    pub fn word(self) -> &'static str {
        KINDS
            .iter()
            .find(|(k, _)| *k == self)
            .map_or("", |(_, w)| w)
    }

    /// The kind with this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        KINDS.iter().find(|(_, w)| *w == word).map(|(k, _)| *k)
    }
}

/// One @context, and what clause 5.13.4 tells of it.
#[derive(Debug, Clone)]
pub struct HeldContext {
    /// Where it comes from; of one that is served here, where it is served.
    pub url: Box<str>,
    /// Its name here.
    pub local_id: Box<str>,
    /// How it came here.
    pub kind: ContextKind,
    /// The document, with its `@context`.
    pub document: Json,
    /// When it came here.
    pub at: Time,
    /// When it was used last.
    pub used_at: Option<Time>,
    /// How often it was used.
    pub hits: u64,
    /// Until when it is fresh; nothing for what is served here, or was brought along.
    pub expires_at: Option<Time>,
}

/// All of them. Reading one costs a lock that is held for a microsecond.
#[derive(Debug)]
pub struct ContextStore(Mutex<Inside>);

#[derive(Debug)]
struct Inside {
    compiled: Contexts,
    /// By local id.
    held: BTreeMap<Box<str>, HeldContext>,
    /// Local ids by URL.
    by_url: HashMap<Box<str>, Box<str>>,
    made: u64,
    renewals: Renewals,
}

impl Inside {
    /// One of them, by local id or by URL.
    fn get(&self, name: &str) -> Option<&HeldContext> {
        let id = self.by_url.get(name).map_or(name, |id| &**id);
        self.held.get(id)
    }

    fn put(&mut self, held: HeldContext) -> Result<(), Error> {
        let bytes = held.document.to_string();
        self.compiled.put(&held.url, bytes.as_bytes())?;
        self.made = self.made.max(number(&held.local_id));
        self.by_url.insert(held.url.clone(), held.local_id.clone());
        self.renewals.set(&held.local_id, held.expires_at);
        self.held.insert(held.local_id.clone(), held);
        Ok(())
    }

    fn remove(&mut self, local_id: &str) {
        if let Some(held) = self.held.remove(local_id) {
            self.by_url.remove(&held.url);
            self.renewals.set(local_id, None);
            self.compiled.forget(&held.url);
        }
    }
}

/// What comes before the local id where an @context is served, behind the broker's own address.
pub(crate) const HOSTED_AT: &str = "/ngsi-ld/v1/jsonldContexts/";

impl ContextStore {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Inside {
            compiled: Contexts::new(),
            held: BTreeMap::new(),
            by_url: HashMap::new(),
            made: 0,
            renewals: Renewals::default(),
        }))
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The compiled form of an @context.
    ///
    /// # Errors
    /// [`Error::ContextMissing`] names the document to fetch; [`Error::ContextInvalid`].
    pub fn compile(&self, context: &Json, now: Time) -> Result<Arc<Context>, Error> {
        let inside = &mut *self.inside();
        let compiled = inside.compiled.compile(context)?;
        for url in context.as_list().iter().filter_map(Json::as_str) {
            let id = inside.by_url.get(url);
            if let Some(held) = id.and_then(|id| inside.held.get_mut(id)) {
                held.hits += 1;
                held.used_at = Some(now);
            }
        }
        Ok(compiled)
    }

    /// Addresses of what is no longer fresh, at most so many; each is given out once in an hour.
    pub(crate) fn stale(&self, now: Time, max: usize) -> Vec<Box<str>> {
        let inside = &mut *self.inside();
        let due = inside.renewals.due(now, max).into_iter();
        due.filter_map(|id| inside.held.get(&id).map(|h| h.url.clone()))
            .collect()
    }

    /// Says that a document was fetched again and is what it was; whether it is.
    fn is_still(&self, url: &str, document: &Json, (now, until): (Time, Time)) -> bool {
        let inside = &mut *self.inside();
        let Some(id) = inside.by_url.get(url).cloned() else {
            return false;
        };
        let Some(held) = inside.held.get_mut(&id).filter(|h| h.document == *document) else {
            return false;
        };
        (held.at, held.expires_at) = (now, Some(until));
        inside.renewals.set(&id, Some(until));
        true
    }

    /// One of them, by local id or by URL.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<HeldContext> {
        self.inside().get(name).cloned()
    }

    /// Where an @context that has no single URL is served, if it is.
    #[must_use]
    pub(super) fn served_at(&self, context: &Json) -> Option<Box<str>> {
        let inside = self.inside();
        let same = |h: &&HeldContext| h.document.get("@context") == Some(context);
        inside.held.values().find(same).map(|h| h.url.clone())
    }

    /// All of them, or those of a kind.
    #[must_use]
    pub fn list(&self, kind: Option<ContextKind>) -> Vec<HeldContext> {
        let inside = self.inside();
        let all = inside.held.values();
        all.filter(|h| kind.is_none_or(|k| h.kind == k))
            .cloned()
            .collect()
    }

    /// Each as a record, for a snapshot.
    pub(super) fn rows(&self) -> Vec<Vec<u8>> {
        self.inside().held.values().map(body).collect()
    }

    fn put(&self, held: HeldContext) -> Result<(), Error> {
        self.inside().put(held)
    }

    fn remove(&self, local_id: &str) {
        self.inside().remove(local_id);
    }

    /// A local id that was not given before.
    fn next_id(&self) -> Box<str> {
        let mut inside = self.inside();
        inside.made += 1;
        format!("{}", inside.made).into()
    }
}

/// The number in a local id; 0 where there is none.
fn number(local_id: &str) -> u64 {
    local_id.parse().unwrap_or(0)
}

impl Broker {
    /// Takes a document that was brought along in a bundle: it does not expire.
    ///
    /// # Errors
    /// If it is no @context, or there are too many.
    pub fn cache_context(&self, url: &str, bytes: &[u8]) -> Result<Kept, Error> {
        self.cache(url, self.document_of(url, bytes)?, None)
    }

    /// Takes a document that was fetched and is fresh until then (clause 5.13.1).
    ///
    /// # Errors
    /// If it is no @context, or there are too many.
    pub fn fetched_context(&self, url: &str, bytes: &[u8], until: Time) -> Result<Kept, Error> {
        let document = self.document_of(url, bytes)?;
        if self.contexts.is_still(url, &document, (self.now(), until)) {
            // Not written again; after a start it is fetched again a little early.
            return Ok(Kept::nothing());
        }
        self.cache(url, document, Some(until))
    }

    /// A document that compiles, or would with others that are not at hand.
    fn document_of(&self, url: &str, bytes: &[u8]) -> Result<Json, Error> {
        let none = |why: &dyn Display| Error::ContextInvalid(format!("{url}: {why}"));
        let json = Json::read(bytes).map_err(|e| none(&e))?;
        let context = json.get("@context");
        let context = context.ok_or_else(|| none(&"it holds no @context"))?;
        let checked = self.contexts.inside().compiled.check(context);
        checked.map_err(|e| none(&e))?;
        Ok(Json::object([("@context", context.clone())]))
    }

    fn cache(&self, url: &str, document: Json, expires_at: Option<Time>) -> Result<Kept, Error> {
        let known = self.contexts.inside().by_url.get(url).cloned();
        self.keep(HeldContext {
            url: url.into(),
            local_id: known.unwrap_or_else(|| self.contexts.next_id()),
            kind: ContextKind::Cached,
            document,
            at: self.now(),
            used_at: None,
            hits: 0,
            expires_at,
        })
    }

    /// Hosts an @context (clause 5.13.2); `base` is the broker's own address. Gives its local id.
    ///
    /// # Errors
    /// If it is none, or does not compile; [`Error::ContextMissing`].
    pub fn host_context(&self, body: &Json, base: &str) -> Result<(Box<str>, Kept), Error> {
        let Some(document) = only_context(body) else {
            let what = "an object with `@context` is needed (clause 5.13.2)";
            return Err(Error::bad("@context", what));
        };
        if let Some(context) = document.get("@context") {
            self.contexts.inside().compiled.compile(context)?;
        }
        self.serve_context(document, ContextKind::Hosted, base)
    }

    /// The address of a list that has no single URL, made once for each list (clause 6.3.5).
    ///
    /// # Errors
    /// [`Error::Busy`], or if there are too many.
    pub fn implicit_context(&self, list: &Json, base: &str) -> Result<Box<str>, Error> {
        if let Some(url) = self.contexts.served_at(list) {
            return Ok(url);
        }
        let document = Json::object([("@context", list.clone())]);
        let (id, _) = self.serve_context(document, ContextKind::Implicit, base)?;
        Ok(served_under(base, &id))
    }

    fn serve_context(
        &self,
        document: Json,
        kind: ContextKind,
        base: &str,
    ) -> Result<(Box<str>, Kept), Error> {
        let local_id = self.contexts.next_id();
        let kept = self.keep(HeldContext {
            url: served_under(base, &local_id),
            local_id: local_id.clone(),
            kind,
            document,
            at: self.now(),
            used_at: None,
            hits: 0,
            expires_at: None,
        })?;
        Ok((local_id, kept))
    }

    /// Deletes an @context (clause 5.13.5).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Busy`].
    pub fn drop_context(&self, name: &str) -> Result<Kept, Error> {
        let Some(held) = self.contexts.get(name) else {
            return Err(Error::NotFound(format!("there is no @context {name}")));
        };
        let mut out = Vec::new();
        let mut object = Emit::object(&mut out);
        object.text("localId", &held.local_id);
        object.end();
        let kept = self.append_kept(CONTEXT_GONE, &out)?;
        self.contexts.remove(&held.local_id);
        Ok(kept)
    }

    /// In memory first, which checks it; a document that is not on disk is only fetched again.
    fn keep(&self, held: HeldContext) -> Result<Kept, Error> {
        if core_version(&held.url).is_some() {
            return Ok(Kept::nothing());
        }
        let new = self.contexts.get(&held.local_id).is_none();
        if new && self.contexts.inside().held.len() >= DOCUMENTS_MAX {
            return Err(Error::TooMany(format!(
                "{DOCUMENTS_MAX} @contexts are held already"
            )));
        }
        let row = body(&held);
        let local_id = held.local_id.clone();
        self.contexts.put(held)?;
        self.append_kept(CONTEXT, &row)
            .inspect_err(|_| self.contexts.remove(&local_id))
    }
}

/// The address of an @context that is served here.
fn served_under(base: &str, local_id: &str) -> Box<str> {
    format!("{base}{HOSTED_AT}{local_id}").into()
}

/// A document with its `@context` and nothing else.
fn only_context(document: &Json) -> Option<Json> {
    let context = document.get("@context")?;
    Some(Json::object([("@context", context.clone())]))
}
