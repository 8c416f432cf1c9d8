//! Rows of accounts, sessions and rosters. Never holds a password or a session token, only hashes.

use std::collections::BTreeSet;

use loggia_model::{At, PersonId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::people::Began;

/// An account: what is needed to check a password.
pub(crate) struct AccountRow {
    pub(crate) salt: [u8; 16],
    pub(crate) hash: [u8; 32],
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
}

/// A session as kept: by the hash of its token.
pub(crate) struct SessionRow {
    pub(crate) person: PersonId,
    pub(crate) started_at: At,
    pub(crate) seen_at: At,
    pub(crate) began: Began,
}

/// A roster version as kept.
pub(crate) struct RosterRow {
    pub(crate) version: u32,
    pub(crate) roster: String,
    pub(crate) signatures: String,
}

pub(crate) fn mark(c: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    c.query_row(
        "SELECT value FROM policy_mark WHERE name = ?1",
        [name],
        |r| r.get(0),
    )
    .optional()
}

pub(crate) fn set_mark(c: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    c.execute(
        "INSERT OR REPLACE INTO policy_mark VALUES (?1, ?2)",
        [name, value],
    )
    .map(drop)
}

pub(crate) fn account(c: &Connection, p: &PersonId) -> rusqlite::Result<Option<AccountRow>> {
    c.query_row(
        "SELECT salt, hash, memory_kib, passes FROM policy_account WHERE person = ?1",
        [&p.0],
        |r| {
            Ok(AccountRow {
                salt: r.get(0)?,
                hash: r.get(1)?,
                memory_kib: r.get(2)?,
                passes: r.get(3)?,
            })
        },
    )
    .optional()
}

pub(crate) fn accounts(c: &Connection) -> rusqlite::Result<Vec<(PersonId, bool)>> {
    c.prepare(
        "SELECT person, EXISTS (SELECT 1 FROM policy_disabled d WHERE d.person = a.person)
         FROM (SELECT person FROM policy_account UNION SELECT person FROM policy_disabled) a
         ORDER BY person",
    )?
    .query_map([], |r| Ok((PersonId(r.get(0)?), r.get(1)?)))?
    .collect()
}

/// Adds or replaces the password of an account; whether it is disabled stays as it is.
pub(crate) fn put_account(
    c: &Connection,
    p: &PersonId,
    a: &AccountRow,
    at: At,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO policy_account (person, salt, hash, memory_kib, passes, made_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (person) DO UPDATE SET salt = excluded.salt, hash = excluded.hash,
           memory_kib = excluded.memory_kib, passes = excluded.passes",
        params![p.0, a.salt, a.hash, a.memory_kib, a.passes, at.0],
    )
    .map(drop)
}

pub(crate) fn disabled(c: &Connection, p: &PersonId) -> rusqlite::Result<bool> {
    c.query_row(
        "SELECT EXISTS (SELECT 1 FROM policy_disabled WHERE person = ?1)",
        [&p.0],
        |r| r.get(0),
    )
}

/// Everybody who is disabled.
pub(crate) fn all_disabled(c: &Connection) -> rusqlite::Result<BTreeSet<PersonId>> {
    c.prepare("SELECT person FROM policy_disabled")?
        .query_map([], |r| Ok(PersonId(r.get(0)?)))?
        .collect()
}

pub(crate) fn disable(c: &Connection, p: &PersonId, by: &PersonId, at: At) -> rusqlite::Result<()> {
    c.execute(
        "INSERT OR IGNORE INTO policy_disabled VALUES (?1, ?2, ?3)",
        params![p.0, by.0, at.0],
    )
    .map(drop)
}

pub(crate) fn enable(c: &Connection, p: &PersonId) -> rusqlite::Result<()> {
    c.execute("DELETE FROM policy_disabled WHERE person = ?1", [&p.0])
        .map(drop)
}

pub(crate) fn put_session(
    c: &Connection,
    token_hash: &[u8; 32],
    p: &PersonId,
    began: Began,
    at: At,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO policy_session (token_hash, person, started_at, seen_at, by_provider)
         VALUES (?1, ?2, ?3, ?3, ?4)",
        params![token_hash, p.0, at.0, began == Began::AtProvider],
    )
    .map(drop)
}

pub(crate) fn session(c: &Connection, hash: &[u8; 32]) -> rusqlite::Result<Option<SessionRow>> {
    c.query_row(
        "SELECT person, started_at, seen_at, by_provider FROM policy_session
         WHERE token_hash = ?1",
        [hash],
        |r| {
            Ok(SessionRow {
                person: PersonId(r.get(0)?),
                started_at: At(r.get(1)?),
                seen_at: At(r.get(2)?),
                began: if r.get(3)? {
                    Began::AtProvider
                } else {
                    Began::Here
                },
            })
        },
    )
    .optional()
}

pub(crate) fn touch_session(c: &Connection, hash: &[u8; 32], at: At) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_session SET seen_at = ?2 WHERE token_hash = ?1",
        params![hash, at.0],
    )
    .map(drop)
}

pub(crate) fn end_session(c: &Connection, hash: &[u8; 32]) -> rusqlite::Result<()> {
    c.execute("DELETE FROM policy_session WHERE token_hash = ?1", [hash])
        .map(drop)
}

pub(crate) fn end_sessions_of(c: &Connection, p: &PersonId) -> rusqlite::Result<()> {
    c.execute("DELETE FROM policy_session WHERE person = ?1", [&p.0])
        .map(drop)
}

/// Forgets sessions that started or were last seen too long ago.
pub(crate) fn sweep_sessions(c: &Connection, started: At, seen: At) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM policy_session WHERE started_at <= ?1 OR seen_at <= ?2",
        [started.0, seen.0],
    )
    .map(drop)
}

/// Keeps the newest `keep` sessions of a person.
pub(crate) fn trim_sessions(c: &Connection, p: &PersonId, keep: u32) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM policy_session WHERE person = ?1 AND token_hash NOT IN
           (SELECT token_hash FROM policy_session WHERE person = ?1
            ORDER BY started_at DESC LIMIT ?2)",
        params![p.0, keep],
    )
    .map(drop)
}

pub(crate) fn rosters(c: &Connection) -> rusqlite::Result<Vec<RosterRow>> {
    c.prepare("SELECT version, roster, signatures FROM policy_roster ORDER BY version")?
        .query_map([], |r| {
            Ok(RosterRow {
                version: r.get(0)?,
                roster: r.get(1)?,
                signatures: r.get(2)?,
            })
        })?
        .collect()
}

/// The log's entry of each version, first to last.
pub(crate) fn roster_entries(c: &Connection) -> rusqlite::Result<Vec<u64>> {
    c.prepare("SELECT log_index FROM policy_roster ORDER BY version")?
        .query_map([], |r| Ok(super::count(r.get(0)?)))?
        .collect()
}

pub(crate) fn put_roster(c: &Connection, row: &RosterRow, log_index: u64) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO policy_roster VALUES (?1, ?2, ?3, ?4)",
        params![
            row.version,
            row.roster,
            row.signatures,
            super::int(log_index)
        ],
    )
    .map(drop)
}
