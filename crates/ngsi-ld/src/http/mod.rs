//! The NGSI-LD API over HTTP (clause 6): each operation a route, in one table. Never decides what
//! an update makes of an entity, never keeps one.

mod answer;
mod attributes;
mod batch;
mod call;
mod discovery;
mod entities;
mod entity_maps;
mod fetch;
mod info;
mod join;
mod json_contexts;
mod media;
mod paging;
mod query;
mod subscriptions;
mod temporal;
mod view;

use std::future::Future;
use std::sync::Arc;

use axum::extract::{RawPathParams, Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use loggia_api::{Access, Route};

use crate::broker::Broker;
use crate::history::{Following, HistoryReader, INSTANCES_PER_ANSWER, Progress};
use answer::Failure;
use call::Call;

pub use fetch::{Fetch, FetchFrom};

/// Where the API begins (clause 6.2).
pub const BASE: &str = "/ngsi-ld/v1";

/// The largest body: 10,000 entities of 1.6 kB in one batch.
pub const BODY_BYTES_MAX: usize = 16 << 20;

/// What every operation has at hand.
#[derive(Debug)]
pub struct App {
    /// The entities.
    pub broker: Arc<Broker>,
    /// How @contexts from elsewhere are had.
    pub fetch: Fetch,
    /// How the entities evolved.
    pub history: Evolution,
}

/// The history that the temporal API reads.
#[derive(Debug, Clone)]
pub struct Evolution {
    /// Its reader.
    pub reader: HistoryReader,
    /// How far it has come behind the log.
    pub progress: Arc<Progress>,
    /// Instances in one answer; what goes beyond is on other pages (clause 6.3.10).
    pub instances_max: usize,
}

impl Evolution {
    /// With the limits of this release.
    #[must_use]
    pub fn of(following: &Following) -> Self {
        Self {
            reader: following.reader().clone(),
            progress: following.progress().clone(),
            instances_max: INSTANCES_PER_ANSWER,
        }
    }
}

/// All routes of the data plane.
#[must_use]
pub fn routes(app: &Arc<App>) -> Vec<Route> {
    let mut all = entities::routes(app);
    all.extend(attributes::routes(app));
    all.extend(batch::routes(app));
    all.extend(query::routes(app));
    all.extend(temporal::routes(app));
    all.extend(discovery::routes(app));
    all.extend(json_contexts::routes(app));
    all.extend(info::routes(app));
    all.extend(subscriptions::routes(app));
    all.extend(entity_maps::routes(app));
    let bare: Vec<Route> = all.iter().filter_map(without_slash).collect();
    all.extend(bare);
    all
}

/// Collections have a slash behind in table 6.2-1, and none in its figures: both are answered.
fn without_slash(route: &Route) -> Option<Route> {
    Some(Route {
        path: route.path.strip_suffix('/')?,
        access: route.access,
        handler: route.handler.clone(),
        method: route.method.clone(),
    })
}

/// What an operation gives.
type Answer = Result<Response, Failure>;

/// A route that reads its call whole before it begins.
fn route<F, R>(app: &Arc<App>, method: Method, path: &'static str, operation: F) -> Route
where
    F: Fn(Arc<App>, Call) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Answer> + Send + 'static,
{
    let handler = move |State(app): State<Arc<App>>, params: RawPathParams, request: Request| {
        let operation = operation.clone();
        async move {
            let call = match Call::read(&params, request).await {
                Ok(call) => call,
                Err(failure) => return failure.answer(None),
            };
            let tenant = call.tenant.clone();
            match operation(app, call).await {
                Ok(answer) => answer::of_tenant(answer, &tenant),
                Err(failure) => failure.answer(Some(&tenant)),
            }
        }
    };
    let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
    let router: MethodRouter<Arc<App>> = on(filter, handler);
    Route {
        path,
        access: Access::Data,
        handler: router.with_state(app.clone()),
        method,
    }
}
