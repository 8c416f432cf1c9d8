//! The sea from its coastline: OpenStreetMap draws the coast as lines with the water on the right.
//! Never guesses: where the coast cannot be closed along the extract's edge, there is no sea.

use super::pbf::Place;
use super::rings;

/// How far from the edge a coast may end because the extract cut off its next node: 10⁻³ degree,
/// about 110 m of latitude.
const EDGE_GRID: u64 = 10_000;

/// The extract's edge: south-west and north-east corner.
#[derive(Debug, Clone, Copy)]
struct Edge {
    low: Place,
    high: Place,
}

/// The sea's surfaces within `bounds`, from runs of coastline in their own direction. `None` if a
/// coast ends inland.
pub fn surfaces(mut runs: Vec<Vec<Place>>, bounds: [Place; 2]) -> Option<Vec<Vec<Vec<Place>>>> {
    let edge = Edge {
        low: bounds[0],
        high: bounds[1],
    };
    let mut coasts = Vec::new();
    let mut islands = Vec::new();
    while let Some(run) = runs.pop() {
        let line = lengthen(run, &mut runs);
        if rings::is_ring(&line) && line.iter().all(|p| edge.holds(*p)) {
            islands.push(line);
        } else {
            for part in edge.cut(&line) {
                coasts.push(edge.snap(part)?);
            }
        }
    }
    let mut outlines = Vec::new();
    while let Some(coast) = coasts.pop() {
        outlines.push(close(coast, &mut coasts, edge));
    }
    Some(rings::with_holes(outlines, islands))
}

/// Adds runs at both ends, keeping the direction.
fn lengthen(mut line: Vec<Place>, runs: &mut Vec<Vec<Place>>) -> Vec<Place> {
    loop {
        if line.len() > 1 && line.first() == line.last() {
            return line;
        }
        if let Some(i) = runs.iter().position(|r| r.first() == line.last()) {
            line.extend(runs.swap_remove(i).into_iter().skip(1));
        } else if let Some(i) = runs.iter().position(|r| r.last() == line.first()) {
            let mut longer = runs.swap_remove(i);
            longer.extend(line.into_iter().skip(1));
            line = longer;
        } else {
            return line;
        }
    }
}

/// Follows coast and edge in turn until the outline comes back to where it began. Water is on the
/// right of the coast, and inside is on the right of the edge when one walks it clockwise.
fn close(coast: Vec<Place>, coasts: &mut Vec<Vec<Place>>, edge: Edge) -> Vec<Place> {
    let begin = coast.first().copied();
    let mut outline = coast;
    while let (Some(begin), Some(end)) = (begin, outline.last().copied()) {
        let home = edge.walk(end, begin);
        let next = coasts
            .iter()
            .enumerate()
            .filter_map(|(i, c)| Some((edge.walk(end, *c.first()?), i)))
            .min()
            .filter(|(length, _)| *length < home);
        match next {
            Some((_, i)) => {
                let coast = coasts.swap_remove(i);
                outline.extend(
                    coast
                        .first()
                        .map(|to| edge.corners(end, *to))
                        .into_iter()
                        .flatten(),
                );
                outline.extend(coast);
            }
            None => {
                outline.extend(edge.corners(end, begin));
                outline.push(begin);
                break;
            }
        }
    }
    outline.dedup();
    outline
}

impl Edge {
    fn holds(self, p: Place) -> bool {
        (self.low.lon..=self.high.lon).contains(&p.lon)
            && (self.low.lat..=self.high.lat).contains(&p.lat)
    }

    fn on(self, p: Place) -> bool {
        self.holds(p)
            && (p.lon == self.low.lon
                || p.lon == self.high.lon
                || p.lat == self.low.lat
                || p.lat == self.high.lat)
    }

    /// The parts of a line that lie inside, with their crossings of the edge.
    fn cut(self, line: &[Place]) -> Vec<Vec<Place>> {
        let mut parts: Vec<Vec<Place>> = Vec::new();
        for w in line.windows(2) {
            let Some((from, to)) = self.clip(w[0], w[1]) else {
                continue;
            };
            match parts.last_mut() {
                Some(part) if part.last() == Some(&from) => part.push(to),
                _ => parts.push(vec![from, to]),
            }
        }
        parts.iter_mut().for_each(Vec::dedup);
        parts.retain(|p| p.len() > 1);
        parts
    }

    /// One stretch cut to the edge (Liang and Barsky, 1984).
    fn clip(self, a: Place, b: Place) -> Option<(Place, Place)> {
        let (dx, dy) = (
            f64::from(b.lon) - f64::from(a.lon),
            f64::from(b.lat) - f64::from(a.lat),
        );
        let (mut from, mut to) = (0.0_f64, 1.0_f64);
        for (p, q) in [
            (-dx, f64::from(a.lon) - f64::from(self.low.lon)),
            (dx, f64::from(self.high.lon) - f64::from(a.lon)),
            (-dy, f64::from(a.lat) - f64::from(self.low.lat)),
            (dy, f64::from(self.high.lat) - f64::from(a.lat)),
        ] {
            if p == 0.0 && q < 0.0 {
                return None;
            }
            if p < 0.0 {
                from = from.max(q / p);
            } else if p > 0.0 {
                to = to.min(q / p);
            }
        }
        let at = |t: f64| {
            let lon = (f64::from(a.lon) + t * dx).round() as i32;
            let lat = (f64::from(a.lat) + t * dy).round() as i32;
            Place {
                lon: lon.clamp(self.low.lon, self.high.lon),
                lat: lat.clamp(self.low.lat, self.high.lat),
            }
        };
        (from <= to).then(|| {
            (
                if from > 0.0 { at(from) } else { a },
                if to < 1.0 { at(to) } else { b },
            )
        })
    }

    /// Brings both ends to the edge; `None` if one is too far inland.
    fn snap(self, mut coast: Vec<Place>) -> Option<Vec<Place>> {
        let begin = self.nearest(*coast.first()?)?;
        let end = self.nearest(*coast.last()?)?;
        coast.insert(0, begin);
        coast.push(end);
        coast.dedup();
        Some(coast)
    }

    fn nearest(self, p: Place) -> Option<Place> {
        if self.on(p) {
            return Some(p);
        }
        let far = |a: i32, b: i32| i64::from(a).abs_diff(i64::from(b));
        let sides = [
            (
                far(p.lon, self.low.lon),
                Place {
                    lon: self.low.lon,
                    ..p
                },
            ),
            (
                far(p.lat, self.high.lat),
                Place {
                    lat: self.high.lat,
                    ..p
                },
            ),
            (
                far(p.lon, self.high.lon),
                Place {
                    lon: self.high.lon,
                    ..p
                },
            ),
            (
                far(p.lat, self.low.lat),
                Place {
                    lat: self.low.lat,
                    ..p
                },
            ),
        ];
        let (far, place) = sides.into_iter().min_by_key(|(far, _)| *far)?;
        (far <= EDGE_GRID).then_some(place)
    }

    fn round(self) -> i64 {
        2 * (i64::from(self.high.lon) - i64::from(self.low.lon) + i64::from(self.high.lat)
            - i64::from(self.low.lat))
    }

    /// Steps along the edge from the south-west corner, clockwise: west, north, east, south.
    fn steps(self, p: Place) -> i64 {
        let x = i64::from(p.lon) - i64::from(self.low.lon);
        let y = i64::from(p.lat) - i64::from(self.low.lat);
        let half = self.round() / 2;
        if p.lon == self.low.lon || p.lat == self.high.lat {
            x + y
        } else {
            2 * half - x - y
        }
    }

    /// How far it is from `a` to `b`, clockwise.
    fn walk(self, a: Place, b: Place) -> i64 {
        (self.steps(b) - self.steps(a)).rem_euclid(self.round().max(1))
    }

    /// The corners passed on that way.
    fn corners(self, a: Place, b: Place) -> Vec<Place> {
        let (low, high) = (self.low, self.high);
        let way = self.walk(a, b);
        let mut passed: Vec<(i64, Place)> = [
            low,
            Place {
                lon: low.lon,
                lat: high.lat,
            },
            high,
            Place {
                lon: high.lon,
                lat: low.lat,
            },
        ]
        .into_iter()
        .map(|c| (self.walk(a, c), c))
        .filter(|(length, _)| *length > 0 && *length < way)
        .collect();
        passed.sort_by_key(|(length, _)| *length);
        passed.into_iter().map(|(_, c)| c).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: [Place; 2] = [
        Place { lon: 0, lat: 0 },
        Place {
            lon: 100_000,
            lat: 100_000,
        },
    ];

    fn places(list: &[(i32, i32)]) -> Vec<Place> {
        list.iter()
            .map(|(lon, lat)| Place {
                lon: *lon,
                lat: *lat,
            })
            .collect()
    }

    /// Whether the sea covers a place.
    fn wet(sea: &[Vec<Vec<Place>>], lon: i32, lat: i32) -> bool {
        let at = Place { lon, lat };
        sea.iter().any(|s| {
            rings::encloses(&s[0], at) && !s[1..].iter().any(|hole| rings::encloses(hole, at))
        })
    }

    #[test]
    fn water_is_on_the_right_of_the_coast() {
        // Northward through the middle: the sea is in the east.
        let sea = surfaces(vec![places(&[(50_000, -5), (50_000, 100_005)])], BOUNDS).unwrap();
        assert!(wet(&sea, 75_000, 50_000) && !wet(&sea, 25_000, 50_000));
        let sea = surfaces(vec![places(&[(50_000, 100_005), (50_000, -5)])], BOUNDS).unwrap();
        assert!(!wet(&sea, 75_000, 50_000) && wet(&sea, 25_000, 50_000));
    }

    #[test]
    fn a_strait_between_two_coasts_is_one_surface() {
        let north = places(&[(50_000, 100_000), (50_000, 60_000), (100_000, 60_000)]);
        let south = places(&[(100_000, 40_000), (0, 40_000)]);
        // Each runs with the water on its right: the northern south and east, the southern west.
        let sea = surfaces(vec![north, south], BOUNDS).unwrap();
        assert_eq!(sea.len(), 1);
        assert!(wet(&sea, 75_000, 50_000), "the strait");
        assert!(wet(&sea, 25_000, 80_000), "the open sea in the north-west");
        assert!(
            !wet(&sea, 75_000, 80_000) && !wet(&sea, 50_000, 20_000),
            "land"
        );
    }

    #[test]
    fn runs_are_joined_and_cut_off_ends_reach_the_edge() {
        let runs = vec![
            places(&[(50_000, 50_000), (50_000, 95_000)]),
            places(&[(50_000, 5_000), (50_000, 50_000)]),
        ];
        let sea = surfaces(runs, BOUNDS).unwrap();
        assert!(wet(&sea, 75_000, 99_000) && !wet(&sea, 25_000, 99_000));
    }

    #[test]
    fn an_island_stays_dry_and_an_inland_end_draws_no_sea() {
        let island = places(&[
            (70_000, 40_000),
            (80_000, 40_000),
            (80_000, 50_000),
            (70_000, 40_000),
        ]);
        let coast = places(&[(50_000, 0), (50_000, 100_000)]);
        let sea = surfaces(vec![island, coast], BOUNDS).unwrap();
        assert!(!wet(&sea, 78_000, 43_000) && wet(&sea, 90_000, 90_000));
        assert_eq!(
            surfaces(vec![places(&[(50_000, 0), (50_000, 50_000)])], BOUNDS),
            None
        );
    }

    proptest! {
        #[test]
        fn any_coast_closes_or_is_refused(
            runs in prop::collection::vec(
                prop::collection::vec((-120_000i32..120_000, -120_000i32..120_000), 1..6), 0..6),
        ) {
            let runs: Vec<_> = runs.iter().map(|r| places(r)).collect();
            for surface in surfaces(runs, BOUNDS).unwrap_or_default() {
                for ring in surface {
                    prop_assert_eq!(ring.first(), ring.last());
                }
            }
        }
    }
}
