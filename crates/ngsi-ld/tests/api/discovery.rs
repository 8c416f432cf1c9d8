//! Which types and attributes there are (clauses 6.25 to 6.28).

use crate::town::{LD, Refusal, Town, json, refused};

const X: &str = r#"{"x": "https://x.example/", "Car": "x:Car", "speed": "x:speed"}"#;

async fn town() -> Town {
    let town = Town::new();
    for (id, kind, more) in [
        ("urn:x:1", r#""Car""#, r#""speed": 1"#),
        (
            "urn:x:2",
            r#"["Car", "Van"]"#,
            r#""speed": {"object": "urn:x:9"}, "load": 1"#,
        ),
        (
            "urn:x:3",
            r#""Bus""#,
            r#""load": [{"value": 1}, {"value": 2, "datasetId": "urn:x:d"}]"#,
        ),
    ] {
        let body = format!(r#"{{"id": "{id}", "type": {kind}, {more}, "@context": {X}}}"#);
        let told = town.call("POST", "/entities", &[LD], Some(&body)).await;
        assert_eq!(told.status, 201, "{}", told.text);
    }
    town
}

#[tokio::test]
async fn clause_6_25_types() {
    let town = town().await;
    let got = town.have("/types").await;
    let id = got.get("id").and_then(|i| i.as_str()).expect("an id");
    assert!(id.starts_with("urn:ngsi-ld:EntityTypeList:"), "{id}");
    assert_eq!(got.get("type"), Some(&"EntityTypeList".into()));
    let list = got.get("typeList").expect("a list");
    assert_eq!(
        crate::town::sorted(list),
        crate::town::sorted(&json(r#"["Bus", "Van", "https://x.example/Car"]"#))
    );
    let got = town.have("/types?details=true").await;
    let wanted = r#"[
        {"id": "https://uri.etsi.org/ngsi-ld/default-context/Bus", "type": "EntityType",
         "typeName": "Bus", "attributeNames": ["load"]},
        {"id": "https://uri.etsi.org/ngsi-ld/default-context/Van", "type": "EntityType",
         "typeName": "Van", "attributeNames": ["load", "https://x.example/speed"]},
        {"id": "https://x.example/Car", "type": "EntityType",
         "typeName": "https://x.example/Car",
         "attributeNames": ["load", "https://x.example/speed"]}]"#;
    assert_eq!(
        crate::town::sorted(&got),
        crate::town::sorted(&json(wanted))
    );
}

#[tokio::test]
async fn clause_6_26_one_type() {
    let town = town().await;
    for path in ["/types/https:%2F%2Fx.example%2FCar", "/types/Van"] {
        let got = town.have(path).await;
        assert_eq!(got.get("type"), Some(&"EntityTypeInfo".into()), "{path}");
    }
    let got = town.have("/types/https:%2F%2Fx.example%2FCar").await;
    let wanted = r#"{"id": "https://x.example/Car", "type": "EntityTypeInfo",
        "typeName": "https://x.example/Car", "entityCount": 2, "attributeDetails": [
            {"id": "https://uri.etsi.org/ngsi-ld/default-context/load", "type": "Attribute",
             "attributeName": "load", "attributeTypes": ["Property"]},
            {"id": "https://x.example/speed", "type": "Attribute",
             "attributeName": "https://x.example/speed",
             "attributeTypes": ["Property", "Relationship"]}]}"#;
    assert_eq!(
        crate::town::sorted(&got),
        crate::town::sorted(&json(wanted))
    );
}

#[tokio::test]
async fn clauses_6_27_and_6_28_attributes() {
    let town = town().await;
    let got = town.have("/attributes").await;
    assert_eq!(got.get("type"), Some(&"AttributeList".into()));
    let list = got.get("attributeList").expect("a list");
    let wanted = r#"["load", "https://x.example/speed"]"#;
    assert_eq!(
        crate::town::sorted(list),
        crate::town::sorted(&json(wanted))
    );
    let got = town.have("/attributes?details=true").await;
    let wanted = r#"[
        {"id": "https://uri.etsi.org/ngsi-ld/default-context/load", "type": "Attribute",
         "attributeName": "load", "typeNames": ["Bus", "Van", "https://x.example/Car"]},
        {"id": "https://x.example/speed", "type": "Attribute",
         "attributeName": "https://x.example/speed",
         "typeNames": ["Van", "https://x.example/Car"]}]"#;
    assert_eq!(
        crate::town::sorted(&got),
        crate::town::sorted(&json(wanted))
    );
    let got = town.have("/attributes/load").await;
    let wanted = r#"{"id": "https://uri.etsi.org/ngsi-ld/default-context/load",
        "type": "Attribute", "attributeName": "load", "attributeCount": 2,
        "attributeTypes": ["Property"], "typeNames": ["Bus", "Van", "https://x.example/Car"]}"#;
    assert_eq!(
        crate::town::sorted(&got),
        crate::town::sorted(&json(wanted))
    );
}

#[tokio::test]
async fn what_no_entity_has_is_not_there() {
    let town = town().await;
    let bad: &[Refusal<'_>] = &[
        (
            "5.7.7.4",
            "GET",
            "/types/None",
            None,
            404,
            "ResourceNotFound",
        ),
        ("5.7.7.4", "GET", "/types/a b", None, 400, "BadRequestData"),
        (
            "5.7.10.4",
            "GET",
            "/attributes/none",
            None,
            404,
            "ResourceNotFound",
        ),
        (
            "5.7.10.4",
            "GET",
            "/attributes/a b",
            None,
            400,
            "BadRequestData",
        ),
        (
            "5.7.5",
            "GET",
            "/types?details=perhaps",
            None,
            400,
            "BadRequestData",
        ),
    ];
    refused(&town, bad).await;
    town.delete("/entities?local=true").await;
    let got = town.have("/types").await;
    assert_eq!(got.get("typeList"), Some(&json("[]")));
    let got = town.have("/attributes?details=true").await;
    assert_eq!(got, json("[]"));
}
