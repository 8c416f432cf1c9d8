//! Setting up a real installation: the roster drawn and signed on people's own machines, the data
//! folder made with it, first passwords. Never grants a role: the custodians' signatures do.

use std::path::Path;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{At, Clock, Digest, PersonId};
use loggia_policy::{Member, Roster, SignedRoster};
use loggia_seal::Keyfile;
use serde::Deserialize;

use crate::cli::{AtCity, RosterVerb, say};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::{files, keys, roster};

/// `members.toml`: a row for each person, with the keys that `loggia key show` prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    members: Vec<Member>,
}

/// Draws or signs a roster.
pub fn roster(verb: &RosterVerb) -> anyhow::Result<()> {
    match verb {
        RosterVerb::Draft {
            members,
            after,
            out,
        } => draft(members, after.as_deref(), out),
        RosterVerb::Show { roster } => show(roster),
        RosterVerb::Sign { roster, key } => sign(roster, key),
        RosterVerb::Send { roster, at } => send(roster, at),
    }
}

/// The rows of a list of members.
pub fn rows(path: &Path) -> anyhow::Result<Vec<Member>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let Members { members } =
        toml::from_str(&text).with_context(|| format!("{} does not read", path.display()))?;
    Ok(members)
}

fn draft(members: &Path, after: Option<&Path>, out: &Path) -> anyhow::Result<()> {
    let members = rows(members)?;
    let (version, prev) = match after {
        None => (1, Digest::default()),
        Some(path) => {
            let before = read(path)?;
            let roster: Roster = serde_json::from_str(&before.roster)?;
            (roster.version + 1, Roster::hash_of(&before.roster))
        }
    };
    let at = At(SystemClock.now().0);
    let json = Roster {
        v: 1,
        version,
        prev,
        members,
        at,
    }
    .to_json()?;
    let drawn = SignedRoster {
        roster: json,
        signatures: Vec::new(),
    };
    files::replace(out, &serde_json::to_vec_pretty(&drawn)?)?;
    say(&format!(
        "version {version} is drawn; a custodian of each group signs it now"
    ));
    Ok(())
}

fn show(path: &Path) -> anyhow::Result<()> {
    let signed = read(path)?;
    let drawn = tell(&signed)?;
    let by: Vec<String> = signed
        .signatures
        .iter()
        .map(|s| s.person.to_string())
        .collect();
    say(&format!(
        "version {}, hash {}, signatures of {}",
        drawn.version,
        Roster::hash_of(&signed.roster),
        if by.is_empty() {
            "nobody".to_owned()
        } else {
            by.join(", ")
        }
    ));
    Ok(())
}

/// Says who is in it.
fn tell(signed: &SignedRoster) -> anyhow::Result<Roster> {
    let drawn: Roster = serde_json::from_str(&signed.roster).context("the roster does not read")?;
    for m in &drawn.members {
        let roles: Vec<String> = m.roles.iter().map(|r| format!("{r:?}")).collect();
        say(&format!(
            "{:<16} {:<10} {}",
            m.person,
            format!("{:?}", m.body),
            roles.join(", ")
        ));
        for p in &m.passkeys {
            say(&format!("{:<16} passkey {} for {}", "", p.id, p.origin));
        }
    }
    Ok(drawn)
}

fn sign(path: &Path, key: &Path) -> anyhow::Result<()> {
    let mut signed = read(path)?;
    let key = keys::unlocked(key)?;
    tell(&signed)?;
    let hash = Roster::hash_of(&signed.roster);
    signed.signatures.retain(|s| s.person != key.person);
    signed
        .signatures
        .push(roster::signature(&key, &Roster::to_be_signed(hash))?);
    files::replace(path, &serde_json::to_vec_pretty(&signed)?)?;
    say(&format!("{} has signed roster {hash}", key.person));
    Ok(())
}

fn send(path: &Path, at: &AtCity) -> anyhow::Result<()> {
    let signed = read(path)?;
    let (key, city) = keys::at_city(at)?;
    city.post(&key, "/api/v1/desk/roster", &signed)?;
    say(&format!(
        "the city has taken roster {}",
        Roster::hash_of(&signed.roster)
    ));
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<SignedRoster> {
    let text = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no roster", path.display()))
}

/// Makes the data folder with its first roster.
pub fn init(config: &Path, roster: &Path) -> anyhow::Result<()> {
    let config = Config::read(config)?;
    let signed = read(roster)?;
    // Everything that can be wrong with it is found before anything is made.
    signed
        .clone()
        .verify(None)
        .context("the roster does not stand")?;
    if config.data.join("city.sqlite").exists() {
        bail!(
            "{} is in use already; rosters change at the desk",
            config.data.display()
        );
    }
    let house = config.open()?;
    house.policy.change_roster(signed)?;
    say(&format!("{} is made; log key:", config.data.display()));
    say(&house.log.verifier().to_string());
    say("publish that key, give first passwords with `loggia account`, then `loggia serve`");
    Ok(())
}

/// Gives a person of the roster their first password.
pub fn account(config: &Path, person: &str) -> anyhow::Result<()> {
    let house = Config::read(config)?.open()?;
    let id = PersonId(person.to_owned());
    if house.policy.roster()?.roster().member(&id).is_none() {
        bail!("{person} is not in the roster, and so has no role to sign in with");
    }
    let password = keys::passphrase("First password: ")?;
    house.policy.add_account(&id, &password)?;
    say(&format!(
        "{person} can sign in; another first password is refused from now on"
    ));
    Ok(())
}

/// The public half of a key file as a row of `members.toml`.
pub fn row(file: &Keyfile) -> String {
    let (sign, hpke) = (
        STANDARD.encode(file.sign_key.0),
        STANDARD.encode(file.hpke_key.0),
    );
    format!(
        "[[members]]\nperson = \"{}\"\nname = \"\"\nbody = \"\"      # police, oversight, city\n\
         roles = []     # investigator, approver, custodian, auditor, operator, administrator\n\
         sign_key = \"{sign}\"\nhpke_key = \"{hpke}\"   # custodians only: leave it out for others",
        file.person
    )
}
