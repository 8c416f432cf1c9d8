//! The log over HTTP, through the router that all endpoints go through.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use loggia_api::{Doorkeeper, router};
use loggia_model::{Actor, Digest, Fault, ManualClock};
use loggia_transparency::*;
use tower::ServiceExt;

/// Nobody has a session: the log is public.
struct Nobody;

impl Doorkeeper for Nobody {
    fn session(&self, _: &str) -> Option<Actor> {
        None
    }
    fn roster_key(&self, _: &str, _: &str, _: &str, _: [u8; 32]) -> Result<Actor, Fault> {
        Err(Fault::Unauthenticated)
    }
    fn demo(&self) -> bool {
        false
    }
}

struct Answer {
    status: StatusCode,
    kind: String,
    cache: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn get(log: &Log, path: &str) -> Answer {
    let app = router(
        routes(log.clone(), &Witnesses::none(log.clone())),
        Arc::new(Nobody),
    );
    let answer = app
        .oneshot(Request::get(path).body(Body::empty()).unwrap())
        .await
        .unwrap();
    let text = |name| {
        let value = answer
            .headers()
            .get(name)
            .map(|v| v.to_str().unwrap().to_owned());
        value.unwrap_or_default()
    };
    let (status, kind, cache) = (
        answer.status(),
        text(header::CONTENT_TYPE),
        text(header::CACHE_CONTROL),
    );
    let body = answer
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec();
    Answer {
        status,
        kind,
        cache,
        body,
    }
}

fn filled() -> (tempfile::TempDir, Log) {
    let dir = tempfile::tempdir().unwrap();
    let (key, _) = LogKey::generate().unwrap();
    let clock = Arc::new(ManualClock::default());
    let log = Log::open(dir.path(), key, "city.example/log", clock).unwrap();
    let all = (0..300).map(|n| KeyDue { hour: n, keys: 1 }).collect();
    drop(log.append_many(all).unwrap());
    (dir, log)
}

#[tokio::test]
async fn a_mirror_of_the_served_files_verifies() {
    let (_dir, log) = filled();
    let key: Verifier = String::from_utf8(get(&log, "/log/key").await.body)
        .unwrap()
        .parse()
        .unwrap();
    let checkpoint = get(&log, "/log/checkpoint").await;
    assert_eq!(checkpoint.kind, "text/plain; charset=utf-8");
    let mirror = tempfile::tempdir().unwrap();
    std::fs::write(mirror.path().join("checkpoint"), &checkpoint.body).unwrap();
    for (tile, cache) in [
        ("tile/entries/000", "public, max-age=31536000, immutable"),
        ("tile/entries/001.p/44", "public, max-age=60"),
        ("tile/0/000", "public, max-age=31536000, immutable"),
        ("tile/0/001.p/44", "public, max-age=60"),
        ("tile/1/000.p/1", "public, max-age=60"),
    ] {
        let answer = get(&log, &format!("/log/{tile}")).await;
        assert_eq!(
            (answer.status, answer.kind.as_str()),
            (StatusCode::OK, "application/octet-stream")
        );
        assert_eq!(answer.cache, cache);
        let path = mirror.path().join(tile);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, answer.body).unwrap();
    }
    let report = verify::folder(mirror.path(), &key, None).unwrap();
    assert_eq!(
        (report.checkpoint.size(), report.kinds["key_due"]),
        (300, 300)
    );
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let (_dir, log) = filled();
    for path in [
        "/log/tile/0/001",
        "/log/tile/0/001.p/45",
        "/log/tile/9/000",
        "/log/tile/../checkpoint",
        "/log/tile/entries/x001/000",
        "/log/tile/%2e%2e/journal",
        "/api/v1/log/proof?index=300",
        "/api/v1/log/proof?index=0&size=301",
        "/api/v1/log/consistency?from=1&to=301",
    ] {
        assert_eq!(
            get(&log, path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    for path in [
        "/api/v1/log/proof",
        "/api/v1/log/proof?index=-1",
        "/api/v1/log/entries?form=1",
    ] {
        let answer = get(&log, path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.kind, "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn a_page_can_check_an_entry_with_two_calls() {
    let (_dir, log) = filled();
    let page = get(&log, "/api/v1/log/entries?from=290&limit=500").await;
    assert_eq!(page.kind, "application/json");
    // The entry stands in the answer byte for byte.
    let bytes = log.raw_entries(290, 1).unwrap().swap_remove(0).1;
    let text = String::from_utf8(page.body.clone()).unwrap();
    assert!(
        text.contains(core::str::from_utf8(&bytes).unwrap()),
        "{text}"
    );
    let page = page.json();
    assert_eq!(
        (
            page["size"].as_u64(),
            page["entries"].as_array().unwrap().len()
        ),
        (Some(300), 10)
    );
    assert_eq!(page["entries"][0]["index"], 290);

    let proof = get(&log, "/api/v1/log/proof?index=290").await.json();
    let digest = |v: &serde_json::Value| {
        Digest(
            STANDARD
                .decode(v.as_str().unwrap())
                .unwrap()
                .try_into()
                .unwrap(),
        )
    };
    let siblings: Vec<_> = proof["proof"]
        .as_array()
        .unwrap()
        .iter()
        .map(digest)
        .collect();
    assert_eq!(digest(&proof["leaf_hash"]), leaf_hash(&bytes));
    let entry = verify::inclusion(&bytes, 290, &siblings, &log.checkpoint()).unwrap();
    assert_eq!(entry.event.kind(), "key_due");

    let way = get(&log, "/api/v1/log/consistency?from=7").await.json();
    let siblings: Vec<_> = way["proof"]
        .as_array()
        .unwrap()
        .iter()
        .map(digest)
        .collect();
    let (old, now) = (log.root_at(7).unwrap(), log.checkpoint());
    assert!(consistency_holds(7, &old, 300, &now.root(), &siblings));
    assert!(
        get(&log, "/api/v1/log/entries?from=9999").await.json()["entries"] == serde_json::json!([])
    );
}
