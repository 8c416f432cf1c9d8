//! Endpoints of the evidence room: legal bases, cases, requests, shares, looks and exports, and of
//! the oversight body's access log. Footage bytes and timelines are `video`'s.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use loggia_model::{At, CameraId, Digest, PersonId, Purpose, RequestId, Role};
use loggia_seal::ReleasedShare;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{FILERS, READERS, Rooms, off};
use crate::access::{AccessAct, AccessLine, Looks};
use crate::cases::Case;
use crate::export::{ExportProof, Exported};
use crate::filing::Cover;
use crate::rules::{DisclosureRules, Rules};
use crate::view::RequestView;
use crate::{Error, Policy};

/// The rules in force and their hash.
#[derive(Debug, Serialize, ToSchema)]
struct RulesInForce {
    #[schema(value_type = String)]
    policy_hash: Digest,
    #[serde(flatten)]
    rules: Rules,
}

/// A case to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewCase {
    number: String,
    #[schema(value_type = String)]
    purpose: Purpose,
}

/// What is to be covered by whole spans.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ToCover {
    #[schema(value_type = Vec<u32>)]
    cameras: Vec<CameraId>,
    #[schema(value_type = i64)]
    from: At,
    #[schema(value_type = i64)]
    to: At,
}

/// A request to file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRequest {
    /// The exact bytes that the requester's device made.
    request: String,
    /// Ed25519 signature over it with the requester's key in the roster (base64).
    signature: String,
    /// Case number in the table.
    case: u64,
    /// Why it is needed, in words.
    necessity: String,
}

/// A look at footage.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Look {
    act: AccessAct,
    /// Where in the footage, microseconds.
    #[schema(value_type = i64)]
    at_position: At,
}

/// Both groups' released shares.
#[derive(Serialize, ToSchema)]
struct Released {
    /// `{camera, span, group, enc, ct}`, base64, as docs/design/seal.md says.
    #[schema(value_type = Vec<Object>)]
    released: Vec<ReleasedShare>,
}

/// Which lines of the access log are wanted.
#[derive(Deserialize, IntoParams)]
struct WhichLooks {
    /// Lines before this one.
    before: Option<u64>,
    /// Looks of this person only.
    #[param(value_type = Option<String>)]
    person: Option<PersonId>,
    /// Looks for this request only.
    #[param(value_type = Option<String>)]
    request: Option<String>,
    /// Looks of this act only: `play`, `seek`, `shares`, `footage`, `live`, `export`, `delay`.
    act: Option<String>,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        legal_bases,
        open_case,
        cases,
        cover,
        file,
        requests,
        request,
        withdraw,
        shares,
        look,
        export,
        access_log
    ),
    components(schemas(
        RulesInForce,
        DisclosureRules,
        NewCase,
        Case,
        ToCover,
        Cover,
        NewRequest,
        RequestView,
        Look,
        Released,
        Exported,
        ExportProof,
        AccessLine
    ))
)]
pub(crate) struct EvidenceApi;

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    let s = || rooms.clone();
    let auditor = Access::AnyOf(&[Role::Auditor]);
    let look_path = "/api/v1/requests/{id}/access";
    let export_path = "/api/v1/requests/{id}/exports";
    vec![
        Route::get(
            "/api/v1/legal-bases",
            Access::SignedIn,
            get(legal_bases).with_state(s()),
        ),
        Route::post("/api/v1/cases", FILERS, post(open_case).with_state(s())),
        Route::get("/api/v1/cases", FILERS, get(cases).with_state(s())),
        Route::post("/api/v1/spans/cover", FILERS, post(cover).with_state(s())),
        Route::post("/api/v1/requests", FILERS, post(file).with_state(s())),
        Route::get("/api/v1/requests", READERS, get(requests).with_state(s())),
        Route::get(
            "/api/v1/requests/{id}",
            READERS,
            get(request).with_state(s()),
        ),
        Route::post(
            "/api/v1/requests/{id}/withdraw",
            FILERS,
            post(withdraw).with_state(s()),
        ),
        Route::get(
            "/api/v1/requests/{id}/shares",
            FILERS,
            get(shares).with_state(s()),
        ),
        Route::post(look_path, FILERS, post(look).with_state(s())),
        Route::post(export_path, FILERS, post(export).with_state(s())),
        Route::get(
            "/api/v1/access-log",
            auditor,
            get(access_log).with_state(s()),
        ),
    ]
}

/// A request's name in a path.
pub(super) fn id_of(text: &str) -> Result<RequestId, Problem> {
    Ok(text.parse().map_err(|_| Error::NotFound("request"))?)
}

/// Legal bases, clocks and the hash of the rules, which each request names.
#[utoipa::path(get, path = "/api/v1/legal-bases", tag = "evidence",
    responses((status = 200, body = RulesInForce)))]
async fn legal_bases(State(rooms): State<Rooms>) -> Result<Json<RulesInForce>, Problem> {
    Ok(Json(RulesInForce {
        policy_hash: rooms.policy.policy_hash()?,
        rules: rooms.policy.rules().clone(),
    }))
}

/// Opens a case; logged with a commitment to its number.
#[utoipa::path(post, path = "/api/v1/cases", tag = "evidence", request_body = NewCase,
    responses((status = 201, body = Case), (status = 403, body = ProblemBody)))]
async fn open_case(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Json(new): Json<NewCase>,
) -> Result<impl IntoResponse, Problem> {
    let case = off(&rooms, move |p| p.open_case(&me, &new.number, new.purpose)).await?;
    Ok((StatusCode::CREATED, Json(case)))
}

/// The cases of one's own body.
#[utoipa::path(get, path = "/api/v1/cases", tag = "evidence",
    responses((status = 200, body = [Case])))]
async fn cases(State(rooms): State<Rooms>, Me(me): Me) -> Result<Json<Vec<Case>>, Problem> {
    Ok(Json(off(&rooms, move |p| p.cases(&me)).await?))
}

/// The fewest whole spans that cover a time.
#[utoipa::path(post, path = "/api/v1/spans/cover", tag = "evidence", request_body = ToCover,
    responses((status = 200, body = Cover), (status = 409, body = ProblemBody)))]
async fn cover(
    State(rooms): State<Rooms>,
    Json(want): Json<ToCover>,
) -> Result<Json<Cover>, Problem> {
    Ok(Json(
        off(&rooms, move |p| p.cover(&want.cameras, want.from, want.to)).await?,
    ))
}

/// Files a request: logged, its spans frozen at once.
#[utoipa::path(post, path = "/api/v1/requests", tag = "evidence", request_body = NewRequest,
    responses((status = 201, body = RequestView), (status = 400, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn file(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Json(new): Json<NewRequest>,
) -> Result<impl IntoResponse, Problem> {
    let view = off(&rooms, move |p: &Policy| {
        let asked = crate::filing::Asked {
            json: &new.request,
            signature: &new.signature,
            case: new.case,
            necessity: &new.necessity,
        };
        let id = p.file(&me, &asked)?;
        p.request_view(&me, id)
    })
    .await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Requests that concern the caller, newest first.
#[utoipa::path(get, path = "/api/v1/requests", tag = "evidence",
    responses((status = 200, body = [RequestView])))]
async fn requests(
    State(rooms): State<Rooms>,
    Me(me): Me,
) -> Result<Json<Vec<RequestView>>, Problem> {
    Ok(Json(off(&rooms, move |p| p.request_views(&me)).await?))
}

/// One request.
#[utoipa::path(get, path = "/api/v1/requests/{id}", tag = "evidence",
    responses((status = 200, body = RequestView), (status = 404, body = ProblemBody)))]
async fn request(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
) -> Result<Json<RequestView>, Problem> {
    let id = id_of(&id)?;
    Ok(Json(off(&rooms, move |p| p.request_view(&me, id)).await?))
}

/// Takes a request back; logged, its freeze is released.
#[utoipa::path(post, path = "/api/v1/requests/{id}/withdraw", tag = "evidence",
    responses((status = 200, body = RequestView), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn withdraw(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
) -> Result<Json<RequestView>, Problem> {
    let id = id_of(&id)?;
    let view = off(&rooms, move |p: &Policy| {
        p.withdraw(&me, id)?;
        p.request_view(&me, id)
    });
    Ok(Json(view.await?))
}

/// Both groups' released shares, for the requester while the opening lasts.
#[utoipa::path(get, path = "/api/v1/requests/{id}/shares", tag = "opened",
    responses((status = 200, body = Released), (status = 403, body = ProblemBody)))]
async fn shares(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
) -> Result<Json<Released>, Problem> {
    let id = id_of(&id)?;
    Ok(Json(Released {
        released: off(&rooms, move |p| p.released(&me, id)).await?,
    }))
}

/// Notes that the viewer played or moved: of each at most one line a second.
#[utoipa::path(post, path = "/api/v1/requests/{id}/access", tag = "opened", request_body = Look,
    responses((status = 204), (status = 400, body = ProblemBody),
        (status = 403, body = ProblemBody)))]
async fn look(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
    Json(look): Json<Look>,
) -> Result<StatusCode, Problem> {
    let id = id_of(&id)?;
    off(&rooms, move |p| {
        p.note_play(&me, id, look.act, look.at_position)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Logs an export first and answers with the proof that goes into the bundle.
#[utoipa::path(post, path = "/api/v1/requests/{id}/exports", tag = "opened",
    request_body = Exported,
    responses((status = 201, body = ExportProof), (status = 403, body = ProblemBody)))]
async fn export(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
    Json(export): Json<Exported>,
) -> Result<impl IntoResponse, Problem> {
    let id = id_of(&id)?;
    let proof = off(&rooms, move |p| p.export(&me, id, &export)).await?;
    Ok((StatusCode::CREATED, Json(proof)))
}

/// Each look at footage, newest first: for the oversight body's auditor.
#[utoipa::path(get, path = "/api/v1/access-log", tag = "oversight", params(WhichLooks),
    responses((status = 200, body = [AccessLine]), (status = 403, body = ProblemBody)))]
async fn access_log(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Query(which): Query<WhichLooks>,
) -> Result<Json<Vec<AccessLine>>, Problem> {
    let wanted = Looks {
        before: which.before,
        person: which.person,
        request: which.request.as_deref().map(id_of).transpose()?,
        act: which.act,
    };
    Ok(Json(
        off(&rooms, move |p| p.access_log(&me, &wanted)).await?,
    ))
}
