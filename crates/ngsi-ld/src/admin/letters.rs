//! Dead letters and lanes: what could not be delivered, sent again or dropped for a reason, and how
//! each receiver does. Never shows what a subscription sends in its headers: secrets are in them.

use std::sync::Arc;

use axum::Json as Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use loggia_api::{Me, Problem, ProblemBody, Route};
use loggia_model::{At, Fault};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Admin, PAGE, PAGE_MAX, RUN, apart};
use crate::error::Error;
use crate::notify::{Letter, LetterHead, Notifier, Resent};

const ALL: &str = "/api/v1/data-plane/dead-letters";
const ONE: &str = "/api/v1/data-plane/dead-letters/{number}";
const AGAIN: &str = "/api/v1/data-plane/dead-letters/{number}/replay";
const DROP: &str = "/api/v1/data-plane/dead-letters/{number}/drop";
const ALL_AGAIN: &str = "/api/v1/data-plane/dead-letters/replay";
const LANES: &str = "/api/v1/data-plane/lanes";

pub(super) fn routes(admin: &Arc<Admin>) -> Vec<Route> {
    let a = || Arc::clone(admin);
    vec![
        Route::get(ALL, RUN, get(list).with_state(a())),
        Route::post(ALL_AGAIN, RUN, post(replay_all).with_state(a())),
        Route::get(ONE, RUN, get(one).with_state(a())),
        Route::post(AGAIN, RUN, post(replay).with_state(a())),
        Route::post(DROP, RUN, post(drop_one).with_state(a())),
        Route::get(LANES, RUN, get(lanes).with_state(a())),
    ]
}

/// A notification that nobody took.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetter {
    /// Its number.
    number: i64,
    /// The subscription's id.
    subscription: String,
    /// Whose data; empty for the default tenant.
    tenant: String,
    /// Where it was to go.
    uri: String,
    /// When it was given up, microseconds since 1970.
    #[schema(value_type = i64)]
    at: At,
    /// Why.
    why: String,
    /// Bytes of its body.
    bytes: usize,
}

impl From<LetterHead> for DeadLetter {
    fn from(head: LetterHead) -> Self {
        Self {
            number: head.id,
            subscription: head.subscription_id.into(),
            tenant: head.tenant.into(),
            uri: head.uri.into(),
            at: head.at,
            why: head.why.into(),
            bytes: head.bytes,
        }
    }
}

/// The same with its body.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WholeLetter {
    /// What is told of it in a list.
    letter: DeadLetter,
    /// What was to be sent; headers are not shown.
    body: String,
}

/// Some of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LetterPage {
    /// Oldest first.
    letters: Vec<DeadLetter>,
    /// How many there are on all pages.
    count: u64,
    /// `after` of the next page, if there is one.
    next: Option<i64>,
}

/// Which of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Of this subscription alone.
    subscription: Option<String>,
    /// Its tenant; the default tenant when not given. It goes with `subscription`.
    #[serde(default)]
    tenant: String,
    /// Those behind this number.
    #[serde(default)]
    after: i64,
    /// So many at most: 1 to 1,000; 100 when not given.
    limit: Option<usize>,
}

/// Whose letters are to be sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayAsked {
    /// The subscription's id.
    subscription: String,
    /// Its tenant; the default tenant when not given.
    #[serde(default)]
    tenant: String,
}

/// How many go again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnderWay {
    /// Letters that are on their way; each goes from the list when it is taken.
    under_way: usize,
    /// Letters that the receiver's lane has no room for now: ask again when the others are gone.
    left: u64,
}

/// Why a letter is dropped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DropAsked {
    /// One line of 1 to 500 characters; it stands in the machine's log beside the letter.
    reason: String,
}

/// How a receiver does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LaneShown {
    /// Scheme, host, port and path; of MQTT the server.
    receiver: String,
    /// `well`, `waiting` after failures, or `probing` with one notification.
    state: &'static str,
    /// Failures in a row.
    failures: u32,
    /// Notifications that wait in memory.
    waiting: usize,
    /// Subscriptions that send there.
    subscriptions: usize,
    /// Notifications that were taken since the start.
    taken: u64,
}

/// All receivers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LanePage {
    /// In the order of their names, those behind `after`.
    lanes: Vec<LaneShown>,
    /// `after` of the next page, if there is one.
    next: Option<String>,
    /// Notifications that were taken since the start.
    delivered: u64,
    /// Tries that failed.
    failed: u64,
    /// Notifications that went to the dead letters.
    given_up: u64,
    /// Changes that were no longer in the log when somebody had to read them again.
    lost: u64,
    /// Notifications that wait in memory.
    waiting: usize,
    /// Subscriptions that read the log again.
    behind: usize,
}

/// Which receivers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct LanesWanted {
    /// Those behind this name.
    #[serde(default)]
    after: String,
    /// So many at most: 1 to 1,000; 100 when not given.
    limit: Option<usize>,
}

fn limit(asked: Option<usize>) -> Result<usize, Error> {
    let limit = asked.unwrap_or(PAGE);
    match (1..=PAGE_MAX).contains(&limit) {
        true => Ok(limit),
        false => Err(Error::bad("limit", format!("1 to {PAGE_MAX}"))),
    }
}

fn notifier(admin: &Admin) -> Result<Arc<Notifier>, Error> {
    admin.broker.notifier().ok_or(Error::Busy)
}

fn of_store(e: &loggia_store::Error) -> Error {
    Error::Broken(format!("dead letters: {e}"))
}

fn known(found: Option<Letter>, number: i64) -> Result<Letter, Error> {
    found.ok_or_else(|| Error::NotFound(format!("there is no dead letter {number}")))
}

/// Dead letters, of all subscriptions or of one.
#[utoipa::path(get, path = "/api/v1/data-plane/dead-letters", tag = "data plane", params(Wanted),
    responses((status = 200, body = LetterPage), (status = 400, body = ProblemBody)))]
pub(super) async fn list(
    State(admin): State<Arc<Admin>>,
    Query(wanted): Query<Wanted>,
) -> Result<Body<LetterPage>, Problem> {
    let page = apart(move || {
        let limit = limit(wanted.limit)?;
        let subscription = wanted.subscription.as_deref();
        let of = subscription.map(|id| (&*wanted.tenant, id));
        let notifier = notifier(&admin)?;
        let letters = notifier.letters();
        let mut heads = letters
            .page(of, wanted.after, limit + 1)
            .map_err(|e| of_store(&e))?;
        let more = heads.len() > limit;
        heads.truncate(limit);
        Ok(LetterPage {
            next: heads.last().filter(|_| more).map(|h| h.id),
            letters: heads.into_iter().map(DeadLetter::from).collect(),
            count: letters.count(of).map_err(|e| of_store(&e))?,
        })
    });
    Ok(Body(page.await?))
}

/// One dead letter with its body.
#[utoipa::path(get, path = "/api/v1/data-plane/dead-letters/{number}", tag = "data plane",
    params(("number" = i64, Path, description = "the letter's number")),
    responses((status = 200, body = WholeLetter), (status = 404, body = ProblemBody)))]
pub(super) async fn one(
    State(admin): State<Arc<Admin>>,
    Path(number): Path<i64>,
) -> Result<Body<WholeLetter>, Problem> {
    let read = apart(move || {
        let found = notifier(&admin)?.letters().get(number);
        let letter = known(found.map_err(|e| of_store(&e))?, number)?;
        let body = String::from_utf8_lossy(&letter.message.body).into_owned();
        let letter = DeadLetter::from(letter.head());
        Ok(WholeLetter { letter, body })
    });
    Ok(Body(read.await?))
}

/// Sends a dead letter again, to where its subscription points now.
#[utoipa::path(post, path = "/api/v1/data-plane/dead-letters/{number}/replay", tag = "data plane",
    params(("number" = i64, Path, description = "the letter's number")),
    responses((status = 202, body = UnderWay), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 503, body = ProblemBody)))]
pub(super) async fn replay(
    State(admin): State<Arc<Admin>>,
    Path(number): Path<i64>,
) -> Result<(StatusCode, Body<UnderWay>), Problem> {
    let sent = apart(move || {
        let notifier = notifier(&admin)?;
        let found = notifier.letters().get(number).map_err(|e| of_store(&e))?;
        let letter = known(found, number)?;
        Ok(notifier.replay_one(&letter))
    });
    match sent.await? {
        Resent::UnderWay => Ok((
            StatusCode::ACCEPTED,
            Body(UnderWay {
                under_way: 1,
                left: 0,
            }),
        )),
        Resent::NoRoom => Err(Problem(Fault::Busy(
            "its receiver fails just now, or has enough to do: try again later".to_owned(),
        ))),
        Resent::NoSubscription => Err(Problem(Fault::Conflict(
            "its subscription is deleted: there is nowhere to send it; drop it".to_owned(),
        ))),
    }
}

/// Sends a subscription's dead letters again, oldest first.
#[utoipa::path(post, path = "/api/v1/data-plane/dead-letters/replay", tag = "data plane",
    request_body = ReplayAsked,
    responses((status = 202, body = UnderWay), (status = 404, body = ProblemBody),
        (status = 503, body = ProblemBody)))]
pub(super) async fn replay_all(
    State(admin): State<Arc<Admin>>,
    Body(asked): Body<ReplayAsked>,
) -> Result<(StatusCode, Body<UnderWay>), Problem> {
    let sent = apart(move || {
        let notifier = notifier(&admin)?;
        let number = admin
            .broker
            .subscription_number(&asked.tenant, &asked.subscription)?;
        let under_way = notifier.replay(number).map_err(|e| of_store(&e))?;
        let of = Some((&*asked.tenant, &*asked.subscription));
        let all = notifier.letters().count(of).map_err(|e| of_store(&e))?;
        let left = all.saturating_sub(under_way as u64);
        Ok(UnderWay { under_way, left })
    });
    Ok((StatusCode::ACCEPTED, Body(sent.await?)))
}

/// Drops a dead letter for good.
#[utoipa::path(post, path = "/api/v1/data-plane/dead-letters/{number}/drop", tag = "data plane",
    params(("number" = i64, Path, description = "the letter's number")),
    request_body = DropAsked,
    responses((status = 204), (status = 400, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(super) async fn drop_one(
    State(admin): State<Arc<Admin>>,
    Me(me): Me,
    Path(number): Path<i64>,
    Body(asked): Body<DropAsked>,
) -> Result<StatusCode, Problem> {
    apart(move || {
        let chars = asked.reason.trim().chars().count();
        if !(1..=500).contains(&chars) || asked.reason.chars().any(char::is_control) {
            return Err(Error::bad("reason", "one line of 1 to 500 characters"));
        }
        let notifier = notifier(&admin)?;
        let letters = notifier.letters();
        let dropped =
            letters.drop_for(number, &me.person.0, asked.reason.trim(), admin.broker.at());
        let letter = known(dropped.map_err(|e| of_store(&e))?, number)?;
        tracing::warn!(
            letter = number,
            subscription = &*letter.subscription_id,
            by = me.person.0,
            reason = asked.reason.trim(),
            "a dead letter was dropped"
        );
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How the receivers of notifications do.
#[utoipa::path(get, path = "/api/v1/data-plane/lanes", tag = "data plane", params(LanesWanted),
    responses((status = 200, body = LanePage), (status = 400, body = ProblemBody),
        (status = 503, body = ProblemBody)))]
pub(super) async fn lanes(
    State(admin): State<Arc<Admin>>,
    Query(wanted): Query<LanesWanted>,
) -> Result<Body<LanePage>, Problem> {
    let limit = limit(wanted.limit)?;
    let notifier = notifier(&admin)?;
    let counts = notifier.counts();
    let mut found = notifier.lanes(&wanted.after, limit + 1);
    let more = found.len() > limit;
    found.truncate(limit);
    let each = found.iter().map(|lane| LaneShown {
        receiver: lane.name.to_string(),
        state: lane.state,
        failures: lane.failures,
        waiting: lane.waiting,
        subscriptions: lane.subscriptions,
        taken: lane.taken,
    });
    Ok(Body(LanePage {
        lanes: each.collect(),
        next: found.last().filter(|_| more).map(|l| l.name.to_string()),
        delivered: counts.delivered,
        failed: counts.failed,
        given_up: counts.given_up,
        lost: counts.lost,
        waiting: counts.waiting,
        behind: counts.behind,
    }))
}
