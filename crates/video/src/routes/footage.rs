//! Sealed records of opened spans, for the requester's own device to check, decrypt and play. Each
//! call asks for its permit anew. Never a record outside the permit's spans, never a clear byte.

use core::time::Duration;
use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use loggia_api::{Me, Problem};
use loggia_model::{Actor, At, CameraId, Fault, KeyId, RequestId, SpanId};
use loggia_policy::{Open, Permit};
use loggia_seal::{Kind, Track};
use loggia_store::RecordRow;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};

use super::{Desk, apart};

/// Most records of one camera in one answer: an hour of one-second GOPs on two tracks is 7,200.
const RECORDS_MAX: usize = 16_384;
/// A person's reading of one camera is noted once in so long: a player fetches a piece each second.
const NOTE_EVERY: Duration = Duration::from_secs(60);
/// Notes remembered; beyond it all are forgotten and written anew.
const NOTES_MAX: usize = 4_096;
/// How often the permit is asked for again while a long answer is read.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Records read ahead of a slow client.
const READ_AHEAD: usize = 4;

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(list, range, one),
    components(schemas(Footage, KeyLine, CameraFootage, RecordLine))
)]
pub(super) struct Api;

/// What was opened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Footage {
    /// Keys that sign the records, as far as the public log names them.
    recorder_keys: Vec<KeyLine>,
    /// Records by camera.
    cameras: Vec<CameraFootage>,
}

/// A recorder's key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyLine {
    /// Its name in record headers.
    #[schema(value_type = String)]
    key_id: KeyId,
    /// Ed25519 public key, base64.
    public: String,
    /// Place of the log's first `recorder_started` entry that names it.
    entry_index: u64,
}

/// One camera's records.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraFootage {
    /// Which camera.
    #[schema(value_type = u32)]
    camera: CameraId,
    /// In the chain's order, without holes; gaps between the spans included.
    records: Vec<RecordLine>,
}

/// One record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordLine {
    /// Place in the chain.
    seq: u64,
    /// `span_open`, `piece`, `gap` or `manifest`.
    kind: &'static str,
    /// 0 main stream, 1 sub-stream.
    track: u8,
    /// Of which span; none for a gap between spans.
    #[schema(value_type = Option<u64>)]
    span: Option<SpanId>,
    /// First instant.
    #[schema(value_type = i64)]
    begin: At,
    /// Last instant.
    #[schema(value_type = i64)]
    end: At,
    /// Bytes.
    len: u32,
}

impl From<&RecordRow> for RecordLine {
    fn from(r: &RecordRow) -> Self {
        let kind = match r.kind {
            Kind::SpanOpen => "span_open",
            Kind::Piece => "piece",
            Kind::Gap => "gap",
            Kind::Manifest => "manifest",
        };
        let track = match r.track {
            Track::Main => 0,
            Track::Sub => 1,
        };
        Self {
            seq: r.seq,
            kind,
            track,
            span: r.span,
            begin: r.begin,
            end: r.end,
            len: r.place.len,
        }
    }
}

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Range {
    /// First place in the chain.
    first_seq: u64,
    /// Last place, this one included.
    last_seq: u64,
}

pub(super) fn request_id(text: &str) -> Result<RequestId, Fault> {
    text.parse().map_err(|e| Fault::Invalid(format!("{e}")))
}

/// The index rows that a permit opens of one camera.
fn rows(desk: &Desk, permit: &Permit<Open>, camera: CameraId) -> Result<Vec<RecordRow>, Fault> {
    let blobs = &desk.rooms.blobs;
    let mut rows = Vec::new();
    for part in permit.spans().iter().filter(|p| p.camera == camera) {
        let find = |mut numbers: Box<dyn Iterator<Item = u64>>| {
            let found = numbers.find_map(|n| blobs.span(camera, SpanId(n)).transpose());
            found.transpose().map_err(Fault::from)
        };
        let first = find(Box::new(part.first.0..=part.last.0))?;
        let last = find(Box::new((part.first.0..=part.last.0).rev()))?;
        let (Some(first), Some(last)) = (first, last) else {
            continue;
        };
        rows.extend(
            blobs
                .records(camera, first.first_seq, last.last_seq)
                .map_err(Fault::from)?,
        );
        // A crash may have cost the last span its manifest: then the gap behind it shows its end.
        if rows.last().is_some_and(|r| r.kind != Kind::Manifest) {
            let next = last.last_seq + 1;
            let behind = blobs.records(camera, next, next).map_err(Fault::from)?;
            rows.extend(behind.into_iter().filter(|r| r.kind == Kind::Gap));
        }
    }
    // Gaps between the spans have no span and no secret; without them the chain would have holes.
    rows.retain(|r| r.span.is_none_or(|span| permit.covers(camera, span)));
    if rows.len() > RECORDS_MAX {
        return Err(Fault::Invalid(format!(
            "this request opens more than {RECORDS_MAX} records of {camera}; file smaller ones"
        )));
    }
    Ok(rows)
}

/// Notes in the access log that the person reads this camera, before a byte leaves.
fn note(desk: &Desk, permit: &Permit<Open>, camera: CameraId) -> Result<(), Fault> {
    let now = desk.rooms.clock.now();
    let key = (permit.actor().person.clone(), permit.request(), camera);
    {
        let noted = desk.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted
            .get(&key)
            .is_some_and(|at| *at <= now && now.since(*at) < NOTE_EVERY)
        {
            return Ok(());
        }
    }
    desk.rooms
        .policy
        .note_footage(permit, camera)
        .map_err(Fault::from)?;
    let mut noted = desk.noted.lock().unwrap_or_else(PoisonError::into_inner);
    if noted.len() >= NOTES_MAX {
        noted.clear();
    }
    noted.insert(key, now);
    Ok(())
}

fn permit(desk: &Desk, id: &str, who: &Actor) -> Result<Permit<Open>, Fault> {
    let permit = desk
        .rooms
        .policy
        .footage_permit(request_id(id)?, who)
        .map_err(Fault::from)?;
    permit.still(desk.rooms.clock.now()).map_err(Fault::from)?;
    Ok(permit)
}

/// Whether the permit holds now, and (`ask`) would be given again.
fn stands(desk: &Desk, permit: &Permit<Open>, ask: bool) -> Result<(), Fault> {
    permit.still(desk.rooms.clock.now()).map_err(Fault::from)?;
    if ask {
        let again = desk
            .rooms
            .policy
            .footage_permit(permit.request(), permit.actor());
        drop(again.map_err(Fault::from)?);
    }
    Ok(())
}

/// What was opened for this request: the records of whole spans, and the keys that sign them.
#[utoipa::path(get, path = "/api/v1/requests/{id}/footage", tag = "opened",
    params(("id" = String, Path, description = "the request's hash")),
    responses((status = 200, body = Footage)))]
pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    Me(who): Me,
    Path(id): Path<String>,
) -> Result<Json<Footage>, Problem> {
    let read = apart(move || {
        let permit = permit(&desk, &id, &who)?;
        let mut cameras = Vec::new();
        for camera in permit.spans().iter().map(|p| p.camera) {
            note(&desk, &permit, camera)?;
            let records = rows(&desk, &permit, camera)?;
            cameras.push(CameraFootage {
                camera,
                records: records.iter().map(Into::into).collect(),
            });
        }
        Ok::<_, Fault>(Footage {
            recorder_keys: recorder_keys(&desk)?,
            cameras,
        })
    });
    Ok(Json(read.await?))
}

/// The recorders' keys, each with the entry of the public log that vouches for it.
pub(super) fn recorder_keys(desk: &Desk) -> Result<Vec<KeyLine>, Fault> {
    let mut lines = Vec::new();
    for key in &desk.rooms.recorder_keys {
        let named = desk.rooms.log.recorder_named(key.key_id());
        if let Some(entry_index) = named.map_err(Fault::from)? {
            lines.push(KeyLine {
                key_id: key.key_id(),
                public: BASE64.encode(key.0),
                entry_index,
            });
        }
    }
    Ok(lines)
}

pub(super) fn sealed(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, body).into_response()
}

/// One sealed record.
#[utoipa::path(get, path = "/api/v1/requests/{id}/footage/{camera}/{seq}", tag = "opened",
    params(("id" = String, Path, description = "the request's hash"),
        ("camera" = u32, Path, description = "the camera's number"),
        ("seq" = u64, Path, description = "place in the chain")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    Me(who): Me,
    Path((id, camera, seq)): Path<(String, u32, u64)>,
) -> Result<Response, Problem> {
    let camera = CameraId(camera);
    let read = apart(move || {
        let permit = permit(&desk, &id, &who)?;
        let row = desk.rooms.blobs.record(camera, seq).map_err(Fault::from)?;
        let inside = match row.span {
            Some(span) => permit.covers(camera, span),
            None => rows(&desk, &permit, camera)?.iter().any(|r| r.seq == seq),
        };
        if !inside {
            return Err(Fault::Forbidden(
                "this record is not part of what was opened".to_owned(),
            ));
        }
        note(&desk, &permit, camera)?;
        desk.rooms.blobs.read(&row).map_err(Fault::from)
    });
    Ok(sealed(Body::from(read.await?)))
}

/// Sealed records back to back, in the chain's order.
#[utoipa::path(get, path = "/api/v1/requests/{id}/footage/{camera}", tag = "opened",
    params(("id" = String, Path, description = "the request's hash"),
        ("camera" = u32, Path, description = "the camera's number"), Range),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
pub(super) async fn range(
    State(desk): State<Arc<Desk>>,
    Me(who): Me,
    Path((id, camera)): Path<(String, u32)>,
    Query(range): Query<Range>,
) -> Result<Response, Problem> {
    let camera = CameraId(camera);
    let reader = Arc::clone(&desk);
    let chosen = apart(move || {
        let permit = permit(&desk, &id, &who)?;
        let mut rows = rows(&desk, &permit, camera)?;
        rows.retain(|r| (range.first_seq..=range.last_seq).contains(&r.seq));
        if rows.is_empty() {
            return Err(Fault::NotFound(
                "none of these records was opened".to_owned(),
            ));
        }
        note(&desk, &permit, camera)?;
        Ok((permit, rows))
    });
    let chosen = chosen.await?;
    let (permit, chosen) = chosen;
    let (to, from) = mpsc::channel::<Result<Bytes, std::io::Error>>(READ_AHEAD);
    let permit = Arc::new(permit);
    // A client that reads slowly waits here, on no thread; threads are everybody's.
    tokio::spawn(async move {
        let mut asked = tokio::time::Instant::now();
        for row in chosen {
            let (desk, permit) = (Arc::clone(&reader), Arc::clone(&permit));
            // Withdrawn, disabled or over: what was begun is not finished.
            let ask = asked.elapsed() >= ASK_AGAIN;
            if ask {
                asked = tokio::time::Instant::now();
            }
            let read = tokio::task::spawn_blocking(move || {
                stands(&desk, &permit, ask)?;
                desk.rooms.blobs.read(&row).map_err(Fault::from)
            });
            let read = match read.await {
                Ok(Ok(bytes)) => Ok(Bytes::from(bytes)),
                Ok(Err(e)) => Err(std::io::Error::other(e.to_string())),
                Err(e) => Err(std::io::Error::other(e.to_string())),
            };
            let failed = read.is_err();
            if to.send(read).await.is_err() || failed {
                return;
            }
        }
    });
    Ok(sealed(Body::from_stream(ReceiverStream::new(from))))
}
