//! Endpoints of a disputed clock: is there one, and the oversight body's answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use loggia_model::Role;
use loggia_store::Says;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Rooms, off};

/// Whether wall time disagrees with the time that surely passed.
#[derive(Debug, Serialize, ToSchema)]
struct ClockState {
    /// Microseconds that the wall claims beyond what is certain; none when they agree. While there
    /// is one, the claimed time destroys nothing.
    disputed_us: Option<i64>,
}

/// The answer to a dispute.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// The time did pass (the machine was off): keys age by it.
    TimeDidPass,
    /// The clock was wrong: keys stay as old as they are.
    ClockWasWrong,
}

/// What the oversight body says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Settling {
    says: Answer,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(clock, settle),
    components(schemas(ClockState, Settling, Answer))
)]
pub(crate) struct ClockApi;

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    const READ: Access = Access::AnyOf(&[Role::Operator, Role::Administrator, Role::Auditor]);
    const SETTLE: Access = Access::AnyOf(&[Role::Auditor]);
    let s = || rooms.clone();
    vec![
        Route::get("/api/v1/clock", READ, get(clock).with_state(s())),
        Route::post("/api/v1/clock", SETTLE, post(settle).with_state(s())),
    ]
}

/// Whether the clock is disputed.
#[utoipa::path(get, path = "/api/v1/clock", tag = "retention",
    responses((status = 200, body = ClockState)))]
async fn clock(State(rooms): State<Rooms>) -> Json<ClockState> {
    Json(ClockState {
        disputed_us: rooms.policy.clock_dispute().map(|d| d.by_us),
    })
}

/// Settles it, as the oversight body's auditor.
#[utoipa::path(post, path = "/api/v1/clock", tag = "retention", request_body = Settling,
    responses((status = 204), (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn settle(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Json(given): Json<Settling>,
) -> Result<StatusCode, Problem> {
    let says = match given.says {
        Answer::TimeDidPass => Says::TimeDidPass,
        Answer::ClockWasWrong => Says::ClockWasWrong,
    };
    off(&rooms, move |p| p.settle_clock(&me, says)).await?;
    Ok(StatusCode::NO_CONTENT)
}
