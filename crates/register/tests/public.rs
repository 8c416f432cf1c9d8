//! The public answers over a real log in a folder of the test.
//! Never needs a session, and never shows what would help to reach a camera.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene should stop"
)]

use std::sync::{Arc, Mutex};

use axum::body::Body as HttpBody;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use loggia_api::{Access, Doorkeeper};
use loggia_model::{
    Actor, Body, CameraId, Clock, Digest, Fault, LegalBasis, MANUAL_START, ManualClock,
};
use loggia_register::{City, Declared, Register, Source, routes};
use loggia_transparency::{Log, LogKey, Opening};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Lets nobody in: public routes must not ask.
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

fn camera(id: u32) -> Declared {
    Declared {
        id: CameraId(id),
        label: format!("Square {id}"),
        place: "Rautatientori".into(),
        lat: 60.171,
        lon: 24.943,
        heading_deg: Some(90.0),
        purpose: "traffic safety".into(),
        legal_basis: LegalBasis("fi-plb-2-10".into()),
        accountable: "City of Helsinki".into(),
        retention_h: 72,
        analysed: vec![],
        openings: None,
        make: "Maker".into(),
        model: "M1".into(),
        origin: "FI".into(),
        codec: Some("h264".into()),
        plays_in_browser: Some(true),
    }
}

struct Town {
    app: axum::Router,
    log: Log,
    _dir: tempfile::TempDir,
    cameras: Arc<Mutex<Vec<Declared>>>,
}

fn town() -> Town {
    let dir = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let (key, _) = LogKey::generate().unwrap();
    let log = Log::open(dir.path(), key, "town.example/loggia", clock.clone()).unwrap();
    let cameras = Arc::new(Mutex::new(vec![camera(2), camera(1)]));
    let source: Source = {
        let cameras = cameras.clone();
        Arc::new(move || Ok(cameras.lock().unwrap().clone()))
    };
    let register = Register::new(
        City::Real {
            name: "Town".into(),
        },
        log.clone(),
        clock,
        source,
    );
    let app = loggia_api::router(routes(Arc::new(register)), Arc::new(Nobody));
    Town {
        app,
        log,
        _dir: dir,
        cameras,
    }
}

async fn ask(town: &Town, path: &str) -> Value {
    let request = Request::get(path).body(HttpBody::empty()).unwrap();
    let answer = town.app.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

fn opening() -> Opening {
    Opening {
        request: Digest([7; 32]),
        body: Body::Police,
        length_s: 120,
        cameras: 1,
    }
}

#[tokio::test]
async fn the_sentence_of_truth_follows_the_log() {
    let town = town();
    let first = ask(&town, "/api/v1/public/summary").await;
    assert_eq!(
        first,
        json!({"city": "Town", "demo": false, "at": MANUAL_START.0, "cameras_declared": 2,
            "openings_this_month": 0, "live_views_this_month": 0,
            "break_glass_this_month": 0, "log_size": 0})
    );
    for _ in 0..3 {
        let _ = town.log.append_async(opening()).await.unwrap();
    }
    town.cameras.lock().unwrap().push(camera(3));
    let then = ask(&town, "/api/v1/public/summary").await;
    assert_eq!(then["openings_this_month"], 3);
    assert_eq!(then["log_size"], 3);
    assert_eq!(then["cameras_declared"], 3);
    let statistics = ask(&town, "/api/v1/public/statistics").await;
    assert_eq!(statistics["months"][0]["month"], "2026-11");
    assert_eq!(statistics["months"][0]["opened_s"], 360);
}

#[tokio::test]
async fn every_camera_is_listed_and_none_can_be_reached_by_it() {
    let town = town();
    let list = ask(&town, "/api/v1/public/cameras").await;
    let ids: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["id"].clone())
        .collect();
    assert_eq!(ids, [json!(1), json!(2)]);
    for word in ["rtsp", "onvif", "url", "username", "password", "address"] {
        assert!(!list.to_string().contains(word), "{word}");
    }
}

#[test]
fn every_route_is_public_and_described() {
    use utoipa::OpenApi;
    let described = loggia_register::OpenApi::openapi();
    let dir = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let (key, _) = LogKey::generate().unwrap();
    let log = Log::open(dir.path(), key, "town.example/loggia", clock.clone()).unwrap();
    let source: Source = Arc::new(|| Ok(vec![]));
    let city = City::Demo {
        name: "Town".into(),
    };
    for route in routes(Arc::new(Register::new(city, log, clock, source))) {
        assert!(matches!(route.access, Access::Public), "{route:?}");
        assert!(described.paths.paths.contains_key(route.path), "{route:?}");
    }
}
