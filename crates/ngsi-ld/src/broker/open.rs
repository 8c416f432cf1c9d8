//! From the log to the state at a start, and from the state to a snapshot now and then. Never reads
//! a record twice, never writes a snapshot of what is not on disk.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use loggia_model::{At, Clock};
use loggia_store::bus::{Bus, Record, Retention, State as Row};

use super::Broker;
use super::contexts::ContextStore;
use super::entity_maps::EntityMaps;
use super::keys::KeyStore;
use super::record::{
    self, CHANGED, CONTEXT, CONTEXT_GONE, DELETED, KEY, KEYS_USED, SUBSCRIPTION, SUBSCRIPTION_GONE,
    TALLIES, TENANT,
};
use super::state::{State, Tenant};
use super::subscriptions::SubscriptionStore;
use super::write::{PATIENCE, of_store};
use crate::context::Contexts;
use crate::entity::Entity;
use crate::error::Error;
use crate::recorded::Recorded;
use crate::time::Time;

/// A snapshot is written after so many records: reading them again takes 7 s at 7 µs each.
pub const SNAPSHOT_RECORDS: u64 = 1_000_000;
/// The log's files stay for a day, so that whoever follows it can be away for a night, and no more
/// than 20 GB of them.
const KEEP: Retention = Retention {
    history: Duration::from_secs(86_400),
    history_bytes: 20_000_000_000,
    cursor_bytes: 40_000_000_000,
};
/// When keys were used last is written down so often.
const USES_EVERY_S: u64 = 60;
/// Entities whose time has come, deleted at once; the next second takes the next ones.
const EXPIRED_AT_ONCE: usize = 10_000;

impl Broker {
    /// Reads the log into memory.
    ///
    /// # Errors
    /// [`Error::Broken`] if the log is damaged or holds what this program does not know.
    pub fn open(bus: Arc<Bus>, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let core = Contexts::new().core()?;
        let mut state = State::default();
        state.tenants.insert(Box::default(), Tenant::default());
        let opened_at = Time::of_micros(clock.now().0);
        let broker = Self {
            bus,
            clock,
            core,
            opened_at,
            state: RwLock::new(state),
            appended: AtomicU64::new(0),
            contexts: ContextStore::new(),
            subscriptions: SubscriptionStore::default(),
            entity_maps: EntityMaps::default(),
            keys: KeyStore::default(),
        };
        let mut seq = 0;
        if let Some(mut snapshot) = broker.bus.snapshot().map_err(|e| of_store(&e))? {
            for why in snapshot.passed_over() {
                tracing::error!(why, "a snapshot of the city's records was passed over");
            }
            seq = snapshot.seq();
            while let Some(row) = snapshot.record().map_err(|e| of_store(&e))? {
                broker.replay(&row)?;
            }
        }
        let newest = broker.bus.durable();
        let mut reader = broker.bus.reader(seq + 1);
        while reader.position() <= newest {
            match reader.next(Duration::ZERO).map_err(|e| of_store(&e))? {
                Some(row) => broker.replay(&row)?,
                None => break,
            }
        }
        broker.appended.store(newest, Ordering::Release);
        Ok(broker)
    }

    fn replay(&self, row: &Record) -> Result<(), Error> {
        let at = Time::of_micros(row.at().0);
        match row.kind() {
            CHANGED | DELETED => {
                let change = record::read(row.seq(), at, row.body(), &self.core)?;
                let mut state = self.state_mut();
                let own = state.tenants.entry(change.tenant.clone()).or_default();
                apply(own, change);
            }
            TENANT => {
                let tenant = record::read_tenant(row.body())?;
                self.state_mut().tenants.entry(tenant).or_default();
            }
            CONTEXT => self.contexts.restore(row.body())?,
            CONTEXT_GONE => self.contexts.restore_gone(row.body())?,
            SUBSCRIPTION => self.restore_subscription(row.seq(), row.body())?,
            SUBSCRIPTION_GONE => self.restore_unsubscribed(row.body())?,
            TALLIES => self.restore_tallies(row.body())?,
            KEY => self.keys.restore(row.seq(), row.body())?,
            KEYS_USED => self.keys.restore_uses(row.body())?,
            // What the temporal API writes has a reader of its own.
            _ => {}
        }
        Ok(())
    }

    /// Writes everything as of the newest record. Writers wait while the list of entities is
    /// copied: 50 ms for a million.
    ///
    /// # Errors
    /// [`Error::Busy`] if that record does not come to disk, [`Error::Broken`].
    pub fn snapshot(&self) -> Result<u64, Error> {
        let state = self.state();
        let seq = self.appended.load(Ordering::Acquire);
        let mut tenants = Vec::with_capacity(state.tenants.len());
        for (tenant, own) in &state.tenants {
            let entities: Vec<Arc<Entity>> = own.rows().values().cloned().collect();
            tenants.push((tenant.clone(), entities));
        }
        let contexts = self.contexts.rows();
        let subscriptions = self.subscriptions.rows();
        let keys = self.keys.rows();
        drop(state);
        if seq > 0 && self.bus.wait_newer(seq - 1, PATIENCE) < seq {
            return Err(Error::Busy);
        }
        let rows = contexts.into_iter().map(|body| row(CONTEXT, At(0), body));
        // Behind the @contexts that they are read with.
        let subscribed = subscriptions.into_iter();
        let rows = rows.chain(subscribed.map(|body| row(SUBSCRIPTION, At(0), body)));
        let rows = rows.chain(keys.into_iter().map(|body| row(KEY, At(0), body)));
        let own = tenants.iter().flat_map(|(tenant, entities)| {
            let made = row(TENANT, At(0), record::tenant(tenant));
            let each = entities.iter().map(|e| self.entity_row(tenant, e));
            std::iter::once(made).chain(each)
        });
        let at = self.clock.now();
        let written = self.bus.write_snapshot(seq, at, rows.chain(own));
        written.map(|()| seq).map_err(|e| of_store(&e))
    }

    fn entity_row(&self, tenant: &str, entity: &Entity) -> Row<Vec<u8>> {
        // As if it had just been made: all that is known of it, and nothing before.
        let body = record::changed(tenant, None, entity, &[], &self.core);
        row(CHANGED, At(entity.modified_at.micros()), body)
    }

    /// Starts what is done now and then: deleting what has expired, snapshots, trimming the log.
    #[must_use]
    pub fn keep_house(self: &Arc<Self>) -> Housekeeping {
        let stop = Arc::new(Stop::default());
        let (broker, told) = (self.clone(), stop.clone());
        let thread = std::thread::Builder::new()
            .name("loggia-records".to_owned())
            .spawn(move || broker.keep_house_until(&told));
        if let Err(e) = &thread {
            tracing::error!(error = %e, "no thread for the city's records: nothing expires");
        }
        Housekeeping {
            stop,
            thread: thread.ok(),
        }
    }

    fn keep_house_until(&self, stop: &Stop) {
        let mut kept = self.bus.durable();
        let mut seconds = 0_u64;
        while !stop.within(Duration::from_secs(1)) {
            seconds += 1;
            if seconds.is_multiple_of(USES_EVERY_S)
                && let Err(e) = self.keep_key_uses()
            {
                tracing::warn!(error = %e, "when keys were used last is not kept");
            }
            if let Err(e) = self.expire(EXPIRED_AT_ONCE) {
                tracing::warn!(error = %e, "what has expired stays for now");
            }
            if self.bus.durable() < kept + SNAPSHOT_RECORDS {
                continue;
            }
            match self.snapshot() {
                Ok(seq) => kept = seq,
                Err(e) => tracing::error!(error = %e, "no snapshot of the city's records"),
            }
            if let Err(e) = self.bus.trim(self.clock.now(), &KEEP) {
                tracing::error!(error = %e, "old records could not be removed");
            }
        }
    }
}

fn apply(own: &mut Tenant, change: Recorded) {
    match (change.after, change.before) {
        (Some(after), _) => own.put(after),
        (None, Some(before)) => {
            own.remove(&before.id);
        }
        (None, None) => {}
    }
}

fn row(kind: u8, at: At, body: Vec<u8>) -> Row<Vec<u8>> {
    Row {
        kind,
        key: 0,
        at,
        body,
    }
}

/// Tells a thread to stop, and wakes it.
#[derive(Debug, Default)]
struct Stop {
    told: Mutex<bool>,
    change: Condvar,
}

impl Stop {
    /// Waits; whether it was told to stop meanwhile.
    fn within(&self, time: Duration) -> bool {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.change.wait_timeout_while(told, time, |told| !*told);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn tell(&self) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.change.notify_all();
    }
}

/// The thread that keeps house; it stops when this is dropped.
#[derive(Debug)]
pub struct Housekeeping {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.stop.tell();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the city's records ended badly");
        }
    }
}
