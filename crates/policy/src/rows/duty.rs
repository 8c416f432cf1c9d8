//! Rows of the rota and of alerts that were sent.
//! Never an address: people are reached through the city's own alert gateway.

use loggia_model::{At, PersonId, RequestId};
use rusqlite::{Connection, params};

/// Somebody's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TurnRow {
    pub(crate) person: PersonId,
    pub(crate) from: At,
    pub(crate) to: At,
    pub(crate) rank: u32,
}

pub(crate) fn rota(c: &Connection) -> rusqlite::Result<Vec<TurnRow>> {
    c.prepare("SELECT person, from_at, to_at, rank FROM policy_duty ORDER BY from_at, rank")?
        .query_map([], |r| {
            Ok(TurnRow {
                person: PersonId(r.get(0)?),
                from: At(r.get(1)?),
                to: At(r.get(2)?),
                rank: r.get(3)?,
            })
        })?
        .collect()
}

/// Replaces the turns of these people.
pub(crate) fn put_rota(c: &Connection, of: &[PersonId], turns: &[TurnRow]) -> rusqlite::Result<()> {
    for person in of {
        c.execute("DELETE FROM policy_duty WHERE person = ?1", [&person.0])?;
    }
    let mut put = c.prepare("INSERT OR REPLACE INTO policy_duty VALUES (?1, ?2, ?3, ?4)")?;
    for t in turns {
        put.execute(params![t.person.0, t.from.0, t.to.0, t.rank])?;
    }
    Ok(())
}

/// When the alert of this stage and rank was sent, if it was.
pub(crate) fn sent(
    c: &Connection,
    request: RequestId,
    stage: &str,
) -> rusqlite::Result<Vec<(u32, At)>> {
    c.prepare("SELECT rank, at FROM policy_alert WHERE request = ?1 AND stage = ?2 ORDER BY rank")?
        .query_map(params![request.0, stage], |r| {
            Ok((r.get(0)?, At(r.get(1)?)))
        })?
        .collect()
}

pub(crate) fn put_sent(
    c: &Connection,
    request: RequestId,
    stage: &str,
    rank: u32,
    at: At,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT OR IGNORE INTO policy_alert VALUES (?1, ?2, ?3, ?4)",
        params![request.0, stage, rank, at.0],
    )
    .map(drop)
}
