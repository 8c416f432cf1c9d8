//! Rows of the break-glass account's openings, and authenticators' counters.
//! Never a half of the secret, nor its hash.

use loggia_model::{At, PersonId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::break_glass::{GlassAct, GlassOpening};

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

/// An end that the log does not know.
pub(crate) struct Untold {
    pub(crate) id: i64,
    /// Entry of the opening.
    pub(crate) opening: u64,
    pub(crate) how: String,
}

/// Ends that the log does not know, oldest first.
pub(crate) fn untold(c: &Connection) -> rusqlite::Result<Vec<Untold>> {
    c.prepare(
        "SELECT id, log_index, ended_how FROM policy_break_glass
         WHERE ended_how IS NOT NULL AND ended_index IS NULL ORDER BY id",
    )?
    .query_map([], |r| {
        Ok(Untold {
            id: r.get(0)?,
            opening: super::count(r.get(1)?),
            how: r.get(2)?,
        })
    })?
    .collect()
}

/// What the account did to somebody's account.
pub(crate) struct ActRow<'a> {
    pub(crate) log_index: u64,
    /// Entry of the opening.
    pub(crate) opening: u64,
    pub(crate) at: At,
    pub(crate) disabled: bool,
    pub(crate) person: &'a PersonId,
    pub(crate) salt: [u8; 32],
}

pub(crate) fn put_act(c: &Connection, a: &ActRow<'_>) -> rusqlite::Result<()> {
    let (index, opening) = (super::int(a.log_index), super::int(a.opening));
    c.execute(
        "INSERT INTO policy_glass_act (log_index, opening, at, disabled, person, salt)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![index, opening, a.at.0, a.disabled, a.person.0, a.salt],
    )
    .map(drop)
}

/// What it did in the opening with this entry, in the order of the log.
fn acts(c: &Connection, opening: u64) -> rusqlite::Result<Vec<GlassAct>> {
    c.prepare(
        "SELECT log_index, at, disabled, person, salt FROM policy_glass_act
         WHERE opening = ?1 ORDER BY log_index LIMIT ?2",
    )?
    .query_map(params![super::int(opening), LISTED_MAX], |r| {
        Ok(GlassAct {
            log_index: super::count(r.get(0)?),
            at: At(r.get(1)?),
            disabled: r.get(2)?,
            person: PersonId(r.get(3)?),
            salt: hex::encode(r.get::<_, [u8; 32]>(4)?),
        })
    })?
    .collect()
}

pub(crate) fn told(c: &Connection, id: i64, log_index: u64) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_break_glass SET ended_index = ?2 WHERE id = ?1",
        params![id, super::int(log_index)],
    )
    .map(drop)
}

/// Every opening, newest first, each with what it did.
pub(crate) fn all(c: &Connection) -> rusqlite::Result<Vec<GlassOpening>> {
    let mut all = openings(c)?;
    for one in &mut all {
        one.acts = acts(c, one.log_index)?;
    }
    Ok(all)
}

fn openings(c: &Connection) -> rusqlite::Result<Vec<GlassOpening>> {
    c.prepare(
        "SELECT first_by, second_by, opened_at, until, log_index, ended_how IS NOT NULL
         FROM policy_break_glass ORDER BY id DESC LIMIT ?1",
    )?
    .query_map([LISTED_MAX], |r| {
        Ok(GlassOpening {
            by: vec![PersonId(r.get(0)?), PersonId(r.get(1)?)],
            at: At(r.get(2)?),
            until: At(r.get(3)?),
            log_index: super::count(r.get(4)?),
            ended: r.get(5)?,
            acts: Vec::new(),
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
