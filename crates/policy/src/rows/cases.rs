//! Rows of cases. The case number stays here; the log has its salted commitment.

use loggia_model::{At, Body, Digest, PersonId, Purpose};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{at, body_of, body_word, count, digest, int, person, purpose_of, purpose_word};
use crate::Error;
use crate::unexplained::OpenCase;

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
    pub(crate) closed_at: Option<At>,
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
        closed_at: r.get::<_, Option<i64>>("closed_at")?.map(At),
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

/// How many cases a person opened after `since`.
pub(crate) fn opened_since(c: &Connection, by: &PersonId, since: At) -> rusqlite::Result<u64> {
    c.query_row(
        "SELECT count(*) FROM policy_case WHERE opened_by = ?1 AND opened_at > ?2",
        params![by.0, since.0],
        |r| r.get(0).map(count),
    )
}

/// Adds a case and gives its number in the table.
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

/// Cases of a body, those that are open first, then the newest; at most `limit`.
pub(crate) fn cases_of(c: &Connection, body: Body, limit: u32) -> Result<Vec<CaseRow>, Error> {
    c.prepare(
        "SELECT * FROM policy_case WHERE body = ?1
         ORDER BY closed_at IS NOT NULL, id DESC LIMIT ?2",
    )?
    .query_map(params![body_word(body), limit], raw)?
    .map(|r| whole(r?))
    .collect()
}

/// States of a request that has not come to its end.
const RUNNING: &str = "'filing', 'asked', 'approved', 'released', 'open', 'exported'";

/// Whether a request of the case has not come to its end.
pub(crate) fn runs(c: &Connection, id: u64) -> rusqlite::Result<bool> {
    c.query_row(
        &format!(
            "SELECT EXISTS (SELECT 1 FROM policy_request
             WHERE case_id = ?1 AND state IN ({RUNNING}))"
        ),
        [int(id)],
        |r| r.get(0),
    )
}

/// Whether a resident asked for it and waits for the answer.
pub(crate) fn waited_for(c: &Connection, id: u64) -> rusqlite::Result<bool> {
    c.query_row(
        "SELECT EXISTS (SELECT 1 FROM policy_resident_ask
         WHERE case_id = ?1 AND frozen AND answered_at IS NULL)",
        [int(id)],
        |r| r.get(0),
    )
}

/// Ends a case.
pub(crate) fn close(c: &Connection, id: u64, by: &PersonId, now: At) -> rusqlite::Result<usize> {
    c.execute(
        "UPDATE policy_case SET closed_at = ?2, closed_by = ?3 WHERE id = ?1",
        params![int(id), now.0, by.0],
    )
}

/// Cases that nobody closed with at least one opening, newest opening first.
pub(crate) fn open_with_opening(c: &Connection, limit: u32) -> Result<Vec<OpenCase>, Error> {
    let sql = format!(
        "SELECT c.*, count(r.opening_index) AS openings, max(r.opening_index) AS last_opening,
           max(r.state IN ({RUNNING})) AS running
         FROM policy_case c JOIN policy_request r ON r.case_id = c.id
         WHERE c.closed_at IS NULL
         GROUP BY c.id HAVING openings > 0 ORDER BY last_opening DESC LIMIT ?1"
    );
    c.prepare(&sql)?
        .query_map([limit], |r| {
            let (openings, last, running) = (
                r.get("openings")?,
                r.get("last_opening")?,
                r.get("running")?,
            );
            Ok((raw(r)?, count(openings), count(last), running))
        })?
        .map(|r| {
            let (case, openings, last_opening, running) = r?;
            let case = whole(case)?;
            Ok(OpenCase {
                id: case.id,
                number: case.number,
                purpose: case.purpose,
                body: case.body,
                opened_by: case.opened_by,
                opened_at: case.opened_at,
                openings,
                last_opening,
                running,
            })
        })
        .collect()
}
