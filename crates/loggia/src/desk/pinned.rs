//! What a desk has seen: the first and the newest roster and the newest head of the log, kept
//! beside the keys. First contact pins them and says so; a change later is refused. (Whom it
//! believes is not here: the log's key and the witnesses stand in the policy file, which its holder
//! was handed.)

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use loggia_model::Digest;
use loggia_policy::{SignedRoster, VerifiedRoster};
use loggia_transparency::{Checkpoint, SignedCheckpoint, TlogPolicy};
use serde::{Deserialize, Serialize};

use super::log_view::grew;
use crate::files;

/// File beside the keys.
const FILE: &str = "trusted.json";

#[derive(Clone, Serialize, Deserialize)]
struct Trusted {
    first_roster: Digest,
    /// Newest roster that was seen: a chain without it is a rollback or a fork. (A custodian who
    /// has left could sign another version in its place with an old key.)
    newest_roster: Digest,
    /// Newest checkpoint that was seen, as its unsigned text.
    checkpoint: String,
}

/// What a desk knew before it asked.
pub struct Known {
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
            newest_roster: t.newest_roster,
        }))
    }

    /// The newest checkpoint that this desk has checked; nothing before first contact.
    ///
    /// # Errors
    /// When what was kept does not read back.
    pub fn newest(&self) -> anyhow::Result<Option<Checkpoint>> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.load()?;
        kept.map(|t| Ok(Checkpoint::parse(&t.checkpoint)?))
            .transpose()
    }

    /// Checks what the city shows against the pins, and moves them forward.
    pub fn check(
        &self,
        chain: Vec<SignedRoster>,
        policy: &TlogPolicy,
        note: &str,
        consistency: impl Fn(u64, u64) -> anyhow::Result<Vec<Digest>>,
    ) -> anyhow::Result<(VerifiedRoster, SignedCheckpoint)> {
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
        let signed = policy
            .log_signed(note.as_bytes())
            .context("the public log is not signed by a key of your log policy")?;
        if let Some(t) = &known {
            if t.first_roster != first || !hashes.contains(&t.newest_roster) {
                bail!("the city shows another roster than the one that this desk trusts");
            }
            grew(
                &Checkpoint::parse(&t.checkpoint)?,
                signed.checkpoint(),
                consistency,
            )
            .context("the public log is not the one that this desk has seen before")?;
        } else {
            tracing::info!(
                roster = %first,
                "first contact: this first roster is trusted from now on; compare it with what the \
                 bodies signed (`loggia roster show`)"
            );
        }
        let trusted = Trusted {
            first_roster: first,
            newest_roster: roster.hash(),
            checkpoint: signed.checkpoint().text(),
        };
        files::replace(&self.path, &serde_json::to_vec_pretty(&trusted)?)?;
        Ok((roster, signed))
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
