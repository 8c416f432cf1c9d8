//! What each address of the square answers: reads the visit, works off the async threads, frames.
//! Never answers a person with JSON, nor a figure that could not be read with an old one.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use loggia_api::Problem;
use loggia_model::{At, Fault};
use maud::html;
use serde::Deserialize;

use super::answer::{Visit, language_cookie, own_address, see_other};
use super::ask::Refused;
use super::doorstep::Doorstep;
use super::form::{Fields, Wrong};
use super::frame::{Page, broken, framed, lost};
use super::{
    Square, ask, asked, card, check, complain, delays as dates, feed, front, list, rules, standing,
    statistics,
};
use crate::words::{Lang, everywhere as e};

type Here = State<Arc<Square>>;

/// Reads log and declarations off the async threads.
async fn off<T: Send + 'static>(
    square: Arc<Square>,
    visit: Visit,
    work: impl FnOnce(&Square, &Visit) -> T + Send + 'static,
) -> Result<T, Response> {
    let done = tokio::task::spawn_blocking(move || work(&square, &visit)).await;
    done.map_err(|_| Problem(Fault::Broken("drawing the page failed".to_owned())).into_response())
}

/// An answer of `off`, or what stands in its place.
fn sent(answer: Result<Response, Response>) -> Response {
    answer.unwrap_or_else(|e| e)
}

fn status_of(fault: &Fault) -> StatusCode {
    match fault {
        Fault::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A page that anybody may keep, or why there is none.
fn public(
    square: &Square,
    visit: &Visit,
    part: &'static str,
    page: Result<Page, Fault>,
) -> Response {
    match page {
        Ok(page) => visit.page(framed(square, visit, page)),
        Err(why) => {
            let page = framed(square, visit, broken(visit, part));
            visit.private(status_of(&why), page)
        }
    }
}

/// A page that no cache keeps.
fn private(square: &Square, visit: &Visit, status: StatusCode, page: Page) -> Response {
    visit.private(status, framed(square, visit, page))
}

pub(super) async fn front(State(s): Here, v: Visit) -> Response {
    sent(off(s, v, |s, v| public(s, v, "/", front::page(s, v))).await)
}

pub(super) async fn cameras(State(s): Here, v: Visit) -> Response {
    sent(off(s, v, |s, v| public(s, v, "/cameras", list::page(s, v))).await)
}

pub(super) async fn card(State(s): Here, Path(id): Path<String>, v: Visit) -> Response {
    let work = move |s: &Square, v: &Visit| match card::page(s, v, &id).transpose() {
        Some(page) => public(s, v, "/cameras", page),
        None => private(s, v, StatusCode::NOT_FOUND, card::none(v)),
    };
    sent(off(s, v, work).await)
}

pub(super) async fn statistics(State(s): Here, v: Visit) -> Response {
    sent(
        off(s, v, |s, v| {
            public(s, v, "/statistics", statistics::page(s, v))
        })
        .await,
    )
}

pub(super) async fn delays(State(s): Here, v: Visit) -> Response {
    let work = |s: &Square, v: &Visit| public(s, v, "/disclosures", dates::page(s, v));
    sent(off(s, v, work).await)
}

pub(super) async fn rules(State(s): Here, v: Visit) -> Response {
    sent(off(s, v, |s, v| public(s, v, "/policy", rules::page(s, v))).await)
}

pub(super) async fn check(State(s): Here, v: Visit) -> Response {
    sent(off(s, v, |s, v| public(s, v, "/check", Ok(check::page(s, v)))).await)
}

/// The list is for a program: what is wrong is a problem.
pub(super) async fn files(State(s): Here, v: Visit) -> Response {
    let work = |s: &Square, v: &Visit| match check::files(s, v) {
        Ok(lines) => v.fresh(lines, "text/plain; charset=utf-8"),
        Err(why) => Problem(why).into_response(),
    };
    sent(off(s, v, work).await)
}

pub(super) async fn feed(State(s): Here, v: Visit) -> Response {
    let work = |s: &Square, v: &Visit| match feed::feed(s, v) {
        Ok(feed) => v.fresh(feed, "application/rss+xml; charset=utf-8"),
        Err(why) => Problem(why).into_response(),
    };
    sent(off(s, v, work).await)
}

pub(super) async fn ask(State(s): Here, v: Visit) -> Response {
    sent(off(s, v, |s, v| public(s, v, "/ask", ask::page(s, v))).await)
}

pub(super) async fn complain(State(s): Here, v: Visit) -> Response {
    sent(off(s, v, |s, v| public(s, v, "/complain", complain::page(s, v))).await)
}

/// `/ask/-?reference=` is how the form without a script gets to `/ask/{reference}`.
pub(super) async fn standing_page(State(s): Here, Path(asked): Path<String>, v: Visit) -> Response {
    if asked == "-" {
        let reference = v.asked("reference").unwrap_or_default().trim();
        if crate::forms::is_reference(reference) && reference != "-" {
            return see_other(&format!("/ask/{reference}"));
        }
    }
    let work = move |s: &Square, v: &Visit| match standing::standing(s, v, &asked) {
        Ok(Some(page)) => private(s, v, StatusCode::OK, page),
        Ok(None) => private(s, v, StatusCode::NOT_FOUND, standing::unknown(v)),
        Err(why) => private(s, v, status_of(&why), broken(v, "/ask")),
    };
    sent(off(s, v, work).await)
}

pub(super) async fn file_ask(State(s): Here, v: Visit, body: Bytes) -> Response {
    let work = move |s: &Square, v: &Visit| {
        let Some(fields) = Fields::read(&body) else {
            return ask_again(
                s,
                v,
                &Fields::default(),
                &Wrong::default(),
                &Refused::TooBig,
            );
        };
        match filed_ask(s, v, &fields) {
            Ok(to) => see_other(&to),
            Err((wrong, refused)) => ask_again(s, v, &fields, &wrong, &refused),
        }
    };
    sent(off(s, v, work).await)
}

/// Files it; answers where its state is to be seen.
fn filed_ask(s: &Square, v: &Visit, fields: &Fields) -> Result<String, (Wrong, Refused)> {
    let said = |why| (Wrong::default(), Refused::Said(why));
    let Some(forms) = &s.setting.forms else {
        return Err((Wrong::default(), Refused::No));
    };
    if fields.has("find") {
        return Err((Wrong::default(), Refused::No));
    }
    let cameras = s.register.cameras().map_err(said)?;
    let asked = asked::asked(&v.tongue, fields, &cameras, s.register.now());
    let asked = asked.map_err(|wrong| (wrong, Refused::No))?;
    let promise = shared(&s.asking, v, s.register.now(), || (forms.ask)(asked))?;
    Ok(format!("/ask/{}", promise.reference))
}

/// Files within the share of the caller's network; what was not filed does not count.
fn shared<T>(
    step: &Doorstep,
    v: &Visit,
    now: At,
    file: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, (Wrong, Refused)> {
    if !step.take(v.network, now) {
        return Err((Wrong::default(), Refused::Share));
    }
    file().map_err(|why| {
        step.give_back(v.network, now);
        (Wrong::default(), Refused::Said(why))
    })
}

fn ask_again(s: &Square, v: &Visit, fields: &Fields, wrong: &Wrong, why: &Refused) -> Response {
    match ask::shown(s, v, fields, wrong, why) {
        Ok(page) => private(s, v, again(wrong, why), page),
        Err(why) => private(s, v, status_of(&why), broken(v, "/ask")),
    }
}

/// The status of a form that is shown again.
fn again(wrong: &Wrong, why: &Refused) -> StatusCode {
    match why {
        Refused::TooBig => StatusCode::PAYLOAD_TOO_LARGE,
        Refused::Share => StatusCode::TOO_MANY_REQUESTS,
        Refused::Said(Fault::Busy(_)) => StatusCode::SERVICE_UNAVAILABLE,
        Refused::Said(Fault::Broken(_)) => StatusCode::INTERNAL_SERVER_ERROR,
        Refused::Said(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refused::No if wrong.none() => StatusCode::OK,
        Refused::No => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

pub(super) async fn file_complaint(State(s): Here, v: Visit, body: Bytes) -> Response {
    let work = move |s: &Square, v: &Visit| {
        let again = |fields: &Fields, wrong: &Wrong, why: &Refused| match complain::shown(
            s, v, fields, wrong, why,
        ) {
            Ok(page) => private(s, v, again(wrong, why), page),
            Err(why) => private(s, v, status_of(&why), broken(v, "/complain")),
        };
        let Some(fields) = Fields::read(&body) else {
            return again(&Fields::default(), &Wrong::default(), &Refused::TooBig);
        };
        match filed_complaint(s, v, &fields) {
            Ok(to) => see_other(&to),
            Err((wrong, why)) => again(&fields, &wrong, &why),
        }
    };
    sent(off(s, v, work).await)
}

fn filed_complaint(s: &Square, v: &Visit, fields: &Fields) -> Result<String, (Wrong, Refused)> {
    let said = |why| (Wrong::default(), Refused::Said(why));
    let Some(forms) = &s.setting.forms else {
        return Err((Wrong::default(), Refused::No));
    };
    let cameras = s.register.cameras().map_err(said)?;
    let asked = complain::asked(&v.tongue, fields, &cameras);
    let asked = asked.map_err(|wrong| (wrong, Refused::No))?;
    let now = s.register.now();
    let number = shared(&s.complaining, v, now, || (forms.complain)(asked))?;
    Ok(format!("/complain?filed={number}"))
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    to: String,
    #[serde(default)]
    back: String,
}

/// Keeps the language in the reader's own browser, and goes back to where they were.
pub(super) async fn language(Query(choice): Query<Choice>) -> Response {
    let mut answer = see_other(own_address(&choice.back));
    if let Some(cookie) = Lang::of_tag(&choice.to).and_then(language_cookie) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}

impl Square {
    /// The page at an address that nothing answers; status 404.
    pub async fn nowhere(self: Arc<Self>, request: axum::extract::Request) -> Response {
        use axum::extract::FromRequestParts;
        let (mut parts, _) = request.into_parts();
        let Ok(v) = Visit::from_request_parts(&mut parts, &self).await;
        let t = &v.tongue;
        let back = html! { a href="/" { (t.say(e::SQUARE)) } };
        let page = lost(t.say(e::NOT_FOUND), t.say(e::NOT_FOUND_TRY), "", back);
        private(&self, &v, StatusCode::NOT_FOUND, page)
    }
}
