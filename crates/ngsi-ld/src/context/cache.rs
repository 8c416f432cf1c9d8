//! Documents that the caller has fetched, and the contexts compiled from them: one per distinct
//! list. Never fetches, never writes to disk, never forgets without being told or being full.

use std::collections::HashMap;
use std::sync::Arc;

use super::Context;
use super::compile::compile;
use super::core::core_version;
use crate::error::Error;
use crate::json::Json;

/// The largest document taken. All Smart Data Models in one @context are about 2 MB.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;
/// Documents held. A city uses some dozens; 1,000 of 20 kB are 20 MB.
pub const DOCUMENTS_MAX: usize = 1_000;
/// Compiled contexts held, 200 kB each with 1,000 terms: 100 MB at the worst.
pub const COMPILED_MAX: usize = 500;

/// The cache. Reading needs no lock of its own: the caller decides how to share it.
#[derive(Debug, Default)]
pub struct Contexts {
    documents: HashMap<Box<str>, Json>,
    compiled: HashMap<Box<str>, Arc<Context>>,
}

impl Contexts {
    /// Empty but for the core contexts, which are always there.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a fetched document: an object with `@context`.
    ///
    /// # Errors
    /// If it is none, if it is too large, or if the cache is full.
    pub fn put(&mut self, url: &str, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(Error::ContextInvalid(format!(
                "{url} has {} bytes; at most {DOCUMENT_BYTES_MAX} are read",
                bytes.len()
            )));
        }
        let document = Json::read(bytes)?;
        let Some(context) = document.get("@context") else {
            return Err(Error::ContextInvalid(format!("{url} holds no @context")));
        };
        let new = !self.documents.contains_key(url);
        if new && self.documents.len() >= DOCUMENTS_MAX {
            return Err(Error::ContextInvalid(format!(
                "{DOCUMENTS_MAX} @context documents are held already"
            )));
        }
        self.documents.insert(url.into(), context.clone());
        if !new {
            // What was compiled from the old text no longer holds.
            self.compiled.clear();
        }
        Ok(())
    }

    /// Drops a document, and with it what was compiled.
    pub fn forget(&mut self, url: &str) {
        if self.documents.remove(url).is_some() {
            self.compiled.clear();
        }
    }

    /// Whether a document is held.
    #[must_use]
    pub fn holds(&self, url: &str) -> bool {
        core_version(url).is_some() || self.documents.contains_key(url)
    }

    /// The compiled form of an @context, if it was asked for before.
    #[must_use]
    pub fn get(&self, context: &Json) -> Option<Arc<Context>> {
        self.compiled.get(&*key(context)).cloned()
    }

    /// The compiled form of an @context; the same list gives the same `Arc`.
    ///
    /// # Errors
    /// [`Error::ContextMissing`] for a document that is not held, [`Error::ContextInvalid`] for
    /// what JSON-LD refuses.
    pub fn compile(&mut self, context: &Json) -> Result<Arc<Context>, Error> {
        let key = key(context);
        if let Some(known) = self.compiled.get(&*key) {
            return Ok(known.clone());
        }
        let made = Arc::new(compile(context, &self.documents)?);
        if self.compiled.len() >= COMPILED_MAX {
            // Whole, not by age: it costs some hundred compilations of a millisecond, and a cache
            // that is full of lists used once has nothing worth keeping.
            self.compiled.clear();
        }
        self.compiled.insert(key.into(), made.clone());
        Ok(made)
    }

    /// Whether an @context compiles, as far as the documents go that are held; it is not kept.
    ///
    /// # Errors
    /// [`Error::ContextInvalid`] for what JSON-LD refuses.
    pub fn check(&self, context: &Json) -> Result<(), Error> {
        match compile(context, &self.documents) {
            Ok(_) | Err(Error::ContextMissing { .. }) => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// The core @context alone, for requests that bring none.
    ///
    /// # Errors
    /// Never: the core is part of this crate.
    pub fn core(&mut self) -> Result<Arc<Context>, Error> {
        self.compile(&Json::Array(Box::default()))
    }
}

/// One text for one list: a list of one is that one, and core contexts at the end say what is so
/// anyway.
fn key(context: &Json) -> String {
    let list = context.as_list();
    let core = |c: &Json| c.as_str().and_then(core_version).is_some_and(|v| v >= 5);
    let end = list.iter().rposition(|c| !core(c)).map_or(0, |n| n + 1);
    let mut out = Vec::new();
    for part in &list[..end] {
        crate::json::write_json(&mut out, part);
        out.push(b',');
    }
    String::from_utf8_lossy(&out).into_owned()
}
