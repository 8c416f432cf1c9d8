//! Wiring of the city's data plane: its log in the data folder, whom it may ask for @contexts, and
//! whom it may notify. Never decides what an entity is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use loggia_api::Route;
use loggia_model::Clock;
use loggia_ngsi_ld::broker::{Broker, Records};
use loggia_ngsi_ld::history::{Following, HISTORY, History};
use loggia_ngsi_ld::http::{self, App, Evolution, Fetch, FetchFrom};
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
    /// Hosts that JSON-LD @contexts may be fetched from; without one nothing is fetched.
    #[serde(default)]
    pub contexts_from: Vec<String>,
    /// Certificates (PEM) of these hosts, or of their authorities; the machine's own when not
    /// given.
    pub contexts_ca: Option<PathBuf>,
    /// Where notifications may go: `anywhere`, `loopback`, networks, hosts, `*.domain`; nowhere
    /// when nothing is said.
    #[serde(default)]
    pub notify: Vec<String>,
    /// Certificates (PEM) of these receivers, or of their authorities; the machine's own when not
    /// given.
    pub notify_ca: Option<PathBuf>,
}

/// Whom the data plane may reach: for @contexts, and to notify.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Where @contexts are fetched from.
    pub contexts_from: FetchFrom,
    /// Certificates there, if not the machine's.
    pub contexts_ca: Option<PathBuf>,
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
            contexts_from: FetchFrom::Hosts(config.contexts_from),
            contexts_ca: config.contexts_ca,
            notify: config.notify,
            notify_ca: config.notify_ca,
        }
    }
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
pub fn follow(data: &Path, broker: &Arc<Broker>) -> anyhow::Result<Arc<Following>> {
    let at = data.join(HISTORY);
    let history = History::open(&at).with_context(|| format!("{}", at.display()))?;
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
        history: Evolution::of(&house.history),
    });
    Ok(http::routes(&app))
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

fn tls(ca: Option<&Path>) -> anyhow::Result<TlsConfig> {
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
