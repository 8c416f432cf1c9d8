//! Calls to the identity provider: what it says of itself, its keys, and a code for a token.
//! Never follows a redirect, takes no proxy from the environment, and asks in plain HTTP on this
//! machine alone. Everything that comes back is input to verify.

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::ProviderPlan;
use super::id_token::Keys;
use crate::anchors;

/// A provider that does not answer by then is away.
const WITHIN: Duration = Duration::from_secs(10);
/// Longest answer: metadata and sixty keys stay below.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;
/// What a provider says of itself is asked anew after this.
const METADATA_FRESH: Duration = Duration::from_secs(60 * 60);
/// A key that the provider has withdrawn is believed no longer than this.
const KEYS_FRESH: Duration = Duration::from_secs(10 * 60);
/// A token of an unknown key makes the keys be fetched anew, but no sooner than this again.
const KEYS_AGAIN: Duration = Duration::from_secs(10);

/// What a provider says of itself (OpenID Connect Discovery 1.0 section 3), as far as it counts.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
}

/// Why there is no token.
pub(super) enum NoToken {
    /// The provider cannot be reached or is broken.
    Away(String),
    /// It does not take the code.
    Denied(String),
}

#[derive(Default)]
struct Known {
    metadata: Option<(Arc<Metadata>, Duration)>,
    keys: Option<(Keys, Duration)>,
}

/// The provider on the wire.
pub(super) struct Remote {
    issuer: String,
    client_id: String,
    secret: Option<Zeroizing<String>>,
    agent: ureq::Agent,
    known: Mutex<Known>,
}

impl Remote {
    pub(super) fn new(plan: &ProviderPlan) -> Result<Self, String> {
        if !is_safe(&plan.issuer) {
            return Err("`issuer` is an https:// address (http:// on this machine alone)".into());
        }
        if plan.issuer.starts_with("https://") && plan.ca.is_none() {
            return Err("HTTPS needs `ca`, the issuer's certificate or its authority's".into());
        }
        if plan.issuer.contains(['?', '#']) {
            return Err("`issuer` has no query and no fragment (Discovery section 3)".into());
        }
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(WITHIN))
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false)
            .tls_config(anchors::alone(plan.ca.as_deref())?)
            .build()
            .new_agent();
        Ok(Self {
            issuer: plan.issuer.clone(),
            client_id: plan.client_id.clone(),
            secret: plan.client_secret.clone(),
            agent,
            known: Mutex::default(),
        })
    }

    fn known<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the provider says of itself.
    pub(super) fn metadata(&self, mono: Duration) -> Result<Arc<Metadata>, String> {
        let fresh = |k: &mut Known| {
            let (metadata, at) = k.metadata.as_ref()?;
            (mono.saturating_sub(*at) < METADATA_FRESH).then(|| Arc::clone(metadata))
        };
        if let Some(metadata) = self.known(fresh) {
            return Ok(metadata);
        }
        let base = self.issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let metadata: Metadata = serde_json::from_slice(&self.fetch(&url)?)
            .map_err(|e| format!("what it says of itself does not read: {e}"))?;
        self.holds(&metadata)?;
        let metadata = Arc::new(metadata);
        self.known(|k| k.metadata = Some((Arc::clone(&metadata), mono)));
        Ok(metadata)
    }

    /// Discovery section 4.3: the issuer is the one that was asked, and nothing leads into the
    /// open.
    fn holds(&self, m: &Metadata) -> Result<(), String> {
        if m.issuer != self.issuer {
            return Err("it calls itself by another name than `issuer`".into());
        }
        let places = [&m.authorization_endpoint, &m.token_endpoint, &m.jwks_uri];
        let end = m.end_session_endpoint.as_ref();
        let secure = self.issuer.starts_with("https://");
        for place in places.into_iter().chain(end) {
            if !is_safe(place) || (secure && !place.starts_with("https://")) {
                return Err("one of its addresses is not https://".into());
            }
        }
        let methods = m.code_challenge_methods_supported.as_ref();
        if methods.is_some_and(|all| all.iter().all(|m| m != "S256")) {
            return Err("it does not do PKCE with S256".into());
        }
        Ok(())
    }

    /// The keys, fetched anew when they are old or the token's is not among them.
    pub(super) fn keys(
        &self,
        there: &Metadata,
        kid: Option<&str>,
        mono: Duration,
    ) -> Result<Keys, String> {
        let kept = |k: &mut Known| {
            let (keys, at) = k.keys.as_ref()?;
            let age = mono.saturating_sub(*at);
            let good = age < KEYS_FRESH && (keys.has(kid) || age < KEYS_AGAIN);
            good.then(|| keys.clone())
        };
        if let Some(keys) = self.known(kept) {
            return Ok(keys);
        }
        let keys = Keys::parse(&self.fetch(&there.jwks_uri)?).map_err(|e| e.0.to_owned())?;
        self.known(|k| k.keys = Some((keys.clone(), mono)));
        Ok(keys)
    }

    /// The ID token for a code (Core section 3.1.3).
    pub(super) fn token(
        &self,
        there: &Metadata,
        answer: &[(&str, &str)],
    ) -> Result<Zeroizing<String>, NoToken> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
            token_type: String,
        }
        let mut form = answer.to_vec();
        let mut call = self.agent.post(&there.token_endpoint);
        match &self.secret {
            // RFC 6749 section 2.3.1: name and secret, each form-encoded, as HTTP Basic.
            Some(secret) => {
                let (name, secret) = (encoded(&self.client_id), Zeroizing::new(encoded(secret)));
                let both = Zeroizing::new(format!("{name}:{}", *secret));
                let basic = Zeroizing::new(format!("Basic {}", STANDARD.encode(&*both)));
                call = call.header("authorization", basic.as_str());
            }
            None => form.push(("client_id", &self.client_id)),
        }
        let answer = call.send_form(form);
        let answer = answer.map_err(|e| NoToken::Away(plainly(&e)))?;
        let status = answer.status();
        if status.is_client_error() {
            return Err(NoToken::Denied(format!("it answers {}", status.as_u16())));
        }
        let body = Zeroizing::new(body(answer).map_err(NoToken::Away)?);
        let tokens: Tokens = serde_json::from_slice(&body)
            .map_err(|_| NoToken::Denied("its answer holds no ID token".into()))?;
        if !tokens.token_type.eq_ignore_ascii_case("bearer") {
            return Err(NoToken::Denied("its token is of another type".into()));
        }
        Ok(Zeroizing::new(tokens.id_token))
    }

    /// Where sessions end there, if that is known already.
    pub(super) fn known_end(&self) -> Option<String> {
        self.known(|k| k.metadata.as_ref()?.0.end_session_endpoint.clone())
    }

    fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        let answer = self.agent.get(url).header("accept", "application/json");
        body(answer.call().map_err(|e| plainly(&e))?)
    }
}

fn body(mut answer: ureq::http::Response<ureq::Body>) -> Result<Vec<u8>, String> {
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("it answers {}", status.as_u16()));
    }
    let read = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    read.read_to_vec()
        .map_err(|_| "its answer is too long or breaks off".to_owned())
}

/// The error's own text is not told: it can name what stands in the address.
fn plainly(e: &ureq::Error) -> String {
    match e {
        ureq::Error::Timeout(_) => "it does not answer in time",
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "TLS failed",
        _ => "it cannot be reached",
    }
    .to_owned()
}

/// An address that may be asked: HTTPS, or plain HTTP on this machine alone.
pub(super) fn is_safe(url: &str) -> bool {
    let Ok(url) = url.parse::<ureq::http::Uri>() else {
        return false;
    };
    let no_one = url.authority().is_some_and(|a| !a.as_str().contains('@'));
    match (url.scheme_str(), url.host()) {
        (Some("https"), Some(_)) => no_one,
        (Some("http"), Some(host)) => no_one && crate::alerts::is_this_machine(host),
        _ => false,
    }
}

/// An address with a question's parameters.
pub(super) fn question(at: &str, parameters: &[(&str, &str)]) -> String {
    let mut url = at.to_owned();
    let mut mark = if at.contains('?') { '&' } else { '?' };
    for (name, value) in parameters {
        url.push(mark);
        url.push_str(name);
        url.push('=');
        url.push_str(&encoded(value));
        mark = '&';
    }
    url
}

/// Percent-encodes all but unreserved characters (RFC 3986 section 2.3).
fn encoded(text: &str) -> String {
    use core::fmt::Write as _;
    let mut out = String::with_capacity(text.len() * 2);
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}
