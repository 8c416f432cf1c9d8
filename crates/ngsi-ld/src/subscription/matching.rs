//! Whether a subscription wants to be told of a change (clause 5.8.6). Never weighs what was told
//! before: throttling is the sender's.

use super::{Status, Subscription, Trigger};
use crate::Recorded;
use crate::entity::{Attribute, Entity};
use crate::iri::Iri;
use crate::update::{How, Touched};

impl Subscription {
    /// The trigger that a change meets, if the subscription wants it as it stands.
    #[must_use]
    pub fn wants(&self, change: &Recorded) -> Option<Trigger> {
        match self.status(change.at) {
            Status::Active => self.asks_for(change),
            Status::Paused | Status::Expired => None,
        }
    }

    /// The same, whether it is paused or not: a change may have been made before it was.
    #[must_use]
    pub fn asks_for(&self, change: &Recorded) -> Option<Trigger> {
        let entity = change.entity()?;
        let asleep = self.time_interval.is_some() || self.status(change.at) == Status::Expired;
        let trigger = if asleep { None } else { self.met(change) };
        trigger.filter(|_| self.selects(entity))
    }

    /// Whether an entity is one that is subscribed to.
    #[must_use]
    pub fn selects(&self, entity: &Entity) -> bool {
        (self.entities.is_empty() || self.entities.iter().any(|s| s.matches(entity)))
            && self.scope.as_ref().is_none_or(|s| s.read.matches(entity))
            && self.q.as_ref().is_none_or(|q| q.read.matches(entity))
            && self.geo.as_ref().is_none_or(|g| g.read.matches(entity))
    }

    fn met(&self, change: &Recorded) -> Option<Trigger> {
        match (&change.before, &change.after) {
            (None, Some(new)) => {
                self.met_whole(new, Trigger::EntityCreated, Trigger::AttributeCreated)
            }
            (Some(old), None) => {
                self.met_whole(old, Trigger::EntityDeleted, Trigger::AttributeDeleted)
            }
            (Some(old), Some(new)) => {
                let touched = change.touched.iter();
                let changed = touched.filter(|t| is_other(t, old, new));
                changed.into_iter().find_map(|t| self.met_part(t))
            }
            (None, None) => None,
        }
    }

    /// An entity that comes or goes does so with its attributes.
    fn met_whole(&self, entity: &Entity, whole: Trigger, part: Trigger) -> Option<Trigger> {
        let watched = || entity.attributes.iter().any(|a| self.watches_instance(a));
        if self.triggers.has(whole) && (self.watched.is_empty() || watched()) {
            return Some(whole);
        }
        self.triggers.met_by(part).filter(|_| watched())
    }

    fn met_part(&self, touched: &Touched) -> Option<Trigger> {
        let Touched::Attribute {
            name,
            dataset_id,
            how,
        } = touched
        else {
            let updated = self.triggers.has(Trigger::EntityUpdated) && self.watched.is_empty();
            return updated.then_some(Trigger::EntityUpdated);
        };
        let kind = match how {
            How::Added => Trigger::AttributeCreated,
            How::Updated => Trigger::AttributeUpdated,
            How::Removed => Trigger::AttributeDeleted,
        };
        let wanted = self.watches(name) && self.has_dataset(dataset_id.as_deref());
        self.triggers.met_by(kind).filter(|_| wanted)
    }

    /// Whether an attribute is watched.
    #[must_use]
    pub fn watches(&self, name: &Iri) -> bool {
        self.watched.is_empty() || self.watched.contains(name)
    }

    pub(super) fn watches_instance(&self, attribute: &Attribute) -> bool {
        self.watches(&attribute.name) && self.has_dataset(attribute.dataset_id())
    }

    /// Whether instances with this datasetId are among those subscribed to (clause 4.5.5).
    pub(super) fn has_dataset(&self, dataset_id: Option<&str>) -> bool {
        let datasets = self.datasets.as_ref();
        datasets.is_none_or(|ids| ids.iter().any(|d| d.as_deref() == dataset_id))
    }
}

/// Whether something that was written says something else than before (clause 5.8.6): a value that
/// is written again is no change, unless it was observed again.
fn is_other(touched: &Touched, old: &Entity, new: &Entity) -> bool {
    let Touched::Attribute {
        name,
        dataset_id,
        how: How::Updated,
    } = touched
    else {
        return true;
    };
    let id = dataset_id.as_deref();
    match (old.instance(name, id), new.instance(name, id)) {
        (Some(old), Some(new)) => !old.says_the_same_as(new),
        _ => true,
    }
}
