//! A command that asks a running Loggia as somebody who signs in: the password is in
//! LOGGIA_PASSWORD. Never follows a redirect, never keeps the session.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::cli::AsPerson;
use crate::data_plane;

/// Environment variable with the person's password.
pub const PASSWORD: &str = "LOGGIA_PASSWORD";
/// The slowest honest answer: a camera is asked for its masks first.
const WITHIN: Duration = Duration::from_secs(45);
/// Longest answer: a page of 1,000 rows of 8 kB.
const ANSWER_BYTES_MAX: u64 = 8 << 20;

/// A session, until the process ends; then it ends by itself.
pub struct Session {
    agent: ureq::Agent,
    server: String,
    cookie: String,
}

impl Session {
    /// Signs in.
    ///
    /// # Errors
    /// When the city does not answer, or does not let the person in.
    pub fn begin(at: &AsPerson) -> anyhow::Result<Self> {
        let password = std::env::var(PASSWORD)
            .with_context(|| format!("set {PASSWORD} to the password of {}", at.person))?;
        let server = at.server.trim_end_matches('/').to_owned();
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(WITHIN))
            .max_redirects(0)
            .http_status_as_error(false)
            .tls_config(data_plane::tls(at.cert.as_deref())?)
            .build()
            .new_agent();
        let call = agent
            .post(format!("{server}/api/v1/session"))
            .header("origin", &server);
        let answer = call
            .send_json(json!({ "person": at.person, "password": password }))
            .with_context(|| format!("{server} does not answer"))?;
        if !answer.status().is_success() {
            bail!(
                "{} was not let in: check the name and {PASSWORD}",
                at.person
            );
        }
        let set = answer.headers().get("set-cookie");
        let cookie = set.and_then(|c| c.to_str().ok()?.split(';').next());
        let cookie = cookie.context("there is no session")?.to_owned();
        Ok(Self {
            agent,
            server,
            cookie,
        })
    }

    /// Gets JSON.
    ///
    /// # Errors
    /// With the city's own words.
    pub fn get(&self, path: &str) -> anyhow::Result<Value> {
        let call = self
            .agent
            .get(format!("{}{path}", self.server))
            .header("cookie", &self.cookie);
        read(call.call()?)
    }

    /// Deletes.
    ///
    /// # Errors
    /// With the city's own words.
    pub fn delete(&self, path: &str) -> anyhow::Result<()> {
        let call = self
            .agent
            .delete(format!("{}{path}", self.server))
            .header("origin", &self.server)
            .header("cookie", &self.cookie);
        read(call.call()?).map(drop)
    }

    /// Posts JSON, and gives the JSON that comes back; null where nothing does.
    ///
    /// # Errors
    /// With the city's own words.
    pub fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let call = self
            .agent
            .post(format!("{}{path}", self.server))
            .header("origin", &self.server)
            .header("cookie", &self.cookie);
        read(call.send_json(body)?)
    }
}

fn read(mut answer: ureq::http::Response<ureq::Body>) -> anyhow::Result<Value> {
    let status = answer.status();
    let text = answer
        .body_mut()
        .with_config()
        .limit(ANSWER_BYTES_MAX)
        .read_to_string()
        .context("the city's answer broke off")?;
    let json: Value = match text.is_empty() {
        true => Value::Null,
        false => serde_json::from_str(&text).context("the city's answer is no JSON")?,
    };
    if status.is_success() {
        return Ok(json);
    }
    match json["detail"].as_str() {
        Some(detail) => bail!("{detail}"),
        None => bail!("the city answered {status}"),
    }
}
