//! The list of cameras and the search in it: equal to the map, and whole without it.
//! Never shows more rows at once than an old phone scrolls through.

use loggia_model::Fault;
use maud::{Markup, html};

use super::Square;
use super::answer::{Visit, question};
use super::frame::Page;
use crate::declared::Declared;
use crate::finder::{At, Found, NEAR_M, Place, QUESTION_MAX, find};
use crate::words::{Tongue, looking as w};

/// Rows on one page of the list.
const ROWS: usize = 100;

/// The form that asks; it works by GET, so that an answer can be linked and printed.
pub(super) fn search(t: &Tongue, asked: &str) -> Markup {
    html! {
        form.search method="get" action="/cameras" role="search" {
            label for="q" { (t.say(w::SEARCH)) }
            p.hint #q-hint { (t.say(w::SEARCH_HINT)) }
            div.ask {
                input #q name="q" type="search" value=(asked) maxlength=(QUESTION_MAX)
                    autocomplete="street-address" aria-describedby="q-hint";
                button.primary type="submit" { (t.say(w::SEARCH_GO)) }
            }
        }
    }
}

/// One camera of a list, with what the map needs to draw it.
fn row(t: &Tongue, c: &Declared, metres: Option<u64>) -> Markup {
    html! {
        li data-camera=(c.id.0) data-lat=(c.lat) data-lon=(c.lon) data-heading=[c.heading_deg] {
            a href={ "/cameras/" (c.id.0) } { (c.label) }
            span { (c.place) }
            span.small.soft {
                @if let Some(n) = metres { (t.count(w::METRES, n)) " · " }
                (c.purpose) " " span.whole { "· " (t.count(w::KEPT, u64::from(c.retention_h))) }
            }
        }
    }
}

/// Several cameras.
pub(super) fn rows<'a>(t: &Tongue, cameras: impl Iterator<Item = &'a Declared>) -> Markup {
    html! { ul.plain.cameras { @for c in cameras { (row(t, c, None)) } } }
}

/// Several cameras with their distances.
pub(super) fn rows_at(t: &Tongue, cameras: &[At<'_>]) -> Markup {
    html! { ul.plain.cameras { @for a in cameras { (row(t, a.camera, Some(a.metres))) } } }
}

/// The place where the map will be drawn. Without a script it says where else the cameras stand.
/// `cameras` names whose rows are drawn: `page` those of this page, `all` every declared one.
pub(super) fn map(t: &Tongue, cameras: &str, chosen: Option<u32>) -> Markup {
    html! {
        section.map aria-label=(t.say(w::MAP)) data-map=(cameras) data-chosen=[chosen] {
            noscript { p.none { (t.say(w::MAP_SCRIPT)) } }
            p.none.soft data-say="wait" hidden { span { (t.say(w::MAP_WAIT)) } }
            p.none data-say="none" hidden { (t.say(w::MAP_NONE)) }
            p.none data-say="gone" hidden { (t.say(w::MAP_GONE)) }
            p.bare.small data-say="bare" hidden { (t.say(w::MAP_BARE)) }
        }
    }
}

/// `/cameras`.
pub(super) fn page(square: &Square, visit: &Visit) -> Result<Page, Fault> {
    let t = &visit.tongue;
    let cameras = square.register.cameras()?;
    let asked: String = visit.asked("q").unwrap_or_default().trim().into();
    let asked: String = asked.chars().take(QUESTION_MAX).collect();
    let list = if asked.is_empty() {
        whole(t, &cameras, visit.asked("page"))
    } else {
        answered(t, &find(&cameras, &square.setting.map, &asked), &asked)
    };
    let title = if asked.is_empty() {
        t.say(w::LIST)
    } else {
        format!("{asked} · {}", t.say(w::LIST))
    };
    let body = html! {
        h1 { (t.say(if asked.is_empty() { w::LIST } else { w::WHAT_HERE })) }
        (search(t, &asked))
        div.two {
            div.side { (list) }
            (map(t, "page", None))
        }
    };
    Ok(Page {
        title,
        part: "/cameras",
        body,
    })
}

fn whole(t: &Tongue, cameras: &[Declared], page: Option<&str>) -> Markup {
    if cameras.is_empty() {
        return html! { p { (t.say(w::NO_CAMERA)) } };
    }
    let last = cameras.len().div_ceil(ROWS);
    let asked = page.and_then(|p| p.parse::<usize>().ok()).unwrap_or(1);
    let here = asked.clamp(1, last);
    let shown = cameras.iter().skip((here - 1) * ROWS).take(ROWS);
    html! {
        p.small.soft { (t.count(w::LIST_LINE, cameras.len() as u64)) }
        (rows(t, shown))
        @if last > 1 {
            nav.pages aria-label=(t.say(w::PAGES)) {
                @if here > 1 {
                    a.button rel="prev" href={ "/cameras?page=" (here - 1) } { (t.say(w::BEFORE)) }
                }
                span {
                    (t.count_with(w::PAGE_OF, here as u64, &[("all", &t.number(last as u64))]))
                }
                @if here < last {
                    a.button rel="next" href={ "/cameras?page=" (here + 1) } { (t.say(w::AFTER)) }
                }
            }
        }
    }
}

fn answered(t: &Tongue, found: &Found<'_>, asked: &str) -> Markup {
    html! {
        @if found.is_empty() {
            p role="status" { strong { (t.fill(w::FOUND_NONE, &[("q", asked)])) } }
            p { (t.say(w::FOUND_NONE_TRY)) }
        }
        @if let Some(place) = &found.place { (near(t, place, asked)) }
        @if !found.named.is_empty() {
            h2 { (t.say(w::NAMED)) }
            p.small.soft role="status" { (t.count(w::CAMERAS_N, found.named.len() as u64)) }
            (rows(t, found.named.iter().copied().take(ROWS)))
        }
        p { a href="/cameras" { (t.say(w::SHOW_ALL)) } }
    }
}

fn near(t: &Tongue, place: &Place<'_>, asked: &str) -> Markup {
    let metres = t.number(NEAR_M);
    let numbered = asked.chars().any(|c| c.is_ascii_digit());
    html! {
        h2 { (t.fill(w::NEAR, &[("place", &place.name)])) }
        p role="status" {
            @if place.near {
                (t.count_with(w::NEAR_LINE, place.cameras.len() as u64, &[("m", &metres)]))
            } @else if place.cameras.is_empty() {
                (t.say(w::NO_CAMERA))
            } @else {
                (t.fill(w::NEAR_NONE, &[("m", &metres)]))
            }
        }
        @if numbered {
            p.small.soft { (t.fill(w::STREET_ONLY, &[("place", &place.name)])) }
        }
        (rows_at(t, &place.cameras))
        @if !place.also.is_empty() {
            p.small {
                (t.say(w::ALSO))
                @for (i, name) in place.also.iter().enumerate() {
                    @if i > 0 { "," }
                    " " a href={ "/cameras?" (question("q", name)) } { (name) }
                }
            }
        }
    }
}
