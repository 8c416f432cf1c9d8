//! Entities that entities lead to (clause 4.5.23): which they are, nearest first, and how often
//! each would be written. Never follows a Relationship that is not shown, and never further than
//! was asked.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::entity::{Attribute, Entity, Value};
use crate::query::Find;
use crate::write::Selection;

/// How far is followed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    /// Relationships one after the other.
    pub levels: usize,
    /// Entities at most, each as often as what is shown of it differs.
    pub most: usize,
}

/// Linked entities.
#[derive(Debug, Default)]
pub(crate) struct Gathered<'s> {
    pub by_id: HashMap<Box<str>, Arc<Entity>>,
    /// Nearest first, each once, with what of it is shown.
    pub in_order: Vec<(Arc<Entity>, &'s Selection)>,
    /// Whether all of them are here.
    pub extent: Extent,
}

/// Whether more would have been gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Extent {
    #[default]
    Whole,
    /// There were more than one may gather.
    Cut,
}

/// The linked entities of some entities, but for those that the caller knows.
pub(crate) fn gather<'e, 's>(
    from: impl Iterator<Item = &'e Entity> + Clone,
    selection: &'s Selection,
    reach: Reach,
    known: &dyn Fn(&str) -> bool,
    find: Find<'_>,
) -> Gathered<'s> {
    let mut search = Search {
        found: Gathered::default(),
        seen: HashSet::new(),
        listed: from.clone().map(|e| e.id.clone()).collect(),
        queue: VecDeque::new(),
        reach,
        known,
        find,
    };
    for entity in from {
        search.follow(entity, selection, 0);
    }
    while let Some((entity, selection, level)) = search.queue.pop_front() {
        search.follow(&entity, selection, level);
    }
    search.found
}

struct Search<'s, 'f> {
    found: Gathered<'s>,
    /// What an entity leads to depends on what of it is shown.
    seen: HashSet<(Box<str>, *const Selection)>,
    listed: HashSet<Box<str>>,
    queue: VecDeque<(Arc<Entity>, &'s Selection, usize)>,
    reach: Reach,
    known: &'f dyn Fn(&str) -> bool,
    find: Find<'f>,
}

impl<'s> Search<'s, '_> {
    fn follow(&mut self, entity: &Entity, selection: &'s Selection, level: usize) {
        if level == self.reach.levels {
            return;
        }
        for (attribute, id) in shown(entity, selection) {
            let within = selection.linked(&attribute.name);
            let what = (id.clone(), std::ptr::from_ref(within));
            if (self.known)(id) || self.seen.contains(&what) {
                continue;
            }
            if self.seen.len() == self.reach.most {
                self.found.extent = Extent::Cut;
                return;
            }
            self.seen.insert(what);
            let Some(linked) = (self.find)(id) else {
                continue;
            };
            if self.listed.insert(id.clone()) {
                self.found.in_order.push((linked.clone(), within));
            }
            self.found.by_id.insert(id.clone(), linked.clone());
            self.queue.push_back((linked, within, level + 1));
        }
    }
}

/// How many linked entities an entity is written with, by id, what is shown, and levels.
type Counted<'e> = HashMap<(&'e str, *const Selection, usize), usize>;

impl Gathered<'_> {
    /// Each entity in each place where it is held, to put another in its stead.
    pub fn each_mut(&mut self) -> impl Iterator<Item = &mut Arc<Entity>> {
        let in_order = self.in_order.iter_mut().map(|(entity, _)| entity);
        self.by_id.values_mut().chain(in_order)
    }

    /// How many linked entities are written within some, each as often as it is.
    pub fn written<'e>(
        &'e self,
        from: impl Iterator<Item = &'e Entity>,
        selection: &Selection,
        levels: usize,
    ) -> usize {
        let mut counted = HashMap::new();
        let each = from.map(|e| self.within(e, selection, levels, &mut counted));
        each.fold(0, usize::saturating_add)
    }

    /// As deep as there are levels.
    fn within<'e>(
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
                let inside = self.within(linked, within, levels - 1, counted);
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
