//! The entities of all tenants in memory, and where each is found: by id, by type, in the order in
//! which they were made. Never touches the disk.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::columns::Columns;
use crate::entity::Entity;
use crate::iri::Iri;
use crate::time::Time;

/// Place of an entity in the order in which they were made. Not given twice.
pub(super) type Place = u64;

/// Entities by place: what a scan walks.
pub(super) type Rows = BTreeMap<Place, Arc<Entity>>;

#[derive(Debug, Default)]
pub(super) struct State {
    pub tenants: HashMap<Box<str>, Tenant>,
}

/// The entities of one tenant. Beside an entity's own 1.2 kB the tables take about 200 B of each.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    by_id: HashMap<Box<str>, Place>,
    rows: Rows,
    by_type: HashMap<Iri, Rows>,
    expiring: BTreeSet<(Time, Place)>,
    columns: Columns,
    next: Place,
}

impl Tenant {
    pub(super) fn get(&self, id: &str) -> Option<&Arc<Entity>> {
        self.rows.get(self.by_id.get(id)?)
    }

    /// Keeps an entity in place of the one with its id.
    pub(super) fn put(&mut self, entity: Arc<Entity>) {
        let place = match self.by_id.get(&*entity.id) {
            Some(place) => *place,
            None => {
                self.next += 1;
                self.by_id.insert(entity.id.clone(), self.next);
                self.next
            }
        };
        if let Some(at) = entity.next_expiry() {
            self.expiring.insert((at, place));
        }
        for name in &entity.types {
            match self.by_type.get_mut(name) {
                Some(rows) => rows.insert(place, entity.clone()),
                None => {
                    let rows = self.by_type.entry(name.clone()).or_default();
                    rows.insert(place, entity.clone())
                }
            };
        }
        let old = self.rows.insert(place, entity.clone());
        self.columns.put(place, old.as_deref(), Some(&entity));
        if let Some(old) = old {
            for gone in old.types.iter().filter(|t| !entity.types.contains(t)) {
                self.untype(gone, place);
            }
            if old.next_expiry() != entity.next_expiry() {
                self.unexpire(&old, place);
            }
        }
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<Entity>> {
        let place = self.by_id.remove(id)?;
        let old = self.rows.remove(&place)?;
        for name in &old.types {
            self.untype(name, place);
        }
        self.unexpire(&old, place);
        self.columns.put(place, Some(&old), None);
        Some(old)
    }

    fn untype(&mut self, name: &Iri, place: Place) {
        if let Some(rows) = self.by_type.get_mut(name) {
            rows.remove(&place);
            if rows.is_empty() {
                self.by_type.remove(name);
            }
        }
    }

    fn unexpire(&mut self, old: &Entity, place: Place) {
        if let Some(at) = old.next_expiry() {
            self.expiring.remove(&(at, place));
        }
    }

    /// The numbers of what is asked often.
    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// All entities.
    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The entities of a type.
    pub(super) fn of_type(&self, name: &str) -> Option<&Rows> {
        self.by_type.get(name)
    }

    /// The types that there are, and the entities of each.
    pub(super) fn types(&self) -> impl Iterator<Item = (&Iri, &Rows)> {
        self.by_type.iter()
    }

    /// Ids of entities whose time has come, or that of an attribute.
    pub(super) fn expired(&self, now: Time, max: usize) -> Vec<Box<str>> {
        let due = self.expiring.iter().take_while(|(at, _)| *at <= now);
        due.take(max)
            .filter_map(|(_, place)| self.rows.get(place))
            .map(|e| e.id.clone())
            .collect()
    }
}
