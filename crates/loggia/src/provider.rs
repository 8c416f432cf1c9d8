//! The identity provider as the configuration names it, and our secret there.
//! Never prints or logs the secret: it lies sealed among the machine's other secrets.

use std::path::PathBuf;

use anyhow::{Context, bail};
use loggia_policy::{Provider, ProviderPlan};
use loggia_store::Secrets;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::cli::{OidcVerb, say};
use crate::config::Config;
use crate::{alerts, keys};

/// Name of our secret at the provider among the secrets.
const SECRET: &str = "oidc-client-secret";

/// `[oidc]`: where people may sign in besides.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// What the button says, e.g. `City of Helsinki`.
    pub name: String,
    /// The issuer, exactly as its tokens name it.
    pub issuer: String,
    /// Our own name there.
    pub client_id: String,
    /// Whether we have a secret there; it is given by `loggia oidc secret`.
    #[serde(default)]
    pub client: ClientKind,
    /// The claim that holds the short name of the roster.
    pub person_claim: String,
    /// Under which address browsers reach this server, e.g. `https://loggia.city.example`.
    pub console: String,
    /// File with the issuer's certificate or its authority's (PEM). HTTPS needs it.
    pub ca: Option<PathBuf>,
}

/// RFC 6749 section 2.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// It has a secret.
    #[default]
    Confidential,
    /// It has none; PKCE alone binds the code.
    Public,
}

impl OidcConfig {
    /// With certificate and secret read, and everything checked that can be without the provider.
    pub fn provider(&self, secrets: &Secrets) -> anyhow::Result<Provider> {
        let secret = match self.client {
            ClientKind::Public => None,
            ClientKind::Confidential => {
                let kept = secrets.kept(SECRET)?.context(
                    "our secret at the identity provider is missing: give it by \
                     `loggia oidc secret`, or set `client = \"public\"` under [oidc]",
                )?;
                let text = core::str::from_utf8(&kept).context("the secret does not read")?;
                Some(Zeroizing::new(text.to_owned()))
            }
        };
        Ok(Provider::new(ProviderPlan {
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: secret,
            person_claim: self.person_claim.clone(),
            console: self.console.clone(),
            ca: self.ca.as_deref().map(alerts::pem).transpose()?,
        })?)
    }
}

/// The provider of a configuration, if it names one.
pub fn of(config: &Config) -> anyhow::Result<Option<Provider>> {
    let Some(oidc) = &config.oidc else {
        return Ok(None);
    };
    oidc.provider(&alerts::secrets(config)?).map(Some)
}

/// Runs the verb.
pub fn run(verb: &OidcVerb) -> anyhow::Result<()> {
    let OidcVerb::Secret { config } = verb;
    let config = Config::read(config)?;
    let Some(oidc) = &config.oidc else {
        bail!("the configuration has no [oidc]");
    };
    if oidc.client == ClientKind::Public {
        bail!("`client` is \"public\" under [oidc]: it has no secret");
    }
    let given = Zeroizing::new(keys::passphrase("Secret of the client: ")?);
    let secrets = alerts::secrets(&config)?;
    secrets.replace(SECRET, given.as_bytes())?;
    oidc.provider(&secrets)?;
    say("kept; it counts from the next start");
    Ok(())
}

#[cfg(test)]
mod tests {
    use loggia_store::FileLayer;

    use super::*;

    const GOOD: &str = "name = \"City\"\nissuer = \"http://localhost:9000\"\n\
                        client_id = \"loggia\"\nperson_claim = \"preferred_username\"\n\
                        console = \"http://localhost:8080\"\n";

    fn made(text: &str, secrets: &Secrets) -> Result<Provider, String> {
        let config: OidcConfig = toml::from_str(text).map_err(|e| e.to_string())?;
        config.provider(secrets).map_err(|e| format!("{e:#}"))
    }

    /// Keycloak's realm file says what this program asks for, and opens nothing besides.
    #[test]
    fn the_realm_file_fits() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../demo/keycloak/loggia-realm.json"
        );
        let text = std::fs::read_to_string(path).unwrap();
        let realm: serde_json::Value = serde_json::from_str(&text).unwrap();
        let [client] = &realm["clients"].as_array().unwrap()[..] else {
            panic!("one client");
        };
        assert_eq!(client["clientId"], "loggia");
        assert_eq!(client["publicClient"], false);
        assert!(client.get("secret").is_none(), "Keycloak draws it");
        for flow in [
            "implicitFlowEnabled",
            "directAccessGrantsEnabled",
            "serviceAccountsEnabled",
        ] {
            assert_eq!(client[flow], false, "{flow}");
        }
        assert_eq!(client["attributes"]["pkce.code.challenge.method"], "S256");
        let back = client["redirectUris"].as_array().unwrap();
        let console = client["rootUrl"].as_str().unwrap();
        assert_eq!(back[0], format!("{console}{}", loggia_policy::CALLBACK));
        assert_eq!(back.len(), 1);
        let mapper = &client["protocolMappers"][0]["config"];
        let claim = mapper["claim.name"].as_str().unwrap();
        assert_eq!(mapper["id.token.claim"], "true");
        // Nobody names themselves: the attribute is the realm administrators' to edit.
        let profile = &realm["components"]["org.keycloak.userprofile.UserProfileProvider"][0];
        let profile = profile["config"]["kc.user.profile.config"][0]
            .as_str()
            .unwrap();
        let profile: serde_json::Value = serde_json::from_str(profile).unwrap();
        let named = |a: &&serde_json::Value| a["name"] == mapper["user.attribute"];
        let attribute = profile["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .find(named)
            .unwrap();
        assert_eq!(
            attribute["permissions"]["edit"],
            serde_json::json!(["admin"])
        );
        let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/oidc.md");
        let guide = std::fs::read_to_string(guide).unwrap();
        assert!(guide.contains(&format!("person_claim = \"{claim}\"")));
    }

    #[test]
    fn wrong_providers_say_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::open(dir.path(), FileLayer::Real).unwrap();
        let why = |text: &str| made(text, &secrets).err().unwrap();
        assert!(why(GOOD).contains("loggia oidc secret"));
        secrets.replace(SECRET, b"open-sesame").unwrap();
        assert!(made(GOOD, &secrets).is_ok());
        for (from, to, said) in [
            ("http://localhost:9000", "http://idp.example", "https://"),
            ("http://localhost:9000", "https://idp.example", "needs `ca`"),
            ("localhost:9000", "localhost:9000/?a", "no query"),
            (
                "\"http://localhost:8080\"",
                "\"http://c.example\"",
                "console",
            ),
            ("localhost:8080", "localhost:8080/x", "without a path"),
            ("\"loggia\"", "\"\"", "say something"),
            ("name =", "scope = \"x\"\nname =", "scope"),
            ("name =", "client_secret = \"x\"\nname =", "client_secret"),
        ] {
            let text = GOOD.replace(from, to);
            assert!(why(&text).contains(said), "{text}: {}", why(&text));
        }
    }
}
