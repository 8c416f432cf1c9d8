//! @contexts as a resource (clauses 6.29 and 6.30, 5.13).

use crate::town::{LD, Refusal, Town, json, refused};

const HOSTED: &str = r#"{"@context": {"A1": "urn:x:a1"}, "more": 1}"#;

#[tokio::test]
async fn clause_5_13_2_an_context_is_hosted_used_and_deleted() {
    let town = Town::new();
    let told = town.send("POST", "/jsonldContexts", HOSTED).await;
    assert_eq!((told.status, &*told.text), (201, ""));
    let at = told.header("location").expect("a location").to_owned();
    let path = at.strip_prefix("/ngsi-ld/v1").expect("a path").to_owned();
    let got = town.have(&path).await;
    assert_eq!(got, json(r#"{"@context": {"A1": "urn:x:a1"}}"#));
    let got = town.have("/jsonldContexts").await;
    let url = format!("http://localhost{at}");
    assert_eq!(got, json(&format!(r#"["{url}"]"#)));
    let link = format!("<{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"");
    let body = r#"{"id": "urn:x:1", "type": "T", "A1": 7}"#;
    let headers = [("content-type", "application/json"), ("link", &*link)];
    let told = town.call("POST", "/entities", &headers, Some(body)).await;
    assert_eq!(told.status, 201, "{}", told.text);
    let got = town.have("/entities/urn:x:1?options=keyValues").await;
    assert_eq!(got.get("urn:x:a1"), Some(&json("7")));
    let got = town.have(&format!("{path}?details=true")).await;
    assert_eq!(got.get("URL"), Some(&(&*url).into()));
    assert_eq!(got.get("kind"), Some(&"Hosted".into()));
    assert_eq!(got.get("numberOfHits"), Some(&json("1")));
    for member in ["createdAt", "timestamp", "lastUsage"] {
        assert!(got.get(member).is_some(), "5.13.3.5: {member}");
    }
    assert_eq!(got.get("expiresAt"), None, "what is hosted stays");
    let all = town.have("/jsonldContexts?details=true").await;
    assert_eq!(all.items().expect("a list"), [got]);
    assert_eq!(town.delete(&path).await.status, 204);
    assert_eq!(town.get(&path).await.status, 404);
    let link = [("link", &*link)];
    let told = town.call("GET", "/entities/urn:x:1", &link, None).await;
    assert_eq!(told.status, 504);
}

const CACHED: &str = "/jsonldContexts/https:%2F%2Fx.example%2Fc.jsonld";

/// A town with an @context of each kind, and where the one is that it made itself.
async fn town() -> (Town, String) {
    let town = Town::new();
    let url = "https://x.example/c.jsonld";
    let kept = town
        .broker
        .cache_context(url, br#"{"@context": {"b": "urn:x:b"}}"#);
    kept.expect("a context").await.expect("it is kept");
    town.done("POST", "/jsonldContexts", HOSTED).await;
    // An answer whose @context has no one URL makes one.
    let body = r#"{"type": "Query", "entities": [{"type": "T"}],
        "@context": ["https://x.example/c.jsonld", {"c": "urn:x:c"}]}"#;
    let at = "/entityOperations/query";
    let told = town.call("POST", at, &[LD], Some(body)).await;
    let link = told.header("link").expect("a link");
    let path = link.strip_prefix("<http://localhost/ngsi-ld/v1");
    let path = path.and_then(|l| l.split('>').next()).expect("a path");
    let path = path.to_owned();
    (town, path)
}

#[tokio::test]
async fn clause_5_13_1_kinds() {
    let (town, made) = town().await;
    for kind in ["Hosted", "Cached", "ImplicitlyCreated"] {
        let path = format!("/jsonldContexts?kind={kind}&details=true");
        let got = town.have(&path).await;
        let items = got.items().expect("a list");
        assert_eq!(items.len(), 1, "{kind}");
        assert_eq!(items[0].get("kind"), Some(&kind.into()));
    }
    let served = town.have(&made).await;
    let context = served.get("@context").expect("a context").to_string();
    assert!(context.contains("urn:x:c"), "{context}");
    let details = town.get(&format!("{CACHED}?details=true")).await;
    assert_eq!(details.status, 200);
    assert_eq!(town.delete(CACHED).await.status, 204);
    assert_eq!(town.delete(CACHED).await.status, 404);
}

#[tokio::test]
async fn what_is_none_is_refused() {
    let (town, made) = town().await;
    let (again, cached) = (
        format!("{made}?reload=true"),
        format!("{CACHED}?reload=true"),
    );
    #[rustfmt::skip]
    let bad: &[Refusal<'_>] = &[
        ("5.13.4.4", "GET", CACHED, None, 422, "OperationNotSupported"),
        ("5.13.4.4", "GET", "/jsonldContexts/none", None, 404, "ResourceNotFound"),
        ("5.13.5.4", "DELETE", "/jsonldContexts/none", None, 404, "ResourceNotFound"),
        ("5.13.5.4", "DELETE", &again, None, 400, "BadRequestData"),
        // It cannot be had again, and stays.
        ("5.13.5.4", "DELETE", &cached, None, 504, "LdContextNotAvailable"),
        ("5.13.3.4", "GET", "/jsonldContexts?kind=None", None, 400, "BadRequestData"),
        ("5.13.2.4", "POST", "/jsonldContexts", Some(r#"{"A1": "urn:x:a1"}"#), 400,
            "BadRequestData"),
        ("5.13.2.4", "POST", "/jsonldContexts", Some(r#"{"@context": 42}"#), 400,
            "BadRequestData"),
        ("5.13.2.4", "POST", "/jsonldContexts", Some(r#"{"@context": true}"#), 400,
            "BadRequestData"),
        ("5.13.2.4", "POST", "/jsonldContexts",
            Some(r#"{"@context": ["https://none.example/c", 7]}"#), 400, "BadRequestData"),
        ("5.13.2.4", "POST", "/jsonldContexts", Some(r#"{"@context": {"a" 1}}"#), 400,
            "InvalidRequest"),
        ("5.13.2.4", "POST", "/jsonldContexts",
            Some(r#"{"@context": "https://none.example/c"}"#), 504, "LdContextNotAvailable"),
    ];
    refused(&town, bad).await;
    let details = town.get(&format!("{CACHED}?details=true")).await;
    assert_eq!(details.status, 200);
}
