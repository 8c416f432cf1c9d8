//! How an entity evolved, as a request tells it: attributes are instances, or arrays of instances
//! at different times (clauses 5.2.20, 5.6.11 to 5.6.14). Never decides what is there already.

use crate::context::{Context, Member};
use crate::entity::{Attribute, Draft, Representation, Value};
use crate::error::Error;
use crate::iri::Iri;
use crate::json::Json;
use crate::temporal::SCOPE;
use crate::time::Time;

/// Instances in one request. 10,000 of 100 bytes are a body of a megabyte, and with what is kept
/// of each less than a record of 4 MiB.
pub const INSTANCES_MAX: usize = 10_000;

/// An entity's evolution, or a part of it, as a request writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalFragment {
    /// `id`, if written.
    pub id: Option<Box<str>>,
    /// `type`, if written.
    pub types: Vec<Iri>,
    /// Instances of attributes in the order written. Scopes are among them under [`SCOPE`], with
    /// a list of texts as their value.
    pub instances: Vec<Attribute>,
}

impl TemporalFragment {
    /// Reads what creates or adds (clauses 5.6.11 and 5.6.12). What the broker writes itself,
    /// `instanceId` and its own times, is passed over.
    ///
    /// # Errors
    /// If it breaks a rule of clauses 4.5 to 4.7, or says nothing.
    pub fn read(body: Json, context: &Context, now: Time) -> Result<Self, Error> {
        let Json::Object(members) = body else {
            let what = format!("a JSON object is needed, not {}", body.kind());
            return Err(Error::bad("", what));
        };
        let mut read = Self {
            id: None,
            types: Vec::new(),
            instances: Vec::new(),
        };
        let mut head = Vec::new();
        for (term, value) in members {
            match context.member(&term) {
                Member::Context | Member::System | Member::ExpiresAt => {}
                Member::Id | Member::Type => head.push((term, value)),
                Member::Scope => read.scopes(value, context, now)?,
                _ => read.attribute(&term, value, context, now)?,
            }
            if read.instances.len() > INSTANCES_MAX {
                let what = format!("more than {INSTANCES_MAX} instances");
                return Err(Error::bad("", what));
            }
        }
        let head = Json::Object(head.into());
        let head = crate::entity::Fragment::read(head, context, Representation::Detected)?;
        (read.id, read.types) = (head.id, head.types);
        Ok(read)
    }

    /// The same, for what makes an entity's evolution: it has an id, and a type.
    ///
    /// # Errors
    /// As [`Self::read`], and if one is missing.
    pub fn read_entity(body: Json, context: &Context, now: Time) -> Result<Self, Error> {
        let read = Self::read(body, context, now)?;
        if read.id.is_none() {
            return Err(Error::bad("id", "an entity has an id, which is a URI"));
        }
        if read.types.is_empty() {
            return Err(Error::bad("type", "an entity has a type"));
        }
        Ok(read)
    }

    /// The same, for what adds to one: it has an instance, or a type (clause 5.4).
    ///
    /// # Errors
    /// As [`Self::read`], and if it says nothing.
    pub fn read_attributes(body: Json, context: &Context, now: Time) -> Result<Self, Error> {
        let read = Self::read(body, context, now)?;
        if read.instances.is_empty() && read.types.is_empty() {
            return Err(Error::bad("", "the fragment says nothing (clause 5.4)"));
        }
        Ok(read)
    }

    fn attribute(
        &mut self,
        term: &str,
        value: Json,
        context: &Context,
        now: Time,
    ) -> Result<(), Error> {
        let items = match value {
            // An array is one of instances unless what stands in it are values.
            Json::Array(items) if items.is_empty() || are_instances(&items) => items,
            other => Box::new([other]),
        };
        let first = self.instances.len();
        for item in items {
            let draft = Draft::read(term, item, context, Representation::Detected)?;
            self.instances.push(draft.complete(now)?);
        }
        let twice = self.instances.get(first).is_some_and(|new| {
            let before = self.instances.iter().take(first);
            before.into_iter().any(|old| old.name == new.name)
        });
        if twice {
            return Err(Error::bad(term, "this attribute is written twice"));
        }
        Ok(())
    }

    /// Scopes: as they stand in an entity, or as instances of a Property (clause 4.5.6).
    fn scopes(&mut self, value: Json, context: &Context, now: Time) -> Result<(), Error> {
        let within = |e: Error| e.within("scope");
        let reified = value
            .as_list()
            .first()
            .is_some_and(|item| matches!(item, Json::Object(_)));
        let items = match value {
            Json::Array(items) if reified => items,
            other => Box::new([other]),
        };
        for item in items {
            let (names, observed_at) = if reified {
                let draft = Draft::read("scope", item, context, Representation::Detected);
                let attribute = draft.and_then(|d| d.complete(now))?;
                match attribute.value {
                    Value::Property(json) => (json, attribute.observed_at),
                    _ => return Err(within(Error::bad("", "a scope is a Property here"))),
                }
            } else {
                // Set as the entity API sets it, where it is observed when it is written.
                (item, Some(now))
            };
            let mut instance = Attribute::new(
                Iri::new(SCOPE),
                Value::Property(scope_list(names, context)?),
                now,
            );
            instance.observed_at = observed_at;
            self.instances.push(instance);
        }
        Ok(())
    }
}

/// Checked as an entity's scopes are (clause 4.18), and made a list.
fn scope_list(names: Json, context: &Context) -> Result<Json, Error> {
    let body = Json::object([("scope", names)]);
    let read = crate::entity::Fragment::read(body, context, Representation::Detected)?;
    let scopes = read.scopes.set().unwrap_or_default();
    Ok(Json::Array(scopes.into_iter().map(Json::String).collect()))
}

/// In this representation an array is one of instances; only values that cannot be instances,
/// texts and numbers, are taken for one value that is an array.
fn are_instances(items: &[Json]) -> bool {
    items.iter().any(|item| matches!(item, Json::Object(_)))
}

/// Reads the one instance that replaces another (clause 5.6.14): the instance alone, in an array
/// of one, or under the attribute's name.
///
/// # Errors
/// If it breaks a rule of clauses 4.5 to 4.7, or is not just one.
pub fn read_instance(
    term: &str,
    body: Json,
    context: &Context,
    now: Time,
) -> Result<Attribute, Error> {
    let draft = Draft::read(
        term,
        one(unwrapped(term, body, context), term)?,
        context,
        Representation::Detected,
    )?;
    draft.complete(now)
}

/// What stands under the attribute's name, if nothing else does; else the body.
fn unwrapped(term: &str, body: Json, context: &Context) -> Json {
    let name = context.expand_name(term);
    let rest = body
        .members()
        .iter()
        .filter(|(key, _)| context.member(key) != Member::Context)
        .collect::<Vec<_>>();
    match rest[..] {
        [(key, value)]
            if context.member(key) == Member::Other && context.expand_name(key) == name =>
        {
            value.clone()
        }
        _ => body,
    }
}

fn one(body: Json, term: &str) -> Result<Json, Error> {
    match body {
        Json::Array(items) if are_instances(&items) => <[Json; 1]>::try_from(items.into_vec())
            .map(|[item]| item)
            .map_err(|_| Error::bad(term, "one instance and no more")),
        other => Ok(other),
    }
}
