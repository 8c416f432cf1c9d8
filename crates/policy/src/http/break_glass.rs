//! Endpoints of the break-glass account: opened and ended at custodians' desks, read by auditors.
//! Never tells a half of the secret twice.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use loggia_model::Role;

use super::{Rooms, off};
use crate::Policy;
use crate::break_glass::{GlassAct, GlassHalf, GlassOpening};
use crate::statement::SignedStatement;

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(open, recall, openings),
    components(schemas(GlassAct, GlassHalf, GlassOpening))
)]
pub(crate) struct BreakGlassApi;

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    let s = || rooms.clone();
    let desk = "/api/v1/desk/break-glass";
    let readers = Access::AnyOf(&[Role::Auditor, Role::Custodian]);
    vec![
        Route::post(desk, Access::RosterKey, post(open).with_state(s())),
        Route::delete(desk, Access::RosterKey, delete(recall).with_state(s())),
        Route::get(
            "/api/v1/break-glass",
            readers,
            get(openings).with_state(s()),
        ),
    ]
}

/// A custodian's word that the break-glass account be opened, and their half of its secret.
#[utoipa::path(post, path = "/api/v1/desk/break-glass", tag = "desk",
    request_body = SignedStatement,
    responses((status = 200, body = GlassHalf), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 503, body = ProblemBody)))]
async fn open(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Json(signed): Json<SignedStatement>,
) -> Result<Json<GlassHalf>, Problem> {
    let half = off(&rooms, move |p: &Policy| p.open_break_glass(&me, &signed));
    Ok(Json(half.await?))
}

/// Shuts the break-glass account at once, or takes back a word that waits. A custodian whom the
/// account itself has disabled in this opening may do this, and nothing else.
#[utoipa::path(delete, path = "/api/v1/desk/break-glass", tag = "desk",
    responses((status = 204), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn recall(State(rooms): State<Rooms>, Me(me): Me) -> Result<StatusCode, Problem> {
    off(&rooms, move |p: &Policy| p.recall_break_glass(&me)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every opening of the break-glass account, newest first.
#[utoipa::path(get, path = "/api/v1/break-glass", tag = "session",
    responses((status = 200, body = [GlassOpening]), (status = 403, body = ProblemBody)))]
async fn openings(State(rooms): State<Rooms>) -> Result<Json<Vec<GlassOpening>>, Problem> {
    Ok(Json(off(&rooms, Policy::glass_openings).await?))
}
