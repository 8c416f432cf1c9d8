//! Where a request for one's own footage stands, by its reference.
//! Never shows the asker's name, contact or words: a reference may be seen by others.

use loggia_model::{At, CameraId, Fault};
use maud::{Markup, html};

use super::Square;
use super::answer::Visit;
use super::frame::{Page, lost};
use crate::declared::Declared;
use crate::forms::{Stage, Standing, is_reference};
use crate::words::forms as w;

/// `/ask/{reference}`; none where the port or such a request does not exist.
pub(super) fn standing(
    square: &Square,
    visit: &Visit,
    reference: &str,
) -> Result<Option<Page>, Fault> {
    let Some(forms) = square.setting.forms.as_ref() else {
        return Ok(None);
    };
    if !is_reference(reference) {
        return Ok(None);
    }
    let Some(s) = (forms.look)(reference)? else {
        return Ok(None);
    };
    let cameras = square.register.cameras()?;
    let title = visit.tongue.say(w::FILED_TITLE);
    let body = state(visit, reference, &s, &cameras, square.register.now());
    let body = html! { h1 { (title) } (body) };
    Ok(Some(Page {
        title,
        part: "/ask",
        body,
    }))
}

fn state(visit: &Visit, reference: &str, s: &Standing, all: &[Declared], now: At) -> Markup {
    let t = &visit.tongue;
    let (word, over) = match s.stage {
        Stage::Frozen => (w::S_FROZEN, false),
        Stage::Asked => (w::S_ASKED, false),
        Stage::Agreed => (w::S_AGREED, false),
        Stage::Opened => (w::S_OPENED, false),
        Stage::Answered => (w::S_ANSWERED, true),
        Stage::Ended => (w::S_EXPIRED, true),
    };
    let late = !over && now > s.answer_by;
    let label = |id: &CameraId| {
        let known = all.iter().find(|c| c.id == *id);
        known.map_or_else(|| id.to_string(), |c| c.label.clone())
    };
    html! {
        p role="status" { strong { (t.say(word)) } }
        @if late {
            div.notice.warn role="alert" {
                span.mark aria-hidden="true" { "!" }
                p { (t.say(w::LATE)) " " a href="/complain" { (t.say(w::COMPLAIN_TITLE)) } }
            }
        }
        dl.facts.card {
            dt { (t.say(w::NUMBER)) }
            dd { (s.number) }
            dt { (t.say(w::REFERENCE)) }
            dd { code { (reference) } }
            @if let Some(answer) = &s.answer {
                dt { (t.say(w::ANSWER)) }
                dd.typed { (answer) }
            }
            @if let Some(until) = s.kept_until {
                dt { (t.say(w::KEPT_UNTIL)) }
                dd { (t.day(until)) @if over { ". " (t.say(w::KEPT_WHY)) } }
            }
            dt { (t.say(w::FILED_AT)) }
            dd { (t.date_time(s.filed_at)) }
            dt { (t.say(w::ANSWER_BY)) }
            dd { strong { (t.day(s.answer_by)) } }
            dt { (t.say(w::ASKED_FOR)) }
            dd { (t.range(s.from, s.to)) }
            dt { (t.say(w::WHICH)) }
            dd { (s.cameras.iter().map(label).collect::<Vec<_>>().join(", ")) }
        }
        p { (t.say(w::FILED_KEEP)) }
        p.small.soft.no-print { (t.say(w::PRINT)) }
    }
}

/// No request has this reference.
pub(super) fn unknown(visit: &Visit) -> Page {
    let t = &visit.tongue;
    let back = html! { a href="/ask" { (t.say(w::ASK_TITLE)) } };
    lost(t.say(w::UNKNOWN_TITLE), t.say(w::UNKNOWN_TRY), "/ask", back)
}
