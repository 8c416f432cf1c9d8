//! An MQTT server as the configuration names it: address, account, our name there. Never sends a
//! password over a connection that anybody can read.

use loggia_mqtt::{Hello, Session, Version};
use url::{Host, Url};

use crate::config::{ConfigError, Protocol, ServerConfig};
use crate::plan::ReadLine;

/// What comes while we are away is kept there for a week: a long holiday's power cut.
const SESSION_S: u32 = 7 * 86_400;
/// Messages that are under way from a server at once. A group comes to disk in 10 ms, so that
/// 1,024 are 100,000 a second; of 256 kB they would be 256 MB, of a usual 300 B they are 300 kB.
pub const UNDER_WAY_MAX: u16 = 1_024;

/// A server, checked.
#[derive(Clone)]
pub struct Server {
    /// What it is called.
    pub name: String,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub secure: Secure,
    /// Which MQTT.
    pub version: Version,
    client_id: String,
    user: Option<(String, String)>,
}

/// Whether TLS is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secure {
    /// `mqtts://`
    Yes,
    /// `mqtt://`
    No,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}:{})", self.name, self.host, self.port)
    }
}

impl Server {
    /// Reads a server's configuration, and its password.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(config: &ServerConfig, read: ReadLine<'_>) -> Result<Self, ConfigError> {
        let error = |what: &str| ConfigError(format!("server `{}`: {what}", config.name));
        let form = || error("`url` is `mqtt://host:1883` or `mqtts://host:8883`, without account");
        let url = Url::parse(&config.url).map_err(|_| form())?;
        let (secure, port) = match url.scheme() {
            "mqtt" => (Secure::No, 1_883),
            "mqtts" => (Secure::Yes, 8_883),
            _ => return Err(form()),
        };
        let bare = url.username().is_empty()
            && url.password().is_none()
            && matches!(url.path(), "" | "/")
            && url.query().is_none();
        let host = url
            .host_str()
            .filter(|h| bare && !h.is_empty())
            .ok_or_else(form)?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if secure == Secure::No && config.ca.is_some() {
            return Err(error("`ca` is for `mqtts://`"));
        }
        let user = match (&config.user, &config.password_file) {
            (None, None) => None,
            (None, Some(_)) => return Err(error("`password_file` needs `user`")),
            (Some(_), Some(_)) if secure == Secure::No && !is_loopback(&url) => {
                return Err(error("a password goes over `mqtts://` alone"));
            }
            (Some(user), None) => Some((user.clone(), String::new())),
            (Some(user), Some(file)) => Some((user.clone(), read(file)?)),
        };
        let client_id = config.client_id.clone();
        let client_id = client_id.unwrap_or_else(|| format!("loggia-{}", config.name));
        // A name without which there is no session to be kept (section 3.1.3.1).
        if client_id.is_empty() || client_id.len() > 256 {
            return Err(error("`client_id` has 1 to 256 bytes"));
        }
        Ok(Self {
            name: config.name.clone(),
            host,
            port: url.port().unwrap_or(port),
            secure,
            version: match config.mqtt {
                Protocol::V5 => Version::V5,
                Protocol::V311 => Version::V311,
            },
            client_id,
            user,
        })
    }

    /// The greeting's bytes.
    pub(crate) fn hello(&self) -> Option<Vec<u8>> {
        loggia_mqtt::connect(&Hello {
            version: self.version,
            client_id: &self.client_id,
            user: self.user.as_ref().map(|(name, word)| (&**name, &**word)),
            session: Session::Kept {
                expiry_s: SESSION_S,
                under_way_max: UNDER_WAY_MAX,
            },
        })
    }
}

fn is_loopback(url: &Url) -> bool {
    // Of a scheme that the URL standard does not know, addresses are names.
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => {
            let ip = name.parse::<std::net::Ipv4Addr>();
            name == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
        }
        None => false,
    }
}
