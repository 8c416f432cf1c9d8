//! Gathering cosignatures: new checkpoints go to every witness of the city's log policy, and the
//! newest one that the quorum has cosigned is kept. Recording, freezing, holding and destroying
//! never wait here; a witness that is away delays no other.

mod carry;
mod lane;
mod round;
mod routes;
mod state;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

pub use carry::{Away, HttpWitness, Witness};
pub(crate) use routes::{GatherApi, routes};
pub use state::{SeenBy, Standing, Unseen, WitnessStanding};

use crate::logged::{Logged, Witnessed};
use crate::tlog_policy::{CosignedCheckpoint, TlogPolicy};
use crate::tlog_proof::TlogProof;
use crate::{Error, Log};
use round::Round;

/// File of the newest cosigned checkpoint in the log's folder.
const COSIGNED: &str = "cosigned";

/// One witness as it is asked.
pub struct Lane {
    /// Its name, as its signature lines have it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// How it is asked.
    pub witness: Box<dyn Witness>,
}

/// The witnesses of one log, or that there are none. Cheap to clone; the last clone to go ends the
/// lanes.
#[derive(Clone)]
pub struct Witnesses(Arc<Handle>);

struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.round().stop = true;
        self.0.changed.notify_all();
    }
}

/// What the lanes and everybody else share.
struct Shared {
    log: Log,
    policy: Option<(TlogPolicy, String)>,
    round: Mutex<Round>,
    changed: Condvar,
    newest: watch::Sender<Option<Arc<CosignedCheckpoint>>>,
}

impl Shared {
    fn round(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cosigned_size(&self) -> u64 {
        self.newest.borrow().as_ref().map_or(0, |c| c.size())
    }
}

impl core::fmt::Debug for Witnesses {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Witnesses({:?})", self.standing().quorum)
    }
}

impl Witnesses {
    /// No witnesses: everything is recorded and logged, and nothing is opened.
    #[must_use]
    pub fn none(log: Log) -> Self {
        Self(Arc::new(Handle(Arc::new(Shared {
            log,
            policy: None,
            round: Mutex::new(Round::of(&[])),
            changed: Condvar::new(),
            newest: watch::Sender::new(None),
        }))))
    }

    /// Asks the witnesses that the policy names with a URL, over HTTP. `ca`: certificates (PEM)
    /// that those with an `https://` address may show, or their authorities'.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the policy does not read, names another log, needs no witness or
    /// names none that can be asked; [`Error::Io`].
    pub fn ask(log: Log, policy: &str, ca: Option<&[u8]>) -> Result<Self, Error> {
        let parsed: TlogPolicy = policy.parse()?;
        let mut lanes: Vec<Lane> = Vec::new();
        for witness in parsed.witnesses() {
            let Some(url) = &witness.url else { continue };
            // A witness with two keys has two lines and one address.
            if lanes.iter().all(|l| l.url != *url) {
                lanes.push(Lane {
                    name: witness.key.name().to_owned(),
                    url: url.clone(),
                    witness: Box::new(HttpWitness::new(url, ca)?),
                });
            }
        }
        Self::start(log, policy, lanes)
    }

    /// [`Self::ask`] with lanes of one's own.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn start(log: Log, policy: &str, lanes: Vec<Lane>) -> Result<Self, Error> {
        let parsed: TlogPolicy = policy.parse()?;
        let bad = |why: &str| Error::malformed("log policy", why);
        if parsed.logs().iter().all(|l| l.key != log.verifier()) {
            let key = log.verifier();
            return Err(bad(&format!(
                "names another log than this one, `log {key}`"
            )));
        }
        if !parsed.needs_witnesses() {
            return Err(bad("`quorum none`: without witnesses nothing is opened"));
        }
        let kept = kept(&log, &parsed);
        let round = Round::of(&lanes);
        let shared = Arc::new(Shared {
            log,
            policy: Some((parsed, policy.to_owned())),
            round: Mutex::new(round),
            changed: Condvar::new(),
            newest: watch::Sender::new(kept.map(Arc::new)),
        });
        for (at, lane) in lanes.into_iter().enumerate() {
            lane::start(Arc::clone(&shared), at, lane)?;
        }
        Ok(Self(Arc::new(Handle(shared))))
    }

    /// Somebody waits for this entry: the witnesses are asked at once.
    pub fn need(&self, index: u64) {
        let shared = &self.0.0;
        if shared.policy.is_some() && shared.cosigned_size() <= index {
            let mut round = shared.round();
            round.wanted = round.wanted.max(index.saturating_add(1));
            drop(round);
            shared.changed.notify_all();
        }
    }

    /// What was logged, with the proof that the quorum has cosigned it; asks for it otherwise.
    ///
    /// # Errors
    /// [`Unseen`] says why not, and what goes on meanwhile.
    pub fn witnessed<T>(&self, logged: Logged<T>) -> Result<Witnessed<T>, Unseen> {
        let size = self.0.0.cosigned_size();
        if logged.index() < size {
            return Ok(Witnessed::new(logged, size));
        }
        self.need(logged.index());
        Err(match self.seen_by(logged.index()) {
            SeenBy::Missing => Unseen::Missing,
            SeenBy::Gone => Unseen::Gone,
            _ => Unseen::Waiting,
        })
    }

    /// Asks for this entry and waits until it is cosigned, for `within` at most; whether it is.
    /// Blocks: keep it off the async threads.
    #[must_use]
    pub fn wait(&self, index: u64, within: Duration) -> bool {
        self.need(index);
        let shared = &self.0.0;
        let until = Instant::now() + within;
        let mut round = shared.round();
        while shared.cosigned_size() <= index {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || shared.policy.is_none() || self.gone(&round) {
                return false;
            }
            let waited = shared.changed.wait_timeout(round, left);
            round = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Waits for a cosigned checkpoint of more than `size` entries, for `within` at most; asks
    /// nobody for it. Blocks: keep it off the async threads.
    #[must_use]
    pub fn wait_newer(&self, size: u64, within: Duration) -> Option<u64> {
        let shared = &self.0.0;
        let until = Instant::now() + within;
        let mut round = shared.round();
        loop {
            let (now, left) = (shared.cosigned_size(), until - Instant::now().min(until));
            if now > size || left.is_zero() {
                return (now > size).then_some(now);
            }
            let waited = shared.changed.wait_timeout(round, left);
            round = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Follows the newest checkpoint that the quorum has cosigned.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Option<Arc<CosignedCheckpoint>>> {
        self.0.0.newest.subscribe()
    }

    /// The newest checkpoint that the quorum has cosigned.
    #[must_use]
    pub fn newest(&self) -> Option<Arc<CosignedCheckpoint>> {
        self.0.0.newest.borrow().clone()
    }

    /// The policy's text, as the city has it.
    #[must_use]
    pub fn policy_text(&self) -> Option<&str> {
        self.0.0.policy.as_ref().map(|(_, text)| text.as_str())
    }

    /// The proof (C2SP tlog-proof) of an entry under the newest cosigned checkpoint, with the
    /// entry's bytes as extra data.
    ///
    /// # Errors
    /// [`Error::NotThere`] when the log has no such entry; [`Error::Unwitnessed`] while the quorum
    /// has not cosigned it.
    pub fn proof(&self, index: u64) -> Result<TlogProof, Error> {
        let shared = &self.0.0;
        let entry = shared.log.raw_entries(index, 1)?.pop();
        let (_, entry) = entry.ok_or_else(|| {
            let size = shared.log.size();
            Error::NotThere(format!("there is no entry {index} in a log of {size}"))
        })?;
        let Some(newest) = self.newest().filter(|n| n.size() > index) else {
            self.need(index);
            return Err(Error::Unwitnessed(match self.seen_by(index) {
                SeenBy::Missing => Unseen::Missing,
                SeenBy::Gone => Unseen::Gone,
                _ => Unseen::Waiting,
            }));
        };
        Ok(TlogProof {
            extra: Some(entry),
            index,
            path: shared.log.inclusion_proof(index, newest.size())?,
            checkpoint: newest.signed().note().to_owned(),
        })
    }
}

/// The cosigned checkpoint that was kept, if it still is one and is of this log.
fn kept(log: &Log, policy: &TlogPolicy) -> Option<CosignedCheckpoint> {
    let note = match log.folder().read(COSIGNED) {
        Ok(note) => note?,
        Err(e) => {
            tracing::warn!(error = %e, "the cosigned checkpoint does not read; it is gathered anew");
            return None;
        }
    };
    // Another policy, or a log folder put back from a copy: the witnesses are asked again.
    let checked = policy.check(&note).and_then(|c| {
        let here = log.root_at(c.size())?;
        if here == c.root() {
            return Ok(c);
        }
        Err(Error::Fork {
            size: c.size(),
            signed: c.root(),
            found: here,
        })
    });
    checked
        .inspect_err(|e| tracing::warn!(error = %e, "the kept cosigned checkpoint does not count"))
        .ok()
}
