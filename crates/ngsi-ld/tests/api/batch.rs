//! Many entities in one call (clauses 6.14 to 6.17 and 6.31).

use crate::town::{LD, Refusal, Town, json, refused};

const AT: &str = "/entityOperations";

#[tokio::test]
async fn clause_6_14_a_batch_is_made_each_for_itself() {
    let town = Town::new();
    let two = r#"[{"id": "urn:x:1", "type": "T"}, {"id": "urn:x:2", "type": "T", "a": 1}]"#;
    let told = town.send("POST", &format!("{AT}/create"), two).await;
    assert_eq!(told.status, 201);
    assert_eq!(told.json(), json(r#"["urn:x:1", "urn:x:2"]"#));
    // Some are there, some are wrong, one is new; of one id the first counts.
    let mixed = r#"[{"id": "urn:x:2", "type": "T"}, {"id": "urn:x:3", "type": "T"},
        {"id": "urn:x:4"}, {"id": "urn:x:3", "type": "U"}]"#;
    let told = town.send("POST", &format!("{AT}/create"), mixed).await;
    assert_eq!(told.status, 207);
    assert_eq!(told.header("content-type"), Some("application/json"));
    let told = told.json();
    assert_eq!(told.get("success"), Some(&json(r#"["urn:x:3"]"#)));
    let errors = told.get("errors").and_then(|e| e.items()).expect("a list");
    let of = |n: usize| {
        let error = errors[n].get("error").expect("an error");
        let kind = error.get("type").and_then(|t| t.as_str()).expect("a type");
        let id = errors[n].get("entityId").and_then(|i| i.as_str());
        let kind = kind.rsplit('/').next().expect("a name").to_owned();
        assert!(error.get("title").is_some() && error.get("status").is_some());
        (id.expect("an id").to_owned(), kind)
    };
    assert_eq!(of(0), ("urn:x:2".into(), "AlreadyExists".into()));
    assert_eq!(of(1), ("urn:x:4".into(), "BadRequestData".into()));
    assert_eq!(of(2), ("urn:x:3".into(), "AlreadyExists".into()));
    // None of them.
    let told = town.send("POST", &format!("{AT}/create"), two).await;
    assert_eq!(told.status, 207);
    assert_eq!(told.json().get("success"), Some(&json("[]")));
}

#[tokio::test]
async fn clause_6_15_an_upsert_makes_replaces_or_updates() {
    let town = Town::new();
    let upsert = format!("{AT}/upsert");
    let update = format!("{AT}/upsert?options=update");
    let first = r#"[{"id": "urn:x:1", "type": "T", "a": 1, "b": 1}]"#;
    let told = town.send("POST", &upsert, first).await;
    assert_eq!((told.status, told.json()), (201, json(r#"["urn:x:1"]"#)));
    let second = r#"[{"id": "urn:x:1", "type": "T", "a": 2}]"#;
    let told = town.send("POST", &upsert, second).await;
    assert_eq!((told.status, &*told.text), (204, ""));
    let got = town.have("/entities/urn:x:1?options=keyValues").await;
    assert_eq!(got, json(r#"{"id": "urn:x:1", "type": "T", "a": 2}"#));
    let both = r#"[{"id": "urn:x:1", "type": "T", "b": 3}, {"id": "urn:x:2", "type": "T"}]"#;
    let told = town.send("POST", &update, both).await;
    assert_eq!((told.status, told.json()), (201, json(r#"["urn:x:2"]"#)));
    let got = town.have("/entities/urn:x:1?options=keyValues").await;
    assert_eq!(
        got,
        json(r#"{"id": "urn:x:1", "type": "T", "a": 2, "b": 3}"#)
    );
    let partly = r#"[{"id": "urn:x:1", "type": "T"}, {"id": "no uri", "type": "T"}]"#;
    let told = town.send("POST", &upsert, partly).await;
    assert_eq!(told.status, 207);
    assert_eq!(told.json().get("success"), Some(&json(r#"["urn:x:1"]"#)));
    // An update may remove, and what is not there is made (5.6.8.4, 5.6.2.4).
    let removing = r#"[{"id": "urn:x:1", "type": "T", "a": 1, "b": "urn:ngsi-ld:null"},
        {"id": "urn:x:7", "type": "T", "b": "urn:ngsi-ld:null"}]"#;
    town.done("POST", "/entities/urn:x:1/attrs", r#"{"b": 5}"#)
        .await;
    let told = town.send("POST", &update, removing).await;
    assert_eq!(told.status, 207, "what is not there has nothing to remove");
    assert_eq!(told.json().get("success"), Some(&json(r#"["urn:x:1"]"#)));
    let got = town.have("/entities/urn:x:1?options=keyValues").await;
    assert_eq!(got, json(r#"{"id": "urn:x:1", "type": "T", "a": 1}"#));
    let told = town.send("POST", &upsert, removing).await;
    assert_eq!(told.json().get("success"), Some(&json("[]")));
    // Several of one id, in their order (5.5.11.2).
    let thrice = r#"[{"id": "urn:x:9", "type": "T", "a": 1}, {"id": "urn:x:9", "type": "T", "b": 2},
        {"id": "urn:x:9", "type": "T", "a": 3}]"#;
    town.send("POST", &update, thrice).await;
    let got = town.have("/entities/urn:x:9?options=keyValues").await;
    assert_eq!(
        got,
        json(r#"{"id": "urn:x:9", "type": "T", "a": 3, "b": 2}"#)
    );
}

#[tokio::test]
async fn clauses_6_16_and_6_31_a_batch_updates_and_merges() {
    let town = Town::new();
    town.made(&[
        r#"{"id": "urn:x:1", "type": "T", "a": 1, "b": {"value": {"c": 1, "d": 1}}}"#,
        r#"{"id": "urn:x:2", "type": "T", "a": 1}"#,
    ])
    .await;
    let update = r#"[{"id": "urn:x:1", "a": 2}, {"id": "urn:x:2", "type": "T", "z": 1}]"#;
    let told = town.send("POST", &format!("{AT}/update"), update).await;
    assert_eq!((told.status, &*told.text), (204, ""));
    let keep = r#"[{"id": "urn:x:1", "type": "T", "a": 9}]"#;
    let at = format!("{AT}/update?options=noOverwrite");
    assert_eq!(town.send("POST", &at, keep).await.status, 204);
    let merge = r#"[{"id": "urn:x:1", "type": "T", "b": {"value": {"d": "urn:ngsi-ld:null"}}},
        {"id": "urn:x:2", "type": "T", "a": "urn:ngsi-ld:null"}]"#;
    let told = town.send("POST", &format!("{AT}/merge"), merge).await;
    assert_eq!((told.status, &*told.text), (204, ""));
    let got = town.have("/entities?type=T&options=keyValues").await;
    let wanted = r#"[{"id": "urn:x:1", "type": "T", "a": 2, "b": {"c": 1}},
        {"id": "urn:x:2", "type": "T", "z": 1}]"#;
    assert_eq!(got, json(wanted));
    for operation in ["update", "merge"] {
        let body = r#"[{"id": "urn:x:1", "type": "T", "a": 1}, {"id": "urn:x:none", "type": "T"}]"#;
        let told = town.send("POST", &format!("{AT}/{operation}"), body).await;
        assert_eq!(told.status, 207, "{operation}");
        let told = told.json();
        assert_eq!(told.get("success"), Some(&json(r#"["urn:x:1"]"#)));
        assert_eq!(
            told.get("errors").and_then(|e| e.items()).map(<[_]>::len),
            Some(1)
        );
    }
}

#[tokio::test]
async fn clause_6_17_a_batch_is_deleted() {
    let town = Town::new();
    town.made(&[
        r#"{"id": "urn:x:1", "type": "T"}"#,
        r#"{"id": "urn:x:2", "type": "T"}"#,
        r#"{"id": "urn:x:3", "type": "T"}"#,
    ])
    .await;
    let at = format!("{AT}/delete");
    let told = town.send("POST", &at, r#"["urn:x:1", "urn:x:2"]"#).await;
    assert_eq!((told.status, &*told.text), (204, ""));
    let told = town.send("POST", &at, r#"["urn:x:1", "urn:x:3"]"#).await;
    assert_eq!(told.status, 207);
    assert_eq!(told.json().get("success"), Some(&json(r#"["urn:x:3"]"#)));
    assert!(town.broker.is_empty());
    // Each is done or not for itself, one that is no URI too.
    town.made(&[r#"{"id": "urn:x:1", "type": "T"}"#]).await;
    let told = town.send("POST", &at, r#"["no uri", "urn:x:1"]"#).await;
    assert_eq!(told.status, 207);
    let told = told.json();
    assert_eq!(told.get("success"), Some(&json(r#"["urn:x:1"]"#)));
    let errors = told.get("errors").and_then(|e| e.items()).expect("a list");
    assert_eq!(errors[0].get("entityId"), Some(&"no uri".into()));
    let kind = errors[0].get("error").and_then(|e| e.get("type"));
    let kind = kind.and_then(|t| t.as_str()).unwrap_or_default();
    assert!(kind.ends_with("/BadRequestData"), "{kind}");
    assert!(town.broker.is_empty());
}

const BAD: &[Refusal<'_>] = &[
    (
        "5.6.7.4",
        "POST",
        "/entityOperations/create",
        Some("[]"),
        400,
        "BadRequestData",
    ),
    (
        "5.6.7.4",
        "POST",
        "/entityOperations/create",
        Some("[null]"),
        400,
        "BadRequestData",
    ),
    (
        "5.6.7.4",
        "POST",
        "/entityOperations/create",
        Some(r#"[{"id": "urn:x:1", "type": "T"}, null]"#),
        400,
        "BadRequestData",
    ),
    (
        "5.5.4",
        "POST",
        "/entityOperations/create",
        Some("[{,}]"),
        400,
        "InvalidRequest",
    ),
    (
        "5.6.7.3",
        "POST",
        "/entityOperations/create",
        Some("{}"),
        400,
        "BadRequestData",
    ),
    (
        "5.6.8.4",
        "POST",
        "/entityOperations/upsert",
        Some("[]"),
        400,
        "BadRequestData",
    ),
    (
        "5.6.9.4",
        "POST",
        "/entityOperations/update",
        Some("[]"),
        400,
        "BadRequestData",
    ),
    (
        "5.6.20.4",
        "POST",
        "/entityOperations/merge",
        Some("[]"),
        400,
        "BadRequestData",
    ),
    (
        "5.6.10.4",
        "POST",
        "/entityOperations/delete",
        Some("[]"),
        400,
        "BadRequestData",
    ),
    (
        "5.6.10.4",
        "POST",
        "/entityOperations/delete",
        Some("[7]"),
        400,
        "BadRequestData",
    ),
];

#[tokio::test]
async fn a_batch_that_is_none_is_refused_whole() {
    let town = Town::new();
    refused(&town, BAD).await;
    assert!(town.broker.is_empty());
}

#[tokio::test]
async fn clause_6_3_5_each_entity_brings_its_own_context() {
    let town = Town::new();
    let at = format!("{AT}/create");
    let list = r#"[
        {"id": "urn:x:1", "type": "T", "@context": {"T": "https://x.example/T"}},
        {"id": "urn:x:2", "type": "T", "@context": {"T": "https://y.example/T"}},
        {"id": "urn:x:3", "type": "T"}]"#;
    let told = town.call("POST", &at, &[LD], Some(list)).await;
    assert_eq!(told.status, 207, "the third has none");
    assert_eq!(
        told.json().get("success"),
        Some(&json(r#"["urn:x:1", "urn:x:2"]"#))
    );
    let got = town.have("/entities?local=true").await;
    let wanted = r#"[{"id": "urn:x:1", "type": "https://x.example/T"},
        {"id": "urn:x:2", "type": "https://y.example/T"}]"#;
    assert_eq!(got, json(wanted));
    let link = (
        "link",
        r#"<https://x.example/c>; rel="http://www.w3.org/ns/json-ld#context""#,
    );
    let told = town.call("POST", &at, &[LD, link], Some(list)).await;
    assert_eq!((told.status, &*told.problem()), (400, "BadRequestData"));
}
