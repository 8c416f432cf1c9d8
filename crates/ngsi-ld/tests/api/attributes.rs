//! Attributes of one entity: appended, updated, replaced, deleted (clauses 6.6 and 6.7).

use crate::town::{Refusal, Town, json, refused, sorted};

const CAR: &str = r#"{"id": "urn:x:1", "type": "Car",
    "speed": [{"type": "Property", "value": 1},
              {"type": "Property", "value": 2, "datasetId": "urn:x:d"}],
    "owner": {"type": "Relationship", "object": "urn:x:bob"}}"#;

/// What a request leaves of [`CAR`]: clause, method, path behind the entity, body, status, and the
/// members then.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u16,
    &'static str,
);

const SPEEDS: &str = r#""speed": [{"type": "Property", "value": 1},
    {"type": "Property", "value": 2, "datasetId": "urn:x:d"}]"#;
const OWNER: &str = r#""owner": {"type": "Relationship", "object": "urn:x:bob"}"#;

/// `$S` stands for the speeds as they were, `$O` for the owner.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Append.
    ("5.6.3.4", "POST", "/attrs", r#"{"a": {"type": "Property", "value": 1}}"#, 204,
        r#"$S, $O, "a": {"type": "Property", "value": 1}"#),
    ("5.6.3.4", "POST", "/attrs", r#"{"speed": {"value": 9}}"#, 204,
        r#""speed": [{"type": "Property", "value": 9},
            {"type": "Property", "value": 2, "datasetId": "urn:x:d"}], $O"#),
    ("5.6.3.4", "POST", "/attrs", r#"{"speed": {"value": 9, "datasetId": "urn:x:d"}}"#, 204,
        r#""speed": [{"type": "Property", "value": 1},
            {"type": "Property", "value": 9, "datasetId": "urn:x:d"}], $O"#),
    ("5.6.3.4", "POST", "/attrs", r#"{"speed": {"value": 9, "datasetId": "urn:x:e"}}"#, 204,
        r#""speed": [{"type": "Property", "value": 1},
            {"type": "Property", "value": 2, "datasetId": "urn:x:d"},
            {"type": "Property", "value": 9, "datasetId": "urn:x:e"}], $O"#),
    ("5.6.3.4", "POST", "/attrs?options=noOverwrite", r#"{"speed": {"value": 9}, "a": 1}"#, 207,
        r#"$S, $O, "a": {"type": "Property", "value": 1}"#),
    ("5.6.3.4", "POST", "/attrs", r#"{"type": "Van", "scope": "/a"}"#, 204,
        r#"$S, $O, "type": ["Car", "Van"], "scope": "/a""#),
    // Update: what is there is replaced whole, what is not is added.
    ("5.6.2.4", "PATCH", "/attrs", r#"{"owner": {"type": "Property", "value": "Bob"}}"#, 204,
        r#"$S, "owner": {"type": "Property", "value": "Bob"}"#),
    ("5.6.2.4", "PATCH", "/attrs", r#"{"a": 1, "speed": {"value": 3, "datasetId": "urn:x:e"}}"#,
        204, r#""speed": [{"type": "Property", "value": 1},
            {"type": "Property", "value": 2, "datasetId": "urn:x:d"},
            {"type": "Property", "value": 3, "datasetId": "urn:x:e"}], $O,
            "a": {"type": "Property", "value": 1}"#),
    ("5.6.2.4", "PATCH", "/attrs",
        r#"{"speed": {"value": "urn:ngsi-ld:null", "datasetId": "urn:x:d"}}"#, 204,
        r#""speed": {"type": "Property", "value": 1}, $O"#),
    ("5.6.2.4", "PATCH", "/attrs", r#"{"speed": {"value": "urn:ngsi-ld:null"}}"#, 204,
        r#""speed": {"type": "Property", "value": 2, "datasetId": "urn:x:d"}, $O"#),
    ("6.6.3.2", "PATCH", "/attrs", r#"{"none": "urn:ngsi-ld:null"}"#, 207, "$S, $O"),
    // Part of one.
    ("5.6.4.4", "PATCH", "/attrs/speed", r#"{"value": 5, "unitCode": "KMH"}"#, 204,
        r#""speed": [{"type": "Property", "value": 5, "unitCode": "KMH"},
            {"type": "Property", "value": 2, "datasetId": "urn:x:d"}], $O"#),
    ("5.6.4.4", "PATCH", "/attrs/speed",
        r#"{"observedAt": "2026-08-10T12:00:00Z", "datasetId": "urn:x:d"}"#, 204,
        r#""speed": [{"type": "Property", "value": 1},
            {"type": "Property", "value": 2, "datasetId": "urn:x:d",
             "observedAt": "2026-08-10T12:00:00Z"}], $O"#),
    ("5.6.4.4", "PATCH", "/attrs/owner", r#"{"since": {"value": 2020}}"#, 204,
        r#"$S, "owner": {"type": "Relationship", "object": "urn:x:bob",
            "since": {"type": "Property", "value": 2020}}"#),
    // Replace.
    ("5.6.19.4", "PUT", "/attrs/owner", r#"{"type": "Property", "value": "Eve"}"#, 204,
        r#"$S, "owner": {"type": "Property", "value": "Eve"}"#),
    ("5.6.19.4", "PUT", "/attrs/speed",
        r#"{"type": "Property", "value": 7, "datasetId": "urn:x:d"}"#, 204,
        r#""speed": [{"type": "Property", "value": 1},
            {"type": "Property", "value": 7, "datasetId": "urn:x:d"}], $O"#),
    // Delete.
    ("5.6.5.4", "DELETE", "/attrs/speed", "", 204,
        r#""speed": {"type": "Property", "value": 2, "datasetId": "urn:x:d"}, $O"#),
    ("5.6.5.4", "DELETE", "/attrs/speed?datasetId=urn:x:d", "", 204,
        r#""speed": {"type": "Property", "value": 1}, $O"#),
    ("5.6.5.4", "DELETE", "/attrs/speed?deleteAll=true", "", 204, "$O"),
    ("5.6.5.4", "DELETE", "/attrs/speed?type=Car&deleteAll=true", "", 204, "$O"),
    ("5.6.5.4", "DELETE", "/attrs/scope", "", 404, "$S, $O"),
    // What removes within a value is a merge's alone.
    ("5.5.4", "PATCH", "/attrs", r#"{"speed": {"value": {"x": "urn:ngsi-ld:null"}}}"#, 400,
        "$S, $O"),
    ("5.5.4", "PATCH", "/attrs", r#"{"owner": {"object": "urn:x:bob",
        "a": {"b": {"value": {"x": "urn:ngsi-ld:null"}}}}}"#, 400, "$S, $O"),
    ("5.5.4", "PATCH", "/attrs/speed", r#"{"value": {"x": ["urn:ngsi-ld:null"]}}"#, 400,
        "$S, $O"),
    ("5.5.4", "PATCH", "", r#"{"speed": {"value": {"x": "urn:ngsi-ld:null", "y": 1}}}"#, 204,
        r#""speed": [{"type": "Property", "value": {"y": 1}},
            {"type": "Property", "value": 2, "datasetId": "urn:x:d"}], $O"#),
    // Where there are no scopes an update leaves it at that, and says so.
    ("5.6.2.4", "PATCH", "/attrs", r#"{"scope": "/a"}"#, 207, "$S, $O"),
];

#[tokio::test]
async fn an_attribute_becomes_what_the_clause_says() {
    for (clause, method, path, body, status, wanted) in TABLE {
        let town = Town::new();
        town.made(&[CAR]).await;
        let at = format!("/entities/urn:x:1{path}");
        let told = match *body {
            "" => town.delete(&at).await,
            body => town.send(method, &at, body).await,
        };
        let row = format!("{clause}: {method} {path} {body}: {}", told.text);
        assert_eq!(told.status, *status, "{row}");
        let wanted = wanted.replace("$S", SPEEDS).replace("$O", OWNER);
        let kind = match wanted.contains("\"Van\"") {
            true => "",
            false => r#""type": "Car", "#,
        };
        let wanted = json(&format!(r#"{{"id": "urn:x:1", {kind}{wanted}}}"#));
        let got = town.have("/entities/urn:x:1").await;
        assert_eq!(sorted(&got), sorted(&wanted), "{row}");
    }
}

#[tokio::test]
async fn clause_5_6_5_4_scope_is_deleted_by_its_name() {
    let town = Town::new();
    town.made(&[r#"{"id": "urn:x:1", "type": "T", "scope": ["/a", "/b"], "a": 1}"#])
        .await;
    let at = "/entities/urn:x:1/attrs/scope";
    assert_eq!(town.delete(at).await.status, 204);
    let got = town.have("/entities/urn:x:1?options=keyValues").await;
    assert_eq!(got, json(r#"{"id": "urn:x:1", "type": "T", "a": 1}"#));
    let told = town.delete(at).await;
    assert_eq!((told.status, &*told.problem()), (404, "ResourceNotFound"));
}

#[tokio::test]
async fn clause_5_2_18_what_was_not_done_is_told_in_full_names() {
    let town = Town::new();
    town.made(&[CAR]).await;
    let at = "/entities/urn:x:1/attrs?options=noOverwrite";
    let body = r#"{"speed": {"value": 9, "datasetId": "urn:x:d"}, "a": 1, "type": "Van"}"#;
    let told = town.send("POST", at, body).await;
    assert_eq!(told.status, 207);
    assert_eq!(told.header("content-type"), Some("application/json"));
    let told = told.json();
    let full = |name: &str| format!("https://uri.etsi.org/ngsi-ld/default-context/{name}");
    let updated = json(&format!(r#"["type", "{}"]"#, full("a")));
    assert_eq!(told.get("updated"), Some(&updated));
    let not = told.get("notUpdated").and_then(|n| n.items());
    let not = not.expect("a list");
    assert_eq!(not.len(), 1);
    assert_eq!(not[0].get("attributeName"), Some(&(&*full("speed")).into()));
    assert_eq!(not[0].get("datasetId"), Some(&"urn:x:d".into()));
    assert!(not[0].get("reason").is_some());
}

/// Method, path behind the entities, body, status.
#[rustfmt::skip]
const BAD: &[Refusal<'_>] = &[
    ("5.6.3.4", "POST", "/entities/urn:x:none/attrs", Some(r#"{"a": 1}"#), 404,
        "ResourceNotFound"),
    ("5.6.3.4", "POST", "/entities/none/attrs", Some(r#"{"a": 1}"#), 400, "BadRequestData"),
    ("5.4", "POST", "/entities/urn:x:1/attrs", Some("{}"), 400, "BadRequestData"),
    ("5.5.4", "POST", "/entities/urn:x:1/attrs", Some("{,}"), 400, "InvalidRequest"),
    ("5.6.2.4", "PATCH", "/entities/urn:x:none/attrs", Some(r#"{"a": 1}"#), 404,
        "ResourceNotFound"),
    ("5.4", "PATCH", "/entities/urn:x:1/attrs", Some("{}"), 400, "BadRequestData"),
    ("5.6.4.4", "PATCH", "/entities/urn:x:1/attrs/none", Some(r#"{"value": 1}"#), 404,
        "ResourceNotFound"),
    ("5.6.4.4", "PATCH", "/entities/urn:x:1/attrs/speed",
        Some(r#"{"value": 1, "datasetId": "urn:x:none"}"#), 404, "ResourceNotFound"),
    ("5.6.4.4", "PATCH", "/entities/urn:x:1/attrs/speed",
        Some(r#"{"type": "Relationship", "object": "urn:x:2"}"#), 400, "BadRequestData"),
    ("5.6.4.4", "PATCH", "/entities/urn:x:1/attrs/scope", Some(r#"{"value": "/a"}"#), 400,
        "BadRequestData"),
    ("5.6.4.4", "PATCH", "/entities/urn:x:1/attrs/a b", Some(r#"{"value": 1}"#), 400,
        "BadRequestData"),
    ("5.6.19.4", "PUT", "/entities/urn:x:1/attrs/none", Some(r#"{"value": 1}"#), 404,
        "ResourceNotFound"),
    ("5.6.19.4", "PUT", "/entities/urn:x:1/attrs/speed",
        Some(r#"{"value": 1, "datasetId": "urn:x:none"}"#), 404, "ResourceNotFound"),
    ("5.6.19.4", "PUT", "/entities/urn:x:1/attrs/speed", Some(r#"{"unitCode": "KMH"}"#), 400,
        "BadRequestData"),
    ("5.6.5.4", "DELETE", "/entities/urn:x:1/attrs/none", None, 404, "ResourceNotFound"),
    ("5.6.5.4", "DELETE", "/entities/urn:x:1/attrs/none?deleteAll=true", None, 404,
        "ResourceNotFound"),
    ("5.6.5.4", "DELETE", "/entities/urn:x:1/attrs/speed?datasetId=urn:x:none", None, 404,
        "ResourceNotFound"),
    ("5.6.5.4", "DELETE", "/entities/urn:x:1/attrs/speed?datasetId=none", None, 400,
        "BadRequestData"),
    ("5.6.5.4", "DELETE", "/entities/urn:x:none/attrs/speed", None, 404, "ResourceNotFound"),
    ("5.6.5.4", "DELETE", "/entities/urn:x:1/attrs/speed?type=Bus", None, 404,
        "ResourceNotFound"),
    ("5.6.5.4", "DELETE", "/entities/urn:x:1/attrs/speed?deleteAll=maybe", None, 400,
        "BadRequestData"),
];

#[tokio::test]
async fn what_is_wrong_changes_nothing() {
    let town = Town::new();
    town.made(&[CAR]).await;
    refused(&town, BAD).await;
    assert_eq!(town.have("/entities/urn:x:1").await, json(CAR));
}
