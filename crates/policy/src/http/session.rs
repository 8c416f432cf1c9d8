//! Endpoints of signing in and out, of the demo's people, of accounts and the roster.
//! Never answers whether a name exists.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use loggia_api::{Access, Me, Problem, ProblemBody, Route, end_cookie, session_cookie, token_of};
use loggia_model::{Actor, At, Body, PersonId, Role, Roles};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Rooms, off};
use crate::decide::Standing;
use crate::roster::SignedRoster;
use crate::statement::SignedStatement;
use crate::{BREAK_GLASS, Began, Error, SignedIn};

/// Who is signed in, and whether this is a demo.
#[derive(Debug, Serialize, ToSchema)]
struct Session {
    actor: Option<Person>,
    demo: bool,
    /// Name of the identity provider at which one may sign in as well.
    provider: Option<String>,
    /// Until when the break-glass account is open, for whoever is signed in with it.
    #[schema(value_type = Option<i64>)]
    break_glass: Option<At>,
}

impl Session {
    fn of(rooms: &Rooms, actor: Option<Actor>) -> Self {
        let glass = actor.as_ref().is_some_and(|a| a.person.0 == BREAK_GLASS);
        Self {
            demo: rooms.policy.is_demo(),
            provider: rooms.policy.provider().map(|p| p.name().to_owned()),
            break_glass: rooms.policy.glass_until().filter(|_| glass),
            actor: actor.map(Person::from),
        }
    }
}

/// Where to go on signing out.
#[derive(Debug, Serialize, ToSchema)]
struct SignedOut {
    /// The identity provider's own sign-out.
    provider: String,
}

/// A person with roles.
#[derive(Debug, Serialize, ToSchema)]
struct Person {
    #[schema(value_type = String)]
    person: PersonId,
    name: String,
    #[schema(value_type = String)]
    body: Body,
    #[schema(value_type = Vec<String>)]
    roles: Roles,
}

impl From<Actor> for Person {
    fn from(a: Actor) -> Self {
        Self {
            person: a.person,
            name: a.name,
            body: a.body,
            roles: a.roles,
        }
    }
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    #[schema(value_type = String)]
    person: PersonId,
    password: String,
}

/// A person to become (demo).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Become {
    #[schema(value_type = String)]
    person: PersonId,
}

/// A person of the demo.
#[derive(Debug, Serialize, ToSchema)]
struct DemoPerson {
    #[serde(flatten)]
    who: Person,
    what_to_try: &'static str,
}

/// An account as the administrator sees it.
#[derive(Debug, Serialize, ToSchema)]
struct Account {
    #[schema(value_type = String)]
    person: PersonId,
    disabled: bool,
}

/// A new password, agreed to by both groups.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reset {
    password: String,
    statements: Vec<SignedStatement>,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        session,
        sign_in,
        sign_out,
        demo_people,
        become_person,
        accounts,
        disable,
        enable,
        reset,
        roster,
        desk_roster,
        roster_entries,
        change_roster
    ),
    components(schemas(
        SignedOut,
        Session,
        Person,
        Credentials,
        Become,
        DemoPerson,
        Account,
        Reset
    ))
)]
pub(crate) struct SessionApi;

const ADMINISTRATOR: Access = Access::AnyOf(&[Role::Administrator]);

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    let s = || rooms.clone();
    let path = "/api/v1/session";
    let account = "/api/v1/accounts/{person}/disabled";
    vec![
        Route::get(path, Access::Public, get(session).with_state(s())),
        Route::post(path, Access::Public, post(sign_in).with_state(s())),
        Route::delete(path, Access::Public, delete(sign_out).with_state(s())),
        Route::get(
            "/api/v1/demo/people",
            Access::DemoOnly,
            get(demo_people).with_state(s()),
        ),
        Route::post(
            "/api/v1/demo/become",
            Access::DemoOnly,
            post(become_person).with_state(s()),
        ),
        Route::get(
            "/api/v1/accounts",
            ADMINISTRATOR,
            get(accounts).with_state(s()),
        ),
        Route::post(account, ADMINISTRATOR, post(disable).with_state(s())),
        Route::delete(account, ADMINISTRATOR, delete(enable).with_state(s())),
        Route::post(
            "/api/v1/accounts/{person}/password",
            Access::RosterKey,
            post(reset).with_state(s()),
        ),
        Route::get(
            "/api/v1/roster",
            Access::SignedIn,
            get(roster).with_state(s()),
        ),
        Route::get(
            "/api/v1/desk/roster",
            Access::RosterKey,
            get(desk_roster).with_state(s()),
        ),
        Route::get(
            "/api/v1/desk/roster/entries",
            Access::RosterKey,
            get(roster_entries).with_state(s()),
        ),
        Route::post(
            "/api/v1/desk/roster",
            Access::RosterKey,
            post(change_roster).with_state(s()),
        ),
    ]
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session",
    responses((status = 200, body = Session)))]
async fn session(State(rooms): State<Rooms>, me: Result<Me, Problem>) -> Json<Session> {
    Json(Session::of(&rooms, me.ok().map(|Me(actor)| actor)))
}

/// Signs in; the answer sets the session cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = Credentials,
    responses((status = 200, body = Session), (status = 401, body = ProblemBody),
        (status = 503, body = ProblemBody)))]
async fn sign_in(
    State(rooms): State<Rooms>,
    Json(given): Json<Credentials>,
) -> Result<Response, Problem> {
    let password = zeroize::Zeroizing::new(given.password);
    let signed = rooms.policy.sign_in(&given.person, &password).await?;
    started(&rooms, signed)
}

fn started(rooms: &Rooms, signed: SignedIn) -> Result<Response, Problem> {
    let cookie = session_cookie(&signed.token, rooms.secure)?;
    let body = Session::of(rooms, Some(signed.actor));
    Ok(([(header::SET_COOKIE, cookie)], Json(body)).into_response())
}

/// Signs out. A session that began at the identity provider goes on there: the answer says where.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session",
    responses((status = 200, body = SignedOut), (status = 204)))]
async fn sign_out(State(rooms): State<Rooms>, headers: HeaderMap) -> Result<Response, Problem> {
    let mut began = None;
    if let Some(token) = token_of(&headers, rooms.secure).map(str::to_owned) {
        began = off(&rooms, move |p| p.sign_out(&token)).await?;
    }
    let there = began == Some(Began::AtProvider);
    let provider = rooms.policy.provider_logout().filter(|_| there);
    let ended = [(header::SET_COOKIE, end_cookie(rooms.secure))];
    Ok(match provider {
        Some(provider) => (ended, Json(SignedOut { provider })).into_response(),
        None => (StatusCode::NO_CONTENT, ended).into_response(),
    })
}

/// The demo's people and what to try as each of them.
#[utoipa::path(get, path = "/api/v1/demo/people", tag = "demo",
    responses((status = 200, body = [DemoPerson])))]
async fn demo_people(State(rooms): State<Rooms>) -> Result<Json<Vec<DemoPerson>>, Problem> {
    let roster = rooms.policy.roster()?;
    let people = roster.roster().members.iter().map(|m| DemoPerson {
        what_to_try: what_to_try(&m.roles),
        who: m.actor().into(),
    });
    Ok(Json(people.collect()))
}

fn what_to_try(roles: &Roles) -> &'static str {
    let has = |r| roles.contains(&r);
    if has(Role::Investigator) {
        "open a case, ask for two minutes of one camera, and play them once they are released"
    } else if has(Role::Approver) && has(Role::Custodian) {
        "decide a request of the other body, then release your group's shares at the key desk"
    } else if has(Role::Approver) {
        "decide a request of the other body"
    } else if has(Role::Custodian) {
        "release your group's shares of an approved request at the key desk"
    } else if has(Role::Auditor) {
        "check an entry of the public log, read the access log, ask for an audit sample"
    } else if has(Role::Operator) {
        "look at the cameras' health and the days of storage left; footage stays sealed to you"
    } else {
        "disable an account; then see that you can read no footage and approve nothing"
    }
}

/// Becomes a person of the demo.
#[utoipa::path(post, path = "/api/v1/demo/become", tag = "demo", request_body = Become,
    responses((status = 200, body = Session), (status = 404, body = ProblemBody)))]
async fn become_person(
    State(rooms): State<Rooms>,
    Json(given): Json<Become>,
) -> Result<Response, Problem> {
    let signed = off(&rooms, move |p| p.become_person(&given.person)).await?;
    started(&rooms, signed)
}

/// Every account.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "session",
    responses((status = 200, body = [Account]), (status = 403, body = ProblemBody)))]
async fn accounts(State(rooms): State<Rooms>) -> Result<Json<Vec<Account>>, Problem> {
    let all = off(&rooms, crate::Policy::accounts).await?;
    let account = |(person, disabled)| Account { person, disabled };
    Ok(Json(all.into_iter().map(account).collect()))
}

/// Disables an account.
#[utoipa::path(post, path = "/api/v1/accounts/{person}/disabled", tag = "session",
    responses((status = 204), (status = 403, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
async fn disable(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(person): Path<String>,
) -> Result<StatusCode, Problem> {
    let person = PersonId(person);
    off(&rooms, move |p| {
        p.set_standing(&me, &person, Standing::Disabled)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enables an account again.
#[utoipa::path(delete, path = "/api/v1/accounts/{person}/disabled", tag = "session",
    responses((status = 204), (status = 403, body = ProblemBody)))]
async fn enable(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(person): Path<String>,
) -> Result<StatusCode, Problem> {
    let person = PersonId(person);
    off(&rooms, move |p| {
        p.set_standing(&me, &person, Standing::Enabled)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a password anew, with a statement of a custodian of each group.
#[utoipa::path(post, path = "/api/v1/accounts/{person}/password", tag = "session",
    request_body = Reset,
    responses((status = 204), (status = 403, body = ProblemBody)))]
async fn reset(
    State(rooms): State<Rooms>,
    Path(person): Path<String>,
    Json(given): Json<Reset>,
) -> Result<StatusCode, Problem> {
    let person = PersonId(person);
    off(&rooms, move |p| {
        let password = zeroize::Zeroizing::new(given.password);
        p.reset_credential(&person, &password, &given.statements)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every version of the roster with its signatures, first to last. It names people, so it is for
/// those who work here; the public log has its hashes.
#[utoipa::path(get, path = "/api/v1/roster", tag = "session",
    responses((status = 200, body = [SignedRoster])))]
async fn roster(State(rooms): State<Rooms>) -> Result<Json<Vec<SignedRoster>>, Problem> {
    Ok(Json(off(&rooms, crate::Policy::roster_chain).await?))
}

/// The same, for a desk to check.
#[utoipa::path(get, path = "/api/v1/desk/roster", tag = "desk",
    responses((status = 200, body = [SignedRoster]), (status = 401, body = ProblemBody)))]
async fn desk_roster(State(rooms): State<Rooms>) -> Result<Json<Vec<SignedRoster>>, Problem> {
    Ok(Json(off(&rooms, crate::Policy::roster_chain).await?))
}

/// The log's entry of each version of the roster, first to last.
#[utoipa::path(get, path = "/api/v1/desk/roster/entries", tag = "desk",
    responses((status = 200, body = [u64]), (status = 401, body = ProblemBody)))]
async fn roster_entries(State(rooms): State<Rooms>) -> Result<Json<Vec<u64>>, Problem> {
    Ok(Json(off(&rooms, crate::Policy::roster_entries).await?))
}

/// Takes the next roster, signed by a custodian of each group.
#[utoipa::path(post, path = "/api/v1/desk/roster", tag = "desk", request_body = SignedRoster,
    responses((status = 204), (status = 403, body = ProblemBody)))]
async fn change_roster(
    State(rooms): State<Rooms>,
    Json(signed): Json<SignedRoster>,
) -> Result<StatusCode, Problem> {
    off(&rooms, move |p| p.change_roster(signed).map(drop)).await?;
    Ok(StatusCode::NO_CONTENT)
}

// The conversion table from `Error` to problem+json is `api`'s; this proves that ours fits in it.
const _: fn(Error) -> Problem = Problem::from;
