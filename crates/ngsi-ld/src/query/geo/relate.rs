//! Relations between geometries: within, intersects, equals, overlaps (OGC simple features, by the
//! names that clause 4.10 has). Never measures.

use super::plane::{Side, apart, meet};
use super::shape::Shape;
use super::sweep::{Meets, Met, sweep};

impl Shape {
    /// Whether all of this is of the other, and not merely along its border.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        // Of two that cover each other each is within the other, flat as they may be.
        self.is_covered_by(other) && (self.shares_inside(other) || other.is_covered_by(self))
    }

    /// Whether both are the same set of points.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        self.bounds == other.bounds && self.is_covered_by(other) && other.is_covered_by(self)
    }

    /// Whether there is a point in common.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        if self.is_apart(other) {
            return false;
        }
        self.has_vertex_in(other)
            || other.has_vertex_in(self)
            || self
                .all_segments()
                .any(|s| other.all_segments().any(|t| meet(s, t)))
    }

    /// Whether both are of one dimension, share some of it, and each has some for itself.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.dimension() == other.dimension()
            && !self.is_apart(other)
            && self.shares_most(other)
            && !self.is_covered_by(other)
            && !other.is_covered_by(self)
    }

    fn is_apart(&self, other: &Self) -> bool {
        match (self.bounds, other.bounds) {
            (Some(mine), Some(its)) => apart(mine, its),
            _ => true,
        }
    }

    fn has_vertex_in(&self, other: &Self) -> bool {
        self.vertices().any(|p| other.side(p) != Side::Outside)
    }

    /// Whether all of this is of the other, border included.
    fn is_covered_by(&self, other: &Self) -> bool {
        if self.is_apart(other) || self.dimension() > other.dimension() {
            return false;
        }
        self.vertices().all(|p| other.side(p) != Side::Outside)
            && self.stays_in(other)
            // A border within does not make an area within: the other may have a hole there, the
            // border of which is then inside, or fills all of it.
            && self.inner_places().all(|place| other.has_inside(place))
            && (self.polygons.is_empty() || !other.has_border_inside(self))
    }

    /// Whether no piece of a line or a border leaves the other.
    fn stays_in(&self, other: &Self) -> bool {
        let met = sweep(self.all_segments(), other, |m| m.outside == Meets::Some);
        met.outside == Meets::Not
    }

    /// Whether a piece of a polygon's border is inside of the other.
    fn has_border_inside(&self, other: &Self) -> bool {
        let met = sweep(self.ring_segments(), other, |m| m.inside == Meets::Some);
        met.inside == Meets::Some
    }

    /// Whether a piece of a line runs along a line of the other.
    fn runs_along(&self, other: &Self) -> bool {
        let met = sweep(self.line_segments(), other, |m| m.line == Meets::Some);
        met.line == Meets::Some
    }

    /// Whether the insides of both have a point in common, given that this is covered.
    fn shares_inside(&self, other: &Self) -> bool {
        let inside = |m: &Met| m.inside == Meets::Some || m.line == Meets::Some;
        self.points.iter().any(|p| other.side(*p) == Side::Inside)
            || inside(&sweep(self.line_segments(), other, inside))
            || self.shares_area(other)
    }

    /// Whether they have some of their common dimension in common.
    fn shares_most(&self, other: &Self) -> bool {
        match self.dimension() {
            0 => self.points.iter().any(|p| other.points.contains(p)),
            1 => self.runs_along(other),
            _ => self.shares_area(other),
        }
    }

    fn shares_area(&self, other: &Self) -> bool {
        self.has_border_inside(other)
            || other.has_border_inside(self)
            || self.inner_places().any(|place| other.has_inside(place))
            || other.inner_places().any(|place| self.has_inside(place))
    }
}
