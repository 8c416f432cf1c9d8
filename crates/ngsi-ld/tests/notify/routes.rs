//! Subscriptions over HTTP, with the broker behind them: made, listed, changed, told, and there
//! again after a start (clauses 6.10 and 6.11).

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use loggia_model::Clock;
use loggia_ngsi_ld::Json;
use loggia_ngsi_ld::broker::{Broker, Records};
use loggia_ngsi_ld::history::{Following, HISTORY, History};
use loggia_ngsi_ld::http::{App, CALLS_PER_S, Evolution, Fetch, FetchFrom, Rate, routes};
use loggia_ngsi_ld::notify::Notifier;

use crate::support::{Cars, Receiver, TestClock, open, quick, setup, until};

/// A broker with its routes, as the binary wires it.
pub struct City {
    pub broker: Arc<Broker>,
    pub notifier: Arc<Notifier>,
    base: String,
    server: tokio::task::JoinHandle<()>,
    _following: Following,
}

pub async fn city(dir: &Path) -> City {
    let bus = open(dir);
    let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
    let broker = Arc::new(Broker::open(bus.clone(), clock.clone()).unwrap());
    let mut setup = setup(dir, &bus, &Cars::new(), quick());
    setup.source = Arc::new(Records(broker.clone()));
    setup.clock = clock;
    let known = broker.known_subscriptions();
    let notifier = Arc::new(Notifier::start(setup, known).unwrap());
    broker.notify_with(&notifier);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ureq::tls::TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let history = History::open(&dir.join(HISTORY)).unwrap();
    let following = history.follow(broker.clone()).unwrap();
    let app = Arc::new(App {
        broker: broker.clone(),
        history: Evolution::of(&following),
        rate: Rate::of(CALLS_PER_S),
        fetch: Fetch::new(FetchFrom::Hosts(Vec::new()), tls),
    });
    let mut router = Router::new();
    for route in routes(&app) {
        router = router.route(route.path, route.handler);
    }
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/ngsi-ld/v1", tcp.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(tcp, router).await.unwrap() });
    City {
        broker,
        notifier,
        base,
        server,
        _following: following,
    }
}

/// Status, body, and two headers.
pub type Told = (u16, String, Option<String>, Option<String>);

impl City {
    pub async fn call(&self, method: &str, path: &str, body: &str) -> Told {
        let url = format!("{}{path}", self.base);
        let (method, body) = (method.to_owned(), body.to_owned());
        let called = tokio::task::spawn_blocking(move || {
            let config = ureq::Agent::config_builder().http_status_as_error(false);
            let agent: ureq::Agent = config.build().into();
            let kind = match body.contains("@context") {
                true => "application/ld+json",
                false => "application/json",
            };
            let request = ureq::http::Request::builder()
                .method(&*method)
                .uri(url)
                .header("content-type", kind)
                .body(body)
                .unwrap();
            let mut answer = agent.run(request).unwrap();
            let header = |name: &str| {
                let value = answer.headers().get(name);
                value.and_then(|v| v.to_str().ok()).map(str::to_owned)
            };
            let (location, count) = (header("location"), header("ngsild-results-count"));
            let status = answer.status().as_u16();
            let text = answer.body_mut().read_to_string().unwrap();
            (status, text, location, count)
        });
        called.await.unwrap()
    }
}

pub fn body(at: &std::net::SocketAddr, more: &str) -> String {
    format!(
        r#"{{"type": "Subscription", {more} "entities": [{{"type": "Car"}}],
            "notification": {{"endpoint": {{"uri": "http://{at}/n"}}}},
            "@context": {{"Car": "https://x.example/Car", "speed": "https://x.example/speed"}}}}"#
    )
}

pub const CAR: &str = r#"{"id": "urn:x:car", "type": "Car", "speed": 1,
    "@context": {"Car": "https://x.example/Car", "speed": "https://x.example/speed"}}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_lives_from_its_making_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::new();
    let at = receiver.open("127.0.0.1:0").await;
    let city = city(dir.path()).await;
    let id = r#""id": "urn:x:s1","#;
    let (status, text, location, _) = city.call("POST", "/subscriptions", &body(&at, id)).await;
    assert_eq!((status, &*text), (201, ""));
    assert_eq!(
        location.as_deref(),
        Some("/ngsi-ld/v1/subscriptions/urn:x:s1")
    );
    let (status, ..) = city.call("POST", "/subscriptions", &body(&at, id)).await;
    assert_eq!(status, 409);
    let (status, _, location, _) = city.call("POST", "/subscriptions", &body(&at, "")).await;
    assert_eq!(status, 201);
    let made = location.unwrap();
    assert!(
        made.starts_with("/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:"),
        "{made}"
    );
    let away = body(&"203.0.113.9:80".parse().unwrap(), "");
    let (status, text, ..) = city.call("POST", "/subscriptions", &away).await;
    assert_eq!(status, 400, "no rule of the operator's allows it: {text}");
    let (status, text, _, count) = city
        .call("GET", "/subscriptions?count=true&limit=1", "")
        .await;
    assert_eq!((status, count.as_deref()), (200, Some("2")));
    assert_eq!(
        Json::read(text.as_bytes()).unwrap().items().unwrap().len(),
        1
    );

    let (status, ..) = city.call("POST", "/entities", CAR).await;
    assert_eq!(status, 201);
    until("both are told", || city.notifier.counts().delivered == 2).await;
    shown(&city, &receiver).await;
    ended(&city, &receiver, made.strip_prefix("/ngsi-ld/v1").unwrap()).await;
}

/// What is told of a subscription that has notified once.
async fn shown(city: &City, receiver: &Receiver) {
    let (headers, _) = receiver.last.lock().unwrap().take().unwrap();
    let link = headers["link"].to_str().unwrap();
    assert!(link.contains("/ngsi-ld/v1/jsonldContexts/"), "{link}");
    let (_, text, ..) = city
        .call("GET", "/subscriptions/urn:x:s1?options=sysAttrs", "")
        .await;
    let told = Json::read(text.as_bytes()).unwrap();
    let notification = told.get("notification").unwrap();
    assert_eq!(
        notification.get("timesSent").and_then(Json::as_f64),
        Some(1.0)
    );
    assert_eq!(notification.get("status"), Some(&"ok".into()));
    assert!(told.get("createdAt").is_some());
    let kind = told.get("entities").and_then(Json::items).unwrap()[0]
        .get("type")
        .cloned();
    assert_eq!(
        kind,
        Some("https://x.example/Car".into()),
        "the caller brought no @context"
    );
}

/// Paused, resumed and deleted.
async fn ended(city: &City, receiver: &Receiver, other: &str) {
    let pause = r#"{"isActive": false}"#;
    let (status, ..) = city.call("PATCH", "/subscriptions/urn:x:s1", pause).await;
    assert_eq!(status, 204);
    let (status, ..) = city
        .call("PATCH", "/subscriptions/urn:x:s1", r#"{"q": "("}"#)
        .await;
    assert_eq!(status, 400);
    assert_eq!(city.call("DELETE", other, "").await.0, 204);
    assert_eq!(city.call("DELETE", other, "").await.0, 404);
    assert_eq!(city.call("GET", "/subscriptions/nobody", "").await.0, 400);
    let speed = r#"{"https://x.example/speed": 2}"#;
    assert_eq!(
        city.call("PATCH", "/entities/urn:x:car", speed).await.0,
        204
    );
    // Nobody waits until the notifier has come so far: what counts is when the change was made.
    let resume = r#"{"isActive": true}"#;
    let path = "/subscriptions/urn:x:s1";
    assert_eq!(city.call("PATCH", path, resume).await.0, 204);
    let speed = r#"{"https://x.example/speed": 3}"#;
    assert_eq!(
        city.call("PATCH", "/entities/urn:x:car", speed).await.0,
        204
    );
    until("the last", || city.notifier.counts().delivered == 3).await;
    let got = receiver.got.lock().unwrap()["urn:x:s1"].len();
    assert_eq!(got, 2, "what happened while it was paused is not told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_start_subscriptions_and_tallies_are_there_and_changes_come() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::new();
    let at = receiver.open("127.0.0.1:0").await;
    for round in 1..=3_u32 {
        let city = city(dir.path()).await;
        if round == 1 {
            let id = r#""id": "urn:x:s1","#;
            assert_eq!(
                city.call("POST", "/subscriptions", &body(&at, id)).await.0,
                201
            );
            assert_eq!(city.call("POST", "/entities", CAR).await.0, 201);
        } else {
            let speed = format!(r#"{{"https://x.example/speed": {round}}}"#);
            assert_eq!(
                city.call("PATCH", "/entities/urn:x:car", &speed).await.0,
                204
            );
        }
        let of = "urn:x:s1";
        let sent = || city.broker.subscription("", of).unwrap().tally.times_sent;
        until("the change", || sent() == u64::from(round)).await;
        if round == 2 {
            // The next start reads a snapshot.
            city.broker.snapshot().unwrap();
        }
        let bus = city.broker.bus().clone();
        city.server.abort();
        drop(city);
        until("the log is let go", || Arc::strong_count(&bus) == 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clause_5_8_6_pauses_are_remembered_by_record() {
    let dir = tempfile::tempdir().unwrap();
    let at = "127.0.0.1:9".parse().unwrap();
    let silences = |city: &City| city.broker.known_subscriptions()[0].silences.clone();
    let mut before = Vec::new();
    for round in 0..3_usize {
        let city = city(dir.path()).await;
        if round == 0 {
            let paused = r#""id": "urn:x:s1", "isActive": false,"#;
            let made = city
                .call("POST", "/subscriptions", &body(&at, paused))
                .await;
            assert_eq!(made.0, 201);
            let lasts = silences(&city);
            assert!(matches!(&*lasts, [one] if one.to.is_none()), "{lasts:?}");
        }
        assert!(round == 0 || silences(&city) == before, "round {round}");
        for fragment in [r#"{"isActive": true}"#, r#"{"isActive": false}"#] {
            let told = city
                .call("PATCH", "/subscriptions/urn:x:s1", fragment)
                .await;
            assert_eq!(told.0, 204);
        }
        before = silences(&city);
        assert_eq!(before.len(), round + 2, "{before:?}");
        let ended = before.iter().filter(|s| s.to.is_some()).count();
        assert_eq!(ended, round + 1, "the last one lasts");
        if round == 1 {
            // The next start reads a snapshot.
            city.broker.snapshot().unwrap();
        }
        let bus = city.broker.bus().clone();
        city.server.abort();
        drop(city);
        until("the log is let go", || Arc::strong_count(&bus) == 1).await;
    }
}
