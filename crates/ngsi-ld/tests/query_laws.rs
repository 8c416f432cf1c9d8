//! What holds for all queries and all geometries. Never a fixed example; query.rs and
//! query_geo.rs have them.

#![expect(clippy::expect_used, reason = "a helper of tests")]

#[path = "query_city.rs"]
mod city;

use city::{context, entity};
use loggia_ngsi_ld::query::{Georel, Query, Shape};
use loggia_ngsi_ld::{Geometry, Json};
use proptest::prelude::*;

fn term() -> impl Strategy<Value = String> {
    let path = prop_oneof![
        Just("speed".to_owned()),
        Just("ex:speed.accuracy".to_owned()),
        Just("a.observedAt".to_owned()),
        Just("createdAt".to_owned()),
        "x[a-zé0-9_]{0,5}(\\[[a-z@-]{1,4}(\\.[a-z]{1,3})?\\])?",
    ];
    let ordered = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        (-9999..9999_i32).prop_map(|n| format!("{}", f64::from(n) / 8.0)),
        any::<String>().prop_map(|s| Json::from(s.as_str()).to_string()),
        Just("2026-08-10T12:00:00.25Z".to_owned()),
        Just("2026-08-10".to_owned()),
        Just("12:00:00Z".to_owned()),
    ];
    let any_value = prop_oneof![
        ordered.clone(),
        Just("true".to_owned()),
        Just("urn:ngsi-ld:a-b.c:1".to_owned()),
        Just("ex:Bus".to_owned()),
    ];
    let wanted = prop_oneof![
        Just(String::new()),
        (prop_oneof!["<=?", ">=?"], ordered.clone()).prop_map(|(o, v)| o + &v),
        (
            "[=!]=",
            prop::collection::vec(any_value, 1..4).prop_map(|v| v.join(","))
        )
            .prop_map(|(o, v)| o + &v),
        ("[=!]=", 0..99_i32, 0..99_i32).prop_map(|(o, a, b)| format!("{o}{a}..{b}")),
        "!?~=\"([a-z.][*?]?|\\\\\\\\|\\\\\"){1,6}\"",
        "!?~=[a-z.]{1,4}(\\([a-z|;]{0,4}\\))?",
    ];
    (path, wanted).prop_map(|(p, w)| p + &w)
}

fn query() -> impl Strategy<Value = String> {
    term().prop_recursive(4, 24, 4, |inner| {
        (prop::collection::vec(inner, 1..4), "[;|]")
            .prop_map(|(parts, op)| format!("({})", parts.join(&op)))
    })
}

/// An expression over the numbers a, b and c, and the one that says the contrary.
fn contraries() -> impl Strategy<Value = (String, String)> {
    let operators = prop_oneof![
        Just(("==", "!=")),
        Just(("!=", "==")),
        Just(("<", ">=")),
        Just((">=", "<")),
        Just((">", "<=")),
        Just(("<=", ">")),
    ];
    let leaf = ("[abc]", operators, 0..4_i32)
        .prop_map(|(n, (is, not), v)| (format!("{n}{is}{v}"), format!("{n}{not}{v}")));
    leaf.prop_recursive(4, 24, 3, |inner| {
        let signs = prop_oneof![Just((";", "|")), Just(("|", ";"))];
        (inner.clone(), inner, signs).prop_map(|((p, not_p), (q, not_q), (is, not))| {
            (format!("({p}{is}{q})"), format!("({not_p}{not}{not_q})"))
        })
    })
}

fn shape(kind: &str, coordinates: &str) -> Shape {
    let text = format!(r#"{{"type": "{kind}", "coordinates": {coordinates}}}"#);
    Shape::of(&Geometry::read(Json::read(text.as_bytes()).expect("JSON")).expect("a geometry"))
}

fn rectangle(x: i32, y: i32, w: i32, h: i32) -> String {
    let (r, t) = (x + w, y + h);
    format!("[[{x},{y}],[{r},{y}],[{r},{t}],[{x},{t}],[{x},{y}]]")
}

/// Geometries on a grid of seven, so that corners, borders and lines are shared again and again.
fn any_shape() -> impl Strategy<Value = Shape> {
    let at = || (0..7_i32, 0..7_i32);
    let path = |n| {
        prop::collection::vec(at(), n).prop_map(|p| {
            let p: Vec<String> = p.iter().map(|(x, y)| format!("[{x},{y}]")).collect();
            format!("[{}]", p.join(","))
        })
    };
    let inner = (at(), 3..6_i32, 3..6_i32);
    prop_oneof![
        at().prop_map(|(x, y)| shape("Point", &format!("[{x},{y}]"))),
        path(1..4).prop_map(|p| shape("MultiPoint", &p)),
        path(2..5).prop_map(|p| shape("LineString", &p)),
        prop::collection::vec(path(2..4), 1..3)
            .prop_map(|l| shape("MultiLineString", &format!("[{}]", l.join(",")))),
        (at(), 1..5_i32, 1..5_i32)
            .prop_map(|((x, y), w, h)| shape("Polygon", &format!("[{}]", rectangle(x, y, w, h)))),
        (at(), 1..5_i32, 1..5_i32).prop_map(|((x, y), w, h)| {
            let (r, t) = (x + w, y + h);
            shape(
                "Polygon",
                &format!("[[[{x},{y}],[{r},{y}],[{x},{t}],[{x},{y}]]]"),
            )
        }),
        inner.prop_map(|((x, y), w, h)| {
            let hole = rectangle(x + 1, y + 1, w - 2, h - 2);
            shape("Polygon", &format!("[{},{hole}]", rectangle(x, y, w, h)))
        }),
        (at(), 1..3_i32).prop_map(|((x, y), w)| {
            let (one, two) = (rectangle(x, y, w, w), rectangle(x + 4, y, w, w));
            shape("MultiPolygon", &format!("[[{one}],[{two}]]"))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_reads_the_same(text in query()) {
        let context = context();
        let query = Query::read(&text, &context);
        prop_assert!(query.is_ok(), "{text}: {query:?}");
        let query = query.expect("read");
        let written = query.to_string();
        let again = Query::read(&written, &context);
        prop_assert_eq!(again, Ok(query), "{}", written);
    }

    #[test]
    fn reading_ends_whatever_it_reads(
        text in "([a(;|)\"\\\\\\[\\]{}.~!=<>1-9:é ,/#+]|==|~=){0,40}",
    ) {
        let context = context();
        for bytes in [text.clone(), format!("a=={text}"), format!("a~={text}")] {
            if let Err(fault) = Query::read(&bytes, &context) {
                prop_assert!((1..=bytes.chars().count() + 1).contains(&fault.at), "{}", fault);
            }
        }
    }

    #[test]
    fn de_morgan_where_every_target_is_one_number(
        (is, not) in contraries(), a in 0..4_i32, b in 0..4_i32, c in 0..4_i32,
    ) {
        let text = format!(r#"{{"id": "urn:a:1", "type": "T", "a": {a}, "b": {b}, "c": {c}}}"#);
        let (entity, context) = (entity(&text), context());
        let holds = |q: &str| Query::read(q, &context).expect("a query").matches(&entity);
        prop_assert_ne!(holds(&is), holds(&not), "{} and {}", is, not);
    }

    #[test]
    fn relations_of_geometries_hold_together(a in any_shape(), b in any_shape()) {
        let holds = |r: Georel| r.holds(&a, &b);
        let back = |r: Georel| r.holds(&b, &a);
        prop_assert_eq!(holds(Georel::Within), back(Georel::Contains));
        for symmetric in [Georel::Intersects, Georel::Equals, Georel::Overlaps] {
            prop_assert_eq!(holds(symmetric), back(symmetric), "{:?}", symmetric);
        }
        prop_assert_ne!(holds(Georel::Intersects), holds(Georel::Disjoint));
        prop_assert!(!holds(Georel::Equals) || holds(Georel::Within));
        prop_assert_eq!(
            holds(Georel::Equals),
            holds(Georel::Within) && holds(Georel::Contains)
        );
        prop_assert!(!holds(Georel::Within) || holds(Georel::Intersects));
        prop_assert!(!holds(Georel::Overlaps) || holds(Georel::Intersects));
        prop_assert!(!holds(Georel::Overlaps) || !holds(Georel::Within));
        prop_assert!(a.equals(&a) && a.is_within(&a) && !a.overlaps(&a));
    }

    #[test]
    fn near_is_the_same_both_ways_round(a in any_shape(), b in any_shape()) {
        let metres = a.distance_m(&b);
        prop_assert_eq!(metres.to_bits(), b.distance_m(&a).to_bits());
        prop_assert_eq!(metres == 0.0, a.intersects(&b));
        prop_assert!(Georel::NearMax(metres).holds(&a, &b));
        prop_assert!(Georel::NearMin(metres).holds(&b, &a));
    }

    /// Rectangles, where arithmetic on their sides says what is right.
    #[test]
    fn rectangles_are_as_their_sides_say(
        (ax, ay, aw, ah) in (0..7_i32, 0..7_i32, 1..5_i32, 1..5_i32),
        (bx, by, bw, bh) in (0..7_i32, 0..7_i32, 1..5_i32, 1..5_i32),
    ) {
        let of = |x, y, w, h| shape("Polygon", &format!("[{}]", rectangle(x, y, w, h)));
        let (a, b) = (of(ax, ay, aw, ah), of(bx, by, bw, bh));
        let touch = ax <= bx + bw && bx <= ax + aw && ay <= by + bh && by <= ay + ah;
        let share = ax < bx + bw && bx < ax + aw && ay < by + bh && by < ay + ah;
        let a_in_b = ax >= bx && ax + aw <= bx + bw && ay >= by && ay + ah <= by + bh;
        let b_in_a = bx >= ax && bx + bw <= ax + aw && by >= ay && by + bh <= ay + ah;
        prop_assert_eq!(a.intersects(&b), touch);
        prop_assert_eq!(a.is_within(&b), a_in_b);
        prop_assert_eq!(a.equals(&b), a_in_b && b_in_a);
        prop_assert_eq!(a.overlaps(&b), share && !a_in_b && !b_in_a);
    }
}
