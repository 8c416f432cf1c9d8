//! In which order answers come (clauses 4.23, 5.7.2.4, 5.7.4.4): texts as people sort them, values
//! of many kinds, entities and histories.

use crate::etsi::Etsi;
use crate::town::{Refusal, Town, refused};

/// Last letters of the ids.
fn letters(ids: &[String]) -> String {
    ids.iter().filter_map(|id| id.chars().last()).collect()
}

async fn come(town: &Town, path: &str, wanted: &str) {
    let told = town.get(path).await;
    assert_eq!(told.status, 200, "{path}: {}", told.text);
    assert_eq!(letters(&told.ids()), wanted, "{path}");
}

async fn street(town: &Town, id: &str, name: &str) {
    let body = format!(r#"{{"id": "urn:x:{id}", "type": "Street", "name": "{name}"}}"#);
    town.done("POST", "/entities", &body).await;
}

#[tokio::test]
async fn clause_4_23_1_texts_are_in_the_root_order() {
    let town = Town::new();
    // By the numbers of their characters: Arana, Zorina, arana, Žarka.
    for (id, name) in [
        ("a", "Змај Јовина"),
        ("b", "Ђуре Јакшића"),
        ("c", "Zorina"),
        ("d", "arana"),
        ("e", "Žarka"),
        ("f", "Arana"),
        ("g", "стара 10"),
        ("h", "стара 9"),
    ] {
        street(&town, id, name).await;
    }
    let at = "/entities?type=Street&local=true&orderBy=name";
    come(&town, at, "dfecbagh").await;
    come(&town, &format!("{at};desc"), "hgabcefd").await;
    come(&town, &format!("{at}&collation=und-x-icu"), "dfecbagh").await;
    // Numbers within texts by what they are.
    come(&town, &format!("{at}&collation=sr-u-kn"), "bahgdfec").await;
    // ž is a letter of its own in Croatian, behind z.
    come(&town, &format!("{at}&collation=hr"), "dfcebagh").await;
}

#[tokio::test]
async fn clause_4_23_3_a_collation_is_a_language_with_settings() {
    let town = Town::new();
    for (id, name) in [("a", "Äther"), ("b", "Afrika"), ("c", "Adel")] {
        street(&town, id, name).await;
    }
    let at = "/entities?type=Street&local=true&orderBy=name";
    come(&town, at, "cba").await;
    come(&town, &format!("{at}&collation=de-u-co-phonebk"), "cab").await;
    come(&town, &format!("{at}&collation=und-u-ks-identic"), "cba").await;
    let body = r#"{"type": "Query", "entities": [{"type": "Street"}],
        "ordering": {"orderBy": ["name"], "collation": "de-u-co-phonebk"}}"#;
    let at = "/entityOperations/query?local=true";
    let told = town.send("POST", at, body).await;
    assert_eq!(letters(&told.ids()), "cab", "{}", told.text);
    for wrong in ["x", "klingon", "de-u-co-best", "de-u-ks-level9", "a b", ""] {
        let path = format!("/entities?type=Street&local=true&orderBy=name&collation={wrong}");
        let row: Refusal<'_> = ("5.7.2.4", "GET", &path, None, 400, "BadRequestData");
        refused(&town, &[row]).await;
    }
}

/// In the order of clause 4.23.2, each with its last letter.
#[rustfmt::skip]
const MIXED: &[(&str, &str)] = &[
    ("a", "-3"),
    ("b", "10"),
    ("c", "\"10\""),
    ("d", "\"b\""),
    ("e", "{\"x\": 1}"),
    ("f", "[1, 10]"),
    ("g", "[2]"),
    ("h", "false"),
    ("i", "true"),
    ("j", "{\"@type\": \"Time\", \"@value\": \"08:00:00Z\"}"),
    ("k", "{\"@type\": \"Time\", \"@value\": \"08:00:00.5Z\"}"),
    ("l", "{\"@type\": \"Date\", \"@value\": \"2026-08-09\"}"),
    ("m", "{\"@type\": \"DateTime\", \"@value\": \"2026-08-09T00:00:00Z\"}"),
    ("n", "{\"@type\": \"DateTime\", \"@value\": \"2026-08-10T00:00:00Z\"}"),
];

#[tokio::test]
async fn clause_4_23_2_values_of_many_kinds_have_one_order() {
    let town = Town::new();
    for (id, value) in MIXED.iter().rev() {
        let body = format!(
            r#"{{"id": "urn:x:{id}", "type": "Thing",
                 "v": {{"type": "Property", "value": {value}}},
                 "w": {{"type": "Property", "value": {{"in": {value}}}}}}}"#
        );
        town.done("POST", "/entities", &body).await;
    }
    let null = r#"{"id": "urn:x:z", "type": "Thing",
        "w": {"type": "JsonProperty", "json": {"in": null}}}"#;
    let nothing = r#"{"id": "urn:x:0", "type": "Thing"}"#;
    town.made(&[nothing, null]).await;
    let at = "/entities?type=Thing&local=true";
    come(&town, &format!("{at}&q=v&orderBy=v"), "abcdefghijklmn").await;
    come(&town, &format!("{at}&q=v&orderBy=v;desc"), "nmlkjihgfedcba").await;
    // Nulls last, and behind them what is not there, whichever way.
    come(&town, &format!("{at}&orderBy=w[in]"), "abcdefghijklmnz0").await;
    come(
        &town,
        &format!("{at}&orderBy=w[in];desc"),
        "nmlkjihgfedcbaz0",
    )
    .await;
}

#[tokio::test]
async fn clause_4_23_2_what_is_no_geoproperty_goes_by_its_value() {
    let town = Town::new();
    let place = |id: &str, value: &str| {
        format!(r#"{{"id": "urn:x:{id}", "type": "Place", "at": {value}}}"#)
    };
    let point = |x: u8| {
        format!(
            r#"{{"type": "GeoProperty", "value": {{"type": "Point", "coordinates": [{x}, 0]}}}}"#
        )
    };
    for body in [
        place("d", "\"there\""),
        place("b", &point(9)),
        place("c", "7"),
        place("a", &point(1)),
        r#"{"id": "urn:x:e", "type": "Place"}"#.to_owned(),
    ] {
        town.done("POST", "/entities", &body).await;
    }
    let at = "/entities?type=Place&local=true&orderFrom=[0,0]&orderBy=at";
    come(&town, &format!("{at};dist-asc"), "abcde").await;
    come(&town, &format!("{at};dist-desc"), "badce").await;
    let line = "&orderGeometry=LineString&orderFrom=[[8,0],[10,0]]";
    let at = format!("/entities?type=Place&local=true&orderBy=at;dist-asc{line}");
    come(&town, &at, "bacde").await;
}

/// A body's `ordering` (table 5.2.43-1), and what it gives.
#[rustfmt::skip]
const BODIES: &[(&str, &str)] = &[
    (r#"{"orderBy": ["location;dist-asc"], "coordinates": [9, 0]}"#, "bca"),
    (r#"{"orderBy": ["location;dist-desc"], "coordinates": [9, 0], "geometry": "Point"}"#, "acb"),
    (r#"{"orderBy": ["scope"]}"#, "cab"),
    (r#"{"orderBy": ["scope;desc"]}"#, "acb"),
    (r#"{"orderBy": ["type", "id;desc"]}"#, "cba"),
];

#[tokio::test]
async fn clause_5_2_43_a_body_says_the_order_in_its_own_names() {
    let town = Town::new();
    for (id, x, scope) in [
        ("a", 1, r#", "scope": "/s""#),
        ("b", 9, ""),
        ("c", 5, r#", "scope": ["/b", "/z"]"#),
    ] {
        let body = format!(
            r#"{{"id": "urn:x:{id}", "type": "Place"{scope}, "location": {{"type": "GeoProperty",
                 "value": {{"type": "Point", "coordinates": [{x}, 0]}}}}}}"#
        );
        town.done("POST", "/entities", &body).await;
    }
    let at = "/entityOperations/query?local=true";
    for (ordering, wanted) in BODIES {
        let body = format!(
            r#"{{"type": "Query", "entities": [{{"type": "Place"}}], "ordering": {ordering}}}"#
        );
        let told = town.send("POST", at, &body).await;
        assert_eq!(told.status, 200, "{ordering}: {}", told.text);
        assert_eq!(letters(&told.ids()), *wanted, "{ordering}");
    }
    let body = r#"{"type": "Query", "entities": [{"type": "Place"}],
        "ordering": {"orderBy": ["location;dist-asc"]}}"#;
    let row: Refusal<'_> = ("5.7.2.4", "POST", at, Some(body), 400, "BadRequestData");
    refused(&town, &[row]).await;
}

#[tokio::test]
async fn clause_5_7_4_4_histories_are_ordered_by_id() {
    let town = Town::new();
    for id in ["b", "c", "a"] {
        let body = format!(
            r#"{{"id": "urn:x:{id}", "type": "Car", "speed": {{"type": "Property", "value": 1,
                 "observedAt": "2026-08-01T00:00:00Z"}}}}"#
        );
        town.done("POST", "/entities", &body).await;
    }
    let at = "/temporal/entities?type=Car&timerel=after&timeAt=2026-01-01T00:00:00Z";
    come(&town, at, "bca").await;
    let at = &format!("{at}&local=true");
    come(&town, &format!("{at}&orderBy=id"), "abc").await;
    come(&town, &format!("{at}&orderBy=id;desc&collation=sr"), "cba").await;
    come(&town, &format!("{at}&orderBy=id&limit=1&offset=1"), "b").await;
    let told = town
        .get(&format!("{at}&orderBy=id&limit=2&count=true"))
        .await;
    assert_eq!(told.header("ngsild-results-count"), Some("3"));
    assert!(told.all("link").iter().any(|l| l.contains("rel=\"next\"")));
    let body = r#"{"type": "Query", "entities": [{"type": "Car"}],
        "temporalQ": {"timerel": "after", "timeAt": "2026-01-01T00:00:00Z"},
        "ordering": {"orderBy": ["id;desc"]}}"#;
    let query = "/temporal/entityOperations/query";
    let told = town
        .send("POST", &format!("{query}?local=true"), body)
        .await;
    assert_eq!(letters(&told.ids()), "cba", "{}", told.text);
    let bad = "BadRequestData";
    let remote = at.replace("&local=true", "&orderBy=id");
    let other = format!("{at}&orderBy=speed");
    let both = format!("{at}&orderBy=id,type");
    let collation = format!("{at}&orderBy=id&collation=none-such-here");
    #[rustfmt::skip]
    let rows: [Refusal<'_>; 5] = [
        ("5.7.4.4", "GET", &remote, None, 400, bad),
        ("5.7.4.4", "GET", &other, None, 400, bad),
        ("5.7.4.4", "GET", &both, None, 400, bad),
        ("5.7.4.4", "GET", &collation, None, 400, bad),
        ("5.7.4.4", "POST", query, Some(body), 400, bad),
    ];
    refused(&town, &rows).await;
}

/// ETSI's three buildings, whose names and numbers rise.
#[tokio::test]
async fn etsis_buildings_come_in_order() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    for n in [2, 3, 1] {
        let id = format!("urn:ngsi-ld:Building:{n}");
        etsi.made(&format!("orderBy/building_{n}.jsonld"), &id)
            .await;
        etsi.town.clock.pass(std::time::Duration::from_secs(1));
    }
    for (order, wanted) in [
        ("name", "123"),
        ("name;asc", "123"),
        ("name;desc", "321"),
        ("name.subProperty", "123"),
        ("name.subProperty;desc", "321"),
        ("id", "123"),
        ("id;desc", "321"),
        ("createdAt", "231"),
        ("type,createdAt;desc", "132"),
    ] {
        let told = etsi
            .get(&format!(
                "/entities?type=Building&local=true&orderBy={order}"
            ))
            .await;
        assert_eq!(letters(&told.ids()), wanted, "{order}: {}", told.text);
    }
}
