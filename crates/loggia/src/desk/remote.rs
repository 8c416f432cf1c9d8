//! Calls to the city, each signed with a roster key. Everything that comes back is input to verify.
//! Never follows a redirect, never sends a private key.

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
    /// A city at `base`, e.g. `https://loggia.helsinki.example`.
    pub fn new(base: &str, clock: Arc<dyn Clock>) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(WITHIN))
            .max_redirects(0)
            .http_status_as_error(false)
            .build()
            .new_agent();
        Self {
            base: base.trim_end_matches('/').to_owned(),
            agent,
            clock,
        }
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
        let body = serde_json::to_vec(body)?;
        let signed = self.authorization(key, "POST", path, &body)?;
        let call = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("authorization", signed)
            .header("content-type", "application/json");
        let answer = call.send(&body[..]);
        read(answer.with_context(|| format!("{} does not answer", self.base))?)?;
        Ok(())
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
