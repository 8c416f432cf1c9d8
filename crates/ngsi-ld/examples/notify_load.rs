//! A city's notifications at once: 500 changes a second, 10,000 subscriptions of which 18 want
//! each, 500 endpoints of which one in ten is dead or slow. Prints one JSON line: what was
//! delivered, what waits, and how late it was. Never part of a test.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    reason = "an example prints and stops"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use loggia_model::{At, Clock, MANUAL_START};
use loggia_ngsi_ld::Recorded;
use loggia_ngsi_ld::notify::{Endpoints, Known, Letters, Limits, Notifier, Setup, Source};
use loggia_ngsi_ld::subscription::Subscription;
use loggia_ngsi_ld::update::{How, Touched};
use loggia_ngsi_ld::{Context, Contexts, Entity, Json, Representation, Time};
use loggia_store::FileLayer;
use loggia_store::bus::{Bus, BusConfig, Entry, Record};
use rustls::{ClientConfig, RootCertStore};

const SUBSCRIPTIONS: u64 = 10_000;
const ENDPOINTS: u64 = 500;
const TYPES: u64 = 80;
const ATTRIBUTES: u64 = 7;
const CHANGES_PER_S: u64 = 500;
const RUN: Duration = Duration::from_secs(10);
const SLOW: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);

struct Machine(Instant);

impl Clock for Machine {
    fn now(&self) -> At {
        MANUAL_START.after(self.0.elapsed())
    }
    fn mono(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A record is a number: which type, which attribute.
struct Cars(Arc<Context>);

impl Source for Cars {
    fn change(&self, record: &Record) -> Result<Option<Recorded>, String> {
        let n = u64::from_le_bytes(*record.body().first_chunk().ok_or("no number")?);
        let attributes: String = (0..ATTRIBUTES)
            .map(|a| format!(r#", "a{a}": {{"type": "Property", "value": {n}}}"#))
            .collect();
        let (id, kind) = (n % 2_000, n % TYPES);
        let body = format!(r#"{{"id": "urn:x:{id}", "type": "T{kind}"{attributes}}}"#);
        let json = Json::read(body.as_bytes()).map_err(|e| e.to_string())?;
        let at = Time::of_micros(record.at().0);
        let entity = Entity::read(json, &self.0, Representation::Detected, at);
        let entity = entity.map_err(|e| e.to_string())?;
        let touched = Touched::Attribute {
            name: entity.attributes[(n % ATTRIBUTES) as usize].name.clone(),
            dataset_id: None,
            how: How::Updated,
        };
        Ok(Some(Recorded {
            seq: record.seq(),
            tenant: Box::default(),
            at,
            before: Some(entity.head()),
            after: Some(Arc::new(entity)),
            touched: vec![touched],
        }))
    }
    fn entity(&self, _: &str, _: &str) -> Option<Arc<Entity>> {
        None
    }
    fn matching(&self, _: &str, _: &Subscription, _: usize) -> Vec<Arc<Entity>> {
        Vec::new()
    }
    fn hosted(&self, _: &Context) -> String {
        "https://c.example/".to_owned()
    }
}

/// Of each ten endpoints one is not well: every other of those hangs, the rest are dead.
fn is_well(endpoint: u64) -> bool {
    !endpoint.is_multiple_of(10)
}

fn known(number: u64, cars: &Cars, port: u16, dead: u16) -> Known {
    let (kind, attribute) = (number % TYPES, number / TYPES % ATTRIBUTES);
    let endpoint = number % ENDPOINTS;
    let port = if endpoint.is_multiple_of(20) {
        dead
    } else {
        port
    };
    let body = format!(
        r#"{{"id": "urn:x:s{number}", "type": "Subscription", "entities": [{{"type": "T{kind}"}}],
            "watchedAttributes": ["a{attribute}"], "notification": {{"format": "concise",
            "endpoint": {{"uri": "http://127.0.0.1:{port}/{endpoint}"}}}}}}"#
    );
    let json = Json::read(body.as_bytes()).expect("JSON");
    let mut compile = |_: &Json| Ok(cars.0.clone());
    let now = Time::of_micros(MANUAL_START.0);
    let read = Subscription::read(&json, &cars.0, "", &mut compile, now);
    Known {
        number,
        tenant: Box::default(),
        subscription: Arc::new(read.expect("a subscription")),
        since: 0,
        silences: Vec::new(),
    }
}

#[derive(Default)]
struct Taken {
    well: AtomicU64,
    slow: AtomicU64,
}

async fn take(State(taken): State<Arc<Taken>>, Path(endpoint): Path<u64>) -> StatusCode {
    if is_well(endpoint) {
        taken.well.fetch_add(1, Ordering::Relaxed);
    } else {
        tokio::time::sleep(SLOW).await;
        taken.slow.fetch_add(1, Ordering::Relaxed);
    }
    StatusCode::NO_CONTENT
}

fn setup(dir: &std::path::Path, bus: &Arc<Bus>, cars: &Arc<Cars>) -> Setup {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Setup {
        bus: bus.clone(),
        source: cars.clone(),
        letters: Letters::open(&dir.join("letters.sqlite")).expect("letters"),
        endpoints: Endpoints::read(["loopback"]).expect("rules"),
        tls: Arc::new(tls),
        limits: Limits::default(),
        clock: Arc::new(Machine(Instant::now())),
        jitter: Arc::new(|| 0.5),
        runtime: tokio::runtime::Handle::current(),
    }
}

/// Writes records at an even pace; gives how many, and how many notifications the well should get.
fn drive(bus: &Bus, expected: &[u64]) -> (u64, u64) {
    let begun = Instant::now();
    let (mut n, mut due) = (0_u64, 0);
    while begun.elapsed() < RUN {
        let target = begun.elapsed().as_millis() as u64 * CHANGES_PER_S / 1_000;
        while n < target {
            let entry = Entry {
                kind: 1,
                key: 0,
                at: MANUAL_START,
                body: &n.to_le_bytes(),
            };
            drop(bus.append(entry).expect("room"));
            due += expected[(n % TYPES * ATTRIBUTES + n % ATTRIBUTES) as usize];
            n += 1;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    (n, due)
}

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().expect("a folder");
    let config = BusConfig::new(1, FileLayer::Real);
    let bus = Arc::new(Bus::open(&dir.path().join("bus"), config).expect("a log"));
    let taken = Arc::new(Taken::default());
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = tcp.local_addr().expect("an address").port();
    let router = Router::new()
        .route("/{endpoint}", post(take))
        .with_state(taken.clone());
    tokio::spawn(async move { axum::serve(tcp, router).await });
    let dead = {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        tcp.local_addr().expect("an address").port()
    };
    let cars = Arc::new(Cars(Contexts::new().core().expect("the core")));
    let mut expected = vec![0_u64; (TYPES * ATTRIBUTES) as usize];
    for number in 1..=SUBSCRIPTIONS {
        if is_well(number % ENDPOINTS) {
            let (kind, attribute) = (number % TYPES, number / TYPES % ATTRIBUTES);
            expected[(kind * ATTRIBUTES + attribute) as usize] += 1;
        }
    }
    let all = (1..=SUBSCRIPTIONS)
        .map(|n| known(n, &cars, port, dead))
        .collect();
    let notifier = Notifier::start(setup(dir.path(), &bus, &cars), all).expect("a notifier");
    let driver = bus.clone();
    let driven = tokio::task::spawn_blocking(move || drive(&driver, &expected));
    let (changes, due) = driven.await.expect("a driver");
    let ended = Instant::now();
    let mut most_waiting = 0;
    while taken.well.load(Ordering::Relaxed) < due && ended.elapsed() < PATIENCE {
        most_waiting = most_waiting.max(notifier.counts().waiting);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let well = taken.well.load(Ordering::Relaxed);
    let counts = notifier.counts();
    println!(
        "{{\"changes\": {changes}, \"to_the_well\": {due}, \"delivered_to_the_well\": {well}, \
         \"missing\": {}, \"late_s\": {:.2}, \"to_the_slow\": {}, \"failed_tries\": {}, \
         \"given_up\": {}, \"lost\": {}, \"waiting\": {}, \"behind\": {}}}",
        due.saturating_sub(well),
        ended.elapsed().as_secs_f64(),
        taken.slow.load(Ordering::Relaxed),
        counts.failed,
        counts.given_up,
        counts.lost,
        counts.waiting.max(most_waiting),
        counts.behind,
    );
    if well < due {
        panic!("{} notifications are missing", due - well);
    }
}
