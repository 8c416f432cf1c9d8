//! Rows of cases. The case number stays here; the log has its salted commitment.

use loggia_model::{At, Body, Digest, PersonId, Purpose};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{at, body_of, body_word, count, digest, int, person, purpose_of, purpose_word};
use crate::Error;

/// A case as kept.
#[derive(Debug, Clone)]
pub(crate) struct CaseRow {
    pub(crate) id: u64,
    pub(crate) number: String,
    pub(crate) purpose: Purpose,
    pub(crate) salt: [u8; 32],
    pub(crate) commitment: Digest,
    pub(crate) opened_by: PersonId,
    pub(crate) body: Body,
    pub(crate) opened_at: At,
    pub(crate) log_index: u64,
}

fn raw(r: &Row<'_>) -> rusqlite::Result<(CaseRow, String, String)> {
    let row = CaseRow {
        id: count(r.get("id")?),
        number: r.get("number")?,
        purpose: Purpose::Investigation,
        salt: r.get("salt")?,
        commitment: digest(r, "commitment")?,
        opened_by: person(r, "opened_by")?,
        body: Body::City,
        opened_at: at(r, "opened_at")?,
        log_index: count(r.get("log_index")?),
    };
    Ok((row, r.get("purpose")?, r.get("body")?))
}

fn whole((row, purpose, body): (CaseRow, String, String)) -> Result<CaseRow, Error> {
    Ok(CaseRow {
        purpose: purpose_of(&purpose)?,
        body: body_of(&body)?,
        ..row
    })
}

/// Adds a case and gives its number in the table.
/// How many cases a person opened after `since`.
pub(crate) fn opened_since(c: &Connection, by: &PersonId, since: At) -> rusqlite::Result<u64> {
    c.query_row(
        "SELECT count(*) FROM policy_case WHERE opened_by = ?1 AND opened_at > ?2",
        params![by.0, since.0],
        |r| r.get(0).map(count),
    )
}

pub(crate) fn put_case(c: &Connection, row: &CaseRow) -> rusqlite::Result<u64> {
    c.execute(
        "INSERT INTO policy_case
           (number, purpose, salt, commitment, opened_by, body, opened_at, log_index)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            row.number,
            purpose_word(row.purpose),
            row.salt,
            row.commitment.0,
            row.opened_by.0,
            body_word(row.body),
            row.opened_at.0,
            int(row.log_index)
        ],
    )?;
    Ok(count(c.last_insert_rowid()))
}

pub(crate) fn case(c: &Connection, id: u64) -> Result<Option<CaseRow>, Error> {
    c.query_row("SELECT * FROM policy_case WHERE id = ?1", [int(id)], raw)
        .optional()?
        .map(whole)
        .transpose()
}

/// Newest cases of a body, at most `limit`.
pub(crate) fn cases_of(c: &Connection, body: Body, limit: u32) -> Result<Vec<CaseRow>, Error> {
    c.prepare("SELECT * FROM policy_case WHERE body = ?1 ORDER BY id DESC LIMIT ?2")?
        .query_map(params![body_word(body), limit], raw)?
        .map(|r| whole(r?))
        .collect()
}
