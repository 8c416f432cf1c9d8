//! What a desk trusts: the log's key, the first roster and the newest checkpoint that it has seen,
//! kept beside the keys. First contact pins them and says so; a change later is refused.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use loggia_model::Digest;
use loggia_policy::{Roster, SignedRoster, VerifiedRoster};
use loggia_transparency::{Checkpoint, SignedCheckpoint, Verifier, verify};
use serde::{Deserialize, Serialize};

use crate::files;

/// File beside the keys.
const FILE: &str = "trusted.json";

#[derive(Clone, Serialize, Deserialize)]
struct Trusted {
    log_key: String,
    first_roster: Digest,
    /// Newest roster that was seen: a chain without it is a rollback or a fork. (A custodian who
    /// has left could sign another version in its place with an old key.)
    newest_roster: Digest,
    /// Newest checkpoint that was seen, as its unsigned text.
    checkpoint: String,
}

/// What a desk knew before it asked.
pub struct Known {
    /// The log's key.
    pub log_key: Verifier,
    /// Entries of the newest checkpoint.
    pub size: u64,
    /// The newest roster.
    pub newest_roster: Digest,
}

/// The pins of one desk.
pub struct Pinned {
    path: PathBuf,
    turn: Mutex<()>,
}

impl Pinned {
    /// The pins kept in `folder`.
    pub fn at(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE),
            turn: Mutex::new(()),
        }
    }

    /// What was pinned before, if anything was.
    pub fn known(&self) -> anyhow::Result<Option<Known>> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(t) = self.load()? else {
            return Ok(None);
        };
        Ok(Some(Known {
            log_key: t.log_key.parse()?,
            size: Checkpoint::parse(&t.checkpoint)?.size,
            newest_roster: t.newest_roster,
        }))
    }

    /// Checks what the city shows against the pins, and moves them forward. `succeeded`: the log key
    /// to which the pinned one was seen to be handed over.
    pub fn check(
        &self,
        chain: Vec<SignedRoster>,
        log_key: &str,
        note: &str,
        succeeded: Option<Verifier>,
        consistency: impl Fn(u64, u64) -> anyhow::Result<Vec<Digest>>,
    ) -> anyhow::Result<(Roster, SignedCheckpoint)> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last: Option<VerifiedRoster> = None;
        let mut hashes = Vec::new();
        for signed in chain {
            let next = signed
                .verify(last.as_ref())
                .context("the city's roster is not in order")?;
            hashes.push(next.hash());
            last = Some(next);
        }
        let (Some(roster), Some(&first)) = (last, hashes.first()) else {
            bail!("the city has no roster")
        };
        let known = self.load()?;
        let key: Verifier = match (&known, succeeded) {
            (Some(_), Some(next)) => next,
            (Some(t), None) => t.log_key.parse()?,
            (None, _) => log_key.parse()?,
        };
        let signed = verify::checkpoint(note.as_bytes(), &key)
            .context("the public log is not signed by the key that this desk trusts")?;
        if let Some(t) = &known {
            if t.first_roster != first || !hashes.contains(&t.newest_roster) {
                bail!("the city shows another roster than the one that this desk trusts");
            }
            grew(
                &Checkpoint::parse(&t.checkpoint)?,
                signed.checkpoint(),
                consistency,
            )?;
        } else {
            tracing::info!(log = %key, roster = %first, "first contact: these are trusted from now on");
        }
        let trusted = Trusted {
            log_key: key.to_string(),
            first_roster: first,
            newest_roster: roster.hash(),
            checkpoint: signed.checkpoint().text(),
        };
        files::replace(&self.path, &serde_json::to_vec_pretty(&trusted)?)?;
        Ok((roster.roster().clone(), signed))
    }

    fn load(&self) -> anyhow::Result<Option<Trusted>> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).with_context(|| {
                format!(
                    "{} does not read back; what it pinned is lost",
                    self.path.display()
                )
            })?)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).with_context(|| format!("{} cannot be read", self.path.display())),
        }
    }
}

fn grew(
    kept: &Checkpoint,
    now: &Checkpoint,
    consistency: impl Fn(u64, u64) -> anyhow::Result<Vec<Digest>>,
) -> anyhow::Result<()> {
    if kept.size == now.size || kept.size == 0 {
        return Ok(verify::consistency(kept, now, &[])?);
    }
    // A smaller log needs no proof to be refused.
    let proof = if now.size > kept.size {
        consistency(kept.size, now.size)?
    } else {
        Vec::new()
    };
    verify::consistency(kept, now, &proof)
        .context("the public log is not the one that this desk has seen before")
}
