//! @contexts as a resource: added, listed, served and deleted (clauses 6.29 and 6.30). Never serves
//! somebody else's @context as the city's own.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use loggia_api::Route;

use super::answer::{self, Failure, created, empty, in_path};
use super::call::{Call, Flag};
use super::media::{Geo, Media, of_answer};
use super::{Answer, App, route};
use crate::broker::{ContextKind, HeldContext};
use crate::context::{core_document, core_version};
use crate::error::Error;
use crate::json::Json;

pub(super) const ALL: &str = "/ngsi-ld/v1/jsonldContexts/";
const ONE: &str = "/ngsi-ld/v1/jsonldContexts/{contextId}";

pub(super) fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route(app, Method::POST, ALL, add),
        route(app, Method::GET, ALL, list),
        route(app, Method::GET, ONE, serve),
        route(app, Method::DELETE, ONE, delete),
    ]
}

/// Clause 6.29.3.1.
async fn add(app: Arc<App>, call: Call) -> Answer {
    app.only_in_body(&call, call.body_media()?)?;
    let body = call.json()?;
    if let Some(context) = body.get("@context") {
        app.compile(context).await?;
    }
    let (id, kept) = app.broker.host_context(&body, &call.base())?;
    kept.await?;
    Ok(created(&format!("{ALL}{}", in_path(&id))))
}

/// Clause 6.29.3.2.
async fn list(app: Arc<App>, call: Call) -> Answer {
    let kind = match call.param("kind")? {
        None => None,
        Some(word) => Some(ContextKind::of_word(word).ok_or_else(|| {
            Error::bad(
                "kind",
                "Hosted, Cached or ImplicitlyCreated (clause 5.13.3)",
            )
        })?),
    };
    let media = of_answer(&call.headers, Geo::Not)?;
    let held = app.broker.contexts().list(kind);
    let list = match call.flag("details")? {
        Flag::Set => held.iter().map(details).collect(),
        Flag::Unset => held.iter().map(|h| Json::from(&*h.url)).collect(),
    };
    Ok(plain(media, &Json::Array(list)))
}

/// Clause 6.30.3.1.
async fn serve(app: Arc<App>, call: Call) -> Answer {
    let id = call.path("contextId");
    let media = of_answer(&call.headers, Geo::Not)?;
    let details_asked = call.flag("details")?;
    if let Some(document) = core_version(id).and_then(core_document) {
        return Ok(plain(media, &document));
    }
    let Some(held) = app.broker.contexts().get(id) else {
        return Err(Error::NotFound(format!("there is no @context {id}")).into());
    };
    if details_asked == Flag::Set {
        return Ok(plain(media, &details(&held)));
    }
    if held.kind == ContextKind::Cached {
        let what = "this @context is cached from elsewhere: fetch it from its own URL";
        return Err(Error::NotSupported(what.to_owned()).into());
    }
    Ok(plain(media, &held.document))
}

/// Clause 6.30.3.2.
async fn delete(app: Arc<App>, call: Call) -> Answer {
    let id = call.path("contextId");
    let reload = call.flag("reload")?;
    let Some(held) = app.broker.contexts().get(id) else {
        return Err(Error::NotFound(format!("there is no @context {id}")).into());
    };
    match (reload, held.kind) {
        (Flag::Set, ContextKind::Cached) => app.bring(&held.url).await.map_err(|e| match e {
            // Here what is there but is none counts as not to be had (clause 5.13.5.4).
            Failure::Told(Error::ContextInvalid(why)) => {
                let url = held.url.to_string();
                Error::ContextUnavailable { url, why }.into()
            }
            other => other,
        })?,
        (Flag::Set, _) => {
            let what = "only an @context that is cached from elsewhere is reloaded";
            return Err(Error::bad("reload", what).into());
        }
        (Flag::Unset, _) => app.broker.drop_context(&held.local_id)?.await?,
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

/// What is told of an @context (clause 5.13.4).
fn details(held: &HeldContext) -> Json {
    let mut members: Vec<(Box<str>, Json)> = vec![
        ("URL".into(), Json::from(&*held.url)),
        ("localId".into(), Json::from(&*held.local_id)),
        ("kind".into(), Json::from(held.kind.word())),
        ("createdAt".into(), Json::from(&*held.at.to_string())),
        // As versions before 1.9 had it: clients of theirs look here.
        ("timestamp".into(), Json::from(&*held.at.to_string())),
        ("numberOfHits".into(), Json::Number(held.hits.into())),
    ];
    if let Some(at) = held.expires_at {
        members.push(("expiresAt".into(), Json::from(&*at.to_string())));
    }
    if let Some(at) = held.used_at {
        members.push(("lastUsage".into(), Json::from(&*at.to_string())));
    }
    Json::Object(members.into())
}

fn plain(media: Media, json: &Json) -> axum::response::Response {
    let mut out = Vec::new();
    crate::json::write_json(&mut out, json);
    answer::body(media, out, None)
}
