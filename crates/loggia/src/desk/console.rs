//! `loggia key release`: what a desk's page does, on a terminal, with no page that anybody serves.
//! The same checks, the same acts; nothing is signed before its holder has said so.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::{Context, bail};
use loggia_model::{At, PersonId, Purpose, RequestId};
use loggia_policy::{Act, Request};

use super::{Deed, Desk, Shown};
use crate::cli::say;

/// What is to be done.
pub struct Wanted<'a> {
    /// Whose key.
    pub person: Option<&'a str>,
    /// Which request, by the beginning of its name; all that wait for this person's group when none
    /// is given.
    pub request: Option<&'a str>,
    /// What.
    pub act: Act,
    /// Whether anything is signed.
    pub mode: Mode,
    /// The key's passphrase.
    pub passphrase: &'a str,
    /// A remark that goes into the statement.
    pub note: &'a str,
}

/// Whether anything is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Check and say; sign nothing.
    Check,
    /// Ask at the terminal before each.
    Ask,
    /// The holder has said yes already (`--yes`, with a request named).
    Yes,
}

/// Shows what waits with every check, and acts on what its holder agrees to. An error when a check
/// failed.
pub fn run(desk: &Desk, wanted: &Wanted<'_>) -> anyhow::Result<()> {
    let person = person(desk, wanted.person)?;
    say(&desk.whom_it_believes());
    let all = desk.requests(&person)?;
    let named = |s: &&Shown| match wanted.request {
        Some(begin) => s.view.id.to_string().starts_with(begin),
        // What one's group has released can be released again, but nobody waits for it.
        None => wanted.act != Act::Release || !s.released,
    };
    let waiting = all.iter().filter(|s| s.offered.contains(&wanted.act));
    let waiting: Vec<&Shown> = waiting.filter(named).collect();
    if waiting.is_empty() {
        if wanted.request.is_some() {
            bail!(
                "no such request waits for `{}` by {person}",
                wanted.act.word()
            );
        }
        say(&format!(
            "nothing waits for `{}` by {person}",
            wanted.act.word()
        ));
        return Ok(());
    }
    if wanted.mode == Mode::Yes && (wanted.request.is_none() || waiting.len() != 1) {
        bail!("--yes takes --request with the name of exactly one request");
    }
    let mut failed = 0_u32;
    for shown in waiting {
        tell(shown)?;
        if !shown.checks.iter().all(|c| c.ok) {
            failed += 1;
            say("  refused: a check failed, so nothing is signed about this request");
            continue;
        }
        if wanted.mode == Mode::Check || (wanted.mode == Mode::Ask && !agreed(shown)?) {
            continue;
        }
        desk.act(&Deed {
            person: person.clone(),
            request: shown.view.id,
            act: wanted.act,
            note: wanted.note.to_owned(),
            passphrase: wanted.passphrase.to_owned(),
        })?;
        say(&format!(
            "  done: `{}` was signed and sent",
            wanted.act.word()
        ));
    }
    if failed > 0 {
        bail!("{failed} of the requests did not pass every check");
    }
    Ok(())
}

/// The only holder of this machine, or the one named.
fn person(desk: &Desk, named: Option<&str>) -> anyhow::Result<PersonId> {
    let mut all = desk.keys.people();
    match named {
        Some(name) => Ok(PersonId(name.to_owned())),
        None => match (all.next(), all.next()) {
            (Some(only), None) => Ok(only.clone()),
            _ => bail!("several keys lie here: say whose with --person"),
        },
    }
}

/// The request in words, and each check.
fn tell(shown: &Shown) -> anyhow::Result<()> {
    say(&format!("request {}", shown.view.id));
    for line in words(shown)? {
        say(&format!("  {line}"));
    }
    for check in &shown.checks {
        let mark = if check.ok { "ok" } else { "NO" };
        say(&format!("  {mark}  {:<10} {}", check.name, check.words));
    }
    Ok(())
}

/// What the request asks for, from its own bytes: who, for which case, why, when, which spans.
pub(super) fn words(shown: &Shown) -> anyhow::Result<Vec<String>> {
    let view = &shown.view;
    let request = Request::parse(&view.request).context("the request does not read")?;
    let named = shown.names.get(&request.requester);
    let mut lines = vec![
        format!(
            "{} asks, case {}, {}",
            named.map_or_else(|| request.requester.to_string(), String::clone),
            view.case.number,
            in_words(request.purpose)
        ),
        format!("by {}, because: {}", request.legal_basis.0, view.necessity),
        format!("from {} to {}", At(request.from.0), At(request.to.0)),
    ];
    for spans in &request.camera_spans {
        let label = shown.labels.get(&spans.camera.0);
        lines.push(format!(
            "{} spans {} to {}{}",
            spans.camera,
            spans.first.0,
            spans.last.0,
            label.map_or_else(String::new, |l| format!(" (the city calls it {l})"))
        ));
    }
    Ok(lines)
}

/// A purpose as a sentence goes on with it.
fn in_words(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Investigation => "for an investigation",
        Purpose::DangerToLife => "because of danger to life",
        Purpose::SubjectAccess => "for a resident who asks for footage of themselves",
        Purpose::IncidentLive => "to view an incident live",
        Purpose::AuditSample => "as an audit's sample",
    }
}

/// Asks at the terminal.
fn agreed(shown: &Shown) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!("nobody is at a terminal to agree: name the request with --request and say --yes");
    }
    let word = short(shown.view.id);
    say(&format!(
        "  to agree, type {word} (anything else leaves it)"
    ));
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    Ok(line.trim() == word)
}

/// The beginning of a request's name.
fn short(id: RequestId) -> String {
    id.to_string().chars().take(8).collect()
}
