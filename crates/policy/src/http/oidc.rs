//! Endpoints of signing in at the identity provider: there and back, each a plain navigation.
//! Never tells a page anything but one word why nobody was signed in.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use loggia_api::{Access, Problem, Route, login_cookie, login_of, session_cookie};
use loggia_model::Fault;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Rooms, off};
use crate::Error;
use crate::oidc::{CALLBACK, LOGIN_WITHIN, NotIn, Returned};

/// Where to go afterwards.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Back {
    /// A page of this server; `/evidence` when not given.
    #[serde(default)]
    back: String,
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(begin, finish))]
pub(crate) struct OidcApi;

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    let s = || rooms.clone();
    let path = "/api/v1/session/oidc";
    vec![
        Route::get(path, Access::Public, get(begin).with_state(s())),
        Route::get(CALLBACK, Access::Public, get(finish).with_state(s())),
    ]
}

/// Goes to the identity provider to sign in.
#[utoipa::path(get, path = "/api/v1/session/oidc", tag = "session", params(Back),
    responses((status = 303, description = "to the provider, or back with the reason why not"),
        (status = 404, body = loggia_api::ProblemBody)))]
async fn begin(
    State(rooms): State<Rooms>,
    Query(Back { back }): Query<Back>,
) -> Result<Response, Problem> {
    if rooms.policy.provider().is_none() {
        let why = "this city has no identity provider";
        return Err(Problem(Fault::NotFound(why.to_owned())));
    }
    let begun = off(&rooms, move |p| Ok((p.begin_login(&back), back))).await?;
    let (location, cookie) = match begun {
        (Ok(begun), _) => {
            let kept = login_cookie(&begun.cookie, LOGIN_WITHIN.as_secs(), rooms.secure)?;
            (begun.location, Some(kept))
        }
        (Err(why), back) => (told(crate::oidc::local(&back), why), None),
    };
    go(&location, cookie.as_slice())
}

/// Comes back from the identity provider.
#[utoipa::path(get, path = "/api/v1/session/oidc/callback", tag = "session",
    responses((status = 303, description = "to the page, signed in or with the reason why not")))]
async fn finish(
    State(rooms): State<Rooms>,
    headers: HeaderMap,
    Query(returned): Query<Returned>,
) -> Result<Response, Problem> {
    let cookie = login_of(&headers, rooms.secure).map(str::to_owned);
    let done = off(&rooms, move |p| {
        Ok(p.finish_login(cookie.as_deref(), &returned))
    });
    let (back, done) = done.await?;
    let forget = login_cookie("", 0, rooms.secure)?;
    match done {
        Ok(signed) => {
            let session = session_cookie(&signed.token, rooms.secure)?;
            go(&back, &[forget, session])
        }
        Err(why) => go(&told(&back, why), &[forget]),
    }
}

/// The page, with the word that it says in its reader's language.
fn told(back: &str, why: NotIn) -> String {
    format!("{back}#sign-in={}", why.word())
}

fn go(location: &str, cookies: &[HeaderValue]) -> Result<Response, Problem> {
    let location = HeaderValue::from_str(location)
        .map_err(|_| Error::Invalid("the provider's address does not read".into()))?;
    let mut answer = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
    for cookie in cookies {
        answer
            .headers_mut()
            .append(header::SET_COOKIE, cookie.clone());
    }
    Ok(answer)
}
