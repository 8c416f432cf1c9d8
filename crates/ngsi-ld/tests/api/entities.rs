//! Entities: made, retrieved, merged, replaced, deleted, purged (clauses 6.4 and 6.5).

use crate::town::{Refusal, Town, json, refused, sorted};

const CAR: &str = r#"{"id": "urn:x:car:1", "type": "Car", "scope": "/a/b",
    "speed": {"type": "Property", "value": 54.5, "unitCode": "KMH",
              "observedAt": "2026-08-10T12:00:00Z",
              "accuracy": {"type": "Property", "value": 0.5}},
    "parked": {"type": "Relationship", "object": "urn:x:garage:1"},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}}"#;
const AT: &str = "/entities/urn:x:car:1";

#[tokio::test]
async fn clause_6_4_3_1_an_entity_is_made_once() {
    let town = Town::new();
    let told = town.send("POST", "/entities", CAR).await;
    assert_eq!((told.status, &*told.text), (201, ""));
    let location = told.header("location");
    assert_eq!(location, Some("/ngsi-ld/v1/entities/urn:x:car:1"));
    assert_eq!(told.header("link"), None, "6.3.6: no Link without a body");
    assert_eq!(town.have(AT).await, json(CAR));
    let again = town.send("POST", "/entities", CAR).await;
    assert_eq!((again.status, &*again.problem()), (409, "AlreadyExists"));
    // An id that a path cannot hold as it is.
    let odd = r#"{"id": "http://x.example/a?b#c", "type": "T"}"#;
    let told = town.send("POST", "/entities", odd).await;
    let at = told.header("location").expect("a location").to_owned();
    let at = at.strip_prefix("/ngsi-ld/v1").expect("a path");
    assert_eq!(town.get(at).await.status, 200);
}

/// Bodies that make no entity (clauses 5.5.4, 5.2.4, 4.5 to 4.8, 4.18).
#[rustfmt::skip]
const BODIES: &[(&str, &str, &str)] = &[
    ("5.5.4", "{", "InvalidRequest"),
    ("5.5.4", "", "InvalidRequest"),
    ("5.5.4", "[]", "BadRequestData"),
    ("5.5.4", "7", "BadRequestData"),
    ("5.2.4", "{}", "BadRequestData"),
    ("5.2.4", r#"{"id": "urn:x:1"}"#, "BadRequestData"),
    ("5.2.4", r#"{"type": "T"}"#, "BadRequestData"),
    ("5.2.4", r#"{"id": "no uri", "type": "T"}"#, "BadRequestData"),
    ("5.2.4", r#"{"id": 7, "type": "T"}"#, "BadRequestData"),
    ("5.2.4", r#"{"id": "urn:x:1", "type": []}"#, "BadRequestData"),
    ("4.6.2", r#"{"id": "urn:x:1", "type": "a b"}"#, "BadRequestData"),
    ("4.5.0", r#"{"id": "urn:x:1", "type": "T", "a": {"value": null}}"#, "BadRequestData"),
    ("4.5.0", r#"{"id": "urn:x:1", "type": "T", "a": "urn:ngsi-ld:null"}"#, "BadRequestData"),
    ("4.5.3", r#"{"id": "urn:x:1", "type": "T", "a": {"object": "x"}}"#, "BadRequestData"),
    ("4.5.3", r#"{"id": "urn:x:1", "type": "T", "a": {"type": "Relationship"}}"#,
        "BadRequestData"),
    ("4.7", r#"{"id": "urn:x:1", "type": "T", "a": {"type": "GeoProperty",
        "value": {"type": "Point", "coordinates": [181, 0]}}}"#, "BadRequestData"),
    ("4.8", r#"{"id": "urn:x:1", "type": "T", "a": {"value": 1, "observedAt": "now"}}"#,
        "BadRequestData"),
    ("4.5.5", r#"{"id": "urn:x:1", "type": "T", "a": [{"value": 1}, {"value": 2}]}"#,
        "BadRequestData"),
    ("4.18", r#"{"id": "urn:x:1", "type": "T", "scope": "/a b"}"#, "BadRequestData"),
];

#[rustfmt::skip]
const BAD: &[Refusal<'_>] = &[
    // Ids in paths, and what is not there.
    ("5.7.1.4", "GET", "/entities/none", None, 400, "BadRequestData"),
    ("5.7.1.4", "GET", "/entities/urn:x:none", None, 404, "ResourceNotFound"),
    ("5.6.6.4", "DELETE", "/entities/none", None, 400, "BadRequestData"),
    ("5.6.6.4", "DELETE", "/entities/urn:x:none", None, 404, "ResourceNotFound"),
    ("5.6.17.4", "PATCH", "/entities/urn:x:none", Some(r#"{"a": 1}"#), 404, "ResourceNotFound"),
    ("5.6.18.4", "PUT", "/entities/urn:x:none", Some(r#"{"type": "T"}"#), 404,
        "ResourceNotFound"),
    ("5.6.17.4", "PATCH", "/entities/none", Some(r#"{"a": 1}"#), 400, "BadRequestData"),
    // An entity that is there, and requests that do not fit it.
    ("5.4", "PATCH", AT, Some("{}"), 400, "BadRequestData"),
    ("5.4", "PATCH", AT, Some("["), 400, "InvalidRequest"),
    ("5.6.17.4", "PATCH", AT, Some(r#"{"id": "urn:x:2", "a": 1}"#), 400, "BadRequestData"),
    ("5.6.18.4", "PUT", AT, Some(r#"{"a": 1}"#), 400, "BadRequestData"),
    ("5.6.18.4", "PUT", AT, Some(r#"{"type": "T", "a": "urn:ngsi-ld:null"}"#), 400,
        "BadRequestData"),
    // A simplified value leaves the kind of the attribute that it meets.
    ("6.5.3.4", "PATCH", "/entities/urn:x:car:1?format=simplified",
        Some(r#"{"location": "here"}"#), 400, "BadRequestData"),
    ("6.5.3.4", "PATCH", "/entities/urn:x:car:1?options=keyValues",
        Some(r#"{"parked": 7}"#), 400, "BadRequestData"),
    ("6.5.3.4", "PATCH", "/entities/urn:x:car:1?observedAt=now", Some(r#"{"speed": 1}"#), 400,
        "BadRequestData"),
    // A type that it is not of.
    ("5.7.1.4", "GET", "/entities/urn:x:car:1?type=Bus", None, 404, "ResourceNotFound"),
    ("5.6.6.4", "DELETE", "/entities/urn:x:car:1?type=Bus", None, 404, "ResourceNotFound"),
    ("5.6.17.4", "PATCH", "/entities/urn:x:car:1?type=Bus", Some(r#"{"a": 1}"#), 404,
        "ResourceNotFound"),
    ("5.6.18.4", "PUT", "/entities/urn:x:car:1?type=Bus", Some(r#"{"type": "Car"}"#), 404,
        "ResourceNotFound"),
    ("5.6.3.4", "POST", "/entities/urn:x:car:1/attrs?type=Bus", Some(r#"{"a": 1}"#), 404,
        "ResourceNotFound"),
    // How it is asked for.
    ("5.7.1.4", "GET", "/entities/urn:x:car:1?attrs=none", None, 404, "ResourceNotFound"),
    ("5.7.1.4", "GET", "/entities/urn:x:car:1?geometryProperty=location", None, 400,
        "BadRequestData"),
    ("6.3.7", "GET", "/entities/urn:x:car:1?options=none", None, 400, "BadRequestData"),
    ("6.3.7", "GET", "/entities/urn:x:car:1?format=none", None, 400, "BadRequestData"),
    ("6.3.8", "GET", "/entities/urn:x:car:1?attrs=speed&pick=speed", None, 400,
        "BadRequestData"),
    ("4.5.5", "GET", "/entities/urn:x:car:1?datasetId=none", None, 400, "BadRequestData"),
    ("6.3.2", "GET", "/entities/urn:x:car:1?attrs=", None, 400, "BadRequestData"),
];

#[tokio::test]
async fn what_is_wrong_is_refused_by_its_row() {
    let town = Town::new();
    town.made(&[CAR]).await;
    for (clause, body, problem) in BODIES {
        let told = town.send("POST", "/entities", body).await;
        let row = format!("{clause}: {body}: {}", told.text);
        assert_eq!((told.status, &*told.problem()), (400, *problem), "{row}");
    }
    refused(&town, BAD).await;
    assert_eq!(town.have(AT).await, json(CAR));
    assert_eq!(town.broker.len(), 1);
}

#[tokio::test]
async fn clause_5_6_17_a_merge_changes_what_it_names() {
    let town = Town::new();
    town.made(&[CAR]).await;
    let merged = r#"{"speed": {"value": 60, "accuracy": "urn:ngsi-ld:null"},
        "parked": "urn:ngsi-ld:null", "colour": "red", "type": "Vehicle", "scope": "/c"}"#;
    let told = town
        .send("PATCH", "/entities/urn:x:car:1?type=Car|Bus", merged)
        .await;
    assert_eq!((told.status, &*told.text), (204, ""));
    let wanted = r#"{"id": "urn:x:car:1", "type": ["Car", "Vehicle"], "scope": "/c",
        "speed": {"type": "Property", "value": 60, "unitCode": "KMH",
                  "observedAt": "2026-08-10T12:00:00Z"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}},
        "colour": {"type": "Property", "value": "red"}}"#;
    let got = town.have(AT).await;
    assert_eq!(sorted(&got), sorted(&json(wanted)));
}

#[tokio::test]
async fn clause_6_5_3_4_a_merge_is_told_times_and_languages() {
    let town = Town::new();
    town.made(&[CAR]).await;
    // `observedAt` of the call, for attributes that had one.
    let at = "/entities/urn:x:car:1?observedAt=2026-08-10T13:00:00Z&options=keyValues";
    town.done("PATCH", at, r#"{"speed": 61, "colour": "blue"}"#)
        .await;
    let got = town.have("/entities/urn:x:car:1?attrs=speed,colour").await;
    let at = |name: &str| got.get(name).and_then(|a| a.get("observedAt")).cloned();
    assert_eq!(at("speed"), Some("2026-08-10T13:00:00Z".into()));
    assert_eq!(at("colour"), None);
    // `lang` of the call, for texts of a LanguageProperty.
    let street = r#"{"street": {"languageMap": {"fr": "Grand Place", "nl": "Grote Markt"}}}"#;
    town.done("PATCH", AT, street).await;
    let at = "/entities/urn:x:car:1?lang=fr&format=simplified";
    town.done("PATCH", at, r#"{"street": "Rue Neuve"}"#).await;
    let got = town.have("/entities/urn:x:car:1?attrs=street").await;
    let map = got.get("street").and_then(|s| s.get("languageMap"));
    let wanted = json(r#"{"nl": "Grote Markt", "fr": "Rue Neuve"}"#);
    assert_eq!(map, Some(&wanted));
    // Lists of texts too.
    town.done("PATCH", at, r#"{"street": ["Rue", "Neuve"]}"#)
        .await;
    let got = town.have("/entities/urn:x:car:1?attrs=street").await;
    let map = got.get("street").and_then(|s| s.get("languageMap"));
    let wanted = json(r#"{"nl": "Grote Markt", "fr": ["Rue", "Neuve"]}"#);
    assert_eq!(map, Some(&wanted));
    // `observedAt` of the call counts whatever of the attribute is merged, unless it has its own.
    let at = "/entities/urn:x:car:1?observedAt=2026-08-10T14:00:00Z";
    for (body, observed) in [
        (r#"{"speed": {"unitCode": "KNT"}}"#, "2026-08-10T14:00:00Z"),
        (
            r#"{"speed": {"value": 1, "observedAt": "2026-08-10T15:00:00Z"}}"#,
            "2026-08-10T15:00:00Z",
        ),
    ] {
        town.done("PATCH", at, body).await;
        let got = town.have("/entities/urn:x:car:1?attrs=speed").await;
        let got = got.get("speed").and_then(|s| s.get("observedAt"));
        assert_eq!(got, Some(&observed.into()), "{body}");
    }
}

#[tokio::test]
async fn clause_5_6_18_a_replacement_leaves_the_id_and_when_it_was_made() {
    let town = Town::new();
    town.made(&[CAR]).await;
    town.clock.pass(std::time::Duration::from_secs(1));
    let new = r#"{"id": "urn:x:car:1", "type": "Bus", "seats": 40}"#;
    town.done("PUT", AT, new).await;
    let got = town
        .have("/entities/urn:x:car:1?options=sysAttrs,concise")
        .await;
    let wanted = r#"{"id": "urn:x:car:1", "type": "Bus",
        "seats": {"value": 40, "createdAt": "2026-11-23T12:00:01.000Z",
                  "modifiedAt": "2026-11-23T12:00:01.000Z"},
        "createdAt": "2026-11-23T12:00:00.000Z", "modifiedAt": "2026-11-23T12:00:01.000Z"}"#;
    assert_eq!(got, json(wanted));
}

#[tokio::test]
async fn clause_5_6_6_a_deleted_entity_is_gone() {
    let town = Town::new();
    town.made(&[CAR]).await;
    let told = town.delete("/entities/urn:x:car:1?type=Car").await;
    assert_eq!((told.status, &*told.text), (204, ""));
    assert_eq!(town.get(AT).await.status, 404);
    town.made(&[CAR]).await;
}

#[tokio::test]
async fn clause_5_6_21_a_purge_takes_entities_or_attributes() {
    let town = Town::new();
    let all = [
        r#"{"id": "urn:x:1", "type": "Car", "a": 1, "b": 1}"#,
        r#"{"id": "urn:x:2", "type": "Car", "a": 2, "b": 2}"#,
        r#"{"id": "urn:x:3", "type": "Bus", "a": 3, "b": 3, "c": 3}"#,
        r#"{"id": "urn:x:4", "type": "Bus", "c": 4}"#,
    ];
    town.made(&all).await;
    for (path, left) in [
        ("/entities?type=Car&q=a==2", "134"),
        ("/entities?type=Bus&drop=a,b", "134"),
        ("/entities?type=Car&keep=b", "134"),
    ] {
        assert_eq!(town.delete(path).await.status, 204, "{path}");
        let ids = town.get("/entities?type=*").await.ids();
        let ids: String = ids.iter().filter_map(|id| id.chars().last()).collect();
        assert_eq!(ids, left, "{path}");
    }
    let left = town.have("/entities?type=*&options=keyValues").await;
    let wanted = r#"[{"id": "urn:x:1", "type": "Car", "b": 1},
        {"id": "urn:x:3", "type": "Bus", "c": 3}, {"id": "urn:x:4", "type": "Bus", "c": 4}]"#;
    assert_eq!(left, json(wanted));
    for path in [
        "/entities",
        "/entities?id=urn:x:1",
        "/entities?keep=b",
        "/entities?drop=scope",
        "/entities?type=Car&drop=id",
        "/entities?type=Car&drop=a{b}",
        "/entities?type=Car&drop=a&keep=b",
        "/entities?type=Car&q=a{b}==1",
        "/entities?type=Car&pick=a{b}",
        "/entities?type=Car&pick=a{b}&join=inline",
    ] {
        let told = town.delete(path).await;
        let told = (told.status, told.problem());
        assert_eq!(told, (400, "BadRequestData".to_owned()), "5.6.21.4: {path}");
    }
    // Attributes alone say which entities are meant; scopes go by name, and stay otherwise.
    town.done("PATCH", "/entities/urn:x:3", r#"{"scope": "/a"}"#)
        .await;
    for (path, left) in [
        (
            "/entities?drop=c",
            r#"{"id": "urn:x:3", "type": "Bus", "scope": "/a"}"#,
        ),
        (
            "/entities?type=Bus&keep=b",
            r#"{"id": "urn:x:3", "type": "Bus", "scope": "/a"}"#,
        ),
        (
            "/entities?type=Bus&drop=b,scope",
            r#"{"id": "urn:x:3", "type": "Bus"}"#,
        ),
    ] {
        assert_eq!(town.delete(path).await.status, 204, "{path}");
        assert_eq!(town.have("/entities/urn:x:3").await, json(left), "{path}");
    }
    assert_eq!(town.delete("/entities?local=true").await.status, 204);
    assert!(town.broker.is_empty());
}
