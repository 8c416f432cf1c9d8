//! Geo-queries (clause 4.10) as tables: relations at shared borders, in holes and along lines,
//! distances that are known. Never a property that holds for all; query_laws.rs has them.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

#[path = "query_city.rs"]
mod city;

use city::{context, entity, named, vehicle};
use loggia_ngsi_ld::Problem;
use loggia_ngsi_ld::query::{Filter, GeoQuery, Query, SPHERE_RADIUS_M, Shape, TypeQuery};

const SQUARE: (&str, &str) = ("Polygon", "[[[0,0],[4,0],[4,4],[0,4],[0,0]]]");
const RING: (&str, &str) = (
    "Polygon",
    "[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[3,1],[3,3],[1,3],[1,1]]]",
);
const HOLE: (&str, &str) = ("Polygon", "[[[1,1],[3,1],[3,3],[1,3],[1,1]]]");
const CORNER: (&str, &str) = ("Polygon", "[[[0,0],[4,0],[0,4],[0,0]]]");
const BESIDE: (&str, &str) = ("Polygon", "[[[4,0],[8,0],[8,4],[4,4],[4,0]]]");
const LINE: (&str, &str) = ("LineString", "[[0,0],[2,2],[4,4]]");

fn place((kind, coordinates): (&str, &str)) -> String {
    format!(r#"{{"type": "{kind}", "coordinates": {coordinates}}}"#)
}

fn holds(georel: &str, place_: (&str, &str), reference: (&str, &str)) -> bool {
    let context = context();
    let query = GeoQuery::read(georel, reference.0, reference.1, None, &context);
    let query = query.unwrap_or_else(|e| panic!("{georel} {reference:?}: {e}"));
    query.matches(&entity(&format!(
        r#"{{"id": "urn:a:1", "type": "T",
            "location": {{"type": "GeoProperty", "value": {}}}}}"#,
        place(place_)
    )))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table: one relation a row")]
fn clause_4_10_relations() {
    for (place, georel, reference, expected) in [
        (("Point", "[2,2]"), "within", SQUARE, true),
        (("Point", "[4,2]"), "within", SQUARE, false),
        (("Point", "[4,2]"), "intersects", SQUARE, true),
        (("Point", "[5,2]"), "intersects", SQUARE, false),
        (("Point", "[5,2]"), "disjoint", SQUARE, true),
        (("Point", "[2,2]"), "within", RING, false),
        (("Point", "[0.5,2]"), "within", RING, true),
        (("Point", "[2,2]"), "within", CORNER, false),
        (("Point", "[1.999999999,2]"), "within", CORNER, true),
        (("Point", "[2,2]"), "equals", ("Point", "[2.0,2]"), true),
        (
            ("Point", "[2,2,9]"),
            "equals",
            ("MultiPoint", "[[2,2],[2,2]]"),
            true,
        ),
        (("Point", "[2,2]"), "within", LINE, true),
        (("Point", "[0,0]"), "within", LINE, false),
        (("Point", "[0,0]"), "intersects", LINE, true),
        (("MultiPoint", "[[1,1],[0,0]]"), "within", SQUARE, true),
        (
            ("MultiPoint", "[[1,1],[9,9]]"),
            "overlaps",
            ("MultiPoint", "[[1,1],[2,2]]"),
            true,
        ),
        (SQUARE, "contains", ("Point", "[2,2]"), true),
        (SQUARE, "contains", ("MultiPoint", "[[0,0],[4,4]]"), false),
        (SQUARE, "contains", LINE, true),
        (SQUARE, "contains", ("LineString", "[[0,0],[4,0]]"), false),
        (LINE, "within", RING, false),
        (("LineString", "[[0,0],[1,1]]"), "within", RING, true),
        (("LineString", "[[1,1],[3,1]]"), "within", RING, false),
        (("LineString", "[[0,1],[4,1]]"), "within", RING, true),
        (LINE, "equals", ("LineString", "[[4,4],[0,0]]"), true),
        (
            LINE,
            "equals",
            ("MultiLineString", "[[[4,4],[1,1]],[[0,0],[3,3]]]"),
            true,
        ),
        (LINE, "overlaps", ("LineString", "[[3,3],[5,5]]"), true),
        (LINE, "overlaps", ("LineString", "[[0,4],[4,0]]"), false),
        (LINE, "intersects", ("LineString", "[[0,4],[4,0]]"), true),
        (LINE, "intersects", ("LineString", "[[0,1],[3,4]]"), false),
        (HOLE, "within", RING, false),
        (HOLE, "intersects", RING, true),
        (HOLE, "overlaps", RING, false),
        (HOLE, "within", SQUARE, true),
        (RING, "within", SQUARE, true),
        (SQUARE, "within", RING, false),
        (RING, "equals", SQUARE, false),
        (
            SQUARE,
            "equals",
            ("Polygon", "[[[4,4],[0,4],[0,2],[0,0],[4,0],[4,4]]]"),
            true,
        ),
        (SQUARE, "overlaps", BESIDE, false),
        (SQUARE, "intersects", BESIDE, true),
        (SQUARE, "disjoint", BESIDE, false),
        (
            SQUARE,
            "overlaps",
            ("Polygon", "[[[3,3],[5,3],[5,5],[3,5],[3,3]]]"),
            true,
        ),
        (CORNER, "within", SQUARE, true),
        (CORNER, "overlaps", SQUARE, false),
        (
            SQUARE,
            "overlaps",
            ("Polygon", "[[[-1,1],[5,1],[5,3],[-1,3],[-1,1]]]"),
            true,
        ),
        (
            SQUARE,
            "within",
            (
                "MultiPolygon",
                "[[[[9,9],[10,9],[10,10],[9,9]]],[[[-1,-1],[5,-1],[5,5],[-1,5],[-1,-1]]]]",
            ),
            true,
        ),
        // A border at a slope that no binary fraction meets, shared by both.
        (
            ("Polygon", "[[[0,0],[0.3,0.1],[0.1,0.3],[0,0]]]"),
            "within",
            ("Polygon", "[[[0,0],[0.9,0.3],[0.3,0.9],[0,0]]]"),
            true,
        ),
    ] {
        assert_eq!(
            holds(georel, place, reference),
            expected,
            "{place:?} {georel} {reference:?}"
        );
    }
}

#[test]
fn clause_4_10_distances() {
    let shape = |g| Shape::of(&geometry(g));
    let degree = SPHERE_RADIUS_M * std::f64::consts::PI / 180.0;
    for (a, b, metres) in [
        (("Point", "[0,0]"), ("Point", "[0,1]"), degree),
        (("Point", "[0,0]"), ("Point", "[180,0]"), 180.0 * degree),
        (("Point", "[180,10]"), ("Point", "[-180,10]"), 0.0),
        (("Point", "[0,60]"), ("Point", "[1,60]"), 55_595.0),
        // Lisbon to Porto: 273.9 km on the ellipsoid.
        (
            ("Point", "[-9.1393,38.7223]"),
            ("Point", "[-8.6291,41.1579]"),
            274_300.0,
        ),
        (("Point", "[2,5]"), SQUARE, degree),
        (("Point", "[2,2]"), SQUARE, 0.0),
        (("Point", "[4,2]"), SQUARE, 0.0),
        (("Point", "[6,0]"), SQUARE, 2.0 * degree),
        (("LineString", "[[0,5],[4,5]]"), SQUARE, degree),
        (("MultiPoint", "[[9,9],[5,0]]"), SQUARE, degree),
    ] {
        let got = shape(a).distance_m(&shape(b));
        // Great circles bulge towards the pole from a parallel: 270 m on four degrees of it.
        assert!(
            (got - metres).abs() <= metres * 3e-3 + 1e-6,
            "{a:?} {b:?}: {got}, not {metres}"
        );
    }
    let (near, far) = ("near;maxDistance==2000", "near;minDistance==2000");
    let madrid = ("Point", "[-3.7,40.4]");
    for (place, is_near) in [
        (("Point", "[-3.7,40.417]"), true),
        (("Point", "[-3.7,40.419]"), false),
        (("LineString", "[[-3.71,40.5],[-3.71,40.3]]"), true),
    ] {
        assert_eq!(holds(near, place, madrid), is_near, "{place:?}");
        assert_ne!(holds(far, place, madrid), is_near, "{place:?}");
    }
}

fn geometry(g: (&str, &str)) -> loggia_ngsi_ld::Geometry {
    let json = loggia_ngsi_ld::Json::read(place(g).as_bytes()).expect("JSON");
    loggia_ngsi_ld::Geometry::read(json).expect("a geometry")
}

#[test]
fn clause_4_10_the_geoproperty_is_location_or_another_and_must_be_there() {
    let context = context();
    let at = |property| {
        GeoQuery::read(
            "near;maxDistance==1",
            "Point",
            "[-3.7,40.4]",
            property,
            &context,
        )
        .expect("a query")
    };
    assert!(at(None).matches(&vehicle()) && at(Some("location")).matches(&vehicle()));
    assert!(!at(Some("observationSpace")).matches(&vehicle()));
    assert!(!at(Some("speed")).matches(&vehicle()));
    let disjoint = GeoQuery::read("disjoint", "Point", "[0,0]", None, &context).expect("a query");
    assert!(disjoint.matches(&vehicle()) && !disjoint.matches(&named("urn:a:1")));
}

#[test]
fn clause_4_10_faults_say_which_parameter() {
    let context = context();
    for (georel, geometry, coordinates, property, parameter, at) in [
        ("beside", "Point", "[0,0]", None, "georel", 1),
        ("near", "Point", "[0,0]", None, "georel", 5),
        ("near;", "Point", "[0,0]", None, "georel", 6),
        ("near;maxDistance=5", "Point", "[0,0]", None, "georel", 17),
        ("near;maxDistance==", "Point", "[0,0]", None, "georel", 19),
        ("near;maxDistance==-5", "Point", "[0,0]", None, "georel", 19),
        ("near;maxDistance==5m", "Point", "[0,0]", None, "georel", 20),
        ("within;", "Point", "[0,0]", None, "georel", 1),
        ("within", "Circle", "[0,0]", None, "geometry", 1),
        ("within", "GeometryCollection", "[]", None, "geometry", 1),
        ("within", "Point", "[0,0", None, "coordinates", 4),
        ("within", "Point", "[[0,0]]", None, "coordinates", 1),
        ("within", "Point", "[0,91]", None, "coordinates", 1),
        (
            "within",
            "Polygon",
            "[[[0,0],[1,0],[1,1]]]",
            None,
            "coordinates",
            1,
        ),
        ("within", "Point", "[0,0]", Some("a b"), "geoproperty", 2),
        ("within", "Point", "[0,0]", Some(""), "geoproperty", 1),
    ] {
        let fault = GeoQuery::read(georel, geometry, coordinates, property, &context);
        let fault = fault.expect_err(georel);
        assert_eq!((fault.parameter, fault.at), (parameter, at), "{fault}");
        assert_eq!(fault.problem, Problem::BadRequestData, "{fault}");
    }
    let many = format!("[{}]", vec!["[1,2]"; 501].join(","));
    let fault = GeoQuery::read("within", "MultiPoint", &many, None, &context).expect_err("many");
    assert_eq!(fault.problem, Problem::TooComplexQuery);
}

#[test]
fn clause_5_7_2_all_conditions_together() {
    let context = context();
    let mut filter = Filter {
        types: TypeQuery::read("Vehicle", &context).ok(),
        q: Query::read("speed>80", &context).ok(),
        geo: GeoQuery::read(
            "near;maxDistance==1",
            "Point",
            "[-3.7,40.4]",
            None,
            &context,
        )
        .ok(),
        ..Filter::default()
    };
    assert!(filter.matches(&vehicle()) && !filter.matches(&named("urn:a:1")));
    filter.q = Query::read("speed>81", &context).ok();
    assert!(!filter.matches(&vehicle()));
    assert!(Filter::default().matches(&named("urn:a:1")));
}
