//! One vehicle with an attribute of every kind, and the @context that its queries are read with.
//! Never a copy of anybody's fixture.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, of which each file uses its own part"
)]

use std::sync::Arc;

use loggia_ngsi_ld::{Context, Contexts, Entity, Json, Representation, Time};

const CONTEXT: &str = r#"[{
    "ex": "https://vehicles.example/ns#",
    "Vehicle": "ex:Vehicle", "Tram": "ex:Tram", "Bus": "ex:Bus", "speed": "ex:speed",
    "brandName": "ex:brandName", "category": "ex:category", "isParked": "ex:isParked"}]"#;

/// An attribute of every kind.
pub const VEHICLE: &str = r#"{
    "id": "urn:ngsi-ld:Vehicle:A1", "type": "Vehicle",
    "scope": ["/Madrid/Gardens/ParqueNorte", "/CompanyA"],
    "speed": {"type": "Property", "value": 80.5, "unitCode": "KMH",
        "observedAt": "2026-08-10T12:00:00.000Z",
        "accuracy": {"type": "Property", "value": 0.5}},
    "big": {"type": "Property", "value": 9007199254740993},
    "brandName": {"type": "Property", "value": "Mercedes"},
    "motto": {"type": "Property", "value": "he said \"go\"; (now|later), ok"},
    "isOn": {"type": "Property", "value": true},
    "colours": {"type": "Property", "value": ["red", "blue"]},
    "readings": {"type": "Property", "value": [1, 3]},
    "inspected": {"type": "Property", "value": "2026-01-01T00:00:00Z"},
    "day": {"type": "Property", "value": "2026-02-03"},
    "opens": {"type": "Property", "value": "08:00:00Z"},
    "typed": {"type": "Property",
        "value": {"@type": "DateTime", "@value": "2026-01-01T00:00:00Z"}},
    "address": {"type": "Property", "value": {"city": "Madrid", "geo": {"lat": -8.5}}},
    "isParked": {"type": "Relationship", "object": "urn:ngsi-ld:OffStreetParking:Downtown1",
        "providedBy": {"type": "Relationship", "object": "urn:ngsi-ld:Person:Bob"}},
    "route": {"type": "Relationship", "object": ["urn:ngsi-ld:Stop:1", "urn:ngsi-ld:Stop:2"]},
    "wheels": {"type": "ListRelationship",
        "objectList": [{"object": "urn:ngsi-ld:Wheel:1"}, {"object": "urn:ngsi-ld:Wheel:2"}]},
    "street": {"type": "LanguageProperty",
        "languageMap": {"fr": "Rue Haute", "en": "High Street"}},
    "category": {"type": "VocabProperty", "vocab": "Bus"},
    "raw": {"type": "JsonProperty", "json": {"a": {"b": 1}, "c": "x"}},
    "stack": {"type": "ListProperty", "valueList": [1, 2, 3]},
    "fuel": [
        {"type": "Property", "value": 10},
        {"type": "Property", "value": 20, "datasetId": "urn:ngsi-ld:Dataset:B"}],
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [-3.7, 40.4]}}}"#;

/// The @context of the queries.
pub fn context() -> Arc<Context> {
    let list = Json::read(CONTEXT.as_bytes()).expect("JSON");
    Contexts::new().compile(&list).expect("a context")
}

/// An entity made of JSON.
pub fn entity(text: &str) -> Entity {
    let now = Time::read("2026-08-10T12:00:01Z").expect("a time");
    let json = Json::read(text.as_bytes()).expect("JSON");
    Entity::read(json, &context(), Representation::Detected, now)
        .unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The vehicle.
pub fn vehicle() -> Entity {
    entity(VEHICLE)
}

/// An entity of which only the name is told.
pub fn named(id: &str) -> Entity {
    entity(&format!(r#"{{"id": "{id}", "type": "Vehicle"}}"#))
}
