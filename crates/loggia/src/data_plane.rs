//! Wiring of the city's data plane: its log in the data folder, and whom it may ask for @contexts.
//! Never decides what an entity is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use loggia_api::Route;
use loggia_model::Clock;
use loggia_ngsi_ld::broker::Broker;
use loggia_ngsi_ld::http::{self, App, Fetch, FetchFrom};
use loggia_seal::Randomness;
use loggia_store::FileLayer;
use loggia_store::bus::{BUS, Bus, BusConfig};
use serde::Deserialize;
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider};

use crate::house::House;

/// Where Debian keeps the authorities that a machine trusts (package `ca-certificates`).
const MACHINE_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// `[data_plane]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataPlaneConfig {
    /// Hosts that JSON-LD @contexts may be fetched from; without one nothing is fetched.
    #[serde(default)]
    pub contexts_from: Vec<String>,
    /// Certificates (PEM) of these hosts, or of their authorities; the machine's own when not given.
    pub contexts_ca: Option<PathBuf>,
}

/// Whom to ask for @contexts.
#[derive(Debug, Clone)]
pub struct FetchPlan {
    /// Which hosts.
    pub from: FetchFrom,
    /// Certificates, if not the machine's.
    pub ca: Option<PathBuf>,
}

impl Default for FetchPlan {
    fn default() -> Self {
        DataPlaneConfig::default().into()
    }
}

impl From<DataPlaneConfig> for FetchPlan {
    fn from(config: DataPlaneConfig) -> Self {
        Self {
            from: FetchFrom::Hosts(config.contexts_from),
            ca: config.contexts_ca,
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

/// The routes of the data plane.
pub fn routes(house: &House) -> anyhow::Result<Vec<Route>> {
    let app = Arc::new(App {
        broker: Arc::clone(&house.broker),
        fetch: Fetch::new(house.fetch.from.clone(), tls(house.fetch.ca.as_deref())?),
    });
    Ok(http::routes(&app))
}

fn tls(ca: Option<&Path>) -> anyhow::Result<TlsConfig> {
    let machine = Path::new(MACHINE_AUTHORITIES);
    let pem = match ca {
        Some(path) => {
            std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?
        }
        None => std::fs::read(machine).unwrap_or_default(),
    };
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
