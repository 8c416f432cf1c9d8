//! Night duty: whose turn it is. A body keeps its own rota.
//! Never gives anybody a right: who is on duty is called, and may do what the roster says.

use std::collections::BTreeSet;

use loggia_model::{Actor, At, Body, PersonId, Role};
use serde::{Deserialize, Serialize};

use crate::rows::duty::{self as rows, TurnRow};
use crate::{Error, Policy};

/// Turns in the rota of one body: a year of nights with two ranks.
pub const TURNS_MAX: usize = 1_000;
/// Highest rank: first, second, third line.
pub const RANK_MAX: u32 = 2;
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
        let mut begins = BTreeSet::new();
        for t in rota {
            if !begins.insert((&t.person, t.from)) {
                return Err(Error::Invalid(format!(
                    "two turns of {} begin at the same time",
                    t.person
                )));
            }
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

    /// Who is to be called: whoever has a turn up to this rank; where nobody has, the next rank
    /// that
    /// somebody has; without any turn everybody who could. Never the requester, nobody disabled.
    pub(crate) fn on_duty(
        &self,
        body: Body,
        role: Role,
        rank: u32,
        not: &PersonId,
        now: At,
    ) -> Result<Vec<PersonId>, Error> {
        let roster = self.roster()?;
        let mut able: Vec<PersonId> = Vec::new();
        for m in &roster.roster().members {
            let could = m.body == body && m.roles.contains(&role) && m.person != *not;
            if could && self.actor_enabled(&m.person)?.is_some() {
                able.push(m.person.clone());
            }
        }
        let rota = self.read(|c| Ok(rows::rota(c)?))?;
        let rank_of = |p: &PersonId| {
            let turns = rota.iter().filter(|t| t.person == *p);
            let now_on = turns.filter(|t| t.from <= now && now < t.to);
            now_on.map(|t| t.rank).min()
        };
        let Some(lowest) = able.iter().filter_map(&rank_of).min() else {
            return Ok(able);
        };
        able.retain(|p| rank_of(p).is_some_and(|of| of <= rank.max(lowest)));
        Ok(able)
    }
}
