//! How another access policy comes into force: proposed by an approver, agreed to by one of each
//! body, proved, logged, and only then used. Never takes one that is refuted.

use std::path::Path;

use loggia_charter::{Proof, Solver, Statute, Texts, prove};
use loggia_model::{Actor, At, Body, Digest, Role};
use serde::{Deserialize, Serialize};

use crate::in_force::{ActivatedAs, Activation};
use crate::rows::desk;
use crate::rows::statutes::{self as rows, Stage, StatuteRow};
use crate::statement::{Act, FRESH, SignedStatement};
use crate::{Error, Policy};

/// Proposed policies that may wait at once, and for how long: both bodies meet within a month.
const PROPOSED_MAX: usize = 8;
/// Of these, of one person: a third takes the place of their first.
const PROPOSED_OF_ONE_MAX: usize = 2;
const PROPOSED_FOR: core::time::Duration = core::time::Duration::from_secs(30 * 86_400);

/// A policy that waits for both bodies.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProposedPolicy {
    /// Its hash: what statements name.
    #[schema(value_type = String)]
    pub policy: Digest,
    /// `policies.cedar`; schema, charter and actions are the release's.
    pub policies: String,
    /// Who proposed it.
    #[schema(value_type = String)]
    pub proposed_by: loggia_model::PersonId,
    /// When.
    #[schema(value_type = i64)]
    pub proposed_at: At,
    /// Bodies of which an approver has agreed.
    #[schema(value_type = Vec<String>)]
    pub agreed: Vec<Body>,
}

/// What an agreement led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// The other body has not agreed yet.
    Waits,
    /// Proved, logged, in force.
    InForce,
}

fn approver(by: &Actor) -> Result<(), Error> {
    if by.has(Role::Approver) && matches!(by.body, Body::Police | Body::Oversight) {
        return Ok(());
    }
    Err(Error::Forbidden(
        "the access policy is changed by an approver of the police and one of the oversight body"
            .into(),
    ))
}

impl Policy {
    /// Lays a policy before both bodies. Nothing changes by it.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`] when it does not read, [`Error::Conflict`] when it
    /// is the one in force, [`Error::Busy`] when too many wait.
    pub fn propose_policy(&self, by: &Actor, policies: &str) -> Result<Digest, Error> {
        approver(by)?;
        let statute = Statute::read(Texts::with_policies(policies.to_owned()))?;
        let hash = statute.hash();
        let _step = self.one_step();
        if hash == self.statute().hash() {
            return Err(Error::Conflict("this policy is in force already".into()));
        }
        let now = self.clock.now();
        self.write(|c| {
            rows::forget(c, now.before(PROPOSED_FOR))?;
            let waiting = rows::proposed(c)?;
            if waiting.iter().any(|p| p.hash == hash) {
                return Ok(());
            }
            let own: Vec<_> = waiting
                .iter()
                .filter(|p| p.proposed_by == by.person)
                .collect();
            if own.len() >= PROPOSED_OF_ONE_MAX {
                // Oldest first.
                for first in own.iter().take(1 + own.len() - PROPOSED_OF_ONE_MAX) {
                    rows::reject(c, first.hash)?;
                }
            } else if waiting.len() >= PROPOSED_MAX {
                return Err(Error::Busy(format!(
                    "{PROPOSED_MAX} policies wait already; agree to one or let them lapse"
                )));
            }
            rows::propose(c, hash, policies, &by.person, now)
        })?;
        Ok(hash)
    }

    /// What waits for both bodies.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn proposed_policies(&self) -> Result<Vec<ProposedPolicy>, Error> {
        let waiting = self.read(|c| rows::proposed(c))?;
        waiting
            .into_iter()
            .map(|row| self.as_proposed(row))
            .collect()
    }

    fn as_proposed(&self, row: StatuteRow) -> Result<ProposedPolicy, Error> {
        Ok(ProposedPolicy {
            agreed: self.agreed_to(&row)?,
            policy: row.hash,
            policies: row.policies,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at,
        })
    }

    /// Bodies whose approver agreed since it was proposed and may still. A statement about an
    /// earlier proposal of the same text does not count again (a desk's clock may lag by
    /// [`FRESH`]).
    fn agreed_to(&self, row: &StatuteRow) -> Result<Vec<Body>, Error> {
        let mut bodies = Vec::new();
        for s in self.read(|c| desk::statements(c, row.hash))? {
            let said = s.act == Act::ActivatePolicy.word() && s.at >= row.proposed_at.before(FRESH);
            let still = match self.actor_enabled(&s.person)? {
                Some(actor) => approver(&actor).is_ok() && actor.body == s.body,
                None => false,
            };
            if said && still && !bodies.contains(&s.body) {
                bodies.push(s.body);
            }
        }
        Ok(bodies)
    }

    fn proposed(&self, hash: Digest) -> Result<StatuteRow, Error> {
        let row = self.read(|c| rows::statute(c, hash))?;
        row.filter(|r| r.stage == Stage::Proposed)
            .ok_or(Error::NotFound("proposed policy"))
    }

    /// An approver's signed agreement. With the second body's the charter is proved anew, here;
    /// what is refuted is rejected and forgotten, what is proved is logged and then in force.
    /// `solver` is the program of that name on this machine's path, or a path to it.
    ///
    /// # Errors
    /// [`Error::Signature`], [`Error::Forbidden`]; [`Error::Refuted`] with the counterexample;
    /// [`Error::Conflict`] when this machine has no solver (the agreement then counts for nothing).
    pub fn agree_to_policy(
        &self,
        by: &Actor,
        hash: Digest,
        signed: &SignedStatement,
        solver: &Path,
    ) -> Result<Agreement, Error> {
        approver(by)?;
        let row = self.proposed(hash)?;
        let stated = self.stated(by, hash, signed, &[Act::ActivatePolicy])?;
        {
            let _step = self.one_step();
            let others = self.agreed_to(&self.proposed(hash)?)?;
            if !others.iter().any(|b| *b != by.body) {
                self.write(|c| desk::put_statement(c, &stated, by.body))?;
                return Ok(Agreement::Waits);
            }
        }
        // Proving takes seconds and a core: one at a time, and nobody waits for it who takes a
        // step of a request.
        let _proof = self.proving.try_lock().map_err(|_| {
            Error::Busy("a policy is being proved; agree again in half a minute".into())
        })?;
        let statute = Statute::read(Texts::with_policies(row.policies.clone()))?;
        if statute.hash() != hash {
            return Err(Error::Conflict(
                "this policy was proposed under another release; propose it again".into(),
            ));
        }
        let proof = prove(&statute, &Solver::at(solver)?)?;
        let _step = self.one_step();
        let row = self.proposed(hash)?;
        if !self.agreed_to(&row)?.iter().any(|b| *b != by.body) {
            return Err(Error::Conflict(
                "the other body's agreement does not stand any more".into(),
            ));
        }
        if !proof.holds() {
            self.write(|c| rows::reject(c, hash))?;
            return Err(Error::Refuted(refutation(&proof)));
        }
        self.write(|c| {
            desk::put_statement(c, &stated, by.body)?;
            rows::proved(
                c,
                hash,
                proof.transcript.hash(),
                &proof.transcript.to_text(),
            )
        })?;
        self.activate(statute, &proof)?;
        Ok(Agreement::InForce)
    }

    /// The log first, then the row, then the use.
    fn activate(&self, statute: Statute, proof: &Proof) -> Result<(), Error> {
        let logged = self.tell(Activation {
            policy: statute.hash(),
            proof: proof.transcript.hash(),
        })?;
        let activated = ActivatedAs {
            at: At(logged.at().saturating_mul(1_000_000)),
            log_index: logged.index(),
            proof: logged.get().proof,
            transcript: proof.transcript.to_text(),
        };
        self.write(|c| rows::activate(c, logged.get().policy, &activated))?;
        self.put_in_force(statute, activated);
        Ok(())
    }
}

/// Which clauses fail, and the first example in words.
fn refutation(proof: &Proof) -> String {
    match proof.examples.first() {
        Some(e) => format!(
            "the policy is refuted and was not activated: {} ({}) But: {}",
            e.says, e.clause, e.words
        ),
        None => {
            let refuted = loggia_charter::Outcome::Refuted;
            let mut checks = proof.transcript.checks.iter();
            let clause = checks.find(|c| c.outcome == refuted).map(|c| &c.clause);
            let clause = clause.map_or("charter", String::as_str);
            format!("the policy is refuted and was not activated: `{clause}` does not hold")
        }
    }
}
