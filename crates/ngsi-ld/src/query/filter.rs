//! All that a query asks of an entity, the cheap questions first (clause 5.7.2). Never walks a
//! collection: whoever has an index uses it before.

use super::geo::GeoQuery;
use super::ids::{IdPattern, Ids};
use super::project::Projection;
use super::q::{Find, Query};
use super::scope::ScopeQuery;
use super::types::TypeQuery;
use crate::entity::Entity;

/// The conditions; those that are missing hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// `type`.
    pub types: Option<TypeQuery>,
    /// `id`.
    pub ids: Option<Ids>,
    /// `idPattern`; not asked where `id` is given (clause 5.7.2.4).
    pub id_pattern: Option<IdPattern>,
    /// `attrs` or `pick`: one of them is there.
    pub having: Option<Projection>,
    /// `scopeQ`.
    pub scope: Option<ScopeQuery>,
    /// `q`.
    pub q: Option<Query>,
    /// `georel` and what goes with it.
    pub geo: Option<GeoQuery>,
}

impl Filter {
    /// Whether an entity meets all of them. What `q` asks of linked entities is not met.
    #[must_use]
    pub fn matches(&self, entity: &Entity) -> bool {
        self.matches_with(entity, &|_| None)
    }

    /// Whether an entity meets all of them, with what it leads to.
    #[must_use]
    pub fn matches_with(&self, entity: &Entity, find: Find<'_>) -> bool {
        self.types.as_ref().is_none_or(|t| t.matches(entity))
            && self.names(&entity.id)
            && self.having.as_ref().is_none_or(|p| p.is_met_by(entity))
            && self.scope.as_ref().is_none_or(|s| s.matches(entity))
            && self.q.as_ref().is_none_or(|q| q.matches_with(entity, find))
            && self.geo.as_ref().is_none_or(|g| g.matches(entity))
    }

    /// Whether asking needs other entities too.
    #[must_use]
    pub fn reaches_linked(&self) -> bool {
        self.q.as_ref().is_some_and(|q| q.linked_depth() > 0)
    }

    /// Whether asking costs less than a microsecond of each entity: no geometry and no pattern.
    #[must_use]
    pub fn is_cheap(&self) -> bool {
        self.geo.is_none()
            && self.id_pattern.is_none()
            && !self.reaches_linked()
            && self.q.as_ref().is_none_or(|q| !q.has_pattern())
    }

    fn names(&self, id: &str) -> bool {
        match (&self.ids, &self.id_pattern) {
            (Some(ids), _) => ids.has(id),
            (None, Some(pattern)) => pattern.matches(id),
            (None, None) => true,
        }
    }
}
