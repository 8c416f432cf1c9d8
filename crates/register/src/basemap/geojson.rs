//! Writes map features as compact GeoJSON (RFC 7946), six decimals: a tenth of a metre.
//! Never writes an editor's name, an object's history or a tag that no layer uses.

use core::fmt::Write;

use super::pbf::Place;

/// A shape to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// One place.
    Point(Place),
    /// A line.
    Line(Vec<Place>),
    /// Outline and holes.
    Surface(Vec<Vec<Place>>),
}

/// A shape with its properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// The shape.
    pub shape: Shape,
    /// Properties in order; empty values are left out.
    pub properties: Vec<(&'static str, String)>,
}

/// A whole file: members that say whose data it is, then the features.
pub fn collection(members: &[(&str, serde_json::Value)], features: &[Feature]) -> String {
    let mut out = String::from("{\"type\":\"FeatureCollection\"");
    for (name, value) in members {
        push(&mut out, format_args!(",{}:{value}", quoted(name)));
    }
    out.push_str(",\"features\":[");
    for (n, feature) in features.iter().enumerate() {
        out.push_str(if n == 0 { "\n" } else { ",\n" });
        write_feature(&mut out, feature);
    }
    out.push_str("\n]}\n");
    out
}

/// Writing to a string cannot fail.
fn push(out: &mut String, what: core::fmt::Arguments<'_>) {
    let _ = out.write_fmt(what);
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

fn write_feature(out: &mut String, feature: &Feature) {
    out.push_str("{\"type\":\"Feature\",\"properties\":{");
    let said = feature.properties.iter().filter(|(_, v)| !v.is_empty());
    for (n, (name, value)) in said.enumerate() {
        let comma = if n == 0 { "" } else { "," };
        push(
            out,
            format_args!("{comma}{}:{}", quoted(name), quoted(value)),
        );
    }
    out.push_str("},\"geometry\":{\"type\":");
    match &feature.shape {
        Shape::Point(place) => {
            out.push_str("\"Point\",\"coordinates\":");
            write_place(out, *place);
        }
        Shape::Line(line) => {
            out.push_str("\"LineString\",\"coordinates\":");
            write_places(out, line);
        }
        Shape::Surface(rings) => {
            out.push_str("\"Polygon\",\"coordinates\":[");
            for (n, ring) in rings.iter().enumerate() {
                out.push_str(if n == 0 { "" } else { "," });
                write_places(out, ring);
            }
            out.push(']');
        }
    }
    out.push_str("}}");
}

fn write_places(out: &mut String, places: &[Place]) {
    out.push('[');
    for (n, place) in places.iter().enumerate() {
        out.push_str(if n == 0 { "" } else { "," });
        write_place(out, *place);
    }
    out.push(']');
}

fn write_place(out: &mut String, place: Place) {
    out.push('[');
    write_degrees(out, place.lon);
    out.push(',');
    write_degrees(out, place.lat);
    out.push(']');
}

/// 10⁻⁷ degrees to degrees with at most six decimals, no trailing zeros.
fn write_degrees(out: &mut String, grid: i32) {
    let micro = (i64::from(grid) + 5 * i64::from(grid.signum())) / 10;
    let sign = if micro < 0 { "-" } else { "" };
    let (whole, part) = (micro.abs() / 1_000_000, micro.abs() % 1_000_000);
    push(out, format_args!("{sign}{whole}"));
    if part != 0 {
        let digits = format!("{part:06}");
        push(out, format_args!(".{}", digits.trim_end_matches('0')));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn degrees(grid: i32) -> String {
        let mut out = String::new();
        write_degrees(&mut out, grid);
        out
    }

    #[test]
    fn degrees_have_six_decimals_at_most() {
        assert_eq!(degrees(249_410_256), "24.941026");
        assert_eq!(degrees(-5), "-0.000001");
        assert_eq!(degrees(600_000_000), "60");
        assert_eq!(degrees(0), "0");
    }

    #[test]
    fn a_collection_is_valid_json() {
        let at = |lon, lat| Place { lon, lat };
        let ring = vec![at(0, 0), at(10, 0), at(10, 10), at(0, 0)];
        let text = collection(
            &[("attribution", "a \"b\"".into())],
            &[
                Feature {
                    shape: Shape::Point(at(1, 2)),
                    properties: vec![("name", "é\n".into())],
                },
                Feature {
                    shape: Shape::Line(ring.clone()),
                    properties: vec![("x", "".into())],
                },
                Feature {
                    shape: Shape::Surface(vec![ring]),
                    properties: vec![],
                },
            ],
        );
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["attribution"], "a \"b\"");
        assert_eq!(json["features"][0]["properties"]["name"], "é\n");
        assert_eq!(json["features"][1]["properties"], serde_json::json!({}));
        assert_eq!(
            json["features"][2]["geometry"]["coordinates"][0][2][1],
            0.000_001
        );
    }
}
