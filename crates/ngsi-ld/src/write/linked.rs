//! Entities within the Relationships that lead to them (`join=inline`, clause 4.5.23.2). Never
//! fetches one, never follows a chain back to where it began.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Embed, Form, View, array};
use crate::entity::{Attribute, Entity, Several, Value};
use crate::json::{Emit, write_string};

/// The entities that may be written, and how far.
#[derive(Debug, Clone, Copy)]
pub struct Linked<'v> {
    entities: &'v HashMap<Box<str>, Arc<Entity>>,
    levels: usize,
    within: Option<&'v Step<'v>>,
}

/// One entity around what is written now.
#[derive(Debug)]
pub(super) struct Step<'v> {
    id: &'v str,
    within: Option<&'v Self>,
}

impl<'v> Linked<'v> {
    /// Entities by id; `levels` says how many Relationships one after the other are followed.
    #[must_use]
    pub const fn new(entities: &'v HashMap<Box<str>, Arc<Entity>>, levels: usize) -> Self {
        Self {
            entities,
            levels,
            within: None,
        }
    }

    pub(super) const fn step(self, id: &'v str) -> Step<'v> {
        Step {
            id,
            within: self.within,
        }
    }

    pub(super) const fn behind(self, step: &'v Step<'v>) -> Self {
        Self {
            within: Some(step),
            ..self
        }
    }

    /// The entity to be written in this place, unless it stands around it already.
    fn find(&self, id: &str) -> Option<&'v Entity> {
        let mut around = std::iter::successors(self.within, |step| step.within);
        if self.levels == 0 || around.any(|step| step.id == id) {
            return None;
        }
        self.entities.get(id).map(|e| &**e)
    }
}

impl View<'_> {
    /// The entities that an attribute leads to and that are written here, by id.
    fn led_to<'s>(&'s self, objects: &'s [Box<str>]) -> Vec<(&'s str, Option<&'s Entity>)> {
        let find = |id: &'s str| (id, self.linked.and_then(|l| l.find(id)));
        objects.iter().map(|id| find(id)).collect()
    }

    /// How an entity is written within the attribute that leads to it.
    fn within(&self, attribute: &Attribute) -> View<'_> {
        View {
            selection: self.selection.linked(&attribute.name),
            datasets: None,
            linked: self.linked.map(|l| Linked {
                levels: l.levels.saturating_sub(1),
                ..l
            }),
            ..*self
        }
    }

    /// `entity` and `entityList`, behind the attribute's own members.
    pub(super) fn linked_members(&self, attribute: &Attribute, object: &mut Emit<'_>) {
        let (name, objects) = match &attribute.value {
            Value::Relationship(objects) => ("entity", objects.as_slice()),
            Value::ListRelationship(objects) => ("entityList", &objects[..]),
            _ => return,
        };
        let led_to = self.led_to(objects);
        let found: Vec<&Entity> = led_to.into_iter().filter_map(|(_, e)| e).collect();
        let view = self.within(attribute);
        match (&attribute.value, &*found) {
            (_, []) => {}
            (Value::Relationship(Several::One(_)), [one]) => {
                view.entity(one, Embed::Nothing, object.member(name));
            }
            (_, some) => view.entities(some.iter().copied(), Embed::Nothing, object.member(name)),
        }
    }

    /// The simplified form: an entity stands in place of its id. Whether it did.
    pub(super) fn linked_value(&self, attribute: &Attribute, out: &mut Vec<u8>) -> Option<()> {
        self.linked?;
        debug_assert_eq!(self.form, Form::Simplified);
        let view = self.within(attribute);
        let one = |(id, entity): &(&str, Option<&Entity>), out: &mut Vec<u8>| match entity {
            Some(entity) => view.entity(entity, Embed::Nothing, out),
            None => write_string(out, id),
        };
        match &attribute.value {
            Value::Relationship(objects) => {
                let led_to = self.led_to(objects.as_slice());
                match (objects, &*led_to) {
                    (Several::One(_), [alone]) => one(alone, out),
                    _ => array(&led_to, out, one),
                }
                Some(())
            }
            Value::ListRelationship(objects) => {
                let led_to = self.led_to(objects);
                led_to.iter().find(|(_, e)| e.is_some())?;
                let mut object = Emit::object(out);
                array(&led_to, object.member("entityList"), one);
                object.end();
                Some(())
            }
            _ => None,
        }
    }
}
