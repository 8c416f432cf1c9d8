//! Rows of the break-glass account's openings, and authenticators' counters.
//! Never a half of the secret, nor its hash.

use loggia_model::{At, PersonId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::break_glass::GlassOpening;

/// Openings in one answer.
const LISTED_MAX: u32 = 200;

pub(crate) fn put(
    c: &Connection,
    by: [&PersonId; 2],
    at: At,
    until: At,
    log_index: u64,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO policy_break_glass (first_by, second_by, opened_at, until, log_index)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![by[0].0, by[1].0, at.0, until.0, super::int(log_index)],
    )
    .map(drop)
}

/// Whatever has no end yet has ended.
pub(crate) fn end(c: &Connection, how: &str) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_break_glass SET ended_how = ?1 WHERE ended_how IS NULL",
        [how],
    )
    .map(drop)
}

/// Ends that the log does not know, oldest first.
pub(crate) fn untold(c: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    c.prepare(
        "SELECT id, ended_how FROM policy_break_glass
         WHERE ended_how IS NOT NULL AND ended_index IS NULL ORDER BY id",
    )?
    .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
    .collect()
}

pub(crate) fn told(c: &Connection, id: i64, log_index: u64) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_break_glass SET ended_index = ?2 WHERE id = ?1",
        params![id, super::int(log_index)],
    )
    .map(drop)
}

pub(crate) fn all(c: &Connection) -> rusqlite::Result<Vec<GlassOpening>> {
    c.prepare(
        "SELECT first_by, second_by, opened_at, until, log_index, ended_how IS NOT NULL
         FROM policy_break_glass ORDER BY id DESC LIMIT ?1",
    )?
    .query_map([LISTED_MAX], |r| {
        Ok(GlassOpening {
            by: vec![PersonId(r.get(0)?), PersonId(r.get(1)?)],
            at: At(r.get(2)?),
            until: At(r.get(3)?),
            log_index: r.get::<_, i64>(4)?.unsigned_abs(),
            ended: r.get(5)?,
        })
    })?
    .collect()
}

/// An authenticator's counter as last seen.
pub(crate) fn count(c: &Connection, credential: &str) -> rusqlite::Result<Option<u32>> {
    c.query_row(
        "SELECT count FROM policy_passkey WHERE credential = ?1",
        [credential],
        |r| r.get(0),
    )
    .optional()
}

pub(crate) fn set_count(c: &Connection, credential: &str, count: u32) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO policy_passkey VALUES (?1, ?2)
         ON CONFLICT (credential) DO UPDATE SET count = excluded.count",
        params![credential, count],
    )
    .map(drop)
}
