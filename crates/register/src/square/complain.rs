//! Complaining: to the city's data-protection officer by form, to the authority by its address.
//! Never asks who complains unless they want an answer.

use loggia_model::{CameraId, Complaint, Fault, TOLD_CHARS_MIN};
use maud::{Markup, html};

use super::Square;
use super::answer::Visit;
use super::ask::{Refused, offices, who, why_not};
use super::form::{Ask, Fields, Wrong, field};
use super::frame::Page;
use crate::declared::Declared;
use crate::forms::is_reference;
use crate::words::{Tongue, forms as w};

/// `/complain`, empty or filled by a link (`?camera=`); `?filed=` says what was filed.
pub(super) fn page(square: &Square, visit: &Visit) -> Result<Page, Fault> {
    if let Some(forms) = &square.setting.forms
        && let Some(number) = visit.asked("filed").filter(|r| is_reference(r))
        && (forms.complained)(number)?
    {
        return Ok(filed(&visit.tongue, number));
    }
    let camera = visit
        .asked("camera")
        .map(|c| ("camera".to_owned(), c.to_owned()));
    shown(
        square,
        visit,
        &Fields::filled(camera),
        &Wrong::default(),
        &Refused::No,
    )
}

fn filed(t: &Tongue, number: &str) -> Page {
    let title = t.say(w::COMPLAINED);
    let body = html! {
        h1 { (title) }
        p role="status" { (t.say(w::NUMBER)) ": " code { (number) } }
        p { (t.say(w::COMPLAINED_NOTE)) }
        p { (t.say(w::ALSO_AUTHORITY)) }
    };
    Page {
        title,
        part: "/complain",
        body,
    }
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
    let title = t.say(w::COMPLAIN_TITLE);
    let body = html! {
        h1 { (title) }
        @if square.setting.forms.is_some() {
            p { (t.say(w::COMPLAIN_LEAD)) }
            (wrong.summary(t))
            (why_not(t, refused))
            form.letter method="post" action="/complain" novalidate {
                fieldset.card {
                    legend { (t.say(w::ABOUT)) }
                    (about(t, &cameras, fields, wrong))
                }
                fieldset.card {
                    legend { (t.say(w::YOU)) }
                    (who(t, fields, wrong, false))
                }
                button.primary type="submit" { (t.say(w::SEND_COMPLAIN)) }
            }
        } @else {
            p { strong { (t.say(w::COMPLAIN_LETTER)) } }
        }
        p { (t.say(w::ALSO_AUTHORITY)) }
        (offices(square, t))
    };
    Ok(Page {
        title,
        part: "/complain",
        body,
    })
}

fn about(t: &Tongue, cameras: &[Declared], fields: &Fields, wrong: &Wrong) -> Markup {
    let chosen = fields.get("camera");
    html! {
        div.field {
            label for="camera" {
                (t.say(w::ABOUT_CAMERA)) " " span.soft { (t.say(w::OPTIONAL)) }
            }
            select #camera name="camera" {
                option value="" { (t.say(w::NO_CAMERA)) }
                @for c in cameras {
                    option value=(c.id.0) selected[c.id.0.to_string() == chosen] {
                        (c.id.0) " · " (c.label)
                    }
                }
            }
        }
        (field(t, fields, wrong, &Ask {
            name: "about",
            label: w::ABOUT,
            hint: None,
            kind: "textarea",
            autocomplete: "off",
            required: true,
        }))
    }
}

/// What a posted form complains about, or what is wrong with it.
pub(super) fn asked(t: &Tongue, fields: &Fields, all: &[Declared]) -> Result<Complaint, Wrong> {
    let mut wrong = Wrong::default();
    let camera = fields.get("camera");
    let known = camera.parse().ok().map(CameraId);
    let known = known.filter(|id| all.iter().any(|c| c.id == *id));
    if !camera.is_empty() && known.is_none() {
        wrong.add("camera", t.say(w::E_CAMERA_GONE));
    }
    wrong.prose(t, fields, "about", Some(w::E_ABOUT));
    if (1..TOLD_CHARS_MIN).contains(&fields.get("about").chars().count()) {
        wrong.add("about", t.say(w::E_ABOUT));
    }
    wrong.line(t, fields, "name", None);
    wrong.line(t, fields, "contact", None);
    if !wrong.none() {
        return Err(wrong);
    }
    Ok(Complaint {
        name: fields.get("name").to_owned(),
        contact: fields.get("contact").to_owned(),
        about: fields.get("about").to_owned(),
        camera: known,
    })
}
