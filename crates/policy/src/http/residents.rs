//! Endpoints for those who answer residents: asks for one's own footage, and complaints. The forms
//! that residents fill in are public pages, not here.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use loggia_model::Role;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{FILERS, Rooms, off};
use crate::complaint::ResidentComplaint;
use crate::inbox::{FiledInCase, ResidentAsk};
use crate::subject::{SubjectState, SubjectView};

/// What was answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Answer {
    /// In words, 10 to 2,000 characters.
    words: String,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(asks, answer_ask, complaints, answer_complaint),
    components(schemas(
        Answer,
        ResidentAsk,
        SubjectView,
        SubjectState,
        FiledInCase,
        ResidentComplaint
    ))
)]
pub(crate) struct ResidentsApi;

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    let s = || rooms.clone();
    let auditor = Access::AnyOf(&[Role::Auditor]);
    let (ask, complaint) = (
        "/api/v1/residents/asks/{id}/answer",
        "/api/v1/residents/complaints/{id}/answer",
    );
    vec![
        Route::get("/api/v1/residents/asks", FILERS, get(asks).with_state(s())),
        Route::post(ask, FILERS, post(answer_ask).with_state(s())),
        Route::get(
            "/api/v1/residents/complaints",
            auditor,
            get(complaints).with_state(s()),
        ),
        Route::post(complaint, auditor, post(answer_complaint).with_state(s())),
    ]
}

/// What residents ask about their own footage: for investigators of the answering body and the
/// oversight body's auditor.
#[utoipa::path(get, path = "/api/v1/residents/asks", tag = "residents",
    responses((status = 200, body = [ResidentAsk]), (status = 403, body = ProblemBody)))]
async fn asks(State(rooms): State<Rooms>, Me(me): Me) -> Result<Json<Vec<ResidentAsk>>, Problem> {
    Ok(Json(off(&rooms, move |p| p.resident_asks(&me)).await?))
}

/// Marks an ask answered; its freeze ends.
#[utoipa::path(post, path = "/api/v1/residents/asks/{id}/answer", tag = "residents",
    request_body = Answer,
    responses((status = 204), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn answer_ask(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<u64>,
    Json(answer): Json<Answer>,
) -> Result<StatusCode, Problem> {
    off(&rooms, move |p| p.answer_resident(&me, id, &answer.words)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Complaints: for the oversight body's auditor.
#[utoipa::path(get, path = "/api/v1/residents/complaints", tag = "residents",
    responses((status = 200, body = [ResidentComplaint]), (status = 403, body = ProblemBody)))]
async fn complaints(
    State(rooms): State<Rooms>,
    Me(me): Me,
) -> Result<Json<Vec<ResidentComplaint>>, Problem> {
    Ok(Json(off(&rooms, move |p| p.complaints(&me)).await?))
}

/// Marks a complaint answered.
#[utoipa::path(post, path = "/api/v1/residents/complaints/{id}/answer", tag = "residents",
    request_body = Answer,
    responses((status = 204), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn answer_complaint(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<u64>,
    Json(answer): Json<Answer>,
) -> Result<StatusCode, Problem> {
    off(&rooms, move |p| p.answer_complaint(&me, id, &answer.words)).await?;
    Ok(StatusCode::NO_CONTENT)
}
