//! The recorder over HTTP: health and storage for the operator, timelines for who may ask, sealed
//! records for who holds a permit. Never decrypts, never answers for footage without a permit.

mod evidence;
mod footage;
mod live;
mod operator;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use loggia_api::{Access, Problem, Route, Secure};
use loggia_model::{At, CameraId, Clock, Fault, PersonId, RequestId, Role};
use loggia_policy::Policy;
use loggia_seal::RecorderPublic;
use loggia_shield::Shield;
use loggia_store::Blobs;
use loggia_transparency::Log;
use loggia_watch::Watch;

use crate::{Gallery, Ward};

/// What the endpoints read.
pub struct Rooms {
    /// The cameras' health: [`crate::Recorder::ward`].
    pub recorder_ward: Arc<Ward>,
    /// Seats for live viewers: [`crate::Recorder::gallery`].
    pub gallery: Arc<Gallery>,
    /// Sealed records.
    pub blobs: Arc<Blobs>,
    /// Gives permits.
    pub policy: Arc<Policy>,
    /// The inventory, for labels.
    pub shield: Arc<Shield>,
    /// The alarm list, for its revision.
    pub watch: Arc<Watch>,
    /// The public log, for its size.
    pub log: Log,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Under which name a session's cookie comes.
    pub secure: Secure,
    /// Every recorder whose records are stored, for whoever checks the chain.
    pub recorder_keys: Vec<RecorderPublic>,
}

/// Rooms and what the handlers remember.
pub(crate) struct Desk {
    pub(crate) rooms: Rooms,
    /// When a person's reading of a camera was last noted in the access log.
    pub(crate) noted: Mutex<HashMap<(PersonId, RequestId, CameraId), At>>,
    /// Places for live events.
    streams: Arc<operator::Streams>,
}

/// The recorder's part of the OpenAPI document.
#[derive(Debug)]
pub struct OpenApi;

impl utoipa::OpenApi for OpenApi {
    fn openapi() -> utoipa::openapi::OpenApi {
        let mut document = operator::Api::openapi();
        document.merge(evidence::Api::openapi());
        document.merge(footage::Api::openapi());
        document.merge(live::Api::openapi());
        document
    }
}

/// Who watches machines.
const WATCHERS: Access = Access::AnyOf(&[Role::Operator, Role::Administrator, Role::Auditor]);
/// Who asks for footage, or decides on it, and so sees what became of it.
const ASKERS: [Role; 4] = [
    Role::Investigator,
    Role::Approver,
    Role::Custodian,
    Role::Auditor,
];
/// Who sees a timeline: those, and who watches machines, without what became of a span.
const TIMED: Access = Access::AnyOf(&[
    Role::Investigator,
    Role::Approver,
    Role::Custodian,
    Role::Auditor,
    Role::Operator,
]);
/// Whose request may have been opened; the permit is asked for by each call.
const REQUESTERS: Access = Access::AnyOf(&[Role::Investigator, Role::Auditor]);

/// Whose live view in an incident may have been approved.
const VIEWERS: Access = Access::AnyOf(&[Role::Investigator]);

/// The recorder's endpoints.
#[must_use]
pub fn routes(rooms: Rooms) -> Vec<Route> {
    use axum::routing::{get, post};
    let desk = Arc::new(Desk {
        rooms,
        noted: Mutex::default(),
        streams: Arc::default(),
    });
    let d = || Arc::clone(&desk);
    vec![
        Route::get(
            "/api/v1/cameras",
            WATCHERS,
            get(operator::cameras).with_state(d()),
        ),
        Route::get(
            "/api/v1/storage",
            WATCHERS,
            get(operator::storage).with_state(d()),
        ),
        Route::get(
            "/api/v1/events",
            Access::SignedIn,
            get(operator::events).with_state(d()),
        ),
        Route::get(
            "/api/v1/cameras/{id}/timeline",
            TIMED,
            get(evidence::timeline).with_state(d()),
        ),
        Route::get(
            "/api/v1/requests/{id}/footage",
            REQUESTERS,
            get(footage::list).with_state(d()),
        ),
        Route::get(
            "/api/v1/requests/{id}/footage/{camera}",
            REQUESTERS,
            get(footage::range).with_state(d()),
        ),
        Route::get(
            "/api/v1/requests/{id}/footage/{camera}/{seq}",
            REQUESTERS,
            get(footage::one).with_state(d()),
        ),
        Route::post(
            "/api/v1/requests/{id}/live/{camera}",
            VIEWERS,
            post(live::watch).with_state(d()),
        ),
    ]
}

/// Runs table and disk work off the async threads.
async fn apart<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Problem>
where
    T: Send + 'static,
    E: Into<Fault> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Problem(Fault::Broken(
            "the recorder's tables did not answer".to_owned(),
        ))),
    }
}
