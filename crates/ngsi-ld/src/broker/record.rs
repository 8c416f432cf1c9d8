//! What stands in the city's log of records: each change of an entity, with the entity after it, so
//! that a start, a history and a notification need nothing else. JSON under the core @context, so
//! that a city reads its own log with any tool. Never holds a short name of somebody's @context.

use std::sync::Arc;

use crate::context::Context;
use crate::entity::{Attribute, Entity};
use crate::error::Error;
use crate::iri::Iri;
use crate::json::{Emit, Json, write_string};
use crate::recorded::Recorded;
use crate::time::Time;
use crate::update::{How, Touched};
use crate::write::{Embed, Form, SysAttrs, View};

/// An entity was made or changed. The numbers are on disk.
pub(crate) const CHANGED: u8 = 1;
/// An entity was deleted.
pub(crate) const DELETED: u8 = 2;
/// An @context document was added, or refreshed.
pub(crate) const CONTEXT: u8 = 3;
/// An @context document was deleted.
pub(crate) const CONTEXT_GONE: u8 = 4;
/// A tenant was made.
pub(crate) const TENANT: u8 = 5;
/// A subscription was made or changed.
pub(crate) const SUBSCRIPTION: u8 = 6;
/// A subscription was deleted.
pub(crate) const SUBSCRIPTION_GONE: u8 = 7;
/// What became of subscriptions' notifications.
pub(crate) const TALLIES: u8 = 8;
/// A device's key was made or revoked.
pub(crate) const KEY: u8 = 9;
/// When keys were used last.
pub(crate) const KEYS_USED: u8 = 10;
/// The temporal API wrote to a history; `evolution.rs` reads it.
pub(crate) const EVOLVED: u8 = 32;

/// Writes a change; `before` is the whole entity, of which what was touched is kept.
pub(super) fn changed(
    tenant: &str,
    before: Option<&Entity>,
    after: &Entity,
    touched: &[Touched],
    core: &Context,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let mut object = Emit::object(&mut out);
    object.text("tenant", tenant);
    if let Some(before) = before {
        let mut list = Emit::array(object.member("changed"));
        for one in touched {
            write_touched(one, list.item());
        }
        list.end();
        write_entity(&part(before, touched), core, object.member("before"));
    }
    write_entity(after, core, object.member("entity"));
    object.end();
    out
}

/// Writes a deletion.
pub(super) fn deleted(tenant: &str, before: &Entity, core: &Context) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let mut object = Emit::object(&mut out);
    object.text("tenant", tenant);
    write_entity(before, core, object.member("before"));
    object.end();
    out
}

/// Writes that a tenant was made.
pub(super) fn tenant(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = Emit::object(&mut out);
    object.text("tenant", name);
    object.end();
    out
}

/// Reads a record of kind [`TENANT`].
pub(super) fn read_tenant(body: &[u8]) -> Result<Box<str>, Error> {
    let body = Json::read(body)?;
    let name = body.get("tenant").and_then(Json::as_str);
    Ok(name.unwrap_or_default().into())
}

/// Writes an entity with the broker's times.
fn write_entity(entity: &Entity, core: &Context, out: &mut Vec<u8>) {
    let view = View {
        sys_attrs: SysAttrs::Show,
        ..View::of(core, Form::Normalized)
    };
    view.entity(entity, Embed::Nothing, out);
}

/// What was touched of an entity, as it was.
fn part(before: &Entity, touched: &[Touched]) -> Entity {
    let wanted = |a: &&Attribute| {
        touched.iter().any(|t| match t {
            Touched::Attribute {
                name, dataset_id, ..
            } => *name == a.name && dataset_id.as_deref() == a.dataset_id(),
            _ => false,
        })
    };
    Entity {
        attributes: before.attributes.iter().filter(wanted).cloned().collect(),
        ..before.head()
    }
}

fn write_touched(touched: &Touched, out: &mut Vec<u8>) {
    match touched {
        Touched::Types => write_string(out, "type"),
        Touched::Scopes => write_string(out, "scope"),
        Touched::Expiry => write_string(out, "expiresAt"),
        Touched::Attribute {
            name,
            dataset_id,
            how,
        } => {
            let mut object = Emit::object(out);
            object.text("attribute", name);
            if let Some(id) = dataset_id {
                object.text("datasetId", id);
            }
            object.text("how", word(*how));
            object.end();
        }
    }
}

const HOWS: [(How, &str); 3] = [
    (How::Added, "added"),
    (How::Updated, "updated"),
    (How::Removed, "removed"),
];

fn word(how: How) -> &'static str {
    let known = HOWS.iter().find(|(h, _)| *h == how);
    known.map_or("", |(_, word)| word)
}

/// Reads a record of kind [`CHANGED`] or [`DELETED`].
///
/// # Errors
/// If it is none, which only another program can have written.
pub(crate) fn read(seq: u64, at: Time, body: &[u8], core: &Context) -> Result<Recorded, Error> {
    let Json::Object(members) = Json::read(body)? else {
        return Err(Error::Broken(format!("record {seq} is no object")));
    };
    let mut change = Recorded {
        seq,
        tenant: Box::default(),
        at,
        before: None,
        after: None,
        touched: Vec::new(),
    };
    for (name, value) in members.into_vec() {
        match (&*name, value) {
            ("tenant", Json::String(tenant)) => change.tenant = tenant,
            ("changed", Json::Array(list)) => {
                change.touched = list.iter().filter_map(touched).collect();
            }
            ("before", value) => change.before = Some(Entity::restore(value, core)?),
            ("entity", value) => {
                let entity = Entity::restore(value, core)?.settled();
                change.after = Some(Arc::new(entity));
            }
            _ => return Err(Error::Broken(format!("record {seq} has a `{name}`"))),
        }
    }
    if let (None, Some(after)) = (&change.before, &change.after) {
        change.touched = all(after, How::Added);
    }
    if let (Some(before), None) = (&change.before, &change.after) {
        change.touched = all(before, How::Removed);
    }
    Ok(change)
}

/// Everything of an entity.
pub(super) fn all(entity: &Entity, how: How) -> Vec<Touched> {
    let attribute = |a: &Attribute| Touched::Attribute {
        name: a.name.clone(),
        dataset_id: a.dataset_id().map(Into::into),
        how,
    };
    let attributes = entity.attributes.iter().map(attribute);
    std::iter::once(Touched::Types).chain(attributes).collect()
}

fn touched(json: &Json) -> Option<Touched> {
    match json {
        Json::String(word) => match &**word {
            "type" => Some(Touched::Types),
            "scope" => Some(Touched::Scopes),
            "expiresAt" => Some(Touched::Expiry),
            _ => None,
        },
        _ => Some(Touched::Attribute {
            name: Iri::new(json.get("attribute")?.as_str()?),
            dataset_id: json.get("datasetId").and_then(Json::as_str).map(Into::into),
            how: HOWS
                .iter()
                .find(|(_, w)| Some(*w) == json.get("how").and_then(Json::as_str))?
                .0,
        }),
    }
}
