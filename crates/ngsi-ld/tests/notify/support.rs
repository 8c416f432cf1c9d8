//! What these tests stand on: a log of cars, a notifier over it, and a receiver that keeps what it
//! is sent. Never tests anything itself.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use loggia_model::{At, Clock};
use loggia_ngsi_ld::Recorded;
use loggia_ngsi_ld::notify::{Endpoints, Known, Letters, Limits, Notifier, Setup, Source};
use loggia_ngsi_ld::subscription::Subscription;
use loggia_ngsi_ld::update::{How, Touched};
use loggia_ngsi_ld::{Context, Contexts, Entity, Json, Representation, Time};
use loggia_store::FileLayer;
use loggia_store::bus::{Bus, BusConfig, Entry, Record};
use rustls::{ClientConfig, RootCertStore};

pub const LONG: Duration = Duration::from_secs(30);

pub struct TestClock(Instant);

impl Default for TestClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TestClock {
    fn now(&self) -> At {
        loggia_model::MANUAL_START.after(self.0.elapsed())
    }
    fn mono(&self) -> Duration {
        Duration::from_secs(1_000) + self.0.elapsed()
    }
}

/// Cars in a log: a record is a car's number and its speed.
pub struct Cars(pub Arc<Context>);

impl Cars {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Contexts::new().core().expect("the core")))
    }

    pub fn car(&self, id: &str, speed: u64) -> Entity {
        let body = format!(r#"{{"id": "urn:x:{id}", "type": "Car", "speed": {speed}}}"#);
        let json = Json::read(body.as_bytes()).expect("JSON");
        let at = Time::of_micros(loggia_model::MANUAL_START.0);
        Entity::read(json, &self.0, Representation::Detected, at).expect("a car")
    }
}

impl Source for Cars {
    fn change(&self, record: &Record) -> Result<Option<Recorded>, String> {
        let text = std::str::from_utf8(record.body()).map_err(|e| e.to_string())?;
        let mut words = text.split_whitespace();
        let (tenant, id) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let entity = self.car(id, record.seq());
        let touched = Touched::Attribute {
            name: entity.attributes[0].name.clone(),
            dataset_id: None,
            how: How::Updated,
        };
        Ok(Some(Recorded {
            seq: record.seq(),
            tenant: if tenant == "-" {
                "".into()
            } else {
                tenant.into()
            },
            at: Time::of_micros(record.at().0),
            before: Some(self.car(id, 0)),
            after: Some(Arc::new(entity)),
            touched: vec![touched],
        }))
    }

    fn entity(&self, _: &str, _: &str) -> Option<Arc<Entity>> {
        None
    }

    fn matching(&self, _: &str, _: &Subscription, _: usize) -> Vec<Arc<Entity>> {
        vec![Arc::new(self.car("1", 1))]
    }

    fn hosted(&self, _: &Context) -> String {
        "https://c.example/hosted".to_owned()
    }
}

pub fn subscription(cars: &Cars, number: u64, uri: &str, more: &str) -> Known {
    let body = format!(
        r#"{{"id": "urn:x:s{number}", "type": "Subscription", "entities": [{{"type": "Car"}}],
            "notification": {{"endpoint": {{"uri": "{uri}"{more}}}}}}}"#
    );
    let json = Json::read(body.as_bytes()).expect("JSON");
    let mut compile = |_: &Json| Ok(cars.0.clone());
    let now = Time::of_micros(loggia_model::MANUAL_START.0);
    let read = Subscription::read(&json, &cars.0, "", &mut compile, now);
    Known {
        number,
        tenant: Box::default(),
        subscription: Arc::new(read.expect("a subscription")),
        since: 0,
        silences: Vec::new(),
    }
}

pub fn open(dir: &Path) -> Arc<Bus> {
    let config = BusConfig {
        cursor_interval: Duration::from_millis(20),
        ..BusConfig::new(7, FileLayer::Real)
    };
    Arc::new(Bus::open(&dir.join("bus"), config).expect("a log"))
}

pub fn quick() -> Limits {
    Limits {
        retry_min: Duration::from_millis(20),
        retry_max: Duration::from_millis(200),
        timeout: Duration::from_secs(2),
        connect: Duration::from_secs(1),
        ..Limits::default()
    }
}

pub fn trusting(roots: RootCertStore) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

pub fn setup(dir: &Path, bus: &Arc<Bus>, cars: &Arc<Cars>, limits: Limits) -> Setup {
    let chance = Mutex::new(1_u64);
    Setup {
        bus: bus.clone(),
        source: cars.clone(),
        letters: Letters::open(&dir.join("letters.sqlite")).expect("letters"),
        endpoints: Endpoints::read(["loopback"]).expect("rules"),
        tls: trusting(RootCertStore::empty()),
        limits,
        clock: Arc::new(TestClock::default()),
        jitter: Arc::new(move || {
            let mut n = chance.lock().expect("chance");
            *n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (*n >> 33) as f64 / f64::from(u32::MAX >> 1)
        }),
        runtime: tokio::runtime::Handle::current(),
    }
}

pub fn start(setup: Setup, known: Vec<Known>) -> Notifier {
    Notifier::start(setup, known).expect("a notifier")
}

pub fn happen(bus: &Bus, car: &str) -> u64 {
    let body = format!("- {car}");
    let entry = Entry {
        kind: 1,
        key: 0,
        at: loggia_model::MANUAL_START,
        body: body.as_bytes(),
    };
    bus.append(entry)
        .expect("room")
        .wait(LONG)
        .expect("on disk")
}

/// What came, by subscription: car and number of the change.
pub type Got = HashMap<String, Vec<(String, u64)>>;

/// A receiver. What it answers is `mood`'s to say.
#[derive(Clone)]
pub struct Receiver {
    pub got: Arc<Mutex<Got>>,
    pub last: Arc<Mutex<Option<(HeaderMap, Json)>>>,
    pub mood: Arc<Mutex<StatusCode>>,
    pub pause: Duration,
}

impl Receiver {
    pub fn new() -> Self {
        Self {
            got: Arc::default(),
            last: Arc::default(),
            mood: Arc::new(Mutex::new(StatusCode::NO_CONTENT)),
            pause: Duration::ZERO,
        }
    }

    pub fn slow(pause: Duration) -> Self {
        Self {
            pause,
            ..Self::new()
        }
    }

    pub fn say(&self, status: StatusCode) {
        *self.mood.lock().expect("a mood") = status;
    }

    /// Listens; gives its address.
    pub async fn open(&self, at: &str) -> SocketAddr {
        let tcp = tokio::net::TcpListener::bind(at).await.expect("a port");
        let address = tcp.local_addr().expect("an address");
        let router = Router::new()
            .route("/{*path}", post(take))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(tcp, router).await });
        address
    }

    pub fn keep(&self, body: &[u8]) {
        let json = Json::read(body).expect("a notification is JSON");
        let mut got = self.got.lock().expect("got");
        let of = json
            .get("subscriptionId")
            .and_then(Json::as_str)
            .expect("an id");
        let list = got.entry(of.to_owned()).or_default();
        for entity in json.get("data").and_then(Json::items).expect("data") {
            let id = entity.get("id").and_then(Json::as_str).expect("an id");
            let speed = entity.get("speed").and_then(|s| s.get("value"));
            let speed = speed.and_then(Json::as_f64).unwrap_or(0.0);
            list.push((id.to_owned(), speed as u64));
        }
    }

    pub fn of(&self, number: u64) -> Vec<(String, u64)> {
        let got = self.got.lock().expect("got");
        got.get(&format!("urn:x:s{number}"))
            .cloned()
            .unwrap_or_default()
    }
}

async fn take(
    State(r): State<Receiver>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> StatusCode {
    if !r.pause.is_zero() {
        tokio::time::sleep(r.pause).await;
    }
    let mood = *r.mood.lock().expect("a mood");
    let json = Json::read(&body).expect("a notification is JSON");
    *r.last.lock().expect("last") = Some((headers, json));
    if mood.is_success() {
        r.keep(&body);
    }
    mood
}

/// Until something is so.
pub async fn until(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(
            begun.elapsed() < LONG,
            "in {LONG:?} it did not come to: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Each change up to `last` came, and for each car in order.
#[track_caller]
pub fn complete(got: &[(String, u64)], last: u64) {
    let mut seen = std::collections::BTreeSet::new();
    let mut newest: HashMap<&str, u64> = HashMap::new();
    for (car, seq) in got {
        if seen.insert(*seq) {
            let before = newest.insert(car, *seq);
            assert!(before < Some(*seq), "{car}: {before:?} before {seq}");
        }
    }
    let missing: Vec<u64> = (1..=last).filter(|seq| !seen.contains(seq)).collect();
    assert!(missing.is_empty(), "never came: {missing:?}");
}
