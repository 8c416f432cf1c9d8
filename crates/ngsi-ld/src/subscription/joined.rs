//! Entities that an entity leads to, behind it or within it (`join`, clause 4.5.23). Never follows
//! further than was asked, nor a chain back to where it began.

use std::sync::Arc;

use super::edit::{instance_mut, push};
use super::message::Find;
use super::told::written;
use crate::entity::{Attribute, Entity, Several, Value};
use crate::json::Json;
use crate::write::{Embed, Form, Selection, View};

/// Linked entities in one notification: 1,000 of 700 bytes are 0.7 MB, more than receivers take.
pub const LINKED_MAX: usize = 1_000;

/// The ids that an attribute leads to.
fn targets(attribute: &Attribute) -> &[Box<str>] {
    match &attribute.value {
        Value::Relationship(objects) => objects.as_slice(),
        Value::ListRelationship(objects) => objects,
        _ => &[],
    }
}

/// The linked entities, nearest first, each once.
pub(super) fn flat<'e>(
    from: impl IntoIterator<Item = &'e Entity>,
    levels: u32,
    find: Find<'_>,
) -> Vec<Arc<Entity>> {
    let mut known: Vec<Box<str>> = Vec::new();
    let mut wanted: Vec<Box<str>> = Vec::new();
    for entity in from {
        known.push(entity.id.clone());
        wanted.extend(entity.attributes.iter().flat_map(targets).cloned());
    }
    let mut found: Vec<Arc<Entity>> = Vec::new();
    for _ in 0..levels {
        let mut next = Vec::new();
        for id in std::mem::take(&mut wanted) {
            if known.contains(&id) || found.len() == LINKED_MAX {
                continue;
            }
            if let Some(entity) = find(&id) {
                next.extend(entity.attributes.iter().flat_map(targets).cloned());
                found.push(entity);
            }
            known.push(id);
        }
        wanted = next;
    }
    found
}

/// Puts the linked entities into the relationships of an entity that is written already.
pub(super) fn inline(
    view: &View<'_>,
    entity: &Entity,
    members: &mut Json,
    levels: u32,
    find: Find<'_>,
) {
    let mut left = LINKED_MAX;
    within(
        view,
        entity,
        members,
        levels,
        &mut Search {
            find,
            left: &mut left,
        },
    );
}

struct Search<'s> {
    find: Find<'s>,
    left: &'s mut usize,
}

fn within(
    view: &View<'_>,
    entity: &Entity,
    members: &mut Json,
    levels: u32,
    search: &mut Search<'_>,
) {
    if levels == 0 {
        return;
    }
    for attribute in &entity.attributes {
        let ids = targets(attribute);
        if ids.is_empty() {
            continue;
        }
        let name = view.context.compact_name(&attribute.name);
        let written = written(view, entity, &attribute.name);
        let id = attribute.dataset_id();
        let Some(instance) = instance_mut(members, &name, id, written) else {
            continue;
        };
        let linked: Vec<Option<Json>> = ids
            .iter()
            .map(|id| linked(view, id, levels - 1, search))
            .collect();
        if view.form == Form::Simplified {
            simplified(instance, linked);
            continue;
        }
        let mut some: Vec<Json> = linked.into_iter().flatten().collect();
        match (&attribute.value, some.len()) {
            (_, 0) => {}
            (Value::ListRelationship(_), _) => {
                push(instance, ("entityList".into(), Json::Array(some.into())));
            }
            (Value::Relationship(Several::One(_)), _) => {
                if let Some(one) = some.pop() {
                    push(instance, ("entity".into(), one));
                }
            }
            _ => push(instance, ("entity".into(), Json::Array(some.into()))),
        }
    }
}

/// A linked entity as it stands within another: whole, without an @context of its own.
fn linked(view: &View<'_>, id: &str, levels: u32, search: &mut Search<'_>) -> Option<Json> {
    if *search.left == 0 {
        return None;
    }
    let entity = (search.find)(id)?;
    *search.left -= 1;
    let view = View {
        selection: &Selection::ALL,
        datasets: None,
        ..*view
    };
    let mut text = Vec::new();
    view.entity(&entity, Embed::Nothing, &mut text);
    let mut json = Json::read(&text).ok()?;
    within(&view, &entity, &mut json, levels, search);
    Some(json)
}

/// In the simplified form the entity stands in place of its id.
fn simplified(instance: &mut Json, linked: Vec<Option<Json>>) {
    match instance {
        Json::Array(items) => {
            for (item, entity) in items.iter_mut().zip(linked) {
                if let Some(entity) = entity {
                    *item = entity;
                }
            }
        }
        Json::String(_) => {
            if let Some(entity) = linked.into_iter().flatten().next() {
                *instance = entity;
            }
        }
        _ => {}
    }
}
