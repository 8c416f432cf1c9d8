//! Endpoints of the oversight body's questions: what is unexplained, and the end of a case. Thin;
//! never decides.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use loggia_model::Role;

use super::{FILERS, Rooms, off};
use crate::cases::Case;
use crate::unexplained::{LateKeys, OpenCase, Unexplained};

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(unexplained, close_case),
    components(schemas(Unexplained, OpenCase, LateKeys))
)]
pub(crate) struct AuditApi;

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    const AUDITOR: Access = Access::AnyOf(&[Role::Auditor]);
    let s = || rooms.clone();
    vec![
        Route::get(
            "/api/v1/unexplained",
            AUDITOR,
            get(unexplained).with_state(s()),
        ),
        Route::post(
            "/api/v1/cases/{id}/close",
            FILERS,
            post(close_case).with_state(s()),
        ),
    ]
}

/// Cases with an opening that nobody closed, and keys past their retention. For the oversight
/// body's auditor.
#[utoipa::path(get, path = "/api/v1/unexplained", tag = "audit",
    responses((status = 200, body = Unexplained), (status = 403, body = ProblemBody)))]
async fn unexplained(State(rooms): State<Rooms>, Me(me): Me) -> Result<Json<Unexplained>, Problem> {
    Ok(Json(off(&rooms, move |p| p.unexplained(&me)).await?))
}

/// Closes a case, as the one who opened it or as the oversight body's auditor. Not in the public
/// log: nothing is opened by it.
#[utoipa::path(post, path = "/api/v1/cases/{id}/close", tag = "audit",
    params(("id" = u64, Path)),
    responses((status = 200, body = Case), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn close_case(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<u64>,
) -> Result<Json<Case>, Problem> {
    Ok(Json(off(&rooms, move |p| p.close_case(&me, id)).await?))
}
