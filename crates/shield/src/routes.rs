//! The inventory over HTTP, for the city's people. Never shows a password.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use loggia_api::{Access, Problem, Route};
use loggia_model::{CameraId, Fault, Role};

use crate::{AskMasks, CameraDecl, Enrolled, Shield};

/// The inventory's part of the OpenAPI document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(list, enroll, retire), components(schemas(Enrolled, CameraDecl)))]
pub struct OpenApi;

/// The inventory, and who asks a camera for its masks before it is enrolled.
struct Desk {
    shield: Arc<Shield>,
    ask: Arc<AskMasks<'static>>,
}

/// The inventory's endpoints; `ask` asks a camera for its privacy masks.
#[must_use]
pub fn routes(shield: &Arc<Shield>, ask: Arc<AskMasks<'static>>) -> Vec<Route> {
    use axum::routing::{delete, get, post};
    const READ: Access = Access::AnyOf(&[Role::Operator, Role::Administrator, Role::Auditor]);
    const CHANGE: Access = Access::AnyOf(&[Role::Administrator]);
    let desk = Arc::new(Desk {
        shield: Arc::clone(shield),
        ask,
    });
    vec![
        Route::get(
            "/api/v1/inventory",
            READ,
            get(list).with_state(Arc::clone(shield)),
        ),
        Route::post("/api/v1/inventory", CHANGE, post(enroll).with_state(desk)),
        Route::delete(
            "/api/v1/inventory/{id}",
            CHANGE,
            delete(retire).with_state(Arc::clone(shield)),
        ),
    ]
}

/// Runs database and log work off the async threads.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::Error> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Problem(Fault::Broken(
            "the inventory did not answer".to_owned(),
        ))),
    }
}

/// Every camera that is or was in service.
#[utoipa::path(get, path = "/api/v1/inventory", tag = "inventory",
    responses((status = 200, body = [Enrolled])))]
async fn list(State(shield): State<Arc<Shield>>) -> Result<Json<Vec<Enrolled>>, Problem> {
    Ok(Json(apart(move || shield.list_all()).await?))
}

/// Takes a camera into the inventory: the camera is asked for its privacy masks first, and the
/// entry in the public log comes before the row.
#[utoipa::path(post, path = "/api/v1/inventory", tag = "inventory", request_body = CameraDecl,
    responses((status = 201, body = Enrolled),
        (status = 409, description = "the camera does not bear the declaration out")))]
async fn enroll(
    State(desk): State<Arc<Desk>>,
    Json(decl): Json<CameraDecl>,
) -> Result<(StatusCode, Json<Enrolled>), Problem> {
    let enrolled = apart(move || desk.shield.enroll(&decl, desk.ask.as_ref())).await?;
    Ok((StatusCode::CREATED, Json(enrolled)))
}

/// Takes a camera out of service.
#[utoipa::path(delete, path = "/api/v1/inventory/{id}", tag = "inventory",
    params(("id" = u32, Path, description = "the camera's number")),
    responses((status = 200, body = Enrolled)))]
async fn retire(
    State(shield): State<Arc<Shield>>,
    Path(id): Path<u32>,
) -> Result<Json<Enrolled>, Problem> {
    Ok(Json(apart(move || shield.retire(CameraId(id))).await?))
}
