//! Subscriptions as records of the log: written, and read at a start. Never loses one that it
//! cannot read for now: its record stays as it was.

use std::sync::Arc;

use crate::broker::Broker;
use crate::error::Error;
use crate::json::{Emit, Json};
use crate::notify::{Known, Silence};
use crate::subscription::{Subscription, Tally};

impl Broker {
    pub(in crate::broker) fn restore_subscription(
        &self,
        seq: u64,
        row: &[u8],
    ) -> Result<(), Error> {
        let json = Json::read(row)?;
        let number = number(&json).unwrap_or(seq);
        let tenant = json.get("tenant").and_then(Json::as_str);
        let record = json.get("subscription");
        let (Some(tenant), Some(record)) = (tenant, record) else {
            return Err(Error::Broken(format!("record {seq} is no subscription")));
        };
        let now = self.now();
        let mut compile = |list: &Json| self.contexts.compile(list, now);
        let read = Subscription::restore(record, &mut compile);
        let mut inside = self.subscriptions.inside();
        let key = match json.get("key") {
            Some(Json::Number(n)) => n.as_u64(),
            _ => None,
        };
        inside.keys.extend(key.map(|key| (number, key)));
        match read {
            Ok(subscription) => inside.put(Known {
                number,
                tenant: tenant.into(),
                subscription: Arc::new(subscription),
                since: number,
                silences: Silence::read_all(json.get("silences"), seq),
            }),
            Err(e) => {
                tracing::error!(error = %e, number, "a subscription does not read: nobody is told");
                inside.remove(number);
                inside.keys.extend(key.map(|key| (number, key)));
                let row = numbered((number, tenant), &json, key.as_ref(), seq);
                inside.unread.insert(number, row);
            }
        }
        Ok(())
    }

    pub(in crate::broker) fn restore_unsubscribed(&self, row: &[u8]) -> Result<(), Error> {
        if let Some(number) = number(&Json::read(row)?) {
            self.subscriptions.inside().remove(number);
        }
        Ok(())
    }

    pub(in crate::broker) fn restore_tallies(&self, row: &[u8]) -> Result<(), Error> {
        let json = Json::read(row)?;
        let each = json.as_list().iter();
        self.tallied(each.filter_map(|one| Some((number(one)?, Tally::read(one)))));
        Ok(())
    }
}

fn number(json: &Json) -> Option<u64> {
    match json.get("number") {
        Some(Json::Number(n)) => n.as_u64().filter(|n| *n > 0),
        _ => None,
    }
}

/// A subscription's record. The first one has no number yet: it is the record's own.
pub(super) fn body(known: &Known, key: Option<&u64>) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let mut object = Emit::object(&mut out);
    object.json("number", &Json::Number(known.number.into()));
    object.text("tenant", &known.tenant);
    write_key(&mut object, key);
    let record = known.subscription.record();
    object.member("subscription").extend_from_slice(&record);
    if !known.silences.is_empty() {
        Silence::write_all(&known.silences, object.member("silences"));
    }
    object.end();
    out
}

/// The key of the device that made it.
fn write_key(object: &mut Emit<'_>, key: Option<&u64>) {
    if let Some(key) = key {
        object.json("key", &Json::Number((*key).into()));
    }
}

/// The record of one that does not read, with its number.
fn numbered((number, tenant): (u64, &str), row: &Json, key: Option<&u64>, seq: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = Emit::object(&mut out);
    object.json("number", &Json::Number(number.into()));
    object.text("tenant", tenant);
    write_key(&mut object, key);
    let record = row.get("subscription").unwrap_or(&Json::Null);
    object.json("subscription", record);
    let silences = Silence::read_all(row.get("silences"), seq);
    Silence::write_all(&silences, object.member("silences"));
    object.end();
    out
}
