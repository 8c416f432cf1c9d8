//! A subscription out of a request's body, or out of the log (clauses 5.2.12 and 5.8.1). Never
//! takes a member that it does not know: what somebody subscribed to by a misspelt name they would
//! wait for in vain.

use std::sync::Arc;

use super::apply::Reading;
use super::{Subscription, Tally, Triggers, bad};
use crate::context::Context;
use crate::error::Error;
use crate::iri::is_uri;
use crate::json::Json;
use crate::time::Time;

/// Compiles the @context at a URL, or says that it cannot be had.
pub type Compile<'f> = &'f mut dyn FnMut(&Json) -> Result<Arc<Context>, Error>;

impl Subscription {
    /// Reads one that is to be made. `new_id` is for a body that brings none.
    ///
    /// # Errors
    /// [`Error::BadData`] says which member and what would be right; [`Error::Query`] for `q` and
    /// its like; what `compile` gives for `jsonldContext`.
    pub fn read(
        body: &Json,
        context: &Arc<Context>,
        new_id: &str,
        compile: Compile<'_>,
        now: Time,
    ) -> Result<Self, Error> {
        let new = Self::read_members(body, context, new_id, compile, now)?;
        new.check(now)?;
        Ok(new)
    }

    /// Reads one that [`Self::record`] wrote, with its tally. It may have expired since.
    ///
    /// # Errors
    /// As [`Self::read`]; no record of a subscription that was read makes one.
    pub fn restore(record: &Json, compile: Compile<'_>) -> Result<Self, Error> {
        let context = record.get("@context").unwrap_or(&Json::Null);
        let context = compile(context)?;
        let made = time(record, "createdAt")
            .ok_or_else(|| bad("createdAt", "a record of a subscription has it"))?;
        let mut new = Self::read_members(record, &context, "", compile, made)?;
        new.modified_at = time(record, "modifiedAt").unwrap_or(made);
        new.tally = Tally::read(record.get("notification").unwrap_or(&Json::Null));
        Ok(new)
    }

    fn read_members(
        body: &Json,
        context: &Arc<Context>,
        new_id: &str,
        compile: Compile<'_>,
        now: Time,
    ) -> Result<Self, Error> {
        if !matches!(body, Json::Object(_)) {
            let what = format!("a subscription is an object, not {}", body.kind());
            return Err(Error::bad("", what));
        }
        let notification = body.get("notification").filter(|n| **n != Json::Null);
        let notification = notification.ok_or_else(|| bad("notification", "it is missing"))?;
        let delivery = super::Delivery::read(notification, context);
        let mut new = Self {
            id: new_id.into(),
            name: None,
            description: None,
            entities: Vec::new(),
            watched: Vec::new(),
            triggers: Triggers::default(),
            time_interval: None,
            q: None,
            expand_values: Vec::new(),
            csf: None,
            scope: None,
            geo: None,
            is_active: None,
            expires_at: None,
            throttling: None,
            lang: None,
            datasets: None,
            jsonld_context: None,
            kept: super::Kept::default(),
            notification: delivery.map_err(|e| e.within("notification"))?,
            context: context.clone(),
            told_in: context.clone(),
            created_at: now,
            modified_at: now,
            tally: Tally::default(),
        };
        let mut reading = Reading { context, compile };
        let mut kind = None;
        for (name, value) in super::apply::in_order(body.members()) {
            match (&**name, value) {
                // JSON-LD drops what is null, so that it says nothing (clause 4.5.0).
                (_, Json::Null) | ("@context" | "notification", _) => {}
                ("id" | "@id", value) => new.id = id(value)?,
                ("type" | "@type", value) => kind = Some(value),
                (name, value) => reading.member(&mut new, name, value)?,
            }
        }
        is_subscription(kind)?;
        Ok(new)
    }
}

impl Tally {
    /// Reads what [`Self::write`] wrote.
    pub(crate) fn read(told: &Json) -> Self {
        let count = |name: &str| match told.get(name) {
            Some(Json::Number(n)) => n.as_u64().unwrap_or_default(),
            _ => 0,
        };
        Self {
            times_sent: count("timesSent"),
            times_failed: count("timesFailed"),
            last_notification: time(told, "lastNotification"),
            last_success: time(told, "lastSuccess"),
            last_failure: time(told, "lastFailure"),
        }
    }
}

fn time(of: &Json, name: &str) -> Option<Time> {
    of.get(name).and_then(Json::as_str).and_then(Time::read)
}

fn id(value: &Json) -> Result<Box<str>, Error> {
    match value.as_str() {
        Some(id) if is_uri(id) => Ok(id.into()),
        _ => Err(bad("id", "it is no URI")),
    }
}

/// Whether `type` says what this is.
pub(super) fn is_subscription(kind: Option<&Json>) -> Result<(), Error> {
    match kind.map(Json::as_list) {
        Some([one]) if one.as_str() == Some("Subscription") => Ok(()),
        None => Err(bad("type", "it is missing; it is `Subscription`")),
        Some(_) => Err(bad("type", "it is `Subscription`")),
    }
}
