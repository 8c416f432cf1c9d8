//! The NGSI-LD API over HTTP (clause 6): each operation a route, in one table. Never decides what
//! an update makes of an entity, never keeps one.

mod answer;
mod attributes;
mod batch;
pub(crate) mod call;
mod discovery;
mod entities;
mod entity_maps;
mod fetch;
mod info;
mod join;
mod json_contexts;
mod media;
mod openapi;
mod paging;
mod query;
mod rate;
mod subscriptions;
mod temporal;
mod view;

use std::future::Future;
use std::sync::Arc;

use axum::extract::{RawPathParams, Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use loggia_api::{Access, Device, Route};

use crate::broker::{Broker, Caller as _, Whose};
use crate::error::Error;
use crate::history::{Following, HistoryReader, INSTANCES_PER_ANSWER, Progress};
use answer::Failure;
use call::{Call, TENANT};

pub use fetch::{Fetch, FetchFrom};
pub use openapi::description;
pub use rate::{CALLS_PER_S, Rate};

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
    /// How often one caller may call.
    pub rate: Rate,
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

impl App {
    /// A call of a device is about the tenant of its key, as far as the key goes.
    fn by_device(&self, call: &mut Call, device: Device) -> Result<(), Failure> {
        let key = self.broker.key(device.0)?;
        if call.headers.contains_key(TENANT) && *call.whose.tenant() != *key.tenant {
            let own = match &*key.tenant {
                "" => "the default tenant".to_owned(),
                own => format!("the tenant {own}"),
            };
            return Err(Error::Forbidden(format!("this key is for {own}")).into());
        }
        // What a name means is everybody's: devices use @contexts, and do not make them.
        let contexts = json_contexts::ALL.trim_end_matches('/');
        if call.uri.path().starts_with(contexts) && call.method != Method::GET {
            let what = "devices add and delete no @contexts: an operator does";
            return Err(Error::Forbidden(what.to_owned()).into());
        }
        call.whose = Whose::of_device(key);
        Ok(())
    }
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
            let (who, request) = rate::Who::of(request);
            if let Err(failure) = app.rate.count(who, app.broker.mono()) {
                return failure.answer(None);
            }
            let device = request.extensions().get::<Device>().copied();
            let mut call = match Call::read(&params, request).await {
                Ok(call) => call,
                Err(failure) => return failure.answer(None),
            };
            if let Some(device) = device
                && let Err(failure) = app.by_device(&mut call, device)
            {
                return failure.answer(None);
            }
            let whose = call.whose.clone();
            match operation(app, call).await {
                Ok(answer) => answer::of_tenant(answer, whose.tenant()),
                Err(failure) => failure.answer(Some(whose.tenant())),
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
