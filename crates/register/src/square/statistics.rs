//! The figures: openings by month, body and purpose, each as chart and table.
//! Never counts anything itself: all of it is the register's tally of the public log.

use std::collections::BTreeMap;

use loggia_model::{Body, Fault, Purpose};
use maud::{Markup, html};

use super::Square;
use super::answer::Visit;
use super::chart::{Bar, bars};
use super::frame::Page;
use super::said;
use crate::tally::Month;
use crate::words::{Tongue, Word, everywhere as e, figures as w};

/// A column of the whole table, and what stands in it.
type Column = (Word, fn(&Month) -> u64);

/// Months drawn; the whole table holds all.
const MONTHS_DRAWN: usize = 12;

/// `/statistics`.
pub(super) fn page(square: &Square, visit: &Visit) -> Result<Page, Fault> {
    let t = &visit.tongue;
    let s = square.register.statistics()?;
    let at = t.date_time(square.register.now());
    let by_month: Vec<Bar> = s
        .months
        .iter()
        .take(MONTHS_DRAWN)
        .map(|m| Bar {
            name: t.month(&m.month),
            count: m.openings,
        })
        .collect();
    let opened = s.months.iter().any(|m| m.openings > 0);
    let title = t.say(w::TITLE);
    let body = html! {
        h1 { (title) }
        p { (t.say(w::LEAD)) }
        p.small.soft {
            (t.count_with(e::COUNTED, s.log_size, &[("at", &at)])) " "
            a href="/check" { (t.say(e::CHECK)) } " · "
            a href="/api/v1/public/statistics" { (t.say(w::AS_DATA)) }
        }
        @if !opened { p { strong { (t.say(w::NOTHING)) } } }
        @if !by_month.is_empty() {
            (pair(t, "month", w::BY_MONTH, w::MONTH, &by_month))
            (pair(t, "body", w::BY_BODY, w::BODY, &of_bodies(t, &s.months)))
            (pair(t, "purpose", w::BY_PURPOSE, w::PURPOSE, &of_purposes(t, &s.months)))
            (everything(t, &s.months))
        }
    };
    Ok(Page {
        title,
        part: "/statistics",
        body,
    })
}

fn of_bodies(t: &Tongue, months: &[Month]) -> Vec<Bar> {
    let mut sums: BTreeMap<Body, u64> = [Body::Police, Body::Oversight].map(|b| (b, 0)).into();
    for (body, n) in months.iter().flat_map(|m| &m.openings_by_body) {
        *sums.entry(*body).or_default() += n;
    }
    let bar = |(body, count)| Bar {
        name: t.say(said::body(body)),
        count,
    };
    sums.into_iter().map(bar).collect()
}

fn of_purposes(t: &Tongue, months: &[Month]) -> Vec<Bar> {
    // A live view is no opening: it has its column in the whole table.
    let mut sums: BTreeMap<Purpose, u64> = [
        Purpose::Investigation,
        Purpose::DangerToLife,
        Purpose::SubjectAccess,
        Purpose::AuditSample,
    ]
    .map(|p| (p, 0))
    .into();
    for (purpose, n) in months.iter().flat_map(|m| &m.openings_by_purpose) {
        *sums.entry(*purpose).or_default() += n;
    }
    let named: u64 = sums.values().sum();
    let all: u64 = months.iter().map(|m| m.openings).sum();
    let bar = |(purpose, count)| Bar {
        name: t.say(said::purpose(purpose)),
        count,
    };
    let mut out: Vec<Bar> = sums.into_iter().map(bar).collect();
    if all > named {
        out.push(Bar {
            name: t.say(w::UNKNOWN_PURPOSE),
            count: all - named,
        });
    }
    out
}

/// A chart, and beside it the table with the same figures.
fn pair(t: &Tongue, id: &str, title: Word, column: Word, rows: &[Bar]) -> Markup {
    let all: u64 = rows.iter().map(|r| r.count).sum();
    html! {
        section.figures aria-labelledby={ (id) "-h" } {
            h2 id={ (id) "-h" } { (t.say(title)) }
            div.pair {
                (bars(t, rows))
                table {
                    thead {
                        tr { th scope="col" { (t.say(column)) }
                            th.num scope="col" { (t.say(w::OPENINGS)) } }
                    }
                    tbody {
                        @for row in rows {
                            tr { th scope="row" { (row.name) } td.num { (t.number(row.count)) } }
                        }
                    }
                    tfoot { tr { th scope="row" { (t.say(w::TOTAL)) } td.num { (t.number(all)) } } }
                }
            }
        }
    }
}

/// Every month with every count.
fn everything(t: &Tongue, months: &[Month]) -> Markup {
    let columns: [Column; 11] = [
        (w::REQUESTS, |m| m.requests),
        (w::APPROVALS, |m| m.approvals),
        (w::REFUSALS, |m| m.refusals),
        (w::OPENINGS, |m| m.openings),
        (w::MINUTES, |m| m.opened_s.div_ceil(60)),
        (w::EXPORTS, |m| m.exports),
        (w::LIVE_VIEWS, |m| m.live_views),
        (w::HOLDS, |m| m.holds),
        (w::GLASS_OPENED, |m| m.break_glass_opened),
        (w::GLASS_USED, |m| m.break_glass_used),
        (w::KEYS, |m| m.keys_destroyed),
    ];
    let title = t.say(w::EVERYTHING);
    html! {
        section.figures aria-labelledby="all-h" {
            h2 #all-h { (title) }
            // A region that scrolls takes the focus, so that the keyboard can move it.
            div.table-wrap tabindex="0" role="region"
                aria-label=(t.fill(w::SCROLLS, &[("title", &title)])) {
                table {
                    thead {
                        tr {
                            th scope="col" { (t.say(w::MONTH)) }
                            @for (word, _) in columns { th.num scope="col" { (t.say(word)) } }
                        }
                    }
                    tbody {
                        @for m in months {
                            tr {
                                th scope="row" { (t.month(&m.month)) }
                                @for (_, count) in columns { td.num { (t.number(count(m))) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
