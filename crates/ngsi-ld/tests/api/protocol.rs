//! Media types, @contexts, tenants and errors of HTTP itself (clauses 6.3.2 to 6.3.6, 6.3.14).

use crate::town::{JSON, LD, Town, json};

const CONTEXT: &str = "https://x.example/context.jsonld";
const LINK: (&str, &str) = (
    "link",
    "<https://x.example/context.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"; \
     type=\"application/ld+json\"",
);
const MERGE: (&str, &str) = ("content-type", "application/merge-patch+json");
const ODD: (&str, &str) = ("content-type", "text/json");
const GEO: (&str, &str) = ("accept", "application/geo+json");
const NONE: (&str, &str) = ("ngsild-tenant", "none");

async fn town() -> Town {
    let town = Town::new();
    let document =
        r#"{"@context": {"Car": "https://x.example/Car", "speed": "https://x.example/s"}}"#;
    let kept = town.broker.cache_context(CONTEXT, document.as_bytes());
    kept.expect("a context").await.expect("it is kept");
    town
}

type Headers = &'static [(&'static str, &'static str)];

/// Clause, method, path, headers, body, status, problem (nothing where there is no body).
type Row = (
    &'static str,
    &'static str,
    &'static str,
    Headers,
    &'static str,
    u16,
    &'static str,
);

const CAR: &str = r#"{"id": "urn:x:new", "type": "Car"}"#;
const CAR_LD: &str = r#"{"id": "urn:x:new", "type": "Car",
    "@context": "https://x.example/context.jsonld"}"#;

#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("6.3.4", "POST", "/entities", &[("content-type", "text/plain")], CAR, 415, ""),
    ("6.3.4", "POST", "/entities", &[], CAR, 415, ""),
    ("6.3.4", "POST", "/entities", &[MERGE], CAR, 415, ""),
    ("6.3.4", "PATCH", "/entities/urn:x:1", &[ODD], "{}", 415, ""),
    ("6.3.4", "POST", "/entityOperations/create", &[ODD], "[]", 415, ""),
    ("6.3.4", "POST", "/entityOperations/delete", &[ODD], "[]", 415, ""),
    ("6.3.4", "POST", "/jsonldContexts", &[ODD], "{}", 415, ""),
    ("6.3.4", "GET", "/entities/urn:x:1", &[("accept", "text/plain")], "", 406,
        "InvalidRequest"),
    ("6.3.4", "GET", "/entities?type=Car", &[("accept", "image/*")], "", 406, "InvalidRequest"),
    ("6.3.4", "GET", "/types", &[("accept", "text/html")], "", 406, "InvalidRequest"),
    ("6.3.4", "GET", "/entities/urn:x:1", &[("accept", "application/json;q=0")], "", 406,
        "InvalidRequest"),
    // Whoever changes something takes JSON in answer (6.3.2); GeoJSON is of queries alone.
    ("6.3.2", "POST", "/entities", &[JSON, ("accept", "text/plain")], CAR, 406,
        "InvalidRequest"),
    ("6.3.4", "POST", "/entities", &[JSON, GEO], CAR, 406, "InvalidRequest"),
    ("6.3.4", "POST", "/entityOperations/create", &[JSON, GEO], "[]", 406, "InvalidRequest"),
    ("6.3.4", "DELETE", "/entities/urn:x:1", &[GEO], "", 406, "InvalidRequest"),
    ("6.3.4", "GET", "/types", &[GEO], "", 406, "InvalidRequest"),
    ("6.3.4", "GET", "/temporal/entities/urn:x:1", &[GEO], "", 406, "InvalidRequest"),
    // No mixes.
    ("6.3.5", "POST", "/entities", &[LD], CAR, 400, "BadRequestData"),
    ("6.3.5", "POST", "/entities", &[JSON], CAR_LD, 400, "BadRequestData"),
    ("6.3.5", "POST", "/entities", &[LD, LINK], CAR_LD, 400, "BadRequestData"),
    ("6.3.5", "PATCH", "/entities/urn:x:1", &[LD], r#"{"speed": 1}"#, 400, "BadRequestData"),
    ("6.3.5", "PATCH", "/entities/urn:x:1", &[MERGE], r#"{"speed": 1, "@context": []}"#, 400,
        "BadRequestData"),
    ("6.3.5", "POST", "/entityOperations/query", &[LD],
        r#"{"type": "Query", "entities": [{"type": "Car"}]}"#, 400, "BadRequestData"),
    ("6.3.5", "POST", "/entityOperations/delete", &[LD, LINK], r#"["urn:x:1"]"#, 400,
        "BadRequestData"),
    ("6.3.5", "POST", "/jsonldContexts", &[LD, LINK], r#"{"@context": {}}"#, 400,
        "BadRequestData"),
    ("6.3.5", "GET", "/entities/urn:x:1", &[("link", "<none>; \
        rel=\"http://www.w3.org/ns/json-ld#context\"")], "", 400, "InvalidRequest"),
    // An @context that cannot be had, or is none.
    ("5.5.4", "POST", "/entities", &[LD],
        r#"{"id": "urn:x:new", "type": "Car", "@context": "https://none.example/c"}"#, 504,
        "LdContextNotAvailable"),
    ("5.5.4", "GET", "/entities/urn:x:1", &[("link", "<https://none.example/c>; \
        rel=\"http://www.w3.org/ns/json-ld#context\"")], "", 504, "LdContextNotAvailable"),
    ("5.5.4", "POST", "/entities", &[LD],
        r#"{"id": "urn:x:new", "type": "Car", "@context": 7}"#, 400, "BadRequestData"),
    ("5.5.4", "POST", "/entities", &[LD],
        r#"{"id": "urn:x:new", "type": "Car", "@context": ["https://none.example/c", true]}"#,
        400, "BadRequestData"),
    ("6.3.14", "GET", "/entities/urn:x:1", &[NONE], "", 404, "NonexistentTenant"),
    ("6.3.14", "GET", "/entities?type=Car", &[NONE], "", 404, "NonexistentTenant"),
    ("6.3.14", "DELETE", "/entities/urn:x:1", &[NONE], "", 404, "NonexistentTenant"),
    ("6.3.14", "GET", "/types", &[NONE], "", 404, "NonexistentTenant"),
    ("5.5.10", "DELETE", "/entities?type=Car", &[NONE], "", 404, "NonexistentTenant"),
    ("5.5.10", "PATCH", "/entities/urn:x:1", &[JSON, NONE], r#"{"a": 1}"#, 404,
        "NonexistentTenant"),
    ("5.5.10", "POST", "/entityOperations/update", &[JSON, NONE],
        r#"[{"id": "urn:x:1", "a": 1}]"#, 404, "NonexistentTenant"),
    ("5.5.10", "POST", "/entityOperations/merge", &[JSON, NONE],
        r#"[{"id": "urn:x:1", "a": 1}]"#, 404, "NonexistentTenant"),
    ("5.5.10", "POST", "/entityOperations/delete", &[JSON, NONE], r#"["urn:x:1"]"#, 404,
        "NonexistentTenant"),
    ("5.5.10", "POST", "/temporal/entities/urn:x:1/attrs", &[JSON, NONE], r#"{"a": [
        {"value": 1, "observedAt": "2026-01-01T00:00:00Z"}]}"#, 404, "NonexistentTenant"),
    ("5.5.10", "DELETE", "/temporal/entities/urn:x:1", &[NONE], "", 404, "NonexistentTenant"),
    ("6.3.14", "GET", "/entities/urn:x:1", &[("ngsild-tenant", "a b")], "", 400,
        "InvalidRequest"),
];

#[tokio::test]
async fn preconditions_are_checked() {
    let town = town().await;
    town.made(&[r#"{"id": "urn:x:1", "type": "Car"}"#]).await;
    for (clause, method, path, headers, body, status, problem) in TABLE {
        let body = Some(*body).filter(|b| !b.is_empty());
        let told = town.call(method, path, headers, body).await;
        let text = &told.text;
        let row = format!("{clause}: {method} {path} {headers:?} {body:?}: {text}");
        assert_eq!(told.status, *status, "{row}");
        match *problem {
            "" => assert_eq!(text, "", "{row}"),
            problem => assert_eq!(told.problem(), problem, "{row}"),
        }
        assert!(told.header("link").is_none(), "{row}");
    }
    assert_eq!(town.get("/entities/urn:x:new").await.status, 404);
}

#[tokio::test]
async fn clause_6_3_4_the_body_has_a_length_and_a_limit() {
    let town = town().await;
    let told = town.call("POST", "/entities", &[JSON], None).await;
    assert_eq!((told.status, &*told.text), (411, ""));
    let told = town.call("POST", "/entities", &[JSON], Some("")).await;
    assert_eq!((told.status, &*told.problem()), (400, "InvalidRequest"));
    // A body whose length nobody said.
    let chunked = [JSON, ("transfer-encoding", "chunked")];
    let told = town
        .call_unmeasured("POST", "/entities", &chunked, CAR)
        .await;
    assert_eq!((told.status, &*told.text), (411, ""));
    let long = "x".repeat(loggia_ngsi_ld::http::BODY_BYTES_MAX);
    let told = town.send("POST", "/entities", &format!("\"{long}\"")).await;
    assert_eq!(told.status, 413);
}

/// `Accept`, and the media type of the answer.
#[rustfmt::skip]
const ACCEPTS: &[(&str, &str)] = &[
    ("", "json"),
    ("*/*", "json"),
    ("application/*", "json"),
    ("application/json", "json"),
    ("application/ld+json", "ld+json"),
    ("application/geo+json", "geo+json"),
    ("application/ld+json, application/json", "json"),
    ("application/geo+json, application/ld+json", "ld+json"),
    ("application/ld+json, */*", "ld+json"),
    ("application/ld+json;q=0.5, application/json;q=0.1", "ld+json"),
    ("application/json;q=0.1, */*", "ld+json"),
    ("text/html, application/xhtml+xml, */*;q=0.1", "json"),
    ("APPLICATION/LD+JSON", "ld+json"),
];

#[tokio::test]
async fn clause_6_3_4_the_representation_is_negotiated() {
    let town = town().await;
    town.made(&[r#"{"id": "urn:x:1", "type": "Car"}"#]).await;
    for (accept, media) in ACCEPTS {
        for path in ["/entities/urn:x:1", "/entities?type=Car"] {
            let headers = [("accept", *accept)];
            let headers = if accept.is_empty() { &[][..] } else { &headers };
            let told = town.call("GET", path, headers, None).await;
            let media = format!("application/{media}");
            let kind = told.header("content-type");
            assert_eq!(kind, Some(&*media), "{accept} {path}");
            // 6.3.6: the @context is in the body, or in a Link.
            let within = told.text.contains("@context");
            assert_eq!(within, media != "application/json", "{accept} {path}");
            assert_eq!(told.header("link").is_some(), !within, "{accept} {path}");
        }
    }
}

#[tokio::test]
async fn clause_6_3_5_names_are_those_of_the_callers_context() {
    let town = town().await;
    let body = r#"{"id": "urn:x:1", "type": "Car", "speed": 1}"#;
    let told = town
        .call("POST", "/entities", &[JSON, LINK], Some(body))
        .await;
    assert_eq!(told.status, 201);
    let got = town.have("/entities/urn:x:1?options=keyValues").await;
    let full = r#"{"id": "urn:x:1", "type": "https://x.example/Car", "https://x.example/s": 1}"#;
    assert_eq!(got, json(full));
    let at = "/entities?type=Car&options=keyValues&q=speed==1";
    let told = town.call("GET", at, &[LINK], None).await;
    let short = r#"[{"id": "urn:x:1", "type": "Car", "speed": 1}]"#;
    assert_eq!(told.json(), json(short));
    assert_eq!(told.header("link"), Some(LINK.1));
    let ld = ("accept", "application/ld+json");
    let told = town.call("GET", at, &[LINK, ld], None).await.json();
    let context = told.items().and_then(|l| l[0].get("@context"));
    let context = context.expect("a context").to_string();
    assert!(context.contains(CONTEXT), "{context}");
    // By body, in JSON-LD and in JSON.
    let ask = r#"{"type": "Query", "entities": [{"type": "Car"}]"#;
    for (headers, body) in [
        (&[JSON, LINK][..], format!("{ask}}}")),
        (&[LD][..], format!(r#"{ask}, "@context": "{CONTEXT}"}}"#)),
    ] {
        let at = "/entityOperations/query?options=keyValues";
        let told = town.call("POST", at, headers, Some(&body)).await;
        assert_eq!(told.json(), json(short), "{body}");
    }
    let patch = Some(r#"{"speed": 2}"#);
    let told = town
        .call("PATCH", "/entities/urn:x:1", &[MERGE, LINK], patch)
        .await;
    assert_eq!(told.status, 204);
    let at = "/entities/urn:x:1/attrs/speed";
    for status in [204, 404] {
        let told = town.call("DELETE", at, &[LINK], None).await;
        assert_eq!(told.status, status);
    }
}

#[tokio::test]
async fn clause_4_14_tenants_do_not_see_each_other() {
    let town = town().await;
    let village = ("ngsild-tenant", "village");
    let body = r#"{"id": "urn:x:1", "type": "Car"}"#;
    let told = town
        .call("POST", "/entities", &[JSON, village], Some(body))
        .await;
    assert_eq!(told.status, 201);
    assert_eq!(told.header("ngsild-tenant"), Some("village"));
    let at = "/entities/urn:x:1";
    assert_eq!(town.get(at).await.status, 404);
    town.made(&[body]).await;
    let told = town.call("GET", at, &[village], None).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.header("ngsild-tenant"), Some("village"));
    assert_eq!(town.delete(at).await.status, 204);
    let told = town
        .call("GET", "/entities?type=Car", &[village], None)
        .await;
    assert_eq!(told.ids(), ["urn:x:1"]);
    // A batch makes a tenant as well.
    let other = ("ngsild-tenant", "other");
    let batch = format!("[{body}]");
    let upsert = "/entityOperations/upsert";
    let told = town
        .call("POST", upsert, &[JSON, other], Some(&batch))
        .await;
    assert_eq!(told.status, 201);
    assert_eq!(town.call("GET", at, &[other], None).await.status, 200);
}

#[tokio::test]
async fn methods_and_addresses() {
    let town = town().await;
    town.made(&[r#"{"id": "urn:x:1", "type": "Car"}"#]).await;
    for (method, path) in [
        ("PUT", "/entities"),
        ("POST", "/entities/urn:x:1"),
        ("PUT", "/entities/urn:x:1/attrs"),
        ("GET", "/entityOperations/create"),
        ("DELETE", "/types"),
        ("OPTIONS", "/entities"),
    ] {
        let told = town.call(method, path, &[], None).await;
        assert_eq!(told.status, 405, "{method} {path}");
        assert!(told.header("allow").is_some(), "{method} {path}");
    }
    assert_eq!(town.get("/none").await.status, 404);
    let head = town.call("HEAD", "/entities/urn:x:1", &[], None).await;
    assert_eq!((head.status, &*head.text), (200, ""));
    assert!(head.header("link").is_some());
    // Table 6.2-1 writes collections with a slash, its figures without.
    let after = "timerel=after&timeAt=2020-01-01T00:00:00Z";
    for path in [
        "entities",
        "types",
        "attributes",
        "jsonldContexts",
        "subscriptions",
    ] {
        for path in [format!("/{path}"), format!("/{path}/")] {
            let path = format!("{path}?local=true");
            assert_eq!(town.get(&path).await.status, 200, "{path}");
        }
    }
    for path in ["/temporal/entities", "/temporal/entities/"] {
        let path = format!("{path}?type=Car&{after}");
        assert_eq!(town.get(&path).await.status, 200, "{path}");
    }
    // An entity is none, and has no slash behind.
    assert_eq!(town.get("/entities/urn:x:1/").await.status, 404);
    let at = "/entities/urn:x:1/attrs/";
    town.done("POST", at, r#"{"a": 1}"#).await;
    let body = r#"{"id": "urn:x:2", "type": "Car"}"#;
    town.done("POST", "/entities/", body).await;
}

#[tokio::test]
async fn clause_5_15_who_it_is_and_6_3_6_which_version() {
    let town = town().await;
    town.clock.pass(std::time::Duration::from_secs(90));
    let host = ("host", "city.example:8080");
    let told = town
        .call("GET", "/info/sourceIdentity", &[host], None)
        .await;
    let wanted = r#"{"id": "urn:ngsi-ld:ContextSource:city.example-8080",
        "type": "ContextSourceIdentity", "contextSourceAlias": "city.example-8080",
        "contextSourceUptime": "PT90S", "contextSourceTimeAt": "2026-11-23T12:01:30.000Z"}"#;
    assert_eq!(told.json(), json(wanted));
    assert_eq!(told.header("preference-applied"), None);
    let prefer = ("prefer", "ngsi-ld=1.5");
    let told = town.call("GET", "/types", &[prefer], None).await;
    assert_eq!(told.header("preference-applied"), Some("ngsi-ld=1.9"));
}
