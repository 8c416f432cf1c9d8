//! Writing: what a request makes of an entity is worked out, handed to the log, and only then seen.
//! Never acknowledges: whoever asked waits for the ticket. Never takes what the log refused.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as Task, Poll};
use std::time::Duration;

use loggia_model::At;
use loggia_store::bus::{Entry, Ticket};

use super::record::{self, CHANGED, DELETED, TENANT};
use super::state::{State, Tenant};
use super::{Broker, Caller, is_alive, no_entity, of};
use crate::entity::Entity;
use crate::error::Error;
use crate::rights::Deed;
use crate::time::Time;
use crate::update::{self, How, Outcome, Skipped, Touched};

/// A record is on disk within this time, or the disk has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// Tenants of one installation: departments and contractors. Each costs a table of 200 B.
pub const TENANTS_MAX: usize = 10_000;

/// What was done, to be awaited until it is on disk.
#[derive(Debug)]
#[must_use = "a write is acknowledged only when it is on disk"]
pub struct Kept {
    ticket: Option<Ticket>,
}

impl Kept {
    /// Nothing had to be written.
    pub const fn nothing() -> Self {
        Self { ticket: None }
    }

    /// The record's number, if there is one.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.ticket.as_ref().map(Ticket::seq)
    }

    /// Waits, for whoever has no runtime to await it in.
    ///
    /// # Errors
    /// [`Error::Broken`] if it does not come to disk within a minute.
    pub fn wait(&self) -> Result<(), Error> {
        let waited = self.ticket.as_ref().map(|t| t.wait(PATIENCE));
        waited.transpose().map(drop).map_err(|e| of_store(&e))
    }

    /// The later of two: the log is in order, so that it answers for both.
    pub fn and(self, later: Self) -> Self {
        Self {
            ticket: later.ticket.or(self.ticket),
        }
    }
}

impl From<Ticket> for Kept {
    fn from(ticket: Ticket) -> Self {
        Self {
            ticket: Some(ticket),
        }
    }
}

impl Future for Kept {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Self::Output> {
        match &mut self.ticket {
            None => Poll::Ready(Ok(())),
            Some(ticket) => Pin::new(ticket).poll(task).map(|r| match r {
                Ok(_) => Ok(()),
                Err(e) => Err(of_store(&e)),
            }),
        }
    }
}

/// What the store could not do, as a caller is told it.
pub(super) fn of_store(e: &loggia_store::Error) -> Error {
    match e {
        loggia_store::Error::Busy { .. } => Error::Busy,
        other => {
            tracing::error!(error = %other, "the city's records");
            Error::Broken("the city's records cannot be written; see the server's log".to_owned())
        }
    }
}

/// FNV-1a: the same entity always has the same key, on every machine.
pub(super) fn key(tenant: &str, id: &str) -> u64 {
    let bytes = tenant.bytes().chain([0]).chain(id.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Broker {
    /// Makes an entity (clause 5.6.1).
    ///
    /// # Errors
    /// [`Error::AlreadyExists`], [`Error::Busy`], [`Error::Forbidden`].
    pub fn create<C: Caller + ?Sized>(&self, caller: &C, entity: Entity) -> Result<Kept, Error> {
        if let Some(rights) = caller.may(Deed::Write)? {
            rights.make(&entity)?;
        }
        let tenant = caller.tenant();
        let now = self.now();
        let mut state = self.state_mut();
        self.tenant_made(&mut state, tenant)?;
        if of(&state, tenant)?
            .get(&entity.id)
            .is_some_and(|e| is_alive(e, now))
        {
            let what = format!("there is an entity {} already", entity.id);
            return Err(Error::AlreadyExists(what));
        }
        let touched = record::all(&entity, How::Added);
        self.commit(&mut state, tenant, None, entity, &touched)
    }

    /// Changes an entity by one of [`crate::update`]'s functions.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Busy`], and what `make` says.
    pub fn change<C: Caller + ?Sized>(
        &self,
        caller: &C,
        id: &str,
        make: impl FnOnce(&Entity, Time) -> Result<Outcome, Error>,
    ) -> Result<(Done, Kept), Error> {
        let rights = caller.may(Deed::Write)?;
        let tenant = caller.tenant();
        let now = self.now();
        let mut state = self.state_mut();
        let before = of(&state, tenant)?.get(id).filter(|e| is_alive(e, now));
        let before = before.cloned().ok_or_else(|| no_entity(id))?;
        let outcome = make(&before, now)?;
        if let Some(rights) = rights {
            rights.change(&before, &outcome.entity, &outcome.changed)?;
        }
        let done = Done {
            changed: outcome.changed,
            skipped: outcome.skipped,
        };
        if done.changed.is_empty() {
            return Ok((done, Kept::nothing()));
        }
        let kept = self.commit(
            &mut state,
            tenant,
            Some(&before),
            outcome.entity,
            &done.changed,
        )?;
        Ok((done, kept))
    }

    /// Deletes an entity (clause 5.6.6).
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Busy`].
    pub fn delete<C: Caller + ?Sized>(&self, caller: &C, id: &str) -> Result<Kept, Error> {
        self.delete_such(caller, id, |_| Ok(()))
    }

    /// The same, unless `such` refuses it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Busy`], and what `such` says.
    pub fn delete_such<C: Caller + ?Sized>(
        &self,
        caller: &C,
        id: &str,
        such: impl FnOnce(&Entity) -> Result<(), Error>,
    ) -> Result<Kept, Error> {
        let rights = caller.may(Deed::Write)?;
        let now = self.now();
        self.remove(caller.tenant(), id, |entity| {
            if !is_alive(entity, now) {
                return Err(no_entity(id));
            }
            such(entity)?;
            rights.map_or(Ok(()), |rights| rights.delete(entity))
        })
    }

    fn remove(
        &self,
        tenant: &str,
        id: &str,
        such: impl FnOnce(&Entity) -> Result<(), Error>,
    ) -> Result<Kept, Error> {
        let mut state = self.state_mut();
        let before = of(&state, tenant)?.get(id).cloned();
        let before = before.ok_or_else(|| no_entity(id))?;
        such(&before)?;
        let body = record::deleted(tenant, &before, &self.core);
        let ticket = self.append(DELETED, key(tenant, id), self.now(), &body)?;
        if let Some(own) = state.tenants.get_mut(tenant) {
            own.remove(id);
        }
        Ok(Kept {
            ticket: Some(ticket),
        })
    }

    /// Deletes entities and attributes whose time has come, some at a time; gives how many.
    pub(super) fn expire(&self, max: usize) -> Result<usize, Error> {
        let now = self.now();
        let due: Vec<(Box<str>, Box<str>)> = {
            let state = self.state();
            let each = state.tenants.iter();
            each.flat_map(|(t, own)| own.expired(now, max).into_iter().map(|id| (t.clone(), id)))
                .take(max)
                .collect()
        };
        for (tenant, id) in &due {
            let whole = self.remove(tenant, id, |entity| match is_alive(entity, now) {
                true => Err(no_entity(id)),
                false => Ok(()),
            });
            let done = match whole {
                Err(Error::NotFound(_)) => self
                    .change(tenant, id, |e, now| Ok(update::without_expired(e, now)))
                    .map(|(_, kept)| kept),
                whole => whole,
            };
            match done {
                Ok(_) | Err(Error::NotFound(_)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(due.len())
    }

    /// One record, and then the state. The lock is held over both, so that the log's order is the
    /// state's order.
    fn commit(
        &self,
        state: &mut State,
        tenant: &str,
        before: Option<&Arc<Entity>>,
        after: Entity,
        touched: &[Touched],
    ) -> Result<Kept, Error> {
        let body = record::changed(tenant, before.map(|b| &**b), &after, touched, &self.core);
        let at = after.modified_at;
        let ticket = self.append(CHANGED, key(tenant, &after.id), at, &body)?;
        if let Some(own) = state.tenants.get_mut(tenant) {
            own.put(Arc::new(after.settled()));
        }
        Ok(Kept {
            ticket: Some(ticket),
        })
    }

    /// Makes a tenant with its first write (clause 4.14).
    pub(super) fn tenant_made(&self, state: &mut State, tenant: &str) -> Result<(), Error> {
        if state.tenants.contains_key(tenant) {
            return Ok(());
        }
        if state.tenants.len() >= TENANTS_MAX {
            return Err(Error::TooMany(format!(
                "there are {TENANTS_MAX} tenants already"
            )));
        }
        let body = record::tenant(tenant);
        // The entity that follows in the log answers for it.
        drop(self.append(TENANT, key(tenant, ""), self.now(), &body)?);
        state.tenants.insert(tenant.into(), Tenant::default());
        Ok(())
    }

    pub(super) fn append(
        &self,
        kind: u8,
        key: u64,
        at: Time,
        body: &[u8],
    ) -> Result<Ticket, Error> {
        let entry = Entry {
            kind,
            key,
            at: At(at.micros()),
            body,
        };
        let ticket = self.bus.append(entry).map_err(|e| of_store(&e))?;
        self.appended.fetch_max(ticket.seq(), Ordering::AcqRel);
        Ok(ticket)
    }

    pub(super) fn append_kept(&self, kind: u8, body: &[u8]) -> Result<Kept, Error> {
        let ticket = self.append(kind, 0, self.now(), body)?;
        Ok(Kept {
            ticket: Some(ticket),
        })
    }
}

/// What a change did, and what it left undone.
#[derive(Debug)]
pub struct Done {
    /// What changed.
    pub changed: Vec<Touched>,
    /// What was asked for and not done.
    pub skipped: Vec<Skipped>,
}
