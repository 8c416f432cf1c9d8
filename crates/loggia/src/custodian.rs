//! `loggia key rotate` and `loggia key hold`: what a custodian does on the own machine without a
//! page. Everything that counts is verified by the desk's own code; this only asks, shows and says.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use loggia_model::{CameraId, Clock, Digest, PersonId, SpanId};
use loggia_policy::{Act, CameraSpans, HoldAsk, Member, SignedRoster};
use loggia_seal::Randomness;

use crate::cli::{AtCity, HoldVerb, LogKeyArgs, RotateArgs, say};
use crate::clock::SystemClock;
use crate::desk::Desk;
use crate::desk::keyring::Keyring;
use crate::desk::rotate::{Change, Handed, changes, key_name};
use crate::{city_setup, cli, files, keys};

/// A day of a hold.
const DAY: Duration = Duration::from_secs(86_400);

/// One custodian at one city.
struct Custodian {
    desk: Desk,
    person: PersonId,
    passphrase: String,
    clock: Arc<SystemClock>,
}

impl Custodian {
    fn open(at: &AtCity) -> anyhow::Result<Self> {
        if !at.key.is_file() {
            bail!("{} is no key file", at.key.display());
        }
        let passphrase = keys::passphrase("Passphrase of the key: ")?;
        let clock = Arc::new(SystemClock);
        let (cert, time) = (
            at.city.cert.as_deref(),
            Arc::clone(&clock) as Arc<dyn Clock>,
        );
        let ring = Keyring::open(&at.key, &passphrase, None)?;
        let desk = Desk::open(ring, keys::folder_of(&at.key), &at.city.server, cert, time)?;
        let person = desk.holder()?;
        Ok(Self {
            desk,
            person,
            passphrase,
            clock,
        })
    }
}

/// Draws, signs or sends a roster, and hands on what is kept.
pub fn rotate(args: &RotateArgs) -> anyhow::Result<()> {
    let me = Custodian::open(&args.at)?;
    if !(args.add.is_empty() && args.remove.is_empty()) {
        return draw(&me, args);
    }
    let mut sent = false;
    if let Some(proposal) = &args.proposal {
        sent = sign(&me, proposal, args.yes)?;
        if !sent {
            return Ok(());
        }
    }
    let mut done = hand_on(&me)?;
    if sent && args.settle_s > 0 {
        say(&format!(
            "spans that ran when the roster changed were sealed to the one before; in {} s they are \
             handed on too",
            args.settle_s
        ));
        std::thread::sleep(Duration::from_secs(args.settle_s));
        let again = hand_on(&me)?;
        done.new += again.new;
    }
    say(&match done.new {
        0 => "everybody in your group has a share of everything that is kept".to_owned(),
        new => format!("{new} shares were handed on; nobody in your group lacks one now"),
    });
    Ok(())
}

fn draw(me: &Custodian, args: &RotateArgs) -> anyhow::Result<()> {
    let mut add: Vec<Member> = Vec::new();
    for path in &args.add {
        add.extend(city_setup::rows(path)?);
    }
    let remove: Vec<PersonId> = args.remove.iter().map(|p| PersonId(p.clone())).collect();
    let (before, mut drawn) = me.desk.draw_next(&me.person, add, &remove)?;
    let after = me.desk.proposed(&me.person, &drawn)?.1;
    show(&changes(&before, &after))?;
    agreed(args.yes)?;
    me.desk.sign_roster(&me.person, &before, &mut drawn)?;
    files::replace(&args.out, &serde_json::to_vec_pretty(&drawn)?)?;
    say(&format!(
        "{} holds roster {} with your signature. A custodian of the other group runs `loggia key \
         rotate` with that file: it signs, sends it, and from then on it counts. A custodian of \
         each newcomer's group then runs `loggia key rotate` without a file",
        args.out.display(),
        after.version
    ));
    Ok(())
}

/// Signs what somebody else has drawn, and sends it. Whether the city has taken it.
fn sign(me: &Custodian, path: &Path, yes: bool) -> anyhow::Result<bool> {
    let text = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut signed: SignedRoster = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no roster", path.display()))?;
    let (before, after) = me.desk.proposed(&me.person, &signed)?;
    show(&changes(&before, &after))?;
    agreed(yes)?;
    me.desk.sign_roster(&me.person, &before, &mut signed)?;
    files::replace(path, &serde_json::to_vec_pretty(&signed)?)?;
    let bodies: std::collections::BTreeSet<_> = signed
        .signatures
        .iter()
        .filter_map(|s| before.member(&s.person))
        .map(|m| format!("{:?}", m.body))
        .collect();
    if bodies.len() < 2 {
        say("signed; a custodian of the other group must sign it too before it can be sent");
        return Ok(false);
    }
    me.desk.send_roster(&me.person, &signed)?;
    say(&format!("roster {} is in force", after.version));
    Ok(after.member(&me.person).is_some())
}

/// The change in words; the key's name is what to compare with the newcomer, by voice.
fn show(all: &[Change]) -> anyhow::Result<()> {
    if all.is_empty() {
        bail!("this changes nobody");
    }
    for c in all {
        let what = match (&c.before, &c.after) {
            (None, _) => "comes".to_owned(),
            (_, None) => "leaves".to_owned(),
            (Some(before), Some(after)) => format!("changes ({})", differs(before, after)),
        };
        let now = c.after.as_ref().or(c.before.as_ref());
        let key = now.and_then(key_name).map(|k| format!("key {k}"));
        let roles = now.map(|m| format!("{:?} {:?}", m.body, m.roles));
        say(&format!(
            "{what}: {} {} {}",
            c.person,
            roles.unwrap_or_default(),
            key.unwrap_or_default()
        ));
    }
    Ok(())
}

/// What is not the same in two rows of a person.
fn differs(before: &Member, after: &Member) -> String {
    let all = [
        ("name", before.name != after.name),
        ("body", before.body != after.body),
        ("roles", before.roles != after.roles),
        ("signing key", before.sign_key != after.sign_key),
        ("key for shares", before.hpke_key != after.hpke_key),
        ("passkeys", before.passkeys != after.passkeys),
    ];
    let named = all
        .iter()
        .filter(|(_, other)| *other)
        .map(|(name, _)| *name);
    named.collect::<Vec<_>>().join(", ")
}

fn agreed(yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    cli::yes("Compare each key's name with its holder, by voice. Type yes to sign: ")
}

fn hand_on(me: &Custodian) -> anyhow::Result<Handed> {
    let mut terminal = std::io::stderr();
    let live = terminal.is_terminal();
    me.desk.hand_on(&me.person, |so_far| {
        if live {
            let (spans, left) = (so_far.spans, so_far.left);
            // A terminal that went away has seen enough.
            let _ = write!(
                terminal,
                "\r{spans} spans handed on, {left} camera hours to look at   "
            );
        }
    })
}

/// Draws, signs or sends the statement that hands the public log over to its next key.
pub fn log_key(args: &LogKeyArgs) -> anyhow::Result<()> {
    let me = Custodian::open(&args.at)?;
    if args.follow {
        say(&match me.desk.follow_log(&me.person)? {
            Some(key) => {
                format!("both groups handed the log over to {key}; your log policy names it now")
            }
            None => "the log is signed by a key of your log policy".to_owned(),
        });
        return Ok(());
    }
    let (mut signed, out) = match &args.proposal {
        None => (me.desk.draw_log_key(&me.person)?, &args.out),
        Some(path) => {
            let text = std::fs::read(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            let signed = serde_json::from_slice(&text)
                .with_context(|| format!("{} is no statement", path.display()))?;
            (signed, path)
        }
    };
    let statement = me.desk.proposed_log_key(&me.person, &signed)?;
    say(&format!("the log's key now:  {}", statement.old));
    say(&format!("the key after it:   {}", statement.new));
    say(
        "Every witness and every log policy, the city's too, must name the second before it signs.",
    );
    agreed(args.yes)?;
    me.desk.sign_log_key(&me.person, &mut signed)?;
    files::replace(out, &serde_json::to_vec_pretty(&signed)?)?;
    if args.proposal.is_none() {
        say(&format!(
            "{} holds the statement with your signature. A custodian of the other group runs `loggia \
             key log-key` with that file: it signs and sends it",
            out.display()
        ));
        return Ok(());
    }
    let index = me.desk.hand_over_log(&me.person, &signed)?;
    say(&format!(
        "entry {index} of the public log is the last under the old key, which is destroyed; publish \
         the new one"
    ));
    Ok(())
}

/// Holds, without the desk's page.
pub fn hold(verb: &HoldVerb) -> anyhow::Result<()> {
    match verb {
        HoldVerb::List { at } => {
            let me = Custodian::open(at)?;
            for shown in me.desk.holds(&me.person)? {
                say(&shown.line());
            }
            Ok(())
        }
        HoldVerb::Ask {
            at,
            spans,
            reason,
            days,
            review_days,
        } => {
            let me = Custodian::open(at)?;
            let mut camera_spans = spans
                .iter()
                .map(|s| named_spans(s))
                .collect::<anyhow::Result<Vec<_>>>()?;
            camera_spans.sort_by_key(|c| c.camera);
            let now = me.clock.now();
            let mut nonce = [0; 32];
            Randomness::machine().fill(&mut nonce)?;
            let id = me.desk.ask_hold(&HoldAsk {
                v: 1,
                camera_spans,
                reason: reason.clone(),
                until: now.after(DAY * *days),
                review: now.after(DAY * review_days.unwrap_or(*days)),
                asked_by: me.person.clone(),
                nonce: Digest(nonce),
            })?;
            say(&format!(
                "hold {id} is asked for; its keys wait 72 hours for both bodies"
            ));
            Ok(())
        }
        HoldVerb::Agree { at, id } => state_hold(at, id, Act::Hold),
        HoldVerb::End { at, id } => state_hold(at, id, Act::EndHold),
    }
}

fn state_hold(at: &AtCity, id: &str, act: Act) -> anyhow::Result<()> {
    let me = Custodian::open(at)?;
    let id: Digest = serde_json::from_value(id.into()).context("a hold is named by 64 digits")?;
    me.desk.say_of_hold(&me.person, id, act, &me.passphrase)?;
    let shown = me.desk.holds(&me.person)?;
    let line = shown.iter().find(|h| h.id() == id).map(|h| h.line());
    say(&line.unwrap_or_else(|| format!("said of hold {id}")));
    Ok(())
}

/// `CAMERA:FIRST-LAST`.
fn named_spans(text: &str) -> anyhow::Result<CameraSpans> {
    let parts = text.split_once(':').and_then(|(camera, spans)| {
        let (first, last) = spans.split_once('-').unwrap_or((spans, spans));
        Some(CameraSpans {
            camera: CameraId(camera.parse().ok()?),
            first: SpanId(first.parse().ok()?),
            last: SpanId(last.parse().ok()?),
        })
    });
    parts.with_context(|| {
        format!("`{text}` is not of the form CAMERA:FIRST-LAST, such as 3:120-140")
    })
}
