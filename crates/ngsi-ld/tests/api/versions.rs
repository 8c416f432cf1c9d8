//! Answers as earlier versions of the specification have them (clauses 4.3.6.8, 6.3.6, and the rows
//! of 203 in the tables of clauses 6.4, 6.5, 6.18 and 6.19).

use crate::town::{Town, json};

const CAR: &str = r#"{"id": "urn:x:1", "type": ["Car", "Van"], "scope": "/a",
    "name": {"type": "LanguageProperty", "languageMap": {"en": "Car", "sr": "Кола"}},
    "colour": {"type": "VocabProperty", "vocab": "red"},
    "tyres": {"type": "ListProperty", "valueList": [1, 2]},
    "drivers": {"type": "ListRelationship", "objectList": [{"object": "urn:x:2"}]},
    "garage": {"type": "Relationship", "object": "urn:x:9", "objectType": "Garage"},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}}"#;
const GARAGE: &str = r#"{"id": "urn:x:9", "type": "Garage", "places": {"json": {"a": 1}}}"#;

/// Preferred version, path, status, version applied, body.
type Row = (&'static str, &'static str, u16, &'static str, &'static str);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("ngsi-ld=1.9", "/entities/urn:x:1", 200, "1.9", CAR),
    ("ngsi-ld=1.8", "/entities/urn:x:1", 200, "1.8", CAR),
    ("ngsi-ld=2.3", "/entities/urn:x:1", 200, "1.9", CAR),
    ("ngsi-ld=new", "/entities/urn:x:1", 200, "1.9", CAR),
    ("ngsi-ld=\"1.7\"", "/entities/urn:x:1?pick=id,colour,tyres,drivers,garage", 203, "1.7",
        r#"{"id": "urn:x:1", "colour": {"type": "Property", "value": "red"},
            "tyres": {"type": "Property", "value": [1, 2]},
            "drivers": {"type": "Relationship", "object": ["urn:x:2"]},
            "garage": {"type": "Relationship", "object": "urn:x:9"}}"#),
    ("body=json, ngsi-ld=1.3", "/entities/urn:x:1?pick=type,scope,name", 203, "1.3",
        r#"{"type": ["Car", "Van"],
            "name": {"type": "Property", "value": {"en": "Car", "sr": "Кола"}}}"#),
    ("ngsi-ld=1.2", "/entities?type=Car&pick=type,colour&format=simplified", 203, "1.2",
        r#"[{"type": "Car", "colour": "red"}]"#),
    ("ngsi-ld=1.3", "/entities?type=Car&pick=name&options=concise", 203, "1.3",
        r#"[{"name": {"en": "Car", "sr": "Кола"}}]"#),
    // A language that is asked for gives a Property in any version.
    ("ngsi-ld=1.3", "/entities/urn:x:1?pick=name&lang=sr", 200, "1.3",
        r#"{"name": {"type": "Property", "value": "Кола", "lang": "sr"}}"#),
    // Nothing is found, and nothing amended.
    ("ngsi-ld=1.2", "/entities?type=Bus", 200, "1.2", "[]"),
    // Linked entities as well, within and behind.
    ("ngsi-ld=1.7", "/entities/urn:x:1?pick=garage&join=inline", 203, "1.7",
        r#"{"garage": {"type": "Relationship", "object": "urn:x:9",
            "entity": {"id": "urn:x:9", "type": "Garage",
                "places": {"type": "Property", "value": {"a": 1}}}}}"#),
    ("ngsi-ld=1.7", "/entities/urn:x:1?pick=location,garage{places}&join=flat&options=keyValues",
        203, "1.7", r#"[{"garage": "urn:x:9",
            "location": {"type": "Point", "coordinates": [1, 2]}}, {"places": {"a": 1}}]"#),
];

#[tokio::test]
async fn clause_6_3_6_the_version_that_is_preferred() {
    let town = Town::new();
    town.made(&[CAR, GARAGE]).await;
    for (prefer, path, status, applied, body) in TABLE {
        let prefers = [("prefer", *prefer)];
        let told = town.call("GET", path, &prefers, None).await;
        let row = format!("{prefer} {path}: {}", told.text);
        assert_eq!(told.status, *status, "{row}");
        let version = told.header("preference-applied");
        assert_eq!(version, Some(&*format!("ngsi-ld={applied}")), "{row}");
        assert_eq!(told.json(), json(body), "{row}");
        assert!(told.header("link").is_some(), "{row}");
    }
    // What is kept is as it was, and who prefers nothing is told so.
    let told = town.get("/entities/urn:x:1").await;
    assert_eq!((told.status, told.json()), (200, json(CAR)));
    assert_eq!(told.header("preference-applied"), None);
}

#[tokio::test]
async fn clause_6_3_6_in_each_media_type_and_by_body() {
    let town = Town::new();
    town.made(&[CAR]).await;
    let old = ("prefer", "ngsi-ld=1.7");
    for media in [
        "application/json",
        "application/ld+json",
        "application/geo+json",
    ] {
        let headers = [old, ("accept", media)];
        let told = town.call("GET", "/entities/urn:x:1", &headers, None).await;
        assert_eq!(told.status, 203, "{media}");
        assert_eq!(told.header("content-type"), Some(media));
        assert_eq!(told.header("preference-applied"), Some("ngsi-ld=1.7"));
        assert!(
            !told.text.contains("VocabProperty"),
            "{media}: {}",
            told.text
        );
    }
    let ask = r#"{"type": "Query", "entities": [{"type": "Car"}], "pick": ["id", "tyres"]}"#;
    let headers = [old, ("content-type", "application/json")];
    let told = town
        .call("POST", "/entityOperations/query", &headers, Some(ask))
        .await;
    assert_eq!(told.status, 203);
    let wanted = r#"[{"id": "urn:x:1", "tyres": {"type": "Property", "value": [1, 2]}}]"#;
    assert_eq!(told.json(), json(wanted));
    // Refusals have no version.
    let told = town.call("GET", "/entities/urn:x:none", &[old], None).await;
    assert_eq!(
        (told.status, told.header("preference-applied")),
        (404, None)
    );
}

#[tokio::test]
async fn clauses_6_18_and_6_19_evolutions_in_an_older_version() {
    let town = Town::new();
    let body = r#"{"id": "urn:x:1", "type": "Car", "tyres": [
        {"type": "ListProperty", "valueList": [1], "observedAt": "2026-01-01T00:00:00Z"},
        {"type": "ListProperty", "valueList": [2], "observedAt": "2026-01-02T00:00:00Z"}]}"#;
    town.done("POST", "/temporal/entities", body).await;
    let old = [("prefer", "ngsi-ld=1.7")];
    let values = r#"{"id": "urn:x:1", "type": "Car", "tyres": {"type": "Property",
        "values": [[[1], "2026-01-01T00:00:00Z"], [[2], "2026-01-02T00:00:00Z"]]}}"#;
    let at = "options=temporalValues";
    let one = format!("/temporal/entities/urn:x:1?{at}");
    let all = format!("/temporal/entities?type=Car&timerel=after&timeAt=2025-01-01T00:00:00Z&{at}");
    let counts = "/temporal/entities/urn:x:1?aggrMethods=totalCount&options=aggregatedValues";
    for (path, wanted) in [
        (&*one, Some(values.to_owned())),
        (&*all, Some(format!("[{values}]"))),
        ("/temporal/entities/urn:x:1", None),
        (counts, None),
    ] {
        let told = town.call("GET", path, &old, None).await;
        assert_eq!(told.status, 203, "{path}: {}", told.text);
        assert_eq!(told.header("preference-applied"), Some("ngsi-ld=1.7"));
        if let Some(wanted) = wanted {
            assert_eq!(told.json(), json(&wanted), "{path}");
        }
        assert!(!told.text.contains("ListProperty"), "{path}: {}", told.text);
        let now = town.get(path).await;
        assert_eq!(now.status, 200, "{path}");
        assert!(now.text.contains("ListProperty"), "{path}: {}", now.text);
    }
}
