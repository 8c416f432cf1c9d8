//! Attributes of one entity: appended, updated, replaced and deleted (clauses 6.6 and 6.7). Never
//! makes an entity.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use loggia_api::Route;

use super::answer::{Failure, empty};
use super::call::{Call, Flag};
use super::entities::done;
use super::{Answer, App, route};
use crate::context::{Context, Member};
use crate::entity::{Draft, Entity, Fragment};
use crate::error::Error;
use crate::iri::{Iri, is_name};
use crate::update::{self, Overwrite, Which};

const ALL: &str = "/ngsi-ld/v1/entities/{id}/attrs/";
const ONE: &str = "/ngsi-ld/v1/entities/{id}/attrs/{attr}";

pub(super) fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route(app, Method::POST, ALL, append),
        route(app, Method::PATCH, ALL, update_some),
        route(app, Method::PATCH, ONE, update_one),
        route(app, Method::PUT, ONE, replace),
        route(app, Method::DELETE, ONE, delete),
    ]
}

/// Clause 6.6.3.1.
async fn append(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let (body, context) = app.body(&call).await?;
    let fragment = Fragment::read(body, &context, call.representation()?)?;
    let overwrite = match call.option("noOverwrite")? {
        Flag::Set => Overwrite::No,
        Flag::Unset => Overwrite::Yes,
    };
    let change = |entity: &Entity, now| update::append(entity, fragment, overwrite, now);
    let (what, kept) = app.change(&call, &context, id, change)?;
    kept.await?;
    Ok(done(&what, &context))
}

/// Clause 6.6.3.2.
async fn update_some(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let (body, context) = app.body(&call).await?;
    let fragment = Fragment::read_update(body, &context, call.representation()?)?;
    let change = |entity: &Entity, now| update::update(entity, fragment, now);
    let (what, kept) = app.change(&call, &context, id, change)?;
    kept.await?;
    Ok(done(&what, &context))
}

/// Clause 6.7.3.1.
async fn update_one(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let (body, context) = app.body(&call).await?;
    name(&call, &context)?;
    let as_ = call.representation()?;
    let draft = Draft::read_update(call.path("attr"), body, &context, as_)?;
    let change = |entity: &Entity, now| update::update_attribute(entity, draft, now);
    app.change(&call, &context, id, change)?.1.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Clause 6.7.3.3.
async fn replace(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let (body, context) = app.body(&call).await?;
    name(&call, &context)?;
    let draft = Draft::read(call.path("attr"), body, &context, call.representation()?)?;
    let change = |entity: &Entity, now| update::replace_attribute(entity, draft, now);
    app.change(&call, &context, id, change)?.1.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Clause 6.7.3.2.
async fn delete(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let context = app.context_of(&call).await?;
    if context.member(call.path("attr")) == Member::Scope {
        app.change(&call, &context, id, update::delete_scope)?
            .1
            .await?;
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    let name = name(&call, &context)?;
    let dataset_id = call.param("datasetId")?;
    let which = match (call.flag("deleteAll")?, dataset_id) {
        (Flag::Set, _) => Which::All,
        (Flag::Unset, None | Some("@none")) => Which::Default,
        (Flag::Unset, Some(id)) if crate::is_uri(id) => Which::Dataset(id),
        (Flag::Unset, Some(_)) => return Err(Error::bad("datasetId", "a URI is needed").into()),
    };
    let change = |entity: &Entity, now| update::delete_attribute(entity, &name, which, now);
    app.change(&call, &context, id, change)?.1.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// The attribute in the path, expanded.
pub(super) fn name(call: &Call, context: &Context) -> Result<Iri, Failure> {
    let attr = call.path("attr");
    // `scope` and the like are the entity's own (clause 5.6.4.4).
    let own = matches!(
        context.member(attr),
        Member::Id | Member::Type | Member::Scope | Member::Context
    );
    let iri = context.expand_name(attr).filter(|_| is_name(attr) && !own);
    iri.ok_or_else(|| Error::bad(attr, "this is no name of an attribute (clause 4.6.2)").into())
}
