//! Entities and parts of entities out of JSON (clauses 4.5.1, 4.5.4, 5.2.4 and 5.4). Never decides
//! what an update makes of them.

use super::draft::{Change, Draft};
use super::geometry::Geometry;
use super::read::{Nulls, Reading, Stamps, time};
use super::value::uri;
use super::{Entity, NULL};
use crate::context::{Context, Member};
use crate::error::Error;
use crate::iri::Iri;
use crate::json::Json;
use crate::time::Time;

/// Which representation is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Representation {
    /// Normalized or concise, told apart attribute by attribute.
    Detected,
    /// Simplified (`keyValues`), which the request says.
    Simplified,
}

/// An entity, or a part of one, as a request writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// `id`, if written.
    pub id: Option<Box<str>>,
    /// `type`, if written.
    pub types: Vec<Iri>,
    /// `scope`.
    pub scopes: Change<Box<[Box<str>]>>,
    /// `expiresAt`.
    pub expires_at: Change<Time>,
    /// The attributes' instances.
    pub attributes: Vec<Draft>,
    /// When it was made and changed, where the broker reads its own records.
    stamps: (Option<Time>, Option<Time>),
}

impl Fragment {
    /// Reads what creates, appends or replaces: nothing in it removes.
    ///
    /// # Errors
    /// If it breaks a rule of clauses 4.5 to 4.7.
    pub fn read(body: Json, context: &Context, as_: Representation) -> Result<Self, Error> {
        let reading = Reading::new(context, Nulls::Refuse, as_);
        reading.fragment(body)
    }

    /// Reads what updates or merges: `urn:ngsi-ld:null` removes (clause 4.5.0).
    ///
    /// # Errors
    /// If it breaks a rule of clauses 4.5 to 4.7.
    pub fn read_update(body: Json, context: &Context, as_: Representation) -> Result<Self, Error> {
        let reading = Reading::new(context, Nulls::Remove, as_);
        reading.fragment(body)
    }
}

impl Draft {
    /// Reads one attribute for an update of that attribute (clause 5.6.4): its members, or its
    /// value alone. `@context` is the caller's to take out.
    ///
    /// # Errors
    /// If it breaks a rule of clauses 4.5 to 4.7.
    pub fn read_update(
        term: &str,
        body: Json,
        context: &Context,
        as_: Representation,
    ) -> Result<Self, Error> {
        one(term, body, context, as_, Nulls::Remove)
    }

    /// Reads one attribute that replaces another (clause 5.6.19): nothing in it removes.
    ///
    /// # Errors
    /// If it breaks a rule of clauses 4.5 to 4.7.
    pub fn read(
        term: &str,
        body: Json,
        context: &Context,
        as_: Representation,
    ) -> Result<Self, Error> {
        one(term, body, context, as_, Nulls::Refuse)
    }
}

fn one(
    term: &str,
    body: Json,
    context: &Context,
    representation: Representation,
    nulls: Nulls,
) -> Result<Draft, Error> {
    let reading = Reading::new(context, nulls, representation);
    let mut drafts = Vec::new();
    match body {
        // In an update of one attribute an object is its members, whichever they are; a value
        // that is an object comes under `value`.
        body @ Json::Object(_)
            if representation == Representation::Detected && !Geometry::is_meant(&body) =>
        {
            let name = reading.name(term)?;
            let kind = reading.kind_of(&body)?;
            let draft = reading.members(&name, term, kind, without_context(body, context));
            drafts.push(draft.map_err(|e| e.within(term))?);
        }
        body => reading.attribute(term.into(), without_context(body, context), &mut drafts)?,
    }
    match <[Draft; 1]>::try_from(drafts) {
        Ok([draft]) => Ok(draft),
        Err(_) => Err(Error::bad(term, "one instance of the attribute is needed")),
    }
}

fn without_context(body: Json, context: &Context) -> Json {
    match body {
        Json::Object(members) => Json::Object(
            members
                .into_iter()
                .filter(|(key, _)| context.member(key) != Member::Context)
                .collect(),
        ),
        other => other,
    }
}

impl Reading<'_> {
    /// An entity or a part of one.
    fn fragment(&self, body: Json) -> Result<Fragment, Error> {
        let Json::Object(members) = body else {
            let what = format!("a JSON object is needed, not {}", body.kind());
            return Err(Error::bad("", what));
        };
        let mut fragment = Fragment {
            id: None,
            types: Vec::new(),
            scopes: Change::Keep,
            expires_at: Change::Keep,
            attributes: Vec::with_capacity(members.len()),
            stamps: (None, None),
        };
        for (key, value) in members {
            let within = |e: Error| e.within(&key);
            match self.context.member(&key) {
                Member::Context => {}
                Member::System => {
                    self.stamp(&mut fragment.stamps, &key, value)
                        .map_err(within)?;
                }
                Member::Id => fragment.id = Some(uri(value).map_err(within)?),
                Member::Type => fragment.types = self.names(&value).map_err(within)?,
                Member::Scope => {
                    fragment.scopes = self.change(value, scopes).map_err(within)?;
                }
                Member::ExpiresAt => {
                    fragment.expires_at = self.change(value, time).map_err(within)?;
                }
                // A name that means something within an attribute is an attribute's name out here.
                _ => self.attribute(key, value, &mut fragment.attributes)?,
            }
        }
        Ok(fragment)
    }
}

/// One scope or several (clause 4.18), kept as sent.
fn scopes(raw: Json) -> Result<Box<[Box<str>]>, Error> {
    let mut list: Vec<Box<str>> = Vec::with_capacity(1);
    for one in raw.as_list() {
        match one.as_str() {
            Some(scope) if is_scope(scope) => {
                if !list.iter().any(|s| **s == *scope) {
                    list.push(scope.into());
                }
            }
            _ => {
                return Err(Error::bad(
                    "",
                    "a scope is like /Madrid/Gardens (clause 4.18)",
                ));
            }
        }
    }
    if list.is_empty() {
        return Err(Error::bad("", "one scope at least"));
    }
    Ok(list.into())
}

/// Levels of letters, numbers and `_` that begin with a letter, with or without a leading slash.
fn is_scope(text: &str) -> bool {
    text != NULL
        && text
            .strip_prefix('/')
            .unwrap_or(text)
            .split('/')
            .all(|level| {
                let mut chars = level.chars();
                chars.next().is_some_and(char::is_alphabetic)
                    && chars.all(|c| c.is_alphanumeric() || c == '_')
            })
}

impl Entity {
    /// Reads an entity that is made now (clause 5.6.1).
    ///
    /// # Errors
    /// If it breaks a rule of clauses 4.5 to 4.7, or lacks `id` or `type`.
    pub fn read(
        body: Json,
        context: &Context,
        as_: Representation,
        now: Time,
    ) -> Result<Self, Error> {
        Self::of(Fragment::read(body, context, as_)?, now)
    }

    /// Reads an entity out of the broker's own records: normalized, with the broker's times.
    ///
    /// # Errors
    /// If it is none.
    pub(crate) fn restore(body: Json, core: &Context) -> Result<Self, Error> {
        let mut reading = Reading::new(core, Nulls::Refuse, Representation::Detected);
        reading.stamps = Stamps::Keep;
        let fragment = reading.fragment(body)?;
        let stamps = fragment.stamps;
        let mut entity = Self::of(fragment, Time::of_micros(0))?;
        entity.created_at = stamps.0.unwrap_or(entity.created_at);
        entity.modified_at = stamps.1.unwrap_or(entity.modified_at);
        Ok(entity)
    }

    /// The entity that a fragment is the whole of.
    ///
    /// # Errors
    /// If it lacks `id`, `type` or an attribute's value.
    pub fn of(fragment: Fragment, now: Time) -> Result<Self, Error> {
        let Some(id) = fragment.id else {
            return Err(Error::bad("id", "an entity has an id, which is a URI"));
        };
        if fragment.types.is_empty() {
            return Err(Error::bad("type", "an entity has a type"));
        }
        // Not collected: `collect` would keep the drafts' memory, five times what is needed.
        let mut attributes = Vec::with_capacity(fragment.attributes.len());
        for draft in fragment.attributes {
            attributes.push(draft.complete(now)?);
        }
        Ok(Self {
            id,
            types: fragment.types.into(),
            scopes: fragment.scopes.set().unwrap_or_default(),
            attributes,
            created_at: now,
            modified_at: now,
            expires_at: fragment.expires_at.set(),
            deleted_at: None,
        })
    }
}
