//! @contexts brought along in a bundle. Never takes a part of one that is not good as a whole.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use loggia_api::{Problem, ProblemBody, Route};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Admin, RUN, apart};
use crate::broker::Brought;
use crate::http::BODY_BYTES_MAX;
use crate::json::Json;

pub(super) fn routes(admin: &Arc<Admin>) -> Vec<Route> {
    let import = post(import)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::clone(admin));
    vec![Route::post("/api/v1/data-plane/contexts", RUN, import)]
}

/// JSON-LD @context documents under their URLs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bundle {
    /// The documents; 16 MiB in one call at most.
    contexts: Vec<Document>,
}

/// One of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// The URL by which requests name it.
    url: String,
    /// An object with `@context`, 4 MiB at most.
    #[schema(value_type = Object)]
    document: Json,
}

/// What became of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Taken {
    /// Documents that were not held before.
    new: usize,
    /// Documents that took the place of others.
    changed: usize,
    /// Documents that were held as they are.
    unchanged: usize,
    /// Core @contexts, which are built in.
    built_in: usize,
    /// URLs that the documents name and that nobody brought: a request that needs one of them has
    /// to fetch it.
    missing: Vec<String>,
}

/// Takes JSON-LD @contexts under their own URLs, so that no request has to fetch them.
#[utoipa::path(post, path = "/api/v1/data-plane/contexts", tag = "data plane",
    request_body = Bundle,
    responses((status = 200, body = Taken), (status = 400, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 503, body = ProblemBody)))]
pub(super) async fn import(
    State(admin): State<Arc<Admin>>,
    Body(bundle): Body<Bundle>,
) -> Result<Body<Taken>, Problem> {
    let bundle = bundle.contexts.into_iter().map(|one| Brought {
        url: one.url.into(),
        document: one.document,
    });
    let bundle = bundle.collect();
    let (done, kept) = apart(move || admin.broker.import_contexts(bundle)).await?;
    kept.await?;
    Ok(Body(Taken {
        new: done.new,
        changed: done.changed,
        unchanged: done.unchanged,
        built_in: done.built_in,
        missing: done.missing.into_iter().map(Into::into).collect(),
    }))
}
