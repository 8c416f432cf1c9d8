//! GeoJSON geometries (RFC 7946, clause 4.7), checked and kept as sent. Never computes with them.

use crate::error::Error;
use crate::json::Json;

/// The kinds of geometries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GeometryKind {
    /// One position.
    Point,
    /// Several positions.
    MultiPoint,
    /// A line.
    LineString,
    /// Several lines.
    MultiLineString,
    /// Rings, the first around the others.
    Polygon,
    /// Several polygons.
    MultiPolygon,
    /// Geometries of any kind.
    GeometryCollection,
}

impl GeometryKind {
    const ALL: [Self; 7] = [
        Self::Point,
        Self::MultiPoint,
        Self::LineString,
        Self::MultiLineString,
        Self::Polygon,
        Self::MultiPolygon,
        Self::GeometryCollection,
    ];

    /// The name in GeoJSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Point => "Point",
            Self::MultiPoint => "MultiPoint",
            Self::LineString => "LineString",
            Self::MultiLineString => "MultiLineString",
            Self::Polygon => "Polygon",
            Self::MultiPolygon => "MultiPolygon",
            Self::GeometryCollection => "GeometryCollection",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }

    /// The member that holds the numbers.
    #[must_use]
    pub const fn holder(self) -> &'static str {
        match self {
            Self::GeometryCollection => "geometries",
            _ => "coordinates",
        }
    }
}

/// A geometry that has been checked; the numbers are those that were sent, digit by digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Geometry {
    /// Which kind.
    pub kind: GeometryKind,
    /// `coordinates`, or `geometries` of a collection.
    pub shape: Json,
    /// What else was sent: a `bbox`, say.
    pub others: Box<[(Box<str>, Json)]>,
}

impl Geometry {
    /// Whether a value is meant as a geometry: an object with one of the types and its numbers.
    pub(crate) fn is_meant(value: &Json) -> bool {
        value
            .get("type")
            .or_else(|| value.get("@type"))
            .and_then(Json::as_str)
            .and_then(GeometryKind::of_name)
            .is_some_and(|k| value.get(k.holder()).is_some())
    }

    /// Takes a GeoJSON geometry.
    ///
    /// # Errors
    /// If it breaks a rule of RFC 7946.
    pub fn read(value: Json) -> Result<Self, Error> {
        let Json::Object(members) = value else {
            return Err(Error::bad(
                "",
                format!("a geometry is an object, not {}", value.kind()),
            ));
        };
        let mut kind = None;
        let mut others = Vec::new();
        let mut shapes = Vec::new();
        for (name, value) in members {
            match &*name {
                "type" | "@type" => kind = value.as_str().and_then(GeometryKind::of_name),
                "coordinates" | "geometries" => shapes.push((name, value)),
                _ => others.push((name, value)),
            }
        }
        let Some(kind) = kind else {
            return Err(Error::bad("type", "it is none of GeoJSON's geometry types"));
        };
        let shape = match <[_; 1]>::try_from(shapes) {
            Ok([(name, shape)]) if &*name == kind.holder() => shape,
            _ => {
                return Err(Error::bad(
                    kind.holder(),
                    "a geometry has this member alone",
                ));
            }
        };
        check(kind, &shape).map_err(|what| Error::bad(kind.holder(), what))?;
        Ok(Self {
            kind,
            shape,
            others: others.into(),
        })
    }

    /// As GeoJSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut members: Vec<(Box<str>, Json)> = vec![
            ("type".into(), self.kind.name().into()),
            (self.kind.holder().into(), self.shape.clone()),
        ];
        members.extend(self.others.iter().cloned());
        Json::Object(members.into())
    }
}

/// What one place in a geometry must be.
type Rule = fn(&Json) -> Result<(), &'static str>;

fn check(kind: GeometryKind, shape: &Json) -> Result<(), &'static str> {
    match kind {
        GeometryKind::Point => position(shape),
        GeometryKind::MultiPoint => each(shape, position),
        GeometryKind::LineString => line(shape),
        GeometryKind::MultiLineString => each(shape, line),
        GeometryKind::Polygon => each(shape, ring),
        GeometryKind::MultiPolygon => each(shape, |polygon| each(polygon, ring)),
        GeometryKind::GeometryCollection => each(shape, |geometry| {
            let kind = geometry.get("type").and_then(Json::as_str);
            // A collection within a collection is what RFC 7946, 3.1.8 advises against; leaving it
            // out bounds the recursion.
            let kind = kind
                .and_then(GeometryKind::of_name)
                .filter(|k| *k != GeometryKind::GeometryCollection)
                .ok_or("a collection holds geometries")?;
            check(
                kind,
                geometry
                    .get(kind.holder())
                    .ok_or("a geometry without coordinates")?,
            )
        }),
    }
}

fn each(list: &Json, rule: Rule) -> Result<(), &'static str> {
    match list.items() {
        Some(items) if !items.is_empty() => items.iter().try_for_each(rule),
        _ => Err("an array is needed, and not an empty one"),
    }
}

/// Longitude, latitude and perhaps a height, in degrees of WGS 84 (RFC 7946, 3.1.1 and 4).
fn position(value: &Json) -> Result<(), &'static str> {
    let Some(numbers @ ([_, _] | [_, _, _])) = value.items() else {
        return Err("a position is an array of two or three numbers");
    };
    let number = |n: usize| numbers.get(n).and_then(Json::as_f64);
    match (
        number(0),
        number(1),
        numbers.len() == 2 || number(2).is_some(),
    ) {
        (Some(lon), Some(lat), true) if lon.abs() <= 180.0 && lat.abs() <= 90.0 => Ok(()),
        (Some(_), Some(_), true) => Err("longitude is within 180 degrees, latitude within 90"),
        _ => Err("a position is an array of two or three numbers"),
    }
}

fn line(value: &Json) -> Result<(), &'static str> {
    each(value, position)?;
    if value.items().is_some_and(|p| p.len() >= 2) {
        Ok(())
    } else {
        Err("a line has two positions at least")
    }
}

/// A linear ring: closed, four positions at least (RFC 7946, 3.1.6).
fn ring(value: &Json) -> Result<(), &'static str> {
    each(value, position)?;
    match value.items() {
        Some([first, _, .., _, last]) if first == last => Ok(()),
        _ => Err("a ring has four positions at least, and the first is the last"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Geometry, Error> {
        Geometry::read(Json::read(text.as_bytes()).expect("JSON"))
    }

    #[test]
    fn clause_4_7_geometries_are_checked_by_rfc_7946_and_kept_as_sent() {
        for good in [
            r#"{"type":"Point","coordinates":[13.3986,52]}"#,
            r#"{"type":"Point","coordinates":[13,52.0,100],"bbox":[1,2,3,4]}"#,
            r#"{"type":"MultiPoint","coordinates":[[1,2]]}"#,
            r#"{"type":"LineString","coordinates":[[1,2],[3,4]]}"#,
            r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#,
            r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}"#,
            r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]}"#,
        ] {
            assert_eq!(read(good).expect(good).to_json().to_string(), good);
        }
        for bad in [
            "7",
            r#"{"type":"Circle","coordinates":[1,2]}"#,
            r#"{"type":"Point"}"#,
            r#"{"type":"Point","coordinates":[]}"#,
            r#"{"type":"Point","coordinates":[1]}"#,
            r#"{"type":"Point","coordinates":[1,2,3,4]}"#,
            r#"{"type":"Point","coordinates":["1",2]}"#,
            r#"{"type":"Point","coordinates":[1,91]}"#,
            r#"{"type":"Point","coordinates":[1,null]}"#,
            r#"{"type":"LineString","coordinates":[[1,2]]}"#,
            r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}"#,
            r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#,
            r#"{"type":"Polygon","coordinates":[]}"#,
            r#"{"type":"GeometryCollection","geometries":[{"type":"GeometryCollection"}]}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
