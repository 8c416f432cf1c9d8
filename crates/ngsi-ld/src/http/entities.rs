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
use crate::context::{Context, Member};
use crate::entity::{Entity, Fragment};
use crate::error::Error;
use crate::iri::Iri;
use crate::query::{Picked, Projection, TypeQuery};
use crate::time::Time;
use crate::update::{self, Merging, Scope, Touched};

const ALL: &str = "/ngsi-ld/v1/entities/";
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
    app.broker.create(&call.whose, entity)?.await?;
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
    let entity = app.broker.get(&call.whose, id)?;
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
    app.broker.delete_such(&call.whose, id, such)?.await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Clause 6.4.3.3: deletes what a query finds, or with `drop` and `keep` some attributes of it.
async fn purge(app: Arc<App>, call: Call) -> Answer {
    let context = app.context_of(&call).await?;
    let shown = Shown::read(&call, &call, context.clone(), Geo::Not)?;
    if shown.join.is_some() {
        let what = "a purge follows no Relationships (clause 5.6.21.4)";
        return Err(Error::bad("join", what).into());
    }
    let purging = Purging::read(&call, &context)?;
    let dropped = match &purging {
        Purging::Dropping(names, _) => Some(names),
        Purging::Whole | Purging::Keeping(_) => None,
    };
    let within = Within {
        levels: 0,
        having: shown.having.as_ref().or(dropped),
    };
    let filter = filter_of(&call, &call, &context, within)?;
    let whose = call.whose.clone();
    let work = move || purge_all(&app, &whose, &filter, &purging);
    let kept = tokio::task::spawn_blocking(work).await;
    kept.map_err(|e| Error::Broken(format!("a purge: {e}")))??
        .await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// What a purge takes of the entities that it finds.
enum Purging {
    /// All of each.
    Whole,
    /// These attributes, or the scopes as well (`drop`).
    Dropping(Projection, Scope),
    /// Attributes, but for these (`keep`).
    Keeping(Projection),
}

impl Purging {
    fn read(call: &Call, context: &Context) -> Result<Self, Failure> {
        let members = |name: &'static str| -> Result<Option<Projection>, Failure> {
            let Some(text) = call.param(name)? else {
                return Ok(None);
            };
            let read = Projection::pick(text, context)?;
            let attribute = |p: &Picked| p.attribute.is_some() || is_scope(p, context);
            match read.linked_depth() == 0 && read.0.iter().all(attribute) {
                true => Ok(Some(read)),
                false => Err(Error::bad(name, "names of attributes, or scope").into()),
            }
        };
        match (members("drop")?, members("keep")?) {
            (None, None) => Ok(Self::Whole),
            (Some(names), None) => {
                let scope = match names.0.iter().any(|p| is_scope(p, context)) {
                    true => Scope::Goes,
                    false => Scope::Stays,
                };
                Ok(Self::Dropping(names, scope))
            }
            (None, Some(names)) => Ok(Self::Keeping(names)),
            (Some(_), Some(_)) => {
                Err(Error::bad("keep", "drop or keep, not both (clause 5.6.21)").into())
            }
        }
    }

    /// What is left of an entity.
    fn leaves(&self, entity: &Entity, now: Time) -> update::Outcome {
        let lists = |of: &Projection, name: &Iri| {
            let mut each = of.0.iter().filter_map(|p| p.attribute.as_ref());
            each.any(|listed| listed == name)
        };
        match self {
            Self::Whole => update::without(entity, |_| true, Scope::Goes, now),
            Self::Dropping(names, scope) => {
                update::without(entity, |name| lists(names, name), *scope, now)
            }
            Self::Keeping(names) => {
                update::without(entity, |name| !lists(names, name), Scope::Stays, now)
            }
        }
    }
}

fn is_scope(picked: &Picked, context: &Context) -> bool {
    context.member(&picked.name) == Member::Scope
}

fn purge_all(
    app: &App,
    whose: &Whose,
    filter: &crate::query::Filter,
    purging: &Purging,
) -> Result<Kept, Error> {
    let mut ids = Vec::new();
    app.broker.each(whose, filter, |entity| {
        ids.push(entity.id.clone());
        true
    })?;
    let mut kept = Kept::nothing();
    for id in ids {
        let one = match purging {
            Purging::Whole => app.broker.delete(whose, &id),
            Purging::Dropping(..) | Purging::Keeping(_) => app
                .broker
                .change(whose, &id, |entity, now| Ok(purging.leaves(entity, now)))
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
        let changed = self.broker.change(&call.whose, id, |entity, now| {
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
