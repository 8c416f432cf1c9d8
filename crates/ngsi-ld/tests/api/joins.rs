//! Linked entities in answers and in queries (clauses 4.5.23, 4.9 and 4.21).

use crate::town::{Refusal, Town, json, refused};

const TOWN: &[&str] = &[
    r#"{"id": "urn:x:desk", "type": "Desk",
        "room": {"type": "Relationship", "object": "urn:x:room"},
        "users": {"type": "Relationship", "object": ["urn:x:bob", "urn:x:none"]},
        "ways": {"objectList": [{"object": "urn:x:eve"}, {"object": "urn:x:bob"}]}}"#,
    r#"{"id": "urn:x:room", "type": "Room", "name": "R1",
        "house": {"type": "Relationship", "object": "urn:x:house"}}"#,
    r#"{"id": "urn:x:house", "type": "House", "name": "H1",
        "desk": {"type": "Relationship", "object": "urn:x:desk"}}"#,
    r#"{"id": "urn:x:bob", "type": "Person", "name": "Bob"}"#,
    r#"{"id": "urn:x:eve", "type": "Person", "name": "Eve"}"#,
];

/// Parameters, and the desk then.
const INLINE: &[(&str, &str)] = &[
    ("join=@none&pick=room", r#"{"room": "urn:x:room"}"#),
    (
        "join=inline&pick=room",
        r#"{"room": {"id": "urn:x:room", "type": "Room", "name": "R1", "house": "urn:x:house"}}"#,
    ),
    (
        "join=inline&joinLevel=2&pick=room{house}",
        r#"{"room": {"house": {"id": "urn:x:house", "type": "House", "name": "H1",
            "desk": "urn:x:desk"}}}"#,
    ),
    // The way back to where it began is not gone.
    (
        "join=inline&joinLevel=9&pick=room{house{desk}},id",
        r#"{"id": "urn:x:desk", "room": {"house": {"desk": "urn:x:desk"}}}"#,
    ),
    (
        "join=inline&joinLevel=2&pick=room{id,house{id,name}}",
        r#"{"room": {"id": "urn:x:room", "house": {"id": "urn:x:house", "name": "H1"}}}"#,
    ),
    (
        "join=inline&pick=room,users&omit=room{type,house}",
        r#"{"room": {"id": "urn:x:room", "name": "R1"},
            "users": [{"id": "urn:x:bob", "type": "Person", "name": "Bob"}, "urn:x:none"]}"#,
    ),
    (
        "join=inline&pick=ways{name}",
        r#"{"ways": {"entityList": [{"name": "Eve"}, {"name": "Bob"}]}}"#,
    ),
    (
        "join=inline&containedBy=urn:x:room&pick=room",
        r#"{"room": "urn:x:room"}"#,
    ),
];

#[tokio::test]
async fn clause_4_5_23_2_linked_entities_stand_within() {
    let town = Town::new();
    town.made(TOWN).await;
    for (params, wanted) in INLINE {
        let path = format!("/entities/urn:x:desk?options=keyValues&{params}");
        assert_eq!(town.have(&path).await, json(wanted), "{params}");
        let path = format!("/entities?type=Desk&options=keyValues&{params}");
        let list = town.have(&path).await;
        assert_eq!(list.items().expect("a list"), [json(wanted)], "{params}");
    }
    let got = town
        .have("/entities/urn:x:desk?join=inline&pick=room,users,ways")
        .await;
    let person = |name: &str| {
        format!(
            r#"{{"id": "urn:x:{}", "type": "Person",
                "name": {{"type": "Property", "value": "{name}"}}}}"#,
            name.to_lowercase()
        )
    };
    let (bob, eve) = (person("Bob"), person("Eve"));
    let wanted = format!(
        r#"{{"room": {{"type": "Relationship", "object": "urn:x:room", "entity":
            {{"id": "urn:x:room", "type": "Room", "name": {{"type": "Property", "value": "R1"}},
              "house": {{"type": "Relationship", "object": "urn:x:house"}}}}}},
            "users": {{"type": "Relationship", "object": ["urn:x:bob", "urn:x:none"],
                      "entity": [{bob}]}},
            "ways": {{"type": "ListRelationship", "objectList":
                [{{"object": "urn:x:eve"}}, {{"object": "urn:x:bob"}}],
                "entityList": [{eve}, {bob}]}}}}"#
    );
    assert_eq!(got, json(&wanted));
}

#[tokio::test]
async fn clause_4_5_23_3_linked_entities_stand_behind() {
    let town = Town::new();
    town.made(TOWN).await;
    for (params, wanted) in [
        ("join=flat", "desk room bob eve"),
        ("join=flat&joinLevel=2", "desk room bob eve house"),
        ("join=flat&joinLevel=9", "desk room bob eve house"),
        (
            "join=flat&joinLevel=2&pick=id,room{id,house{id}}",
            "desk room house",
        ),
        ("join=flat&joinLevel=2&pick=id,room{id}", "desk room"),
        ("join=flat&omit=room,ways", "desk bob"),
        ("join=flat&containedBy=urn:x:bob,urn:x:eve", "desk room"),
    ] {
        for path in ["/entities/urn:x:desk?", "/entities?type=Desk&"] {
            let told = town.get(&format!("{path}{params}")).await;
            let ids: Vec<String> = told.ids();
            let ids: Vec<&str> = ids
                .iter()
                .filter_map(|i| i.strip_prefix("urn:x:"))
                .collect();
            assert_eq!(ids.join(" "), wanted, "{path}{params}");
        }
    }
    // Whoever leads nowhere is alone.
    let got = town
        .have("/entities/urn:x:bob?join=flat&options=keyValues")
        .await;
    assert_eq!(
        got,
        json(r#"{"id": "urn:x:bob", "type": "Person", "name": "Bob"}"#)
    );
    let geo = ("accept", "application/geo+json");
    let told = town
        .call("GET", "/entities/urn:x:desk?join=flat", &[geo], None)
        .await;
    let features = told.json();
    let features = features.get("features").and_then(|f| f.items());
    assert_eq!(features.map(<[_]>::len), Some(4));
    let body = r#"{"type": "Query", "entities": [{"type": "Desk"}], "join": "flat", "joinLevel": 2,
        "containedBy": ["urn:x:eve"], "pick": ["id", "room{id,house{id}}", "ways{id}"]}"#;
    let told = town.send("POST", "/entityOperations/query", body).await;
    let wanted = ["urn:x:desk", "urn:x:room", "urn:x:bob", "urn:x:house"];
    assert_eq!(told.ids(), wanted);
}

#[tokio::test]
async fn clause_4_9_a_query_asks_what_an_entity_leads_to() {
    let town = Town::new();
    town.made(TOWN).await;
    for (q, levels, wanted) in [
        ("room{name}==\"R1\"", 1, 1),
        ("room{name}==\"R2\"", 1, 0),
        ("room{name}!=\"R2\"", 1, 1),
        ("room{Room:name}==\"R1\"", 1, 1),
        ("room{Room,Hall:name}==\"R1\"", 1, 1),
        ("room{Hall:name}==\"R1\"", 1, 0),
        ("room{house{name}}==\"H1\"", 2, 1),
        ("room{house{House:name}}~=\"H.\"", 2, 1),
        ("users{name}==\"Bob\";ways{name}==\"Eve\"", 1, 1),
        ("users{name}==\"Eve\"|ways{name}==\"Eve\"", 1, 1),
        ("room{none}", 1, 0),
        ("users{name}", 1, 1),
    ] {
        let path = format!("/entities?type=Desk&q={q}&join=inline&joinLevel={levels}");
        let told = town.get(&path).await;
        assert_eq!(told.status, 200, "{q}: {}", told.text);
        assert_eq!(told.ids().len(), wanted, "{q}");
    }
}

const BAD: &[Refusal<'_>] = &[
    (
        "4.5.23",
        "GET",
        "/entities/urn:x:desk?join=none",
        None,
        400,
        "BadRequestData",
    ),
    (
        "6.5.3.1",
        "GET",
        "/entities/urn:x:desk?joinLevel=1",
        None,
        400,
        "BadRequestData",
    ),
    (
        "6.5.3.1",
        "GET",
        "/entities/urn:x:desk?join=flat&joinLevel=0",
        None,
        400,
        "BadRequestData",
    ),
    (
        "6.5.3.1",
        "GET",
        "/entities/urn:x:desk?join=flat&joinLevel=x",
        None,
        400,
        "BadRequestData",
    ),
    (
        "6.5.3.1",
        "GET",
        "/entities/urn:x:desk?join=flat&joinLevel=17",
        None,
        403,
        "TooComplexQuery",
    ),
    (
        "6.5.3.1",
        "GET",
        "/entities/urn:x:desk?join=flat&containedBy=x",
        None,
        400,
        "BadRequestData",
    ),
    (
        "5.7.1.4",
        "GET",
        "/entities/urn:x:desk?pick=room{name}",
        None,
        400,
        "BadRequestData",
    ),
    (
        "5.7.1.4",
        "GET",
        "/entities/urn:x:desk?pick=room{house{name}}&join=inline",
        None,
        400,
        "BadRequestData",
    ),
    (
        "5.7.1.4",
        "GET",
        "/entities/urn:x:desk?omit=room{house{name}}&join=flat",
        None,
        400,
        "BadRequestData",
    ),
    (
        "5.7.2.4",
        "GET",
        "/entities?type=Desk&q=room{name}==\"R1\"",
        None,
        400,
        "BadRequestData",
    ),
    (
        "5.7.2.4",
        "GET",
        "/entities?type=Desk&q=room{house{name}}==\"H1\"&join=flat",
        None,
        400,
        "BadRequestData",
    ),
    (
        "4.9",
        "GET",
        "/entities?type=Desk&q=room{name==\"R1\"&join=flat",
        None,
        400,
        "BadRequestData",
    ),
];

#[tokio::test]
async fn what_reaches_too_far_is_refused() {
    let town = Town::new();
    town.made(TOWN).await;
    refused(&town, BAD).await;
}

#[tokio::test]
async fn what_would_be_written_without_end_is_refused() {
    let town = Town::new();
    // Twelve layers of ten, each leading to all of the next: 10^12 in line.
    for layer in 0..12 {
        for n in 0..10 {
            let next: Vec<String> = (0..10)
                .map(|m| format!(r#""urn:x:{}:{m}""#, layer + 1))
                .collect();
            let body = format!(
                r#"{{"id": "urn:x:{layer}:{n}", "type": "L{layer}",
                    "to": {{"type": "Relationship", "object": [{}]}}}}"#,
                next.join(",")
            );
            town.done("POST", "/entities", &body).await;
        }
    }
    let told = town.get("/entities?type=L0&join=inline&joinLevel=12").await;
    assert_eq!((told.status, &*told.problem()), (403, "TooComplexQuery"));
    let told = town.get("/entities?type=L0&join=flat&joinLevel=12").await;
    assert_eq!(told.ids().len(), 120);
    let q = "to{to{to{to{to{to{to{to{none}}}}}}}}";
    let told = town
        .get(&format!("/entities?type=L0&q={q}&join=flat&joinLevel=8"))
        .await;
    assert_eq!((told.status, &*told.problem()), (403, "TooComplexQuery"));
}
