//! What is due is sent, and what came of it is told to the core. Never decides when; the core does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loggia_model::Clock;
use tokio::sync::{Notify, Semaphore};

use super::connect::Connect;
use super::core::{Core, time};
use super::job::{Failure, Job, Now, Outcome, What};
use super::lane::Buried;
use super::letters::{Letter, Letters};
use super::limits::{IDLE_MAX, KEPT_MAX, PERIODIC_MAX, TIMEOUT_MAX};
use super::settle::Send;
use super::{Source, http, mqtt};
use crate::context::Link;
use crate::subscription::{Cause, Message, Occasion, Subscription};

/// Longest sleep of the pump: what it may have missed waits no longer.
const NAP: Duration = Duration::from_secs(1);

/// What the reading thread, the pump and those that send have in common.
pub(super) struct Shared {
    pub core: Mutex<Core>,
    pub source: Arc<dyn Source>,
    pub letters: Letters,
    pub connect: Connect,
    pub clock: Arc<dyn Clock>,
    pub jitter: Arc<dyn Fn() -> f64 + std::marker::Send + Sync>,
    pub wake: Notify,
    pub stop: AtomicBool,
    pub under_way: Semaphore,
    pub kept: Mutex<HashMap<(u32, usize), Idle>>,
}

/// A connection that nobody uses now.
pub(super) struct Idle {
    connection: Connection,
    since: Duration,
}

enum Connection {
    Http(http::Kept),
    Mqtt(mqtt::Kept),
}

impl Shared {
    pub fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> Now {
        Now {
            wall: self.clock.now(),
            mono: self.clock.mono(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<(u32, usize), Idle>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A notification's text.
    pub fn written(&self, job: &Job) -> Option<Message> {
        let s = &job.subscription;
        let find = |id: &str| self.source.entity(&job.tenant, id);
        let url = context_url(s, &*self.source);
        let occasion = |cause| Occasion {
            number: job.number,
            cause,
            at: time(self.now()),
            tenant: (!job.tenant.is_empty()).then_some(&*job.tenant),
            context_url: &url,
        };
        match &job.what {
            What::Changes { changes, .. } => {
                let last = changes.iter().map(|c| c.seq).max()?;
                let changes = changes.iter().map(|c| &**c);
                Some(s.message(&occasion(Cause::Change(last)), changes, &find))
            }
            What::Tick(n) => {
                let entities = self.source.matching(&job.tenant, s, PERIODIC_MAX);
                let cause = occasion(Cause::Tick(*n));
                (!entities.is_empty()).then(|| s.periodic(&cause, &entities, &find))
            }
            What::Letter(id) => match self.letters.get(*id) {
                Ok(letter) => letter.map(|l| l.message),
                Err(e) => {
                    tracing::error!(error = %e, "a dead letter cannot be read");
                    None
                }
            },
        }
    }

    /// Keeps a notification that is given up; whether that worked.
    pub fn bury(&self, job: &Job, why: &str) -> Buried {
        let What::Changes { changes, .. } = &job.what else {
            // One by interval says nothing that the next does not; a letter is kept already.
            return Buried::Kept;
        };
        let Some(message) = self.written(job) else {
            return Buried::Kept;
        };
        let letter = Letter {
            id: 0,
            subscription: job.number,
            subscription_id: job.subscription.id.clone(),
            tenant: (&*job.tenant).into(),
            uri: job.subscription.notification.endpoint.uri.clone(),
            seq: changes.iter().map(|c| c.seq).max().unwrap_or(0),
            at: self.now().wall,
            why: why.into(),
            message,
        };
        match self.letters.keep(&letter) {
            Ok(id) => {
                tracing::warn!(
                    letter = id,
                    subscription = &*letter.subscription_id,
                    uri = &*letter.uri,
                    why,
                    "a notification went to the dead letters"
                );
                Buried::Kept
            }
            Err(e) => {
                tracing::error!(error = %e, "a dead letter cannot be kept; it is tried again");
                Buried::NotKept
            }
        }
    }

    async fn deliver(self: &Arc<Self>, send: &Send) -> Outcome {
        let shared = self.clone();
        let job = send.job.clone();
        // Reads the broker's state, or a file.
        let message = match job.what {
            What::Changes { .. } => shared.written(&job),
            _ => {
                let written = tokio::task::spawn_blocking(move || shared.written(&job));
                written.await.unwrap_or_default()
            }
        };
        let Some(message) = message else {
            return Outcome::Moot;
        };
        let endpoint = &send.job.subscription.notification.endpoint;
        let limits = self.core().limits;
        let asked = endpoint.timeout_ms.as_ref().and_then(|n| n.as_f64());
        let asked = asked.and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok());
        let patience = asked.unwrap_or(limits.timeout).min(TIMEOUT_MAX) + limits.connect;
        let exchange = self.exchange(send, &message);
        match tokio::time::timeout(patience, exchange).await {
            Ok(Ok(())) => Outcome::Delivered,
            Ok(Err(failure)) => Outcome::Failed(failure),
            Err(_) => Outcome::Failed(Failure::unavailable("no answer in time")),
        }
    }

    async fn exchange(&self, send: &Send, message: &Message) -> Result<(), Failure> {
        let place = (send.lane, send.slot);
        let idle = self.kept().remove(&place);
        let fresh = idle.filter(|i| self.is_fresh(i)).map(|i| i.connection);
        let endpoint = &send.job.subscription.notification.endpoint;
        let connection = if endpoint.scheme.is_mqtt() {
            let kept = match fresh {
                Some(Connection::Mqtt(kept)) => Some(kept),
                _ => None,
            };
            // Two that say the same name would throw each other out (3.1.3.1).
            let nonce = ((self.jitter)() * 4e9) as u32;
            let name = format!("loggia{nonce:08x}");
            let kept = mqtt::send(&self.connect, kept, endpoint, message, &name).await?;
            Some(Connection::Mqtt(kept))
        } else {
            let kept = match fresh {
                Some(Connection::Http(kept)) => Some(kept),
                _ => None,
            };
            let kept = http::send(&self.connect, kept, endpoint, message).await?;
            kept.map(Connection::Http)
        };
        if let Some(connection) = connection {
            let since = self.clock.mono();
            let mut kept = self.kept();
            if kept.len() < KEPT_MAX {
                kept.insert(place, Idle { connection, since });
            }
        }
        Ok(())
    }

    fn is_fresh(&self, idle: &Idle) -> bool {
        let open = match &idle.connection {
            Connection::Http(kept) => kept.is_open(),
            Connection::Mqtt(_) => true,
        };
        open && self.clock.mono().saturating_sub(idle.since) < IDLE_MAX
    }

    /// One notification, from its text to what came of it.
    async fn run(self: Arc<Self>, send: Send) {
        let Ok(_permit) = self.under_way.acquire().await else {
            return;
        };
        let outcome = self.deliver(&send).await;
        if let (Outcome::Failed(f), 0) = (&outcome, send.job.attempts) {
            tracing::debug!(
                subscription = &*send.job.subscription.id,
                uri = &*send.job.subscription.notification.endpoint.uri,
                why = f.why,
                "a notification failed"
            );
        }
        if let (Outcome::Delivered, What::Letter(id)) = (&outcome, &send.job.what)
            && let Err(e) = self.letters.remove(*id)
        {
            tracing::error!(error = %e, "a dead letter that was sent stays; it may be sent twice");
        }
        let (now, jitter) = (self.now(), (self.jitter)());
        let given_up = self
            .core()
            .done(send.lane, send.slot, &outcome, now, jitter);
        if let Some(job) = given_up {
            let why = match outcome {
                Outcome::Failed(failure) => failure.why,
                _ => String::new(),
            };
            let shared = self.clone();
            let kept = tokio::task::spawn_blocking(move || shared.bury(&job, &why));
            let kept = kept.await.unwrap_or(Buried::NotKept);
            let now = self.now();
            self.core().buried(send.lane, send.slot, kept, now);
        }
        self.wake.notify_one();
    }

    /// Sends what is due, until told to stop.
    pub async fn pump(self: Arc<Self>) {
        let mut tidied = self.clock.mono();
        while !self.stop.load(Ordering::Acquire) {
            let now = self.now();
            let (sends, wait) = self.core().due(now);
            for send in sends {
                tokio::spawn(self.clone().run(send));
            }
            if now.mono.saturating_sub(tidied) > IDLE_MAX / 6 {
                tidied = now.mono;
                self.kept().retain(|_, idle| self.is_fresh(idle));
            }
            let nap = wait.unwrap_or(NAP).min(NAP);
            let _ = tokio::time::timeout(nap, self.wake.notified()).await;
        }
    }
}

fn context_url(s: &Subscription, source: &dyn Source) -> String {
    match s.context_link() {
        Link::Url(url) => url.to_owned(),
        Link::Hosted => source.hosted(&s.told_in),
    }
}

/// A change that is too old for a dead endpoint, as the notification that it would have been.
pub(super) fn late(core: &Core, number: u64, what: What) -> Option<Job> {
    let sub = core.subs.get(&number)?;
    Some(super::sub::job(number, sub, what))
}

/// What is written of a change that was never tried.
pub(super) const TOO_OLD: &str = "its receiver has not answered for long";
