//! Notifications on their way: each at least once, in order for each entity, at the receiver's own
//! pace (clause 5.8.6; docs/design/ngsi-ld.md). The log is the outbox: what is not yet told is read
//! there again. Never drops a notification without a word, and never lets a receiver that is slow
//! or dead hold up another.

mod again;
mod connect;
mod core;
mod endpoints;
mod http;
mod job;
mod lane;
mod letters;
pub mod limits;
mod mqtt;
mod pause;
mod reader;
mod sender;
mod settle;
mod silence;
mod sub;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use loggia_model::Clock;
use loggia_store::Error;
use loggia_store::bus::{Bus, Record};
use rustls::ClientConfig;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};

use self::core::{Core, Room};
use connect::Connect;
use job::Now;
use reader::{MAIN, Reading, cursor, number_of};
use sender::Shared;

pub use self::core::Counts;
pub use endpoints::{Endpoints, NotAllowed};
pub use lane::LaneState;
pub use letters::{Letter, LetterHead, Letters};
pub use limits::Limits;
pub use silence::{Begin, Heard, SILENCES_MAX, Silence};

use crate::Recorded;
use crate::context::Context;
use crate::entity::Entity;
use crate::subscription::{Subscription, Tally};

/// What notifications are made from: the broker's records and entities.
pub trait Source: Send + Sync + 'static {
    /// A record as a change; nothing if it is none of an entity.
    ///
    /// # Errors
    /// Says why a record of the broker's own does not read.
    fn change(&self, record: &Record) -> Result<Option<Recorded>, String>;

    /// An entity as it is now.
    fn entity(&self, tenant: &str, id: &str) -> Option<Arc<Entity>>;

    /// Entities that a subscription selects, as they are now, `most` at most.
    fn matching(&self, tenant: &str, subscription: &Subscription, most: usize) -> Vec<Arc<Entity>>;

    /// The URL at which the broker hosts an @context that is no single document.
    fn hosted(&self, context: &Context) -> String;

    /// Keeps what became of subscriptions' notifications; called now and then. A crash loses what
    /// came since, as nobody acts on it.
    fn keep(&self, _tallies: &[(u64, Tally)]) {}
}

/// What a notifier works with.
pub struct Setup {
    /// The log.
    pub bus: Arc<Bus>,
    /// What notifications are made from.
    pub source: Arc<dyn Source>,
    /// Where those go that nobody took.
    pub letters: Letters,
    /// Which addresses may be called.
    pub endpoints: Endpoints,
    /// Whom TLS trusts.
    pub tls: Arc<ClientConfig>,
    /// How much waits, and how long is tried.
    pub limits: Limits,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, from 0 to 1.
    pub jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Where sockets are waited for.
    pub runtime: Handle,
}

/// A subscription that there is.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its number, which no other has or had; part of its notifications' ids.
    pub number: u64,
    /// The tenant; empty for the default one.
    pub tenant: Box<str>,
    /// The subscription, with its tally.
    pub subscription: Arc<Subscription>,
    /// The record with which it was made: it is told of those after it.
    pub since: u64,
    /// When it was silent, the oldest first.
    pub silences: Vec<Silence>,
}

/// What became of sending a dead letter again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resent {
    /// It is on its way.
    UnderWay,
    /// Its receiver fails, or has enough to do.
    NoRoom,
    /// Its subscription is gone.
    NoSubscription,
}

/// The notifier. Dropping it stops the reading and writes down how far each has come.
pub struct Notifier {
    shared: Arc<Shared>,
    endpoints: Endpoints,
    reading: Option<JoinHandle<()>>,
}

impl Notifier {
    /// Starts with the subscriptions there are; goes on where the log's cursors say.
    ///
    /// # Errors
    /// If a cursor or the thread `loggia-notify` cannot be made.
    pub fn start(setup: Setup, known: Vec<Known>) -> Result<Self, Error> {
        let Setup { bus, clock, .. } = &setup;
        let done = bus.open_cursor(MAIN, bus.durable())?;
        // On disk before anything is told: a crash in the first second must not begin anew.
        bus.keep_cursors()?;
        let now = Now {
            wall: clock.now(),
            mono: clock.mono(),
        };
        let mut core = Core::new(setup.limits, done + 1);
        let cursors = bus.cursors();
        core.cursors = cursors.iter().filter_map(|(n, _)| number_of(n)).collect();
        for one in known {
            let place = bus.cursor(&cursor(one.number)).unwrap_or(done);
            let from = place.max(one.since) + 1;
            core.insert(one.number, &one.tenant, one.subscription, from, now);
            core.silence(one.number, one.silences);
        }
        let (news, again) = (bus.reader(core.live), bus.reader(1));
        let shared = Arc::new(Shared {
            core: Mutex::new(core),
            source: setup.source,
            letters: setup.letters,
            connect: Connect {
                endpoints: setup.endpoints.clone(),
                tls: setup.tls,
                patience: setup.limits.connect,
            },
            clock: setup.clock,
            jitter: setup.jitter,
            wake: Notify::new(),
            stop: AtomicBool::new(false),
            under_way: Semaphore::new(limits::UNDER_WAY_MAX),
            kept: Mutex::new(HashMap::new()),
        });
        let reading = Reading {
            shared: shared.clone(),
            bus: setup.bus,
            news,
            again,
        };
        let thread = std::thread::Builder::new().name("loggia-notify".to_owned());
        let thread = thread.spawn(move || reading.run());
        let thread = thread.map_err(|e| Error::Refused(format!("no thread: {e}")))?;
        setup.runtime.spawn(shared.clone().pump());
        Ok(Self {
            shared,
            endpoints: setup.endpoints,
            reading: Some(thread),
        })
    }

    /// A subscription was made. The broker says so before it writes another record.
    pub fn put(&self, new: Known) {
        let (from, now) = (new.since + 1, self.shared.now());
        let mut core = self.shared.core();
        core.insert(new.number, &new.tenant, new.subscription, from, now);
        core.silence(new.number, new.silences);
        drop(core);
        self.shared.wake.notify_one();
    }

    /// A subscription was changed. The broker says so before it writes another record.
    pub fn update(&self, changed: Known) {
        let now = self.shared.now();
        let mut core = self.shared.core();
        core.update(changed.number, changed.subscription, now);
        core.silence(changed.number, changed.silences);
        drop(core);
        self.shared.wake.notify_one();
    }

    /// A subscription was deleted; what waits for it is not sent.
    pub fn remove(&self, number: u64) {
        self.shared.core().remove(number);
        self.shared.wake.notify_one();
    }

    /// Whether an endpoint may be called, for whoever is about to subscribe.
    ///
    /// # Errors
    /// If it may not.
    pub fn check(&self, subscription: &Subscription) -> Result<(), NotAllowed> {
        self.endpoints.check(&subscription.notification.endpoint)
    }

    /// What became of a subscription's notifications.
    #[must_use]
    pub fn tally(&self, number: u64) -> Option<Tally> {
        self.shared.core().subs.get(&number).map(|s| s.tally)
    }

    /// Tallies that have changed since this was asked last, for whoever keeps them.
    #[must_use]
    pub fn changed_tallies(&self) -> Vec<(u64, Tally)> {
        self.shared.core().changed_tallies()
    }

    /// What was done since the start, and what waits.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let core = self.shared.core();
        Counts {
            waiting: core.jobs,
            behind: core.behind.len(),
            ..core.counts
        }
    }

    /// The dead letters.
    #[must_use]
    pub fn letters(&self) -> &Letters {
        &self.shared.letters
    }

    /// Sends one dead letter again. It goes when it is taken.
    #[must_use]
    pub fn replay_one(&self, letter: &Letter) -> Resent {
        let now = self.shared.now();
        let mut core = self.shared.core();
        if !core.subs.contains_key(&letter.subscription) {
            return Resent::NoSubscription;
        }
        let room = core.resend(letter.subscription, letter.id, now);
        drop(core);
        self.shared.wake.notify_one();
        match room {
            Room::Some => Resent::UnderWay,
            Room::None => Resent::NoRoom,
        }
    }

    /// How the receivers do: those behind a name, in the order of names, `most` at most.
    #[must_use]
    pub fn lanes(&self, after: &str, most: usize) -> Vec<LaneState> {
        self.shared.core().lane_states(after, most)
    }

    /// Sends a subscription's dead letters again, as many as its endpoint has room for; gives how
    /// many are on their way. Each goes when it is taken.
    ///
    /// # Errors
    /// If the letters cannot be read.
    pub fn replay(&self, number: u64) -> Result<usize, Error> {
        let most = u32::try_from(limits::LANE_JOBS).unwrap_or(u32::MAX);
        let letters = self.shared.letters.of(number, most)?;
        let now = self.shared.now();
        let mut core = self.shared.core();
        let mut sent = 0;
        for letter in letters {
            match core.resend(number, letter.id, now) {
                Room::Some => sent += 1,
                Room::None => break,
            }
        }
        drop(core);
        self.shared.wake.notify_one();
        Ok(sent)
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.wake.notify_one();
        if let Some(thread) = self.reading.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of notifications ended badly");
        }
    }
}
