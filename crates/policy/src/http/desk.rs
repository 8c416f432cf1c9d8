//! Endpoints of the key desks (each call signed with a roster key), of holds and of the rota.
//! Never hands a custodian anybody else's share.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use loggia_model::Digest;
use loggia_seal::ReleasedShare;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::evidence::id_of;
use super::{READERS, Rooms, off};
use crate::Policy;
use crate::duty::{OnDuty, Watch};
use crate::hold::{Hold, HoldState};
use crate::release::DeskShare;
use crate::roster::SignedRoster;
use crate::statement::SignedStatement;
use crate::view::RequestView;

/// The answer to an approval or a release waits so long for the witnesses: what comes next rests on
/// them. When too few answer it does not wait.
const WITNESSES_WITHIN: core::time::Duration = core::time::Duration::from_secs(5);

/// What concerns the desk's holder, and the rosters to check it against.
#[derive(Serialize, ToSchema)]
struct DeskRequests {
    requests: Vec<RequestView>,
    /// Every version of the roster with its signatures, first to last.
    rosters: Vec<SignedRoster>,
    /// The rules' hash, which each request must name.
    #[schema(value_type = String)]
    policy_hash: Digest,
}

/// A release: the statement, and one share for each span.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Release {
    statement: String,
    signature: String,
    /// `{camera, span, group, enc, ct}`, base64, as docs/design/seal.md says.
    #[schema(value_type = Vec<Object>)]
    shares: Vec<ReleasedShare>,
}

/// A hold to ask for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewHold {
    /// The exact bytes.
    hold: String,
}

/// A hold's name.
#[derive(Serialize, ToSchema)]
struct HoldId {
    #[schema(value_type = String)]
    id: Digest,
}

/// A hold's state after a statement.
#[derive(Serialize, ToSchema)]
struct HoldNow {
    state: HoldState,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        desk_requests,
        state,
        desk_shares,
        release,
        holds,
        ask_hold,
        desk_holds,
        desk_ask_hold,
        state_hold,
        rota,
        set_rota,
        duty_now
    ),
    components(schemas(
        DeskRequests,
        SignedStatement,
        DeskShare,
        Release,
        NewHold,
        HoldId,
        HoldNow,
        Hold,
        Watch,
        OnDuty
    ))
)]
pub(crate) struct DeskApi;

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    let s = || rooms.clone();
    let key = Access::RosterKey;
    let (statements, shares, release_path) = (
        "/api/v1/desk/requests/{id}/statements",
        "/api/v1/desk/requests/{id}/shares",
        "/api/v1/desk/requests/{id}/release",
    );
    let hold_statements = "/api/v1/desk/holds/{id}/statements";
    vec![
        Route::get(
            "/api/v1/desk/requests",
            key,
            get(desk_requests).with_state(s()),
        ),
        Route::post(statements, key, post(state).with_state(s())),
        Route::get(shares, key, get(desk_shares).with_state(s())),
        Route::post(release_path, key, post(release).with_state(s())),
        Route::get("/api/v1/holds", READERS, get(holds).with_state(s())),
        Route::post("/api/v1/holds", READERS, post(ask_hold).with_state(s())),
        Route::get("/api/v1/desk/holds", key, get(desk_holds).with_state(s())),
        Route::post(
            "/api/v1/desk/holds",
            key,
            post(desk_ask_hold).with_state(s()),
        ),
        Route::post(hold_statements, key, post(state_hold).with_state(s())),
        Route::get("/api/v1/duty", READERS, get(rota).with_state(s())),
        Route::put("/api/v1/duty", READERS, put(set_rota).with_state(s())),
        Route::get("/api/v1/duty/now", READERS, get(duty_now).with_state(s())),
    ]
}

/// What concerns the desk's holder.
#[utoipa::path(get, path = "/api/v1/desk/requests", tag = "desk",
    responses((status = 200, body = DeskRequests), (status = 401, body = ProblemBody)))]
async fn desk_requests(
    State(rooms): State<Rooms>,
    Me(me): Me,
) -> Result<Json<DeskRequests>, Problem> {
    let answer = off(&rooms, move |p: &Policy| {
        Ok(DeskRequests {
            requests: p.request_views(&me)?,
            rosters: p.roster_chain()?,
            policy_hash: p.policy_hash()?,
        })
    });
    Ok(Json(answer.await?))
}

/// The second person's word: approve or refuse.
#[utoipa::path(post, path = "/api/v1/desk/requests/{id}/statements", tag = "desk",
    request_body = SignedStatement,
    responses((status = 200, body = RequestView), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn state(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
    Json(signed): Json<SignedStatement>,
) -> Result<Json<RequestView>, Problem> {
    let id = id_of(&id)?;
    let view = off(&rooms, move |p: &Policy| {
        p.decide_request(&me, id, &signed)?;
        p.wait_for_witnesses(id, WITNESSES_WITHIN)?;
        p.request_view(&me, id)
    });
    Ok(Json(view.await?))
}

/// The caller's own shares of an approved request, sealed to the caller.
#[utoipa::path(get, path = "/api/v1/desk/requests/{id}/shares", tag = "desk",
    responses((status = 200, body = [DeskShare]), (status = 403, body = ProblemBody)))]
async fn desk_shares(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
) -> Result<Json<Vec<DeskShare>>, Problem> {
    let id = id_of(&id)?;
    Ok(Json(off(&rooms, move |p| p.desk_shares(&me, id)).await?))
}

/// Releases the caller's group's shares to the requester's one-time key.
#[utoipa::path(post, path = "/api/v1/desk/requests/{id}/release", tag = "desk",
    request_body = Release,
    responses((status = 200, body = RequestView), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn release(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
    Json(given): Json<Release>,
) -> Result<Json<RequestView>, Problem> {
    let id = id_of(&id)?;
    let view = off(&rooms, move |p: &Policy| {
        let signed = SignedStatement {
            statement: given.statement,
            signature: given.signature,
        };
        p.release(&me, id, &signed, &given.shares)?;
        p.wait_for_witnesses(id, WITNESSES_WITHIN)?;
        p.request_view(&me, id)
    });
    Ok(Json(view.await?))
}

/// Every hold.
#[utoipa::path(get, path = "/api/v1/holds", tag = "holds",
    responses((status = 200, body = [Hold])))]
async fn holds(State(rooms): State<Rooms>, Me(me): Me) -> Result<Json<Vec<Hold>>, Problem> {
    Ok(Json(off(&rooms, move |p| p.holds(&me)).await?))
}

/// Every hold, for a desk.
#[utoipa::path(get, path = "/api/v1/desk/holds", tag = "desk",
    responses((status = 200, body = [Hold])))]
async fn desk_holds(State(rooms): State<Rooms>, Me(me): Me) -> Result<Json<Vec<Hold>>, Problem> {
    Ok(Json(off(&rooms, move |p| p.holds(&me)).await?))
}

/// Asks for a hold; its spans' keys wait at once.
#[utoipa::path(post, path = "/api/v1/holds", tag = "holds", request_body = NewHold,
    responses((status = 201, body = HoldId), (status = 403, body = ProblemBody)))]
async fn ask_hold(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Json(new): Json<NewHold>,
) -> Result<impl IntoResponse, Problem> {
    let id = off(&rooms, move |p| p.ask_hold(&me, &new.hold)).await?;
    Ok((StatusCode::CREATED, Json(HoldId { id })))
}

/// The same, from a desk: an approver or custodian needs no session for it.
#[utoipa::path(post, path = "/api/v1/desk/holds", tag = "desk", request_body = NewHold,
    responses((status = 201, body = HoldId), (status = 403, body = ProblemBody)))]
async fn desk_ask_hold(
    rooms: State<Rooms>,
    me: Me,
    new: Json<NewHold>,
) -> Result<impl IntoResponse, Problem> {
    ask_hold(rooms, me, new).await
}

/// Agrees to a hold, or to its end; both bodies must.
#[utoipa::path(post, path = "/api/v1/desk/holds/{id}/statements", tag = "desk",
    request_body = SignedStatement,
    responses((status = 200, body = HoldNow), (status = 403, body = ProblemBody)))]
async fn state_hold(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
    Json(signed): Json<SignedStatement>,
) -> Result<Json<HoldNow>, Problem> {
    let id = id_of(&id)?;
    Ok(Json(HoldNow {
        state: off(&rooms, move |p| p.state_hold(&me, id, &signed)).await?,
    }))
}

/// The rota of one's own body.
#[utoipa::path(get, path = "/api/v1/duty", tag = "duty",
    responses((status = 200, body = [Watch])))]
async fn rota(State(rooms): State<Rooms>, Me(me): Me) -> Result<Json<Vec<Watch>>, Problem> {
    Ok(Json(off(&rooms, move |p| p.rota(&me)).await?))
}

/// Replaces the rota of one's own body.
#[utoipa::path(put, path = "/api/v1/duty", tag = "duty", request_body = Vec<Watch>,
    responses((status = 204), (status = 403, body = ProblemBody)))]
async fn set_rota(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Json(rota): Json<Vec<Watch>>,
) -> Result<StatusCode, Problem> {
    off(&rooms, move |p| p.set_rota(&me, &rota)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who has the turn now, of both bodies.
#[utoipa::path(get, path = "/api/v1/duty/now", tag = "duty",
    responses((status = 200, body = [OnDuty])))]
async fn duty_now(State(rooms): State<Rooms>) -> Result<Json<Vec<OnDuty>>, Problem> {
    Ok(Json(off(&rooms, Policy::on_duty_now).await?))
}
