//! `loggia dead-letters`: what a running Loggia could not deliver. Never drops one without a
//! reason.

use loggia_ngsi_ld::Time;
use serde_json::{Value, json};

use crate::cli::{DeadLettersVerb, say};
use crate::session::Session;

const LETTERS: &str = "/api/v1/data-plane/dead-letters";
const LANES: &str = "/api/v1/data-plane/lanes";

/// Runs the verb.
pub fn run(verb: &DeadLettersVerb) -> anyhow::Result<()> {
    match verb {
        DeadLettersVerb::List {
            subscription,
            tenant,
            at,
        } => list(&Session::begin(at)?, subscription.as_deref(), tenant),
        DeadLettersVerb::Show { number, at } => {
            let whole = Session::begin(at)?.get(&format!("{LETTERS}/{number}"))?;
            say(whole["body"].as_str().unwrap_or_default());
            Ok(())
        }
        DeadLettersVerb::Replay {
            number,
            subscription,
            tenant,
            at,
        } => {
            let session = Session::begin(at)?;
            let told = match (number, subscription) {
                (Some(number), _) => {
                    session.post(&format!("{LETTERS}/{number}/replay"), &json!({}))?
                }
                (None, id) => {
                    let asked = json!({ "subscription": id, "tenant": tenant });
                    session.post(&format!("{LETTERS}/replay"), &asked)?
                }
            };
            say(&format!(
                "{} on their way; {} wait for room: ask again when those are gone",
                told["under_way"], told["left"]
            ));
            Ok(())
        }
        DeadLettersVerb::Drop { number, reason, at } => {
            let path = format!("{LETTERS}/{number}/drop");
            Session::begin(at)?.post(&path, &json!({ "reason": reason }))?;
            say(&format!("dead letter {number} is dropped"));
            Ok(())
        }
        DeadLettersVerb::Lanes { at } => lanes(&Session::begin(at)?),
    }
}

fn list(session: &Session, subscription: Option<&str>, tenant: &str) -> anyhow::Result<()> {
    let of = subscription.map_or_else(String::new, |id| {
        format!("&subscription={}&tenant={}", escaped(id), escaped(tenant))
    });
    let mut after = 0;
    loop {
        let page = session.get(&format!("{LETTERS}?after={after}{of}"))?;
        for letter in page["letters"].as_array().into_iter().flatten() {
            let text = |name: &str| letter[name].as_str().unwrap_or_default().to_owned();
            let at = Time::of_micros(letter["at"].as_i64().unwrap_or(0));
            say(&format!(
                "{}  {at}  {} to {}: {}",
                letter["number"],
                text("subscription"),
                text("uri"),
                text("why")
            ));
        }
        match page["next"].as_i64() {
            Some(next) => after = next,
            None => return Ok(()),
        }
    }
}

fn lanes(session: &Session) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let page = session.get(&format!("{LANES}?after={}", escaped(&after)))?;
        for lane in page["lanes"].as_array().into_iter().flatten() {
            say(&line(lane));
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => {
                say(&format!(
                    "{} delivered, {} tries failed, {} dead letters since the start",
                    page["delivered"], page["failed"], page["given_up"]
                ));
                return Ok(());
            }
        }
    }
}

fn line(lane: &Value) -> String {
    format!(
        "{}: {}, {} failures in a row, {} waiting, {} taken, {} subscriptions",
        lane["receiver"].as_str().unwrap_or_default(),
        lane["state"].as_str().unwrap_or_default(),
        lane["failures"],
        lane["waiting"],
        lane["taken"],
        lane["subscriptions"]
    )
}

/// A text in the query part of an address.
fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let one = |b: u8| match plain(b) {
        true => char::from(b).to_string(),
        false => format!("%{b:02X}"),
    };
    text.bytes().map(one).collect()
}
