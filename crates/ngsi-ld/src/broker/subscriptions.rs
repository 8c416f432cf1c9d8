//! Subscriptions of all tenants: kept in the log like entities, and told to whoever notifies. Never
//! loses one that it cannot read for now: its record stays as it was.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use super::record::{SUBSCRIPTION, SUBSCRIPTION_GONE, TALLIES};
use super::{Broker, Kept, of};
use crate::error::Error;
use crate::json::{Emit, Json};
use crate::notify::{Heard, Known, Notifier, Silence};
use crate::subscription::{Status, Subscription, Tally};
use crate::time::Time;

/// Subscriptions of one installation. Each takes some 3 kB: 100,000 are 300 MB.
pub const SUBSCRIPTIONS_MAX: usize = 100_000;

/// All of them, and who is told of changes to them.
#[derive(Default)]
pub(super) struct SubscriptionStore {
    inside: Mutex<Inside>,
    notifier: OnceLock<Weak<Notifier>>,
    /// Names given since the start.
    named: AtomicU64,
}

#[derive(Default)]
struct Inside {
    by_number: BTreeMap<u64, Known>,
    by_id: HashMap<(Box<str>, Box<str>), u64>,
    /// Records that do not read, because their @context is missing: as they are.
    unread: BTreeMap<u64, Vec<u8>>,
}

impl SubscriptionStore {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each as a record, for a snapshot.
    pub(super) fn rows(&self) -> Vec<Vec<u8>> {
        let inside = self.inside();
        let read = inside.by_number.values().map(body);
        read.chain(inside.unread.values().cloned()).collect()
    }

    fn notifier(&self) -> Option<Arc<Notifier>> {
        self.notifier.get()?.upgrade()
    }
}

impl Inside {
    fn put(&mut self, known: Known) {
        let name = (known.tenant.clone(), known.subscription.id.clone());
        self.by_id.insert(name, known.number);
        self.unread.remove(&known.number);
        self.by_number.insert(known.number, known);
    }

    fn remove(&mut self, number: u64) {
        self.unread.remove(&number);
        if let Some(known) = self.by_number.remove(&number) {
            let name = (known.tenant, known.subscription.id.clone());
            self.by_id.remove(&name);
        }
    }

    fn get(&self, tenant: &str, id: &str) -> Option<&Known> {
        let number = self.by_id.get(&(tenant.into(), id.into()))?;
        self.by_number.get(number)
    }
}

impl Broker {
    /// From now on this notifier is told of subscriptions. It is started with
    /// [`Self::known_subscriptions`] before anything else is written.
    pub fn notify_with(&self, notifier: &Arc<Notifier>) {
        if self
            .subscriptions
            .notifier
            .set(Arc::downgrade(notifier))
            .is_err()
        {
            tracing::error!("the city's records have a notifier already");
        }
    }

    /// All subscriptions, for a notifier to start with.
    #[must_use]
    pub fn known_subscriptions(&self) -> Vec<Known> {
        self.subscriptions
            .inside()
            .by_number
            .values()
            .cloned()
            .collect()
    }

    /// A URI that nothing has yet (clause 5.8.1.4): the time to the microsecond and a count.
    #[must_use]
    pub fn new_name(&self, kind: &str) -> String {
        let count = self.subscriptions.named.fetch_add(1, Ordering::Relaxed);
        format!("urn:ngsi-ld:{kind}:{:x}-{count:x}", self.now().micros())
    }

    /// Makes a subscription (clause 5.8.1).
    ///
    /// # Errors
    /// [`Error::AlreadyExists`], [`Error::TooMany`], [`Error::Busy`], and if its endpoint may not
    /// be called.
    pub fn subscribe(&self, tenant: &str, new: Subscription) -> Result<Kept, Error> {
        let notifier = self.subscriptions.notifier();
        may_call(notifier.as_deref(), &new)?;
        // Held until the notifier knows it: no change comes between.
        let mut state = self.state_mut();
        self.tenant_made(&mut state, tenant)?;
        let mut inside = self.subscriptions.inside();
        if inside.get(tenant, &new.id).is_some() {
            let what = format!("there is a subscription {} already", new.id);
            return Err(Error::AlreadyExists(what));
        }
        if inside.by_number.len() + inside.unread.len() >= SUBSCRIPTIONS_MAX {
            let what = format!("there are {SUBSCRIPTIONS_MAX} subscriptions already");
            return Err(Error::TooMany(what));
        }
        let mut known = Known {
            number: 0,
            tenant: tenant.into(),
            subscription: Arc::new(new),
            since: 0,
            silences: Vec::new(),
        };
        let now = self.now();
        let is = heard(&known.subscription, now);
        // The record does not know its own number before it is one: 0 stands for it.
        known.silences = Silence::after(Vec::new(), Heard::Always, is, 0);
        let ticket = self.append(SUBSCRIPTION, 0, now, &body(&known))?;
        known.number = ticket.seq();
        known.since = ticket.seq();
        known.silences = Silence::after(Vec::new(), Heard::Always, is, ticket.seq());
        inside.put(known.clone());
        if let Some(notifier) = notifier {
            notifier.put(known);
        }
        Ok(ticket.into())
    }

    /// One subscription, with what became of its notifications (clause 5.8.3).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoTenant`].
    pub fn subscription(&self, tenant: &str, id: &str) -> Result<Subscription, Error> {
        of(&self.state(), tenant)?;
        let inside = self.subscriptions.inside();
        let known = inside.get(tenant, id).ok_or_else(|| absent(id))?;
        Ok(self.with_tally(known))
    }

    /// All of a tenant, in the order in which they were made (clause 5.8.4).
    ///
    /// # Errors
    /// [`Error::NoTenant`].
    pub fn subscriptions(&self, tenant: &str) -> Result<Vec<Arc<Subscription>>, Error> {
        of(&self.state(), tenant)?;
        let inside = self.subscriptions.inside();
        let own = inside.by_number.values().filter(|k| &*k.tenant == tenant);
        Ok(own.map(|k| Arc::new(self.with_tally(k))).collect())
    }

    fn with_tally(&self, known: &Known) -> Subscription {
        let mut s = (*known.subscription).clone();
        let notifier = self.subscriptions.notifier();
        if let Some(tally) = notifier.and_then(|n| n.tally(known.number)) {
            s.tally = tally;
        }
        s
    }

    /// Changes a subscription (clause 5.8.2).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Busy`], what `make` says, and if its endpoint may not be
    /// called.
    pub fn resubscribe(
        &self,
        tenant: &str,
        id: &str,
        make: impl FnOnce(&Subscription) -> Result<Subscription, Error>,
    ) -> Result<Kept, Error> {
        let notifier = self.subscriptions.notifier();
        let state = self.state_mut();
        of(&state, tenant)?;
        let mut inside = self.subscriptions.inside();
        let old = inside.get(tenant, id).ok_or_else(|| absent(id))?;
        let new = make(&self.with_tally(old))?;
        may_call(notifier.as_deref(), &new)?;
        let now = self.now();
        let (was, is) = (heard(&old.subscription, now), heard(&new, now));
        let silences = old.silences.clone();
        let mut known = Known {
            subscription: Arc::new(new),
            silences: Silence::after(silences.clone(), was, is, 0),
            ..old.clone()
        };
        let ticket = self.append(SUBSCRIPTION, 0, now, &body(&known))?;
        known.silences = Silence::after(silences, was, is, ticket.seq());
        if let Some(notifier) = notifier {
            notifier.update(known.clone());
        }
        inside.put(known);
        Ok(ticket.into())
    }

    /// Deletes a subscription (clause 5.8.5).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoTenant`], [`Error::Busy`].
    pub fn unsubscribe(&self, tenant: &str, id: &str) -> Result<Kept, Error> {
        let state = self.state_mut();
        of(&state, tenant)?;
        let mut inside = self.subscriptions.inside();
        let number = inside.get(tenant, id).ok_or_else(|| absent(id))?.number;
        let mut row = Vec::new();
        let mut object = Emit::object(&mut row);
        object.json("number", &Json::Number(number.into()));
        object.end();
        let ticket = self.append(SUBSCRIPTION_GONE, 0, self.now(), &row)?;
        inside.remove(number);
        if let Some(notifier) = self.subscriptions.notifier() {
            notifier.remove(number);
        }
        Ok(ticket.into())
    }

    /// Keeps what became of notifications.
    pub(super) fn keep_tallies(&self, tallies: &[(u64, Tally)]) -> Result<Kept, Error> {
        let mut row = Vec::new();
        let mut list = Emit::array(&mut row);
        for (number, tally) in tallies {
            let mut object = Emit::object(list.item());
            object.json("number", &Json::Number((*number).into()));
            tally.write(&mut object);
            object.end();
        }
        list.end();
        let kept = self.append_kept(TALLIES, &row)?;
        self.tallied(tallies.iter().copied());
        Ok(kept)
    }

    fn tallied(&self, tallies: impl Iterator<Item = (u64, Tally)>) {
        let mut inside = self.subscriptions.inside();
        for (number, tally) in tallies {
            if let Some(known) = inside.by_number.get_mut(&number) {
                Arc::make_mut(&mut known.subscription).tally = tally;
            }
        }
    }

    pub(super) fn restore_subscription(&self, seq: u64, row: &[u8]) -> Result<(), Error> {
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
                let row = numbered(number, tenant, &json, seq);
                inside.unread.insert(number, row);
            }
        }
        Ok(())
    }

    pub(super) fn restore_unsubscribed(&self, row: &[u8]) -> Result<(), Error> {
        if let Some(number) = number(&Json::read(row)?) {
            self.subscriptions.inside().remove(number);
        }
        Ok(())
    }

    pub(super) fn restore_tallies(&self, row: &[u8]) -> Result<(), Error> {
        let json = Json::read(row)?;
        let each = json.as_list().iter();
        self.tallied(each.filter_map(|one| Some((number(one)?, Tally::read(one)))));
        Ok(())
    }
}

fn may_call(notifier: Option<&Notifier>, s: &Subscription) -> Result<(), Error> {
    let checked = notifier.map_or(Ok(()), |n| n.check(s));
    checked.map_err(|e| Error::bad("notification.endpoint.uri", e.to_string()))
}

fn heard(s: &Subscription, now: Time) -> Heard {
    match (s.status(now), s.expires_at) {
        (Status::Expired, Some(at)) => Heard::Until(at),
        (Status::Paused, _) => Heard::Never,
        _ => Heard::Always,
    }
}

fn absent(id: &str) -> Error {
    Error::NotFound(format!("there is no subscription {id}"))
}

fn number(json: &Json) -> Option<u64> {
    match json.get("number") {
        Some(Json::Number(n)) => n.as_u64().filter(|n| *n > 0),
        _ => None,
    }
}

/// A subscription's record. The first one has no number yet: it is the record's own.
fn body(known: &Known) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let mut object = Emit::object(&mut out);
    object.json("number", &Json::Number(known.number.into()));
    object.text("tenant", &known.tenant);
    let record = known.subscription.record();
    object.member("subscription").extend_from_slice(&record);
    if !known.silences.is_empty() {
        Silence::write_all(&known.silences, object.member("silences"));
    }
    object.end();
    out
}

/// The record of one that does not read, with its number.
fn numbered(number: u64, tenant: &str, row: &Json, seq: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = Emit::object(&mut out);
    object.json("number", &Json::Number(number.into()));
    object.text("tenant", tenant);
    object.json(
        "subscription",
        row.get("subscription").unwrap_or(&Json::Null),
    );
    let silences = Silence::read_all(row.get("silences"), seq);
    Silence::write_all(&silences, object.member("silences"));
    object.end();
    out
}
