//! Clauses 4.5 to 4.7 and 4.18: what an entity is read as, and what is refused. Table by table,
//! each named by what it shows.

use crate::support::{context, entity, is, json, members, now, read, try_entity};
use loggia_ngsi_ld::{ATTRIBUTES_MAX, DEPTH_MAX, Entity, Form, Fragment, Problem, Representation};

/// An attribute as it may be written, and the same normalized.
const WRITTEN: &[(&str, &str)] = &[
    (r#"7"#, r#"{"type": "Property", "value": 7}"#),
    (r#""text""#, r#"{"type": "Property", "value": "text"}"#),
    (r#"false"#, r#"{"type": "Property", "value": false}"#),
    (r#"[1, 2]"#, r#"{"type": "Property", "value": [1, 2]}"#),
    (r#"[]"#, r#"{"type": "Property", "value": []}"#),
    (r#"{"value": 7}"#, r#"{"type": "Property", "value": 7}"#),
    (
        r#"{"street": "Main", "type": "PostalAddress"}"#,
        r#"{"type": "Property", "value": {"street": "Main", "type": "PostalAddress"}}"#,
    ),
    (
        r#"{"value": 7, "unitCode": "CEL", "accuracy": 0.5}"#,
        r#"{"type": "Property", "value": 7, "unitCode": "CEL",
                "accuracy": {"type": "Property", "value": 0.5}}"#,
    ),
    (
        r#"{"type": "Point", "coordinates": [1, 2]}"#,
        r#"{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}"#,
    ),
    (
        r#"{"value": {"type": "Point", "coordinates": [1, 2]},
                "observedAt": "2026-01-01T00:00:00Z"}"#,
        r#"{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]},
                "observedAt": "2026-01-01T00:00:00Z"}"#,
    ),
    (
        r#"{"object": "urn:x:2", "objectType": "Car"}"#,
        r#"{"type": "Relationship", "object": "urn:x:2", "objectType": "Car"}"#,
    ),
    (
        r#"{"object": ["urn:x:2", "urn:x:3"]}"#,
        r#"{"type": "Relationship", "object": ["urn:x:2", "urn:x:3"]}"#,
    ),
    (
        r#"{"languageMap": {"fr": "Bonjour", "@none": ["a", "b"]}}"#,
        r#"{"type": "LanguageProperty",
                "languageMap": {"fr": "Bonjour", "@none": ["a", "b"]}}"#,
    ),
    (
        r#"{"vocab": "Car"}"#,
        r#"{"type": "VocabProperty", "vocab": "Car"}"#,
    ),
    (
        r#"{"vocab": ["Car"]}"#,
        r#"{"type": "VocabProperty", "vocab": ["Car"]}"#,
    ),
    (
        r#"{"json": {"a": null}}"#,
        r#"{"type": "JsonProperty", "json": {"a": null}}"#,
    ),
    (
        r#"{"valueList": [1, [2]]}"#,
        r#"{"type": "ListProperty", "valueList": [1, [2]]}"#,
    ),
    (
        r#"{"objectList": ["urn:x:2", {"object": "urn:x:3"}]}"#,
        r#"{"type": "ListRelationship", 
                "objectList": [{"object": "urn:x:2"}, {"object": "urn:x:3"}]}"#,
    ),
    (
        r#"{"alias": "Property", "ngsi-ld:hasValue": 7}"#,
        r#"{"type": "Property", "value": 7}"#,
    ),
    (
        r#"{"type": "https://uri.etsi.org/ngsi-ld/Property", "value": 7, "valueType": "Car"}"#,
        r#"{"type": "Property", "value": 7, "valueType": "Car"}"#,
    ),
    (
        r#"[{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}]"#,
        r#"[{"type": "Property", "value": 1},
                {"type": "Property", "value": 2, "datasetId": "urn:d:1"}]"#,
    ),
    // What the broker alone writes is passed over.
    (
        r#"{"value": 7, "createdAt": "2020-01-01T00:00:00Z", "instanceId": "urn:i:1"}"#,
        r#"{"type": "Property", "value": 7}"#,
    ),
];

#[test]
fn clause_4_5_normalized_and_concise_are_told_apart() {
    for (written, normalized) in WRITTEN {
        let made = entity(&format!("\"a\": {written}"));
        is(&made, &format!("\"a\": {normalized}"));
        // And each form is read back as the same entity.
        for form in [Form::Normalized, Form::Concise] {
            let text = members(&made, form).to_string();
            assert_eq!(entity(&text[1..text.len() - 1]), made, "{text}");
        }
    }
}

#[test]
fn clause_4_5_4_simplified_is_read_when_the_request_says_so() {
    for (written, normalized) in [
        (
            r#""urn:x:2""#,
            r#"{"type": "Property", "value": "urn:x:2"}"#,
        ),
        (
            r#"{"value": 7}"#,
            r#"{"type": "Property", "value": {"value": 7}}"#,
        ),
        (
            r#"{"type": "Point", "coordinates": [1, 2]}"#,
            r#"{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}"#,
        ),
        (
            r#"{"languageMap": {"fr": "Oui"}}"#,
            r#"{"type": "LanguageProperty", "languageMap": {"fr": "Oui"}}"#,
        ),
        (
            r#"{"vocab": "Car"}"#,
            r#"{"type": "VocabProperty", "vocab": "Car"}"#,
        ),
        (
            r#"{"json": [1]}"#,
            r#"{"type": "JsonProperty", "json": [1]}"#,
        ),
        (
            r#"{"objectList": ["urn:x:2"]}"#,
            r#"{"type": "ListRelationship", "objectList": [{"object": "urn:x:2"}]}"#,
        ),
        (
            r#"{"dataset": {"@none": 1, "urn:d:1": 2}}"#,
            r#"[{"type": "Property", "value": 1},
                {"type": "Property", "value": 2, "datasetId": "urn:d:1"}]"#,
        ),
    ] {
        let made = read(&format!("\"a\": {written}"), Representation::Simplified).expect(written);
        is(&made, &format!("\"a\": {normalized}"));
        assert_eq!(
            members(&made, Form::Simplified),
            json(&format!("{{\"a\": {written}}}"))
        );
    }
}

#[test]
fn what_is_no_attribute_is_bad_request_data() {
    for written in [
        r#""a": null"#,
        r#""a": "urn:ngsi-ld:null""#,
        r#""a": {"type": "Property"}"#,
        r#""a": {"type": "Property", "value": null}"#,
        r#""a": {"type": "Property", "value": "urn:ngsi-ld:null"}"#,
        r#""a": {"type": "Property", "value": {"b": "urn:ngsi-ld:null"}}"#,
        r#""a": {"type": "Property", "object": "urn:x:2"}"#,
        r#""a": {"type": "Prop", "value": 7}"#,
        r#""a": {"value": 7, "object": "urn:x:2"}"#,
        r#""a": {"type": "Relationship", "object": "no uri"}"#,
        r#""a": {"type": "Relationship", "object": 7}"#,
        r#""a": {"type": "Relationship", "object": []}"#,
        r#""a": {"type": "Relationship", "value": "urn:x:2"}"#,
        r#""a": {"type": "GeoProperty", "value": 7}"#,
        r#""a": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [200, 0]}}"#,
        r#""a": {"type": "LanguageProperty", "languageMap": "fr"}"#,
        r#""a": {"type": "LanguageProperty", "languageMap": {"fr": 7}}"#,
        r#""a": {"type": "LanguageProperty", "languageMap": {"not a tag": "x"}}"#,
        r#""a": {"type": "LanguageProperty", "languageMap": {}}"#,
        r#""a": {"type": "VocabProperty", "vocab": 7}"#,
        r#""a": {"type": "ListProperty", "valueList": 7}"#,
        r#""a": {"type": "ListRelationship", "objectList": [7]}"#,
        r#""a": {"type": "ListRelationship", "objectList": [{"id": "urn:x:2"}]}"#,
        r#""a": {"value": 7, "observedAt": "yesterday"}"#,
        r#""a": {"value": 7, "observedAt": {"type": "Property", "value": "2026-01-01T00:00:00Z"}}"#,
        r#""a": {"value": 7, "unitCode": 7}"#,
        r#""a": {"value": 7, "datasetId": "no uri"}"#,
        r#""a": {"value": 7, "@unknown": 1}"#,
        r#""a": {"value": 7, "bad-name": 1}"#,
        r#""a": {"value": 7, "entity": {}}"#,
        r#""a": [{"value": 1}, {"value": 2}]"#,
        r#""a": [{"value": 1, "datasetId": "urn:d:1"}, {"value": 2, "datasetId": "urn:d:1"}]"#,
        r#""a": 1, "https://uri.etsi.org/ngsi-ld/default-context/a": 2"#,
        r#""bad name": 7"#,
        r#""bad-name": 7"#,
        r#""@unknown": 7"#,
        r#""scope": "/1a""#,
        r#""scope": 7"#,
        r#""scope": []"#,
        r#""expiresAt": "soon""#,
    ] {
        let error = try_entity(written).expect_err(written);
        assert_eq!(
            error.problem(),
            Problem::BadRequestData,
            "{written}: {error}"
        );
    }
}

#[test]
fn an_entity_has_an_id_that_is_a_uri_and_a_type() {
    let context = context();
    let read = |text: &str| {
        Entity::read(json(text), &context, Representation::Detected, now()).map_err(|e| e.problem())
    };
    let many = r#"{"@id": "urn:x:1", "alias": ["Car", "x:Car", "Bus"], "scope": ["/a/b", "c_1"]}"#;
    let made = read(many).expect("an entity");
    assert_eq!(made.types.len(), 2);
    assert_eq!(made.scopes.len(), 2);
    for (text, problem) in [
        (r#"[]"#, Problem::BadRequestData),
        (r#"7"#, Problem::BadRequestData),
        (r#"{"type": "Car"}"#, Problem::BadRequestData),
        (r#"{"id": "urn:x:1"}"#, Problem::BadRequestData),
        (
            r#"{"id": "no uri", "type": "Car"}"#,
            Problem::BadRequestData,
        ),
        (r#"{"id": 7, "type": "Car"}"#, Problem::BadRequestData),
        (
            r#"{"id": "urn:x:1", "type": "type"}"#,
            Problem::BadRequestData,
        ),
        (r#"{"id": "urn:x:1", "type": []}"#, Problem::BadRequestData),
        (
            r#"{"id": "urn:x:1", "type": "not a name"}"#,
            Problem::BadRequestData,
        ),
    ] {
        assert_eq!(read(text), Err(problem), "{text}");
    }
}

#[test]
fn an_error_names_the_place_and_becomes_problem_details() {
    let error = try_entity(r#""speed": {"value": 7, "source": {"value": 1, "observedAt": "x"}}"#)
        .expect_err("a bad time");
    assert!(
        error.to_string().starts_with("speed.source.observedAt: "),
        "{error}"
    );
    let details = error.details();
    assert_eq!(
        details.get("type").and_then(|t| t.as_str()),
        Some("https://uri.etsi.org/ngsi-ld/errors/BadRequestData")
    );
    assert_eq!(details.get("status").and_then(|s| s.as_f64()), Some(400.0));
    assert!(details.get("detail").is_some() && details.get("title").is_some());
}

#[test]
fn clause_4_5_0_null_removes_in_updates_only() {
    let context = context();
    for text in [
        r#"{"a": "urn:ngsi-ld:null"}"#,
        r#"{"a": {"type": "Relationship", "object": "urn:ngsi-ld:null"}}"#,
        r#"{"a": {"type": "LanguageProperty", "languageMap": {"@none": "urn:ngsi-ld:null"}}}"#,
        r#"{"a": {"value": {"b": "urn:ngsi-ld:null"}}}"#,
        r#"{"scope": "urn:ngsi-ld:null"}"#,
    ] {
        let update = Fragment::read_update(json(text), &context, Representation::Detected);
        assert!(update.is_ok(), "{text}");
        assert!(
            Fragment::read(json(text), &context, Representation::Detected).is_err(),
            "{text}"
        );
    }
    let never = r#"{"a": {"value": 7, "datasetId": "urn:ngsi-ld:null"}}"#;
    assert!(Fragment::read_update(json(never), &context, Representation::Detected).is_err());
}

#[test]
fn attributes_of_attributes_end_somewhere() {
    let nested = |levels: usize| {
        format!(
            "\"a\": {}1{}",
            "{\"value\": 1, \"b\": ".repeat(levels),
            "}".repeat(levels)
        )
    };
    assert!(try_entity(&nested(DEPTH_MAX)).is_ok());
    assert!(try_entity(&nested(DEPTH_MAX + 1)).is_err());
    let many: Vec<String> = (0..=ATTRIBUTES_MAX)
        .map(|n| format!("\"a{n}\": 1"))
        .collect();
    assert!(try_entity(&many[..ATTRIBUTES_MAX].join(",")).is_ok());
    assert!(try_entity(&many.join(",")).is_err());
}
