//! Those who are told: 500 endpoints in one process, each well, slow or dead until the end.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{Change, Health, health};

const SLOW: Duration = Duration::from_secs(2);

/// What has come.
#[derive(Debug, Default)]
struct Had {
    /// Subscription and change.
    pairs: HashSet<(u32, u32)>,
    /// Of a subscription and an entity the newest change.
    newest: HashMap<(u32, u32), u32>,
    /// When a change began to be written.
    written: HashMap<u32, Instant>,
    /// From then until its first notification to somebody who is well, ms.
    took_ms: Vec<f64>,
    again: u64,
    out_of_order: u64,
}

#[derive(Debug, Default)]
struct Shared {
    had: Mutex<Had>,
    taken: AtomicU64,
    all_well: AtomicBool,
}

impl Shared {
    fn had(&self) -> MutexGuard<'_, Had> {
        self.had.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, subscription: u32, n: u32) {
        let mut had = self.had();
        if !had.pairs.insert((subscription, n)) {
            had.again += 1;
            return;
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
        let newest = had
            .newest
            .entry((subscription, Change(n).entity()))
            .or_default();
        if n < *newest {
            had.out_of_order += 1;
        } else {
            *newest = n;
        }
        if health(subscription) == Health::Well
            && let Some(written) = had.written.get(&n)
        {
            let ms = written.elapsed().as_secs_f64() * 1e3;
            had.took_ms.push(ms);
        }
    }
}

/// All endpoints.
#[derive(Debug)]
pub struct Receivers {
    shared: Arc<Shared>,
    runtime: Runtime,
    live: SocketAddr,
    dead: SocketAddr,
}

async fn told(
    State(shared): State<Arc<Shared>>,
    Path(endpoint): Path<u32>,
    body: Bytes,
) -> StatusCode {
    if health(endpoint) == Health::Slow && !shared.all_well.load(Ordering::Relaxed) {
        tokio::time::sleep(SLOW).await;
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    let subscription = body["subscriptionId"].as_str().and_then(number_of);
    let Some(subscription) = subscription else {
        return StatusCode::BAD_REQUEST;
    };
    let entities = body["data"].as_array().into_iter().flatten();
    let members = entities.filter_map(Value::as_object).flatten();
    let numbers = members.filter(|(name, _)| name.starts_with('a'));
    for (_, n) in numbers {
        if let Some(n) = n.as_u64().and_then(|n| u32::try_from(n).ok()) {
            shared.take(subscription, n);
        }
    }
    StatusCode::NO_CONTENT
}

/// A subscription's id.
pub fn name_of(subscription: u32) -> String {
    format!("urn:ngsi-ld:Subscription:{subscription}")
}

fn number_of(name: &str) -> Option<u32> {
    name.rsplit_once(':')?.1.parse().ok()
}

impl Receivers {
    pub fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let shared = Arc::<Shared>::default();
        let live = serve(&runtime, &shared, SocketAddr::from(([127, 0, 0, 1], 0)));
        let dead = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let dead = dead.local_addr().expect("an address");
        Self {
            shared,
            runtime,
            live,
            dead,
        }
    }

    /// The address of a subscription's endpoint. Those with the same path share it.
    pub fn uri(&self, subscription: u32) -> String {
        let at = match health(subscription) {
            Health::Dead => self.dead,
            Health::Well | Health::Slow => self.live,
        };
        format!("http://{at}/{}", subscription % super::ENDPOINTS)
    }

    pub fn written(&self, n: u32) {
        self.shared.had().written.insert(n, Instant::now());
    }

    pub fn has(&self, subscription: u32, n: u32) -> bool {
        self.shared.had().pairs.contains(&(subscription, n))
    }

    pub fn taken(&self) -> u64 {
        self.shared.taken.load(Ordering::Relaxed)
    }

    pub fn again(&self) -> u64 {
        self.shared.had().again
    }

    pub fn out_of_order(&self) -> u64 {
        self.shared.had().out_of_order
    }

    /// Median and 99th percentile, from before the write until the notification.
    pub fn latency_ms(&self) -> (f64, f64) {
        let mut all = self.shared.had().took_ms.clone();
        all.sort_by(f64::total_cmp);
        let at = |part: usize| all.get(all.len() * part / 100).copied().unwrap_or(f64::NAN);
        (at(50), at(99))
    }

    pub fn all_well(&self) {
        self.shared.all_well.store(true, Ordering::Relaxed);
        serve(&self.runtime, &self.shared, self.dead);
    }
}

fn serve(runtime: &Runtime, shared: &Arc<Shared>, at: SocketAddr) -> SocketAddr {
    let tcp = runtime
        .block_on(tokio::net::TcpListener::bind(at))
        .expect("the port is free");
    let at = tcp.local_addr().expect("an address");
    let router = Router::new()
        .route("/{endpoint}", post(told))
        .with_state(Arc::clone(shared));
    runtime.spawn(async move { axum::serve(tcp, router).await });
    at
}
