//! What the pieces of a segment meet in another geometry: its inside, a line of it, its border, or
//! nothing. Never decides a relation; relate.rs puts the pieces together.

use super::plane::{Segment, apart, cross};
use super::shape::Shape;

/// What some pieces have met.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Met {
    /// The inside of a polygon.
    pub(super) inside: Meets,
    /// A line, along it.
    pub(super) line: Meets,
    /// Nothing of the other geometry.
    pub(super) outside: Meets,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Meets {
    #[default]
    Not,
    Some,
}

/// A stretch of a segment, from and to, that runs along a segment of the other geometry.
struct Along {
    from: f64,
    to: f64,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Line,
    Border,
}

/// Pieces of under half a step of the grid are what rounding makes; they say nothing.
const PIECE_MIN: f64 = 0.5;

/// Cuts segments wherever they meet the other geometry, and looks where each piece is.
pub(super) fn sweep(segments: impl Iterator<Item = Segment>, other: &Shape) -> Met {
    let mut met = Met::default();
    for segment in segments {
        one(segment, other, &mut met);
    }
    met
}

fn one(s: Segment, other: &Shape, met: &mut Met) {
    let mut cuts = vec![0.0, 1.0];
    let mut alongs = Vec::new();
    for t in other.line_segments() {
        cut(s, t, What::Line, &mut cuts, &mut alongs);
    }
    for t in other.ring_segments() {
        cut(s, t, What::Border, &mut cuts, &mut alongs);
    }
    cuts.sort_unstable_by(f64::total_cmp);
    let ((ax, ay), (bx, by)) = (s.0.units(), s.1.units());
    let length = (bx - ax).hypot(by - ay);
    for pair in cuts.windows(2) {
        let &[from, to] = pair else { continue };
        if (to - from) * length < PIECE_MIN {
            continue;
        }
        let t = f64::midpoint(from, to);
        let along = |what| {
            alongs
                .iter()
                .any(|a| a.what == what && a.from <= t && t <= a.to)
        };
        let place = (ax + t * (bx - ax), ay + t * (by - ay));
        // Along one polygon's border a piece may still be inside of another polygon.
        if along(What::Line) {
            met.line = Meets::Some;
        }
        if along(What::Border) {
            continue;
        }
        if other.has_inside(place) {
            met.inside = Meets::Some;
        } else if !along(What::Line) {
            met.outside = Meets::Some;
        }
    }
}

/// Where a segment meets another: one place, or a stretch if they lie on one line. Whether they
/// do is exact; only the place is rounded.
#[expect(
    clippy::cast_precision_loss,
    reason = "the place along the segment is rounded anyway"
)]
fn cut(s: Segment, t: Segment, what: What, cuts: &mut Vec<f64>, alongs: &mut Vec<Along>) {
    if apart(s, t) {
        return;
    }
    let (d0, d1) = (cross(t.0, t.1, s.0), cross(t.0, t.1, s.1));
    if d0 == 0 && d1 == 0 {
        let (from, to) = (place(s, t.0), place(s, t.1));
        let (from, to) = (from.min(to).max(0.0), from.max(to).min(1.0));
        if from < to {
            cuts.extend([from, to]);
            alongs.push(Along { from, to, what });
        }
        return;
    }
    if d0.signum() * d1.signum() > 0 {
        return;
    }
    let (e0, e1) = (cross(s.0, s.1, t.0), cross(s.0, s.1, t.1));
    if e0.signum() * e1.signum() <= 0 {
        cuts.push((d0 as f64 / (d0 - d1) as f64).clamp(0.0, 1.0));
    }
}

/// Where along a segment a point of its line is; 0 and 1 are its ends.
fn place((a, b): Segment, p: super::plane::Point) -> f64 {
    let ((ax, ay), (bx, by), (px, py)) = (a.units(), b.units(), p.units());
    // Along the longer side, so that a steep line is not divided by its width of nothing.
    if (bx - ax).abs() > (by - ay).abs() {
        (px - ax) / (bx - ax)
    } else {
        (py - ay) / (by - ay)
    }
}
