//! How the data plane is run, over Loggia's own API (`/api/v1/data-plane/…`): what is brought along
//! for it, who may use it with a key, and what could not be delivered. Never speaks NGSI-LD: that
//! is `http`.

mod contexts;
mod keys;
mod letters;

use std::sync::Arc;

use loggia_api::{Access, Problem, Route};
use loggia_model::{Fault, Role};

use crate::broker::Broker;
use crate::error::Error;

/// Whoever works at the wall, and whoever looks after the machines.
const RUN: Access = Access::AnyOf(&[Role::Operator, Role::Administrator]);

/// What these routes work with.
#[derive(Debug)]
pub struct Admin {
    /// The entities, and the @contexts that they are read with.
    pub broker: Arc<Broker>,
    /// New and from the machine; nothing if it has none to give.
    pub random: fn() -> Option<[u8; 32]>,
}

/// Rows of a page, when nothing else is asked for.
const PAGE: usize = 100;
/// Rows of a page at most: 1,000 of 1 kB.
const PAGE_MAX: usize = 1_000;

/// The part of the OpenAPI document that is about running the data plane.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(
    paths(
        contexts::import,
        keys::list,
        keys::make,
        keys::one,
        keys::revoke,
        letters::list,
        letters::one,
        letters::replay,
        letters::replay_all,
        letters::drop_one,
        letters::lanes
    ),
    components(schemas(
        contexts::Bundle,
        contexts::Document,
        contexts::Taken,
        keys::KeyAsked,
        keys::KeyShown,
        keys::KeyState,
        keys::KeyMade,
        keys::KeyPage,
        letters::DeadLetter,
        letters::WholeLetter,
        letters::LetterPage,
        letters::ReplayAsked,
        letters::UnderWay,
        letters::DropAsked,
        letters::LaneShown,
        letters::LanePage
    ))
)]
pub struct OpenApi;

/// All of them.
#[must_use]
pub fn routes(admin: &Arc<Admin>) -> Vec<Route> {
    let mut all = contexts::routes(admin);
    all.extend(keys::routes(admin));
    all.extend(letters::routes(admin));
    all
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        match e {
            Error::NotFound(_) | Error::NoTenant(_) => Self::NotFound(e.to_string()),
            Error::AlreadyExists(_) | Error::TooMany(_) => Self::Conflict(e.to_string()),
            Error::Forbidden(what) => Self::Forbidden(what),
            Error::Unknown(what) => Self::Unsigned(what),
            Error::Busy => Self::Busy(e.to_string()),
            Error::Broken(why) => {
                tracing::error!(why, "data plane");
                Self::Broken("something broke here; the server's log says what".to_owned())
            }
            other => Self::Invalid(other.to_string()),
        }
    }
}

/// Work that waits for the disk, apart from the threads that answer everybody.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Problem(Fault::Broken("the call broke off".to_owned()))),
    }
}
