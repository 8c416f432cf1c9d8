//! The witness over HTTP (C2SP tlog-witness): `POST add-checkpoint`, and each log's last cosigned
//! checkpoint for whoever watches. No session, no page, no entry of any log.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use loggia_model::Clock;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::judge::Refusal;
use super::keeper::Witness;
use super::wire::{ADD_CHECKPOINT_BYTES_MAX, SIZE_TYPE};

/// Requests that are read and judged at once: 32 × 260 KiB of bodies are 8 MB of the 50 that a
/// witness may take.
const AT_ONCE: usize = 32;
/// A request must have been read and answered by then.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const TEXT: &str = "text/plain; charset=utf-8";

#[derive(Clone)]
struct Room {
    witness: Arc<Witness>,
    clock: Arc<dyn Clock>,
    places: Arc<Semaphore>,
}

/// The two endpoints, both public. A log's signature is what admits a request.
pub fn router(witness: Arc<Witness>, clock: Arc<dyn Clock>) -> Router {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let room = Room {
        witness,
        clock,
        places,
    };
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .with_state(room)
}

fn answer(status: u16, kind: &'static str, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, body).into_response()
}

async fn add_checkpoint(State(room): State<Room>, request: Request) -> Response {
    let late = || Err(Refusal::Busy("the request was not read in time".to_owned()));
    let done = timeout(ANSWER_WITHIN, judge(room, request)).await;
    match done.unwrap_or_else(|_| late()) {
        Ok(lines) => answer(200, TEXT, lines),
        Err(refusal) => {
            let kind = match refusal {
                Refusal::NotSince(_) => SIZE_TYPE,
                _ => TEXT,
            };
            answer(refusal.status(), kind, format!("{refusal}\n"))
        }
    }
}

async fn judge(room: Room, request: Request) -> Result<String, Refusal> {
    let busy = |_| Refusal::Busy("the witness is closing".to_owned());
    // A place comes first, so that waiting requests hold no body in memory.
    let place = Arc::clone(&room.places)
        .acquire_owned()
        .await
        .map_err(busy)?;
    let too_long = |_| Refusal::Malformed("the body is torn or longer than 260 KiB".to_owned());
    let body = to_bytes(request.into_body(), ADD_CHECKPOINT_BYTES_MAX).await;
    let body = body.map_err(too_long)?;
    let work = move || {
        let done = room.witness.add_checkpoint(&body, room.clock.now());
        drop(place);
        done
    };
    // Keeping the state waits for the disk.
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(Refusal::Stopped),
    }
}

async fn checkpoint(State(room): State<Room>, Path(origin): Path<String>) -> Response {
    match room.witness.checkpoint(&origin) {
        Some(note) => answer(200, TEXT, note),
        None => answer(404, TEXT, "this witness cosigned no such log\n".to_owned()),
    }
}
