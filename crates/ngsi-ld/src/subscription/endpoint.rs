//! Where notifications go: an address, what is sent along, and how long to wait (clauses 5.2.15,
//! 5.2.22 and 7.2). Never resolves a name and never decides whether an address may be called.

use url::Url;

use super::{Error, LIST_MAX, TEXT_BYTES_MAX, bad};
use crate::json::Json;

/// Pairs of `receiverInfo`. Servers take some hundred header lines; 64 of 100 bytes are 6 kB.
pub const PAIRS_MAX: usize = 64;

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `uri`, as sent.
    pub uri: Box<str>,
    /// Its scheme.
    pub scheme: Scheme,
    /// Its host, as the URL standard normalizes it.
    pub host: Box<str>,
    /// Its port, the scheme's own if none was given.
    pub port: u16,
    /// Path and query (HTTP), or topic (MQTT).
    pub path: Box<str>,
    /// User and password (MQTT).
    pub user: Option<(Box<str>, Box<str>)>,
    /// `accept`.
    pub accept: Option<Accept>,
    /// `receiverInfo`: header lines, or metadata.
    pub receiver: Vec<Pair>,
    /// `notifierInfo`: how to speak to it.
    pub notifier: Vec<Pair>,
    /// `timeout`, milliseconds.
    pub timeout_ms: Option<serde_json::Number>,
    /// `cooldown`, milliseconds.
    pub cooldown_ms: Option<serde_json::Number>,
}

/// How an endpoint is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// MQTT.
    Mqtt,
    /// MQTT over TLS.
    Mqtts,
}

impl Scheme {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Mqtt => "mqtt",
            Self::Mqtts => "mqtts",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Mqtt => 1883,
            Self::Mqtts => 8883,
        }
    }

    /// Whether it is MQTT.
    #[must_use]
    pub const fn is_mqtt(self) -> bool {
        matches!(self, Self::Mqtt | Self::Mqtts)
    }

    /// Whether TLS is under it.
    #[must_use]
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Mqtts)
    }
}

/// The form of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Accept {
    /// `application/json`, with a `Link` header.
    #[default]
    Json,
    /// `application/ld+json`, the @context in the body.
    JsonLd,
    /// `application/geo+json`, with a `Link` header.
    GeoJson,
}

impl Accept {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLd => "application/ld+json",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// A key with its value (clause 5.2.22).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// `key`.
    pub key: Box<str>,
    /// `value`.
    pub value: Box<str>,
}

/// `MQTT-Version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// `mqtt3.1.1`
    V311,
    /// `mqtt5.0`, unless said otherwise.
    #[default]
    V5,
}

/// `MQTT-QoS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Qos {
    /// 0, unless said otherwise.
    #[default]
    AtMostOnce,
    /// 1
    AtLeastOnce,
    /// 2
    ExactlyOnce,
}

const VERSION: &str = "MQTT-Version";
const QOS: &str = "MQTT-QoS";

/// Header lines that are the connection's own; a subscriber who set them would break it, or speak
/// to another server behind the one that was allowed.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Endpoint {
    /// Reads `endpoint`.
    pub(super) fn read(value: &Json) -> Result<Self, Error> {
        if !matches!(value, Json::Object(_)) {
            let what = format!("an object is needed, not {}", value.kind());
            return Err(bad("", what));
        }
        let uri = value.get("uri").filter(|u| **u != Json::Null);
        let uri = uri.ok_or_else(|| bad("uri", "it is missing"))?;
        let text = uri.as_str().unwrap_or_default();
        let mut endpoint = Self::of_uri(text).map_err(|e| e.within("uri"))?;
        for (name, value) in value.members() {
            match (&**name, value) {
                ("uri", _) | (_, Json::Null) => Ok(()),
                ("accept", v) => accept(v).map(|a| endpoint.accept = Some(a)),
                ("receiverInfo", v) => pairs(v).map(|p| endpoint.receiver = p),
                ("notifierInfo", v) => pairs(v).map(|p| endpoint.notifier = p),
                ("timeout", v) => milliseconds(v).map(|n| endpoint.timeout_ms = Some(n)),
                ("cooldown", v) => milliseconds(v).map(|n| endpoint.cooldown_ms = Some(n)),
                _ => Err(bad("", "there is no such member (clause 5.2.15)")),
            }
            .map_err(|e| e.within(name))?;
        }
        endpoint.check()?;
        Ok(endpoint)
    }

    fn of_uri(text: &str) -> Result<Self, Error> {
        let expected = "an address that begins with http, https, mqtt or mqtts is needed";
        let url = Url::parse(text).map_err(|_| bad("", expected))?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            "mqtt" => Scheme::Mqtt,
            "mqtts" => Scheme::Mqtts,
            _ => return Err(bad("", expected)),
        };
        if text.len() > TEXT_BYTES_MAX || text.bytes().any(|b| b <= b' ' || b == 0x7f) {
            return Err(bad("", "it is too long, or holds spaces"));
        }
        // `http:///x` is read as host x by the URL standard, which is not what it says.
        let after = text.get(url.scheme().len()..).unwrap_or_default();
        let written = after.starts_with("://") && !after.starts_with(":///");
        let host = url.host_str().filter(|h| written && !h.is_empty());
        let host = host.ok_or_else(|| bad("", "it names no host"))?;
        if url.fragment().is_some() {
            return Err(bad("", "a part after `#` is never sent"));
        }
        let user = match (url.username(), url.password()) {
            ("", None) => None,
            (user, word) => Some((unescaped(user)?, unescaped(word.unwrap_or_default())?)),
        };
        let path = if scheme.is_mqtt() {
            topic(&url)?
        } else if user.is_some() {
            return Err(bad(
                "",
                "a name or password has no place in it: use receiverInfo",
            ));
        } else {
            match url.query() {
                Some(query) => format!("{}?{query}", url.path()).into(),
                None => url.path().into(),
            }
        };
        Ok(Self {
            uri: text.into(),
            scheme,
            host: host.into(),
            port: url.port().unwrap_or(scheme.port()),
            path,
            user,
            accept: None,
            receiver: Vec::new(),
            notifier: Vec::new(),
            timeout_ms: None,
            cooldown_ms: None,
        })
    }

    fn check(&self) -> Result<(), Error> {
        for pair in &self.receiver {
            if !self.scheme.is_mqtt() && !is_header(pair) {
                let what = format!("`{}` cannot be sent as a header line", pair.key);
                return Err(bad("receiverInfo", what));
            }
        }
        for pair in &self.notifier {
            let known = match &*pair.key {
                VERSION => matches!(&*pair.value, "mqtt3.1.1" | "mqtt5.0"),
                QOS => matches!(&*pair.value, "0" | "1" | "2"),
                _ => false,
            };
            if !known || !self.scheme.is_mqtt() {
                let what = format!(
                    "`{}`: `{}` is not known; MQTT has {VERSION} (mqtt3.1.1, mqtt5.0) and {QOS} \
                     (0, 1, 2), HTTP has none",
                    pair.key, pair.value
                );
                return Err(bad("notifierInfo", what));
            }
        }
        Ok(())
    }

    fn told(&self, key: &str) -> Option<&str> {
        let pair = self.notifier.iter().find(|p| &*p.key == key)?;
        Some(&pair.value)
    }

    /// Which MQTT is spoken.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match self.told(VERSION) {
            Some("mqtt3.1.1") => Protocol::V311,
            _ => Protocol::V5,
        }
    }

    /// How often an MQTT server hands a message on.
    #[must_use]
    pub fn qos(&self) -> Qos {
        match self.told(QOS) {
            Some("1") => Qos::AtLeastOnce,
            Some("2") => Qos::ExactlyOnce,
            _ => Qos::AtMostOnce,
        }
    }

    /// What decides whether two endpoints share a connection: scheme, host, port, and whoever is
    /// signed in.
    #[must_use]
    pub fn authority(&self) -> String {
        let (scheme, user) = (self.scheme.name(), self.user.as_ref());
        match user {
            Some((user, _)) => format!("{scheme}://{user}@{}:{}", self.host, self.port),
            None => format!("{scheme}://{}:{}", self.host, self.port),
        }
    }
}

/// The topic of an MQTT endpoint: its path without the first slash.
fn topic(url: &Url) -> Result<Box<str>, Error> {
    let topic = unescaped(url.path().strip_prefix('/').unwrap_or_default())?;
    let good = !topic.is_empty() && !topic.contains(['+', '#', '\0']) && topic.len() <= 65_535;
    if !good || url.query().is_some() {
        return Err(bad(
            "",
            "an MQTT address ends with a topic, without `+`, `#` or `?`",
        ));
    }
    Ok(topic)
}

/// With `%41` read as `A`.
pub(super) fn unescaped(text: &str) -> Result<Box<str>, Error> {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3);
        let digits = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|d| u8::from_str_radix(d, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                out.push(code);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out)
        .map(Into::into)
        .map_err(|_| bad("", "it holds bytes that are no text"))
}

/// Whether a pair may be a header line (RFC 9110, 5.1 and 5.5).
fn is_header(pair: &Pair) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !pair.key.is_empty()
        && pair.key.bytes().all(token)
        && pair
            .value
            .bytes()
            .all(|b| b == b'\t' || (b' '..0x7f).contains(&b))
        && !RESERVED.iter().any(|r| r.eq_ignore_ascii_case(&pair.key))
}

fn accept(value: &Json) -> Result<Accept, Error> {
    [Accept::Json, Accept::JsonLd, Accept::GeoJson]
        .into_iter()
        .find(|a| value.as_str() == Some(a.name()))
        .ok_or_else(|| {
            bad(
                "",
                "expected application/json, application/ld+json or application/geo+json",
            )
        })
}

fn pairs(value: &Json) -> Result<Vec<Pair>, Error> {
    let expected = || bad("", "a list of objects with `key` and `value` is needed");
    let items = value.items().ok_or_else(expected)?;
    if items.len() > PAIRS_MAX.min(LIST_MAX) {
        return Err(bad("", format!("at most {PAIRS_MAX} pairs")));
    }
    let text = |value: Option<&Json>| match value? {
        Json::String(text) if text.len() <= TEXT_BYTES_MAX => Some(text.clone()),
        Json::Number(n) => Some(n.to_string().into()),
        _ => None,
    };
    items
        .iter()
        .map(|item| match item.members().len() {
            2 => {
                let key = text(item.get("key")).ok_or_else(expected)?;
                let value = text(item.get("value")).ok_or_else(expected)?;
                Ok(Pair { key, value })
            }
            _ => Err(expected()),
        })
        .collect()
}

fn milliseconds(value: &Json) -> Result<serde_json::Number, Error> {
    match value {
        Json::Number(n) if n.as_f64().is_some_and(|ms| ms > 0.0) => Ok(n.clone()),
        _ => Err(bad("", "a number of milliseconds above 0 is needed")),
    }
}
