//! A camera's card: what the city declared, and what whoever passes it may do about it.
//! Never tells how the camera is reached, nor of which camera footage was opened.

use loggia_model::Fault;
use maud::{Markup, html};

use super::Square;
use super::answer::Visit;
use super::frame::{Page, lost};
use super::{list, said};
use crate::declared::Declared;
use crate::finder::neighbours;
use crate::words::{Tongue, everywhere as e, looking as w};

/// Neighbours named on a card.
const NEIGHBOURS: usize = 4;

/// `/cameras/{id}`; none where no such camera is declared.
pub(super) fn page(square: &Square, visit: &Visit, id: &str) -> Result<Option<Page>, Fault> {
    let t = &visit.tongue;
    let cameras = square.register.cameras()?;
    let number = id.parse::<u32>().ok();
    let Some(c) = cameras.iter().find(|c| Some(c.id.0) == number) else {
        return Ok(None);
    };
    let near = neighbours(&cameras, c, NEIGHBOURS);
    let opened = opened(square, t, c, cameras.len() as u64)?;
    let body = html! {
        p.back { a href="/cameras" { "← " (t.say(w::BACK)) } }
        h1 { (c.label) }
        p.soft { (t.count(w::CARD, u64::from(c.id.0))) " · " (c.place) }
        div.two.even {
            div.side {
                (facts(t, c))
                h2 { (t.say(w::OPENED)) }
                (opened)
            }
            (list::map(t, "all", Some(c.id.0)))
        }
        section.card.rights aria-labelledby="rights-h" {
            h2 #rights-h { (t.say(w::RIGHTS)) }
            div {
                p { (t.say(w::RIGHTS_ASK)) }
                p { a.button href={ "/ask?camera=" (c.id.0) } { (t.say(w::RIGHTS_ASK_GO)) } }
            }
            div {
                p { (t.say(w::RIGHTS_COMPLAIN)) }
                p {
                    a.button href={ "/complain?camera=" (c.id.0) } {
                        (t.say(w::RIGHTS_COMPLAIN_GO))
                    }
                }
            }
        }
        @if !near.is_empty() {
            h2 { (t.say(w::NEIGHBOURS)) }
            (list::rows_at(t, &near))
        }
    };
    Ok(Some(Page {
        title: c.label.clone(),
        part: "/cameras",
        body,
    }))
}

/// What stands where the camera would.
pub(super) fn none(visit: &Visit) -> Page {
    let t = &visit.tongue;
    let back = html! { a href="/cameras" { (t.say(w::LIST)) } };
    lost(
        t.say(w::CARD_NONE),
        t.say(w::CARD_NONE_TRY),
        "/cameras",
        back,
    )
}

fn facts(t: &Tongue, c: &Declared) -> Markup {
    html! {
        dl.facts.card {
            dt { (t.say(w::ACCOUNTABLE)) }
            dd { (c.accountable) }
            dt { (t.say(w::PURPOSE)) }
            dd { (c.purpose) }
            dt { (t.say(w::BASIS)) }
            dd { (said::basis(t, &c.legal_basis.0)) }
            dt { (t.say(w::RETENTION)) }
            dd { (t.count(w::RETENTION_H, u64::from(c.retention_h))) }
            dt { (t.say(w::ANALYSED)) }
            dd {
                @if c.analysed.is_empty() { (t.say(w::ANALYSED_NONE)) }
                @else { (c.analysed.join(", ")) }
            }
            dt { (t.say(w::FACES)) }
            dd { (said::direction(t, c.heading_deg)) }
            dt { (t.say(w::DEVICE)) }
            dd { (c.make) " " (c.model) @if let Some(codec) = &c.codec { ", " (codec) } }
            @if !c.origin.is_empty() {
                dt { (t.say(w::ORIGIN)) }
                dd { (c.origin) }
            }
        }
    }
}

/// Openings, with their date; by camera only where the log lets it be told.
fn opened(square: &Square, t: &Tongue, c: &Declared, cameras: u64) -> Result<Markup, Fault> {
    let statistics = square.register.statistics()?;
    let at = t.date_time(square.register.now());
    let all: u64 = statistics.months.iter().map(|m| m.openings).sum();
    let line = match c.openings {
        Some(n) => t.count(w::TIMES, n),
        None => {
            let (cameras, openings) = (t.count(w::CAMERAS_N, cameras), t.count(w::TIMES, all));
            let parts = [("cameras", cameras.as_str()), ("openings", &openings)];
            t.fill(w::OPENED_NOT_BY_CAMERA, &parts)
        }
    };
    Ok(html! {
        p { (line) }
        p.small.soft {
            (t.count_with(e::COUNTED, statistics.log_size, &[("at", &at)])) " "
            a href="/statistics" { (t.say(e::STATISTICS)) }
        }
    })
}
