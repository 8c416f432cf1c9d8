//! The city's entities: state in memory, truth in a log. Each write is a record on disk before it
//! is acknowledged; a start replays what came after the newest snapshot. Never answers HTTP, never
//! lets a reader see what the log refused.

mod caller;
mod columns;
mod contexts;
mod entity_maps;
mod evolution;
mod find;
mod keys;
mod open;
mod record;
mod source;
mod state;
mod subscriptions;
mod write;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use loggia_model::{At, Clock};
use loggia_store::bus::Bus;

use crate::context::Context;
use crate::entity::Entity;
use crate::error::Error;
use crate::rights::Deed;
use crate::time::Time;

pub use caller::{Caller, Whose};
pub use contexts::{Brought, ContextKind, ContextStore, HeldContext, Imported};
pub use entity_maps::{EntityMap, MAP_IDS_MAX};
pub(crate) use evolution::Evolved;
pub use find::{AttributeFound, Counting, Found, Paging, TypeFound};
pub use keys::{DeviceKey, KEY_BEGINS, KEYS_MAX, NewKey};
pub use open::{Housekeeping, SNAPSHOT_RECORDS};
pub use source::Records;
pub use subscriptions::{KEY_SUBSCRIPTIONS_MAX, SUBSCRIPTIONS_MAX};
pub use write::{Done, Kept, TENANTS_MAX};

use entity_maps::EntityMaps;
use keys::KeyStore;
use state::{State, Tenant};
use subscriptions::SubscriptionStore;

/// The broker's heart. Share it in an `Arc`.
pub struct Broker {
    bus: Arc<Bus>,
    clock: Arc<dyn Clock>,
    core: Arc<Context>,
    opened_at: Time,
    state: RwLock<State>,
    /// The newest record handed to the log; changes under the state's lock alone.
    appended: AtomicU64,
    contexts: ContextStore,
    subscriptions: SubscriptionStore,
    entity_maps: EntityMaps,
    keys: KeyStore,
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker")
            .field("bus", &self.bus.standing())
            .finish_non_exhaustive()
    }
}

impl Broker {
    /// The time that goes into what is written.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::of_micros(self.clock.now().0)
    }

    /// The same as the machine has it.
    pub(crate) fn at(&self) -> At {
        self.clock.now()
    }

    /// The time that only goes on.
    pub(crate) fn mono(&self) -> Duration {
        self.clock.mono()
    }

    /// Since when it answers.
    #[must_use]
    pub const fn opened_at(&self) -> Time {
        self.opened_at
    }

    /// The log that everything is in.
    #[must_use]
    pub fn bus(&self) -> &Arc<Bus> {
        &self.bus
    }

    /// The core @context, under which records are written.
    #[must_use]
    pub fn core(&self) -> &Arc<Context> {
        &self.core
    }

    /// The @contexts that are held.
    #[must_use]
    pub const fn contexts(&self) -> &ContextStore {
        &self.contexts
    }

    /// One entity (clause 5.7.1), as the caller may see it.
    ///
    /// # Errors
    /// [`Error::NotFound`], also if the caller may not see it, [`Error::NoTenant`],
    /// [`Error::Forbidden`].
    pub fn get<C: Caller + ?Sized>(&self, caller: &C, id: &str) -> Result<Arc<Entity>, Error> {
        let rights = caller.may(Deed::Read)?;
        let found = {
            let state = self.state();
            let found = of(&state, caller.tenant())?.get(id);
            found.filter(|e| is_alive(e, self.now())).cloned()
        };
        let seen = match rights {
            None => found,
            Some(rights) => found.and_then(|e| rights.seen(&e)),
        };
        seen.ok_or_else(|| no_entity(id))
    }

    /// Entities in memory, of all tenants.
    #[must_use]
    pub fn len(&self) -> usize {
        let state = self.state();
        state.tenants.values().map(|t| t.rows().len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        // A writer that panicked had not begun to change anything: `commit` cannot fail half-way.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tenant's entities; the default tenant is there before its first entity.
fn of<'s>(state: &'s State, tenant: &str) -> Result<&'s Tenant, Error> {
    let found = state.tenants.get(tenant);
    found.ok_or_else(|| Error::NoTenant(tenant.to_owned()))
}

fn no_entity(id: &str) -> Error {
    Error::NotFound(format!("there is no entity {id}"))
}

/// Whether its time has not come yet (`expiresAt`, clause 4.5.1).
fn is_alive(entity: &Entity, now: Time) -> bool {
    entity.expires_at.is_none_or(|at| at > now)
}
