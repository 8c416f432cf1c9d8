//! Entities: made, found, changed, replaced and deleted (clauses 6.4 and 6.5). Never answers a
//! write before it is on disk.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use loggia_api::Route;

use super::answer::{Failure, created, empty, in_path, json, update_result};
use super::call::Call;
use super::media::Geo;
use super::query::{Within, filter_of, found, order};
use super::view::Shown;
use super::{Answer, App, BASE, route};
use crate::broker::{Done, Kept, Whose};
use crate::context::Context;
use crate::entity::{Entity, Fragment};
use crate::error::Error;
use crate::iri::Iri;
use crate::query::{Projection, TypeQuery};
use crate::time::Time;
use crate::update::{self, Merging, Touched, Which};

const ALL: &str = "/ngsi-ld/v1/entities";
const ONE: &str = "/ngsi-ld/v1/entities/{id}";

pub(super) fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![
        route(app, Method::POST, ALL, create),
        route(app, Method::GET, ALL, query),
        route(app, Method::DELETE, ALL, purge),
        route(app, Method::GET, ONE, retrieve),
        route(app, Method::PATCH, ONE, merge),
        route(app, Method::PUT, ONE, replace),
        route(app, Method::DELETE, ONE, delete),
    ]
}

/// Clause 6.4.3.1.
async fn create(app: Arc<App>, call: Call) -> Answer {
    let (body, context) = app.body(&call).await?;
    let as_ = call.representation()?;
    let entity = Entity::read(body, &context, as_, app.broker.now())?;
    let id = entity.id.clone();
    app.broker.create(&call.tenant, entity)?.await?;
    Ok(created(&format!("{BASE}/entities/{}", in_path(&id))))
}

/// Clause 6.4.3.2.
async fn query(app: Arc<App>, call: Call) -> Answer {
    let context = app.context_of(&call).await?;
    let shown = Shown::read(&call, &call, context.clone(), Geo::Too)?;
    let filter = filter_of(&call, &call, &context, Within::of(&shown))?;
    let order = order(&call, &call, &context)?;
    found(app, call, (vec![filter], order), shown).await
}

/// Clause 6.5.3.1.
async fn retrieve(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let context = app.context_of(&call).await?;
    let shown = Shown::read(&call, &call, context, Geo::Too)?;
    let types = call.types(&shown.context)?;
    let entity = app.broker.get(&call.tenant, id)?;
    of_types(&entity, types.as_ref())?;
    if shown.having.as_ref().is_some_and(|p| !p.is_met_by(&entity)) {
        let what = format!("entity {id} has none of the attributes asked for");
        return Err(Error::NotFound(what).into());
    }
    shown.one(&app, &call, &entity)
}

/// Clause 6.5.3.4: merge.
async fn merge(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let (body, context) = app.body(&call).await?;
    let fragment = Fragment::read_update(body, &context, call.representation()?)?;
    let lang = call.param("lang")?;
    let observed_at = call.param("observedAt")?.map(time).transpose()?;
    let merging = Merging { observed_at, lang };
    let change = |entity: &Entity, now| update::merge(entity, fragment, merging, now);
    app.change(&call, &context, id, change)?.1.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

fn time(text: &str) -> Result<Time, Failure> {
    Time::read(text)
        .ok_or_else(|| Error::bad("observedAt", "a time in UTC, like 2026-08-10T12:00:00Z").into())
}

/// Clause 6.5.3.3: replace.
async fn replace(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let (body, context) = app.body(&call).await?;
    let fragment = Fragment::read(body, &context, call.representation()?)?;
    let change = |entity: &Entity, now| update::replace(entity, fragment, now);
    app.change(&call, &context, id, change)?.1.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Clause 6.5.3.2.
async fn delete(app: Arc<App>, call: Call) -> Answer {
    let id = call.entity_id()?;
    let context = app.context_of(&call).await?;
    let types = call.types(&context)?;
    let such = |entity: &Entity| of_types(entity, types.as_ref());
    app.broker.delete_such(&call.tenant, id, such)?.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Clause 6.4.3.3: deletes what a query finds, or with `drop` and `keep` some attributes of it.
async fn purge(app: Arc<App>, call: Call) -> Answer {
    let context = app.context_of(&call).await?;
    let shown = Shown::read(&call, &call, context.clone(), Geo::Not)?;
    let within = Within {
        levels: 0,
        ..Within::of(&shown)
    };
    let filter = filter_of(&call, &call, &context, within)?;
    let drop = call
        .param("drop")?
        .map(|t| Projection::attrs(t, &context))
        .transpose()?;
    let keep = call
        .param("keep")?
        .map(|t| Projection::attrs(t, &context))
        .transpose()?;
    if drop.is_some() && keep.is_some() {
        return Err(Error::bad("keep", "drop or keep, not both (clause 5.6.21)").into());
    }
    let tenant = call.tenant.clone();
    let work = move || purge_all(&app, &tenant, &filter, drop.as_ref(), keep.as_ref());
    let kept = tokio::task::spawn_blocking(work).await;
    kept.map_err(|e| Error::Broken(format!("a purge: {e}")))??
        .await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

fn purge_all(
    app: &App,
    tenant: &Whose,
    filter: &crate::query::Filter,
    drop: Option<&Projection>,
    keep: Option<&Projection>,
) -> Result<Kept, Error> {
    let mut ids = Vec::new();
    app.broker.each(tenant, filter, |entity| {
        ids.push(entity.id.clone());
        true
    })?;
    let mut kept = Kept::nothing();
    for id in ids {
        let one = match (drop, keep) {
            (None, None) => app.broker.delete(tenant, &id),
            _ => app
                .broker
                .change(tenant, &id, |entity, now| {
                    let goes = |name: &Iri| match (drop, keep) {
                        (Some(drop), _) => lists(drop, name),
                        (_, Some(keep)) => !lists(keep, name),
                        _ => false,
                    };
                    without(entity, goes, now)
                })
                .map(|(_, kept)| kept),
        };
        match one {
            Ok(one) => kept = kept.and(one),
            Err(Error::NotFound(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(kept)
}

fn lists(projection: &Projection, name: &Iri) -> bool {
    projection
        .0
        .iter()
        .any(|p| p.attribute.as_ref() == Some(name))
}

/// An entity without some of its attributes.
fn without(
    entity: &Entity,
    goes: impl Fn(&Iri) -> bool,
    now: Time,
) -> Result<update::Outcome, Error> {
    let mut outcome = update::Outcome {
        entity: entity.clone(),
        changed: Vec::new(),
        skipped: Vec::new(),
    };
    let mut names: Vec<Iri> = entity.attributes.iter().map(|a| a.name.clone()).collect();
    names.dedup();
    for name in names.into_iter().filter(|n| goes(n)) {
        let one = update::delete_attribute(&outcome.entity, &name, Which::All, now)?;
        outcome.entity = one.entity;
        outcome.changed.extend(one.changed);
    }
    Ok(outcome)
}

/// An entity that is of no such type is not there (clause 5.6).
fn of_types(entity: &Entity, types: Option<&TypeQuery>) -> Result<(), Error> {
    if types.is_none_or(|t| t.matches(entity)) {
        return Ok(());
    }
    let what = format!("there is no entity {} of that type", entity.id);
    Err(Error::NotFound(what))
}

impl App {
    /// Changes the entity of a call, if it is of the type that the call says.
    pub(super) fn change(
        &self,
        call: &Call,
        context: &Context,
        id: &str,
        make: impl FnOnce(&Entity, Time) -> Result<update::Outcome, Error>,
    ) -> Result<(Done, Kept), Failure> {
        let types = call.types(context)?;
        let changed = self.broker.change(&call.tenant, id, |entity, now| {
            of_types(entity, types.as_ref())?;
            make(entity, now)
        });
        Ok(changed?)
    }

    /// The body of a call and its @context.
    pub(super) async fn body(
        self: &Arc<Self>,
        call: &Call,
    ) -> Result<(crate::Json, Arc<Context>), Failure> {
        let media = call.body_media()?;
        let body = call.json()?;
        let context = self.of_body(call, media, &body).await?;
        Ok((body, context))
    }
}

/// 204, or 207 with what was not done (clauses 6.6.3 and 5.2.18).
pub(super) fn done(done: &Done, context: &Context) -> axum::response::Response {
    if done.skipped.is_empty() {
        return empty(StatusCode::NO_CONTENT);
    }
    let mut updated: Vec<Iri> = Vec::new();
    for touched in &done.changed {
        let name = match touched {
            Touched::Types => Iri::new("type"),
            Touched::Scopes => Iri::new("scope"),
            Touched::Expiry => Iri::new("expiresAt"),
            Touched::Attribute { name, .. } => name.clone(),
        };
        if !updated.contains(&name) {
            updated.push(name);
        }
    }
    json(
        StatusCode::MULTI_STATUS,
        &update_result(&updated, &done.skipped, context),
    )
}
