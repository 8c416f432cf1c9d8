//! Which types and attributes there are (clauses 6.25 to 6.28). Never names one that no entity has.

use std::sync::Arc;

use axum::http::Method;
use loggia_api::Route;

use super::answer::Failure;
use super::call::{Call, Flag};
use super::media::{Geo, of_answer};
use super::{Answer, App, route};
use crate::broker::{AttributeFound, TypeFound};
use crate::context::Context;
use crate::error::Error;
use crate::iri::{Iri, is_name};
use crate::json::Json;

pub(super) fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route(app, Method::GET, "/ngsi-ld/v1/types/", types),
        route(app, Method::GET, "/ngsi-ld/v1/types/{type}", one_type),
        route(app, Method::GET, "/ngsi-ld/v1/attributes/", attributes),
        route(
            app,
            Method::GET,
            "/ngsi-ld/v1/attributes/{attr}",
            one_attribute,
        ),
    ]
}

async fn types(app: Arc<App>, call: Call) -> Answer {
    let context = app.context_of(&call).await?;
    if call.flag("details")? == Flag::Unset {
        let names = app.broker.type_names(&call.whose)?;
        let list = names.iter().map(|n| text(&context.compact_name(n)));
        let body = list_of(&app, "EntityTypeList", "typeList", list.collect());
        return told(&app, &call, &context, body);
    }
    let tenant = call.whose.clone();
    let found = apart(&app, move |app| app.broker.types(&tenant)).await?;
    let each = found.iter().map(|t| {
        let names = t
            .attributes
            .iter()
            .map(|a| text(&context.compact_name(&a.name)));
        Json::object([
            ("id", Json::from(&*t.name)),
            ("type", Json::from("EntityType")),
            ("typeName", text(&context.compact_name(&t.name))),
            ("attributeNames", Json::Array(names.collect())),
        ])
    });
    told(&app, &call, &context, Json::Array(each.collect()))
}

async fn one_type(app: Arc<App>, call: Call) -> Answer {
    let context = app.context_of(&call).await?;
    let name = expanded(&context, call.path("type"))?;
    let tenant = call.whose.clone();
    let asked = name.clone();
    let found = apart(&app, move |app| app.broker.type_found(&tenant, &asked)).await?;
    let Some(found) = found else {
        return Err(Error::NotFound(format!("there is no entity of type {name}")).into());
    };
    told(&app, &call, &context, type_info(&found, &context))
}

fn type_info(found: &TypeFound, context: &Context) -> Json {
    let details = found.attributes.iter().map(|a| {
        Json::object([
            ("id", Json::from(&*a.name)),
            ("type", Json::from("Attribute")),
            ("attributeName", text(&context.compact_name(&a.name))),
            ("attributeTypes", kinds(a)),
        ])
    });
    Json::object([
        ("id", Json::from(&*found.name)),
        ("type", Json::from("EntityTypeInfo")),
        ("typeName", text(&context.compact_name(&found.name))),
        ("entityCount", Json::Number(found.count.into())),
        ("attributeDetails", Json::Array(details.collect())),
    ])
}

async fn attributes(app: Arc<App>, call: Call) -> Answer {
    let context = app.context_of(&call).await?;
    let tenant = call.whose.clone();
    let found = apart(&app, move |app| app.broker.attributes(&tenant)).await?;
    if call.flag("details")? == Flag::Unset {
        let list = found.iter().map(|a| text(&context.compact_name(&a.name)));
        let body = list_of(&app, "AttributeList", "attributeList", list.collect());
        return told(&app, &call, &context, body);
    }
    let each = found.iter().map(|a| {
        Json::object([
            ("id", Json::from(&*a.name)),
            ("type", Json::from("Attribute")),
            ("attributeName", text(&context.compact_name(&a.name))),
            ("typeNames", type_names(a, &context)),
        ])
    });
    told(&app, &call, &context, Json::Array(each.collect()))
}

async fn one_attribute(app: Arc<App>, call: Call) -> Answer {
    let context = app.context_of(&call).await?;
    let name = expanded(&context, call.path("attr"))?;
    let tenant = call.whose.clone();
    let found = apart(&app, move |app| app.broker.attributes(&tenant)).await?;
    let Some(found) = found.iter().find(|a| a.name == name) else {
        return Err(Error::NotFound(format!("no entity has an attribute {name}")).into());
    };
    let body = Json::object([
        ("id", Json::from(&*found.name)),
        ("type", Json::from("Attribute")),
        ("attributeName", text(&context.compact_name(&found.name))),
        ("attributeCount", Json::Number(found.count.into())),
        ("attributeTypes", kinds(found)),
        ("typeNames", type_names(found, &context)),
    ]);
    told(&app, &call, &context, body)
}

/// A look at many entities, off the threads that answer everybody.
async fn apart<T: Send + 'static>(
    app: &Arc<App>,
    look: impl FnOnce(&App) -> Result<T, Error> + Send + 'static,
) -> Result<T, Failure> {
    let app = app.clone();
    let looked = tokio::task::spawn_blocking(move || look(&app)).await;
    Ok(looked.map_err(|e| Error::Broken(format!("a look at all entities: {e}")))??)
}

/// An answer with its @context where the representation has it.
fn told(app: &App, call: &Call, context: &Context, body: Json) -> Answer {
    let media = of_answer(&call.headers, Geo::Not)?;
    let body = match media {
        super::media::Media::JsonLd => with_context(body, context),
        _ => body,
    };
    let mut out = Vec::new();
    crate::json::write_json(&mut out, &body);
    app.answer(call, media, context, out)
}

/// The same with its @context in it; a list has it in each of its objects.
pub(super) fn with_context(body: Json, context: &Context) -> Json {
    match body {
        Json::Object(members) => {
            let mut members = members.into_vec();
            members.push(("@context".into(), context.body().clone()));
            Json::Object(members.into())
        }
        Json::Array(items) => {
            let each = items.into_iter().map(|i| with_context(i, context));
            Json::Array(each.collect())
        }
        other => other,
    }
}

/// A list under a name of its own (clauses 5.2.24 and 5.2.27).
fn list_of(app: &App, kind: &str, member: &str, list: Vec<Json>) -> Json {
    let id = format!("urn:ngsi-ld:{kind}:{}", app.broker.now().micros());
    Json::object([
        ("id", Json::from(&*id)),
        ("type", Json::from(kind)),
        (member, Json::Array(list.into())),
    ])
}

fn text(name: &Arc<str>) -> Json {
    Json::from(&**name)
}

fn kinds(found: &AttributeFound) -> Json {
    Json::Array(found.kinds.iter().map(|k| Json::from(k.name())).collect())
}

fn type_names(found: &AttributeFound, context: &Context) -> Json {
    let names = found.types.iter().map(|t| text(&context.compact_name(t)));
    Json::Array(names.collect())
}

fn expanded(context: &Context, name: &str) -> Result<Iri, Failure> {
    let iri = context.expand_name(name).filter(|_| is_name(name));
    iri.ok_or_else(|| Error::bad(name, "this is no name (clause 4.6.2)").into())
}
