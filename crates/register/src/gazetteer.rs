//! Where a street or square is, by the names on the base map: what the search by address asks.
//! Never knows a house number or who lives somewhere: the map holds neither.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::words::fold;

/// Names kept; a large city has some 10,000 streets.
const NAMES_MAX: usize = 100_000;
/// Metres of a degree of latitude (WGS 84, mean).
const DEGREE_M: f64 = 111_195.0;

/// A point, degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spot {
    pub lat: f64,
    pub lon: f64,
}

impl Spot {
    /// This spot as seen from another, metres east and north: good to a per mille within a city.
    fn from(self, origin: Self) -> (f64, f64) {
        let east = (self.lon - origin.lon) * DEGREE_M * origin.lat.to_radians().cos();
        (east, (self.lat - origin.lat) * DEGREE_M)
    }

    /// Metres to another spot.
    pub fn metres_to(self, other: Self) -> f64 {
        let (x, y) = other.from(self);
        x.hypot(y)
    }

    /// Metres to the nearest point of a line.
    fn metres_to_line(self, line: &[Self]) -> f64 {
        let first = line.first().map_or(f64::INFINITY, |p| self.metres_to(*p));
        line.windows(2)
            .filter_map(|pair| match pair {
                [a, b] => Some(to_segment(a.from(self), b.from(self))),
                _ => None,
            })
            .fold(first, f64::min)
    }
}

/// From the origin to the segment between two points.
fn to_segment(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 {
        (-(a.0 * dx + a.1 * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (a.0 + along * dx).hypot(a.1 + along * dy)
}

/// A named place of the map: all lines and outlines that bear the name.
#[derive(Debug)]
pub(crate) struct Named {
    pub name: String,
    folded: String,
    lines: Vec<Vec<Spot>>,
}

impl Named {
    /// Metres from a spot to the nearest stretch of it.
    pub fn metres_from(&self, spot: Spot) -> f64 {
        self.lines
            .iter()
            .map(|line| spot.metres_to_line(line))
            .fold(f64::INFINITY, f64::min)
    }
}

/// The names of the base map.
#[derive(Debug, Default)]
pub struct Gazetteer(Vec<Named>);

#[derive(Deserialize)]
struct Map {
    features: Vec<Feature>,
}
#[derive(Deserialize)]
struct Feature {
    properties: Properties,
    geometry: Geometry,
}
#[derive(Deserialize)]
struct Properties {
    #[serde(default)]
    name: String,
}
#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Point((f64, f64)),
    LineString(Vec<(f64, f64)>),
    Polygon(Vec<Vec<(f64, f64)>>),
    MultiPolygon(Vec<Vec<Vec<(f64, f64)>>>),
}

fn line(places: Vec<(f64, f64)>) -> Vec<Spot> {
    let spot = |(lon, lat)| Spot { lat, lon };
    places.into_iter().map(spot).collect()
}

impl Gazetteer {
    /// The names in a base map as `loggia basemap build` writes it; none where it does not read.
    #[must_use]
    pub fn of_map(geojson: &[u8]) -> Self {
        let Ok(map) = serde_json::from_slice::<Map>(geojson) else {
            return Self::default();
        };
        let mut names: BTreeMap<String, Vec<Vec<Spot>>> = BTreeMap::new();
        for feature in map.features {
            let name = feature.properties.name;
            if name.is_empty() || (names.len() >= NAMES_MAX && !names.contains_key(&name)) {
                continue;
            }
            let lines = names.entry(name).or_default();
            match feature.geometry {
                Geometry::Point(p) => lines.push(line(vec![p])),
                Geometry::LineString(l) => lines.push(line(l)),
                Geometry::Polygon(rings) => lines.extend(rings.into_iter().map(line)),
                Geometry::MultiPolygon(surfaces) => {
                    lines.extend(surfaces.into_iter().flatten().map(line));
                }
            }
        }
        let named = |(name, lines): (String, _)| Named {
            folded: fold(&name),
            name,
            lines,
        };
        Self(names.into_iter().map(named).collect())
    }

    /// The places that a folded question names, best first: the whole name, its beginning, a word
    /// of it. A house number at the end is passed over.
    pub(crate) fn find(&self, folded: &str, most: usize) -> Vec<&Named> {
        let mut wanted = folded.trim();
        if let Some((street, number)) = wanted.rsplit_once(' ')
            && number.starts_with(|c: char| c.is_ascii_digit())
            && number.len() <= 5
        {
            wanted = street.trim_end_matches([' ', ',']);
        }
        if wanted.chars().count() < 2 {
            return Vec::new();
        }
        let rank = |n: &Named| {
            if n.folded == wanted {
                Some(0)
            } else if n.folded.starts_with(wanted) {
                Some(1)
            } else if n.folded.split([' ', '-']).any(|w| w.starts_with(wanted)) {
                Some(2)
            } else if n.folded.contains(wanted) {
                Some(3)
            } else {
                None
            }
        };
        let mut found: Vec<_> = self
            .0
            .iter()
            .filter_map(|n| rank(n).map(|r| (r, n)))
            .collect();
        found.sort_by(|(a, m), (b, n)| a.cmp(b).then_with(|| m.name.cmp(&n.name)));
        found.into_iter().map(|(_, n)| n).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = r#"{"type":"FeatureCollection","features":[
      {"type":"Feature","properties":{"layer":"roads","kind":"residential","name":"Kaivokatu"},
       "geometry":{"type":"LineString","coordinates":[[24.94,60.17],[24.95,60.17]]}},
      {"type":"Feature","properties":{"layer":"roads","kind":"square","name":"Käivö"},
       "geometry":{"type":"Polygon","coordinates":[[[0,0],[0,1],[1,1],[0,0]]]}},
      {"type":"Feature","properties":{"layer":"roads","kind":"service"},
       "geometry":{"type":"LineString","coordinates":[[1,1],[2,2]]}},
      {"type":"Feature","properties":{"name":"Pieni Kaivokuja"},
       "geometry":{"type":"LineString","coordinates":[[1,1],[2,2]]}}]}"#;

    fn names(map: &Gazetteer, asked: &str) -> Vec<String> {
        let found = map.find(&fold(asked), 9);
        found.iter().map(|n| n.name.clone()).collect()
    }

    #[test]
    fn names_are_found_in_any_script_and_with_a_house_number() {
        let map = Gazetteer::of_map(MAP.as_bytes());
        assert_eq!(names(&map, "Каивокату"), ["Kaivokatu"]);
        assert_eq!(names(&map, "kaivokatu 12b"), ["Kaivokatu"]);
        assert_eq!(
            names(&map, "kaivo"),
            ["Käivö", "Kaivokatu", "Pieni Kaivokuja"]
        );
        assert!(names(&map, "k").is_empty() && names(&map, "12").is_empty());
        assert!(names(&Gazetteer::of_map(b"{"), "kaivo").is_empty());
    }

    #[test]
    fn distances_are_to_the_nearest_stretch() {
        let map = Gazetteer::of_map(MAP.as_bytes());
        let street = map.find("kaivokatu", 1)[0];
        let spot = |lat, lon| Spot { lat, lon };
        // 0.001° of latitude beside the middle, where the line has no corner.
        let beside = street.metres_from(spot(60.171, 24.945));
        assert!((beside - 111.2).abs() < 0.2, "{beside}");
        // 0.01° of longitude past its end at 60° north.
        let past = street.metres_from(spot(60.17, 24.96));
        assert!((past - 553.2).abs() < 1.0, "{past}");
        assert!(street.metres_from(spot(60.17, 24.947)) < 0.001);
    }
}
