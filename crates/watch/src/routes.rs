//! Alarms, notes and views over HTTP: who works at the wall acts, who looks after the machines
//! reads. Never an alarm acted on without a name beside it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use loggia_model::{At, Fault, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::alarm::{Alarm, Deed, Kind, Priority, Shelf, State as AlarmState};
use crate::room::{Note, Rate, View, Watch};
use crate::{Error, Shelving};

/// The list and how many alarms call.
#[derive(Debug, Serialize, ToSchema)]
struct AlarmList {
    /// What is on the list, the most urgent first.
    alarms: Vec<Alarm>,
    /// How many alarms were raised lately.
    rate: Rate,
}

/// Why an alarm is set aside, and until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShelfAsked {
    /// When it ends by itself: within 12 hours.
    #[schema(value_type = i64)]
    until: At,
    /// Why, in one line of words.
    reason: String,
}

/// Words for the next shift.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoteAsked {
    /// 1 to 4,000 characters.
    text: String,
}

/// A view to keep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ViewAsked {
    /// What the person calls it, at most 60 characters.
    name: String,
    /// The query part of the page's address, at most 500 characters.
    query: String,
}

/// The alarm list's part of the OpenAPI document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(
    paths(
        list,
        acknowledge,
        shelve,
        unshelve,
        notes,
        hand_over,
        views,
        keep_view,
        drop_view
    ),
    components(schemas(
        AlarmList, Alarm, AlarmState, Priority, Kind, Deed, Shelf, Rate, ShelfAsked, Note,
        NoteAsked, View, ViewAsked
    ))
)]
pub struct OpenApi;

/// The alarm list's endpoints.
#[must_use]
pub fn routes(watch: &Arc<Watch>) -> Vec<Route> {
    const READ: Access = Access::AnyOf(&[Role::Operator, Role::Administrator]);
    const ACT: Access = Access::AnyOf(&[Role::Operator]);
    let w = || Arc::clone(watch);
    let ack = "/api/v1/alarms/{id}/acknowledge";
    let shelf = "/api/v1/alarms/{id}/shelf";
    let view = "/api/v1/ops/views/{slot}";
    vec![
        Route::get("/api/v1/alarms", READ, get(list).with_state(w())),
        Route::post(ack, ACT, post(acknowledge).with_state(w())),
        Route::put(shelf, ACT, put(shelve).with_state(w())),
        Route::delete(shelf, ACT, axum::routing::delete(unshelve).with_state(w())),
        Route::get("/api/v1/ops/notes", READ, get(notes).with_state(w())),
        Route::post("/api/v1/ops/notes", ACT, post(hand_over).with_state(w())),
        Route::get("/api/v1/ops/views", READ, get(views).with_state(w())),
        Route::put(view, READ, put(keep_view).with_state(w())),
        Route::delete(view, READ, axum::routing::delete(drop_view).with_state(w())),
    ]
}

/// Runs table work off the async threads.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Problem(Fault::Broken(
            "the alarm list did not answer".to_owned(),
        ))),
    }
}

/// What is on the alarm list, and the alarm rate.
#[utoipa::path(get, path = "/api/v1/alarms", tag = "operator",
    responses((status = 200, body = AlarmList)))]
async fn list(State(watch): State<Arc<Watch>>) -> Result<Json<AlarmList>, Problem> {
    let read = apart(move || {
        Ok(AlarmList {
            rate: watch.rate()?,
            alarms: watch.list(),
        })
    });
    Ok(Json(read.await?))
}

/// Says that one knows of an alarm.
#[utoipa::path(post, path = "/api/v1/alarms/{id}/acknowledge", tag = "operator",
    params(("id" = String, Path, description = "the alarm's name")),
    responses((status = 204), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn acknowledge(
    State(watch): State<Arc<Watch>>,
    Me(me): Me,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    apart(move || watch.acknowledge(id.parse()?, &me.person)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets an alarm aside until a time, for a reason.
#[utoipa::path(put, path = "/api/v1/alarms/{id}/shelf", tag = "operator", request_body = ShelfAsked,
    params(("id" = String, Path, description = "the alarm's name")),
    responses((status = 204), (status = 400, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn shelve(
    State(watch): State<Arc<Watch>>,
    Me(me): Me,
    Path(id): Path<String>,
    Json(asked): Json<ShelfAsked>,
) -> Result<StatusCode, Problem> {
    let why = Shelving {
        until: asked.until,
        reason: asked.reason,
    };
    apart(move || watch.shelve(id.parse()?, &me.person, why)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an alarm off the shelf: what is still so calls anew.
#[utoipa::path(delete, path = "/api/v1/alarms/{id}/shelf", tag = "operator",
    params(("id" = String, Path, description = "the alarm's name")),
    responses((status = 204), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn unshelve(
    State(watch): State<Arc<Watch>>,
    Me(me): Me,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    apart(move || watch.unshelve(id.parse()?, &me.person)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The last 50 hand-over notes, the newest first.
#[utoipa::path(get, path = "/api/v1/ops/notes", tag = "operator",
    responses((status = 200, body = [Note])))]
async fn notes(State(watch): State<Arc<Watch>>) -> Result<Json<Vec<Note>>, Problem> {
    Ok(Json(apart(move || watch.notes()).await?))
}

/// Writes a hand-over note.
#[utoipa::path(post, path = "/api/v1/ops/notes", tag = "operator", request_body = NoteAsked,
    responses((status = 201, body = Note), (status = 400, body = ProblemBody)))]
async fn hand_over(
    State(watch): State<Arc<Watch>>,
    Me(me): Me,
    Json(asked): Json<NoteAsked>,
) -> Result<(StatusCode, Json<Note>), Problem> {
    let note = apart(move || watch.hand_over(&me.person, &asked.text)).await?;
    Ok((StatusCode::CREATED, Json(note)))
}

/// One's own saved views.
#[utoipa::path(get, path = "/api/v1/ops/views", tag = "operator",
    responses((status = 200, body = [View])))]
async fn views(State(watch): State<Arc<Watch>>, Me(me): Me) -> Result<Json<Vec<View>>, Problem> {
    Ok(Json(apart(move || watch.views(&me.person)).await?))
}

/// Keeps a view under a number.
#[utoipa::path(put, path = "/api/v1/ops/views/{slot}", tag = "operator", request_body = ViewAsked,
    params(("slot" = u8, Path, description = "1 to 9")),
    responses((status = 204), (status = 400, body = ProblemBody)))]
async fn keep_view(
    State(watch): State<Arc<Watch>>,
    Me(me): Me,
    Path(slot): Path<u8>,
    Json(asked): Json<ViewAsked>,
) -> Result<StatusCode, Problem> {
    let view = View {
        slot,
        name: asked.name,
        query: asked.query,
    };
    apart(move || watch.keep_view(&me.person, &view)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets the view under a number.
#[utoipa::path(delete, path = "/api/v1/ops/views/{slot}", tag = "operator",
    params(("slot" = u8, Path, description = "1 to 9")),
    responses((status = 204), (status = 400, body = ProblemBody)))]
async fn drop_view(
    State(watch): State<Arc<Watch>>,
    Me(me): Me,
    Path(slot): Path<u8>,
) -> Result<StatusCode, Problem> {
    apart(move || watch.drop_view(&me.person, slot)).await?;
    Ok(StatusCode::NO_CONTENT)
}
