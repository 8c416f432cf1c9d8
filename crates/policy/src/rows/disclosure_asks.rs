//! Rows of what was asked about a request's date and records, and of what became of it. Never holds
//! a signature: those are statements.

use loggia_model::{At, Digest, PersonId, RequestId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{at, count, digest, int, person, person_maybe};
use crate::Error;
use crate::disclosure::{AskState, AskWhat};

/// Something that was asked about it.
#[derive(Debug, Clone)]
pub(crate) struct AskRow {
    pub(crate) id: Digest,
    pub(crate) request: RequestId,
    pub(crate) what: AskWhat,
    pub(crate) json: String,
    pub(crate) salt: [u8; 32],
    pub(crate) asked_by: PersonId,
    pub(crate) asked_at: At,
    pub(crate) state: AskState,
    pub(crate) agreed_by: Option<PersonId>,
    pub(crate) log_index: Option<u64>,
}

fn raw_ask(r: &Row<'_>) -> rusqlite::Result<(AskRow, String, String)> {
    let row = AskRow {
        id: digest(r, "id")?,
        request: digest(r, "request")?,
        what: AskWhat::Extend,
        json: r.get("json")?,
        salt: r.get("salt")?,
        asked_by: person(r, "asked_by")?,
        asked_at: at(r, "asked_at")?,
        state: AskState::Asked,
        agreed_by: person_maybe(r, "agreed_by")?,
        log_index: r.get::<_, Option<i64>>("log_index")?.map(count),
    };
    Ok((row, r.get("what")?, r.get("state")?))
}

fn whole_ask((row, what, state): (AskRow, String, String)) -> Result<AskRow, Error> {
    let bad = || Error::Damaged(format!("disclosure ask `{what}`, `{state}`"));
    Ok(AskRow {
        what: AskWhat::of(&what).ok_or_else(bad)?,
        state: AskState::of(&state).ok_or_else(bad)?,
        ..row
    })
}

pub(crate) fn put_ask(c: &Connection, row: &AskRow) -> Result<(), Error> {
    let n = c.execute(
        "INSERT OR IGNORE INTO policy_disclosure_ask
           (id, request, what, json, salt, asked_by, asked_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            row.id.0,
            row.request.0,
            row.what.word(),
            row.json,
            row.salt,
            row.asked_by.0,
            row.asked_at.0,
            row.state.word()
        ],
    )?;
    if n == 1 {
        Ok(())
    } else {
        Err(Error::Conflict("this was asked before".into()))
    }
}

pub(crate) fn ask(c: &Connection, id: Digest) -> Result<Option<AskRow>, Error> {
    let sql = "SELECT * FROM policy_disclosure_ask WHERE id = ?1";
    c.query_row(sql, [id.0], raw_ask)
        .optional()?
        .map(whole_ask)
        .transpose()
}

/// Asks about one request, oldest first.
pub(crate) fn asks_of(c: &Connection, request: RequestId) -> Result<Vec<AskRow>, Error> {
    c.prepare("SELECT * FROM policy_disclosure_ask WHERE request = ?1 ORDER BY asked_at")?
        .query_map([request.0], raw_ask)?
        .map(|r| whole_ask(r?))
        .collect()
}

/// Asks, those that wait first, then the newest.
pub(crate) fn asks(c: &Connection, limit: u32) -> Result<Vec<AskRow>, Error> {
    c.prepare(
        "SELECT * FROM policy_disclosure_ask
         ORDER BY state IN ('asked', 'agreed') DESC, asked_at DESC LIMIT ?1",
    )?
    .query_map([limit], raw_ask)?
    .map(|r| whole_ask(r?))
    .collect()
}

/// Asks that were agreed to and have not taken effect.
pub(crate) fn agreed(c: &Connection) -> Result<Vec<AskRow>, Error> {
    c.prepare("SELECT * FROM policy_disclosure_ask WHERE state = 'agreed' ORDER BY agreed_at")?
        .query_map([], raw_ask)?
        .map(|r| whole_ask(r?))
        .collect()
}

pub(crate) fn waiting_of(c: &Connection, by: &PersonId) -> rusqlite::Result<u64> {
    c.query_row(
        "SELECT count(*) FROM policy_disclosure_ask WHERE asked_by = ?1 AND state = 'asked'",
        [&by.0],
        |r| r.get(0).map(count),
    )
}

pub(crate) fn set_agreed(
    c: &Connection,
    id: Digest,
    by: &PersonId,
    now: At,
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_disclosure_ask SET state = 'agreed', agreed_by = ?2, agreed_at = ?3
         WHERE id = ?1 AND state = 'asked'",
        params![id.0, by.0, now.0],
    )
    .map(drop)
}

pub(crate) fn set_ask(
    c: &Connection,
    id: Digest,
    to: AskState,
    log_index: Option<u64>,
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_disclosure_ask SET state = ?2, log_index = ?3 WHERE id = ?1",
        params![id.0, to.word(), log_index.map(int)],
    )
    .map(drop)
}
