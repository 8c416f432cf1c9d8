//! Asking for footage of oneself: the page with its form.
//! Never asks for a picture or for looks.

use std::collections::BTreeSet;

use loggia_model::{ASK_CAMERAS_MAX, ASK_HOURS_MAX, Fault};
use maud::{Markup, html};

use super::Square;
use super::answer::Visit;
use super::doorstep::OF_ONE_MAX;
use super::form::{Ask, Fields, Wrong, described, field};
use super::frame::Page;
use crate::declared::Declared;
use crate::finder::{QUESTION_MAX, find};
use crate::words::{Tongue, Word, forms as w, looking};

/// Up to so many are offered without a search.
const OFFERED_MAX: usize = 40;

/// What is shown beside the form: why the server did not take it.
pub(super) enum Refused {
    No,
    Said(Fault),
    TooBig,
    /// The network's share of the day is used up.
    Share,
}

/// `/ask`, empty or filled by a link (`?camera=`).
pub(super) fn page(square: &Square, visit: &Visit) -> Result<Page, Fault> {
    let cameras = visit.all_asked("camera").take(ASK_CAMERAS_MAX);
    let mut given: Vec<_> = cameras
        .map(|c| ("camera".to_owned(), c.to_owned()))
        .collect();
    if let Some(place) = visit.asked("place") {
        given.push(("place".to_owned(), place.to_owned()));
    }
    shown(
        square,
        visit,
        &Fields::filled(given),
        &Wrong::default(),
        &Refused::No,
    )
}

/// The page with what was typed and what is wrong.
pub(super) fn shown(
    square: &Square,
    visit: &Visit,
    fields: &Fields,
    wrong: &Wrong,
    refused: &Refused,
) -> Result<Page, Fault> {
    let t = &visit.tongue;
    let cameras = square.register.cameras()?;
    let longest = cameras.iter().map(|c| c.retention_h).max().unwrap_or(72);
    let title = t.say(w::ASK_TITLE);
    let body = html! {
        h1 { (title) }
        p { (t.say(w::ASK_LEAD)) }
        @if square.setting.forms.is_some() {
            p { (t.say(w::ASK_NO_PICTURE)) }
            (wrong.summary(t))
            (why_not(t, refused))
            form.letter method="post" action="/ask" novalidate {
                (where_fields(square, t, &cameras, fields, wrong))
                (when_fields(square, t, fields, wrong))
                (who_fields(t, fields, wrong))
                button.primary type="submit" name="send" value="1" { (t.say(w::SEND_ASK)) }
            }
            (what_then(t))
        } @else {
            p { strong { (t.say(w::ASK_LETTER)) } }
            (offices(square, t))
            p { (t.count(w::ASK_LETTER_WHAT, u64::from(longest))) }
            p { (t.say(w::ASK_NO_PICTURE)) }
        }
    };
    Ok(Page {
        title,
        part: "/ask",
        body,
    })
}

/// What the server said against a form that was right in itself.
pub(super) fn why_not(t: &Tongue, refused: &Refused) -> Markup {
    let notice = |line: Markup| {
        html! {
            div.notice.bad role="alert" {
                span.mark aria-hidden="true" { "✕" }
                div.grow { (line) }
            }
        }
    };
    match refused {
        Refused::No => html! {},
        Refused::Share => notice(html! { p { (t.count(w::E_SHARE, OF_ONE_MAX as u64)) } }),
        Refused::TooBig => notice(html! { p { (t.say(w::E_BIG)) } }),
        Refused::Said(Fault::Busy(_)) => notice(html! { p { (t.say(w::E_FULL)) } }),
        Refused::Said(Fault::Broken(_)) => notice(html! { p { (t.say(w::E_BUSY)) } }),
        Refused::Said(why) => notice(html! {
            p { (t.say(w::E_SERVER)) " " q lang="en" { (why) } }
        }),
    }
}

/// The officer's and the authority's addresses.
pub(super) fn offices(square: &Square, t: &Tongue) -> Markup {
    let office = |title: Word, lines: &[String], unset: Word| {
        html! {
            div {
                h2 { (t.say(title)) }
                @if lines.is_empty() {
                    p { (t.say(unset)) }
                } @else {
                    address {
                        @for (i, line) in lines.iter().enumerate() {
                            @if i > 0 { br; }
                            (line)
                        }
                    }
                }
            }
        }
    };
    let o = &square.setting.offices;
    html! {
        div.offices {
            (office(w::OFFICER, &o.officer, w::OFFICER_UNSET))
            (office(w::AUTHORITY, &o.authority, w::AUTHORITY_UNSET))
        }
    }
}

/// Those that are offered: all of a small city, else what the search found, and what is ticked.
fn offered<'a>(square: &Square, cameras: &'a [Declared], fields: &Fields) -> Vec<&'a Declared> {
    let place: String = fields.get("place").chars().take(QUESTION_MAX).collect();
    let ticked: BTreeSet<&str> = fields.all("camera").collect();
    let is_ticked = |c: &Declared| ticked.contains(c.id.0.to_string().as_str());
    if place.is_empty() {
        let few = cameras.len() <= OFFERED_MAX;
        return cameras.iter().filter(|c| few || is_ticked(c)).collect();
    }
    let found = find(cameras, &square.setting.map, &place);
    let near = found
        .place
        .iter()
        .flat_map(|p| p.cameras.iter().map(|a| a.camera));
    let mut out: Vec<&Declared> = near.chain(found.named.iter().copied()).collect();
    out.truncate(OFFERED_MAX);
    let also: Vec<&Declared> = cameras
        .iter()
        .filter(|c| is_ticked(c) && !out.iter().any(|o| o.id == c.id))
        .collect();
    out.extend(also);
    out
}

fn where_fields(
    square: &Square,
    t: &Tongue,
    cameras: &[Declared],
    fields: &Fields,
    wrong: &Wrong,
) -> Markup {
    let offered = offered(square, cameras, fields);
    let why = wrong.of("cameras");
    let ticked: BTreeSet<&str> = fields.all("camera").collect();
    let hint = Some(t.say(w::WHICH_FIND_HINT));
    let search = Ask {
        name: "place",
        label: w::WHICH_FIND,
        hint,
        kind: "text",
        autocomplete: "off",
        required: false,
    };
    html! {
        fieldset.card {
            legend { (t.say(w::WHERE)) }
            div.find {
                (field(t, fields, wrong, &search))
                button type="submit" name="find" value="1" { (t.say(w::WHICH_FIND_GO)) }
            }
            @if fields.has("find") && offered.is_empty() {
                p role="status" { (t.fill(looking::FOUND_NONE, &[("q", fields.get("place"))])) }
            }
            @if cameras.is_empty() { p { (t.say(looking::NO_CAMERA)) } }
            div #cameras role="group" tabindex="-1" aria-labelledby="cameras-l"
                aria-describedby=[described("cameras", true, why.is_some())] {
                p.name #cameras-l { (t.say(w::WHICH)) }
                p.hint #cameras-hint { (t.count(w::WHICH_HINT, ASK_CAMERAS_MAX as u64)) }
                @if let Some(why) = why { p.wrong #cameras-why { "✕ " (why) } }
                div.ticks {
                    @for c in offered {
                        label.inline {
                            input type="checkbox" name="camera" value=(c.id.0)
                                checked[ticked.contains(c.id.0.to_string().as_str())];
                            span { (c.label) " " span.small.soft { (c.place) } }
                        }
                    }
                }
            }
        }
    }
}

fn when_fields(square: &Square, t: &Tongue, fields: &Fields, wrong: &Wrong) -> Markup {
    let (today, _) = t.zone.parts(square.register.now());
    let ask = |name, label, kind, hint: Option<String>| Ask {
        name,
        label,
        hint,
        kind,
        autocomplete: "off",
        required: true,
    };
    html! {
        fieldset.card {
            legend { (t.say(w::WHEN)) }
            p.hint { (t.count(w::TIME_HINT, ASK_HOURS_MAX.unsigned_abs())) }
            div.three {
                (field(t, fields, wrong, &ask("day", w::DAY, "date",
                    Some(t.fill(w::DAY_HINT, &[("example", &today)])))))
                (field(t, fields, wrong, &ask("from", w::FROM, "time", None)))
                (field(t, fields, wrong, &ask("to", w::TO, "time", None)))
            }
            (field(t, fields, wrong, &Ask {
                name: "told",
                label: w::TOLD,
                hint: Some(t.say(w::TOLD_HINT)),
                kind: "textarea",
                autocomplete: "off",
                required: false,
            }))
        }
    }
}

fn who_fields(t: &Tongue, fields: &Fields, wrong: &Wrong) -> Markup {
    html! {
        fieldset.card {
            legend { (t.say(w::YOU)) }
            (who(t, fields, wrong, true))
        }
    }
}

/// Name and contact, of both forms.
pub(super) fn who(t: &Tongue, fields: &Fields, wrong: &Wrong, required: bool) -> Markup {
    html! {
        (field(t, fields, wrong, &Ask {
            name: "name",
            label: w::NAME,
            hint: None,
            kind: "text",
            autocomplete: "name",
            required,
        }))
        (field(t, fields, wrong, &Ask {
            name: "contact",
            label: w::CONTACT,
            hint: Some(t.say(w::CONTACT_HINT)),
            kind: "text",
            autocomplete: "email",
            required,
        }))
    }
}

fn what_then(t: &Tongue) -> Markup {
    html! {
        section.then aria-labelledby="then-h" {
            h2 #then-h { (t.say(w::WHAT_THEN)) }
            ol { @for word in [w::THEN_1, w::THEN_2, w::THEN_3] { li { (t.say(word)) } } }
        }
        form.follow method="get" action="/ask/-" {
            label for="reference" { (t.say(w::FOLLOW)) ": " (t.say(w::REFERENCE)) }
            div.ask {
                input #reference name="reference" type="text" autocomplete="off" maxlength="64";
                button type="submit" { (t.say(w::FOLLOW_GO)) }
            }
        }
    }
}
