//! How entities are shown: representations, projection, languages, datasets, GeoJSON (clauses 6.3.7
//! to 6.3.15, 4.5, 4.15, 4.21).

use crate::town::{Town, json};

const SHOP: &str = r#"{"id": "urn:x:1", "type": "Shop", "scope": "/a",
    "name": [{"type": "Property", "value": "Tower"},
             {"type": "Property", "value": "Tour", "datasetId": "urn:x:fr"},
             {"type": "Property", "value": "Turm", "datasetId": "urn:x:de"}],
    "street": {"type": "LanguageProperty",
               "languageMap": {"fr": "Grand Place", "nl": "Grote Markt", "@none": "Place"}},
    "open": {"type": "Property", "value": true, "observedAt": "2026-08-10T12:00:00Z"},
    "owner": {"type": "Relationship", "object": "urn:x:bob"},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}},
    "entrance": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [3, 4]}}}"#;

const NAMES: &str = r#""name": [{"type": "Property", "value": "Tower"},
    {"type": "Property", "value": "Tour", "datasetId": "urn:x:fr"},
    {"type": "Property", "value": "Turm", "datasetId": "urn:x:de"}]"#;

/// Clause, parameters, and the entity then; `$N` stands for the names.
const TABLE: &[(&str, &str, &str)] = &[
    (
        "4.5.4",
        "options=keyValues&pick=id,name,street,open,owner,location",
        r#"{"id": "urn:x:1", "name": {"dataset": {"@none": "Tower", "urn:x:fr": "Tour",
            "urn:x:de": "Turm"}}, "street": {"languageMap": {"fr": "Grand Place",
            "nl": "Grote Markt", "@none": "Place"}}, "open": true, "owner": "urn:x:bob",
            "location": {"type": "Point", "coordinates": [1, 2]}}"#,
    ),
    (
        "4.5.4",
        "format=simplified&pick=open,owner",
        r#"{"open": true, "owner": "urn:x:bob"}"#,
    ),
    (
        "6.3.7",
        "format=simplified&options=concise&pick=open",
        r#"{"open": true}"#,
    ),
    (
        "4.5.2.3",
        "options=concise&pick=open,owner,location",
        r#"{"open": {"value": true, "observedAt": "2026-08-10T12:00:00Z"},
            "owner": {"object": "urn:x:bob"},
            "location": {"type": "Point", "coordinates": [1, 2]}}"#,
    ),
    (
        "6.3.7",
        "format=normalized&pick=owner",
        r#"{"owner": {"type": "Relationship", "object": "urn:x:bob"}}"#,
    ),
    (
        "4.21",
        "pick=id,scope",
        r#"{"id": "urn:x:1", "scope": "/a"}"#,
    ),
    (
        "4.21",
        "pick=id|type",
        r#"{"id": "urn:x:1", "type": "Shop"}"#,
    ),
    (
        "4.21",
        "omit=name,street,open,owner,location,entrance",
        r#"{"id": "urn:x:1", "type": "Shop", "scope": "/a"}"#,
    ),
    (
        "4.21",
        "omit=id,type,scope,street,open,owner,location,entrance",
        "{$N}",
    ),
    ("4.21", "pick=id,name&omit=name", r#"{"id": "urn:x:1"}"#),
    (
        "6.3.8",
        "attrs=name",
        r#"{"id": "urn:x:1", "type": "Shop", "scope": "/a", $N}"#,
    ),
    (
        "6.3.8",
        "attrs=none,owner",
        r#"{"id": "urn:x:1", "type": "Shop", "scope": "/a",
        "owner": {"type": "Relationship", "object": "urn:x:bob"}}"#,
    ),
    (
        "4.15",
        "lang=nl&pick=street",
        r#"{"street": {"type": "Property", "value": "Grote Markt", "lang": "nl"}}"#,
    ),
    (
        "4.15",
        "lang=de,fr;q=0.5&pick=street",
        r#"{"street": {"type": "Property", "value": "Grand Place", "lang": "fr"}}"#,
    ),
    (
        "4.15",
        "lang=de&pick=street",
        r#"{"street": {"type": "Property", "value": "Place", "lang": "@none"}}"#,
    ),
    (
        "4.15",
        "lang=fr&pick=street&options=keyValues",
        r#"{"street": "Grand Place"}"#,
    ),
    (
        "4.5.5",
        "datasetId=urn:x:fr&pick=name",
        r#"{"name": {"type": "Property", "value": "Tour", "datasetId": "urn:x:fr"}}"#,
    ),
    (
        "4.5.5",
        "datasetId=@none&pick=name",
        r#"{"name": {"type": "Property", "value": "Tower"}}"#,
    ),
    (
        "4.5.5",
        "datasetId=urn:x:none",
        r#"{"id": "urn:x:1", "type": "Shop", "scope": "/a"}"#,
    ),
    (
        "4.5.5",
        "datasetId=@none,urn:x:de&pick=name",
        r#"{"name": [{"type": "Property", "value": "Tower"},
            {"type": "Property", "value": "Turm", "datasetId": "urn:x:de"}]}"#,
    ),
];

#[tokio::test]
async fn an_entity_is_shown_as_it_is_asked_for() {
    let town = Town::new();
    town.made(&[SHOP]).await;
    for (clause, params, wanted) in TABLE {
        let wanted = json(&wanted.replace("$N", NAMES));
        let got = town.have(&format!("/entities/urn:x:1?{params}")).await;
        assert_eq!(got, wanted, "{clause}: {params}");
        let list = town.have(&format!("/entities?type=Shop&{params}")).await;
        let list = list.items().expect("a list").to_vec();
        assert_eq!(list, [wanted], "{clause}: {params}");
    }
}

#[tokio::test]
async fn clause_6_3_11_the_brokers_own_times_are_shown_on_request() {
    let town = Town::new();
    town.made(&[r#"{"id": "urn:x:1", "type": "T", "a": {"value": 1, "b": {"value": 2}}}"#])
        .await;
    town.clock.pass(std::time::Duration::from_secs(1));
    town.done("PATCH", "/entities/urn:x:1/attrs", r#"{"a": 2}"#)
        .await;
    for params in [
        "options=sysAttrs",
        "sysAttrs=true",
        "options=normalized,sysAttrs",
    ] {
        let got = town.have(&format!("/entities/urn:x:1?{params}")).await;
        let wanted = r#"{"id": "urn:x:1", "type": "T", "a": {"type": "Property", "value": 2,
            "createdAt": "2026-11-23T12:00:00.000Z", "modifiedAt": "2026-11-23T12:00:01.000Z"},
            "createdAt": "2026-11-23T12:00:00.000Z", "modifiedAt": "2026-11-23T12:00:01.000Z"}"#;
        assert_eq!(got, json(wanted), "{params}");
    }
}

#[tokio::test]
async fn clause_6_3_15_geojson() {
    let town = Town::new();
    town.made(&[SHOP]).await;
    let geo = ("accept", "application/geo+json");
    let core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";
    let at = "/entities/urn:x:1?pick=type,open&options=keyValues";
    let told = town.call("GET", at, &[geo], None).await;
    assert_eq!(told.header("content-type"), Some("application/geo+json"));
    assert_eq!(told.header("link"), None);
    let got = told.json();
    assert_eq!(
        got.get("geometry"),
        Some(&json(r#"{"type": "Point", "coordinates": [1, 2]}"#))
    );
    assert_eq!(
        got.get("properties"),
        Some(&json(r#"{"type": "Shop", "open": true}"#))
    );
    assert!(
        got.get("@context")
            .expect("a context")
            .to_string()
            .contains(core)
    );
    for (more, geometry) in [
        (
            "&geometryProperty=entrance",
            r#"{"type": "Point", "coordinates": [3, 4]}"#,
        ),
        ("&geometryProperty=none", "null"),
    ] {
        let told = town.call("GET", &format!("{at}{more}"), &[geo], None).await;
        assert_eq!(told.json().get("geometry"), Some(&json(geometry)), "{more}");
    }
    let prefer = ("prefer", "body=json");
    let told = town.call("GET", at, &[geo, prefer], None).await;
    assert_eq!(told.json().get("@context"), None);
    assert!(told.header("link").expect("a link").contains(core));
    let told = town.call("GET", "/entities?type=Shop", &[geo], None).await;
    let got = told.json();
    assert_eq!(got.get("type"), Some(&"FeatureCollection".into()));
    assert_eq!(
        got.get("features").and_then(|f| f.items()).map(<[_]>::len),
        Some(1)
    );
    assert!(got.get("@context").is_some());
    for path in ["/types", "/attributes", "/jsonldContexts", "/subscriptions"] {
        let told = town.call("GET", path, &[geo], None).await;
        assert_eq!(told.status, 406, "{path}");
    }
}
