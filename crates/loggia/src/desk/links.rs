//! What only a demo's pages have: where the desk is, which city it serves, and a device's key
//! without a device. Never exists on a real installation, where a desk is on its holder's own
//! machine and a requester's key in their own browser.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use axum::Json;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_api::{Access, Problem, ProblemBody, Route};
use loggia_model::Fault;
use loggia_policy::Request;
use loggia_seal::Keyfile;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::keyring::ENDING;
use crate::city::City;

/// Where the demo's desk listens, on this machine.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct DeskPort {
    /// TCP port; 0 where there is none.
    port: u16,
}

/// A request that a demo person's device would sign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ToSign {
    /// The exact bytes.
    request: String,
}

/// The signature.
#[derive(Debug, Serialize, ToSchema)]
struct SignedForThem {
    /// Ed25519 over the request (base64), as its requester's own device would have made it.
    signature: String,
}

/// The routes' part of the OpenAPI document.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(demo_desk, demo_sign),
    components(schemas(DeskPort, ToSign, SignedForThem))
)]
pub struct OpenApi;

/// The demo's key desk.
#[utoipa::path(get, path = "/api/v1/demo/desk", tag = "demo",
    responses((status = 200, body = DeskPort)))]
async fn demo_desk(desk: DeskPort) -> Json<DeskPort> {
    Json(desk)
}

/// Signs a request with its requester's key: a demo holds everybody's.
#[utoipa::path(post, path = "/api/v1/demo/sign", tag = "demo", request_body = ToSign,
    responses((status = 200, body = SignedForThem), (status = 400, body = ProblemBody)))]
async fn demo_sign(
    keys: Arc<PathBuf>,
    Json(asked): Json<ToSign>,
) -> Result<Json<SignedForThem>, Problem> {
    let work = move || sign(&keys, &asked.request);
    let bad = |e: String| Problem(Fault::Invalid(e));
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Problem(Fault::Broken("signing broke off".to_owned())))?;
    let signature = done.map_err(|e| bad(format!("{e:#}")))?;
    Ok(Json(SignedForThem { signature }))
}

fn sign(keys: &Path, json: &str) -> anyhow::Result<String> {
    // Parsed first: a person's name in a request has the form of one, and no path in it.
    let person = Request::parse(json)?.requester;
    let path = keys.join(format!("{person}.{ENDING}"));
    let text = std::fs::read(&path).with_context(|| format!("{person} has no key here"))?;
    let key = Keyfile::parse(&text)?.unlock(&City::shipped()?.passphrase)?;
    Ok(STANDARD.encode(key.signing.sign(&Request::to_be_signed(json))?))
}

/// The routes for a desk at `port`, and everybody's keys.
pub fn routes(port: u16, keys: PathBuf) -> Vec<Route> {
    let (desk, keys) = (DeskPort { port }, Arc::new(keys));
    let signs = move |body| demo_sign(Arc::clone(&keys), body);
    vec![
        Route::get(
            "/api/v1/demo/desk",
            Access::DemoOnly,
            get(move || demo_desk(desk)),
        ),
        Route::post("/api/v1/demo/sign", Access::DemoOnly, post(signs)),
    ]
}
