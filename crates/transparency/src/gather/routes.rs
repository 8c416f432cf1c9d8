//! The cosigned log over HTTP: the newest cosigned checkpoint, the city's log policy, proofs that
//! go from hand to hand, and how the witnesses fare. All public.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use loggia_api::{Access, Problem, ProblemBody, Route};
use loggia_model::Fault;

use super::{Standing, Unseen, WitnessStanding, Witnesses};
use crate::Error;
use crate::gather::SeenBy;
use crate::routes::{NEVER, TEXT, answer, off};

/// The endpoints' description.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(cosigned, policy, proof, witnesses),
    components(schemas(Standing, WitnessStanding, SeenBy))
)]
pub(crate) struct GatherApi;

pub(crate) fn routes(all: &Witnesses) -> Vec<Route> {
    let (s, public) = (|| all.clone(), Access::Public);
    vec![
        Route::get("/log/cosigned", public, get(cosigned).with_state(s())),
        Route::get("/log/policy", public, get(policy).with_state(s())),
        Route::get("/log/proof/{index}", public, get(proof).with_state(s())),
        Route::get(
            "/api/v1/log/witnesses",
            public,
            get(witnesses).with_state(s()),
        ),
    ]
}

/// The newest checkpoint that the quorum of witnesses has cosigned (C2SP tlog-cosignature).
#[utoipa::path(get, path = "/log/cosigned", tag = "log",
    responses((status = 200, description = "Signed note", body = String, content_type = "text/plain"),
        (status = 503, description = "Nothing is cosigned yet", body = ProblemBody)))]
async fn cosigned(State(all): State<Witnesses>) -> Result<Response, Problem> {
    let newest = all.newest().ok_or_else(|| {
        let why = match all.seen_by(0) {
            SeenBy::Missing => Unseen::Missing,
            SeenBy::Gone => Unseen::Gone,
            _ => Unseen::Waiting,
        };
        Problem(Error::Unwitnessed(why).into())
    })?;
    Ok(answer(TEXT, NEVER, newest.signed().note().to_owned()))
}

/// The city's own log policy (C2SP tlog-policy): a proposal; whoever checks has their own.
#[utoipa::path(get, path = "/log/policy", tag = "log",
    responses((status = 200, description = "Policy", body = String, content_type = "text/plain"),
        (status = 404, description = "No witnesses are set up", body = ProblemBody)))]
async fn policy(State(all): State<Witnesses>) -> Result<Response, Problem> {
    let text = all.policy_text().map(str::to_owned);
    let text = text.ok_or_else(|| Problem(Fault::NotFound(Unseen::Missing.to_string())))?;
    Ok(answer(TEXT, NEVER, text))
}

/// Proof of an entry under the newest cosigned checkpoint (C2SP tlog-proof); its extra data are the
/// entry's bytes.
#[utoipa::path(get, path = "/log/proof/{index}", tag = "log",
    params(("index" = u64, Path, description = "Place of the entry in the log")),
    responses((status = 200, description = "Proof", body = String, content_type = "text/plain"),
        (status = 404, description = "No such entry", body = ProblemBody),
        (status = 503, description = "Not cosigned yet; ask again", body = ProblemBody)))]
async fn proof(
    State(all): State<Witnesses>,
    Path(index): Path<String>,
) -> Result<Response, Problem> {
    let index: u64 = index
        .parse()
        .map_err(|_| Problem(Fault::NotFound("entries are counted from 0".to_owned())))?;
    let proof = off(move || all.proof(index)).await?;
    Ok(answer(TEXT, NEVER, proof.text()))
}

/// How the witnesses fare: each one's last checkpoint, what it fails with, whether the quorum
/// stands.
#[utoipa::path(get, path = "/api/v1/log/witnesses", tag = "log",
    responses((status = 200, body = Standing)))]
async fn witnesses(State(all): State<Witnesses>) -> Json<Standing> {
    Json(all.standing())
}
