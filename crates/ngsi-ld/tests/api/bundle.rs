//! @contexts that are brought along: taken whole or not at all, told of as cached ones (clause
//! 5.13), there after a start, and never fetched.

use loggia_ngsi_ld::broker::{Brought, Imported};
use loggia_ngsi_ld::{DOCUMENT_BYTES_MAX, Error, Json};

use crate::town::{Town, json};

const A: &str = "https://models.example/a.jsonld";
const B: &str = "https://models.example/b.jsonld";

fn brought(url: &str, document: &str) -> Brought {
    Brought {
        url: url.into(),
        document: json(document),
    }
}

/// `A` stands on `B`.
fn pair() -> Vec<Brought> {
    vec![
        brought(
            A,
            &format!(r#"{{"@context": ["{B}", {{"a": "x:a"}}], "more": 1}}"#),
        ),
        brought(
            B,
            r#"{"@context": {"x": "https://x.example/#", "b": "x:b"}}"#,
        ),
    ]
}

async fn taken(town: &Town, bundle: Vec<Brought>) -> Imported {
    let (done, kept) = town.broker.import_contexts(bundle).expect("a good bundle");
    kept.await.expect("it is on disk");
    done
}

/// What clause 5.13.4 tells of each, without how often it was used.
async fn told(town: &Town) -> Vec<(String, String)> {
    let list = town.have("/jsonldContexts?details=true").await;
    let text = |one: &Json, name: &str| one.get(name).and_then(Json::as_str).map(str::to_owned);
    let each = list.items().expect("a list").iter();
    each.map(|one| {
        (
            text(one, "URL").expect("a URL"),
            text(one, "kind").expect("a kind"),
        )
    })
    .collect()
}

/// The town has nowhere to fetch from: what is answered was at hand.
async fn used(town: &Town) {
    let link = format!("<{A}>; rel=\"http://www.w3.org/ns/json-ld#context\"");
    let body = r#"{"id": "urn:x:1", "type": "T", "a": 7, "b": 8}"#;
    let headers = [("content-type", "application/json"), ("link", &*link)];
    let made = town.call("POST", "/entities", &headers, Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let got = town.have("/entities/urn:x:1?options=keyValues").await;
    assert_eq!(got.get("https://x.example/#a"), Some(&json("7")));
    assert_eq!(got.get("https://x.example/#b"), Some(&json("8")));
    assert_eq!(town.delete("/entities/urn:x:1").await.status, 204);
}

#[tokio::test]
async fn a_bundle_is_at_hand_and_stays() {
    let mut town = Town::new();
    let done = taken(&town, pair()).await;
    assert_eq!((done.new, done.changed, done.unchanged), (2, 0, 0));
    assert!(done.missing.is_empty());
    used(&town).await;
    let all = told(&town).await;
    let cached = |url: &str| (url.to_owned(), "Cached".to_owned());
    assert_eq!(all, [cached(A), cached(B)]);
    town = town.again();
    assert_eq!(told(&town).await, all);
    used(&town).await;
    town.broker.snapshot().expect("a snapshot");
    town = town.again();
    assert_eq!(told(&town).await, all);
    used(&town).await;
    let before = town.broker.bus().durable();
    let done = taken(&town, pair()).await;
    assert_eq!((done.new, done.unchanged), (0, 2));
    let after = town.broker.bus().durable();
    assert_eq!(after, before, "what is held costs no record");
}

#[tokio::test]
async fn another_document_takes_the_place_of_the_one_there_is() {
    let town = Town::new();
    taken(&town, pair()).await;
    used(&town).await;
    let other = r#"{"@context": {"x": "https://x.example/#", "b": "urn:other"}}"#;
    let done = taken(&town, vec![brought(B, other)]).await;
    assert_eq!((done.new, done.changed), (0, 1));
    let body = format!(r#"{{"id": "urn:x:2", "type": "T", "b": 1, "@context": "{A}"}}"#);
    let headers = [crate::town::LD];
    let made = town.call("POST", "/entities", &headers, Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let got = town.have("/entities/urn:x:2?options=keyValues").await;
    assert_eq!(got.get("urn:other"), Some(&json("1")));
    assert_eq!(told(&town).await.len(), 2);
}

#[tokio::test]
async fn what_is_built_in_or_lacking_is_said() {
    let town = Town::new();
    let core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";
    let lacking = r#"{"@context": ["https://models.example/none", {"c": "urn:x:c"}]}"#;
    let bundle = vec![
        brought(core, r#"{"@context": {}}"#),
        brought("https://models.example/c", lacking),
    ];
    let done = taken(&town, bundle).await;
    assert_eq!((done.built_in, done.new), (1, 1));
    let missing: Vec<&str> = done.missing.iter().map(|u| &**u).collect();
    assert_eq!(missing, ["https://models.example/none"]);
}

#[tokio::test]
async fn a_bad_document_changes_nothing_of_its_bundle() {
    let town = Town::new();
    let hosted = r#"{"@context": {"h": "urn:x:h"}}"#;
    town.done("POST", "/jsonldContexts", hosted).await;
    let all = told(&town).await;
    let hosted_at = all[0].0.clone();
    let large = format!(
        r#"{{"@context": {{"a": "urn:x:{}"}}}}"#,
        "a".repeat(DOCUMENT_BYTES_MAX)
    );
    let good = r#"{"@context": {}}"#;
    for (url, document, says) in [
        (B, "[]", "holds no @context"),
        (B, r#"{"a": "urn:x:a"}"#, "holds no @context"),
        (B, r#"{"@context": 7}"#, B),
        (B, r#"{"@context": {"a": {"@id": 7}}}"#, B),
        (B, &large, "bytes"),
        (A, good, "twice"),
        ("urn:x:context", good, "http or https"),
        ("https://", good, "http or https"),
        (&hosted_at, good, "hosted here"),
    ] {
        let bundle = vec![brought(A, good), brought(url, document)];
        let error = town.broker.import_contexts(bundle).expect_err(says);
        assert!(error.to_string().contains(says), "{says}: {error}");
        assert!(!matches!(error, Error::Broken(_)), "{error:?}");
        assert_eq!(told(&town).await, all, "{says}");
    }
}
