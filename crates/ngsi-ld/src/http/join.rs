//! Linked entities (`join`, `joinLevel`, `containedBy`; clause 4.5.23): which are written with
//! those that were found. Never follows a Relationship that is not shown.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::answer::Failure;
use super::view::Asked;
use crate::broker::{Broker, Whose};
use crate::entity::{Attribute, Entity, Value};
use crate::error::{Error, Problem};
use crate::query::limits::JOIN_LEVELS_MAX;
use crate::query::{Fault, Ids};
use crate::write::Selection;

/// Linked entities in one answer, each counted as often as it is written: 10,000 of 700 bytes are
/// 7 MB.
const LINKED_MAX: usize = 10_000;

/// Where linked entities are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Within the Relationships.
    Inline,
    /// Behind the entities.
    Flat,
}

/// What was asked for.
#[derive(Debug)]
pub(super) struct Join {
    pub place: Place,
    /// How many Relationships one after the other.
    pub levels: usize,
    /// These are known to the caller already.
    known: Option<Ids>,
}

impl Join {
    pub(super) fn read(asked: &impl Asked) -> Result<Option<Self>, Failure> {
        let place = match asked.text("join")?.as_deref() {
            None | Some("@none") => None,
            Some("inline") => Some(Place::Inline),
            Some("flat") => Some(Place::Flat),
            Some(_) => return Err(Error::bad("join", "inline, flat or @none").into()),
        };
        let levels = asked.text("joinLevel")?;
        let known = asked.text("containedBy")?;
        let Some(place) = place else {
            if levels.is_some() || known.is_some() {
                let what = "joinLevel and containedBy go with join=inline or join=flat";
                return Err(Error::bad("join", what).into());
            }
            return Ok(None);
        };
        Ok(Some(Self {
            place,
            levels: levels.as_deref().map_or(Ok(1), levels_of)?,
            known: known.as_deref().map(Ids::read).transpose()?,
        }))
    }

    /// The linked entities of some entities.
    pub(super) fn gather<'s>(
        &self,
        broker: &Broker,
        tenant: &Whose,
        from: &[Arc<Entity>],
        selection: &'s Selection,
    ) -> Result<Gathered<'s>, Failure> {
        let mut found = Gathered::default();
        // What an entity leads to depends on what of it is shown.
        let mut seen: HashSet<(Box<str>, *const Selection)> = HashSet::new();
        let mut queue: VecDeque<(Arc<Entity>, &'s Selection, usize)> =
            from.iter().map(|e| (e.clone(), selection, 0)).collect();
        let mut listed: HashSet<Box<str>> = from.iter().map(|e| e.id.clone()).collect();
        while let Some((entity, selection, level)) = queue.pop_front() {
            if level == self.levels {
                continue;
            }
            for (attribute, id) in shown(&entity, selection) {
                let within = selection.linked(&attribute.name);
                if self.known.as_ref().is_some_and(|known| known.has(id))
                    || !seen.insert((id.clone(), std::ptr::from_ref(within)))
                {
                    continue;
                }
                let Ok(linked) = broker.get(tenant, id) else {
                    continue;
                };
                if seen.len() > LINKED_MAX {
                    return Err(too_many());
                }
                if listed.insert(id.clone()) {
                    found.in_order.push((linked.clone(), within));
                }
                found.by_id.insert(id.clone(), linked.clone());
                queue.push_back((linked, within, level + 1));
            }
        }
        if self.place == Place::Inline {
            let mut counted = HashMap::new();
            let each = from.iter();
            let all = each.map(|e| found.written(e, selection, self.levels, &mut counted));
            if all.fold(0, usize::saturating_add) > LINKED_MAX {
                return Err(too_many());
            }
        }
        Ok(found)
    }
}

/// Linked entities.
#[derive(Debug, Default)]
pub(super) struct Gathered<'s> {
    pub by_id: HashMap<Box<str>, Arc<Entity>>,
    /// Nearest first, each once, with what of it is shown.
    pub in_order: Vec<(Arc<Entity>, &'s Selection)>,
}

/// How many linked entities an entity is written with, by id, what is shown, and levels.
type Counted<'e> = HashMap<(&'e str, *const Selection, usize), usize>;

impl Gathered<'_> {
    /// How many linked entities are written within one. As deep as there are levels.
    fn written<'e>(
        &'e self,
        entity: &'e Entity,
        selection: &Selection,
        levels: usize,
        counted: &mut Counted<'e>,
    ) -> usize {
        let key = (&*entity.id, std::ptr::from_ref(selection), levels);
        if levels == 0 {
            return 0;
        }
        if let Some(count) = counted.get(&key) {
            return *count;
        }
        let mut count = 0_usize;
        for (attribute, id) in shown(entity, selection) {
            if let Some(linked) = self.by_id.get(id) {
                let within = selection.linked(&attribute.name);
                let inside = self.written(linked, within, levels - 1, counted);
                count = count.saturating_add(inside).saturating_add(1);
            }
        }
        counted.insert(key, count);
        count
    }
}

/// The Relationships of an entity that are shown, and each id that they lead to.
fn shown<'e>(
    entity: &'e Entity,
    selection: &Selection,
) -> impl Iterator<Item = (&'e Attribute, &'e Box<str>)> {
    let attributes = entity.attributes.iter();
    attributes
        .filter(|a| selection.shows(&a.name))
        .flat_map(|a| {
            let objects = match &a.value {
                Value::Relationship(objects) => objects.as_slice(),
                Value::ListRelationship(objects) => objects,
                _ => &[],
            };
            objects.iter().map(move |id| (a, id))
        })
}

fn levels_of(text: &str) -> Result<usize, Failure> {
    match text.parse() {
        Ok(levels @ 1..=JOIN_LEVELS_MAX) => Ok(levels),
        Ok(0) | Err(_) => Err(Error::bad("joinLevel", "a number from 1 on is needed").into()),
        Ok(_) => {
            let what = format!("{JOIN_LEVELS_MAX} Relationships one after the other at most");
            Err(too_complex("joinLevel", what))
        }
    }
}

fn too_many() -> Failure {
    let what = format!("more than {LINKED_MAX} linked entities: ask for fewer, or pick less");
    too_complex("join", what)
}

fn too_complex(parameter: &'static str, what: String) -> Failure {
    let problem = Problem::TooComplexQuery;
    let fault = Fault {
        parameter,
        at: 1,
        what,
        problem,
    };
    fault.into()
}
