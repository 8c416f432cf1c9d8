//! Night duty: whose turn it is, and alerts to approvers and custodians that escalate while a
//! request waits. An alert is a nudge: it never carries a case, a place or a way round the line.

use core::time::Duration;

use loggia_model::{Actor, At, Body, PersonId, Purpose, RequestId, Role};
use serde::{Deserialize, Serialize};

use crate::decide::{State, deciding_body};
use crate::rows::duty::{self as rows, TurnRow};
use crate::rows::requests::{self, RequestRow};
use crate::{Error, Policy};

/// Turns in the rota of one body: a year of nights with two ranks.
pub const TURNS_MAX: usize = 1_000;
/// Highest rank: first, second, third line.
pub const RANK_MAX: u32 = 2;
/// After this long without an answer the next rank is alerted.
const ESCALATE: Duration = Duration::from_secs(30 * 60);
/// The same where somebody's life is in danger.
const ESCALATE_DANGER: Duration = Duration::from_secs(5 * 60);
/// How long the alert gateway may take to answer.
const WEBHOOK_WAIT: Duration = Duration::from_secs(10);

/// Somebody's turn on duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Who.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// From, microseconds.
    #[schema(value_type = i64)]
    pub from: At,
    /// To, microseconds.
    #[schema(value_type = i64)]
    pub to: At,
    /// 0 is called first, 1 and 2 when nobody answers.
    pub rank: u32,
}

/// What an alert asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStage {
    /// A decision.
    Approve,
    /// The police group's release.
    ReleasePolice,
    /// The oversight group's release.
    ReleaseOversight,
}

impl AlertStage {
    fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::ReleasePolice => "release_police",
            Self::ReleaseOversight => "release_oversight",
        }
    }
}

/// An alert as the city's gateway gets it (JSON by POST): whom to call, for which request, by when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The request's hash.
    pub request: RequestId,
    /// What is wanted.
    pub stage: AlertStage,
    /// How far it has escalated.
    pub rank: u32,
    /// Whether somebody's life is in danger.
    pub danger_to_life: bool,
    /// Until when.
    pub deadline: At,
    /// Whom to call.
    pub people: Vec<PersonId>,
}

/// Somebody who has the turn now, of whichever body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OnDuty {
    /// The turn.
    #[serde(flatten)]
    pub watch: Watch,
    /// Name as in the roster.
    pub name: String,
    /// Of which body.
    #[schema(value_type = String)]
    pub body: Body,
}

impl Policy {
    /// Who has the turn now, of both bodies: whom an alert reaches.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn on_duty_now(&self) -> Result<Vec<OnDuty>, Error> {
        let now = self.clock.now();
        let turns = self.read(|c| Ok(rows::rota(c)?))?;
        Ok(turns
            .into_iter()
            .filter(|t| t.from <= now && now < t.to)
            .filter_map(|t| {
                let member = self.roster_actor(&t.person)?;
                let (name, body) = (member.name, member.body);
                let (person, from, to, rank) = (t.person, t.from, t.to, t.rank);
                let watch = Watch {
                    person,
                    from,
                    to,
                    rank,
                };
                Some(OnDuty { watch, name, body })
            })
            .collect())
    }

    /// The rota of the person's body.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn rota(&self, who: &Actor) -> Result<Vec<Watch>, Error> {
        let turns = self.read(|c| Ok(rows::rota(c)?))?;
        Ok(turns
            .into_iter()
            .filter(|t| {
                self.roster_actor(&t.person)
                    .is_some_and(|a| a.body == who.body)
            })
            .map(|t| Watch {
                person: t.person,
                from: t.from,
                to: t.to,
                rank: t.rank,
            })
            .collect())
    }

    /// Replaces the rota of the person's own body.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who is no approver or custodian; [`Error::Invalid`].
    pub fn set_rota(&self, who: &Actor, rota: &[Watch]) -> Result<(), Error> {
        if !(who.has(Role::Approver) || who.has(Role::Custodian)) {
            return Err(Error::Forbidden(
                "approvers and custodians keep their body's rota".into(),
            ));
        }
        if rota.len() > TURNS_MAX {
            return Err(Error::Invalid(format!("at most {TURNS_MAX} turns")));
        }
        let roster = self.roster()?;
        let own = |p: &PersonId| {
            let member = roster.roster().member(p);
            member.is_some_and(|m| {
                m.body == who.body
                    && (m.roles.contains(&Role::Approver) || m.roles.contains(&Role::Custodian))
            })
        };
        for t in rota {
            if !own(&t.person) {
                return Err(Error::Invalid(format!(
                    "{} is not on your body's duty",
                    t.person
                )));
            }
            if t.from >= t.to || t.rank > RANK_MAX {
                return Err(Error::Invalid(
                    "a turn has from < to and rank 0, 1 or 2".into(),
                ));
            }
        }
        let of: Vec<_> = roster
            .roster()
            .members
            .iter()
            .filter(|m| m.body == who.body)
            .collect();
        let of: Vec<PersonId> = of.into_iter().map(|m| m.person.clone()).collect();
        let turns: Vec<TurnRow> = rota
            .iter()
            .map(|t| TurnRow {
                person: t.person.clone(),
                from: t.from,
                to: t.to,
                rank: t.rank,
            })
            .collect();
        self.write(|c| Ok(rows::put_rota(c, &of, &turns)?))
    }

    /// Alerts that are due now and were not sent yet; marks them as sent.
    ///
    /// # Errors
    /// When the tables fail.
    pub fn alerts_due(&self) -> Result<Vec<Alert>, Error> {
        let now = self.clock.now();
        let mut out = Vec::new();
        for row in self.read(|c| requests::running(c))? {
            for (stage, body, role) in waits_for(&row) {
                let sent = self.read(|c| Ok(rows::sent(c, row.id, stage.word())?))?;
                let Some(rank) = next_rank(&sent, row.purpose, now) else {
                    continue;
                };
                self.write(|c| Ok(rows::put_sent(c, row.id, stage.word(), rank, now)?))?;
                out.push(Alert {
                    request: row.id,
                    stage,
                    rank,
                    danger_to_life: row.purpose == Purpose::DangerToLife,
                    deadline: row.deadline,
                    people: self.on_duty(body, role, rank, &row.requester, now)?,
                });
            }
        }
        Ok(out)
    }

    /// Who is to be called: whoever has the turn of this rank; without a rota everybody who could.
    fn on_duty(
        &self,
        body: Body,
        role: Role,
        rank: u32,
        not: &PersonId,
        now: At,
    ) -> Result<Vec<PersonId>, Error> {
        let roster = self.roster()?;
        let able: Vec<&PersonId> = roster
            .roster()
            .members
            .iter()
            .filter(|m| m.body == body && m.roles.contains(&role) && m.person != *not)
            .map(|m| &m.person)
            .collect();
        let rota = self.read(|c| Ok(rows::rota(c)?))?;
        let turn = |p: &PersonId| {
            rota.iter()
                .any(|t| t.person == *p && t.rank <= rank && t.from <= now && now < t.to)
        };
        let on: Vec<PersonId> = able
            .iter()
            .filter(|p| turn(p))
            .map(|p| (*p).clone())
            .collect();
        Ok(if on.is_empty() {
            able.into_iter().cloned().collect()
        } else {
            on
        })
    }

    /// Sends what is due to the gateway, on a thread of its own: a gateway that hangs delays nothing.
    pub(crate) fn watch_tick(&self) -> Result<(), Error> {
        let Some(gateway) = self.alert_gateway.clone() else {
            return Ok(());
        };
        let alerts = self.alerts_due()?;
        if alerts.is_empty() {
            return Ok(());
        }
        let spawned = std::thread::Builder::new().name("duty-alerts".to_owned()).spawn(move || {
            let config = ureq::Agent::config_builder().timeout_global(Some(WEBHOOK_WAIT)).build();
            let agent = ureq::Agent::new_with_config(config);
            for alert in alerts {
                if let Err(e) = agent.post(&gateway).send_json(&alert) {
                    tracing::error!(error = %e, request = %alert.request, "alert not delivered");
                }
            }
        });
        spawned
            .map(drop)
            .map_err(|_| Error::Busy("the alert thread could not start".into()))
    }
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

/// The next rank to alert: the first at once, each further one when the last was not answered.
fn next_rank(sent: &[(u32, At)], purpose: Purpose, now: At) -> Option<u32> {
    let wait = match purpose {
        Purpose::DangerToLife | Purpose::IncidentLive => ESCALATE_DANGER,
        _ => ESCALATE,
    };
    match sent.last() {
        None => Some(0),
        Some((rank, at)) if *rank < RANK_MAX && now.since(*at) >= wait => Some(rank + 1),
        Some(_) => None,
    }
}
