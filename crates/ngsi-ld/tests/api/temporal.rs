//! What the temporal API makes and changes, and what it leaves to the entity API (clauses 4.3.1,
//! 5.6.11 to 5.6.16). How histories are read is shown elsewhere.

use crate::town::{Refusal, Town, json, refused};

const CAR: &str = r#"{"id": "urn:x:1", "type": "Car", "speed": [
    {"type": "Property", "value": 120, "observedAt": "2026-08-01T12:03:00Z"},
    {"type": "Property", "value": 80, "observedAt": "2026-08-01T12:05:00Z"}]}"#;

/// Clause 4.3.1 has two sets of entities, the current state and the temporal evolution, and the
/// temporal API manages the second. Changes of the first go into the second, not the other way.
#[tokio::test]
async fn clause_5_6_11_an_evolution_is_made_and_no_entity() {
    let town = Town::new();
    let told = town.send("POST", "/temporal/entities", CAR).await;
    assert_eq!((told.status, &*told.text), (201, ""));
    let location = told.header("location");
    assert_eq!(location, Some("/ngsi-ld/v1/temporal/entities/urn:x:1"));
    assert_eq!(town.get("/temporal/entities/urn:x:1").await.status, 200);
    assert_eq!(town.get("/entities/urn:x:1").await.status, 404);
    assert_eq!(town.get("/entities?type=Car").await.ids().len(), 0);
    assert!(town.broker.is_empty());
    // The entity is made by who says what it is now, and goes on with its past.
    let now = r#"{"id": "urn:x:1", "type": "Car",
        "speed": {"value": 50, "observedAt": "2026-08-01T12:07:00Z"}}"#;
    town.made(&[now]).await;
    let at = "/temporal/entities/urn:x:1?options=temporalValues";
    let wanted = r#"{"id": "urn:x:1", "type": "Car", "speed": {"type": "Property", "values": [
        [120, "2026-08-01T12:03:00Z"], [80, "2026-08-01T12:05:00Z"],
        [50, "2026-08-01T12:07:00Z"]]}}"#;
    assert_eq!(town.have(at).await, json(wanted));
    // What is corrected of the past leaves the present as it is.
    town.done(
        "POST",
        "/temporal/entities/urn:x:1/attrs",
        r#"{"speed": [
        {"value": 1, "observedAt": "2026-08-01T12:09:00Z"}]}"#,
    )
    .await;
    let got = town.have("/entities/urn:x:1?options=keyValues").await;
    assert_eq!(
        got,
        json(r#"{"id": "urn:x:1", "type": "Car", "speed": 50}"#)
    );
    assert_eq!(town.delete("/temporal/entities/urn:x:1").await.status, 204);
    assert_eq!(town.get("/temporal/entities/urn:x:1").await.status, 404);
    assert_eq!(town.get("/entities/urn:x:1").await.status, 200);
}

#[tokio::test]
async fn clauses_5_6_11_and_5_6_12_types_are_added() {
    let town = Town::new();
    town.done("POST", "/temporal/entities", CAR).await;
    let again = CAR.replace("\"Car\"", "[\"Car\", \"Van\"]");
    let told = town.send("POST", "/temporal/entities", &again).await;
    assert_eq!((told.status, told.header("location")), (204, None));
    let bus = r#"{"type": "Bus", "speed": [{"value": 7, "observedAt": "2026-08-02T12:00:00Z"}]}"#;
    town.done("POST", "/temporal/entities/urn:x:1/attrs", bus)
        .await;
    let got = town.have("/temporal/entities/urn:x:1?pick=type").await;
    assert_eq!(got, json(r#"{"type": ["Car", "Van", "Bus"]}"#));
}

/// A history that cannot be changed so, with its clause.
#[rustfmt::skip]
const BAD: &[Refusal<'_>] = &[
    ("5.5.4", "POST", "/temporal/entities", Some("{"), 400, "InvalidRequest"),
    ("5.2.20", "POST", "/temporal/entities", Some(r#"{"type": "T"}"#), 400, "BadRequestData"),
    ("5.2.20", "POST", "/temporal/entities", Some(r#"{"id": "urn:x:2"}"#), 400,
        "BadRequestData"),
    ("5.2.20", "POST", "/temporal/entities", Some(r#"{"id": "no uri", "type": "T"}"#), 400,
        "BadRequestData"),
    ("5.5.4", "POST", "/temporal/entities", Some(r#"{"id": "urn:x:2", "type": "T",
        "a": [{"value": "urn:ngsi-ld:null"}]}"#), 400, "BadRequestData"),
    ("5.6.12.4", "POST", "/temporal/entities/none/attrs", Some(r#"{"a": [{"value": 1}]}"#), 400,
        "BadRequestData"),
    ("5.6.12.4", "POST", "/temporal/entities/urn:x:2/attrs", Some(r#"{"a": [{"value": 1}]}"#),
        404, "ResourceNotFound"),
    ("5.4", "POST", "/temporal/entities/urn:x:1/attrs", Some("{}"), 400, "BadRequestData"),
    ("5.6.13.4", "DELETE", "/temporal/entities/none/attrs/speed", None, 400, "BadRequestData"),
    ("5.6.13.4", "DELETE", "/temporal/entities/urn:x:1/attrs/a b", None, 400, "BadRequestData"),
    ("5.6.13.4", "DELETE", "/temporal/entities/urn:x:2/attrs/speed", None, 404,
        "ResourceNotFound"),
    ("5.6.13.4", "DELETE", "/temporal/entities/urn:x:1/attrs/none", None, 404,
        "ResourceNotFound"),
    ("5.6.13.4", "DELETE", "/temporal/entities/urn:x:1/attrs/speed?datasetId=none", None, 400,
        "BadRequestData"),
    ("5.6.13.4", "DELETE", "/temporal/entities/urn:x:1/attrs/speed?datasetId=urn:x:d", None, 404,
        "ResourceNotFound"),
    ("5.6.14.4", "PATCH", "/temporal/entities/urn:x:1/attrs/speed/none",
        Some(r#"{"value": 1}"#), 400, "BadRequestData"),
    ("5.6.14.4", "PATCH", "/temporal/entities/urn:x:1/attrs/speed/urn:x:none",
        Some(r#"{"value": 1}"#), 404, "ResourceNotFound"),
    ("5.6.14.4", "PATCH", "/temporal/entities/urn:x:2/attrs/speed/urn:x:none",
        Some(r#"{"value": 1}"#), 404, "ResourceNotFound"),
    ("5.6.15.4", "DELETE", "/temporal/entities/none/attrs/speed/urn:x:none", None, 400,
        "BadRequestData"),
    ("5.6.15.4", "DELETE", "/temporal/entities/urn:x:1/attrs/speed/none", None, 400,
        "BadRequestData"),
    ("5.6.15.4", "DELETE", "/temporal/entities/urn:x:1/attrs/speed/urn:x:none", None, 404,
        "ResourceNotFound"),
    ("5.6.16.4", "DELETE", "/temporal/entities/none", None, 400, "BadRequestData"),
    ("5.6.16.4", "DELETE", "/temporal/entities/urn:x:2", None, 404, "ResourceNotFound"),
];

#[tokio::test]
async fn what_is_wrong_is_refused_by_its_row() {
    let town = Town::new();
    town.done("POST", "/temporal/entities", CAR).await;
    let before = town.have("/temporal/entities/urn:x:1").await;
    refused(&town, BAD).await;
    assert_eq!(town.have("/temporal/entities/urn:x:1").await, before);
    assert_eq!(town.get("/temporal/entities/urn:x:2").await.status, 404);
}
