//! What notifications are made from: the records of the log, and entities as they are now. Never
//! writes but for what became of notifications.

use std::sync::Arc;

use loggia_model::At;
use loggia_store::bus::Record;

use super::Broker;
use super::record::{self, CHANGED, DELETED};
use crate::context::Context;
use crate::entity::Entity;
use crate::notify::Source;
use crate::query::Filter;
use crate::subscription::{Change, Subscription, Tally};
use crate::time::Time;

/// A broker's records.
#[derive(Debug)]
pub struct Records(pub Arc<Broker>);

impl Source for Records {
    fn change(&self, record: &Record) -> Result<Option<Change>, String> {
        if !matches!(record.kind(), CHANGED | DELETED) {
            return Ok(None);
        }
        let At(us) = record.at();
        let (at, body) = (Time::of_micros(us), record.body());
        let read = record::read(record.seq(), at, body, &self.0.core);
        read.map(Some).map_err(|e| e.to_string())
    }

    fn entity(&self, tenant: &str, id: &str) -> Option<Arc<Entity>> {
        self.0.get(tenant, id).ok()
    }

    fn matching(&self, tenant: &str, subscription: &Subscription, most: usize) -> Vec<Arc<Entity>> {
        let types = match &subscription.entities[..] {
            [one] => Some(one.types.clone()),
            _ => None,
        };
        let filter = Filter {
            types,
            ..Filter::default()
        };
        let mut found = Vec::new();
        let looked = self.0.each(tenant, &filter, |entity| {
            if subscription.selects(&entity) {
                found.push(entity);
            }
            found.len() < most
        });
        if let Err(e) = looked {
            tracing::debug!(error = %e, "nothing to tell of");
        }
        found
    }

    fn hosted(&self, context: &Context) -> String {
        // Made when the subscription was; without it the receiver has the core's names.
        let held = self.0.contexts.list(None);
        let found = held
            .iter()
            .find(|h| h.document.get("@context") == Some(context.body()));
        found.map_or_else(
            || crate::context::CORE_CONTEXT.to_owned(),
            |h| h.url.to_string(),
        )
    }

    fn keep(&self, tallies: &[(u64, Tally)]) {
        match self.0.keep_tallies(tallies) {
            // Nobody waits for it: the next one says the same and more.
            Ok(kept) => drop(kept),
            Err(e) => tracing::warn!(error = %e, "what became of notifications is not kept"),
        }
    }
}
