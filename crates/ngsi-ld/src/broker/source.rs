//! What notifications are made from: the records of the log, and entities as they are now. Never
//! writes but for what became of notifications.

use std::sync::Arc;

use loggia_model::At;
use loggia_store::bus::Record;

use super::Broker;
use super::record::{self, CHANGED, DELETED};
use crate::Recorded;
use crate::context::{CORE_CONTEXT, Context};
use crate::entity::Entity;
use crate::notify::Source;
use crate::query::Filter;
use crate::subscription::{Subscription, Tally};
use crate::time::Time;

/// A broker's records.
#[derive(Debug)]
pub struct Records(pub Arc<Broker>);

impl Source for Records {
    fn change(&self, record: &Record) -> Result<Option<Recorded>, String> {
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
        let found = self.0.contexts.served_at(context.body());
        found.map_or_else(|| CORE_CONTEXT.to_owned(), Into::into)
    }

    fn keep(&self, tallies: &[(u64, Tally)]) {
        match self.0.keep_tallies(tallies) {
            // Nobody waits for it: the next one says the same and more.
            Ok(kept) => drop(kept),
            Err(e) => tracing::warn!(error = %e, "what became of notifications is not kept"),
        }
    }
}
