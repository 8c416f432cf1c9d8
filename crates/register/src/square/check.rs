//! How to check us: the log's key, and commands that can be copied as they stand.
//! Never asks to be believed: the program that checks is told the key by the reader.

use loggia_model::{At, Fault};
use loggia_transparency::{SeenBy, WitnessStanding};
use maud::{Markup, html};

use super::Square;
use super::answer::Visit;
use super::frame::Page;
use crate::words::figures as w;

/// Largest log whose files are listed: 10⁸ entries are 800,000 lines and some 20 MB.
const SIZE_MAX: u64 = 100_000_000;

/// `/check`.
pub(super) fn page(square: &Square, visit: &Visit) -> Page {
    let t = &visit.tongue;
    let log = square.register.log();
    let (key, origin) = (log.verifier().to_string(), &visit.origin);
    let copy = format!(
        "curl -sf --create-dirs -o loggia-log/checkpoint {origin}/log/checkpoint\n\
         curl -sf \"{origin}/check/files?size=$(sed -n 2p loggia-log/checkpoint)\" |\n  \
         while read -r f; do\n    \
         curl -sf --create-dirs -o \"loggia-log/$f\" \"{origin}/log/$f\"\n  done"
    );
    let verify = format!("loggia verify loggia-log --log-key '{key}'");
    let since = format!(
        "cp loggia-log/checkpoint today.checkpoint\n\
         loggia verify loggia-log-later --since today.checkpoint \\\n  --log-key '{key}'"
    );
    let link = html! { a href="/log/key" { "/log/key" } };
    let note = t.say(w::CHECK_KEY_NOTE);
    let (before, after) = note.split_once("{link}").unwrap_or((&note, ""));
    let title = t.say(w::CHECK_TITLE);
    let body = html! {
        h1 { (title) }
        p { (t.say(w::CHECK_LEAD)) }
        h2 { (t.say(w::CHECK_KEY)) }
        pre.wrap { code { (key) } }
        p { (before) (link) (after) }
        h2 { (t.say(w::CHECK_COPY)) }
        p { (t.count(w::CHECK_COPY_NOTE, log.size())) }
        (commands(&copy))
        h2 { (t.say(w::CHECK_VERIFY)) }
        p { (t.say(w::CHECK_VERIFY_NOTE)) }
        (commands(&verify))
        h2 { (t.say(w::CHECK_SINCE)) }
        p { (t.say(w::CHECK_SINCE_NOTE)) }
        (commands(&since))
        (witnesses(square, visit))
        h2 { (t.say(w::CHECK_BROWSER)) }
        p { (t.say(w::CHECK_BROWSER_NOTE)) }
        p { a.button href="/audit" { (t.say(w::CHECK_BROWSER_GO)) } }
    };
    Page {
        title,
        part: "/check",
        body,
    }
}

/// Who outside the city has signed, and how to see it without us.
fn witnesses(square: &Square, visit: &Visit) -> Markup {
    let (t, origin) = (&visit.tongue, &visit.origin);
    let standing = square.setting.witnesses.standing();
    let note = t.say(w::CHECK_WITNESSES_NOTE);
    let (before, after) = note.split_once("{link}").unwrap_or((&note, ""));
    let proof = format!(
        "curl -sf -o tlog-policy {origin}/log/policy\n\
         curl -sf -o 0.tlog-proof {origin}/log/proof/0\n\
         python3 check_proofs.py 0.tlog-proof tlog-policy"
    );
    html! {
        h2 { (t.say(w::CHECK_WITNESSES)) }
        @if standing.quorum == SeenBy::Missing {
            p { (t.say(w::CHECK_WITNESSES_NONE)) }
        } @else {
            p { (before) a href="/log/policy" { "/log/policy" } (after) }
            dl.facts.card {
                @for witness in &standing.witnesses {
                    dt { (witness.name) }
                    dd { (last(visit, witness)) }
                }
            }
            p { (t.say(w::CHECK_WITNESSES_TRY)) }
            (commands(&proof))
        }
    }
}

/// What a witness last said.
fn last(visit: &Visit, witness: &WitnessStanding) -> String {
    let t = &visit.tongue;
    if witness.failing.is_some() {
        return t.say(w::CHECK_WITNESS_SILENT);
    }
    match (witness.last_size, witness.last_at) {
        (Some(size), Some(at_s)) => {
            let at = At(at_s.saturating_mul(1_000_000));
            t.count_with(w::CHECK_WITNESS_SIGNED, size, &[("at", &t.date_time(at))])
        }
        _ => t.say(w::CHECK_WITNESS_NOT_YET),
    }
}

fn commands(text: &str) -> Markup {
    html! { pre.wrap { code { (text) } } }
}

/// `/check/files?size=N`: every tile and bundle of entries of a log of that size, a line each.
pub(super) fn files(square: &Square, visit: &Visit) -> Result<String, Fault> {
    let now = square.register.log().size();
    let asked = visit.asked("size").map_or(Some(now), |s| s.parse().ok());
    let size = asked
        .filter(|s| *s <= now.min(SIZE_MAX))
        .ok_or_else(|| Fault::Invalid(format!("size is a number of entries, at most {now} now")))?;
    let mut lines = String::new();
    for path in loggia_transparency::TilePath::all(size) {
        lines.push_str(&path.to_string());
        lines.push('\n');
    }
    Ok(lines)
}
