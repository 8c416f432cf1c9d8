//! The log over HTTP: static tiles as C2SP tlog-tiles names them, and small JSON views for pages.
//! Never needs a session: the log is public. Never answers with what is not under the checkpoint.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_api::{Access, Problem, Route};
use loggia_model::{Digest, Fault};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Error, Event, Log, TilePath, Witnesses, gather};

pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// A full tile never changes.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// A partial tile is asked for again once it has grown.
const FOR_A_MINUTE: &str = "public, max-age=60";
pub(crate) const NEVER: &str = "no-store";
/// Entries per page if the caller does not say.
const PAGE_ENTRIES: usize = 100;

/// The log's endpoints, all public.
#[must_use]
pub fn routes(log: Log, witnesses: &Witnesses) -> Vec<Route> {
    let mut all = gather::routes(witnesses);
    let public = Access::Public;
    all.extend([
        Route::get(
            "/log/checkpoint",
            public,
            get(checkpoint).with_state(log.clone()),
        ),
        Route::get("/log/key", public, get(key).with_state(log.clone())),
        Route::get(
            "/log/succession/{id}",
            public,
            get(succession).with_state(log.clone()),
        ),
        Route::get(
            "/log/tile/{*path}",
            public,
            get(tile).with_state(log.clone()),
        ),
        Route::get(
            "/api/v1/log/entries",
            public,
            get(entries).with_state(log.clone()),
        ),
        Route::get(
            "/api/v1/log/proof",
            public,
            get(proof).with_state(log.clone()),
        ),
        Route::get(
            "/api/v1/log/consistency",
            public,
            get(consistency).with_state(log),
        ),
    ]);
    all
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(checkpoint, key, succession, tile, entries, proof, consistency),
    components(schemas(Event, EntryPage, PlacedEntry, InclusionProof, ConsistencyProof))
)]
struct LogApi;

/// The endpoints' description.
pub struct OpenApi;

impl utoipa::OpenApi for OpenApi {
    fn openapi() -> utoipa::openapi::OpenApi {
        let mut doc = LogApi::openapi();
        doc.merge(gather::GatherApi::openapi());
        doc
    }
}

pub(crate) fn answer(kind: &'static str, cache: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let mut set = |name: HeaderName, value| {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_TYPE, kind);
    set(header::CACHE_CONTROL, cache);
    // Anybody may check the log, from a page of any origin.
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    response
}

/// Reads from disk off the async threads.
pub(crate) async fn off<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Problem(Fault::Broken("reading the log failed".to_owned()))),
    }
}

/// A query that cannot be read is a problem like any other.
type Asked<T> = Result<Query<T>, QueryRejection>;

fn asked<T>(query: Asked<T>) -> Result<T, Problem> {
    query
        .map(|q| q.0)
        .map_err(|e| Problem(Fault::Invalid(e.body_text())))
}

/// The signed checkpoint (C2SP tlog-checkpoint).
#[utoipa::path(get, path = "/log/checkpoint", tag = "log",
    responses((status = 200, description = "Signed note", body = String, content_type = "text/plain")))]
async fn checkpoint(State(log): State<Log>) -> Response {
    answer(TEXT, NEVER, log.checkpoint().note().to_owned())
}

/// The log's public key (C2SP signed-note verifier key).
#[utoipa::path(get, path = "/log/key", tag = "log",
    responses((status = 200, description = "Verifier key", body = String, content_type = "text/plain")))]
async fn key(State(log): State<Log>) -> Response {
    answer(TEXT, NEVER, format!("{}\n", log.verifier()))
}

/// The checkpoint with which the log was handed over to another key for the nth time, signed by both.
#[utoipa::path(get, path = "/log/succession/{id}", tag = "log",
    params(("id" = u32, Path, description = "From 1")),
    responses((status = 200, description = "Signed note", body = String, content_type = "text/plain"),
        (status = 404, description = "The log was not handed over so often")))]
async fn succession(State(log): State<Log>, Path(n): Path<u32>) -> Result<Response, Problem> {
    let note = off(move || log.succession(n)).await?;
    let none = || {
        Problem(Fault::NotFound(
            "the log was not handed over so often".to_owned(),
        ))
    };
    Ok(answer(TEXT, FOR_GOOD, note.ok_or_else(none)?))
}

/// A tile of hashes `<L>/<N>[.p/<W>]` or a bundle of entries `entries/<N>[.p/<W>]` (C2SP tlog-tiles).
#[utoipa::path(get, path = "/log/tile/{path}", tag = "log",
    params(("path" = String, Path, description = "Such as `0/x001/234.p/17` or `entries/000`")),
    responses(
        (status = 200, description = "Tile", content_type = "application/octet-stream"),
        (status = 404, description = "No such tile yet")))]
async fn tile(State(log): State<Log>, Path(path): Path<String>) -> Result<Response, Problem> {
    // A misspelt path is a path at which there is nothing.
    let tile: TilePath = format!("tile/{path}")
        .parse()
        .map_err(|e: Error| Problem(Fault::NotFound(e.to_string())))?;
    let bytes = off(move || log.tile(&tile)).await?;
    Ok(answer(
        BYTES,
        if tile.is_full() {
            FOR_GOOD
        } else {
            FOR_A_MINUTE
        },
        bytes,
    ))
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PageOf {
    /// First index, 0 if not given.
    from: Option<u64>,
    /// How many, 100 if not given, at most 1000.
    limit: Option<usize>,
}

/// A page of the log.
#[derive(Debug, Serialize, ToSchema)]
struct EntryPage {
    /// Entries in the log.
    size: u64,
    /// The entries from `from`.
    entries: Vec<PlacedEntry>,
}

/// An entry with its place.
#[derive(Debug, Serialize, ToSchema)]
struct PlacedEntry {
    /// Place in the log, from 0.
    index: u64,
    /// The entry, byte for byte as it is hashed: `v`, `kind`, `at`, then the kind's fields.
    #[schema(value_type = Object)]
    entry: u8,
}

/// Entries by index. Each `entry` stands there byte for byte as it is hashed.
#[utoipa::path(get, path = "/api/v1/log/entries", tag = "log", params(PageOf),
    responses((status = 200, description = "Entries", body = EntryPage)))]
async fn entries(State(log): State<Log>, page: Asked<PageOf>) -> Result<Response, Problem> {
    let page = asked(page)?;
    let (from, limit) = (page.from.unwrap_or(0), page.limit.unwrap_or(PAGE_ENTRIES));
    let body = off(move || {
        let mut body = format!("{{\"size\":{},\"entries\":[", log.size()).into_bytes();
        for (n, (index, entry)) in log.raw_entries(from, limit)?.into_iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            body.extend(format!("{comma}{{\"index\":{index},\"entry\":").into_bytes());
            body.extend(entry);
            body.push(b'}');
        }
        body.extend(b"]}");
        Ok(body)
    })
    .await?;
    Ok(answer("application/json", NEVER, body))
}

/// Which entry, in which tree.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ProofOf {
    /// Index of the entry.
    index: u64,
    /// Size of the tree; the present one if not given.
    size: Option<u64>,
}

/// An inclusion proof (RFC 6962 §2.1.1).
#[derive(Debug, Serialize, ToSchema)]
struct InclusionProof {
    index: u64,
    size: u64,
    /// Leaf hash, base64.
    leaf_hash: String,
    /// Root of the tree, base64.
    root: String,
    /// Sibling hashes, lowest first, base64.
    proof: Vec<String>,
}

fn base64s(hashes: &[Digest]) -> Vec<String> {
    hashes.iter().map(|h| STANDARD.encode(h.0)).collect()
}

/// Proof that an entry is in the log.
#[utoipa::path(get, path = "/api/v1/log/proof", tag = "log", params(ProofOf),
    responses((status = 200, description = "Proof", body = InclusionProof),
        (status = 404, description = "No such entry or size")))]
async fn proof(
    State(log): State<Log>,
    of: Asked<ProofOf>,
) -> Result<Json<InclusionProof>, Problem> {
    let of = asked(of)?;
    off(move || {
        let (index, size) = (of.index, of.size.unwrap_or_else(|| log.size()));
        let proof = base64s(&log.inclusion_proof(index, size)?);
        let leaf_hash = STANDARD.encode(log.leaf_hash_at(index)?.0);
        let root = STANDARD.encode(log.root_at(size)?.0);
        Ok(Json(InclusionProof {
            index,
            size,
            leaf_hash,
            root,
            proof,
        }))
    })
    .await
}

/// Between which trees.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ConsistencyOf {
    /// Size of the older tree.
    from: u64,
    /// Size of the newer tree; the present one if not given.
    to: Option<u64>,
}

/// A consistency proof (RFC 6962 §2.1.2).
#[derive(Debug, Serialize, ToSchema)]
struct ConsistencyProof {
    from: u64,
    to: u64,
    /// Hashes, lowest first, base64.
    proof: Vec<String>,
}

/// Proof that the newer tree begins with the older one.
#[utoipa::path(get, path = "/api/v1/log/consistency", tag = "log", params(ConsistencyOf),
    responses((status = 200, description = "Proof", body = ConsistencyProof),
        (status = 404, description = "No such size")))]
async fn consistency(
    State(log): State<Log>,
    of: Asked<ConsistencyOf>,
) -> Result<Json<ConsistencyProof>, Problem> {
    let of = asked(of)?;
    off(move || {
        let (from, to) = (of.from, of.to.unwrap_or_else(|| log.size()));
        let proof = base64s(&log.consistency_proof(from, to)?);
        Ok(Json(ConsistencyProof { from, to, proof }))
    })
    .await
}
