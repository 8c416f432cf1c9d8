//! Calls to the city, each signed with a roster key. Everything that comes back is input to verify.
//! Never follows a redirect, never sends a private key.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::Clock;
use loggia_seal::PersonKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider};

/// What a desk call's signature covers, before the call.
const CONTEXT: &str = "loggia/desk/v1";
/// Longest answer: 500 requests of 8 kB with their statements.
const ANSWER_BYTES_MAX: u64 = 8 << 20;
/// A city that does not answer by then is away.
const WITHIN: Duration = Duration::from_secs(20);

/// The city's Loggia as one desk sees it.
pub struct Remote {
    base: String,
    agent: ureq::Agent,
    clock: Arc<dyn Clock>,
}

#[derive(serde::Deserialize)]
struct Problem {
    detail: String,
}

impl Remote {
    /// A city at `base`, e.g. `https://loggia.helsinki.example`, known by the certificates in
    /// `cert` (PEM: the city's own, or the authority's that issued it).
    ///
    /// # Errors
    /// When `cert` does not read, or `base` is neither HTTPS nor on this machine.
    pub fn new(base: &str, cert: Option<&Path>, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        let here = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        if !base.starts_with("https://") && !here.iter().any(|h| base.starts_with(h)) {
            bail!("{base} is not on this machine: give its https:// address");
        }
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(WITHIN))
            .max_redirects(0)
            .http_status_as_error(false)
            .tls_config(tls(cert)?)
            .build()
            .new_agent();
        Ok(Self { base, agent, clock })
    }

    /// The city's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A public text.
    pub fn text(&self, path: &str) -> anyhow::Result<String> {
        let url = format!("{}{path}", self.base);
        let answer = self.agent.get(&url).call();
        read(answer.with_context(|| format!("{} does not answer", self.base))?)
    }

    /// A public JSON answer.
    pub fn open<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        parse(&self.text(path)?)
    }

    /// A signed GET.
    pub fn get<T: DeserializeOwned>(&self, key: &PersonKey, path: &str) -> anyhow::Result<T> {
        let signed = self.authorization(key, "GET", path, b"")?;
        let call = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("authorization", signed);
        parse(&read(
            call.call()
                .with_context(|| format!("{} does not answer", self.base))?,
        )?)
    }

    /// A signed POST of JSON.
    pub fn post(&self, key: &PersonKey, path: &str, body: &impl Serialize) -> anyhow::Result<()> {
        self.posted(key, path, body).map(drop)
    }

    /// A signed POST of JSON that is answered with JSON.
    pub fn post_for<T: DeserializeOwned>(
        &self,
        key: &PersonKey,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        parse(&self.posted(key, path, body)?)
    }

    fn posted(&self, key: &PersonKey, path: &str, body: &impl Serialize) -> anyhow::Result<String> {
        let body = serde_json::to_vec(body)?;
        let signed = self.authorization(key, "POST", path, &body)?;
        let call = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("authorization", signed)
            .header("content-type", "application/json");
        let answer = call.send(&body[..]);
        read(answer.with_context(|| format!("{} does not answer", self.base))?)
    }

    /// A signed DELETE.
    pub fn delete(&self, key: &PersonKey, path: &str) -> anyhow::Result<()> {
        let signed = self.authorization(key, "DELETE", path, b"")?;
        let call = self
            .agent
            .delete(format!("{}{path}", self.base))
            .header("authorization", signed);
        let answer = call.call();
        read(answer.with_context(|| format!("{} does not answer", self.base))?).map(drop)
    }

    fn authorization(
        &self,
        key: &PersonKey,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> anyhow::Result<String> {
        let at = self.clock.now().0;
        let hash = hex::encode(digest(&SHA256, body));
        let message = format!("{CONTEXT}\n{method}\n{path}\n{at}\n{hash}");
        let sig = STANDARD.encode(key.signing.sign(message.as_bytes())?);
        Ok(format!(
            "Loggia-Key person={},at={at},sig={sig}",
            key.person
        ))
    }
}

/// Trusts the given certificates and no others: a desk has one city.
fn tls(cert: Option<&Path>) -> anyhow::Result<TlsConfig> {
    let mut certs = Vec::new();
    if let Some(path) = cert {
        let pem =
            std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        for item in ureq::tls::parse_pem(&pem) {
            if let PemItem::Certificate(cert) = item? {
                certs.push(cert);
            }
        }
        if certs.is_empty() {
            bail!("{} holds no certificate (PEM)", path.display());
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::new_with_certs(&certs))
        .build())
}

fn read(mut answer: ureq::http::Response<ureq::Body>) -> anyhow::Result<String> {
    let status = answer.status();
    let text = answer
        .body_mut()
        .with_config()
        .limit(ANSWER_BYTES_MAX)
        .read_to_string()
        .context("the city's answer broke off")?;
    if status.is_success() {
        return Ok(text);
    }
    match serde_json::from_str::<Problem>(&text) {
        Ok(problem) => bail!("the city says: {}", problem.detail),
        Err(_) => bail!("the city answered {status}"),
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    serde_json::from_str(text).context("the city's answer is not what this desk understands")
}
