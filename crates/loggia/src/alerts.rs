//! Alerts as the configuration names them, the mail server's password, and a test of the ways.
//! Never prints or logs the password: it lies sealed among the machine's other secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use loggia_model::{Clock, PersonId};
use loggia_policy::{Gateways, Login, Mail, MailTls, Pace, Webhook};
use loggia_store::{FileLayer, Secrets};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::cli::{AlertsVerb, say};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::{keys, secrecy};

/// Name of the mail server's password among the secrets.
const PASSWORD: &str = "mail-password";

/// `[alerts]`: the ways to people on duty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertsConfig {
    /// A gateway of the city that gets JSON by POST.
    pub webhook: Option<WebhookConfig>,
    /// The city's mail server.
    pub mail: Option<MailConfig>,
}

/// `[alerts.webhook]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// `https://…`, or `http://` on this machine.
    pub url: String,
    /// File with its certificate or its authority's (PEM). HTTPS needs it: no other is trusted.
    pub ca: Option<PathBuf>,
}

/// `[alerts.mail]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// The mail server's name.
    pub server: String,
    /// Its port: 465 for `implicit`, 587 for `starttls` as a rule.
    pub port: u16,
    /// `implicit`, `starttls`, or `loopback` (no TLS, on this machine alone).
    pub tls: MailTls,
    /// File with its certificate or its authority's (PEM). TLS needs it: no other is trusted.
    pub ca: Option<PathBuf>,
    /// Account at the server, if it asks for one; its password is given by `loggia alerts
    /// password`.
    pub user: Option<String>,
    /// Sender, e.g. `loggia@city.example`.
    pub from: String,
    /// `[alerts.mail.to]`: person of the roster = address.
    pub to: BTreeMap<String, String>,
}

impl AlertsConfig {
    /// With certificates and password read.
    pub fn gateways(&self, secrets: &Secrets) -> anyhow::Result<Gateways> {
        let webhook = self.webhook.as_ref().map(|hook| {
            let ca = hook.ca.as_deref().map(pem).transpose()?;
            let url = hook.url.clone();
            anyhow::Ok(Webhook { url, ca })
        });
        let mail = self.mail.as_ref().map(|mail| mail.with(secrets));
        Ok(Gateways {
            webhook: webhook.transpose()?,
            mail: mail.transpose()?,
            pace: Pace::default(),
        })
    }
}

impl MailConfig {
    fn with(&self, secrets: &Secrets) -> anyhow::Result<Mail> {
        let login = self.user.as_ref().map(|user| {
            let kept = secrets.kept(PASSWORD)?.with_context(|| {
                format!("the password of {user} is missing: give it by `loggia alerts password`")
            })?;
            let text = core::str::from_utf8(&kept).context("the mail password does not read")?;
            anyhow::Ok(Login {
                user: user.clone(),
                password: Zeroizing::new(text.to_owned()),
            })
        });
        let to = self
            .to
            .iter()
            .map(|(p, a)| (PersonId(p.clone()), a.clone()));
        Ok(Mail {
            server: self.server.clone(),
            port: self.port,
            tls: self.tls,
            ca: self.ca.as_deref().map(pem).transpose()?,
            login: login.transpose()?,
            from: self.from.clone(),
            to: to.collect(),
        })
    }
}

/// A file of certificates.
pub fn pem(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("`ca`: {} cannot be read", path.display()))
}

/// Runs the verb.
pub fn run(verb: &AlertsVerb) -> anyhow::Result<()> {
    match verb {
        AlertsVerb::Password { config } => password(&Config::read(config)?),
        AlertsVerb::Test { config, person } => test(&Config::read(config)?, person),
    }
}

/// The machine's secrets, for a command.
pub fn secrets(config: &Config) -> anyhow::Result<Secrets> {
    if !config.data.join(crate::house::PUBLIC).exists() {
        bail!(
            "{} is not there yet: `loggia init` first",
            config.data.display()
        );
    }
    secrecy::close_folder(&config.data)?;
    Ok(Secrets::open(
        &config.data.join("secrets"),
        FileLayer::Real,
    )?)
}

fn password(config: &Config) -> anyhow::Result<()> {
    let given = Zeroizing::new(keys::passphrase("Password at the mail server: ")?);
    secrets(config)?.replace(PASSWORD, given.as_bytes())?;
    say("kept; it counts from the next start, and `loggia alerts test` tries it");
    Ok(())
}

fn test(config: &Config, person: &str) -> anyhow::Result<()> {
    let alerts = config
        .alerts
        .as_ref()
        .context("the configuration has no [alerts]")?;
    let gateways = alerts.gateways(&secrets(config)?)?;
    let said = gateways.test(vec![PersonId(person.to_owned())], SystemClock.now())?;
    for line in &said {
        say(line);
    }
    if said.is_empty() || !said.iter().all(|line| line.ends_with(": delivered")) {
        bail!("not every way works");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_comes_sealed_from_the_secrets_and_is_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::open(dir.path(), FileLayer::Real).unwrap();
        let mut config: AlertsConfig = toml::from_str(
            "[mail]\nserver = \"m.example\"\nport = 465\ntls = \"implicit\"\nuser = \"gate\"\n\
             from = \"l@c.example\"\n[mail.to]\n\"a.korhonen\" = \"a@c.example\"\n",
        )
        .unwrap();
        let missing = config.gateways(&secrets).unwrap_err().to_string();
        assert!(missing.contains("loggia alerts password"), "{missing}");
        secrets.replace(PASSWORD, b"open-sesame").unwrap();
        let gateways = config.gateways(&secrets).unwrap();
        let login = gateways.mail.as_ref().unwrap().login.as_ref().unwrap();
        assert_eq!(*login.password, "open-sesame");
        assert!(!format!("{gateways:?}").contains("open-sesame"));
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(11).any(|w| w == b"open-sesame"));
        }
        config.mail.as_mut().unwrap().ca = Some(dir.path().join("none.pem"));
        let gone = config.gateways(&secrets).unwrap_err().to_string();
        assert!(gone.contains("none.pem"), "{gone}");
    }
}
