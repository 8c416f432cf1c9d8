//! @contexts for calls: out of a `Link` header or a body (clause 6.3.5), and fetched from elsewhere
//! when they are not at hand. Never fetches at a start, never from where the city does not allow
//! it, never twice at once for one failing address.

mod fresh;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use tokio::sync::Semaphore;

use super::App;
use super::answer::Failure;
use super::call::{Call, invalid};
use super::media::Media;
use crate::broker::Broker;
use crate::context::{Context, DOCUMENT_BYTES_MAX, REMOTE_MAX};
use crate::error::Error;
use crate::json::Json;
use crate::time::Time;

/// A server that has not answered by then is given up.
const FETCH_WITHIN: Duration = Duration::from_secs(5);
/// An address that failed is not asked again for so long: a device that sends each second would
/// else hold a fetch each second.
const FAILED_FOR_US: i64 = 10_000_000;
/// Failed addresses that are remembered.
const FAILED_MAX: usize = 1_000;
/// Documents fetched at once.
const FETCHES_MAX: usize = 8;

/// Where @contexts may be fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchFrom {
    /// From these hosts; none if the list is empty. Everything else is brought along as a bundle.
    Hosts(Vec<String>),
    /// From anywhere: a demonstration.
    Anywhere,
}

/// How @contexts are fetched.
pub struct Fetch {
    from: FetchFrom,
    agent: ureq::Agent,
    slots: Semaphore,
    /// Failed addresses: until when they are left alone, and why they failed.
    failed: Mutex<HashMap<String, (i64, String)>>,
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

impl Fetch {
    /// `tls` is what the process uses for TLS everywhere.
    #[must_use]
    pub fn new(from: FetchFrom, tls: ureq::tls::TlsConfig) -> Self {
        // An allowed host could else send us to any other.
        let redirects = match from {
            FetchFrom::Hosts(_) => 0,
            FetchFrom::Anywhere => 3,
        };
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(FETCH_WITHIN))
            .max_redirects(redirects)
            .proxy(None)
            .tls_config(tls)
            .build()
            .into();
        Self {
            from,
            agent,
            slots: Semaphore::new(FETCHES_MAX),
            failed: Mutex::default(),
        }
    }

    fn allows(&self, url: &str) -> Result<(), String> {
        let parsed = url.parse::<ureq::http::Uri>().ok();
        let host = parsed
            .as_ref()
            .filter(|u| matches!(u.scheme_str(), Some("http" | "https")))
            .and_then(ureq::http::Uri::host)
            .ok_or_else(|| "it is no http or https address".to_owned())?;
        match &self.from {
            FetchFrom::Anywhere => Ok(()),
            FetchFrom::Hosts(hosts) if hosts.iter().any(|h| h == host) => Ok(()),
            FetchFrom::Hosts(_) => Err(format!(
                "{host} is not among the hosts that @contexts may be fetched from"
            )),
        }
    }

    /// The document, and until when it is fresh.
    fn get(&self, url: &str, now: Time) -> Result<(Vec<u8>, Time), String> {
        let gone = |e: ureq::Error| match e {
            ureq::Error::Timeout(_) => "its server did not answer in time".to_owned(),
            ureq::Error::StatusCode(status) => format!("its server answered {status}"),
            _ => "its server cannot be reached".to_owned(),
        };
        let asked = self
            .agent
            .get(url)
            .header("accept", "application/ld+json, application/json");
        let mut answer = asked.call().map_err(gone)?;
        let until = fresh::until(answer.headers(), now);
        let max = DOCUMENT_BYTES_MAX as u64;
        let body = answer.body_mut().with_config().limit(max).read_to_vec();
        Ok((body.map_err(gone)?, until))
    }
}

impl App {
    /// The @context of a call without a body: the `Link` header's, or the core.
    pub(super) async fn context_of(self: &Arc<Self>, call: &Call) -> Result<Arc<Context>, Failure> {
        match link(&call.headers)? {
            Some(url) => self.compile(&Json::from(&*url)).await,
            None => Ok(self.broker.core().clone()),
        }
    }

    /// The @context of a body: its own in JSON-LD, the `Link` header's in JSON.
    pub(super) async fn of_body(
        self: &Arc<Self>,
        call: &Call,
        media: Media,
        body: &Json,
    ) -> Result<Arc<Context>, Failure> {
        let own = body.get("@context");
        match (media, own) {
            (Media::JsonLd, None) => {
                Err(Error::bad("@context", "application/ld+json has an @context in it").into())
            }
            (Media::JsonLd, Some(own)) => {
                self.only_in_body(call, media)?;
                self.compile(own).await
            }
            (_, Some(_)) => {
                let what = "application/json has its @context in a Link header, not in the body";
                Err(Error::bad("@context", what).into())
            }
            (_, None) => self.context_of(call).await,
        }
    }

    /// Refuses a `Link` beside JSON-LD (clause 6.3.5).
    pub(super) fn only_in_body(&self, call: &Call, media: Media) -> Result<(), Failure> {
        if media == Media::JsonLd && link(&call.headers)?.is_some() {
            let what = "application/ld+json has its @context in the body, not in a Link";
            return Err(Error::bad("Link", what).into());
        }
        Ok(())
    }

    /// Compiles an @context, fetching what it lacks.
    pub(super) async fn compile(self: &Arc<Self>, context: &Json) -> Result<Arc<Context>, Failure> {
        // What cannot be one is refused before anything is fetched for it.
        let good = |one: &Json| matches!(one, Json::String(_) | Json::Object(_) | Json::Null);
        if !context.as_list().iter().all(good) {
            let what = "an @context is a URL, an object, or a list of these";
            return Err(Error::ContextInvalid(what.to_owned()).into());
        }
        let compiled = self.with_contexts(|b| b.contexts().compile(context, b.now()));
        let compiled = compiled.await?;
        self.renew();
        Ok(compiled)
    }

    /// Fetches anew what is no longer fresh, beside the calls that use it meanwhile as it is: a
    /// server that is away takes nothing from the city (clause 5.13.1).
    fn renew(self: &Arc<Self>) {
        for url in self.broker.contexts().stale(self.broker.now(), FETCHES_MAX) {
            let app = self.clone();
            tokio::spawn(async move {
                if let Err(failure) = app.bring(&url).await {
                    tracing::warn!(
                        url,
                        ?failure,
                        "an @context is used as it was fetched before"
                    );
                }
            });
        }
    }

    /// Does something that may need an @context by URL, fetching what is missing.
    pub(super) async fn with_contexts<T>(
        self: &Arc<Self>,
        mut work: impl FnMut(&Broker) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        for _ in 0..=REMOTE_MAX {
            match work(&self.broker) {
                Err(Error::ContextMissing { url }) => self.bring(&url).await?,
                other => return Ok(other?),
            }
        }
        let what = format!("it leads to more than {REMOTE_MAX} documents");
        Err(Error::ContextInvalid(what).into())
    }

    /// Fetches a document and keeps it.
    pub(super) async fn bring(self: &Arc<Self>, url: &str) -> Result<(), Failure> {
        let unavailable = |why: String| Error::ContextUnavailable {
            url: url.to_owned(),
            why,
        };
        self.fetch.allows(url).map_err(unavailable)?;
        if let Some(why) = self.failed_before(url) {
            return Err(unavailable(why).into());
        }
        let Ok(_slot) = self.fetch.slots.acquire().await else {
            return Err(Error::Busy.into());
        };
        let (app, asked) = (self.clone(), url.to_owned());
        let now = self.broker.now();
        let got = tokio::task::spawn_blocking(move || app.fetch.get(&asked, now)).await;
        let got = got.map_err(|e| Error::Broken(format!("fetching {url}: {e}")))?;
        match got {
            Ok((bytes, until)) => {
                self.broker.fetched_context(url, &bytes, until)?.await?;
                Ok(())
            }
            Err(why) => {
                self.remember(url, &why);
                Err(unavailable(why).into())
            }
        }
    }

    fn failed_before(&self, url: &str) -> Option<String> {
        let failed = self
            .fetch
            .failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (until, why) = failed.get(url)?;
        (self.broker.now().micros() < *until).then(|| why.clone())
    }

    fn remember(&self, url: &str, why: &str) {
        let now = self.broker.now().micros();
        let mut failed = self
            .fetch
            .failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        failed.retain(|_, (until, _)| *until > now);
        if failed.len() < FAILED_MAX {
            failed.insert(url.to_owned(), (now + FAILED_FOR_US, why.to_owned()));
        }
    }
}

/// The `Link` header with the @context (JSON-LD 1.1, section 6.1), if there is one.
fn link(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let mut found = None;
    for value in headers.get_all(header::LINK) {
        let text = value.to_str().map_err(|_| invalid("Link is no text"))?;
        for one in text.split(",<").flat_map(|t| t.split(", <")) {
            if !one.contains("http://www.w3.org/ns/json-ld#context") {
                continue;
            }
            let target = one.trim().trim_start_matches('<').split('>').next();
            let url = target.filter(|u| crate::is_uri(u));
            let Some(url) = url else {
                return Err(invalid("Link: its @context is no URL"));
            };
            if found.replace(url.to_owned()).is_some() {
                return Err(invalid("Link: one @context at most"));
            }
        }
    }
    Ok(found)
}
