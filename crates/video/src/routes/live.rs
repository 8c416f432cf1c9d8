//! A camera's live picture in a declared incident: sealed records as they are made, and the shares
//! of their spans at the viewer's one-time key. Never a byte without a permit that still stands.

use core::time::Duration;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use loggia_api::{Doorkeeper as _, Me, Problem, token_of};
use loggia_model::{CameraId, Fault};
use loggia_policy::{LIVE_MAX_S, Live, Permit};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

use super::footage::{recorder_keys, request_id, sealed};
use super::{Desk, apart};
use crate::live::{END_MAGIC, KEYS_MAGIC, Watching, framed};

/// How often the permit is asked for again while a picture runs.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Frames handed to the connection ahead of a slow client; the seat bounds the rest.
const AHEAD: usize = 4;

#[derive(utoipa::OpenApi)]
#[openapi(paths(watch))]
pub(super) struct Api;

/// Follows a camera live. The body is a stream: first `LGK1 ‖ length u32 ‖ JSON`, the recorders'
/// keys; `LGS1 ‖ length u32 ‖ JSON` are a span's two released shares; sealed records follow as they
/// are stored; `LGE1 ‖ length u32 ‖ {"why": …}` are the last words (`ended`, `slow`). The first
/// picture comes with the camera's next group of pictures.
#[utoipa::path(post, path = "/api/v1/requests/{id}/live/{camera}", tag = "opened",
    params(("id" = String, Path, description = "the request's hash"),
        ("camera" = u32, Path, description = "the camera's number")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 403, description = "not approved, or no longer"),
        (status = 503, description = "too many live pictures")))]
pub(super) async fn watch(
    State(desk): State<Arc<Desk>>,
    Me(who): Me,
    headers: HeaderMap,
    Path((id, camera)): Path<(String, u32)>,
) -> Result<Response, Problem> {
    let camera = CameraId(camera);
    let session = token_of(&headers, desk.rooms.secure).map(str::to_owned);
    let session = session.ok_or(Fault::Unauthenticated)?;
    let room = Arc::clone(&desk);
    let seated = apart(move || {
        let policy = &room.rooms.policy;
        let permit = policy
            .live_permit(request_id(&id)?, camera, &who)
            .map_err(Fault::from)?;
        let watching = room.rooms.gallery.seat(&permit, camera)?;
        policy.note_live(&permit, camera).map_err(Fault::from)?;
        let keys =
            serde_json::to_vec(&recorder_keys(&room)?).map_err(|e| Fault::Broken(e.to_string()))?;
        Ok::<_, Fault>((permit, watching, framed(KEYS_MAGIC, &keys)))
    });
    let (permit, watching, keys) = seated.await?;
    let (to, from) = mpsc::channel::<Result<Bytes, std::io::Error>>(AHEAD);
    // The channel is new and has room.
    let _ = to.try_send(Ok(keys));
    tokio::spawn(show(desk, (permit, session), watching, to));
    Ok(sealed(Body::from_stream(ReceiverStream::new(from))))
}

/// Hands records over until the permit no longer stands, the viewer goes, or too much waits.
async fn show(
    desk: Arc<Desk>,
    (permit, session): (Permit<Live>, String),
    mut watching: Watching,
    to: mpsc::Sender<Result<Bytes, std::io::Error>>,
) {
    let may = Arc::new((permit, session));
    // A wall clock that was set back must not lengthen the view.
    let longest = tokio::time::sleep_until(Instant::now() + Duration::from_secs(LIVE_MAX_S));
    tokio::pin!(longest);
    let mut turn = tokio::time::interval(ASK_AGAIN);
    let why = loop {
        tokio::select! {
            biased;
            () = to.closed() => return,
            () = &mut longest => break "ended",
            _ = turn.tick() => {
                let (desk, may) = (Arc::clone(&desk), Arc::clone(&may));
                let stands = apart(move || {
                    let (permit, session) = &*may;
                    // Whoever signs out has stopped watching.
                    desk.rooms.policy.session(session).ok_or(Fault::Unauthenticated)?;
                    desk.rooms.policy.live_stands(permit).map_err(Fault::from)
                });
                if stands.await.is_err() {
                    break "ended";
                }
            }
            frame = watching.next() => {
                let Some(frame) = frame else {
                    break if watching.was_slow() { "slow" } else { "ended" };
                };
                if may.0.still(desk.rooms.clock.now()).is_err() {
                    break "ended";
                }
                // A viewer that does not read fills its seat meanwhile and is shown out; the time
                // goes on all the same.
                if tokio::time::timeout(ASK_AGAIN * 30, to.send(Ok(frame))).await.is_err() {
                    return;
                }
            }
        }
    };
    let words = serde_json::json!({ "why": why }).to_string();
    // Whoever has gone needs no last words.
    let _ = to.try_send(Ok(framed(END_MAGIC, words.as_bytes())));
}
