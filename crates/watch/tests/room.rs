//! The list in its tables: what people did survives a restart. And over HTTP: who may act, who may
//! look.
#![cfg(test)]

use core::time::Duration;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use loggia_api::Doorkeeper;
use loggia_model::{Actor, CameraId, Clock, Fault, ManualClock, PersonId, Role};
use loggia_store::Db;
use loggia_watch::{Error, Kind, Seen, Shelving, Source, State, View, Watch, low_on_room, routes};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const CAMERA: Source = Source::camera(CameraId(14));
const FULL: Source = Source::house(Kind::DiskFull);

struct Ground {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl Ground {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            clock: Arc::default(),
        }
    }
    fn open(&self) -> Arc<Watch> {
        let db = Db::open(&self.dir.path().join("city.sqlite")).unwrap();
        Arc::new(Watch::open(Arc::new(db), self.clock.clone()).unwrap())
    }
}

fn who() -> PersonId {
    PersonId("o.saarinen".to_owned())
}

fn full() -> [Seen; 1] {
    [Seen {
        source: FULL,
        wrong: Some(None),
    }]
}

#[test]
fn what_people_did_survives_a_restart() {
    let ground = Ground::new();
    let watch = ground.open();
    let down = Seen {
        source: CAMERA,
        wrong: Some(Some("wrong_password".to_owned())),
    };
    let both = [down, full()[0].clone()];
    watch.see(&both).unwrap();
    ground.clock.pass(Duration::from_secs(30));
    watch.see(&both).unwrap();
    watch.acknowledge(FULL, &who()).unwrap();
    let until = ground.clock.now().after(Duration::from_secs(3_600));
    let reason = "works on the pole, ticket 71".to_owned();
    watch
        .shelve(CAMERA, &who(), Shelving { until, reason })
        .unwrap();
    let before = watch.list();
    assert_eq!(before.len(), 2);
    let seen = watch.revision();
    watch.see(&both).unwrap();
    assert_eq!(watch.revision(), seen, "nothing new is no change");
    drop(watch);

    let watch = ground.open();
    assert_eq!(watch.list(), before);
    assert_eq!(watch.rate().unwrap().last_hour, 2);
    ground.clock.pass(Duration::from_secs(3_600));
    watch.see(&both).unwrap();
    let camera = watch.list().into_iter().find(|a| a.id == CAMERA).unwrap();
    assert_eq!(camera.state, State::Unacknowledged);
    let rate = watch.rate().unwrap();
    assert_eq!((rate.last_10_min, rate.last_hour), (1, 1));
    assert_eq!(rate.by_hour.len(), 24);
    assert_eq!(rate.by_hour.iter().sum::<u64>(), 3);
    assert_eq!(watch.raised(Kind::DiskFull), Some(before[0].raised_at));
    assert_eq!(watch.raised(Kind::StorageLow), None);
}

#[test]
fn notes_are_only_added_and_views_are_ones_own() {
    let ground = Ground::new();
    let watch = ground.open();
    for bad in ["", " \n ", &"a".repeat(4_001), "a\u{202e}b"] {
        assert!(matches!(watch.hand_over(&who(), bad), Err(Error::Note)));
    }
    watch
        .hand_over(&who(), "Camera 14: pole is painted.\nUntil Friday.")
        .unwrap();
    for n in 1..60 {
        watch.hand_over(&who(), &format!("note {n}")).unwrap();
    }
    let more = watch.hand_over(&who(), "one more");
    assert!(matches!(more, Err(Error::TooManyNotes)));
    ground.clock.pass(Duration::from_secs(3_601));
    watch.hand_over(&who(), "the next hour").unwrap();
    let notes = watch.notes().unwrap();
    assert_eq!(notes.len(), 50);
    assert_eq!(notes[0].text, "the next hour");
    assert!(notes.windows(2).all(|w| w[0].n > w[1].n));

    let view = |slot, name: &str| View {
        slot,
        name: name.to_owned(),
        query: "page=cameras&find=трг".to_owned(),
    };
    for bad in [
        view(0, "a"),
        view(10, "a"),
        view(1, " "),
        view(1, &"a".repeat(61)),
    ] {
        assert!(matches!(watch.keep_view(&who(), &bad), Err(Error::View)));
    }
    watch.keep_view(&who(), &view(3, "Trg")).unwrap();
    watch.keep_view(&who(), &view(3, "Трг")).unwrap();
    watch.keep_view(&who(), &view(1, "first")).unwrap();
    let own = watch.views(&who()).unwrap();
    assert_eq!(own, [view(1, "first"), view(3, "Трг")]);
    let other = PersonId("t.laine".to_owned());
    assert_eq!(watch.views(&other).unwrap(), []);
    watch.drop_view(&other, 3).unwrap();
    watch.drop_view(&who(), 1).unwrap();
    assert_eq!(watch.views(&who()).unwrap(), [view(3, "Трг")]);
}

#[test]
fn room_is_low_below_a_twentieth_and_enough_again_only_above_seven_hundredths() {
    let at = Some(loggia_model::MANUAL_START);
    assert!(low_on_room(49, 951, None) && !low_on_room(50, 950, None));
    assert!(low_on_room(69, 931, at) && !low_on_room(70, 930, at));
    assert!(low_on_room(0, u64::MAX, None) && !low_on_room(u64::MAX, u64::MAX, None));
}

/// Whoever calls is the person that the cookie names by role.
struct Door;

impl Doorkeeper for Door {
    fn session(&self, token: &str) -> Option<Actor> {
        let role: Role = serde_json::from_value(json!(token)).ok()?;
        Some(Actor {
            person: PersonId(token.to_owned()),
            name: token.to_owned(),
            body: loggia_model::Body::City,
            roles: [role].into(),
        })
    }
    fn roster_key(&self, _: &str, _: &str, _: &str, _: [u8; 32]) -> Result<Actor, Fault> {
        Err(Fault::Unauthenticated)
    }
    fn demo(&self) -> bool {
        false
    }
}

async fn call(
    app: &Router,
    role: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("cookie", format!("loggia_session={role}"))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/json")
        .body(body.map_or_else(Body::empty, |b| Body::from(b.to_string())))
        .unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

#[tokio::test]
async fn an_operator_acts_an_administrator_looks_nobody_else_sees() {
    let ground = Ground::new();
    let watch = ground.open();
    watch.see(&full()).unwrap();
    let app = loggia_api::router(routes(&watch), Arc::new(Door));
    let ack = "/api/v1/alarms/disk_full/acknowledge";
    let shelf = "/api/v1/alarms/disk_full/shelf";
    for (role, read, act) in [
        ("investigator", 403, 403),
        ("auditor", 403, 403),
        ("administrator", 200, 403),
        ("nobody", 401, 401),
    ] {
        for path in ["/api/v1/alarms", "/api/v1/ops/notes", "/api/v1/ops/views"] {
            assert_eq!(
                call(&app, role, "GET", path, None).await.0,
                read,
                "{role} {path}"
            );
        }
        assert_eq!(call(&app, role, "POST", ack, None).await.0, act, "{role}");
        assert_eq!(
            call(&app, role, "DELETE", shelf, None).await.0,
            act,
            "{role}"
        );
    }
    let (status, list) = call(&app, "operator", "GET", "/api/v1/alarms", None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(list["alarms"][0]["id"], "disk_full");
    assert_eq!(list["alarms"][0]["state"], "unacknowledged");
    assert_eq!(list["rate"]["last_10_min"], 1);
    let (status, _) = call(&app, "operator", "POST", ack, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, problem) = call(&app, "operator", "POST", ack, None).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(problem["detail"], "this alarm was acknowledged before");
    let until = ground.clock.now().after(Duration::from_secs(60)).0;
    let why = json!({ "until": until, "reason": "a new disk comes" });
    let (status, _) = call(&app, "operator", "PUT", shelf, Some(why)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let shelved = &watch.list()[0];
    assert_eq!(shelved.shelved.as_ref().unwrap().by.0, "operator");
    let long = json!({ "until": until + 13 * 3_600_000_000, "reason": "a new disk comes" });
    let (status, _) = call(&app, "operator", "PUT", shelf, Some(long)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let nowhere = "/api/v1/alarms/camera_down-014/acknowledge";
    assert_eq!(call(&app, "operator", "POST", nowhere, None).await.0, 400);
    let (status, _) = call(&app, "operator", "DELETE", shelf, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let note = json!({ "text": "a new disk comes" });
    let (status, note) = call(&app, "operator", "POST", "/api/v1/ops/notes", Some(note)).await;
    assert_eq!(
        (status.as_u16(), note["by"].as_str()),
        (201, Some("operator"))
    );
}
