//! Dead letters and lanes over Loggia's own API: listed, sent again, dropped for a reason.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use loggia_api::Doorkeeper;
use loggia_model::{Actor, Body as CityBody, Fault, PersonId, Role, Roles};
use loggia_ngsi_ld::Json;
use loggia_ngsi_ld::admin::{Admin, routes};
use loggia_ngsi_ld::broker::Broker;
use tower::ServiceExt;

use crate::routes::{CAR, City, body, city};
use crate::support::{Receiver, until};

struct Operator;

impl Doorkeeper for Operator {
    fn session(&self, token: &str) -> Option<Actor> {
        (token == "operator").then(|| Actor {
            person: PersonId("o.saarinen".into()),
            name: "O. Saarinen".into(),
            body: CityBody::City,
            roles: Roles::from([Role::Operator]),
        })
    }
    fn roster_key(&self, _: &str, _: &str, _: &str, _: [u8; 32]) -> Result<Actor, Fault> {
        Err(Fault::Unauthenticated)
    }
    fn demo(&self) -> bool {
        false
    }
}

/// Asks as an operator; status and body.
async fn ask(broker: &Arc<Broker>, method: &str, path: &str, body: &str) -> (u16, Json) {
    let admin = Admin {
        broker: Arc::clone(broker),
        random: || Some([7; 32]),
    };
    let router = loggia_api::router(routes(&Arc::new(admin)), Arc::new(Operator));
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1/data-plane{path}"))
        .header("cookie", "loggia_session=operator")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let answer = router.oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let json = match bytes.is_empty() {
        true => Json::Null,
        false => Json::read(&bytes).unwrap(),
    };
    (status, json)
}

async fn speed(city: &City, value: u32) {
    let body = format!(r#"{{"https://x.example/speed": {value}}}"#);
    let told = city.call("PATCH", "/entities/urn:x:car", &body).await;
    assert_eq!(told.0, 204, "{}", told.1);
}

fn number(json: &Json, name: &str) -> Option<f64> {
    json.get(name).and_then(Json::as_f64)
}

/// A city with three dead letters of one subscription; their numbers.
async fn dead(city: &City, receiver: &Receiver, at: &SocketAddr) -> Vec<i64> {
    receiver.say(StatusCode::UNPROCESSABLE_ENTITY);
    let id = r#""id": "urn:x:s1","#;
    assert_eq!(
        city.call("POST", "/subscriptions", &body(at, id)).await.0,
        201
    );
    assert_eq!(city.call("POST", "/entities", CAR).await.0, 201);
    speed(city, 2).await;
    speed(city, 3).await;
    let letters = || city.notifier.letters().count(None).unwrap();
    until("three letters", || letters() == 3).await;
    let (status, page) = ask(&city.broker, "GET", "/dead-letters", "").await;
    assert_eq!((status, number(&page, "count")), (200, Some(3.0)));
    let list = page.get("letters").and_then(Json::items).unwrap();
    let first = &list[0];
    assert_eq!(first.get("subscription"), Some(&"urn:x:s1".into()));
    assert!(
        first
            .get("why")
            .and_then(Json::as_str)
            .unwrap()
            .contains("422")
    );
    list.iter()
        .map(|l| number(l, "number").unwrap() as i64)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_listed_sent_again_and_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::new();
    let at = receiver.open("127.0.0.1:0").await;
    let city = city(dir.path()).await;
    let broker = &city.broker;
    let letters = dead(&city, &receiver, &at).await;
    let (_, page) = ask(broker, "GET", "/dead-letters?limit=2", "").await;
    assert_eq!(number(&page, "next"), Some(letters[1] as f64));
    let (_, page) = ask(
        broker,
        "GET",
        &format!("/dead-letters?after={}", letters[1]),
        "",
    )
    .await;
    assert_eq!(page.get("next"), Some(&Json::Null));
    let (_, none) = ask(broker, "GET", "/dead-letters?subscription=urn:x:other", "").await;
    assert_eq!(number(&none, "count"), Some(0.0));
    let one = format!("/dead-letters/{}", letters[0]);
    let (_, whole) = ask(broker, "GET", &one, "").await;
    assert!(
        whole
            .get("body")
            .and_then(Json::as_str)
            .unwrap()
            .contains("urn:x:car")
    );

    receiver.say(StatusCode::OK);
    let (status, _) = ask(broker, "POST", &format!("{one}/replay"), "").await;
    assert_eq!(status, 202);
    until("it came", || receiver.of(1).len() == 1).await;
    until("it is gone", || {
        city.notifier.letters().count(None).unwrap() == 2
    })
    .await;
    let drop = format!("/dead-letters/{}/drop", letters[1]);
    for bad in [r#"{"reason": " "}"#, r#"{"reason": "a\nb"}"#, "{}"] {
        assert_eq!(ask(broker, "POST", &drop, bad).await.0, 400, "{bad}");
    }
    let reason = r#"{"reason": "The receiver was a test."}"#;
    assert_eq!(ask(broker, "POST", &drop, reason).await.0, 204);
    assert_eq!(ask(broker, "POST", &drop, reason).await.0, 404);
    let all = r#"{"subscription": "urn:x:s1"}"#;
    let (status, told) = ask(broker, "POST", "/dead-letters/replay", all).await;
    assert_eq!((status, number(&told, "under_way")), (202, Some(1.0)));
    until("the last", || receiver.of(1).len() == 2).await;
    until("none is left", || {
        city.notifier.letters().count(None).unwrap() == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_sent_again_says_why_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::new();
    let at = receiver.open("127.0.0.1:0").await;
    let city = city(dir.path()).await;
    let broker = &city.broker;
    let letters = dead(&city, &receiver, &at).await;
    for (method, path, body, status) in [
        ("GET", "/dead-letters/999999", "", 404),
        ("POST", "/dead-letters/999999/replay", "", 404),
        ("GET", "/dead-letters?limit=0", "", 400),
        ("GET", "/dead-letters?limit=1001", "", 400),
        ("GET", "/dead-letters?of=x", "", 400),
        (
            "POST",
            "/dead-letters/replay",
            r#"{"subscription": "urn:x:none"}"#,
            404,
        ),
        (
            "POST",
            "/dead-letters/replay",
            r#"{"subscription": "urn:x:s1", "tenant": "t"}"#,
            404,
        ),
    ] {
        let told = ask(broker, method, path, body).await;
        assert_eq!(told.0, status, "{method} {path} {body}: {}", told.1);
    }
    let (status, lanes) = ask(broker, "GET", "/lanes", "").await;
    assert_eq!((status, number(&lanes, "given_up")), (200, Some(3.0)));
    let lane = &lanes.get("lanes").and_then(Json::items).unwrap()[0];
    let name = lane.get("receiver").and_then(Json::as_str).unwrap();
    assert!(name.contains(&at.to_string()), "{name}");
    assert_eq!(
        lane.get("state"),
        Some(&"well".into()),
        "it answers, and refuses"
    );
    assert_eq!(number(lane, "subscriptions"), Some(1.0));
    assert_eq!(
        city.call("DELETE", "/subscriptions/urn:x:s1", "").await.0,
        204
    );
    let again = format!("/dead-letters/{}/replay", letters[0]);
    let (status, told) = ask(broker, "POST", &again, "").await;
    assert!(
        status == 409 && told.to_string().contains("deleted"),
        "{told}"
    );
    assert_eq!(city.notifier.letters().count(None).unwrap(), 3);
}
