//! Subscriptions: what somebody wants to be told, when, and how it is written for them (clauses
//! 5.2.12 to 5.2.15, 5.8.1 to 5.8.6). Never sends anything, never reads a clock and never looks
//! for an entity: whoever has a change asks.

mod apply;
mod check;
mod delivery;
mod edit;
mod endpoint;
mod index;
mod matching;
mod message;
mod patch;
mod read;
mod selector;
mod told;
mod trigger;
mod write;

use std::sync::Arc;

use crate::context::Context;
use crate::error::Error;
use crate::iri::Iri;
use crate::lang::Languages;
use crate::query::{GeoQuery, Query, ScopeQuery};
use crate::time::Time;

pub use delivery::{Delivery, Format, Join, Shown};
pub use endpoint::{Accept, Endpoint, Pair, Protocol, Qos, Scheme};
pub use index::Index;
pub use message::{Cause, Find, Message, Occasion};
pub use read::Compile;
pub use selector::Selector;
pub use trigger::{Trigger, Triggers};

/// Selectors, watched attributes and the like in one list. A city's widest subscriptions name some
/// dozens; each is compared with each touched attribute, 1,000 times 10 at 2 ns are 20 µs.
pub const LIST_MAX: usize = 1_000;
/// The longest of names, descriptions and values that are kept as text.
pub const TEXT_BYTES_MAX: usize = 8_192;
/// Shortest `timeInterval`, seconds: each tick asks for all entities that match.
pub const TIME_INTERVAL_MIN_S: f64 = 1.0;

/// A subscription as it stands.
#[derive(Clone)]
pub struct Subscription {
    /// `id`.
    pub id: Box<str>,
    /// `subscriptionName`.
    pub name: Option<Box<str>>,
    /// `description`.
    pub description: Option<Box<str>>,
    /// `entities`: any one of them is enough; empty for all entities.
    pub entities: Vec<Selector>,
    /// `watchedAttributes`; empty for all attributes.
    pub watched: Vec<Iri>,
    /// `notificationTrigger`.
    pub triggers: Triggers,
    /// `timeInterval`: so often, whether something changed or not.
    pub time_interval: Option<Seconds>,
    /// `q`.
    pub q: Option<Text<Query>>,
    /// `expandValues`: words that `q` asks of these are names to be expanded.
    pub expand_values: Vec<Iri>,
    /// `csf`: read, kept and given back; there are no context sources to filter.
    pub csf: Option<Text<Query>>,
    /// `scopeQ`.
    pub scope: Option<Text<ScopeQuery>>,
    /// `geoQ`.
    pub geo: Option<GeoCondition>,
    /// `isActive`, if it was said.
    pub is_active: Option<bool>,
    /// `expiresAt`.
    pub expires_at: Option<Time>,
    /// `throttling`: not more often than this.
    pub throttling: Option<Seconds>,
    /// `lang`.
    pub lang: Option<Text<Languages>>,
    /// `datasetId`: these instances only; `None` in it is the default instance.
    pub datasets: Option<Vec<Option<Box<str>>>>,
    /// `jsonldContext`, if it was said.
    pub jsonld_context: Option<Box<str>>,
    /// What is kept and given back, and changes nothing here.
    pub kept: Kept,
    /// `notification`.
    pub notification: Delivery,
    /// The @context of the request that made it.
    pub context: Arc<Context>,
    /// The one that notifications are written with: `jsonldContext`, or the same.
    pub told_in: Arc<Context>,
    /// When it was made.
    pub created_at: Time,
    /// When it was changed last.
    pub modified_at: Time,
    /// What became of its notifications.
    pub tally: Tally,
}

/// Members that this broker honours without doing anything: it has no context sources, and never
/// expands what is within values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// `localOnly`.
    pub local_only: Option<bool>,
    /// `splitEntities`.
    pub split_entities: Option<bool>,
    /// `ngsildConformance`.
    pub conformance: Option<Box<str>>,
    /// `jsonKeys`.
    pub json_keys: Vec<Iri>,
}

/// What was read, beside its text: it is given back as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<T> {
    /// As sent.
    pub text: Box<str>,
    /// As read.
    pub read: T,
}

/// `geoQ`, beside its members as sent (clause 5.2.13).
#[derive(Debug, Clone, PartialEq)]
pub struct GeoCondition {
    /// As read.
    pub read: GeoQuery,
    /// `georel`.
    pub georel: Box<str>,
    /// `geometry`.
    pub geometry: Box<str>,
    /// `coordinates`.
    pub coordinates: crate::json::Json,
    /// Whether `geoproperty` was said, or is `location` by default.
    pub named: Option<Iri>,
}

/// A number of seconds, as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seconds(pub(crate) serde_json::Number);

impl Seconds {
    /// In microseconds.
    #[must_use]
    pub fn micros(&self) -> i64 {
        // Bounded where it is read, so that no digit is lost that a clock could show.
        self.0.as_f64().map_or(0, |s| (s * 1e6) as i64)
    }
}

/// `status` (clause 5.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It notifies.
    Active,
    /// `isActive` is false.
    Paused,
    /// `expiresAt` has passed.
    Expired,
}

impl Status {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Expired => "expired",
        }
    }
}

/// What became of a subscription's notifications (clause 5.2.14.2). A notification counts once,
/// however often it was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// `timesSent`.
    pub times_sent: u64,
    /// `timesFailed`.
    pub times_failed: u64,
    /// `lastNotification`: when one was tried last.
    pub last_notification: Option<Time>,
    /// `lastSuccess`.
    pub last_success: Option<Time>,
    /// `lastFailure`.
    pub last_failure: Option<Time>,
}

impl Tally {
    /// `status` of the notifications; nothing before the first.
    #[must_use]
    pub fn is_failing(&self) -> Option<bool> {
        match (self.last_success, self.last_failure) {
            (None, None) => None,
            (Some(good), Some(bad)) => Some(bad.micros() > good.micros()),
            (good, _) => Some(good.is_none()),
        }
    }
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Its record, without the tables of its @context.
        f.write_str(&String::from_utf8_lossy(&self.record()))
    }
}

impl Subscription {
    /// Whether it notifies at this time.
    #[must_use]
    pub fn status(&self, now: Time) -> Status {
        if self.expires_at.is_some_and(|t| t.micros() <= now.micros()) {
            Status::Expired
        } else if self.is_active == Some(false) {
            Status::Paused
        } else {
            Status::Active
        }
    }
}

/// A rule of a subscription is broken.
fn bad(at: &str, what: impl Into<String>) -> Error {
    Error::bad(at, what)
}
