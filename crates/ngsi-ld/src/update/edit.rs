//! A copy of an entity under change, with the account of what was changed. Never leaves instances
//! of one attribute apart from each other.

use super::apply::{Depth, apply};
use super::{How, Merging, Outcome, Skipped, Touched, Why};
use crate::entity::{ATTRIBUTES_MAX, Attribute, Change, Draft, Entity, Fragment};
use crate::error::Error;
use crate::iri::Iri;
use crate::time::Time;

pub(super) struct Edit {
    entity: Entity,
    changed: Vec<Touched>,
    skipped: Vec<Skipped>,
    now: Time,
}

/// A fragment of another entity is a mistake worth stopping at.
pub(super) fn same_entity(entity: &Entity, fragment: &Fragment) -> Result<(), Error> {
    match &fragment.id {
        Some(id) if *id != entity.id => Err(Error::bad(
            "id",
            "it is not the id of the entity that is changed",
        )),
        _ => Ok(()),
    }
}

pub(super) fn touched(attribute: &Attribute, how: How) -> Touched {
    Touched::Attribute {
        name: attribute.name.clone(),
        dataset_id: attribute.dataset_id().map(Into::into),
        how,
    }
}

impl Edit {
    pub(super) fn open(entity: &Entity, now: Time) -> Self {
        Self {
            entity: entity.clone(),
            changed: Vec::new(),
            skipped: Vec::new(),
            now,
        }
    }

    /// For a fragment that says something of this entity.
    pub(super) fn begin(entity: &Entity, fragment: &Fragment, now: Time) -> Result<Self, Error> {
        same_entity(entity, fragment)?;
        let silent = fragment.attributes.is_empty()
            && fragment.types.is_empty()
            && fragment.scopes == Change::Keep
            && fragment.expires_at == Change::Keep;
        if silent {
            return Err(Error::bad("", "the fragment says nothing (clause 5.4)"));
        }
        Ok(Self::open(entity, now))
    }

    pub(super) fn done(mut self) -> Outcome {
        if !self.changed.is_empty() {
            self.entity.modified_at = self.now;
        }
        Outcome {
            entity: self.entity,
            changed: self.changed,
            skipped: self.skipped,
        }
    }

    pub(super) fn is_unchanged(&self) -> bool {
        self.changed.is_empty()
    }

    /// Types are only ever added: an entity that loses one is replaced (clause 5.6.18).
    pub(super) fn add_types(&mut self, types: Vec<Iri>) {
        let mut all = self.entity.types.to_vec();
        all.extend(types.into_iter().filter(|t| !self.entity.types.contains(t)));
        if all.len() > self.entity.types.len() {
            self.entity.types = all.into();
            self.changed.push(Touched::Types);
        }
    }

    pub(super) fn add_scopes(&mut self, scopes: &[Box<str>]) {
        let mut all = self.entity.scopes.to_vec();
        all.extend(
            scopes
                .iter()
                .filter(|s| !self.entity.scopes.contains(s))
                .cloned(),
        );
        if all.len() > self.entity.scopes.len() {
            self.entity.scopes = all.into();
            self.changed.push(Touched::Scopes);
        }
    }

    pub(super) fn scopes(&mut self, change: Change<Box<[Box<str>]>>) {
        let new = match change {
            Change::Keep => return,
            Change::Set(scopes) => scopes,
            Change::Remove => Box::default(),
        };
        if self.entity.scopes != new {
            self.entity.scopes = new;
            self.changed.push(Touched::Scopes);
        }
    }

    /// Scopes are updated where there are some, like any attribute.
    pub(super) fn skip_scopes(&mut self) {
        self.skipped.push(Skipped {
            term: "scope".into(),
            dataset_id: None,
            why: Why::Absent,
        });
    }

    pub(super) fn expiry(&mut self, change: Change<Time>) {
        let new = match change {
            Change::Keep => return,
            Change::Set(at) => Some(at),
            Change::Remove => None,
        };
        if self.entity.expires_at != new {
            self.entity.expires_at = new;
            self.changed.push(Touched::Expiry);
        }
    }

    pub(super) fn has(&self, name: &Iri) -> bool {
        self.entity.attributes.iter().any(|a| a.name == *name)
    }

    /// Where an instance stands.
    pub(super) fn place(&self, name: &Iri, dataset_id: Option<&str>) -> Option<usize> {
        let attributes = &self.entity.attributes;
        attributes
            .iter()
            .position(|a| a.name == *name && a.dataset_id() == dataset_id)
    }

    pub(super) fn find(&self, draft: &Draft) -> Option<usize> {
        self.place(&draft.name, draft.dataset_id.as_deref())
    }

    pub(super) fn skip(&mut self, draft: &Draft, why: Why) {
        self.skipped.push(Skipped {
            term: draft.term.clone(),
            dataset_id: draft.dataset_id.clone(),
            why,
        });
    }

    /// A new instance, behind the others of its attribute.
    pub(super) fn add(&mut self, draft: Draft) -> Result<(), Error> {
        let attributes = &mut self.entity.attributes;
        if attributes.len() >= ATTRIBUTES_MAX {
            let what = format!("an entity has at most {ATTRIBUTES_MAX} attribute instances");
            return Err(Error::bad(&*draft.term, what));
        }
        let new = draft.complete(self.now)?;
        self.changed.push(touched(&new, How::Added));
        let behind = attributes.iter().rposition(|a| a.name == new.name);
        attributes.insert(behind.map_or(attributes.len(), |n| n + 1), new);
        Ok(())
    }

    /// Another value and all, in the same place; when it was first written stays.
    pub(super) fn replace(&mut self, place: usize, draft: Draft) -> Result<(), Error> {
        let mut new = draft.complete(self.now)?;
        if let Some(old) = self.entity.attributes.get_mut(place) {
            new.created_at = old.created_at;
            self.changed.push(touched(&new, How::Updated));
            *old = new;
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, place: usize) {
        let old = self.entity.attributes.remove(place);
        self.changed.push(touched(&old, How::Removed));
    }

    pub(super) fn remove_all(&mut self, name: &Iri) {
        self.remove_such(|attribute| attribute.name == *name);
    }

    /// Takes out every instance of which `goes` says so.
    pub(super) fn remove_such(&mut self, goes: impl Fn(&Attribute) -> bool) {
        let changed = &mut self.changed;
        self.entity.attributes.retain(|attribute| {
            let gone = goes(attribute);
            if gone {
                changed.push(touched(attribute, How::Removed));
            }
            !gone
        });
    }

    /// Takes out attributes of attributes whose time has come; the instance that had one has
    /// changed.
    pub(super) fn remove_expired_below(&mut self) {
        let now = self.now;
        for attribute in &mut self.entity.attributes {
            if attribute.drop_expired_below(now) {
                attribute.modified_at = now;
                self.changed.push(touched(attribute, How::Updated));
            }
        }
    }

    /// Changes an instance by the members that were written; what is left without a value goes.
    pub(super) fn apply(
        &mut self,
        place: usize,
        draft: Draft,
        depth: Depth,
        merging: Merging<'_>,
    ) -> Result<(), Error> {
        let Some(old) = self.entity.attributes.get(place).cloned() else {
            return Ok(());
        };
        match apply(old, draft, depth, merging, self.now)? {
            None => self.remove(place),
            Some(new) => {
                self.changed.push(touched(&new, How::Updated));
                self.entity.attributes[place] = new;
            }
        }
        Ok(())
    }
}
