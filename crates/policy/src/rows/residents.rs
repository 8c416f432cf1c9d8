//! Rows of residents' asks and complaints. What they wrote is ciphertext here; of a reference there
//! is only its hash.

use loggia_model::{At, Body, CameraId, Digest, PersonId, RequestId, SpanId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::spans::{self, SpanRow};
use super::{at, body_of, body_word, count, digest, int, person_maybe};
use crate::Error;
use crate::decide::State;

/// An ask as kept.
#[derive(Debug, Clone)]
pub(crate) struct AskRow {
    pub(crate) id: u64,
    pub(crate) reference: Digest,
    pub(crate) number: String,
    pub(crate) commitment: Digest,
    pub(crate) salt: [u8; 32],
    pub(crate) body: Body,
    pub(crate) sealed: Vec<u8>,
    pub(crate) from: At,
    pub(crate) to: At,
    pub(crate) asked_at: At,
    pub(crate) answer_by: At,
    pub(crate) frozen_until: At,
    pub(crate) frozen: bool,
    pub(crate) answered_at: Option<At>,
    pub(crate) answered_by: Option<PersonId>,
    pub(crate) answer: Option<Vec<u8>>,
    pub(crate) case: Option<u64>,
    pub(crate) freeze_index: Option<u64>,
    pub(crate) ended_index: Option<u64>,
}

/// A complaint as kept.
#[derive(Debug, Clone)]
pub(crate) struct ComplaintRow {
    pub(crate) id: u64,
    pub(crate) number: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) camera: Option<CameraId>,
    pub(crate) at: At,
    pub(crate) answered_at: Option<At>,
    pub(crate) answered_by: Option<PersonId>,
    pub(crate) answer: Option<Vec<u8>>,
}

/// What counts against the limits. What was answered leaves its day: a flood is answered away.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Load {
    pub(crate) waiting: u64,
    pub(crate) today: u64,
    pub(crate) frozen_bytes: u64,
    pub(crate) bytes_today: u64,
}

fn raw(r: &Row<'_>) -> rusqlite::Result<(AskRow, String)> {
    let row = AskRow {
        id: count(r.get("id")?),
        reference: digest(r, "reference")?,
        number: r.get("number")?,
        commitment: digest(r, "commitment")?,
        salt: r.get("salt")?,
        body: Body::City,
        sealed: r.get("sealed")?,
        from: at(r, "from_at")?,
        to: at(r, "to_at")?,
        asked_at: at(r, "asked_at")?,
        answer_by: at(r, "answer_by")?,
        frozen_until: at(r, "frozen_until")?,
        frozen: r.get("frozen")?,
        answered_at: r.get::<_, Option<i64>>("answered_at")?.map(At),
        answered_by: person_maybe(r, "answered_by")?,
        answer: r.get("answer")?,
        case: r.get::<_, Option<i64>>("case_id")?.map(count),
        freeze_index: r.get::<_, Option<i64>>("freeze_index")?.map(count),
        ended_index: r.get::<_, Option<i64>>("ended_index")?.map(count),
    };
    Ok((row, r.get("body")?))
}

fn whole((row, body): (AskRow, String)) -> Result<AskRow, Error> {
    Ok(AskRow {
        body: body_of(&body)?,
        ..row
    })
}

/// Keeps an ask with the spans that it freezes; gives its number in the table.
pub(crate) fn put_ask(c: &Connection, row: &AskRow, kept: &[SpanRow]) -> Result<u64, Error> {
    c.execute(
        "INSERT INTO policy_resident_ask
           (reference, number, commitment, salt, body, sealed, from_at, to_at, asked_at, answer_by,
            frozen_until, frozen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1)",
        params![
            row.reference.0,
            row.number,
            row.commitment.0,
            row.salt,
            body_word(row.body),
            row.sealed,
            row.from.0,
            row.to.0,
            row.asked_at.0,
            row.answer_by.0,
            row.frozen_until.0
        ],
    )?;
    let id = count(c.last_insert_rowid());
    let insert =
        "INSERT INTO policy_resident_span (ask, camera, span, hour, begin_at, end_at, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    spans::put(c, insert, int(id), kept)?;
    Ok(id)
}

/// What waits, and what of it came after `since`. A span that several asks name is one.
pub(crate) fn load(c: &Connection, since: At) -> rusqlite::Result<Load> {
    let sum = |of: &str| {
        format!(
            "(SELECT coalesce(sum(bytes), 0) FROM
               (SELECT s.bytes FROM policy_resident_span s
                JOIN policy_resident_ask a ON a.id = s.ask
                WHERE a.frozen GROUP BY s.camera, s.span {of}))"
        )
    };
    let kept = sum("");
    let today = sum("HAVING min(a.asked_at) > ?1 AND max(a.answered_at IS NULL)");
    let sql = format!(
        "SELECT count(*), count(*) FILTER (WHERE asked_at > ?1), {kept}, {today}
         FROM policy_resident_ask WHERE frozen AND answered_at IS NULL"
    );
    c.query_row(&sql, [since.0], |r| {
        Ok(Load {
            waiting: count(r.get(0)?),
            today: count(r.get(1)?),
            frozen_bytes: count(r.get(2)?),
            bytes_today: count(r.get(3)?),
        })
    })
}

pub(crate) fn ask(c: &Connection, id: u64) -> Result<Option<AskRow>, Error> {
    c.query_row(
        "SELECT * FROM policy_resident_ask WHERE id = ?1",
        [int(id)],
        raw,
    )
    .optional()?
    .map(whole)
    .transpose()
}

pub(crate) fn ask_by(c: &Connection, reference: Digest) -> Result<Option<AskRow>, Error> {
    let sql = "SELECT * FROM policy_resident_ask WHERE reference = ?1";
    c.query_row(sql, [reference.0], raw)
        .optional()?
        .map(whole)
        .transpose()
}

/// Asks, those that wait first, then the newest; at most `limit`.
pub(crate) fn asks(c: &Connection, limit: u32) -> Result<Vec<AskRow>, Error> {
    c.prepare(
        "SELECT * FROM policy_resident_ask
         ORDER BY answered_at IS NOT NULL, answer_by * iif(answered_at IS NULL, 1, -1) LIMIT ?1",
    )?
    .query_map([limit], raw)?
    .map(|r| whole(r?))
    .collect()
}

/// Asks whose freeze stands.
pub(crate) fn frozen(c: &Connection) -> Result<Vec<AskRow>, Error> {
    c.prepare("SELECT * FROM policy_resident_ask WHERE frozen ORDER BY id")?
        .query_map([], raw)?
        .map(|r| whole(r?))
        .collect()
}

/// Asks of which the log has not been told everything, oldest first, at most `limit`.
pub(crate) fn untold(c: &Connection, limit: u32) -> rusqlite::Result<Vec<u64>> {
    c.prepare(
        "SELECT id FROM policy_resident_ask WHERE case_id IS NULL OR freeze_index IS NULL
           OR (NOT frozen AND ended_index IS NULL) ORDER BY id LIMIT ?1",
    )?
    .query_map([limit], |r| r.get(0).map(count))?
    .collect()
}

pub(crate) fn kept(c: &Connection, id: u64) -> rusqlite::Result<Vec<SpanRow>> {
    c.prepare("SELECT * FROM policy_resident_span WHERE ask = ?1 ORDER BY camera, span")?
        .query_map([int(id)], spans::read)?
        .collect()
}

/// Spans of one camera that overlap `[from, to)` and are frozen for a resident.
pub(crate) fn kept_of(
    c: &Connection,
    camera: CameraId,
    from: At,
    to: At,
) -> rusqlite::Result<Vec<SpanId>> {
    let select =
        "SELECT s.span FROM policy_resident_span s JOIN policy_resident_ask a ON a.id = s.ask
         WHERE s.camera = ?1 AND s.begin_at < ?3 AND s.end_at > ?2 AND a.frozen";
    spans::overlapping(c, select, camera, from, to)
}

/// The freeze ends by then; it never grows.
pub(crate) fn set_frozen_until(c: &Connection, id: u64, until: At) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_resident_ask SET frozen_until = min(frozen_until, ?2) WHERE id = ?1",
        params![int(id), until.0],
    )
    .map(drop)
}

/// The freeze is over.
pub(crate) fn set_thawed(c: &Connection, id: u64, at: At) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_resident_ask SET frozen = 0, ended_at = ?2 WHERE id = ?1 AND frozen",
        params![int(id), at.0],
    )
    .map(drop)
}

/// What can be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of {
    Ask,
    Complaint,
}

/// Answered, by whom and in which (sealed) words; false when it was before.
pub(crate) fn set_answered(
    c: &Connection,
    of: Of,
    id: u64,
    by: &PersonId,
    at: At,
    answer: &[u8],
) -> rusqlite::Result<bool> {
    let table = match of {
        Of::Ask => "policy_resident_ask",
        Of::Complaint => "policy_complaint",
    };
    let sql = format!(
        "UPDATE {table} SET answered_at = ?2, answered_by = ?3, answer = ?4
         WHERE id = ?1 AND answered_at IS NULL"
    );
    c.execute(&sql, params![int(id), at.0, by.0, answer])
        .map(|n| n == 1)
}

pub(crate) fn set_case(c: &Connection, id: u64, case: u64) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_resident_ask SET case_id = ?2 WHERE id = ?1",
        params![int(id), int(case)],
    )
    .map(drop)
}

/// The entry of the freeze, or of its end, stands in the log.
pub(crate) fn set_told(c: &Connection, id: u64, end: End, index: u64) -> rusqlite::Result<()> {
    let column = match end {
        End::Begun => "freeze_index",
        End::Over => "ended_index",
    };
    let sql = format!("UPDATE policy_resident_ask SET {column} = ?2 WHERE id = ?1");
    c.execute(&sql, params![int(id), int(index)]).map(drop)
}

/// Which end of a freeze.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Begun,
    Over,
}

/// Takes back an ask whose spans were gone.
pub(crate) fn drop_ask(c: &Connection, id: u64) -> rusqlite::Result<()> {
    c.execute("DELETE FROM policy_resident_span WHERE ask = ?1", [int(id)])?;
    c.execute("DELETE FROM policy_resident_ask WHERE id = ?1", [int(id)])
        .map(drop)
}

/// Forgets what was answered, or ran out, before `then`, once the log knows of its end.
pub(crate) fn forget(c: &Connection, then: At) -> rusqlite::Result<()> {
    let old = "SELECT id FROM policy_resident_ask
         WHERE NOT frozen AND ended_index IS NOT NULL AND coalesce(answered_at, ended_at) < ?1";
    let spans = format!("DELETE FROM policy_resident_span WHERE ask IN ({old})");
    let asks = format!("DELETE FROM policy_resident_ask WHERE id IN ({old})");
    c.execute(&spans, [then.0])?;
    c.execute(&asks, [then.0])?;
    c.execute(
        "DELETE FROM policy_complaint WHERE answered_at < ?1",
        [then.0],
    )
    .map(drop)
}

/// Requests filed in a case, newest first.
pub(crate) fn filed_in(c: &Connection, case: u64) -> Result<Vec<(RequestId, State)>, Error> {
    c.prepare(
        "SELECT id, state FROM policy_request WHERE case_id = ?1 AND state != 'filing'
         ORDER BY filed_at DESC LIMIT 20",
    )?
    .query_map([int(case)], |r| {
        Ok((digest(r, "id")?, r.get::<_, String>("state")?))
    })?
    .map(|r| {
        let (id, state) = r?;
        let bad = || Error::Damaged(format!("request state `{state}`"));
        Ok((id, State::of(&state).ok_or_else(bad)?))
    })
    .collect()
}

fn complaint_of(r: &Row<'_>) -> rusqlite::Result<ComplaintRow> {
    Ok(ComplaintRow {
        id: count(r.get("id")?),
        number: r.get("number")?,
        sealed: r.get("sealed")?,
        camera: r.get::<_, Option<u32>>("camera")?.map(CameraId),
        at: at(r, "at")?,
        answered_at: r.get::<_, Option<i64>>("answered_at")?.map(At),
        answered_by: person_maybe(r, "answered_by")?,
        answer: r.get("answer")?,
    })
}

pub(crate) fn put_complaint(c: &Connection, row: &ComplaintRow) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO policy_complaint (number, sealed, camera, at) VALUES (?1, ?2, ?3, ?4)",
        params![row.number, row.sealed, row.camera.map(|n| n.0), row.at.0],
    )
    .map(drop)
}

pub(crate) fn has_complaint(c: &Connection, number: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM policy_complaint WHERE number = ?1)";
    c.query_row(sql, [number], |r| r.get(0))
}

/// Complaints that wait for an answer, and those that came after `since`.
pub(crate) fn complaint_load(c: &Connection, since: At) -> rusqlite::Result<(u64, u64)> {
    c.query_row(
        "SELECT count(*), count(*) FILTER (WHERE at > ?1)
         FROM policy_complaint WHERE answered_at IS NULL",
        [since.0],
        |r| Ok((count(r.get(0)?), count(r.get(1)?))),
    )
}

/// Complaints, those that wait first (oldest before), then the newest; at most `limit`.
pub(crate) fn complaints(c: &Connection, limit: u32) -> rusqlite::Result<Vec<ComplaintRow>> {
    c.prepare(
        "SELECT * FROM policy_complaint
         ORDER BY answered_at IS NOT NULL, at * iif(answered_at IS NULL, 1, -1) LIMIT ?1",
    )?
    .query_map([limit], complaint_of)?
    .collect()
}
