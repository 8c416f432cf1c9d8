//! A real installation's configuration: one typed TOML file. An unknown key is an error that names
//! those there are, and nothing dangerous has a default.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use loggia_field::FieldConfig;
use loggia_policy::DemoMode;
use loggia_register::{Offices, Zone};
use serde::Deserialize;

use crate::alerts::AlertsConfig;
use crate::data_plane::{DataPlaneConfig, Past};
use crate::house::{House, Plan, SquarePlan, WitnessPlan};
use crate::provider::OidcConfig;
use crate::{field, tls};

/// Shortest and longest time between a record and its sync.
const SYNC_MS: std::ops::RangeInclusive<u64> = 50..=10_000;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The city's name as pages show it.
    pub city: String,
    /// The data folder.
    pub data: PathBuf,
    /// Where to serve.
    pub listen: SocketAddr,
    /// The log's name for good, e.g. `helsinki.example/loggia`.
    pub log_origin: String,
    /// Folder with `tls.crt` and `tls.key`; an own certificate is made there when it has neither.
    /// Needed for anything but loopback.
    pub tls: Option<PathBuf>,
    /// Folder made by `loggia basemap build`.
    pub basemap: Option<PathBuf>,
    /// Longest time between a record and its sync, milliseconds; 500 when not given.
    pub sync_interval_ms: Option<u64>,
    /// Footage takes no more than this, GB; the whole disk less a reserve when not given.
    pub footage_gb_max: Option<u64>,
    /// The ways to people on duty; without them nobody is called.
    pub alerts: Option<AlertsConfig>,
    /// The city's time zone by IANA's name, e.g. `Europe/Belgrade`; the machine's when not given.
    pub time_zone: Option<String>,
    /// Where people turn to about data protection; the public pages print it.
    pub data_protection: Option<DataProtection>,
    /// File with the log policy (C2SP tlog-policy): this log, the witnesses with their addresses,
    /// and the quorum. Without it everything is recorded and nothing is opened.
    pub tlog_policy: Option<PathBuf>,
    /// Certificates (PEM) of the witnesses with an `https://` address, or their authorities'.
    pub witness_ca: Option<PathBuf>,
    /// The identity provider at which people may sign in besides.
    pub oidc: Option<OidcConfig>,
    /// The city's data plane.
    pub data_plane: Option<DataPlaneConfig>,
    /// Field devices: MQTT servers, and what their topics are readings of.
    #[serde(default)]
    pub field: FieldConfig,
    /// Time-stamping authority that exports ask (RFC 3161 over HTTP; its token is signed).
    pub time_authority: Option<String>,
}

/// Addresses about data protection, line by line as on a letter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataProtection {
    /// The city's data-protection officer (GDPR Art. 37).
    pub officer: Vec<String>,
    /// The supervisory authority (GDPR Art. 77).
    pub authority: Vec<String>,
}

impl Config {
    /// Reads and checks the file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let config: Self = toml::from_str(&text)
            .with_context(|| format!("{} is not a configuration", path.display()))?;
        config
            .check()
            .with_context(|| format!("{}", path.display()))?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        if !tls::is_loopback(self.listen.ip()) && self.tls.is_none() {
            bail!(
                "`listen` is {}, which is not loopback: set `tls`",
                self.listen
            );
        }
        if self
            .sync_interval_ms
            .is_some_and(|ms| !SYNC_MS.contains(&ms))
        {
            bail!(
                "`sync_interval_ms` is {} to {}",
                SYNC_MS.start(),
                SYNC_MS.end()
            );
        }
        self.square()?;
        self.past()?;
        field::lines(&self.field)?;
        if DemoMode::of(&self.data).is_some() {
            bail!(
                "{} is a demo folder and stays one: choose another",
                self.data.display()
            );
        }
        Ok(())
    }

    /// Opens the data folder to serve: people on duty are called, the witnesses are asked.
    pub fn open_to_serve(&self) -> anyhow::Result<House> {
        let read = |path: &PathBuf| {
            std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
        };
        let witnesses = match &self.tlog_policy {
            None => None,
            Some(path) => Some(WitnessPlan {
                policy: String::from_utf8(read(path)?).context("`tlog_policy` is no text")?,
                ca: self.witness_ca.as_ref().map(read).transpose()?,
            }),
        };
        self.house(self.alerts.clone().unwrap_or_default(), witnesses)
    }

    /// Opens the data folder for a command: nobody is called, no witness is asked.
    pub fn open(&self) -> anyhow::Result<House> {
        self.house(AlertsConfig::default(), None)
    }

    /// What the public pages say of the city.
    fn square(&self) -> anyhow::Result<SquarePlan> {
        let offices = self.data_protection.clone().map(|d| Offices {
            officer: d.officer,
            authority: d.authority,
        });
        let zone = self.time_zone.as_deref().map(Zone::named).transpose();
        Ok(SquarePlan {
            zone: zone.context("`time_zone`")?,
            offices: offices.unwrap_or_default(),
        })
    }

    fn past(&self) -> anyhow::Result<Past> {
        let config = self.data_plane.as_ref();
        config.map_or_else(|| Ok(Past::default()), DataPlaneConfig::past)
    }

    fn house(&self, alerts: AlertsConfig, witnesses: Option<WitnessPlan>) -> anyhow::Result<House> {
        let sync = self.sync_interval_ms.map(Duration::from_millis);
        House::open(Plan {
            data: self.data.clone(),
            city: self.city.clone(),
            origin: self.log_origin.clone(),
            demo: None,
            sync_interval: sync.unwrap_or(loggia_store::SYNC_INTERVAL),
            quota_bytes: self
                .footage_gb_max
                .map(|gb| gb.saturating_mul(1_000_000_000)),
            alerts,
            witnesses,
            time_authority: self.time_authority.clone(),
            square: self.square()?,
            reach: self.data_plane.clone().unwrap_or_default().into(),
            past: self.past()?,
            field: self.field.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::read(file.path()).map_err(|e| format!("{e:#}"))
    }

    const GOOD: &str = "city = \"X\"\ndata = \"d\"\nlisten = \"127.0.0.1:8080\"\n\
                        log_origin = \"x.example/loggia\"\n";

    /// The guide's blocks of TOML, by how they begin.
    fn of_the_guide(begins: &str) -> &'static str {
        let guide = include_str!("../../../docs/guide/install.md");
        let mut blocks = guide
            .split("```toml\n")
            .filter_map(|b| b.split("```").next());
        blocks.find(|b| b.starts_with(begins)).unwrap()
    }

    #[test]
    fn the_guide_shows_what_is_read() {
        read(of_the_guide("city =")).unwrap();
        let camera: toml::Table = toml::from_str(of_the_guide("label =")).unwrap();
        let camera = serde_json::to_value(camera).unwrap();
        let camera: loggia_shield::CameraDecl = serde_json::from_value(camera).unwrap();
        assert_eq!(camera.retention_h, 72);
    }

    #[test]
    fn wrong_configurations_say_what_to_do() {
        assert!(read(GOOD).is_ok());
        let open = GOOD.replace("127.0.0.1", "0.0.0.0");
        assert!(read(&open).unwrap_err().contains("set `tls`"));
        let unknown = format!("{GOOD}basemapp = \"b\"\n");
        assert!(read(&unknown).unwrap_err().contains("basemap"));
        let slow = format!("{GOOD}sync_interval_ms = 60000\n");
        assert!(read(&slow).unwrap_err().contains("50 to 10000"));
        let plane = |line: &str| read(&format!("{GOOD}[data_plane]\n{line}\n"));
        assert!(plane("history_days = 400\ninstances_max = 5000").is_ok());
        assert!(
            plane("history_days = 0")
                .unwrap_err()
                .contains("1 to 36500")
        );
        assert!(
            plane("instances_max = 0")
                .unwrap_err()
                .contains("1 to 100000")
        );
        assert!(read("city = \"X\"\n").unwrap_err().contains("data"));
        let nowhere = format!("{GOOD}time_zone = \"Europe/Nowhere\"\n");
        assert!(read(&nowhere).unwrap_err().contains("no time zone"));
        let offices = "[data_protection]\nofficer = [\"A\"]\nauthority = [\"B\", \"C\"]\n";
        let somewhere = format!("{GOOD}time_zone = \"Europe/Belgrade\"\n{offices}");
        assert!(read(&somewhere).is_ok());
        let mail = format!(
            "{GOOD}[alerts.webhook]\nurl = \"https://g.example/\"\nca = \"ca.pem\"\n\
             [alerts.mail]\nserver = \"m.example\"\nport = 465\ntls = \"implicit\"\n\
             from = \"l@c.example\"\nuser = \"l\"\n\
             [alerts.mail.to]\n\"a.korhonen\" = \"a@c.example\"\n"
        );
        assert!(read(&mail).is_ok());
        // A password does not stand in the file.
        let told = mail.replace("user = \"l\"", "user = \"l\"\npassword = \"x\"");
        assert!(read(&told).unwrap_err().contains("password"));
        let open = mail.replace("implicit", "none");
        assert!(read(&open).unwrap_err().contains("starttls"));
    }
}
