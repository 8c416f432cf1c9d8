//! Geo-queries: `georel`, `geometry`, `coordinates`, `geoproperty` (clause 4.10). Relations are
//! planar in degrees, as GeoJSON's straight lines are (RFC 7946, 3.1.1); distances are along great
//! circles. Never crosses the antimeridian: RFC 7946, 3.1.9 has geometries cut there.

mod distance;
mod plane;
mod read;
mod relate;
mod shape;
mod sweep;

pub use distance::SPHERE_RADIUS_M;
pub use shape::Shape;

use crate::entity::{Entity, Value};
use crate::iri::Iri;

/// A geo-query.
#[derive(Debug, Clone, PartialEq)]
pub struct GeoQuery {
    /// How the entity's place must be to the reference.
    pub georel: Georel,
    /// The reference.
    pub reference: Shape,
    /// Which GeoProperty: `location` unless said otherwise.
    pub geoproperty: Iri,
}

/// How a place must be to the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Georel {
    /// `near;maxDistance==`: so many metres away at most.
    NearMax(f64),
    /// `near;minDistance==`: so many metres away at least.
    NearMin(f64),
    /// It is within the reference.
    Within,
    /// It contains the reference.
    Contains,
    /// They have a point in common.
    Intersects,
    /// They are the same set of points.
    Equals,
    /// They have no point in common.
    Disjoint,
    /// They are of one dimension, share some of it, and each has some for itself.
    Overlaps,
}

impl GeoQuery {
    /// Whether an instance of the property is so; an entity without meets nothing, `disjoint` and
    /// `minDistance` included.
    #[must_use]
    pub fn matches(&self, entity: &Entity) -> bool {
        let instances = entity
            .attributes
            .iter()
            .filter(|a| a.name == self.geoproperty);
        instances.into_iter().any(|a| match &a.value {
            Value::Geo(geometry) => self.georel.holds(&Shape::of(geometry), &self.reference),
            _ => false,
        })
    }
}

impl Georel {
    /// Whether a place is so to a reference.
    #[must_use]
    pub fn holds(self, place: &Shape, reference: &Shape) -> bool {
        match self {
            Self::NearMax(m) => place.distance_m(reference) <= m,
            Self::NearMin(m) => place.distance_m(reference) >= m,
            Self::Within => place.is_within(reference),
            Self::Contains => reference.is_within(place),
            Self::Intersects => place.intersects(reference),
            Self::Equals => place.equals(reference),
            Self::Disjoint => !place.intersects(reference),
            Self::Overlaps => place.overlaps(reference),
        }
    }
}
