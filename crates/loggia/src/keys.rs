//! `loggia key`: a person's key on that person's own machine. Never sends one anywhere.

use std::io::IsTerminal as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::PersonId;
use loggia_policy::{Act, SignedStatement, Statement};
use loggia_seal::{Keyfile, KeyfileCost, PersonKey, Randomness};

use crate::cli::{AtCity, DeskArgs, KeyVerb, ReleaseArgs, say};
use crate::clock::SystemClock;
use crate::desk::console::{self, Mode, Wanted};
use crate::desk::keyring::Keyring;
use crate::desk::{Desk, Remote};
use crate::{city_setup, custodian, files, glass, serve};

/// Environment variable that may hold the passphrase; else it is read from standard input.
const PASSPHRASE: &str = "LOGGIA_PASSPHRASE";
/// Shortest passphrase of a new key.
const PASSPHRASE_CHARS_MIN: usize = 12;

/// Runs the verb.
pub fn run(verb: &KeyVerb) -> anyhow::Result<()> {
    match verb {
        KeyVerb::New { person, out } => {
            let passphrase = passphrase("Passphrase for the new key: ")?;
            if passphrase.chars().count() < PASSPHRASE_CHARS_MIN {
                bail!("a passphrase has at least {PASSPHRASE_CHARS_MIN} characters");
            }
            let mut randomness = Randomness::machine();
            let key = PersonKey::generate(PersonId(person.clone()), &mut randomness)?;
            let text = key.lock(&passphrase, KeyfileCost::STANDARD, &mut randomness)?;
            files::write_private(out, text.as_bytes())?;
            say(&format!(
                "{} holds the key of {person}; keep a copy offline",
                out.display()
            ));
            Ok(())
        }
        KeyVerb::Show { file } => {
            let text = std::fs::read(file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            let key = Keyfile::parse(&text)?;
            say(&city_setup::row(&key));
            Ok(())
        }
        KeyVerb::Desk(args) => desk(args),
        KeyVerb::Release(args) => release(args),
        KeyVerb::BreakGlass(args) => glass::run(args),
        KeyVerb::Rotate(args) => custodian::rotate(args),
        KeyVerb::LogKey(args) => custodian::log_key(args),
        KeyVerb::Hold(verb) => custodian::hold(verb),
    }
}

fn release(args: &ReleaseArgs) -> anyhow::Result<()> {
    let passphrase = passphrase("Passphrase of the key: ")?;
    let clock = Arc::new(SystemClock);
    let (keys, cert) = (&args.keys, args.city.cert.as_deref());
    let ring = Keyring::open(keys, &passphrase, args.person.as_deref())?;
    let desk = Desk::open(ring, folder_of(keys), &args.city.server, cert, clock)?;
    let mode = match (args.dry_run, args.yes) {
        (true, _) => Mode::Check,
        (_, true) => Mode::Yes,
        _ => Mode::Ask,
    };
    console::run(
        &desk,
        &Wanted {
            person: args.person.as_deref(),
            request: args.request.as_deref(),
            act: if args.approve {
                Act::Approve
            } else {
                Act::Release
            },
            mode,
            passphrase: &passphrase,
            note: &args.note,
        },
    )
}

fn desk(args: &DeskArgs) -> anyhow::Result<()> {
    let passphrase = passphrase("Passphrase of the key: ")?;
    let clock = Arc::new(SystemClock);
    let desk = Arc::new(Desk::open(
        Keyring::open(&args.keys, &passphrase, None)?,
        folder_of(&args.keys),
        &args.city.server,
        args.city.cert.as_deref(),
        clock,
    )?);
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        say(&format!(
            "The desk is open at http://{at}; Ctrl+C closes it"
        ));
        serve::desk_alone(desk, at).await
    })
}

/// Where what a desk trusts lies: the folder of the keys.
pub fn folder_of(keys: &Path) -> &Path {
    if keys.is_dir() {
        return keys;
    }
    keys.parent().unwrap_or(keys)
}

/// The person's key, unlocked with the passphrase that is asked for.
pub fn unlocked(file: &Path) -> anyhow::Result<PersonKey> {
    let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(Keyfile::parse(&text)?.unlock(&passphrase("Passphrase of the key: ")?)?)
}

/// The key, unlocked, and the way to its holder's city.
pub fn at_city(at: &AtCity) -> anyhow::Result<(PersonKey, Remote)> {
    let key = unlocked(&at.key)?;
    let city = Remote::new(
        &at.city.server,
        at.city.cert.as_deref(),
        Arc::new(SystemClock),
    )?;
    Ok((key, city))
}

/// A statement with the key's signature.
pub fn signed(key: &PersonKey, statement: String) -> anyhow::Result<SignedStatement> {
    let bytes = Statement::to_be_signed(&statement);
    let signature = STANDARD.encode(key.signing.sign(&bytes)?);
    Ok(SignedStatement {
        statement,
        signature,
    })
}

/// The passphrase from the environment, the terminal (unseen), or a line of standard input.
pub fn passphrase(prompt: &str) -> anyhow::Result<String> {
    if let Ok(given) = std::env::var(PASSPHRASE) {
        return Ok(given);
    }
    let line = if std::io::stdin().is_terminal() {
        // Nobody who looks over a shoulder, and no scroll-back, keeps it.
        rpassword::prompt_password(prompt).context("the passphrase was not read")?
    } else {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        line
    };
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        bail!("a passphrase is needed (or set {PASSPHRASE})");
    }
    Ok(line.to_owned())
}
