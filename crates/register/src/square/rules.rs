//! Who may see footage: what is proved of the rules in force, the rules themselves, and how to
//! prove it oneself. Never says that something is proved which the rules' own charter does not say.

use loggia_model::Fault;
use maud::{Markup, html};

use super::Square;
use super::answer::Visit;
use super::frame::Page;
use crate::rules::{InForce, Proved};
use crate::words::rules as w;

/// `/policy`.
pub(super) fn page(square: &Square, visit: &Visit) -> Result<Page, Fault> {
    let now = (square.setting.rules.0)()?;
    let t = &visit.tongue;
    let title = t.say(w::TITLE);
    let origin = &visit.origin;
    let prove = format!(
        "curl -sf {origin}/api/v1/public/policy | python3 -c '\n\
         import json, pathlib, sys\n\
         policy, folder = json.load(sys.stdin), pathlib.Path(\"loggia-policy\")\n\
         folder.mkdir()\n\
         for name, text in policy[\"texts\"].items():\n    \
         (folder / name).write_text(text)'\n\
         loggia policy prove loggia-policy"
    );
    let body = html! {
        h1 { (title) }
        @if now.suspended {
            div.notice.bad role="alert" {
                span.mark aria-hidden="true" { "✕" }
                p { (t.say(w::SUSPENDED)) }
            }
        }
        p { (t.say(w::LEAD)) }
        h2 { (t.say(w::NEVER)) }
        (promises(visit, now.promises.iter().filter(|p| !p.always)))
        h2 { (t.say(w::ALWAYS)) }
        (promises(visit, now.promises.iter().filter(|p| p.always)))
        p { (t.say(w::LIMIT)) }
        h2 { (t.say(w::IN_FORCE)) }
        (standing(visit, &now))
        details {
            summary { (t.say(w::TEXT)) }
            pre.wrap lang="en" { code { (now.policies) } }
        }
        details {
            summary { (t.say(w::CHARTER)) }
            pre.wrap lang="en" { code { (now.charter) } }
        }
        h2 { (t.say(w::PROVE)) }
        p { (t.say(w::PROVE_NOTE)) }
        pre.wrap { code { (prove) } }
    };
    Ok(Page {
        title,
        part: "/policy",
        body,
    })
}

fn promises<'a>(visit: &Visit, all: impl Iterator<Item = &'a Proved>) -> Markup {
    html! {
        ul { @for p in all { li { (visit.tongue.told(&p.en, &p.sr)) } } }
    }
}

fn standing(visit: &Visit, now: &InForce) -> Markup {
    let t = &visit.tongue;
    html! {
        dl {
            dt { (t.say(w::HASH)) }
            dd { code.wrap { (now.policy) } }
            dt { (t.say(w::SINCE)) }
            @match &now.activated {
                Some(a) => {
                    dd { (t.time(a.at)) }
                    dt { (t.say(w::ENTRY)) }
                    dd { a href={ "/audit?entry=" (a.log_index) } { (t.number(a.log_index)) } }
                    dt { (t.say(w::PROOF)) }
                    dd { code.wrap { (a.proof) } }
                }
                None => { dd { (t.say(w::SINCE_START)) } }
            }
        }
    }
}
