//! What stands around every page of the square: head, rooms, languages, the demo's banner, foot.
//! The look is web/src/styles, shared with the other rooms. Never inlines a style or a script.

use maud::{DOCTYPE, Markup, html};

use super::Square;
use super::answer::{Visit, question};
use crate::words::{Lang, Word, delays, everywhere as e};

/// A page before it is framed.
pub(super) struct Page {
    /// Its own name; the title of the document.
    pub title: String,
    /// Which of the square's pages it belongs to, by address.
    pub part: &'static str,
    pub body: Markup,
}

const PARTS: [(&str, Word); 8] = [
    ("/", e::OVERVIEW),
    ("/cameras", e::CAMERAS),
    ("/statistics", e::STATISTICS),
    ("/disclosures", delays::NAV),
    ("/policy", e::RULES),
    ("/check", e::CHECK),
    ("/ask", e::ASK),
    ("/complain", e::COMPLAIN),
];

/// The whole document.
pub(super) fn framed(square: &Square, visit: &Visit, page: Page) -> Markup {
    let t = &visit.tongue;
    let dress = &square.setting.dress;
    let zone = t.zone.name_at(square.register.now());
    html! {
        (DOCTYPE)
        html lang=(t.lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Without it a form's own POST carries no origin in browsers that send no Fetch
                // Metadata, and the server takes it for another site's.
                meta name="referrer" content="same-origin";
                title { (page.title) " · Loggia" }
                link rel="icon" href="/favicon.svg" type="image/svg+xml";
                @for font in dress.letters.get(t.lang.tag()).into_iter().flatten() {
                    link rel="preload" as="font" type="font/woff2" href=(font) crossorigin;
                }
                @for style in &dress.styles { link rel="stylesheet" href=(style); }
                link rel="alternate" type="application/rss+xml" href="/feed.rss"
                    title=(t.say(e::FEED));
                @if let Some(script) = &dress.script {
                    script type="module" src=(script) {}
                }
            }
            body {
                a.skip href="#main" { (t.say(e::SKIP)) }
                @if square.register.city().is_demo() { (demo(visit)) }
                (head(visit))
                main #main tabindex="-1" {
                    (parts(visit, page.part))
                    // The foot says it to everybody; the script shows it here to a reader whose
                    // clock stands otherwise.
                    p.small.soft.no-print data-zone=(zone) hidden {
                        (t.fill(e::ZONE, &[("zone", &zone)]))
                    }
                    (paper(square, visit))
                    (page.body)
                }
                footer {
                    p.small.soft {
                        (t.say(e::FOOTER)) " " (t.fill(e::ZONE, &[("zone", &zone)])) " "
                        a href="/feed.rss" { (t.say(e::FEED)) }
                    }
                }
            }
        }
    }
}

/// One machine holds everybody's keys; the story leads through the whole line.
fn demo(visit: &Visit) -> Markup {
    let t = &visit.tongue;
    html! {
        aside.demo aria-label=(t.say(e::DEMO_LABEL)) {
            span { (t.say(e::DEMO)) }
            " " a href="/story" { (t.say(e::STORY)) }
        }
    }
}

/// Stands on paper only: which city, which page, when, and how far the public log had come.
fn paper(square: &Square, visit: &Visit) -> Markup {
    let t = &visit.tongue;
    let Ok(s) = square.register.summary() else {
        return html! {};
    };
    let (at, zone) = (t.date_time(s.at), t.zone.name_at(s.at));
    html! {
        div.print-only.paper-head {
            p {
                strong { (s.city) } " · " (visit.origin) (visit.here) br;
                (t.count_with(e::PAPER, s.log_size, &[("at", &at), ("zone", &zone)]))
            }
        }
    }
}

fn head(visit: &Visit) -> Markup {
    let t = &visit.tongue;
    let rooms = [
        ("/", e::SQUARE),
        ("/ops", e::OPS),
        ("/evidence", e::EVIDENCE),
        ("/audit", e::AUDIT),
    ];
    html! {
        header {
            div.bar {
                a.brand href="/" {
                    svg viewBox="0 0 32 24" width="32" height="24" aria-hidden="true" {
                        path d="M3 22V10a4 4 0 0 1 8.6 0v12M11.6 22V10a4 4 0 0 1 8.6 0v12M20.2 \
                            22V10a4 4 0 0 1 8.6 0v12M1.5 22.5h29M1.5 2.5h29" {}
                    }
                    "Loggia"
                }
                nav aria-label=(t.say(e::ROOMS)) {
                    @for (path, word) in rooms {
                        a href=(path) aria-current=[(path == "/").then_some("true")] {
                            (t.say(word))
                        }
                    }
                }
                span.grow {}
                div.langs role="group" aria-label=(t.say(e::LANGUAGE)) {
                    @for (lang, name) in Lang::ALL {
                        a href={ "/language?to=" (lang.tag()) "&" (question("back", &visit.here)) }
                            lang=(lang.tag()) hreflang=(lang.tag())
                            aria-current=[(lang == t.lang).then_some("true")] { (name) }
                    }
                }
            }
        }
    }
}

fn parts(visit: &Visit, part: &str) -> Markup {
    let t = &visit.tongue;
    html! {
        nav.parts aria-label=(t.say(e::ON_SQUARE)) {
            @for (path, word) in PARTS {
                a href=(path) aria-current=[(path == part).then_some("page")] { (t.say(word)) }
            }
        }
    }
}

/// An address of the square that leads nowhere.
pub(super) fn lost(title: String, line: String, part: &'static str, back: Markup) -> Page {
    let body = html! {
        h1 { (title) }
        p { (line) }
        p { (back) }
    };
    Page { title, part, body }
}

/// What a page says instead of a figure that could not be read.
pub(super) fn broken(visit: &Visit, part: &'static str) -> Page {
    let t = &visit.tongue;
    let title = t.say(e::BROKEN);
    let body = html! {
        h1 { (title) }
        div.notice.bad role="alert" {
            span.mark aria-hidden="true" { "✕" }
            p { (t.say(e::BROKEN_TRY)) }
        }
    };
    Page { title, part, body }
}
