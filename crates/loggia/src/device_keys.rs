//! `loggia device-key`: keys of devices at a running Loggia. Never keeps one.

use anyhow::Context;
use loggia_model::Clock as _;
use loggia_ngsi_ld::Time;
use serde_json::{Value, json};

use crate::cli::{DeviceKeyArgs, DeviceKeyVerb, say};
use crate::clock::SystemClock;
use crate::session::Session;

const KEYS: &str = "/api/v1/data-plane/device-keys";
/// A day, microseconds.
const DAY_US: i64 = 86_400_000_000;

/// Runs the verb.
pub fn run(verb: &DeviceKeyVerb) -> anyhow::Result<()> {
    match verb {
        DeviceKeyVerb::Make(args) => make(args),
        DeviceKeyVerb::List { at } => list(&Session::begin(at)?),
        DeviceKeyVerb::Revoke { number, at } => {
            Session::begin(at)?.delete(&format!("{KEYS}/{number}"))?;
            say(&format!("key {number} is revoked"));
            Ok(())
        }
    }
}

fn make(args: &DeviceKeyArgs) -> anyhow::Result<()> {
    let until = SystemClock.now().0 + i64::from(args.days) * DAY_US;
    let mut asked = json!({
        "name": args.name, "tenant": args.tenant, "may": args.may, "types": args.types,
        "attributes": args.attributes, "until": until,
    });
    if !args.scopes.is_empty() {
        asked["scopes"] = json!(args.scopes);
    }
    if let Some(url) = &args.context {
        asked["context"] = json!(url);
    }
    let made = Session::begin(&args.at)?.post(KEYS, &asked)?;
    let secret = made["secret"].as_str().context("the city told no key")?;
    say(secret);
    // The key alone is on standard output, so that it can go straight to where it is kept.
    tracing::info!(
        number = made["key"]["number"].as_u64(),
        "this key is not shown again; the device sends `Authorization: Bearer KEY`"
    );
    Ok(())
}

fn list(session: &Session) -> anyhow::Result<()> {
    let mut path = KEYS.to_owned();
    loop {
        let page = session.get(&path)?;
        for key in page["keys"].as_array().into_iter().flatten() {
            say(&line(key));
        }
        match page["next"].as_u64() {
            Some(next) => path = format!("{KEYS}?after={next}"),
            None => return Ok(()),
        }
    }
}

fn line(key: &Value) -> String {
    let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let words = |name: &str| -> String {
        let list = key[name].as_array().into_iter().flatten();
        list.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    };
    let time = |name: &str| match key[name].as_i64() {
        Some(us) => Time::of_micros(us).to_string(),
        None => "never".to_owned(),
    };
    let tenant = match text("tenant") {
        none if none.is_empty() => String::new(),
        tenant => format!(" tenant {tenant},"),
    };
    let scopes = match key["scopes"].is_array() {
        true => format!(" in {}", words("scopes")),
        false => String::new(),
    };
    format!(
        "{}  {}: {},{tenant} may {} of {}{scopes}: {}; until {}, used {}",
        key["number"],
        text("name"),
        text("state"),
        words("may"),
        words("types"),
        words("attributes"),
        time("until"),
        time("used_at"),
    )
}
