//! Geometries ready to be compared: whatever their kind, points, lines and polygons on the grid.
//! Never changes what they mean, but for steps under 0.1 mm.

use super::plane::{Point, Segment, Side, is_inside, is_on, segments, side_of};
use crate::entity::{Geometry, GeometryKind};
use crate::json::Json;

/// A geometry of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape {
    pub(super) points: Vec<Point>,
    pub(super) lines: Vec<Vec<Point>>,
    /// Rings; the first is around the others.
    pub(super) polygons: Vec<Vec<Vec<Point>>>,
    /// Corners of the box around everything.
    pub(super) bounds: Option<Segment>,
}

impl Shape {
    /// Of a geometry that has been checked.
    #[must_use]
    pub fn of(geometry: &Geometry) -> Self {
        let mut shape = Self::default();
        shape.add(geometry.kind, &geometry.shape);
        shape.bounds = shape.box_around();
        shape
    }

    fn box_around(&self) -> Option<Segment> {
        let mut all = self.vertices();
        let first = all.next()?;
        Some(all.fold((first, first), |(low, high), p| {
            let (x, y) = (low.x.min(p.x), low.y.min(p.y));
            let (right, top) = (high.x.max(p.x), high.y.max(p.y));
            (Point { x, y }, Point { x: right, y: top })
        }))
    }

    /// Collections are of one level, as they are read.
    fn add(&mut self, kind: GeometryKind, json: &Json) {
        let each = json.items().unwrap_or_default();
        match kind {
            GeometryKind::Point => self.points.extend(point(json)),
            GeometryKind::MultiPoint => self.points.extend(each.iter().filter_map(point)),
            GeometryKind::LineString => self.add_line(path(json)),
            GeometryKind::MultiLineString => each.iter().for_each(|l| self.add_line(path(l))),
            GeometryKind::Polygon => self.polygons.push(rings(json)),
            GeometryKind::MultiPolygon => self.polygons.extend(each.iter().map(rings)),
            GeometryKind::GeometryCollection => {
                for one in each {
                    let kind = one.get("type").and_then(Json::as_str);
                    if let Some(kind) = kind.and_then(GeometryKind::of_name)
                        && kind != GeometryKind::GeometryCollection
                        && let Some(json) = one.get(kind.holder())
                    {
                        self.add(kind, json);
                    }
                }
            }
        }
    }

    /// A line all of whose positions are the same is a point.
    fn add_line(&mut self, line: Vec<Point>) {
        match line.first() {
            Some(first) if line.iter().all(|p| p == first) => self.points.push(*first),
            _ => self.lines.push(line),
        }
    }

    /// Every position.
    pub(super) fn vertices(&self) -> impl Iterator<Item = Point> + '_ {
        let rings = self.polygons.iter().flatten();
        let paths = self.lines.iter().chain(rings).flatten();
        self.points.iter().chain(paths).copied()
    }

    /// The segments of its lines.
    pub(super) fn line_segments(&self) -> impl Iterator<Item = Segment> + '_ {
        self.lines.iter().flat_map(|l| segments(l))
    }

    /// The segments of its polygons' borders.
    pub(super) fn ring_segments(&self) -> impl Iterator<Item = Segment> + '_ {
        self.polygons.iter().flatten().flat_map(|r| segments(r))
    }

    /// All segments.
    pub(super) fn all_segments(&self) -> impl Iterator<Item = Segment> + '_ {
        self.line_segments().chain(self.ring_segments())
    }

    /// The highest dimension of its parts.
    pub(super) fn dimension(&self) -> u8 {
        match (self.polygons.is_empty(), self.lines.is_empty()) {
            (false, _) => 2,
            (true, false) => 1,
            (true, true) => 0,
        }
    }

    /// Where a point is: inside of a part, on the border of one, or outside of all. A line's
    /// border are its ends; where an even number of ends meet there is none (OGC's mod-2 rule).
    pub(super) fn side(&self, p: Point) -> Side {
        let of_polygons = self.polygons.iter().map(|rings| side_of(rings, p)).max();
        let mut side = of_polygons.unwrap_or(Side::Outside);
        if side < Side::Inside && self.line_segments().any(|s| is_on(s, p)) {
            let ends = self
                .lines
                .iter()
                .flat_map(|l| l.first().into_iter().chain(l.last()));
            let odd = ends.filter(|e| **e == p).count() % 2 == 1;
            side = side.max(if odd { Side::Border } else { Side::Inside });
        }
        if self.points.contains(&p) {
            side = Side::Inside;
        }
        side
    }

    /// Whether a place between the grid's points is inside of a polygon.
    pub(super) fn has_inside(&self, place: (f64, f64)) -> bool {
        self.polygons.iter().any(|rings| is_inside(rings, place))
    }

    /// A place inside of each polygon that has an inside.
    pub(super) fn inner_places(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.polygons.iter().filter_map(|rings| inner_place(rings))
    }
}

/// Two borders closer than half a step of the grid are one, written twice: rounding lies between.
const WIDTH_MIN: f64 = 0.5;

/// A place inside of a polygon: on the line midway between the two heights of corners that are
/// the furthest apart, in the widest piece of it that is inside.
fn inner_place(rings: &[Vec<Point>]) -> Option<(f64, f64)> {
    let mut heights: Vec<i64> = rings.iter().flatten().map(|p| p.y).collect();
    heights.sort_unstable();
    let gap = heights.windows(2).filter_map(|w| match w {
        [a, b] => Some((b - a, *a)),
        _ => None,
    });
    let (gap, low) = gap.max()?;
    if gap == 0 {
        return None;
    }
    let y = Point { x: 0, y: low }.units().1 + Point { x: 0, y: gap }.units().1 / 2.0;
    let mut xs: Vec<f64> = rings
        .iter()
        .flat_map(|r| segments(r))
        .filter_map(|(a, b)| {
            let ((ax, ay), (bx, by)) = (a.units(), b.units());
            ((ay > y) != (by > y)).then(|| ax + (y - ay) / (by - ay) * (bx - ax))
        })
        .collect();
    xs.sort_unstable_by(f64::total_cmp);
    let pieces = xs.chunks_exact(2).filter_map(|w| match w {
        [a, b] if b - a > WIDTH_MIN => Some((b - a, a.midpoint(*b))),
        _ => None,
    });
    let widest = pieces.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some((widest.1, y))
}

fn point(json: &Json) -> Option<Point> {
    match json.items()? {
        [lon, lat, ..] => Some(Point::of_degrees(lon.as_f64()?, lat.as_f64()?)),
        _ => None,
    }
}

fn path(json: &Json) -> Vec<Point> {
    let each = json.items().unwrap_or_default();
    each.iter().filter_map(point).collect()
}

fn rings(json: &Json) -> Vec<Vec<Point>> {
    json.items().unwrap_or_default().iter().map(path).collect()
}
