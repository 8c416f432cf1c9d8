//! Geo-queries out of their parameters (clause 4.10, ABNF). Never looks at an entity.

use super::{GeoQuery, Georel, Shape};
use crate::context::Context;
use crate::entity::{Geometry, GeometryKind};
use crate::error::Error;
use crate::iri::Iri;
use crate::json::Json;
use crate::query::fault::Fault;
use crate::query::limits::POSITIONS_MAX;
use crate::query::scan::Cursor;

const GEORELS: [(&str, Georel); 6] = [
    ("within", Georel::Within),
    ("contains", Georel::Contains),
    ("intersects", Georel::Intersects),
    ("equals", Georel::Equals),
    ("disjoint", Georel::Disjoint),
    ("overlaps", Georel::Overlaps),
];

impl GeoQuery {
    /// Reads the parameters of a URL, where `coordinates` is JSON as a text.
    ///
    /// # Errors
    /// Says which parameter is wrong, at which character where that can be told.
    pub fn read(
        georel: &str,
        geometry: &str,
        coordinates: &str,
        geoproperty: Option<&str>,
        context: &Context,
    ) -> Result<Self, Fault> {
        Cursor::new("coordinates", coordinates)?;
        let json = Json::read(coordinates.as_bytes()).map_err(|e| {
            let at = match serde_json::from_str::<serde::de::IgnoredAny>(coordinates) {
                Err(e) if e.line() == 1 => e.column().max(1),
                _ => 1,
            };
            Fault::bad("coordinates", at, e.to_string())
        })?;
        Self::read_json(georel, geometry, json, geoproperty, context)
    }

    /// Reads the members of a body's `geoQ`, where `coordinates` is JSON (clause 5.2.13).
    ///
    /// # Errors
    /// Says which parameter is wrong, at which character where that can be told.
    pub fn read_json(
        georel: &str,
        geometry: &str,
        coordinates: Json,
        geoproperty: Option<&str>,
        context: &Context,
    ) -> Result<Self, Fault> {
        let georel = self::georel(georel)?;
        let kind = GeometryKind::of_name(geometry)
            .filter(|k| *k != GeometryKind::GeometryCollection)
            .ok_or_else(|| {
                let expected = "expected Point, MultiPoint, LineString, MultiLineString, Polygon \
                                or MultiPolygon";
                Fault::bad("geometry", 1, expected)
            })?;
        if positions(&coordinates) > POSITIONS_MAX {
            let what = format!("more than {POSITIONS_MAX} positions");
            return Err(Fault {
                problem: crate::error::Problem::TooComplexQuery,
                ..Fault::bad("coordinates", 1, what)
            });
        }
        let members = Json::object([("type", kind.name().into()), (kind.holder(), coordinates)]);
        let reference = Geometry::read(members).map_err(|e| {
            let what = match e {
                Error::BadData { what, .. } => what,
                other => other.to_string(),
            };
            Fault::bad("coordinates", 1, what)
        })?;
        let geoproperty = geoproperty_name(geoproperty.unwrap_or("location"), context)?;
        Ok(Self {
            georel,
            reference: Shape::of(&reference),
            geoproperty,
        })
    }
}

fn georel(text: &str) -> Result<Georel, Fault> {
    let mut cursor = Cursor::new("georel", text)?;
    if let Some((_, georel)) = GEORELS.into_iter().find(|(name, _)| *name == text) {
        return Ok(georel);
    }
    if !cursor.eat("near") {
        return Err(
            cursor.expected("near, within, contains, intersects, equals, disjoint or overlaps")
        );
    }
    cursor.need(";")?;
    let max = cursor.eat("maxDistance");
    if !max && !cursor.eat("minDistance") {
        return Err(cursor.expected("maxDistance or minDistance"));
    }
    cursor.need("==")?;
    let mark = cursor.mark();
    let digits = cursor.take_while(|c| c.is_ascii_digit() || ".eE+-".contains(c));
    match Json::read(digits.as_bytes()).ok().and_then(|n| n.as_f64()) {
        Some(m) if m >= 0.0 => {
            cursor.end("the end")?;
            Ok(if max {
                Georel::NearMax(m)
            } else {
                Georel::NearMin(m)
            })
        }
        _ => {
            cursor.back_to(mark);
            Err(cursor.expected("metres as a positive number"))
        }
    }
}

/// Arrays of numbers, counted no further than is of interest. As deep as JSON is read: 128.
fn positions(json: &Json) -> usize {
    match json.items() {
        Some([first, ..]) if first.items().is_none() => 1,
        Some(items) => items.iter().map(positions).sum(),
        None => 0,
    }
}

fn geoproperty_name(name: &str, context: &Context) -> Result<Iri, Fault> {
    let mut cursor = Cursor::new("geoproperty", name)?;
    let (_, iri) = cursor.name(context)?;
    cursor.end("the end").map(|()| iri)
}
