//! Wiring of the city's data plane: its log in the data folder, the @contexts that are brought
//! along, whom it may ask for others, and whom it may notify. Never decides what an entity is.

use std::fmt::Display;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use loggia_api::Route;
use loggia_model::Clock;
use loggia_ngsi_ld::admin::{self, Admin};
use loggia_ngsi_ld::broker::{Broker, Records};
use loggia_ngsi_ld::history::{Following, HISTORY, History, INSTANCES_PER_ANSWER};
use loggia_ngsi_ld::http::{self, App, CALLS_PER_S, Evolution, Fetch, FetchFrom, Rate};
use loggia_ngsi_ld::notify::{Endpoints, Letters, Limits, Notifier, Setup};
use loggia_seal::Randomness;
use loggia_store::FileLayer;
use loggia_store::bus::{BUS, Bus, BusConfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider};

use crate::house::House;

/// Where Debian keeps the authorities that a machine trusts (package `ca-certificates`).
const MACHINE_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Notifications that nobody took, in the data folder.
const DEAD_LETTERS: &str = "dead-letters.sqlite";

/// `[data_plane]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataPlaneConfig {
    /// Folders of JSON-LD @contexts that are brought along (docs/guide/contexts.md).
    #[serde(default)]
    pub contexts: Vec<PathBuf>,
    /// Hosts that JSON-LD @contexts may be fetched from; without one nothing is fetched.
    #[serde(default)]
    pub contexts_from: Vec<String>,
    /// Certificates (PEM) of these hosts, or of their authorities; the machine's own when not
    /// given.
    pub contexts_ca: Option<PathBuf>,
    /// Calls of one caller in a second, and twice as many at once; 1,000 when not given.
    pub calls_per_s: Option<NonZeroU32>,
    /// Where notifications may go: `anywhere`, `loopback`, networks, hosts, `*.domain`; nowhere
    /// when nothing is said.
    #[serde(default)]
    pub notify: Vec<String>,
    /// Certificates (PEM) of these receivers, or of their authorities; the machine's own when not
    /// given.
    pub notify_ca: Option<PathBuf>,
    /// Days that the history of entities is kept; for ever when nothing is said.
    pub history_days: Option<u32>,
    /// Instances in one answer of the temporal API, the rest on other pages; 10,000 when nothing
    /// is said.
    pub instances_max: Option<usize>,
}

/// What is brought along for the data plane, and whom it may reach: for @contexts, and to notify.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Bundles of @contexts that are brought along.
    pub contexts: Vec<PathBuf>,
    /// Where @contexts are fetched from.
    pub contexts_from: FetchFrom,
    /// Certificates there, if not the machine's.
    pub contexts_ca: Option<PathBuf>,
    /// Calls of one caller in a second.
    pub calls_per_s: u32,
    /// Where notifications may go.
    pub notify: Vec<String>,
    /// Certificates of receivers, if not the machine's.
    pub notify_ca: Option<PathBuf>,
}

impl Default for Reach {
    fn default() -> Self {
        DataPlaneConfig::default().into()
    }
}

impl From<DataPlaneConfig> for Reach {
    fn from(config: DataPlaneConfig) -> Self {
        Self {
            contexts: config.contexts,
            contexts_from: FetchFrom::Hosts(config.contexts_from),
            contexts_ca: config.contexts_ca,
            calls_per_s: config.calls_per_s.map_or(CALLS_PER_S, NonZeroU32::get),
            notify: config.notify,
            notify_ca: config.notify_ca,
        }
    }
}

/// How much of its past the data plane keeps, and tells at once.
#[derive(Debug, Clone, Copy)]
pub struct Past {
    /// For how long; for ever, if nothing is said.
    pub keep: Option<Duration>,
    /// Instances in one answer.
    pub instances_max: usize,
}

impl Default for Past {
    fn default() -> Self {
        Self {
            keep: None,
            instances_max: INSTANCES_PER_ANSWER,
        }
    }
}

/// A day at least, a century at most.
const HISTORY_DAYS: RangeInclusive<u32> = 1..=36_500;
/// 100,000 instances of 200 bytes are an answer of 20 MB.
const INSTANCES_MAX: RangeInclusive<usize> = 1..=100_000;

impl DataPlaneConfig {
    /// Its past, checked.
    pub fn past(&self) -> anyhow::Result<Past> {
        let (days, instances) = (self.history_days, self.instances_max);
        if days.is_some_and(|days| !HISTORY_DAYS.contains(&days)) {
            bail!("[data_plane] `history_days` is {}", between(&HISTORY_DAYS));
        }
        if instances.is_some_and(|n| !INSTANCES_MAX.contains(&n)) {
            bail!(
                "[data_plane] `instances_max` is {}",
                between(&INSTANCES_MAX)
            );
        }
        Ok(Past {
            keep: days.map(|days| Duration::from_secs(u64::from(days) * 86_400)),
            instances_max: instances.unwrap_or(INSTANCES_PER_ANSWER),
        })
    }
}

fn between<T: Display>(range: &RangeInclusive<T>) -> String {
    format!("{} to {}", range.start(), range.end())
}

/// Reads the city's records into memory.
pub fn open(data: &Path, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<Broker>> {
    let mut id = [0; 8];
    Randomness::machine().fill(&mut id)?;
    let config = BusConfig::new(u64::from_le_bytes(id), FileLayer::Real);
    let at = data.join(BUS);
    let bus = Bus::open(&at, config).with_context(|| format!("{}", at.display()))?;
    if let Some(cut) = bus.cut_off() {
        tracing::warn!(
            ?cut,
            "the end of the city's records was torn and is cut off"
        );
    }
    let broker = Broker::open(Arc::new(bus), Arc::clone(clock));
    Ok(Arc::new(
        broker.with_context(|| format!("{}", at.display()))?,
    ))
}

/// The history of the city's entities, which follows the log from here on.
pub fn follow(data: &Path, broker: &Arc<Broker>, past: Past) -> anyhow::Result<Arc<Following>> {
    let at = data.join(HISTORY);
    let mut history = History::open(&at).with_context(|| format!("{}", at.display()))?;
    if let Some(keep) = past.keep {
        history = history.keeping(keep);
    }
    let following = history.follow(Arc::clone(broker));
    Ok(Arc::new(
        following.with_context(|| format!("{}", at.display()))?,
    ))
}

/// The routes of the data plane.
pub fn routes(house: &House) -> anyhow::Result<Vec<Route>> {
    let app = Arc::new(App {
        broker: Arc::clone(&house.broker),
        fetch: Fetch::new(
            house.reach.contexts_from.clone(),
            tls(house.reach.contexts_ca.as_deref())?,
        ),
        history: Evolution {
            instances_max: house.past.instances_max,
            ..Evolution::of(&house.history)
        },
        rate: Rate::of(house.reach.calls_per_s),
    });
    let mut routes = http::routes(&app);
    let admin = Admin {
        broker: Arc::clone(&house.broker),
        random,
    };
    routes.extend(admin::routes(&Arc::new(admin)));
    Ok(routes)
}

/// Starts to notify, until what is given back is dropped. Nothing is written before.
pub fn notify(house: &House) -> anyhow::Result<Arc<Notifier>> {
    let rules = house.reach.notify.iter().map(String::as_str);
    let endpoints = Endpoints::read(rules).map_err(|e| anyhow!("[data_plane] notify: {e}"))?;
    let at = house.data.join(DEAD_LETTERS);
    let letters = Letters::open(&at).with_context(|| format!("{}", at.display()))?;
    let setup = Setup {
        bus: Arc::clone(house.broker.bus()),
        source: Arc::new(Records(Arc::clone(&house.broker))),
        letters,
        endpoints,
        tls: client(house.reach.notify_ca.as_deref())?,
        limits: Limits::default(),
        clock: Arc::clone(&house.clock),
        jitter: Arc::new(chance),
        runtime: tokio::runtime::Handle::current(),
    };
    let known = house.broker.known_subscriptions();
    let notifier = Arc::new(Notifier::start(setup, known).context("notifications")?);
    house.broker.notify_with(&notifier);
    Ok(notifier)
}

/// For the secret of a device's key.
fn random() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let filled = Randomness::machine().fill(&mut bytes);
    filled.ok().map(|()| bytes)
}

/// From 0 to 1; a machine without randomness spreads its retries by nothing.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    match Randomness::machine().fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

/// How those prove who they are whom the data plane calls: receivers, and servers of devices.
pub fn client(ca: Option<&Path>) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for cert in CertificateDer::pem_slice_iter(&pem(ca)?) {
        // One that does not parse is one authority less, as in any browser.
        if let Ok(cert) = cert
            && let Err(e) = roots.add(cert)
        {
            tracing::debug!(error = %e, "a certificate is passed over");
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn pem(ca: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    match ca {
        Some(path) => {
            std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
        }
        None => Ok(std::fs::read(MACHINE_AUTHORITIES).unwrap_or_default()),
    }
}

/// Trusts the certificates in a file, or this machine's authorities.
pub fn tls(ca: Option<&Path>) -> anyhow::Result<TlsConfig> {
    let pem = pem(ca)?;
    let certs: Vec<_> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(cert)) => Some(cert),
            _ => None,
        })
        .collect();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::new_with_certs(&certs))
        .build())
}
