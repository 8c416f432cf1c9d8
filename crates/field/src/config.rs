//! `[field]` of the configuration: which MQTT servers are listened to, and what each topic is a
//! reading of. Never holds a password or a key: these lie in files of their own.

use std::path::PathBuf;

use serde::Deserialize;
use thiserror::Error;

/// A configuration that does not hold, in words that say what would.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// `[field]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldConfig {
    /// `[[field.server]]`: MQTT servers.
    #[serde(default)]
    pub server: Vec<ServerConfig>,
    /// `[[field.map]]`: what topics are readings of.
    #[serde(default)]
    pub map: Vec<MapConfig>,
}

/// `[[field.server]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// What it is called here and in maps.
    pub name: String,
    /// `mqtt://host:1883` or `mqtts://host:8883`.
    pub url: String,
    /// File with its certificate or its authority's (PEM); the machine's authorities when not
    /// given.
    pub ca: Option<PathBuf>,
    /// Account there.
    pub user: Option<String>,
    /// File with the account's password, on one line.
    pub password_file: Option<PathBuf>,
    /// Our name there; `loggia-` and the server's name when not given. The server keeps what comes
    /// meanwhile under it, so it stays the same.
    pub client_id: Option<String>,
    /// `5` unless said otherwise.
    #[serde(default)]
    pub mqtt: Protocol,
}

/// Which MQTT a server speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Protocol {
    /// MQTT 5.0.
    #[default]
    #[serde(rename = "5")]
    V5,
    /// MQTT 3.1.1.
    #[serde(rename = "3.1.1")]
    V311,
}

/// What a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A number alone, as text: `21.4`; also `true`, `false`, `on`, `off`.
    Number,
    /// JSON; attributes point into it (RFC 6901).
    Json,
    /// FIWARE IoT agents' topics: `/json/<key>/<device>/attrs` and `/ul/<key>/<device>/attrs`.
    Fiware,
    /// Eclipse Sparkplug B 3.0.
    Sparkplug,
}

/// `[[field.map]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapConfig {
    /// The server; each of them when not given.
    pub server: Option<String>,
    /// What a payload is.
    pub format: Format,
    /// Which topics: `air/{station}/no2`; for Sparkplug `spBv1.0/{group}/+/{node}/{device}`. Not
    /// for FIWARE, whose topics have `{device}`.
    pub topic: Option<String>,
    /// File with the FIWARE API key, on one line.
    pub key_file: Option<PathBuf>,
    /// The entity's id: `urn:ngsi-ld:AirQualityObserved:{station}`.
    pub entity: String,
    /// The entity's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The tenant; the default one when not given.
    pub tenant: Option<String>,
    /// Where the device's own time stands (a name as in `from`): ISO 8601, or seconds or
    /// milliseconds since 1970. Time of arrival when not given.
    pub time: Option<String>,
    /// Where the device says how it is.
    pub quality: Option<QualityConfig>,
    /// `[[field.map.attribute]]`.
    pub attribute: Vec<AttributeConfig>,
}

/// `[field.map.quality]`: the device's own word; what is in no list is bad.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityConfig {
    /// Where it stands (a name as in `from`).
    pub from: String,
    /// Words or numbers that say that all is well.
    pub good: Vec<Word>,
    /// Those that say that it may be.
    #[serde(default)]
    pub uncertain: Vec<Word>,
}

/// A word or a number of a device.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Word {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A word.
    Text(String),
}

/// `[[field.map.attribute]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeConfig {
    /// The attribute's name: a word, or a whole IRI where a data model has one.
    pub name: String,
    /// Where its value stands: a JSON pointer (`/no2/value`), a FIWARE key, a Sparkplug metric.
    /// For `number` there is but one.
    pub from: Option<String>,
    /// Its unit, a UN/CEFACT code (`CEL`, `GQ`).
    pub unit: Option<String>,
    /// The unit in which it is sent, if another; it is converted.
    pub sent_unit: Option<String>,
    /// Least and greatest value that can be there, in `unit`. Others are bad.
    pub range: Option<[f64; 2]>,
    /// When nothing newer has come for so long, it is bad.
    pub stale_after_s: Option<u64>,
    /// When it has not moved for so long, it is uncertain.
    pub frozen_after_s: Option<u64>,
}
