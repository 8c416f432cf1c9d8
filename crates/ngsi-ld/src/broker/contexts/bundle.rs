//! @contexts that are brought along under their own URLs, so that no request ever has to fetch one
//! (clause 5.13: they are cached ones). A bundle is checked whole before any of it counts. Never
//! fetches what a document names and the bundle lacks: it is said.

use std::collections::{BTreeSet, HashSet};

use loggia_store::bus::BODY_BYTES_MAX;

use super::rows::body;
use super::{HeldContext, Inside, only_context};
use crate::broker::record::CONTEXT;
use crate::broker::{Broker, ContextKind, Kept};
use crate::context::{Contexts, DOCUMENTS_MAX, REMOTE_MAX, core_version};
use crate::error::Error;
use crate::json::Json;

/// A document, and the URL by which requests name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// `http` or `https`.
    pub url: Box<str>,
    /// An object with `@context`; its other members are not kept.
    pub document: Json,
}

/// What became of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Documents that were not held.
    pub new: usize,
    /// Documents in place of others that were held under their URLs.
    pub changed: usize,
    /// Documents that were held as they are.
    pub unchanged: usize,
    /// Core @contexts: they are built in, and stay as they are.
    pub built_in: usize,
    /// What the documents name and nobody brought: a request that needs it has to fetch.
    pub missing: BTreeSet<Box<str>>,
}

impl Broker {
    /// Takes a bundle of @contexts, on disk when what is given back is done. If the log takes only
    /// a part of it ([`Error::Busy`]), that part stays, and the whole may be brought again.
    ///
    /// # Errors
    /// [`Error::BadData`] and [`Error::ContextInvalid`] name the URL, [`Error::AlreadyExists`] if
    /// one is hosted here, [`Error::TooMany`]; with these nothing is changed.
    pub fn import_contexts(&self, bundle: Vec<Brought>) -> Result<(Imported, Kept), Error> {
        let mut done = Imported::default();
        let (core, own): (Vec<_>, Vec<_>) = bundle
            .into_iter()
            .partition(|b| core_version(&b.url).is_some());
        done.built_in = core.len();
        let own = own.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut seen = HashSet::new();
        if let Some(twice) = own.iter().find(|b| !seen.insert(b.url.clone())) {
            return Err(Error::bad(&*twice.url, "it stands in the bundle twice"));
        }
        // Held until all are in: who compiles meanwhile has none of them or all.
        let inside = &mut *self.contexts.inside();
        done.missing = compiles(&own, inside)?;
        let mut rows = Vec::with_capacity(own.len());
        for one in own {
            rows.extend(inside.row(one, self.now(), &mut done)?);
        }
        if inside.held.len() + done.new > DOCUMENTS_MAX {
            let what = format!("{DOCUMENTS_MAX} @contexts are held at most");
            return Err(Error::TooMany(what));
        }
        let mut kept = Kept::nothing();
        for (held, row) in rows {
            let before = inside.held.get(&held.local_id).cloned();
            let local_id = held.local_id.clone();
            // In memory first, as a snapshot that is taken now may not miss what the log has.
            inside.put(held)?;
            match self.append_kept(CONTEXT, &row) {
                Ok(one) => kept = kept.and(one),
                Err(e) => {
                    inside.remove(&local_id);
                    if let Some(before) = before {
                        inside.put(before)?;
                    }
                    return Err(e);
                }
            }
        }
        Ok((done, kept))
    }
}

/// What is kept of a document, if its URL is one and it holds an @context.
fn read(brought: Brought) -> Result<Brought, Error> {
    let url = url::Url::parse(&brought.url).ok();
    if !url.is_some_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host()) {
        let what = "an @context is brought under its http or https URL";
        return Err(Error::bad(&*brought.url, what));
    }
    match only_context(&brought.document) {
        Some(document) => Ok(Brought {
            document,
            ..brought
        }),
        None => Err(Error::ContextInvalid(format!(
            "{} holds no @context: an object with `@context` is needed",
            brought.url
        ))),
    }
}

/// Whether each compiles; gives the URLs that nobody brought.
fn compiles(own: &[Brought], inside: &Inside) -> Result<BTreeSet<Box<str>>, Error> {
    let mut missing = BTreeSet::new();
    let mut trial = Contexts::new();
    for one in own {
        trial.put(&one.url, one.document.to_string().as_bytes())?;
    }
    for one in own {
        let list = Json::from(&*one.url);
        for _ in 0..=REMOTE_MAX {
            let url = match trial.compile(&list) {
                Ok(_) => break,
                Err(Error::ContextMissing { url }) => url,
                Err(e) => return Err(Error::ContextInvalid(format!("{}: {e}", one.url))),
            };
            let Some(held) = inside.get(&url) else {
                missing.insert(url.into());
                break;
            };
            trial.put(&held.url, held.document.to_string().as_bytes())?;
        }
    }
    Ok(missing)
}

impl Inside {
    /// A document as it is held and as its record; nothing if it is held already.
    fn row(
        &mut self,
        one: Brought,
        at: crate::Time,
        done: &mut Imported,
    ) -> Result<Option<(HeldContext, Vec<u8>)>, Error> {
        let before = self.get(&one.url);
        if before.is_some_and(|b| b.kind != ContextKind::Cached) {
            let what = format!("{} is hosted here: delete it first", one.url);
            return Err(Error::AlreadyExists(what));
        }
        let local_id = match before {
            // One that was fetched is taken anew: what is brought along does not expire.
            Some(before) if before.document == one.document && before.expires_at.is_none() => {
                done.unchanged += 1;
                return Ok(None);
            }
            Some(before) => {
                done.changed += 1;
                before.local_id.clone()
            }
            None => {
                done.new += 1;
                self.made += 1;
                format!("{}", self.made).into()
            }
        };
        let held = HeldContext {
            url: one.url,
            local_id,
            kind: ContextKind::Cached,
            document: one.document,
            at,
            used_at: None,
            hits: 0,
            expires_at: None,
        };
        let row = body(&held);
        if row.len() > BODY_BYTES_MAX {
            let what = format!("{} has over {BODY_BYTES_MAX} bytes", held.url);
            return Err(Error::ContextInvalid(what));
        }
        Ok(Some((held, row)))
    }
}
