//! Which access policy is in force: the release's, or the one that the log names last.
//! Never one that both bodies have not agreed to and that was not proved (`activation.rs`).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use loggia_charter::{Statute, Texts};
use loggia_model::{At, Digest};
use loggia_transparency::{Event, Loggable, PolicyActivated};
use serde::{Deserialize, Serialize};

use crate::rows::statutes::{self as rows, Stage};
use crate::{Error, Policy};

/// Entries read from the log at a time.
const PAGE_ENTRIES: usize = 1_000;

/// An activation, as the log says it.
pub(crate) struct Activation {
    pub(crate) policy: Digest,
    pub(crate) proof: Digest,
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

    pub(crate) fn put_in_force(&self, statute: Statute, activated: ActivatedAs) {
        *self
            .in_force
            .write()
            .unwrap_or_else(PoisonError::into_inner) = InForce {
            statute: Arc::new(statute),
            activated: Some(activated),
            suspended: None,
        };
    }
}
