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

/// Stretches of a segment, from and to, that run along segments of the other geometry.
#[derive(Default)]
struct Along(Vec<(f64, f64)>);

impl Along {
    /// Joins what overlaps, so that many segments on one line are looked through once.
    fn joined(mut self) -> Self {
        self.0.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut joined: Vec<(f64, f64)> = Vec::with_capacity(self.0.len());
        for (from, to) in self.0 {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        Self(joined)
    }

    fn has(&self, t: f64) -> bool {
        let after = self.0.partition_point(|(from, _)| *from <= t);
        let last = after.checked_sub(1).and_then(|n| self.0.get(n));
        last.is_some_and(|(_, to)| t <= *to)
    }
}

/// Pieces of under half a step of the grid are what rounding makes; they say nothing.
const PIECE_MIN: f64 = 0.5;

/// Cuts segments wherever they meet the other geometry, and looks where each piece is, until
/// enough has been met. A piece is looked for in all rings, so that without an end in sight n
/// segments that cross m others m times each would be n·m² steps; a border that is crossed leads
/// out or in, which is what nearly all questions end with.
pub(super) fn sweep(
    segments: impl Iterator<Item = Segment>,
    other: &Shape,
    enough: impl Fn(&Met) -> bool,
) -> Met {
    let mut met = Met::default();
    for segment in segments {
        one(segment, other, &mut met, &enough);
        if enough(&met) {
            break;
        }
    }
    met
}

fn one(s: Segment, other: &Shape, met: &mut Met, enough: &impl Fn(&Met) -> bool) {
    let mut cuts = vec![0.0, 1.0];
    let (mut lines, mut borders) = (Along::default(), Along::default());
    for t in other.line_segments() {
        cut(s, t, &mut cuts, &mut lines);
    }
    for t in other.ring_segments() {
        cut(s, t, &mut cuts, &mut borders);
    }
    let (lines, borders) = (lines.joined(), borders.joined());
    cuts.sort_unstable_by(f64::total_cmp);
    let ((ax, ay), (bx, by)) = (s.0.units(), s.1.units());
    let length = (bx - ax).hypot(by - ay);
    for pair in cuts.windows(2) {
        let &[from, to] = pair else { continue };
        if (to - from) * length < PIECE_MIN {
            continue;
        }
        let t = f64::midpoint(from, to);
        let on_line = lines.has(t);
        if on_line {
            met.line = Meets::Some;
        }
        if borders.has(t) {
            continue;
        }
        if other.has_inside((ax + t * (bx - ax), ay + t * (by - ay))) {
            met.inside = Meets::Some;
        } else if !on_line {
            met.outside = Meets::Some;
        }
        if enough(met) {
            return;
        }
    }
}

/// Where a segment meets another: one place, or a stretch if they lie on one line. Whether they
/// do is exact; only the place is rounded.
#[expect(
    clippy::cast_precision_loss,
    reason = "the place along the segment is rounded anyway"
)]
fn cut(s: Segment, t: Segment, cuts: &mut Vec<f64>, along: &mut Along) {
    if apart(s, t) {
        return;
    }
    let (d0, d1) = (cross(t.0, t.1, s.0), cross(t.0, t.1, s.1));
    if d0 == 0 && d1 == 0 {
        let (from, to) = (place(s, t.0), place(s, t.1));
        let (from, to) = (from.min(to).max(0.0), from.max(to).min(1.0));
        if from < to {
            cuts.extend([from, to]);
            along.0.push((from, to));
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
