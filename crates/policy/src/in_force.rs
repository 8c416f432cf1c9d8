//! Which access policy is in force, and how another takes its place: proposed by an approver, agreed
//! to by one of each body, proved, logged, and only then used. Never takes one that is refuted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use loggia_charter::{Proof, Solver, Statute, Texts, prove};
use loggia_model::{Actor, At, Body, Digest, Role};
use loggia_transparency::{Event, Loggable, PolicyActivated};
use serde::{Deserialize, Serialize};

use crate::rows::desk;
use crate::rows::statutes::{self as rows, Stage, StatuteRow};
use crate::statement::{Act, SignedStatement};
use crate::{Error, Policy};

/// Proposed policies that may wait at once, and for how long: both bodies meet within a month.
const PROPOSED_MAX: usize = 8;
const PROPOSED_FOR: core::time::Duration = core::time::Duration::from_secs(30 * 86_400);

/// Entries read from the log at a time.
const PAGE_ENTRIES: usize = 1_000;

struct Activation {
    policy: Digest,
    proof: Digest,
}

impl Loggable for Activation {
    fn event(&self) -> Event {
        Event::PolicyActivated(PolicyActivated {
            policy: self.policy,
            proof: self.proof,
        })
    }
}

/// The access policy in force.
#[derive(Debug, Clone)]
pub(crate) struct InForce {
    statute: Arc<Statute>,
    activated: Option<ActivatedAs>,
    /// Why nothing is decided until both bodies have activated a policy again.
    suspended: Option<String>,
}

impl InForce {
    /// What every installation begins with.
    pub(crate) fn of_this_release() -> Result<Self, Error> {
        Ok(Self {
            statute: Arc::new(Statute::of_this_release()?),
            activated: None,
            suspended: None,
        })
    }
}

/// How the policy in force came into force.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ActivatedAs {
    /// Since when, microseconds.
    #[schema(value_type = i64)]
    pub at: At,
    /// The entry `policy_activated` in the public log.
    pub log_index: u64,
    /// SHA-256 of the proof's transcript, as logged.
    #[schema(value_type = String)]
    pub proof: Digest,
    /// The transcript.
    pub transcript: String,
}

/// The access policy in force, for everybody to read.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PolicyNow {
    /// SHA-256 over the texts (docs/design/charter.md).
    #[schema(value_type = String)]
    pub policy: Digest,
    /// What requests name: that hash with the city's rules.
    #[schema(value_type = String)]
    pub policy_hash: Digest,
    /// How it came into force; none while it is the one that this release brought along.
    pub activated: Option<ActivatedAs>,
    /// Why nothing is decided under it until both bodies have activated one again.
    pub suspended: Option<String>,
    /// What is proved of it, in words.
    pub promises: Vec<Promised>,
    /// The five texts by the names of their files: `loggia policy prove` takes a folder of them.
    pub texts: BTreeMap<String, String>,
}

/// A sentence of the charter.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Promised {
    /// The clause's name.
    pub id: String,
    /// Whether it says what is always possible; else what never happens.
    pub always: bool,
    /// In English.
    pub says: String,
    /// In Serbian.
    pub says_sr: String,
}

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
    /// The access policy in force.
    #[must_use]
    pub fn statute(&self) -> Arc<Statute> {
        Arc::clone(&self.in_force().statute)
    }

    fn in_force(&self) -> InForce {
        self.in_force
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What a request names: the city's rules together with the access policy in force, so that a
    /// change of either is another hash.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the rules cannot be written.
    pub fn policy_hash(&self) -> Result<Digest, Error> {
        self.rules.hash(self.statute().hash())
    }

    /// The policy in force, with its texts.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the rules cannot be written.
    pub fn policy_now(&self) -> Result<PolicyNow, Error> {
        let now = self.in_force();
        let promises = now.statute.promises()?.into_iter().map(|p| Promised {
            id: p.id,
            always: p.always,
            says: p.says,
            says_sr: p.says_sr,
        });
        let texts = now.statute.texts().named();
        Ok(PolicyNow {
            policy: now.statute.hash(),
            policy_hash: self.rules.hash(now.statute.hash())?,
            activated: now.activated,
            suspended: now.suspended,
            promises: promises.collect(),
            texts: texts.map(|(f, t)| (f.to_owned(), t.to_owned())).into(),
        })
    }

    /// Takes up the policy that the log names last, if its text is the one that was proved.
    /// Otherwise nothing is decided (recording goes on): another policy in its place would be one
    /// that nobody agreed to.
    pub(crate) fn load_statute(&self) -> Result<(), Error> {
        let Some((log_index, at, logged)) = self.last_activation()? else {
            return match self.read(|c| rows::active(c))? {
                None => Ok(()),
                Some(row) => {
                    self.suspend(row.hash, "the log knows no activation");
                    Ok(())
                }
            };
        };
        match self.reload(log_index, at, &logged) {
            Ok((statute, activated)) => self.put_in_force(statute, activated),
            Err(why) => self.suspend(logged.policy, &why.to_string()),
        }
        Ok(())
    }

    fn suspend(&self, policy: Digest, why: &str) {
        tracing::error!(%policy, why, "the access policy is suspended");
        let mut now = self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        now.suspended = Some(
            "the access policy in the tables is not the one that the log names last, or was proved \
             for another release's charter: both bodies activate one again (loggia policy propose)"
                .into(),
        );
    }

    /// The newest activation in the log. Reads the whole log, once at each start: 10⁶ entries in
    /// some seconds.
    fn last_activation(&self) -> Result<Option<(u64, At, PolicyActivated)>, Error> {
        let (mut next, mut last) = (0, None);
        loop {
            let page = self.log.entries(next, PAGE_ENTRIES)?;
            let Some((index, _)) = page.last() else {
                return Ok(last);
            };
            next = index + 1;
            for (index, entry) in page {
                if let Event::PolicyActivated(p) = entry.event {
                    last = Some((index, At(entry.at.saturating_mul(1_000_000)), p));
                }
            }
        }
    }

    /// The activation's row and text. A crash between log and row is finished here: what was proved
    /// lay in the row before.
    fn reload(
        &self,
        log_index: u64,
        at: At,
        logged: &PolicyActivated,
    ) -> Result<(Statute, ActivatedAs), Error> {
        let damaged = |what: &str| Error::Damaged(format!("access policy: {what}"));
        let row = self
            .read(|c| rows::statute(c, logged.policy))?
            .filter(|r| r.proof == Some(logged.proof))
            .ok_or_else(|| damaged("it is not in the tables"))?;
        let texts = Texts::with_policies(row.policies);
        if texts.hash() != logged.policy {
            return Err(damaged("its text or the charter is another"));
        }
        let activated = ActivatedAs {
            at,
            log_index,
            proof: logged.proof,
            transcript: row.transcript.unwrap_or_default(),
        };
        let statute = Statute::read(texts)?;
        if row.stage != Stage::InForce {
            self.write(|c| rows::activate(c, logged.policy, &activated))?;
        }
        Ok((statute, activated))
    }

    /// That decisions are made at all.
    pub(crate) fn not_suspended(&self) -> Result<(), Error> {
        match self.in_force().suspended {
            Some(why) => Err(Error::Conflict(why)),
            None => Ok(()),
        }
    }

    fn put_in_force(&self, statute: Statute, activated: ActivatedAs) {
        *self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner) = InForce {
            statute: Arc::new(statute),
            activated: Some(activated),
            suspended: None,
        };
    }

    /// Lays a policy before both bodies. Nothing changes by it.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`] when it does not read, [`Error::Conflict`] when it is
    /// the one in force, [`Error::Busy`] when too many wait.
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
            if waiting.len() >= PROPOSED_MAX {
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
    /// earlier proposal of the same text does not count again.
    fn agreed_to(&self, row: &StatuteRow) -> Result<Vec<Body>, Error> {
        let mut bodies = Vec::new();
        for s in self.read(|c| desk::statements(c, row.hash))? {
            let said = s.act == Act::ActivatePolicy.word() && s.at >= row.proposed_at;
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

    /// An approver's signed agreement. With the second body's the charter is proved anew, here; what
    /// is refuted is rejected and forgotten, what is proved is logged and then in force. `solver` is
    /// the program of that name on this machine's path, or a path to it.
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
        let others = self.agreed_to(&row)?;
        if !others.iter().any(|b| *b != by.body) {
            let _step = self.one_step();
            self.proposed(hash)?;
            self.write(|c| desk::put_statement(c, &stated, by.body))?;
            return Ok(Agreement::Waits);
        }
        // Proving takes seconds: nobody waits for it who takes a step of a request.
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
