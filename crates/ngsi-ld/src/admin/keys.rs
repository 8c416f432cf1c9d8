//! Keys of devices: made, listed and revoked by the administrator. Never tells a secret twice.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{delete, get, post};
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use loggia_model::{At, Fault, Role};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Admin, PAGE, PAGE_MAX, apart};
use crate::broker::{DeviceKey, NewKey};
use crate::context::Context;
use crate::error::Error;
use crate::json::Json;
use crate::rights::{Deed, Names, Rights};
use crate::time::Time;

const ALL: &str = "/api/v1/data-plane/device-keys";
const ONE: &str = "/api/v1/data-plane/device-keys/{number}";

pub(super) fn routes(admin: &Arc<Admin>) -> Vec<Route> {
    const ACCESS: Access = Access::AnyOf(&[Role::Administrator]);
    let a = || Arc::clone(admin);
    vec![
        Route::get(ALL, ACCESS, get(list).with_state(a())),
        Route::post(ALL, ACCESS, post(make).with_state(a())),
        Route::get(ONE, ACCESS, get(one).with_state(a())),
        Route::delete(ONE, ACCESS, delete(revoke).with_state(a())),
    ]
}

/// A key that is wanted. What is not granted is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyAsked {
    /// What people call it: one line, and no other key in force of this tenant has it.
    name: String,
    /// Whose data; the default tenant when not given.
    #[serde(default)]
    tenant: String,
    /// `read`, `write`, `subscribe`: one at least.
    may: Vec<String>,
    /// Types of entities, under `context`; `["*"]` for every one.
    types: Vec<String>,
    /// Attributes, under `context`; `["*"]` for every one.
    attributes: Vec<String>,
    /// Scopes, each with those below; entities in any scope or none when not given.
    scopes: Option<Vec<String>>,
    /// @context of the names: a URL that is at hand, an object or a list; the core when not given.
    #[schema(value_type = Option<Object>)]
    context: Option<Json>,
    /// From when on it is good, microseconds since 1970; from now on when not given.
    #[schema(value_type = Option<i64>)]
    from: Option<At>,
    /// Until when, microseconds since 1970; ten years behind `from` at most.
    #[schema(value_type = i64)]
    until: At,
}

/// Whether a key opens anything.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyState {
    /// It does.
    Good,
    /// Its time has not come.
    Early,
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyShown {
    /// Its number.
    number: u64,
    /// What people call it.
    name: String,
    /// Whose data; empty for the default tenant.
    tenant: String,
    /// What it may do.
    may: Vec<&'static str>,
    /// Types in full, or `*`.
    types: Vec<String>,
    /// Attributes in full, or `*`.
    attributes: Vec<String>,
    /// Scopes; null for entities in any scope or none.
    scopes: Option<Vec<String>>,
    /// From when on it is good, microseconds since 1970.
    #[schema(value_type = i64)]
    from: At,
    /// Until when.
    #[schema(value_type = i64)]
    until: At,
    /// When it was made.
    #[schema(value_type = i64)]
    made_at: At,
    /// By whom.
    made_by: String,
    /// When it was revoked.
    #[schema(value_type = Option<i64>)]
    revoked_at: Option<At>,
    /// By whom.
    revoked_by: Option<String>,
    /// When it was used last, to the minute across a crash.
    #[schema(value_type = Option<i64>)]
    used_at: Option<At>,
    /// Whether it opens anything now.
    state: KeyState,
}

/// A new key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyMade {
    key: KeyShown,
    /// What the device sends: `Authorization: Bearer …`, or `X-Api-Key: …`. Told this once.
    secret: String,
}

/// Some of the keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyPage {
    /// In the order in which they were made.
    keys: Vec<KeyShown>,
    /// `after` of the next page, if there is one.
    next: Option<u64>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Paged {
    /// Those behind this number.
    #[serde(default)]
    after: u64,
    /// So many at most: 1 to 1,000; 100 when not given.
    limit: Option<usize>,
}

fn at(time: Time) -> At {
    At(time.micros())
}

fn shown(key: &DeviceKey, now: Time) -> KeyShown {
    let texts = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
    let state = match () {
        () if key.revoked.is_some() => KeyState::Revoked,
        () if now < key.from => KeyState::Early,
        () if now >= key.until => KeyState::Expired,
        () => KeyState::Good,
    };
    let scopes = key.rights.scopes.as_deref();
    KeyShown {
        number: key.number,
        name: key.name.to_string(),
        tenant: key.tenant.to_string(),
        may: key.rights.may.iter().map(|d| d.word()).collect(),
        types: texts(key.rights.types.list()),
        attributes: texts(key.rights.attributes.list()),
        scopes: scopes.map(|s| s.iter().map(ToString::to_string).collect()),
        from: at(key.from),
        until: at(key.until),
        made_at: at(key.made_at),
        made_by: key.made_by.to_string(),
        revoked_at: key.revoked.as_ref().map(|(when, _)| at(*when)),
        revoked_by: key.revoked.as_ref().map(|(_, by)| by.to_string()),
        used_at: key.used_at().map(at),
        state,
    }
}

/// The keys of devices, revoked ones too.
#[utoipa::path(get, path = "/api/v1/data-plane/device-keys", tag = "data plane", params(Paged),
    responses((status = 200, body = KeyPage), (status = 400, body = ProblemBody)))]
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    Query(paged): Query<Paged>,
) -> Result<Body<KeyPage>, Problem> {
    let limit = paged.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        let what = format!("limit: 1 to {PAGE_MAX}");
        return Err(Problem(Fault::Invalid(what)));
    }
    let (keys, more) = admin.broker.list_keys(paged.after, limit);
    let now = admin.broker.now();
    Ok(Body(KeyPage {
        next: keys.last().filter(|_| more).map(|k| k.number),
        keys: keys.iter().map(|k| shown(k, now)).collect(),
    }))
}

/// One key.
#[utoipa::path(get, path = "/api/v1/data-plane/device-keys/{number}", tag = "data plane",
    params(("number" = u64, Path, description = "the key's number")),
    responses((status = 200, body = KeyShown), (status = 404, body = ProblemBody)))]
pub(super) async fn one(
    State(admin): State<Arc<Admin>>,
    Path(number): Path<u64>,
) -> Result<Body<KeyShown>, Problem> {
    let key = admin.broker.key(number)?;
    Ok(Body(shown(&key, admin.broker.now())))
}

/// Makes a key, and tells its secret once.
#[utoipa::path(post, path = "/api/v1/data-plane/device-keys", tag = "data plane",
    request_body = KeyAsked,
    responses((status = 201, body = KeyMade), (status = 400, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 503, body = ProblemBody)))]
pub(super) async fn make(
    State(admin): State<Arc<Admin>>,
    Me(me): Me,
    Body(asked): Body<KeyAsked>,
) -> Result<impl IntoResponse, Problem> {
    let broken = || Fault::Broken("this machine gives no randomness just now".to_owned());
    let random = (admin.random)().ok_or_else(broken)?;
    let by = Arc::clone(&admin);
    let (key, secret, kept) = apart(move || {
        let new = wanted(&by, asked, &me.person.0)?;
        by.broker.make_key(new, random)
    })
    .await?;
    kept.await?;
    let made = KeyMade {
        key: shown(&key, admin.broker.now()),
        secret,
    };
    let place = format!("{ALL}/{}", key.number);
    // No copy of it is left behind on the way.
    let headers = AppendHeaders([
        (header::LOCATION, place),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ]);
    Ok((StatusCode::CREATED, headers, Body(made)))
}

/// Revokes a key at once; what was subscribed with it is deleted.
#[utoipa::path(delete, path = "/api/v1/data-plane/device-keys/{number}", tag = "data plane",
    params(("number" = u64, Path, description = "the key's number")),
    responses((status = 204), (status = 404, body = ProblemBody),
        (status = 503, body = ProblemBody)))]
pub(super) async fn revoke(
    State(admin): State<Arc<Admin>>,
    Me(me): Me,
    Path(number): Path<u64>,
) -> Result<StatusCode, Problem> {
    let kept = apart(move || admin.broker.revoke_key(number, &me.person.0)).await?;
    kept.await?;
    Ok(StatusCode::NO_CONTENT)
}

fn wanted(admin: &Admin, asked: KeyAsked, by: &str) -> Result<NewKey, Error> {
    let now = admin.broker.now();
    let context = match &asked.context {
        None => Arc::clone(admin.broker.core()),
        Some(list) => admin.broker.contexts().compile(list, now)?,
    };
    let deed = |word: &String| {
        let found = Deed::ALL.into_iter().find(|d| d.word() == word);
        found.ok_or_else(|| Error::bad("may", format!("`{word}`: read, write or subscribe")))
    };
    let names = |member: &str, list: &[String]| -> Result<Names, Error> {
        let list = list.iter().map(|name| expanded(member, name, &context));
        Names::read(member, &list.collect::<Result<Vec<_>, _>>()?)
    };
    let rights = Rights {
        may: asked.may.iter().map(deed).collect::<Result<_, _>>()?,
        types: names("types", &asked.types)?,
        attributes: names("attributes", &asked.attributes)?,
        scopes: asked
            .scopes
            .map(|s| s.into_iter().map(Into::into).collect()),
    };
    Ok(NewKey {
        name: asked.name.into(),
        tenant: asked.tenant.into(),
        rights,
        from: asked.from.map_or(now, |at| Time::of_micros(at.0)),
        until: Time::of_micros(asked.until.0),
        by: by.into(),
    })
}

fn expanded(member: &str, name: &str, context: &Context) -> Result<Box<str>, Error> {
    if name == "*" {
        return Ok(name.into());
    }
    let iri = context.expand_name(name).filter(|_| crate::is_name(name));
    let iri = iri.ok_or_else(|| Error::bad(member, format!("`{name}` is no name")))?;
    Ok(iri.as_str().into())
}
