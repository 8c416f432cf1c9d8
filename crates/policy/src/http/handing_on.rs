//! Endpoints of a rotation: what a custodian can hand on to members who came later, what was handed
//! on, and the log's next key. Thin; never gives a custodian anybody else's share.

use axum::Json;
use axum::extract::{Query, State};
use axum::routing::{get, post};
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Rooms, off};
use crate::handing_on::{HandedOn, HandedShare, KeptPage, KeptShare};
use crate::log_key::{LogKeys, SignedLogKey};

const PATH: &str = "/api/v1/desk/kept-shares";
const LOG_KEY: &str = "/api/v1/desk/log-key";
const NEXT: &str = "/api/v1/desk/log-key/next";

/// Where a page begins.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct After {
    /// `next` of the page before.
    after: Option<String>,
}

/// What handing on did.
#[derive(Serialize, ToSchema)]
struct HandedCount {
    /// Shares that are new.
    new: u64,
}

/// Where the log was handed over.
#[derive(Serialize, ToSchema)]
struct HandedOver {
    /// The last entry under the key before.
    log_index: u64,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(kept_shares, hand_on, log_keys, draw_log_key, hand_over_log),
    components(schemas(
        KeptPage,
        KeptShare,
        HandedOn,
        HandedShare,
        HandedCount,
        LogKeys,
        SignedLogKey,
        HandedOver
    ))
)]
pub(crate) struct HandingOnApi;

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    let s = || rooms.clone();
    let key = Access::RosterKey;
    vec![
        Route::get(PATH, key, get(kept_shares).with_state(s())),
        Route::post(PATH, key, post(hand_on).with_state(s())),
        Route::get(LOG_KEY, key, get(log_keys).with_state(s())),
        Route::post(LOG_KEY, key, post(hand_over_log).with_state(s())),
        Route::post(NEXT, key, post(draw_log_key).with_state(s())),
    ]
}

/// The caller's own shares of kept spans of which somebody in the caller's group has none yet.
#[utoipa::path(get, path = "/api/v1/desk/kept-shares", tag = "desk", params(After),
    responses((status = 200, body = KeptPage), (status = 403, body = ProblemBody)))]
async fn kept_shares(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Query(q): Query<After>,
) -> Result<Json<KeptPage>, Problem> {
    let page = off(&rooms, move |p| p.kept_page(&me, q.after.as_deref()));
    Ok(Json(page.await?))
}

/// Keeps shares sealed to members of the caller's group who came later.
#[utoipa::path(post, path = "/api/v1/desk/kept-shares", tag = "desk", request_body = HandedOn,
    responses((status = 200, body = HandedCount), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn hand_on(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Json(given): Json<HandedOn>,
) -> Result<Json<HandedCount>, Problem> {
    let new = off(&rooms, move |p| p.hand_on(&me, &given)).await?;
    Ok(Json(HandedCount { new }))
}

/// The log's key in force, the one to come, and what both groups signed about keys.
#[utoipa::path(get, path = "/api/v1/desk/log-key", tag = "desk",
    responses((status = 200, body = LogKeys), (status = 403, body = ProblemBody)))]
async fn log_keys(State(rooms): State<Rooms>, Me(me): Me) -> Result<Json<LogKeys>, Problem> {
    Ok(Json(off(&rooms, move |p| p.log_keys(&me)).await?))
}

/// Draws the log's next key, if there is none yet.
#[utoipa::path(post, path = "/api/v1/desk/log-key/next", tag = "desk",
    responses((status = 200, body = LogKeys), (status = 403, body = ProblemBody)))]
async fn draw_log_key(State(rooms): State<Rooms>, Me(me): Me) -> Result<Json<LogKeys>, Problem> {
    Ok(Json(off(&rooms, move |p| p.draw_log_key(&me)).await?))
}

/// Hands the log over to its next key, as a custodian of each group has signed.
#[utoipa::path(post, path = "/api/v1/desk/log-key", tag = "desk", request_body = SignedLogKey,
    responses((status = 200, body = HandedOver), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn hand_over_log(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Json(signed): Json<SignedLogKey>,
) -> Result<Json<HandedOver>, Problem> {
    let log_index = off(&rooms, move |p| p.hand_over_log(&me, &signed)).await?;
    Ok(Json(HandedOver { log_index }))
}
