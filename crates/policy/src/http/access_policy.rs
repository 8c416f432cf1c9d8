//! Endpoints of the access policy: what is in force, for everybody; what is proposed and agreed to,
//! for approvers' desks. Never takes a schema, a charter or a list of actions.

use std::path::Path;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use loggia_model::Digest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Rooms, off};
use crate::activation::{Agreement, ProposedPolicy};
use crate::in_force::{ActivatedAs, PolicyNow, Promised};
use crate::statement::SignedStatement;
use crate::{Error, Policy};

/// The prover's solver, found on the path.
const SOLVER: &str = "cvc5";

/// A policy to lay before both bodies.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPolicy {
    /// `policies.cedar`.
    policies: String,
}

/// A policy's name.
#[derive(Serialize, ToSchema)]
struct PolicyId {
    #[schema(value_type = String)]
    policy: Digest,
}

/// What an agreement led to.
#[derive(Serialize, ToSchema)]
struct PolicyAgreed {
    state: Agreement,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(public_policy, desk_policies, propose, agree),
    components(schemas(
        ActivatedAs,
        Agreement,
        NewPolicy,
        PolicyAgreed,
        PolicyId,
        PolicyNow,
        Promised,
        ProposedPolicy
    ))
)]
pub(crate) struct AccessPolicyApi;

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    let s = || rooms.clone();
    let (key, desk) = (Access::RosterKey, "/api/v1/desk/policies");
    vec![
        Route::get(
            "/api/v1/public/policy",
            Access::Public,
            get(public_policy).with_state(s()),
        ),
        Route::get(desk, key, get(desk_policies).with_state(s())),
        Route::post(desk, key, post(propose).with_state(s())),
        Route::post(
            "/api/v1/desk/policies/{id}/statements",
            key,
            post(agree).with_state(s()),
        ),
    ]
}

/// The access policy in force: its texts, its hash, since when, and the proof's transcript.
#[utoipa::path(get, path = "/api/v1/public/policy", tag = "policy",
    responses((status = 200, body = PolicyNow)))]
async fn public_policy(State(rooms): State<Rooms>) -> Result<Json<PolicyNow>, Problem> {
    Ok(Json(off(&rooms, Policy::policy_now).await?))
}

/// Policies that wait for both bodies.
#[utoipa::path(get, path = "/api/v1/desk/policies", tag = "policy",
    responses((status = 200, body = [ProposedPolicy])))]
async fn desk_policies(State(rooms): State<Rooms>) -> Result<Json<Vec<ProposedPolicy>>, Problem> {
    Ok(Json(off(&rooms, Policy::proposed_policies).await?))
}

/// Lays a policy before both bodies; nothing changes by it.
#[utoipa::path(post, path = "/api/v1/desk/policies", tag = "policy", request_body = NewPolicy,
    responses((status = 201, body = PolicyId), (status = 400, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn propose(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Json(new): Json<NewPolicy>,
) -> Result<impl IntoResponse, Problem> {
    let policy = off(&rooms, move |p| p.propose_policy(&me, &new.policies)).await?;
    Ok((StatusCode::CREATED, Json(PolicyId { policy })))
}

/// An approver's agreement; with the second body's the charter is proved, logged, and in force.
#[utoipa::path(post, path = "/api/v1/desk/policies/{id}/statements", tag = "policy",
    request_body = SignedStatement,
    responses((status = 200, body = PolicyAgreed), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn agree(
    State(rooms): State<Rooms>,
    Me(me): Me,
    axum::extract::Path(id): axum::extract::Path<String>,
    Json(signed): Json<SignedStatement>,
) -> Result<Json<PolicyAgreed>, Problem> {
    let id = id.parse().map_err(|_| Error::NotFound("proposed policy"))?;
    Ok(Json(PolicyAgreed {
        state: off(&rooms, move |p| {
            p.agree_to_policy(&me, id, &signed, Path::new(SOLVER))
        })
        .await?,
    }))
}
