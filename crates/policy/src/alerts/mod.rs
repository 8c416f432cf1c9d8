//! Alerts to approvers and custodians while a request waits: who is called, when the next rank is,
//! and the ways there. An alert is a nudge: it never carries a case, a place, a reason or a link.

mod courier;
mod mail;
mod webhook;

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use loggia_model::{At, Body, PersonId, Purpose, RequestId, Role};
use loggia_store::Db;
use serde::{Deserialize, Serialize};

use crate::decide::{State, deciding_body};
use crate::duty::RANK_MAX;
use crate::rows::duty as rows;
use crate::rows::requests::{self, RequestRow};
use crate::{Error, Policy};
pub use courier::Pace;
use courier::{Courier, Failure, Way};
pub use mail::{Login, Mail, MailTls};
pub use webhook::Webhook;

/// After this long without an answer the next rank is alerted.
pub const ESCALATE: Duration = Duration::from_secs(30 * 60);
/// The same where somebody's life is in danger, or an incident is to be seen live.
pub const ESCALATE_DANGER: Duration = Duration::from_secs(5 * 60);
/// How long a gateway may take for one message (a mail server: for each of its answers).
const CARRY_WAIT: Duration = Duration::from_secs(10);

/// What an alert asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStage {
    /// A decision.
    Approve,
    /// The police group's release.
    ReleasePolice,
    /// The oversight group's release.
    ReleaseOversight,
    /// Nothing: a technician tries the gateways.
    Test,
}

impl AlertStage {
    fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::ReleasePolice => "release_police",
            Self::ReleaseOversight => "release_oversight",
            Self::Test => "test",
        }
    }
}

/// An alert as a webhook gets it (JSON by POST): whom to call, for which request, by when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The request's hash.
    pub request: RequestId,
    /// What is wanted.
    pub stage: AlertStage,
    /// How far it has escalated.
    pub rank: u32,
    /// Whether somebody's life is in danger (the public log says so too).
    pub danger_to_life: bool,
    /// Whether it goes before others and is dropped after them: danger to life, or an incident to
    /// be seen live. No gateway is told.
    #[serde(skip)]
    pub urgent: bool,
    /// When it fell due, microseconds.
    pub at: At,
    /// Until when an answer counts, microseconds.
    pub deadline: At,
    /// Whom to call.
    pub people: Vec<PersonId>,
}

/// The ways to people on duty; none is a way too, then nobody is called.
#[derive(Debug, Clone, Default)]
pub struct Gateways {
    /// A gateway of the city that gets JSON.
    pub webhook: Option<Webhook>,
    /// The city's mail server.
    pub mail: Option<Mail>,
    /// How often a gateway that fails is tried again.
    pub pace: Pace,
}

impl Gateways {
    fn ways(&self) -> Result<Vec<Way>, Error> {
        let post = self.webhook.as_ref().map(webhook::Post::new);
        let postbox = self.mail.as_ref().map(mail::Postbox::new);
        let mut ways = Vec::new();
        ways.extend(post.transpose()?.map(Way::Webhook));
        ways.extend(postbox.transpose()?.map(|p| Way::Mail(Box::new(p))));
        Ok(ways)
    }

    /// Sends a test to these people on every way, once and at once; says what became of it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what to set.
    pub fn test(&self, people: Vec<PersonId>, at: At) -> Result<Vec<String>, Error> {
        let alert = Arc::new(Alert {
            request: RequestId::default(),
            stage: AlertStage::Test,
            rank: 0,
            danger_to_life: false,
            urgent: false,
            at,
            deadline: at,
            people,
        });
        let mut said = Vec::new();
        for way in self.ways()? {
            let messages = way.messages(&alert);
            if messages.is_empty() {
                said.push(format!("{}: no address for anybody named", way.name()));
            }
            for message in messages {
                let outcome = match way.carry(&message) {
                    Ok(()) => "delivered".to_owned(),
                    Err(Failure::Later(why) | Failure::Never(why)) => why,
                };
                said.push(format!("{}: {outcome}", way.name()));
            }
        }
        Ok(said)
    }
}

/// How a gateway is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatewayHealth {
    /// `webhook` or `mail`.
    pub name: String,
    /// Messages that it has not taken yet.
    pub waiting: usize,
    /// Messages that it took since the start.
    pub delivered: u64,
    /// Messages that were given up since the start.
    pub dropped: u64,
    /// Why it took nothing the last time.
    pub failing: Option<String>,
}

type Called = BTreeMap<(RequestId, AlertStage), Vec<(u32, At)>>;

/// The couriers, and the calls that no gateway has taken yet. Those are in memory alone: after a
/// restart they fall due again.
pub(crate) struct Alerts {
    couriers: Vec<Courier>,
    called: Mutex<Called>,
}

impl Alerts {
    /// # Errors
    /// [`Error::Invalid`] with what to set.
    pub(crate) fn start(gateways: &Gateways, db: &Arc<Db>) -> Result<Self, Error> {
        let mut couriers = Vec::new();
        for way in gateways.ways()? {
            let db = Arc::clone(db);
            let taken = move |a: &Alert| {
                let kept: Result<(), Error> =
                    db.write(|c| Ok(rows::put_sent(c, a.request, a.stage.word(), a.rank, a.at)?));
                if let Err(error) = kept {
                    tracing::warn!(%error, "an alert that was delivered is not in the table");
                }
            };
            couriers.push(Courier::start(way, gateways.pace, taken)?);
        }
        Ok(Self {
            couriers,
            called: Mutex::default(),
        })
    }
}

impl Policy {
    /// Alerts that are due now and were not handed out yet. Needs no log: a log that hangs keeps
    /// nobody from being called.
    ///
    /// # Errors
    /// When the tables fail.
    pub fn alerts_due(&self) -> Result<Vec<Alert>, Error> {
        let now = self.clock.now();
        let running = self.read(|c| requests::running(c))?;
        let mut called = self
            .alerts
            .called
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let ids: BTreeSet<RequestId> = running.iter().map(|row| row.id).collect();
        called.retain(|(id, _), _| ids.contains(id));
        let mut out = Vec::new();
        for row in running {
            for (stage, body, role) in waits_for(&row) {
                let mut sent = self.read(|c| Ok(rows::sent(c, row.id, stage.word())?))?;
                sent.extend(called.get(&(row.id, stage)).into_iter().flatten());
                let Some(rank) = next_rank(&sent, row.purpose, now) else {
                    continue;
                };
                let people = self.on_duty(body, role, rank, &row.requester, now)?;
                called.entry((row.id, stage)).or_default().push((rank, now));
                out.push(Alert {
                    request: row.id,
                    stage,
                    rank,
                    danger_to_life: row.purpose == Purpose::DangerToLife,
                    urgent: is_urgent(row.purpose),
                    at: now,
                    deadline: row.deadline,
                    people,
                });
            }
        }
        Ok(out)
    }

    /// Takes what nobody waits for any more out of every gateway's queue, then hands what is due to
    /// each queue and thread; waits for none of them. Call it on a thread that waits for no log
    /// either.
    ///
    /// # Errors
    /// When the tables fail.
    pub fn alert_tick(&self) -> Result<(), Error> {
        if self.alerts.couriers.is_empty() {
            return Ok(());
        }
        let mut wanted = BTreeSet::new();
        for row in self.read(|c| requests::running(c))? {
            wanted.extend(waits_for(&row).iter().map(|(stage, ..)| (row.id, *stage)));
        }
        for courier in &self.alerts.couriers {
            courier.keep(|a| wanted.contains(&(a.request, a.stage)));
        }
        for alert in self.alerts_due()? {
            if alert.people.is_empty() {
                let (request, stage) = (alert.request, alert.stage.word());
                tracing::error!(%request, stage, "nobody could be called: the roster has nobody");
                continue;
            }
            let alert = Arc::new(alert);
            for courier in &self.alerts.couriers {
                courier.take(&alert);
            }
        }
        Ok(())
    }

    /// How the gateways are doing.
    #[must_use]
    pub fn gateway_health(&self) -> Vec<GatewayHealth> {
        self.alerts.couriers.iter().map(Courier::health).collect()
    }
}

/// Whether a name in an address means this machine whatever the network says.
pub(crate) fn is_this_machine(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "localhost" | "::1" | "[::1]")
}

/// What a request waits for, from whom.
fn waits_for(row: &RequestRow) -> Vec<(AlertStage, Body, Role)> {
    match row.state {
        State::Asked => vec![(AlertStage::Approve, deciding_body(row.body), Role::Approver)],
        State::Approved | State::Released if row.purpose != Purpose::IncidentLive => {
            let police = (AlertStage::ReleasePolice, Body::Police, Role::Custodian);
            let oversight = (
                AlertStage::ReleaseOversight,
                Body::Oversight,
                Role::Custodian,
            );
            let mut out = Vec::new();
            if row.police_custodian.is_none() {
                out.push(police);
            }
            if row.oversight_custodian.is_none() {
                out.push(oversight);
            }
            out
        }
        _ => Vec::new(),
    }
}

fn is_urgent(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::DangerToLife | Purpose::IncidentLive)
}

/// The next rank to alert: the first at once, each further one when the last was not answered.
fn next_rank(sent: &[(u32, At)], purpose: Purpose, now: At) -> Option<u32> {
    let wait = if is_urgent(purpose) {
        ESCALATE_DANGER
    } else {
        ESCALATE
    };
    match sent.iter().max_by_key(|(rank, _)| *rank) {
        None => Some(0),
        Some((rank, at)) if *rank < RANK_MAX && now.since(*at) >= wait => Some(rank + 1),
        Some(_) => None,
    }
}
