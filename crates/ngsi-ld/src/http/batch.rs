//! Many entities in one call (clauses 6.14 to 6.17 and 6.31). Each is done or not for itself, and
//! the answer says which. Never answers before the last of them is on disk.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use loggia_api::Route;

use super::answer::{Failure, empty, json, texts};
use super::call::{Call, Flag, invalid};
use super::{Answer, App, route};
use crate::broker::{Kept, Whose};
use crate::context::Context;
use crate::entity::{Entity, Fragment, Representation};
use crate::error::Error;
use crate::json::Json;
use crate::update::{self, Merging, Overwrite};

/// Entities of one call: what a body holds.
const ENTITIES_MAX: usize = 10_000;

pub(super) fn routes(app: &Arc<App>) -> Vec<Route> {
    let post = Method::POST;
    vec![
        route(
            app,
            post.clone(),
            "/ngsi-ld/v1/entityOperations/create",
            create,
        ),
        route(
            app,
            post.clone(),
            "/ngsi-ld/v1/entityOperations/upsert",
            upsert,
        ),
        route(
            app,
            post.clone(),
            "/ngsi-ld/v1/entityOperations/update",
            update,
        ),
        route(
            app,
            post.clone(),
            "/ngsi-ld/v1/entityOperations/merge",
            merge,
        ),
        route(app, post, "/ngsi-ld/v1/entityOperations/delete", delete),
    ]
}

/// What became of each.
#[derive(Default)]
struct Results {
    made: Vec<Box<str>>,
    changed: Vec<Box<str>>,
    failed: Vec<(Box<str>, Failure)>,
    kept: Option<Kept>,
}

impl Results {
    fn keep(&mut self, kept: Kept) {
        self.kept = Some(match self.kept.take() {
            Some(before) => before.and(kept),
            None => kept,
        });
    }

    async fn durable(&mut self) -> Result<(), Failure> {
        if let Some(kept) = self.kept.take() {
            kept.await?;
        }
        Ok(())
    }

    /// 207 with what was done and what was not (clause 5.2.16), or what `all_done` says.
    fn answer(self, all_done: impl FnOnce(&Self) -> Response) -> Response {
        if self.failed.is_empty() {
            return all_done(&self);
        }
        let errors = self.failed.iter().map(|(id, failure)| {
            Json::object([
                ("entityId", Json::from(&**id)),
                ("error", failure.details()),
            ])
        });
        let success = self.made.iter().chain(&self.changed).map(|id| &**id);
        let body = Json::object([
            ("success", texts(success)),
            ("errors", Json::Array(errors.collect())),
        ]);
        json(StatusCode::MULTI_STATUS, &body)
    }
}

/// One entity of the body, with its own @context.
struct One {
    id: Box<str>,
    body: Json,
    context: Arc<Context>,
}

/// The entities of the body; what cannot be read is told of by its id.
async fn entities(app: &Arc<App>, call: &Call, results: &mut Results) -> Result<Vec<One>, Failure> {
    let media = call.body_media()?;
    let list = list(call)?;
    // What belongs to no one of them (clauses 5.6.7.4 and 6.3.5).
    if list.iter().any(|one| !matches!(one, Json::Object(_))) {
        return Err(Error::bad("", "each item is an entity (clause 5.6.7)").into());
    }
    app.only_in_body(call, media)?;
    let mut all = Vec::with_capacity(list.len());
    for body in list {
        let id = body.get("id").or_else(|| body.get("@id"));
        let id: Box<str> = id.and_then(Json::as_str).unwrap_or_default().into();
        match app.of_body(call, media, &body).await {
            Ok(context) => all.push(One { id, body, context }),
            Err(failure) => results.failed.push((id, failure)),
        }
    }
    Ok(all)
}

fn list(call: &Call) -> Result<Vec<Json>, Failure> {
    match call.json()? {
        Json::Array(list) if list.is_empty() => {
            Err(Error::bad("", "one entity at least (clause 5.6.7)").into())
        }
        Json::Array(list) if list.len() > ENTITIES_MAX => Err(invalid(format!(
            "{ENTITIES_MAX} entities at most in one call"
        ))),
        Json::Array(list) => Ok(list.into_vec()),
        _ => Err(Error::bad("", "a list is needed (clause 5.6.7)").into()),
    }
}

/// Clause 6.14.3.1.
async fn create(app: Arc<App>, call: Call) -> Answer {
    let mut results = Results::default();
    let as_ = call.representation()?;
    for one in entities(&app, &call, &mut results).await? {
        let entity = Entity::read(one.body, &one.context, as_, app.broker.now());
        match entity.and_then(|e| app.broker.create(&call.whose, e)) {
            Ok(kept) => {
                results.keep(kept);
                results.made.push(one.id);
            }
            Err(e) => results.failed.push((one.id, e.into())),
        }
    }
    results.durable().await?;
    Ok(results.answer(made))
}

/// 201 with the ids of what was made.
fn made(results: &Results) -> Response {
    json(
        StatusCode::CREATED,
        &texts(results.made.iter().map(|id| &**id)),
    )
}

/// Clause 6.15.3.1: replaces what is there, or with `options=update` changes it.
async fn upsert(app: Arc<App>, call: Call) -> Answer {
    let mut results = Results::default();
    let as_ = call.representation()?;
    let updating = call.option("update")?;
    for one in entities(&app, &call, &mut results).await? {
        match upsert_one(&app, &call.whose, &one, as_, updating) {
            Ok((Upserted::Made, kept)) => {
                results.keep(kept);
                results.made.push(one.id);
            }
            Ok((Upserted::Changed, kept)) => {
                results.keep(kept);
                results.changed.push(one.id);
            }
            Err(e) => results.failed.push((one.id, e.into())),
        }
    }
    results.durable().await?;
    Ok(results.answer(|r| match r.made.is_empty() {
        true => empty(StatusCode::NO_CONTENT),
        false => made(r),
    }))
}

enum Upserted {
    Made,
    Changed,
}

fn upsert_one(
    app: &App,
    whose: &Whose,
    one: &One,
    as_: Representation,
    updating: Flag,
) -> Result<(Upserted, Kept), Error> {
    let read = |body: Json| Fragment::read(body, &one.context, as_);
    let whole = read(one.body.clone())
        .and_then(|fragment| Ok((Entity::of(fragment.clone(), app.broker.now())?, fragment)));
    let fragment = match whole {
        Ok((entity, fragment)) => match app.broker.create(whose, entity) {
            Err(Error::AlreadyExists(_)) => fragment,
            made => return made.map(|kept| (Upserted::Made, kept)),
        },
        // What updates may be a part, and remove: that makes no entity.
        Err(e) if updating == Flag::Unset || app.broker.get(whose, &one.id).is_err() => {
            return Err(e);
        }
        Err(_) => Fragment::read_update(one.body.clone(), &one.context, as_)?,
    };
    let change = |before: &Entity, now| match updating {
        // As clause 5.6.2 has it.
        Flag::Set => update::update(before, fragment, now),
        Flag::Unset => update::replace(before, fragment, now),
    };
    let (_, kept) = app.broker.change(whose, &one.id, change)?;
    Ok((Upserted::Changed, kept))
}

/// Clause 6.16.3.1.
async fn update(app: Arc<App>, call: Call) -> Answer {
    let as_ = call.representation()?;
    let overwrite = match call.option("noOverwrite")? {
        Flag::Set => Overwrite::No,
        Flag::Unset => Overwrite::Yes,
    };
    changes(app, call, |one| {
        let fragment = Fragment::read(one.body.clone(), &one.context, as_)?;
        Ok(move |entity: &Entity, now| update::append(entity, fragment, overwrite, now))
    })
    .await
}

/// Clause 6.31.3.1.
async fn merge(app: Arc<App>, call: Call) -> Answer {
    let as_ = call.representation()?;
    changes(app, call, |one| {
        let fragment = Fragment::read_update(one.body.clone(), &one.context, as_)?;
        Ok(move |entity: &Entity, now| update::merge(entity, fragment, Merging::default(), now))
    })
    .await
}

/// Changes each entity of the body as `read` says.
async fn changes<R, M>(app: Arc<App>, call: Call, read: R) -> Answer
where
    R: Fn(&One) -> Result<M, Error>,
    M: FnOnce(&Entity, crate::Time) -> Result<update::Outcome, Error>,
{
    let mut results = Results::default();
    let all = entities(&app, &call, &mut results).await?;
    app.broker.knows_tenant(&call.whose)?;
    for one in all {
        if one.id.is_empty() {
            let failure = Error::bad("id", "an entity has an id, which is a URI");
            results.failed.push((one.id, failure.into()));
            continue;
        }
        let made = read(&one);
        match made.and_then(|make| app.broker.change(&call.whose, &one.id, make)) {
            Ok((_, kept)) => {
                results.keep(kept);
                results.changed.push(one.id);
            }
            Err(e) => results.failed.push((one.id, e.into())),
        }
    }
    results.durable().await?;
    Ok(results.answer(|_| empty(StatusCode::NO_CONTENT)))
}

/// Clause 6.17.3.1.
async fn delete(app: Arc<App>, call: Call) -> Answer {
    app.only_in_body(&call, call.body_media()?)?;
    let mut results = Results::default();
    let list = list(&call)?;
    if list.iter().any(|id| id.as_str().is_none()) {
        return Err(Error::bad("", "a list of entities' ids is needed").into());
    }
    app.broker.knows_tenant(&call.whose)?;
    for id in list.iter().filter_map(Json::as_str) {
        let deleted = match crate::is_uri(id) {
            true => app.broker.delete(&call.whose, id),
            false => Err(Error::bad("id", "an entity's id is a URI")),
        };
        match deleted {
            Ok(kept) => {
                results.keep(kept);
                results.changed.push(id.into());
            }
            Err(e) => results.failed.push((id.into(), e.into())),
        }
    }
    results.durable().await?;
    Ok(results.answer(|_| empty(StatusCode::NO_CONTENT)))
}
