//! Rows of access policies: proposed, in force, past.
//! Never more than one in force.

use loggia_model::{At, Digest, PersonId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{at, digest, int, person};
use crate::Error;
use crate::in_force::ActivatedAs;

/// Where a policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Proposed,
    InForce,
    Past,
}

impl Stage {
    fn word(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::InForce => "in_force",
            Self::Past => "past",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Proposed, Self::InForce, Self::Past]
            .into_iter()
            .find(|s| s.word() == word)
    }
}

/// An access policy.
#[derive(Debug, Clone)]
pub(crate) struct StatuteRow {
    pub(crate) hash: Digest,
    pub(crate) policies: String,
    pub(crate) stage: Stage,
    pub(crate) proposed_by: PersonId,
    pub(crate) proposed_at: At,
    pub(crate) proof: Option<Digest>,
    pub(crate) transcript: Option<String>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<(StatuteRow, String)> {
    let statute = StatuteRow {
        hash: digest(row, "hash")?,
        policies: row.get("policies")?,
        stage: Stage::Past,
        proposed_by: person(row, "proposed_by")?,
        proposed_at: at(row, "proposed_at")?,
        proof: row.get::<_, Option<[u8; 32]>>("proof")?.map(Digest),
        transcript: row.get("transcript")?,
    };
    Ok((statute, row.get("stage")?))
}

fn staged((statute, word): (StatuteRow, String)) -> Result<StatuteRow, Error> {
    let stage = Stage::of(&word).ok_or_else(|| Error::Damaged(format!("stage `{word}`")))?;
    Ok(StatuteRow { stage, ..statute })
}

/// The policy with this hash.
pub(crate) fn statute(c: &Connection, hash: Digest) -> Result<Option<StatuteRow>, Error> {
    let sql = "SELECT * FROM policy_statute WHERE hash = ?1";
    let row = c.query_row(sql, [hash.0], read).optional()?;
    row.map(staged).transpose()
}

/// The policy in force; none while it is the release's.
pub(crate) fn active(c: &Connection) -> Result<Option<StatuteRow>, Error> {
    let sql = "SELECT * FROM policy_statute WHERE stage = 'in_force'";
    let row = c.query_row(sql, [], read).optional()?;
    row.map(staged).transpose()
}

/// What waits, oldest first.
pub(crate) fn proposed(c: &Connection) -> Result<Vec<StatuteRow>, Error> {
    let sql = "SELECT * FROM policy_statute WHERE stage = 'proposed' ORDER BY proposed_at, hash";
    let rows: Vec<_> = c
        .prepare(sql)?
        .query_map([], read)?
        .collect::<rusqlite::Result<_>>()?;
    rows.into_iter().map(staged).collect()
}

/// Lays a policy before both bodies; one that was in force before may come back.
pub(crate) fn propose(
    c: &Connection,
    hash: Digest,
    policies: &str,
    by: &PersonId,
    now: At,
) -> Result<(), Error> {
    c.execute(
        "INSERT OR REPLACE INTO policy_statute (hash, policies, stage, proposed_by, proposed_at)
         VALUES (?1, ?2, 'proposed', ?3, ?4)",
        params![hash.0, policies, by.0, now.0],
    )?;
    Ok(())
}

/// Forgets what has waited since before `since`.
pub(crate) fn forget(c: &Connection, since: At) -> Result<(), Error> {
    c.execute(
        "DELETE FROM policy_statute WHERE stage = 'proposed' AND proposed_at < ?1",
        [since.0],
    )?;
    Ok(())
}

/// Forgets a proposal that was refuted.
pub(crate) fn reject(c: &Connection, hash: Digest) -> Result<(), Error> {
    c.execute(
        "DELETE FROM policy_statute WHERE stage = 'proposed' AND hash = ?1",
        [hash.0],
    )?;
    Ok(())
}

/// Keeps what was proved, before the log says so.
pub(crate) fn proved(
    c: &Connection,
    hash: Digest,
    proof: Digest,
    transcript: &str,
) -> Result<(), Error> {
    c.execute(
        "UPDATE policy_statute SET proof = ?2, transcript = ?3 WHERE hash = ?1",
        params![hash.0, proof.0, transcript],
    )?;
    Ok(())
}

/// Puts one in force and the one before it into the past.
pub(crate) fn activate(c: &Connection, hash: Digest, how: &ActivatedAs) -> Result<(), Error> {
    c.execute(
        "UPDATE policy_statute SET stage = 'past' WHERE stage = 'in_force'",
        [],
    )?;
    let n = c.execute(
        "UPDATE policy_statute SET stage = 'in_force', activated_at = ?2, log_index = ?3
         WHERE hash = ?1",
        params![hash.0, how.at.0, int(how.log_index)],
    )?;
    if n == 1 {
        Ok(())
    } else {
        Err(Error::Damaged(format!("access policy {hash} is gone")))
    }
}
