//! How a witness is asked: one call of add-checkpoint (C2SP tlog-witness), over HTTP or otherwise.
//! Never believes what comes back: cosignatures are checked with the policy's keys.

use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider};

use crate::Error;
use crate::note::NOTE_BYTES_MAX;
use crate::witness::{AddCheckpoint, WitnessAnswer};

/// A witness that does not answer by then is away.
const WITHIN: Duration = Duration::from_secs(5);

/// Why a witness could not be asked, in a few words that are public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away(pub String);

/// A body outside the city that cosigns checkpoints. One call at a time from one lane; it may block
/// for [`WITHIN`] and no longer, and keeps no state about the log beyond its own.
pub trait Witness: Send + Sync {
    /// Asks for a cosignature.
    ///
    /// # Errors
    /// [`Away`] when it does not answer, or not as the specification says.
    fn add_checkpoint(&self, ask: &AddCheckpoint) -> Result<WitnessAnswer, Away>;
}

/// A witness at a URL.
pub struct HttpWitness {
    url: String,
    agent: ureq::Agent,
}

impl HttpWitness {
    /// `prefix`: its submission prefix. Plain HTTP is fine: nothing that is sent is secret, and
    /// what comes back is signed. `ca`: PEM that an HTTPS witness is held against.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the address or the certificates do not read.
    pub fn new(prefix: &str, ca: Option<&[u8]>) -> Result<Self, Error> {
        let bad = |why: &str| Error::malformed(format!("witness {prefix}"), why);
        let url = format!("{}/add-checkpoint", prefix.trim_end_matches('/'));
        let read: ureq::http::Uri = url.parse().map_err(|_| bad("its address does not read"))?;
        match (read.scheme_str(), ca) {
            (Some("http"), _) | (Some("https"), Some(_)) => {}
            (Some("https"), None) => return Err(bad("HTTPS needs `witness_ca`, a file of PEM")),
            _ => return Err(bad("its address begins with http:// or https://")),
        }
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(WITHIN))
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false);
        if let Some(ca) = ca {
            config = config.tls_config(tls(ca).ok_or_else(|| bad("`witness_ca` holds no PEM"))?);
        }
        let agent = config.build().new_agent();
        Ok(Self { url, agent })
    }
}

fn tls(pem: &[u8]) -> Option<TlsConfig> {
    let mut certs = Vec::new();
    for item in ureq::tls::parse_pem(pem) {
        if let PemItem::Certificate(cert) = item.ok()? {
            certs.push(cert);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    (!certs.is_empty()).then(|| {
        TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::new_with_certs(&certs))
            .build()
    })
}

impl Witness for HttpWitness {
    fn add_checkpoint(&self, ask: &AddCheckpoint) -> Result<WitnessAnswer, Away> {
        let away = |e: &ureq::Error| {
            Away(match e {
                ureq::Error::Timeout(_) => "it does not answer in time".to_owned(),
                ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "TLS failed".to_owned(),
                _ => "it cannot be reached".to_owned(),
            })
        };
        let mut answer = self
            .agent
            .post(&self.url)
            .header("content-type", "application/octet-stream")
            .send(ask.body().as_bytes())
            .map_err(|e| away(&e))?;
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type");
        let kind = kind.and_then(|k| k.to_str().ok()).map(str::to_owned);
        let body = answer
            .body_mut()
            .with_config()
            .limit(NOTE_BYTES_MAX as u64)
            .read_to_vec()
            .map_err(|e| away(&e))?;
        WitnessAnswer::parse(status, kind.as_deref(), &body).map_err(|e| Away(e.to_string()))
    }
}
