//! Subscriptions of all tenants: kept in the log like entities, and told to whoever notifies. Never
//! loses one that it cannot read for now: its record stays as it was.

mod rows;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use super::record::{SUBSCRIPTION, SUBSCRIPTION_GONE, TALLIES};
use super::{Broker, Caller, Kept, of};
use crate::error::Error;
use crate::json::{Emit, Json};
use crate::notify::{Heard, Known, Notifier, Silence};
use crate::rights::Deed;
use crate::subscription::{Status, Subscription, Tally};
use crate::time::Time;

use rows::body;

/// Subscriptions of one installation. Each takes some 3 kB: 100,000 are 300 MB.
pub const SUBSCRIPTIONS_MAX: usize = 100_000;

/// Subscriptions of one device's key: a gateway follows some dozens, and each costs every change.
pub const KEY_SUBSCRIPTIONS_MAX: usize = 1_000;

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
    /// Keys of devices that made some of them: by number of the subscription.
    keys: HashMap<u64, u64>,
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
        let read = inside.by_number.values();
        let read = read.map(|known| body(known, inside.keys.get(&known.number)));
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
        self.keys.remove(&number);
        if let Some(known) = self.by_number.remove(&number) {
            let name = (known.tenant, known.subscription.id.clone());
            self.by_id.remove(&name);
        }
    }

    /// One that the caller may know of: a device has its own alone.
    fn get<C: Caller + ?Sized>(&self, caller: &C, id: &str) -> Result<&Known, Error> {
        let number = self.by_id.get(&(caller.tenant().into(), id.into()));
        let found = number.and_then(|n| self.by_number.get(n));
        let own = found.filter(|known| self.is_own(caller, known.number));
        own.ok_or_else(|| absent(id))
    }

    fn is_own<C: Caller + ?Sized>(&self, caller: &C, number: u64) -> bool {
        let key = caller.key();
        key.is_none_or(|key| self.keys.get(&number) == Some(&key.number))
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

    /// The notifier that is told of subscriptions, if one is there.
    pub(crate) fn notifier(&self) -> Option<Arc<Notifier>> {
        self.subscriptions.notifier()
    }

    /// A subscription's number.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoTenant`].
    pub fn subscription_number(&self, tenant: &str, id: &str) -> Result<u64, Error> {
        of(&self.state(), tenant)?;
        Ok(self.subscriptions.inside().get(tenant, id)?.number)
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
    pub fn subscribe<C: Caller + ?Sized>(
        &self,
        caller: &C,
        mut new: Subscription,
    ) -> Result<Kept, Error> {
        let tenant = caller.tenant();
        granted(caller, &mut new)?;
        let key = caller.key().map(|k| k.number);
        let notifier = self.subscriptions.notifier();
        may_call(notifier.as_deref(), &new)?;
        // Held until the notifier knows it: no change comes between.
        let mut state = self.state_mut();
        self.tenant_made(&mut state, tenant)?;
        let mut inside = self.subscriptions.inside();
        let name = (tenant.into(), new.id.clone());
        if inside.by_id.contains_key(&name) {
            let what = format!("there is a subscription {} already", new.id);
            return Err(Error::AlreadyExists(what));
        }
        if inside.by_number.len() + inside.unread.len() >= SUBSCRIPTIONS_MAX {
            let what = format!("there are {SUBSCRIPTIONS_MAX} subscriptions already");
            return Err(Error::TooMany(what));
        }
        let own = |key: &u64| inside.keys.values().filter(|k| *k == key).count();
        if key
            .as_ref()
            .is_some_and(|k| own(k) >= KEY_SUBSCRIPTIONS_MAX)
        {
            let what = format!("this key has {KEY_SUBSCRIPTIONS_MAX} subscriptions already");
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
        let row = body(&known, key.as_ref());
        let ticket = self.append(SUBSCRIPTION, 0, now, &row)?;
        known.number = ticket.seq();
        known.since = ticket.seq();
        known.silences = Silence::after(Vec::new(), Heard::Always, is, ticket.seq());
        inside.keys.extend(key.map(|key| (known.number, key)));
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
    pub fn subscription<C: Caller + ?Sized>(
        &self,
        caller: &C,
        id: &str,
    ) -> Result<Subscription, Error> {
        caller.may(Deed::Subscribe)?;
        of(&self.state(), caller.tenant())?;
        let inside = self.subscriptions.inside();
        Ok(self.with_tally(inside.get(caller, id)?))
    }

    /// All of a tenant, in the order in which they were made (clause 5.8.4).
    ///
    /// # Errors
    /// [`Error::NoTenant`].
    pub fn subscriptions<C: Caller + ?Sized>(
        &self,
        caller: &C,
    ) -> Result<Vec<Arc<Subscription>>, Error> {
        caller.may(Deed::Subscribe)?;
        let tenant = caller.tenant();
        of(&self.state(), tenant)?;
        let inside = self.subscriptions.inside();
        let all = inside.by_number.values().filter(|k| &*k.tenant == tenant);
        let own = all.filter(|k| inside.is_own(caller, k.number));
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
    pub fn resubscribe<C: Caller + ?Sized>(
        &self,
        caller: &C,
        id: &str,
        make: impl FnOnce(&Subscription) -> Result<Subscription, Error>,
    ) -> Result<Kept, Error> {
        let notifier = self.subscriptions.notifier();
        let state = self.state_mut();
        of(&state, caller.tenant())?;
        let mut inside = self.subscriptions.inside();
        let old = inside.get(caller, id)?;
        let mut new = make(&self.with_tally(old))?;
        granted(caller, &mut new)?;
        may_call(notifier.as_deref(), &new)?;
        let now = self.now();
        let (was, is) = (heard(&old.subscription, now), heard(&new, now));
        let silences = old.silences.clone();
        let mut known = Known {
            subscription: Arc::new(new),
            silences: Silence::after(silences.clone(), was, is, 0),
            ..old.clone()
        };
        let row = body(&known, inside.keys.get(&known.number));
        let ticket = self.append(SUBSCRIPTION, 0, now, &row)?;
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
    pub fn unsubscribe<C: Caller + ?Sized>(&self, caller: &C, id: &str) -> Result<Kept, Error> {
        caller.may(Deed::Subscribe)?;
        let state = self.state_mut();
        of(&state, caller.tenant())?;
        let mut inside = self.subscriptions.inside();
        let number = inside.get(caller, id)?.number;
        self.unsubscribe_one(&mut inside, number)
    }

    /// Deletes what was subscribed with a key.
    pub(super) fn unsubscribe_key(&self, key: u64) -> Result<Kept, Error> {
        let _state = self.state_mut();
        let mut inside = self.subscriptions.inside();
        let made = inside.keys.iter().filter(|(_, k)| **k == key);
        let numbers: Vec<u64> = made.map(|(number, _)| *number).collect();
        let mut kept = Kept::nothing();
        for number in numbers {
            kept = kept.and(self.unsubscribe_one(&mut inside, number)?);
        }
        Ok(kept)
    }

    fn unsubscribe_one(&self, inside: &mut Inside, number: u64) -> Result<Kept, Error> {
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

/// Refuses what the caller's key is not for; what a device subscribes to ends with its key.
fn granted<C: Caller + ?Sized>(caller: &C, new: &mut Subscription) -> Result<(), Error> {
    let (Some(rights), Some(key)) = (caller.may(Deed::Subscribe)?, caller.key()) else {
        return Ok(());
    };
    rights.subscribe(new)?;
    new.expires_at = Some(new.expires_at.map_or(key.until, |at| at.min(key.until)));
    Ok(())
}

fn absent(id: &str) -> Error {
    Error::NotFound(format!("there is no subscription {id}"))
}
