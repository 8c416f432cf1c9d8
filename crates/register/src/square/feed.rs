//! The public log's news as RSS 2.0: openings, refusals, live views, holds, cameras, and the
//! break-glass account.
//! Never a name or a place: an item says what its entry in the log says.

use loggia_model::{At, Fault};
use loggia_transparency::{Entry, Event};
use maud::{Markup, PreEscaped, html};

use super::Square;
use super::answer::Visit;
use super::said;
use crate::words::{Tongue, figures as w};

fn secs(at: i64) -> At {
    At(at.saturating_mul(1_000_000))
}

/// What happened in a line, and how much of it; none for what is no news.
fn told(t: &Tongue, event: &Event) -> Option<(String, Option<String>)> {
    let by = |word, body| t.fill(word, &[("body", &t.say(said::body(body)))]);
    let much = |cameras: u32, length_s: u32| {
        let cameras = t.count(crate::words::looking::CAMERAS_N, u64::from(cameras));
        let seconds = t.number(u64::from(length_s));
        Some(t.fill(w::N_MUCH, &[("cameras", &cameras), ("seconds", &seconds)]))
    };
    Some(match event {
        Event::Opening(o) => (by(w::N_OPENING, o.body), much(o.cameras, o.length_s)),
        Event::LiveView(v) => (by(w::N_LIVE, v.body), much(v.cameras, v.length_s)),
        Event::Decision(d) => (by(w::N_REFUSAL, d.body), None),
        Event::Hold(h) => {
            let (until, review) = (t.day(secs(h.until)), t.day(secs(h.review)));
            let parts = [("until", until.as_str()), ("review", &review)];
            (by(w::N_HOLD, h.body), Some(t.fill(w::N_UNTIL, &parts)))
        }
        Event::BreakGlassOpened(_) => (t.say(w::N_GLASS), None),
        Event::CameraEnrolled(_) => (t.say(w::N_ENROLLED), None),
        Event::CameraRetired(_) => (t.say(w::N_RETIRED), None),
        _ => return None,
    })
}

/// `/feed.rss`.
pub(super) fn feed(square: &Square, visit: &Visit) -> Result<String, Fault> {
    let t = &visit.tongue;
    let news = square.register.news()?;
    let city = square.register.city().name();
    let verifier = square.register.log().verifier();
    let log = verifier.name();
    let items = news
        .iter()
        .filter_map(|(index, entry)| item(visit, log, *index, entry));
    let newest = news.first().map(|(_, e)| Tongue::rfc822(secs(e.at)));
    // maud writes HTML, where `link` is void: here it is not, and its tags are spelt out.
    let channel = html! {
        (PreEscaped("<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel>"))
        title { (t.fill(w::FEED_TITLE, &[("city", city)])) }
        (link(&format!("{}/", visit.origin)))
        description { (t.say(w::FEED_ABOUT)) }
        language { (t.lang.tag()) }
        @if let Some(newest) = newest { lastBuildDate { (newest) } }
        (PreEscaped("<atom:link rel=\"self\" type=\"application/rss+xml\" href=\""))
        (visit.origin) (PreEscaped("/feed.rss\"/>"))
        @for item in items { (item) }
        (PreEscaped("</channel></rss>"))
    };
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    Ok(format!("{head}{}\n", channel.into_string()))
}

fn link(to: &str) -> Markup {
    html! { (PreEscaped("<link>")) (to) (PreEscaped("</link>")) }
}

fn item(visit: &Visit, log: &str, index: u64, entry: &Entry) -> Option<Markup> {
    let t = &visit.tongue;
    let (title, much) = told(t, &entry.event)?;
    let place = t.fill(w::N_ENTRY, &[("index", &t.number(index))]);
    Some(html! {
        item {
            title { (title) }
            (link(&format!("{}/audit?entry={index}", visit.origin)))
            // The log's name and the entry's place: the same for ever, whatever host serves it.
            guid isPermaLink="false" { (log) "#" (index) }
            pubDate { (Tongue::rfc822(secs(entry.at))) }
            description { @if let Some(much) = much { (much) " " } (place) }
        }
    })
}
