//! Which subscriptions a change may concern, without asking each: by the entity's id, by its types
//! and by what was touched. Never misses one; those it names are still to be asked.

use std::collections::HashMap;

use super::Subscription;
use crate::Recorded;
use crate::iri::Iri;
use crate::update::Touched;

/// Subscriptions of one tenant by number, in buckets. A change costs what lies in the buckets of
/// its id, its types and its attributes, and those that name none of these.
#[derive(Debug, Default)]
pub struct Index {
    by_id: HashMap<Box<str>, Vec<u64>>,
    /// By type; beside it what is watched, or nothing for any attribute.
    by_type: HashMap<Iri, Watchers>,
    /// Those for entities of any type.
    by_any: Watchers,
}

#[derive(Debug, Default)]
struct Watchers {
    any: Vec<u64>,
    by_attribute: HashMap<Iri, Vec<u64>>,
}

/// Where a subscription lies: the keys of its buckets.
enum Place<'s> {
    Id(&'s str),
    Type(&'s Iri),
    Any,
}

impl Index {
    /// Takes a subscription in under its number. Those that go by time are in no bucket.
    pub fn insert(&mut self, number: u64, subscription: &Subscription) {
        for place in places(subscription) {
            match place {
                Place::Id(id) => add(self.by_id.entry(id.into()).or_default(), number),
                Place::Type(iri) => {
                    let watchers = self.by_type.entry(iri.clone()).or_default();
                    watchers.insert(number, subscription);
                }
                Place::Any => self.by_any.insert(number, subscription),
            }
        }
    }

    /// Takes it out again; it must be as it was when it was taken in.
    pub fn remove(&mut self, number: u64, subscription: &Subscription) {
        for place in places(subscription) {
            match place {
                Place::Id(id) => take(&mut self.by_id, id, number),
                Place::Type(iri) => {
                    if let Some(watchers) = self.by_type.get_mut(iri) {
                        watchers.remove(number, subscription);
                        if watchers.is_empty() {
                            self.by_type.remove(iri);
                        }
                    }
                }
                Place::Any => self.by_any.remove(number, subscription),
            }
        }
    }

    /// The numbers of those that may want a change, in order, each once.
    pub fn candidates(&self, change: &Recorded, into: &mut Vec<u64>) {
        into.clear();
        let Some(entity) = change.entity() else {
            return;
        };
        into.extend(self.by_id.get(&*entity.id).into_iter().flatten());
        let lost = change.before.as_ref().map_or(&[][..], |b| &b.types);
        let gone = lost.iter().filter(|t| !entity.types.contains(t));
        let by_type = entity.types.iter().chain(gone);
        let watchers = by_type.filter_map(|t| self.by_type.get(t));
        for watchers in watchers.chain([&self.by_any]) {
            watchers.candidates(change, into);
        }
        into.sort_unstable();
        into.dedup();
    }
}

impl Watchers {
    fn insert(&mut self, number: u64, subscription: &Subscription) {
        if subscription.watched.is_empty() {
            return add(&mut self.any, number);
        }
        for name in &subscription.watched {
            add(self.by_attribute.entry(name.clone()).or_default(), number);
        }
    }

    fn remove(&mut self, number: u64, subscription: &Subscription) {
        self.any.retain(|n| *n != number);
        for name in &subscription.watched {
            take(&mut self.by_attribute, name, number);
        }
    }

    fn is_empty(&self) -> bool {
        self.any.is_empty() && self.by_attribute.is_empty()
    }

    fn candidates(&self, change: &Recorded, into: &mut Vec<u64>) {
        into.extend(&self.any);
        if self.by_attribute.is_empty() {
            return;
        }
        let mut look = |name: &Iri| {
            into.extend(self.by_attribute.get(name).into_iter().flatten());
        };
        if change.is_creation() || change.is_deletion() {
            let attributes = change.entity().map_or(&[][..], |e| &e.attributes);
            return attributes.iter().for_each(|a| look(&a.name));
        }
        for touched in &change.touched {
            if let Touched::Attribute { name, .. } = touched {
                look(name);
            }
        }
    }
}

fn places(subscription: &Subscription) -> Vec<Place<'_>> {
    if subscription.time_interval.is_some() {
        return Vec::new();
    }
    if subscription.entities.is_empty() {
        return vec![Place::Any];
    }
    let mut places = Vec::new();
    for selector in &subscription.entities {
        if !selector.ids.is_empty() {
            places.extend(selector.ids.iter().map(|id| Place::Id(id)));
        } else if let Some(types) = selector.necessary_types() {
            places.extend(types.into_iter().map(Place::Type));
        } else {
            places.push(Place::Any);
        }
    }
    places
}

fn add(bucket: &mut Vec<u64>, number: u64) {
    if bucket.last() != Some(&number) {
        bucket.push(number);
    }
}

fn take<K: std::hash::Hash + Eq + std::borrow::Borrow<str>>(
    buckets: &mut HashMap<K, Vec<u64>>,
    key: &str,
    number: u64,
) {
    if let Some(bucket) = buckets.get_mut(key) {
        bucket.retain(|n| *n != number);
        if bucket.is_empty() {
            buckets.remove(key);
        }
    }
}
