//! `loggia key break-glass`: a custodian's word that the break-glass account be opened or shut,
//! from the custodian's own machine. Prints that custodian's half of the secret, once; keeps it
//! nowhere.

use loggia_model::Clock;
use loggia_policy::{Act, BREAK_GLASS, GLASS_WAIT, GlassHalf, Policy, SignedStatement, Statement};
use loggia_seal::PersonKey;

use crate::cli::{GlassArgs, say};
use crate::clock::SystemClock;
use crate::keys;

const PATH: &str = "/api/v1/desk/break-glass";

/// Says it to the city.
pub fn run(args: &GlassArgs) -> anyhow::Result<()> {
    let (key, city) = keys::at_city(&args.at)?;
    if args.end {
        city.delete(&key, PATH)?;
        say("the break-glass account is shut, and nobody's word waits");
        return Ok(());
    }
    let half: GlassHalf = city.post_for(&key, PATH, &word(&key)?)?;
    say(&format!(
        "Your half of the secret, told once: {}",
        half.half
    ));
    say(&match half.until {
        None => format!(
            "It waits {} minutes for a custodian of the other group, who does the same.",
            GLASS_WAIT.as_secs() / 60
        ),
        Some(until) => format!(
            "The account is open until {until}. Sign in once as `{BREAK_GLASS}`; the password is \
             both halves, with a space between."
        ),
    });
    Ok(())
}

fn word(key: &PersonKey) -> anyhow::Result<SignedStatement> {
    let statement = Statement {
        v: 1,
        request: Policy::glass_subject(),
        act: Act::OpenBreakGlass,
        by: key.person.clone(),
        at: SystemClock.now(),
        note: String::new(),
    }
    .to_json()?;
    keys::signed(key, statement)
}
