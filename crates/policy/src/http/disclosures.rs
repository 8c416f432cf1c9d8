//! Endpoints of the dates on which place and hour become public: who may ask, who agrees. Thin;
//! what is published stands in crate `register`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use loggia_model::Digest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::evidence::id_of;
use super::{READERS, Rooms, off};
use crate::disclosure::{AskReason, AskState, AskView, AskWhat, DisclosureDetails, DisclosureView};
use crate::statement::SignedStatement;

/// Something to ask.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDisclosureAsk {
    /// The exact bytes.
    ask: String,
}

/// An ask's name.
#[derive(Serialize, ToSchema)]
struct DisclosureAskId {
    #[schema(value_type = String)]
    id: Digest,
}

/// An ask's state after a statement.
#[derive(Serialize, ToSchema)]
struct DisclosureAskNow {
    state: AskState,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(dates, details, ask_disclosure, asks, agree),
    components(schemas(
        NewDisclosureAsk,
        DisclosureAskId,
        DisclosureAskNow,
        DisclosureView,
        DisclosureDetails,
        AskView,
        AskWhat,
        AskReason,
        AskState
    ))
)]
pub(crate) struct DisclosuresApi;

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    let s = || rooms.clone();
    let (of_request, asks_path) = (
        "/api/v1/requests/{id}/disclosure",
        "/api/v1/disclosure-asks",
    );
    let (desk, statements) = (
        "/api/v1/desk/disclosure-asks",
        "/api/v1/desk/disclosure-asks/{id}/statements",
    );
    vec![
        Route::get("/api/v1/disclosures", READERS, get(dates).with_state(s())),
        Route::get(of_request, READERS, get(details).with_state(s())),
        Route::post(asks_path, READERS, post(ask_disclosure).with_state(s())),
        Route::get(desk, Access::RosterKey, get(asks).with_state(s())),
        Route::post(statements, Access::RosterKey, post(agree).with_state(s())),
    ]
}

/// When place and hour of requests become public, and what was asked about it: the oversight body
/// all, others their own.
#[utoipa::path(get, path = "/api/v1/disclosures", tag = "disclosures",
    responses((status = 200, body = [DisclosureView])))]
async fn dates(
    State(rooms): State<Rooms>,
    Me(me): Me,
) -> Result<Json<Vec<DisclosureView>>, Problem> {
    Ok(Json(off(&rooms, move |p| p.disclosures(&me)).await?))
}

/// What will be published of a request, before it is: a look by the oversight body stands in the
/// access log.
#[utoipa::path(get, path = "/api/v1/requests/{id}/disclosure", tag = "disclosures",
    responses((status = 200, body = DisclosureDetails), (status = 404, body = ProblemBody)))]
async fn details(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
) -> Result<Json<DisclosureDetails>, Problem> {
    let id = id_of(&id)?;
    Ok(Json(off(&rooms, move |p| p.disclosure(&me, id)).await?))
}

/// Asks for a later date, for a disclosure to be taken down, or for records to be erased.
#[utoipa::path(post, path = "/api/v1/disclosure-asks", tag = "disclosures",
    request_body = NewDisclosureAsk,
    responses((status = 201, body = DisclosureAskId), (status = 400, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn ask_disclosure(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Json(new): Json<NewDisclosureAsk>,
) -> Result<impl IntoResponse, Problem> {
    let id = off(&rooms, move |p| p.ask_disclosure(&me, &new.ask)).await?;
    Ok((StatusCode::CREATED, Json(DisclosureAskId { id })))
}

/// What was asked, for the oversight body's approvers and auditor.
#[utoipa::path(get, path = "/api/v1/desk/disclosure-asks", tag = "desk",
    responses((status = 200, body = [AskView]), (status = 403, body = ProblemBody)))]
async fn asks(State(rooms): State<Rooms>, Me(me): Me) -> Result<Json<Vec<AskView>>, Problem> {
    Ok(Json(off(&rooms, move |p| p.disclosure_asks(&me)).await?))
}

/// An approver of the oversight body agrees, by signature: logged, then done.
#[utoipa::path(post, path = "/api/v1/desk/disclosure-asks/{id}/statements", tag = "desk",
    request_body = SignedStatement,
    responses((status = 200, body = DisclosureAskNow), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn agree(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
    Json(signed): Json<SignedStatement>,
) -> Result<Json<DisclosureAskNow>, Problem> {
    let id = id_of(&id)?;
    let state = off(&rooms, move |p| p.agree_disclosure(&me, id, &signed)).await?;
    Ok(Json(DisclosureAskNow { state }))
}
