//! Entity maps: one result, whatever is written while somebody pages through it (clauses 5.5.9.3,
//! 5.14, 6.4.3.2, 6.5.3.1, 6.32, 6.34, 6.35).

use std::time::Duration;

use loggia_ngsi_ld::Json;

use crate::town::{JSON, LD, Refusal, Told, Town, json, refused};

async fn cars(town: &Town, ids: &str) {
    for id in ids.chars() {
        let body = format!(r#"{{"id": "urn:x:{id}", "type": "Car", "speed": 7}}"#);
        town.done("POST", "/entities", &body).await;
    }
}

fn letters(told: &Told) -> String {
    assert!(matches!(told.status, 200 | 201), "{}", told.text);
    told.ids()
        .iter()
        .filter_map(|id| id.chars().last())
        .collect()
}

fn map_of(told: &Told) -> String {
    let path = told.header("ngsild-entitymap").expect("a map's path");
    assert!(
        path.starts_with("/ngsi-ld/v1/entityMaps/urn:ngsi-ld:EntityMap:"),
        "{path}"
    );
    path.to_owned()
}

/// The path behind `/ngsi-ld/v1` of a link to another page.
fn link(told: &Told, rel: &str) -> Option<String> {
    let rel = format!("rel=\"{rel}\"");
    let mut all = told.all("link").into_iter();
    let found = all.find(|l| l.contains(&rel))?.split_once('>')?.0;
    found.strip_prefix("</ngsi-ld/v1").map(str::to_owned)
}

#[tokio::test]
async fn clause_5_5_9_3_pages_are_those_of_one_result() {
    let town = Town::new();
    cars(&town, "abcdefg").await;
    let told = town.get("/entities?type=Car&limit=2&entityMap=true").await;
    assert_eq!(
        (told.status, &*letters(&told)),
        (201, "ab"),
        "a map was made"
    );
    let map = map_of(&told);
    let by_map = ("ngsild-entitymap", &*map);
    // One that goes, one that no longer fits, one that comes: no page moves.
    town.delete("/entities/urn:x:a").await;
    town.delete("/entities/urn:x:d").await;
    cars(&town, "h").await;
    let next = link(&told, "next").expect("more");
    let told = town.call("GET", &next, &[by_map], None).await;
    assert_eq!((told.status, &*letters(&told)), (200, "ce"), "it is full");
    assert_eq!(told.header("ngsild-entitymap"), Some(&*map));
    let next = link(&told, "next").expect("more");
    let told = town.call("GET", &next, &[by_map], None).await;
    assert_eq!(letters(&told), "fg");
    assert_eq!(link(&told, "next"), None, "what came later is not in it");
    let back = link(&told, "prev").expect("less");
    let told = town.call("GET", &back, &[by_map], None).await;
    assert!(letters(&told).starts_with('e') || letters(&told).starts_with('c'));
    let counted = "/entities?type=Car&limit=0&count=true&entityMap=true";
    let told = town.call("GET", counted, &[by_map], None).await;
    assert_eq!(told.header("ngsild-results-count"), Some("5"));
    // Filters are asked again.
    let faster = "/entities?type=Car&q=speed>7";
    let told = town.call("GET", faster, &[by_map], None).await;
    assert_eq!(letters(&told), "");
    // The map has its order.
    let ordered = "/entities?type=Car&local=true&orderBy=id;desc&limit=2&entityMap=true";
    let told = town.get(ordered).await;
    assert_eq!(letters(&told), "hg");
    let next = link(&told, "next").expect("more");
    let own = map_of(&told);
    let told = town
        .call("GET", &next, &[("ngsild-entitymap", &own)], None)
        .await;
    assert_eq!(letters(&told), "fe");
}

#[tokio::test]
async fn clause_5_7_2_4_a_map_that_is_gone_is_made_anew() {
    let town = Town::new();
    cars(&town, "ab").await;
    let lost = ("ngsild-entitymap", "urn:ngsi-ld:EntityMap:none");
    let told = town.call("GET", "/entities?type=Car", &[lost], None).await;
    assert_eq!((told.status, &*letters(&told)), (201, "ab"));
    let first = map_of(&told);
    let id = first.rsplit('/').next().expect("an id").to_owned();
    let known = ("ngsild-entitymap", &*id);
    let told = town.call("GET", "/entities?type=Car", &[known], None).await;
    assert_eq!(told.status, 200, "an id alone names it as well");
    assert_eq!(map_of(&told), first);
    // Its time is over.
    town.clock.pass(Duration::from_secs(700));
    let told = town.call("GET", "/entities?type=Car", &[known], None).await;
    assert_eq!(told.status, 201);
    assert_ne!(map_of(&told), first);
    let longer = "/entities?type=Car&entityMap=true&entityMapLifetime=PT20M";
    let map = map_of(&town.get(longer).await);
    town.clock.pass(Duration::from_secs(1_100));
    assert_eq!(
        town.get(map.strip_prefix("/ngsi-ld/v1").expect("it"))
            .await
            .status,
        200
    );
    let wrong = "BadRequestData";
    #[rustfmt::skip]
    let rows: [Refusal<'_>; 3] = [
        ("6.4.3.2", "GET", "/entities?type=Car&entityMap=yes", None, 400, wrong),
        ("6.4.3.2", "GET", "/entities?type=Car&entityMap=true&entityMapLifetime=9", None, 400,
            wrong),
        ("5.14.4.4", "GET", "/entityMaps?id=urn:x:a", None, 400, wrong),
    ];
    refused(&town, &rows).await;
}

#[tokio::test]
async fn clause_5_7_1_an_entity_that_is_retrieved_has_a_map_too() {
    let town = Town::new();
    cars(&town, "a").await;
    let told = town.get("/entities/urn:x:a?entityMap=true").await;
    assert_eq!(told.status, 200);
    let path = map_of(&told);
    let map = town
        .have(path.strip_prefix("/ngsi-ld/v1").expect("it"))
        .await;
    let ids = map.get("entityMap").expect("ids").clone();
    assert_eq!(ids, json(r#"{"urn:x:a": ["@none"]}"#));
    let told = town.get("/entities/urn:x:a").await;
    assert_eq!(told.header("ngsild-entitymap"), None, "nobody asked");
}

#[tokio::test]
async fn clauses_6_34_and_6_32_maps_are_made_read_changed_and_deleted() {
    let town = Town::new();
    cars(&town, "abc").await;
    let body = r#"{"type": "Query", "entities": [{"type": "Car"}], "entityMapLifetime": "PT5M"}"#;
    let by_url = town.get("/entityMaps?type=Car&limit=1").await;
    let by_body = town.send("POST", "/entityMaps/", body).await;
    for told in [&by_url, &by_body] {
        assert_eq!(told.status, 201, "{}", told.text);
        let map = told.json();
        assert_eq!(map.get("type"), Some(&"EntityMap".into()));
        let ids = map.get("entityMap").expect("ids").clone();
        let all = r#"{"urn:x:a": ["@none"], "urn:x:b": ["@none"], "urn:x:c": ["@none"]}"#;
        assert_eq!(ids, json(all));
        assert_eq!(map.get("linkedMaps"), Some(&json("{}")));
        assert!(map.get("expiresAt").is_some());
        let id = map.get("id").and_then(Json::as_str).expect("an id");
        assert!(map_of(told).ends_with(id));
    }
    let path = map_of(&by_body);
    let path = path.strip_prefix("/ngsi-ld/v1").expect("it");
    let ld = [("accept", "application/ld+json")];
    let told = town.call("GET", path, &ld, None).await;
    assert!(told.json().get("@context").is_some());
    let patch = r#"{"id": "urn:x:other", "type": "EntityMap", "expiresAt": "2100-01-01T00:00:00Z",
        "entityMap": {"urn:x:c": ["@none"]}}"#;
    assert_eq!(town.send("PATCH", path, patch).await.status, 204);
    let map = town.have(path).await;
    assert_eq!(
        map.get("entityMap"),
        Some(&json(r#"{"urn:x:c": ["@none"]}"#))
    );
    assert_ne!(
        map.get("id"),
        Some(&"urn:x:other".into()),
        "it is the broker's"
    );
    let until = map.get("expiresAt").and_then(Json::as_str).expect("a time");
    assert!(until < "2100", "the broker decides: {until}");
    let used = town
        .call(
            "GET",
            "/entities?type=Car",
            &[("ngsild-entitymap", path)],
            None,
        )
        .await;
    assert_eq!(letters(&used), "c");
    let (bad, gone) = ("BadRequestData", "ResourceNotFound");
    let none = "/entityMaps/urn:ngsi-ld:EntityMap:none";
    #[rustfmt::skip]
    let rows: [Refusal<'_>; 8] = [
        ("5.14.1.4", "GET", "/entityMaps/none", None, 400, bad),
        ("5.14.1.4", "GET", none, None, 404, gone),
        ("5.14.2.4", "PATCH", "/entityMaps/none", Some("{}"), 400, bad),
        ("5.14.2.4", "PATCH", none, Some("{}"), 404, gone),
        ("5.14.2.4", "PATCH", path, Some(r#"{"expiresAt": "yesterday"}"#), 400, bad),
        ("5.14.2.4", "PATCH", path, Some(r#"{"entityMap": {"a": []}}"#), 400, bad),
        ("5.14.3.4", "DELETE", "/entityMaps/none", None, 400, bad),
        ("5.14.3.4", "DELETE", none, None, 404, gone),
    ];
    refused(&town, &rows).await;
    assert_eq!(town.delete(path).await.status, 204);
    refused(&town, &[("5.14.3.4", "DELETE", path, None, 404, gone)]).await;
}

#[tokio::test]
async fn clause_4_14_a_map_is_its_tenants() {
    let town = Town::new();
    cars(&town, "a").await;
    let by_url = town.get("/entityMaps?type=Car").await;
    let other = [("ngsild-tenant", "t"), JSON];
    let body = r#"{"id": "urn:x:t", "type": "Car"}"#;
    town.call("POST", "/entities", &other, Some(body)).await;
    let path = map_of(&by_url);
    let path = path.strip_prefix("/ngsi-ld/v1").expect("it");
    assert_eq!(town.call("GET", path, &other[..1], None).await.status, 404);
}

#[tokio::test]
async fn clause_6_35_maps_of_histories() {
    let town = Town::new();
    for id in ["b", "a"] {
        let body = format!(
            r#"{{"id": "urn:x:{id}", "type": "Car", "speed": {{"type": "Property", "value": 1,
                 "observedAt": "2026-08-01T00:00:00Z"}}}}"#
        );
        town.done("POST", "/entities", &body).await;
    }
    let when = "timerel=after&timeAt=2026-01-01T00:00:00Z";
    let told = town
        .get(&format!("/temporal/entityMaps?type=Car&{when}"))
        .await;
    assert_eq!(told.status, 201, "{}", told.text);
    let ids = told.json().get("entityMap").expect("ids").clone();
    assert_eq!(ids, json(r#"{"urn:x:b": ["@none"], "urn:x:a": ["@none"]}"#));
    let body = r#"{"type": "Query", "entities": [{"type": "Car", "id": "urn:x:a"}],
        "temporalQ": {"timerel": "after", "timeAt": "2026-01-01T00:00:00Z"},
        "@context": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"}"#;
    let told = town
        .call("POST", "/temporal/entityMaps", &[LD], Some(body))
        .await;
    assert_eq!(told.status, 201, "{}", told.text);
    let map = map_of(&told);
    let at = format!("/temporal/entities?type=Car&{when}");
    let told = town
        .call("GET", &at, &[("ngsild-entitymap", &map)], None)
        .await;
    assert_eq!((told.status, &*letters(&told)), (200, "a"));
    let told = town.get(&format!("{at}&entityMap=true&limit=1")).await;
    assert_eq!((told.status, &*letters(&told)), (201, "b"));
    let no_time = "/temporal/entityMaps?type=Car";
    let row: Refusal<'_> = ("5.14.5.4", "GET", no_time, None, 400, "BadRequestData");
    refused(&town, &[row]).await;
}
