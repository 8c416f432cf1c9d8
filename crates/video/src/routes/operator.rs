//! Health, storage and live events for the operator's page.

use core::convert::Infallible;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use loggia_api::{Me, Problem};
use loggia_model::{Actor, At, CameraId, Fault, PersonId, RequestId, Role};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;

use super::{Desk, apart};
use crate::{Error, Health};

/// How often the live stream looks for changes.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Looks of one stream: after ten minutes it ends, the page connects again, and the door asks anew
/// who that is (the session may have ended, the account may be disabled).
const LOOKS_MAX: u32 = 300;
/// Streams at once: each look reads every camera's health and up to 500 requests.
const STREAMS_MAX: usize = 256;
/// Live pages of one person.
const STREAMS_OF_PERSON_MAX: usize = 8;
/// Events that may wait for a slow page; then it is dropped and connects again.
const EVENTS_WAITING: usize = 4_096;
/// Cameras told of in one event: 8,000 whose bit rate has changed are 16 events, not 8,000.
const CAMERAS_IN_EVENT: usize = 500;

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(cameras, storage, events),
    components(schemas(CameraHealth, Storage))
)]
pub(super) struct Api;

/// A camera's health with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct CameraHealth {
    /// Name on the map.
    label: String,
    #[serde(flatten)]
    health: Health,
}

/// How the disk fares.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Storage {
    /// Bytes of sealed records.
    bytes_used: u64,
    /// Bytes that recording may still take.
    bytes_free: u64,
    /// Days until it is full at the present bit rate if nothing expires; none if nothing is recorded.
    days_left: Option<f64>,
    /// At most this much is lost in a power cut.
    sync_interval_ms: u64,
    /// Bytes that wait to be written.
    bytes_waiting: u64,
    /// `ok`, `disk_full` or `stopped`: the alarm.
    state: &'static str,
    /// First instant that is stored.
    #[schema(value_type = Option<i64>)]
    oldest: Option<At>,
    /// Last instant that is durable.
    #[schema(value_type = Option<i64>)]
    newest: Option<At>,
}

fn with_labels(desk: &Desk) -> Result<Vec<CameraHealth>, Error> {
    let labels: HashMap<_, _> = desk
        .rooms
        .shield
        .list()?
        .into_iter()
        .map(|c| (c.id, c.label))
        .collect();
    let health = desk.rooms.recorder_ward.all();
    Ok(health
        .into_iter()
        .map(|h| CameraHealth {
            label: labels.get(&h.id).cloned().unwrap_or_default(),
            health: h,
        })
        .collect())
}

fn storage_of(desk: &Desk) -> Result<Storage, Error> {
    /// Sealing and boxes add about 0.3 % to the media at 4 Mbit/s.
    const OVERHEAD: f64 = 1.003;
    let blobs = &desk.rooms.blobs;
    let totals = blobs.totals()?;
    let bps: u64 = desk
        .rooms
        .recorder_ward
        .all()
        .iter()
        .map(|h| h.bitrate_bps)
        .sum();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a forecast in days needs no 53 bits"
    )]
    let days_left =
        (bps > 0).then(|| totals.bytes_free as f64 / (bps as f64 / 8.0 * OVERHEAD) / 86_400.0);
    Ok(Storage {
        bytes_used: totals.bytes_used,
        bytes_free: totals.bytes_free,
        days_left,
        sync_interval_ms: u64::try_from(blobs.sync_interval().as_millis()).unwrap_or(u64::MAX),
        bytes_waiting: u64::try_from(blobs.queued_bytes()).unwrap_or(u64::MAX),
        state: match blobs.health() {
            loggia_store::Health::Ok => "ok",
            loggia_store::Health::DiskFull => "disk_full",
            loggia_store::Health::Stopped(_) => "stopped",
        },
        oldest: totals.oldest,
        newest: totals.newest,
    })
}

/// Every watched camera's health.
#[utoipa::path(get, path = "/api/v1/cameras", tag = "operator",
    responses((status = 200, body = [CameraHealth])))]
pub(super) async fn cameras(
    State(desk): State<Arc<Desk>>,
) -> Result<Json<Vec<CameraHealth>>, Problem> {
    Ok(Json(apart(move || with_labels(&desk)).await?))
}

/// How much is stored and how long it will do.
#[utoipa::path(get, path = "/api/v1/storage", tag = "operator",
    responses((status = 200, body = Storage)))]
pub(super) async fn storage(State(desk): State<Arc<Desk>>) -> Result<Json<Storage>, Problem> {
    Ok(Json(apart(move || storage_of(&desk)).await?))
}

/// Who follows the events now. One person's pages do not take the places of others.
#[derive(Debug, Default)]
pub(super) struct Streams(Mutex<HashMap<PersonId, usize>>);

/// A place; dropping it frees it.
struct StreamPlace(Arc<Streams>, PersonId);

impl Streams {
    fn place(all: &Arc<Self>, person: &PersonId) -> Result<StreamPlace, Fault> {
        let mut places = all.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = places.get(person).copied().unwrap_or(0);
        if own >= STREAMS_OF_PERSON_MAX || places.values().sum::<usize>() >= STREAMS_MAX {
            return Err(Fault::Busy(
                "too many pages follow the events; close one and try again".to_owned(),
            ));
        }
        places.insert(person.clone(), own + 1);
        Ok(StreamPlace(Arc::clone(all), person.clone()))
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut places = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        match places.get_mut(&self.1) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                places.remove(&self.1);
            }
        }
    }
}

/// What a page has been told already.
#[derive(Default)]
struct Told {
    health: HashMap<CameraId, Health>,
    storage: Option<Storage>,
    log: Option<u64>,
    alarms: Option<u64>,
    requests: HashMap<RequestId, String>,
}

impl Told {
    /// The events since the last look, for this person's eyes.
    fn news(&mut self, desk: &Desk, who: &Actor) -> Result<Vec<Event>, Error> {
        let mut news = Vec::new();
        let mut tell = |kind: &str, data: serde_json::Value| {
            news.push(Event::default().event(kind).data(data.to_string()));
        };
        if [Role::Operator, Role::Administrator, Role::Auditor]
            .iter()
            .any(|r| who.has(*r))
        {
            let mut changed = with_labels(desk)?;
            changed.retain(|c| self.health.get(&c.health.id) != Some(&c.health));
            for some in changed.chunks(CAMERAS_IN_EVENT) {
                tell("health", serde_json::json!(some));
            }
            let now_told = changed.into_iter().map(|c| (c.health.id, c.health));
            self.health.extend(now_told);
            let storage = storage_of(desk)?;
            if self.storage.as_ref() != Some(&storage) {
                tell("storage", serde_json::json!(storage));
                self.storage = Some(storage);
            }
            let revision = desk.rooms.watch.revision();
            if self.alarms != Some(revision) {
                tell("alarms", serde_json::json!({ "revision": revision }));
                self.alarms = Some(revision);
            }
        }
        let size = desk.rooms.log.size();
        if self.log != Some(size) {
            tell("log", serde_json::json!({ "size": size }));
            self.log = Some(size);
        }
        for request in desk.rooms.policy.request_views(who).unwrap_or_default() {
            let state = serde_json::json!({ "id": request.id, "state": request.state });
            let text = state.to_string();
            if self.requests.get(&request.id) != Some(&text) {
                tell("request", state);
                self.requests.insert(request.id, text);
            }
        }
        Ok(news)
    }
}

/// Live events: `health` (a list of cameras), `storage`, `alarms` (operators; the last says only that
/// list or notes have changed), `log`, `request` (whom it concerns). The first of each tell how
/// things stand, the later ones what has changed.
#[utoipa::path(get, path = "/api/v1/events", tag = "operator",
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = 503, description = "too many streams")))]
pub(super) async fn events(
    State(desk): State<Arc<Desk>>,
    Me(who): Me,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let place = Streams::place(&desk.streams, &who.person)?;
    let (to, from) = mpsc::channel(EVENTS_WAITING);
    tokio::spawn(async move {
        let _place = place;
        let mut told = Told::default();
        let mut turn = tokio::time::interval(LOOK_EVERY);
        for _ in 0..LOOKS_MAX {
            tokio::select! {
                _ = turn.tick() => {}
                () = to.closed() => return,
            }
            let (desk, who) = (Arc::clone(&desk), who.clone());
            let looked = tokio::task::spawn_blocking(move || {
                // Who may no longer hears no more: disabled, or behind the glass when it is shut.
                let here = desk.rooms.policy.still_here(&who).unwrap_or(false);
                let news = here.then(|| told.news(&desk, &who));
                (told, news)
            });
            let Ok((back, Some(news))) = looked.await else {
                return;
            };
            told = back;
            for event in news.unwrap_or_default() {
                // A page that does not read is dropped rather than waited for.
                if to.try_send(Ok(event)).is_err() {
                    return;
                }
            }
        }
    });
    Ok(Sse::new(ReceiverStream::new(from)).keep_alive(KeepAlive::default()))
}
