//! Which entities a query found, kept for a while, so that its pages are those of one result
//! (clauses 5.5.9.3 and 5.14). In memory alone: after a start a caller's query makes a new one, as
//! the clause has it for one that has expired. Never holds entities, only their ids.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Broker, Caller, is_alive};
use crate::broker::{Counting, Found, Paging};
use crate::entity::Entity;
use crate::error::Error;
use crate::iri::is_uri;
use crate::json::Json;
use crate::query::Filter;
use crate::time::Time;

/// Ids in one map: 1,000,000 of 60 bytes are 60 MB.
pub const MAP_IDS_MAX: usize = 1_000_000;
/// Ids in all maps; when there are more, those go first that would have expired first.
const ALL_IDS_MAX: usize = 2 * MAP_IDS_MAX;
/// Maps at once, likewise.
const MAPS_MAX: usize = 1_000;
/// How long a map lives where nothing is said, and at most, in microseconds.
const LIFETIME_US: i64 = 600_000_000;
const LIFETIME_MAX_US: i64 = 3_600_000_000;

/// A map (clause 5.2.39). All of its entities are here: each is mapped to `@none`.
#[derive(Debug, Clone)]
pub struct EntityMap {
    /// `id`.
    pub id: Box<str>,
    /// In the order of the query. One that no longer fits it leaves its place empty, so that no
    /// page moves.
    ids: Arc<[Box<str>]>,
    /// Places that are empty.
    gone: Vec<usize>,
    /// `expiresAt`.
    pub expires_at: Time,
}

/// Of which tenant, made by which device's key if by one, and which.
type Key = (Box<str>, Option<u64>, Box<str>);

/// What one caller found is none of another's business: a device has its own alone.
fn own<C: Caller + ?Sized>(caller: &C, id: &str) -> Key {
    let device = caller.key().map(|key| key.number);
    (caller.tenant().into(), device, id.into())
}

#[derive(Debug, Default)]
pub(super) struct EntityMaps(Mutex<HashMap<Key, EntityMap>>);

impl EntityMaps {
    fn inside(&self) -> MutexGuard<'_, HashMap<Key, EntityMap>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EntityMap {
    /// The ids of it that are left, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let places = self.ids.iter().enumerate();
        let left = places.filter(|(place, _)| self.gone.binary_search(place).is_err());
        left.map(|(_, id)| &**id)
    }

    /// As it is answered with.
    #[must_use]
    pub fn json(&self) -> Json {
        let here = || Json::Array(Box::new([Json::from("@none")]));
        let map = self.ids().map(|id| (id.into(), here()));
        Json::object([
            ("id", Json::from(&*self.id)),
            ("type", Json::from("EntityMap")),
            ("expiresAt", Json::from(&*self.expires_at.to_string())),
            ("entityMap", Json::Object(map.collect())),
            ("linkedMaps", Json::Object(Box::default())),
        ])
    }
}

impl Broker {
    /// Keeps the ids that a query found (clauses 5.14.4 and 5.14.5), as long as was asked for, or
    /// shorter.
    ///
    /// # Errors
    /// [`Error::TooMany`] if there are more than one map holds.
    pub fn map_entities<C: Caller + ?Sized>(
        &self,
        caller: &C,
        ids: Vec<Box<str>>,
        expires_at: Option<Time>,
    ) -> Result<EntityMap, Error> {
        if ids.len() > MAP_IDS_MAX {
            let what = format!("an EntityMap holds {MAP_IDS_MAX} entities: ask for fewer");
            return Err(Error::TooMany(what));
        }
        let map = EntityMap {
            id: self.new_name("EntityMap").into(),
            ids: ids.into(),
            gone: Vec::new(),
            expires_at: self.within_lifetime(expires_at),
        };
        let mut maps = self.entity_maps.inside();
        maps.insert(own(caller, &map.id), map.clone());
        let now = self.now();
        maps.retain(|_, map| map.expires_at > now);
        let mut held: usize = maps.values().map(|m| m.ids.len()).sum();
        while held > ALL_IDS_MAX || maps.len() > MAPS_MAX {
            let others = maps.iter().filter(|(key, _)| key.2 != map.id);
            let first = others.min_by_key(|(_, m)| m.expires_at);
            let Some(key) = first.map(|(key, _)| key.clone()) else {
                break;
            };
            held -= maps.remove(&key).map_or(0, |m| m.ids.len());
        }
        Ok(map)
    }

    fn within_lifetime(&self, expires_at: Option<Time>) -> Time {
        let now = self.now().micros();
        let asked = expires_at.map_or(now + LIFETIME_US, Time::micros);
        Time::of_micros(asked.min(now + LIFETIME_MAX_US))
    }

    /// A map (clause 5.14.1).
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, or if its time is over.
    pub fn entity_map<C: Caller + ?Sized>(&self, caller: &C, id: &str) -> Result<EntityMap, Error> {
        let maps = self.entity_maps.inside();
        let found = maps.get(&own(caller, id));
        let found = found.filter(|m| m.expires_at > self.now());
        found.cloned().ok_or_else(|| absent(id))
    }

    /// Changes a map's `expiresAt` and `entityMap` (clause 5.14.2); what the broker says of it is
    /// passed over.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::BadData`] says which member is wrong.
    pub fn change_entity_map<C: Caller + ?Sized>(
        &self,
        caller: &C,
        id: &str,
        patch: &Json,
    ) -> Result<(), Error> {
        let expires_at = patch.get("expiresAt").map(|v| {
            let time = v.as_str().and_then(Time::read);
            time.filter(|t| *t > self.now())
                .ok_or_else(|| Error::bad("expiresAt", "a time to come is needed"))
        });
        let expires_at = expires_at.transpose()?;
        let ids = patch.get("entityMap").map(ids_of).transpose()?;
        let mut maps = self.entity_maps.inside();
        let found = maps.get_mut(&own(caller, id));
        let map = found.ok_or_else(|| absent(id))?;
        if let Some(at) = expires_at {
            map.expires_at = self.within_lifetime(Some(at));
        }
        if let Some(ids) = ids {
            map.ids = ids.into();
            map.gone.clear();
        }
        Ok(())
    }

    /// Deletes a map (clause 5.14.3).
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn forget_entity_map<C: Caller + ?Sized>(&self, caller: &C, id: &str) -> Result<(), Error> {
        self.entity_map(caller, id)?;
        self.entity_maps.inside().remove(&own(caller, id));
        Ok(())
    }

    /// A page of a map, from a place in it on: the page is full as long as there are entities that
    /// still fit. Gives the place behind the page, if there are more.
    ///
    /// # Errors
    /// [`Error::NoTenant`].
    pub fn find_in_map<C: Caller + ?Sized>(
        &self,
        caller: &C,
        map: &EntityMap,
        filters: &[Filter],
        paging: Paging,
    ) -> Result<(Found, Option<usize>), Error> {
        let now = self.now();
        let find = |id: &str| self.get(caller, id).ok();
        let fits = |entity: &Arc<Entity>| {
            is_alive(entity, now) && filters.iter().any(|f| f.matches_with(entity, &find))
        };
        let mut found = Found::default();
        let (mut count, mut next, mut gone) = (0, None, Vec::new());
        for (place, id) in map.ids.iter().enumerate() {
            let (before, full) = (place < paging.offset, found.entities.len() == paging.limit);
            // Where nobody counts, what is before the page and behind it is not looked at.
            if paging.counting == Counting::No && before {
                continue;
            }
            if paging.counting == Counting::No && next.is_some() {
                break;
            }
            let Some(entity) = self.get(caller, id).ok().filter(fits) else {
                gone.push(place);
                continue;
            };
            count += 1;
            if full && !before {
                next = next.or(Some(place));
            } else if !before {
                found.entities.push(entity);
            }
        }
        found.count = (paging.counting == Counting::All).then_some(count);
        found.more = next.is_some();
        self.leave_out(&own(caller, &map.id), gone);
        Ok((found, next))
    }

    /// Entities that no longer fit a query are out of its map (clause 5.5.9.3).
    fn leave_out(&self, key: &Key, gone: Vec<usize>) {
        if gone.is_empty() {
            return;
        }
        let mut maps = self.entity_maps.inside();
        if let Some(map) = maps.get_mut(key) {
            map.gone.extend(gone);
            map.gone.sort_unstable();
            map.gone.dedup();
        }
    }
}

/// The ids of an `entityMap`.
fn ids_of(map: &Json) -> Result<Vec<Box<str>>, Error> {
    if !matches!(map, Json::Object(_)) || map.members().len() > MAP_IDS_MAX {
        return Err(Error::bad(
            "entityMap",
            "an object of entities' ids is needed",
        ));
    }
    let members = map.members().iter();
    let each = members.map(|(id, sources)| {
        let named = sources
            .items()
            .is_some_and(|s| s.iter().all(|s| s.as_str().is_some()));
        match is_uri(id) && named {
            true => Ok(id.clone()),
            false => Err(Error::bad(&**id, "a URI with a list of sources is needed")),
        }
    });
    each.collect()
}

fn absent(id: &str) -> Error {
    Error::NotFound(format!("there is no EntityMap {id}"))
}
