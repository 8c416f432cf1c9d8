//! Entity maps: the result of a query, to page through (clauses 5.14, 6.32, 6.34 and 6.35). Never
//! answers with entities; queries do.

use std::sync::Arc;

use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use loggia_api::Route;

use super::answer::{Failure, empty, in_path};
use super::call::{Call, Flag};
use super::discovery::with_context;
use super::media::{Geo, Media, of_answer};
use super::view::Asked;
use super::{Answer, App, BASE, query, route, temporal};
use crate::broker::{EntityMap, Whose};
use crate::context::Context;
use crate::error::Error;
use crate::temporal::Period;
use crate::time::Time;

const ONE: &str = "/ngsi-ld/v1/entityMaps/{entityMapId}";
const ALL: &str = "/ngsi-ld/v1/entityMaps/";
const TEMPORAL: &str = "/ngsi-ld/v1/temporal/entityMaps/";
/// The header of tables 6.4.3.2-2 and 6.34.3.1-1.
const HEADER: &str = "ngsild-entitymap";

pub(super) fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route(app, Method::GET, ALL, query::map),
        route(app, Method::POST, ALL, query::map_by_body),
        route(app, Method::GET, TEMPORAL, temporal::map),
        route(app, Method::POST, TEMPORAL, temporal::map_by_body),
        route(app, Method::GET, ONE, retrieve),
        route(app, Method::PATCH, ONE, change),
        route(app, Method::DELETE, ONE, delete),
    ]
}

/// What a query says of maps.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// The one to be used, if it is still there.
    known: Option<Box<str>>,
    /// How long a new one is wanted to live.
    lifetime: Option<Period>,
}

impl Wish {
    /// `entityMap`, `entityMapLifetime`, and the header; nothing if no map is asked for.
    pub(super) fn read(call: &Call, asked: &impl Asked) -> Result<Option<Self>, Failure> {
        let flag = match asked.text("entityMap")?.as_deref() {
            None | Some("false") => Flag::Unset,
            Some("true") => Flag::Set,
            Some(_) => return Err(Error::bad("entityMap", "it is true or false").into()),
        };
        let known = call.headers.get(HEADER).map(|value| {
            let text = value.to_str().ok().and_then(id_of);
            text.ok_or_else(|| Error::bad("NGSILD-EntityMap", "the URI of an EntityMap is needed"))
        });
        let wish = Self {
            known: known.transpose()?,
            lifetime: asked
                .text("entityMapLifetime")?
                .map(|t| lifetime(&t))
                .transpose()?,
        };
        Ok((flag == Flag::Set || wish.known.is_some()).then_some(wish))
    }

    /// The same where a map is what is asked for.
    pub(super) fn read_for_map(asked: &impl Asked) -> Result<Self, Failure> {
        Ok(Self {
            known: None,
            lifetime: asked
                .text("entityMapLifetime")?
                .map(|t| lifetime(&t))
                .transpose()?,
        })
    }

    /// The map that was named, if it is still there.
    pub(super) fn known(&self, app: &App, call: &Call) -> Option<EntityMap> {
        let id = self.known.as_deref()?;
        app.broker.entity_map(&call.whose, id).ok()
    }

    /// Makes a map.
    pub(super) fn made(
        &self,
        app: &App,
        whose: &Whose,
        ids: Vec<Box<str>>,
    ) -> Result<EntityMap, Error> {
        let now = app.broker.now();
        let until = self
            .lifetime
            .map(|l| Time::of_micros(l.after(now.micros())));
        app.broker.map_entities(whose, ids, until)
    }
}

/// An id out of what a client was given: the path of a map, or its id alone.
fn id_of(text: &str) -> Option<Box<str>> {
    let id = text.rsplit('/').next().unwrap_or_default();
    let id = form_urlencoded::parse(id.as_bytes()).next()?.0;
    crate::is_uri(&id).then(|| (&*id).into())
}

fn lifetime(text: &str) -> Result<Period, Failure> {
    let read = Period::read(text).ok().filter(|p| !p.is_whole());
    let what = "a duration like PT15M is needed (ISO 8601)";
    read.ok_or_else(|| Error::bad("entityMapLifetime", what).into())
}

/// Says which map an answer goes by, and whether it is new (table 6.4.3.2-3).
pub(super) fn told(mut answer: Response, map: &EntityMap, new: Novelty) -> Response {
    let path = format!("{BASE}/entityMaps/{}", in_path(&map.id));
    if let Ok(value) = HeaderValue::from_str(&path) {
        answer.headers_mut().insert(HEADER, value);
    }
    if new == Novelty::New && answer.status() == StatusCode::OK {
        *answer.status_mut() = StatusCode::CREATED;
    }
    answer
}

/// Whether a map was made for this answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Novelty {
    New,
    Known,
}

/// A map as an answer.
pub(super) fn shown(app: &App, call: &Call, context: &Context, map: &EntityMap) -> Answer {
    let media = of_answer(&call.headers, Geo::Not)?;
    let body = match media {
        Media::JsonLd => with_context(map.json(), context),
        _ => map.json(),
    };
    let mut out = Vec::new();
    crate::json::write_json(&mut out, &body);
    app.answer(call, media, context, out)
}

fn id(call: &Call) -> Result<&str, Failure> {
    let id = call.path("entityMapId");
    match crate::is_uri(id) {
        true => Ok(id),
        false => Err(Error::bad("id", "an EntityMap's id is a URI").into()),
    }
}

/// Clause 6.32.3.1.
async fn retrieve(app: Arc<App>, call: Call) -> Answer {
    let context = app.context_of(&call).await?;
    let map = app.broker.entity_map(&call.whose, id(&call)?)?;
    shown(&app, &call, &context, &map)
}

/// Clause 6.32.3.2.
async fn change(app: Arc<App>, call: Call) -> Answer {
    let id = id(&call)?;
    let (fragment, _) = app.body(&call).await?;
    app.broker.change_entity_map(&call.whose, id, &fragment)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Clause 6.32.3.3.
async fn delete(app: Arc<App>, call: Call) -> Answer {
    app.broker.forget_entity_map(&call.whose, id(&call)?)?;
    Ok(empty(StatusCode::NO_CONTENT))
}
