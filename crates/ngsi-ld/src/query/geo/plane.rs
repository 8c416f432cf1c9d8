//! Points on a grid of 10^-9 degrees, 0.1 mm, on which sides and crossings are exact: borders that
//! two geometries share are the same for both. Never rounds a decision, only places between.

use std::cmp::Ordering;

/// A position as longitude and latitude in 10^-9 degrees: 180e9 at most, under 2^38.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Point {
    pub(super) x: i64,
    pub(super) y: i64,
}

/// Two positions with a straight line between.
pub(super) type Segment = (Point, Point);

const UNITS_A_DEGREE: f64 = 1e9;

impl Point {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "degrees have been checked: 360e9 fits, and the cast saturates"
    )]
    pub(super) fn of_degrees(lon: f64, lat: f64) -> Self {
        Self {
            x: (lon * UNITS_A_DEGREE).round() as i64,
            y: (lat * UNITS_A_DEGREE).round() as i64,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "38 bits of 53")]
    pub(super) fn degrees(self) -> (f64, f64) {
        (
            self.x as f64 / UNITS_A_DEGREE,
            self.y as f64 / UNITS_A_DEGREE,
        )
    }

    #[expect(clippy::cast_precision_loss, reason = "38 bits of 53")]
    pub(super) fn units(self) -> (f64, f64) {
        (self.x as f64, self.y as f64)
    }
}

/// Twice the area of a triangle, signed: on which side of a-b c is. Differences are under 2^39,
/// products under 2^78.
pub(super) fn cross(a: Point, b: Point, c: Point) -> i128 {
    let d = |p: i64, q: i64| i128::from(p - q);
    d(b.x, a.x) * d(c.y, a.y) - d(b.y, a.y) * d(c.x, a.x)
}

/// Whether a point is on a segment, ends included.
pub(super) fn is_on((a, b): Segment, p: Point) -> bool {
    in_box((a, b), p) && cross(a, b, p) == 0
}

fn in_box((a, b): Segment, p: Point) -> bool {
    p.x >= a.x.min(b.x) && p.x <= a.x.max(b.x) && p.y >= a.y.min(b.y) && p.y <= a.y.max(b.y)
}

/// Whether the boxes around two segments have no point in common; most pairs end here.
pub(super) fn apart((a, b): Segment, (c, d): Segment) -> bool {
    a.x.max(b.x) < c.x.min(d.x)
        || c.x.max(d.x) < a.x.min(b.x)
        || a.y.max(b.y) < c.y.min(d.y)
        || c.y.max(d.y) < a.y.min(b.y)
}

/// Whether two segments have a point in common.
pub(super) fn meet(s: Segment, t: Segment) -> bool {
    if apart(s, t) {
        return false;
    }
    let side = |(a, b): Segment, p| cross(a, b, p).signum();
    let (s0, s1) = (side(s, t.0), side(s, t.1));
    let (t0, t1) = (side(t, s.0), side(t, s.1));
    (s0 * s1 < 0 && t0 * t1 < 0)
        || (s0 == 0 && in_box(s, t.0))
        || (s1 == 0 && in_box(s, t.1))
        || (t0 == 0 && in_box(t, s.0))
        || (t1 == 0 && in_box(t, s.1))
}

/// Where a point is to rings, the first of which is around the others; even-odd, so that neither
/// direction nor order matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Outside,
    Border,
    Inside,
}

/// Exactly where a point of the grid is to the rings of one polygon.
pub(super) fn side_of(rings: &[Vec<Point>], p: Point) -> Side {
    let mut inside = false;
    for (a, b) in rings.iter().flat_map(|r| segments(r)) {
        if is_on((a, b), p) {
            return Side::Border;
        }
        if (a.y > p.y) != (b.y > p.y) {
            // To the right of p if p is left of the edge as it goes up.
            let up = if b.y > a.y {
                cross(a, b, p)
            } else {
                cross(b, a, p)
            };
            inside ^= up.cmp(&0) == Ordering::Greater;
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

/// Whether a place between the grid's points is inside of the rings of one polygon. Whoever asks
/// has made sure that it is not on a border.
pub(super) fn is_inside(rings: &[Vec<Point>], (x, y): (f64, f64)) -> bool {
    let mut inside = false;
    for (a, b) in rings.iter().flat_map(|r| segments(r)) {
        let ((ax, ay), (bx, by)) = (a.units(), b.units());
        if (ay > y) != (by > y) {
            inside ^= x < ax + (y - ay) / (by - ay) * (bx - ax);
        }
    }
    inside
}

/// The segments of a path.
pub(super) fn segments(path: &[Point]) -> impl Iterator<Item = Segment> + '_ {
    path.windows(2).filter_map(|w| match w {
        [a, b] if a != b => Some((*a, *b)),
        _ => None,
    })
}
