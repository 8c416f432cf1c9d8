//! The data plane alone on a port, for measuring it (`bench/data_plane.py`, example `storm`): the
//! same routes behind the same gate, its history and its notifications, and beside them a bare echo
//! of one entity as what the machine can do at all. Never for a city: anybody may write.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::routing::get;
use loggia_api::{Doorkeeper, Secure, router_over};
use loggia_model::{Actor, At, Clock, Fault};
use loggia_ngsi_ld::Json;
use loggia_ngsi_ld::broker::{Broker, Records};
use loggia_ngsi_ld::history::History;
use loggia_ngsi_ld::http::{App, CALLS_PER_S, Evolution, Fetch, FetchFrom, Rate, routes};
use loggia_ngsi_ld::notify::{Endpoints, Letters, Limits, Notifier, Setup};
use loggia_store::FileLayer;
use loggia_store::bus::{Bus, BusConfig};
use rustls::{ClientConfig, RootCertStore};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Anybody;

impl Doorkeeper for Anybody {
    fn session(&self, _: &str) -> Option<Actor> {
        None
    }
    fn roster_key(&self, _: &str, _: &str, _: &str, _: [u8; 32]) -> Result<Actor, Fault> {
        Err(Fault::Unauthenticated)
    }
    fn demo(&self) -> bool {
        true
    }
}

struct Wall;

#[expect(
    clippy::disallowed_methods,
    reason = "a program of its own, and its clock"
)]
impl Clock for Wall {
    fn now(&self) -> At {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        At(i64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(0))
    }
    fn mono(&self) -> Duration {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.unwrap_or_default()
    }
}

/// Notifies receivers on this machine, until what is given back is dropped.
fn notify(data: &Path, broker: &Arc<Broker>) -> Result<Arc<Notifier>, Box<dyn std::error::Error>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let setup = Setup {
        bus: Arc::clone(broker.bus()),
        source: Arc::new(Records(Arc::clone(broker))),
        letters: Letters::open(&data.join("dead-letters.sqlite"))?,
        endpoints: Endpoints::read(["loopback"])?,
        tls: Arc::new(tls),
        limits: Limits::default(),
        clock: Arc::new(Wall),
        jitter: Arc::new(|| 0.5),
        runtime: tokio::runtime::Handle::current(),
    };
    let notifier = Arc::new(Notifier::start(setup, broker.known_subscriptions())?);
    broker.notify_with(&notifier);
    Ok(notifier)
}

/// One entity as it is retrieved: what the echo gives.
const VEHICLE: &[u8] = include_bytes!("vehicle.json");

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(data), Some(port)) = (args.next(), args.next()) else {
        return Err("usage: serve FOLDER PORT".into());
    };
    let bus = Bus::open(Path::new(&data), BusConfig::new(1, FileLayer::Real))?;
    let broker = Arc::new(Broker::open(Arc::new(bus), Arc::new(Wall))?);
    let _house = broker.keep_house();
    let history = History::open(&Path::new(&data).join("history.sqlite"))?;
    let following = history.follow(broker.clone())?;
    let _notifier = notify(Path::new(&data), &broker)?;
    let tls = ureq::tls::TlsConfig::default();
    let app = Arc::new(App {
        broker,
        history: Evolution::of(&following),
        rate: Rate::of(CALLS_PER_S),
        fetch: Fetch::new(FetchFrom::Hosts(Vec::new()), tls),
    });
    let body = Bytes::from(Json::read(VEHICLE)?.to_string());
    let echo = get(|| async {
        let kind = [("content-type", "application/json")];
        (kind, body)
    });
    let all = router_over(routes(&app), Arc::new(Anybody), Secure::No);
    let all = axum::Router::new().route("/echo", echo).merge(all);
    let at = SocketAddr::from(([127, 0, 0, 1], port.parse()?));
    axum::serve(tokio::net::TcpListener::bind(at).await?, all).await?;
    Ok(())
}
