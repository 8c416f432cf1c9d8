//! The first page: one sentence of truth, then the search, then the cameras.
//! Never shows a figure without its date.

use loggia_model::Fault;
use maud::{Markup, html};

use super::Square;
use super::answer::Visit;
use super::frame::Page;
use super::{delays, list};
use crate::declared::Declared;
use crate::routes::Summary;
use crate::words::{Tongue, everywhere as e, looking as w};

/// Cameras listed here; more have a page of their own.
const LISTED: usize = 50;

/// `/`.
pub(super) fn page(square: &Square, visit: &Visit) -> Result<Page, Fault> {
    let t = &visit.tongue;
    let cameras = square.register.cameras()?;
    let summary = square.register.summary()?;
    let title = t.fill(w::TITLE, &[("city", &summary.city)]);
    let body = html! {
        h1 { (title) }
        p.truth { (truth(t, &summary)) }
        (delays::overdue(t, square.register.board()?.standings.overdue))
        @if summary.break_glass_this_month > 0 {
            p {
                a href="/audit/unexplained?days=31" {
                    (t.count(w::GLASS, summary.break_glass_this_month))
                }
            }
        }
        p { (t.say(w::TRUTH_NOTE)) }
        p.small.soft {
            (t.count_with(e::COUNTED, summary.log_size, &[("at", &t.date_time(summary.at))])) " "
            a href="/check" { (t.say(e::CHECK)) }
        }
        h2 { (t.say(w::WHAT_HERE)) }
        (list::search(t, ""))
        div.two {
            (listed(t, &cameras))
            (list::map(t, "all", None))
        }
    };
    Ok(Page {
        title,
        part: "/",
        body,
    })
}

/// The sentence of truth.
pub(super) fn truth(t: &Tongue, s: &Summary) -> String {
    let openings = match s.openings_this_month {
        0 => t.say(w::OPENINGS_NONE),
        n => t.count(w::OPENINGS, n),
    };
    let views = match s.live_views_this_month {
        0 => t.say(w::VIEWS_NONE),
        n => t.count(w::VIEWS, n),
    };
    let cameras = t.count(w::CAMERAS_ARE, s.cameras_declared);
    let parts = [
        ("cameras", cameras.as_str()),
        ("openings", &openings),
        ("views", &views),
    ];
    t.fill(w::TRUTH, &parts)
}

fn listed(t: &Tongue, cameras: &[Declared]) -> Markup {
    let all = t.number(cameras.len() as u64);
    html! {
        section.side aria-labelledby="list-h" {
            h2 #list-h { (t.say(w::LIST)) }
            @if cameras.is_empty() {
                p { (t.say(w::NO_CAMERA)) }
            } @else if cameras.len() > LISTED {
                p.small.soft {
                    (t.count_with(w::LIST_SOME, LISTED as u64, &[("all", &all)])) ". "
                    a href="/cameras" { (t.say(w::LIST_WHOLE)) }
                }
            } @else {
                p.small.soft { (t.count(w::LIST_LINE, cameras.len() as u64)) }
            }
            (list::rows(t, cameras.iter().take(LISTED)))
        }
    }
}
