//! What was opened, and when its place and hour become public: opened, delayed and overdue. Overdue
//! is red, and a word and a mark besides. Never shows a place that opens no commitment of the log.

use loggia_model::{At, Fault, HOUR_US};
use loggia_transparency::{DisclosureState as S, WithdrawalReason};
use maud::{Markup, html};

use super::Square;
use super::answer::Visit;
use super::frame::Page;
use super::said;
use crate::declared::Declared;
use crate::disclosures::{Board, Line, PlaceCount};
use crate::words::{Tongue, Word, delays as w, everywhere as e, figures, looking};

/// Rows on one page.
const ROWS: usize = 50;
/// Rows of the table by place; the data hold all.
const PLACES_SHOWN: usize = 100;
const DAY_US: i64 = 24 * HOUR_US;

/// A state's mark, word, colour and name in the address.
struct Look {
    mark: &'static str,
    word: Word,
    class: &'static str,
    name: &'static str,
}

const LOOKS: [Look; 6] = [
    look("!", w::OVERDUE, "bad", "overdue"),
    look("◷", w::DELAYED, "wait", "delayed"),
    look("✓", w::OPENED, "good", "opened"),
    look("↓", w::WITHDRAWN, "warn", "withdrawn"),
    look("×", w::ERASED, "over", "erased"),
    look("–", w::BEFORE_DATES, "over", "before_dates"),
];

const fn look(mark: &'static str, word: Word, class: &'static str, name: &'static str) -> Look {
    Look {
        mark,
        word,
        class,
        name,
    }
}

fn look_of(state: S) -> &'static Look {
    let n = match state {
        S::Overdue { .. } => 0,
        S::Delayed { .. } => 1,
        S::Opened => 2,
        S::Withdrawn { .. } => 3,
        S::Erased { .. } => 4,
        S::BeforeDates | S::Unopened => 5,
    };
    &LOOKS[n]
}

fn count_of(board: &Board, look: &Look) -> u64 {
    let s = &board.standings;
    match look.name {
        "overdue" => s.overdue,
        "delayed" => s.delayed,
        "opened" => s.opened,
        "withdrawn" => s.withdrawn,
        "erased" => s.erased,
        _ => s.before_dates,
    }
}

fn at(secs: i64) -> At {
    At(secs.saturating_mul(1_000_000))
}

/// `/disclosures`.
pub(super) fn page(square: &Square, visit: &Visit) -> Result<Page, Fault> {
    let t = &visit.tongue;
    let board = square.register.board()?;
    let cameras = square.register.cameras()?;
    let k = square.register.small_cell_cases();
    let wanted = visit
        .asked("state")
        .and_then(|s| LOOKS.iter().find(|l| l.name == s));
    let title = t.say(w::TITLE);
    let body = html! {
        h1 { (title) }
        p { (t.say(w::LEAD)) }
        @if square.register.city().is_demo() { p { (t.say(w::DEMO)) } }
        (filters(t, &board, wanted))
        @if board.lines.is_empty() {
            p role="status" { (t.say(w::NONE)) }
        } @else {
            (list(t, &board, wanted, visit.asked("page"), &cameras, k))
            (places(t, &board.places, &cameras, k))
        }
        p.small.soft { (t.say(w::NOT_PROTECTED)) }
        p.small.soft {
            (t.say(w::CHECK)) " "
            a href="/audit/delays" { (t.say(w::CHECK_GO)) } " · "
            a href="/api/v1/public/disclosures" { (t.say(w::AS_DATA)) }
        }
    };
    Ok(Page {
        title,
        part: "/disclosures",
        body,
    })
}

/// On the first page: silent unless something is overdue.
pub(super) fn overdue(t: &Tongue, n: u64) -> Markup {
    html! {
        @if n > 0 {
            div.notice.bad {
                span.mark aria-hidden="true" { "!" }
                p {
                    (t.count(w::FRONT_OVERDUE, n)) " "
                    a href="/disclosures?state=overdue" { (t.say(w::OVERDUE)) }
                }
            }
        }
    }
}

fn mark(t: &Tongue, l: &Look) -> Markup {
    html! {
        span.standing.(l.class) {
            span.mark aria-hidden="true" { (l.mark) } " " (t.say(l.word))
        }
    }
}

fn filters(t: &Tongue, board: &Board, wanted: Option<&Look>) -> Markup {
    let always = ["overdue", "delayed", "opened"];
    let shown = LOOKS
        .iter()
        .filter(|l| always.contains(&l.name) || count_of(board, l) > 0);
    let all = board.lines.len() as u64;
    html! {
        nav.standings aria-label=(t.say(w::FILTER)) {
            a href="/disclosures" aria-current=[wanted.is_none().then_some("true")] {
                strong.num { (t.number(all)) } " " (t.say(w::EVERY))
            }
            @for l in shown {
                @let n = count_of(board, l);
                // Nothing overdue is no alarm.
                @let calm = l.name == "overdue" && n == 0;
                a.(l.class).calm[calm] href={ "/disclosures?state=" (l.name) }
                    aria-current=[wanted.is_some_and(|x| x.name == l.name).then_some("true")] {
                    strong.num { (t.number(n)) } " "
                    span.mark aria-hidden="true" { (l.mark) } " " (t.say(l.word))
                }
            }
        }
    }
}

fn list(
    t: &Tongue,
    board: &Board,
    wanted: Option<&Look>,
    page: Option<&str>,
    cameras: &[Declared],
    k: u32,
) -> Markup {
    let fits = |l: &&Line| wanted.is_none_or(|x| look_of(l.state).name == x.name);
    let lines: Vec<&Line> = board.lines.iter().filter(fits).collect();
    let last = lines.len().div_ceil(ROWS).max(1);
    let asked = page.and_then(|p| p.parse::<usize>().ok()).unwrap_or(1);
    let here = asked.clamp(1, last);
    let query = wanted.map_or(String::new(), |l| format!("state={}&", l.name));
    html! {
        section aria-labelledby="list-h" {
            h2 #list-h { (t.say(w::LIST)) }
            @if lines.is_empty() { p role="status" { (t.say(w::NONE_HERE)) } }
            ul.plain.delays {
                @for l in lines.iter().skip((here - 1) * ROWS).take(ROWS) {
                    (row(t, l, cameras, k))
                }
            }
            @if last > 1 {
                nav.pages aria-label=(t.say(looking::PAGES)) {
                    @if here > 1 {
                        a.button rel="prev" href={ "/disclosures?" (query) "page=" (here - 1) } {
                            (t.say(looking::BEFORE))
                        }
                    }
                    span {
                        (t.count_with(looking::PAGE_OF, here as u64,
                            &[("all", &t.number(last as u64))]))
                    }
                    @if here < last {
                        a.button rel="next" href={ "/disclosures?" (query) "page=" (here + 1) } {
                            (t.say(looking::AFTER))
                        }
                    }
                }
            }
        }
    }
}

fn told(t: &Tongue, state: S) -> String {
    let when = |word, secs| t.fill(word, &[("at", &t.date_time(at(secs)))]);
    match state {
        S::Delayed { until } => when(w::S_DELAYED, until),
        S::Overdue { since } => when(w::S_OVERDUE, since),
        S::Opened => t.say(w::S_OPENED),
        S::Erased { at } => when(w::S_ERASED, at),
        S::BeforeDates | S::Unopened => t.say(w::S_BEFORE),
        S::Withdrawn { at: gone, reason } => {
            let why = t.say(match reason {
                WithdrawalReason::Danger => w::W_DANGER,
                WithdrawalReason::Court => w::W_COURT,
                WithdrawalReason::Privacy => w::W_PRIVACY,
            });
            let gone = t.date_time(at(gone));
            t.fill(w::S_WITHDRAWN, &[("at", &gone), ("why", &why)])
        }
    }
}

fn row(t: &Tongue, l: &Line, cameras: &[Declared], k: u32) -> Markup {
    let look = look_of(l.state);
    let many = t.count(looking::CAMERAS_N, u64::from(l.cameras));
    let seconds = t.number(u64::from(l.length_s));
    let much = t.fill(w::MUCH, &[("cameras", &many), ("seconds", &seconds)]);
    html! {
        li.card.edged.(look.class) data-state=(look.name) {
            p { (mark(t, look)) }
            p { (told(t, l.state)) }
            @if !l.place.is_empty() {
                dl.facts {
                    dt { (t.say(w::PLACE)) }
                    dd {
                        @for (i, id) in l.place.iter().enumerate() {
                            @if i > 0 { ", " }
                            a href={ "/cameras/" (id.0) } { (label(cameras, *id)) }
                        }
                    }
                    dt { (t.say(w::WHEN)) }
                    dd { (time(t, l, k)) }
                }
            }
            p.small.soft {
                (t.say(said::body(l.body))) " · " (t.say(said::purpose(l.purpose))) " · "
                (said::basis(t, &l.legal_basis.0)) " · " (much) " · "
                (t.fill(w::FILED, &[("at", &t.date_time(l.filed_at))])) " · "
                a href={ "/audit?entry=" (l.index) } {
                    (t.fill(w::ENTRY, &[("index", &t.number(l.index))]))
                }
                @if l.extensions > 0 { " · " (t.count(w::EXTENDED, u64::from(l.extensions))) }
            }
        }
    }
}

fn label(cameras: &[Declared], id: loggia_model::CameraId) -> String {
    let known = cameras.iter().find(|c| c.id == id);
    known.map_or_else(|| id.to_string(), |c| c.label.clone())
}

/// Hours as ranges of the city's time, else days, else why neither stands here.
fn time(t: &Tongue, l: &Line, k: u32) -> String {
    let joined = |parts: Vec<String>| parts.join("; ");
    if !l.hours.is_empty() {
        let of = |(first, last): (u32, u32)| {
            let begin = At(i64::from(first).saturating_mul(HOUR_US));
            let end = At((i64::from(last) + 1).saturating_mul(HOUR_US));
            t.range(begin, end)
        };
        return joined(runs(&l.hours).into_iter().map(of).collect());
    }
    if !l.days.is_empty() {
        // A day of UTC is not one of the city's: its noon is in both.
        let noon = |d: &u32| At(i64::from(*d).saturating_mul(DAY_US) + DAY_US / 2);
        let day = |d| t.fill(w::UTC_DAY, &[("day", &t.day(noon(d)))]);
        return joined(l.days.iter().map(day).collect());
    }
    if l.purpose == loggia_model::Purpose::IncidentLive {
        return t.say(w::BY_ENTRY);
    }
    t.count(w::WITHHELD, u64::from(k))
}

/// Numbers that follow each other, as first and last.
fn runs(numbers: &[u32]) -> Vec<(u32, u32)> {
    let mut out: Vec<(u32, u32)> = Vec::new();
    for n in numbers {
        match out.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*n) => *last = *n,
            _ => out.push((*n, *n)),
        }
    }
    out
}

fn places(t: &Tongue, places: &[PlaceCount], cameras: &[Declared], k: u32) -> Markup {
    html! {
        section.figures aria-labelledby="places-h" {
            h2 #places-h { (t.say(w::BY_PLACE)) }
            p.small.soft { (t.count(w::SMALL, u64::from(k))) }
            @if !places.is_empty() {
                table {
                    thead {
                        tr {
                            th scope="col" { (t.say(figures::MONTH)) }
                            th scope="col" { (t.say(w::CAMERA)) }
                            th.num scope="col" { (t.say(w::CASES)) }
                        }
                    }
                    tbody {
                        @for p in places.iter().take(PLACES_SHOWN) {
                            tr {
                                th scope="row" { (t.month(&p.month)) }
                                td { (label(cameras, p.camera)) }
                                td.num { (t.number(p.cases)) }
                            }
                        }
                    }
                }
            }
            p.small.soft { a href="/statistics" { (t.say(e::STATISTICS)) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_that_follow_each_other_are_one_range() {
        assert_eq!(runs(&[4, 5, 6, 9]), [(4, 6), (9, 9)]);
        assert!(runs(&[]).is_empty());
        assert_eq!(runs(&[u32::MAX]), [(u32::MAX, u32::MAX)]);
    }
}
