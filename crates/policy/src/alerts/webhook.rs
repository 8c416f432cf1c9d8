//! Alerts by POST to a gateway of the city's own: JSON over HTTPS, or plain HTTP on this machine.
//! Never follows a redirect, takes no proxy from the environment, trusts no certificate by default.

use super::courier::Failure;
use super::{Alert, CARRY_WAIT};
use crate::{Error, anchors};

/// A gateway of the city that knows how to reach people.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its address: `https://…`, or `http://` on this machine.
    pub url: String,
    /// Certificates that it may show, or that of their authority (PEM); no others are trusted.
    pub ca: Option<Vec<u8>>,
}

/// A checked [`Webhook`].
pub(crate) struct Post {
    url: String,
    agent: ureq::Agent,
}

impl Post {
    /// # Errors
    /// [`Error::Invalid`] with what to set.
    pub(crate) fn new(hook: &Webhook) -> Result<Self, Error> {
        let bad = |why: String| Error::Invalid(format!("the alert webhook: {why}"));
        let url: ureq::http::Uri = hook
            .url
            .parse()
            .map_err(|_| bad("its address does not read".to_owned()))?;
        match (url.scheme_str(), url.host()) {
            (Some("https"), Some(_)) if hook.ca.is_none() => {
                return Err(bad(
                    "HTTPS needs `ca`, its certificate's authority".to_owned()
                ));
            }
            (Some("https"), Some(_)) => {}
            (Some("http"), Some(host)) if super::is_this_machine(host) => {}
            _ => {
                return Err(bad(
                    "give its https:// address (http:// on this machine alone)".to_owned(),
                ));
            }
        }
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(CARRY_WAIT))
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false)
            .tls_config(anchors::alone(hook.ca.as_deref()).map_err(bad)?)
            .build()
            .new_agent();
        let url = hook.url.clone();
        Ok(Self { url, agent })
    }

    /// Hands one alert over; anything but a 2xx is a failure.
    pub(crate) fn carry(&self, alert: &Alert) -> Result<(), Failure> {
        // The error's text is not told: it can name what stands in the address.
        let answer = self.agent.post(&self.url).send_json(alert).map_err(|e| {
            Failure::Later(match e {
                ureq::Error::Timeout(_) => "it does not answer in time".to_owned(),
                ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "TLS failed".to_owned(),
                _ => "it cannot be reached".to_owned(),
            })
        })?;
        let status = answer.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(Failure::Later(format!("it answers {}", status.as_u16())))
        }
    }
}
