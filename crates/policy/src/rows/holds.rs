//! Rows of holds and of the share tables they keep. The tables are ciphertext under a hold key that
//! lies in the erasable key store, never here.

use std::collections::BTreeSet;

use loggia_model::{At, CameraId, Digest, PersonId, SpanId};
use loggia_store::HoldId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::spans::{self, SpanRow};
use super::{at, count, digest, int, person};
use crate::Error;
use crate::hold::HoldState;

/// A hold as kept.
#[derive(Debug, Clone)]
pub(crate) struct HoldRow {
    pub(crate) id: Digest,
    pub(crate) number: HoldId,
    pub(crate) json: String,
    pub(crate) salt: [u8; 32],
    pub(crate) reason: String,
    pub(crate) asked_by: PersonId,
    pub(crate) asked_at: At,
    pub(crate) until: At,
    pub(crate) review: At,
    pub(crate) reviewed: bool,
    pub(crate) state: HoldState,
    pub(crate) log_index: Option<u64>,
    pub(crate) ended_index: Option<u64>,
}

fn raw(r: &Row<'_>) -> rusqlite::Result<(HoldRow, String)> {
    let row = HoldRow {
        id: digest(r, "id")?,
        number: HoldId(count(r.get("number")?)),
        json: r.get("json")?,
        salt: r.get("salt")?,
        reason: r.get("reason")?,
        asked_by: person(r, "asked_by")?,
        asked_at: at(r, "asked_at")?,
        until: at(r, "until")?,
        review: at(r, "review")?,
        reviewed: r.get("reviewed")?,
        state: HoldState::Ended,
        log_index: r.get::<_, Option<i64>>("log_index")?.map(count),
        ended_index: r.get::<_, Option<i64>>("ended_index")?.map(count),
    };
    Ok((row, r.get("state")?))
}

fn whole((row, state): (HoldRow, String)) -> Result<HoldRow, Error> {
    let bad = || Error::Damaged(format!("hold state `{state}`"));
    Ok(HoldRow {
        state: HoldState::of(&state).ok_or_else(bad)?,
        ..row
    })
}

pub(crate) fn put_hold(c: &Connection, row: &HoldRow, held: &[SpanRow]) -> Result<(), Error> {
    let n = c.execute(
        "INSERT OR IGNORE INTO policy_hold
           (id, json, salt, reason, asked_by, asked_at, until, review, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            row.id.0,
            row.json,
            row.salt,
            row.reason,
            row.asked_by.0,
            row.asked_at.0,
            row.until.0,
            row.review.0,
            row.state.word()
        ],
    )?;
    if n == 0 {
        return Err(Error::Conflict("this hold was asked for before".into()));
    }
    let insert = "INSERT INTO policy_hold_span (hold, camera, span, hour, begin_at, end_at, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    spans::put(c, insert, row.id.0, held)?;
    Ok(())
}

pub(crate) fn hold(c: &Connection, id: Digest) -> Result<Option<HoldRow>, Error> {
    c.query_row("SELECT * FROM policy_hold WHERE id = ?1", [id.0], raw)
        .optional()?
        .map(whole)
        .transpose()
}

/// Holds, newest first, at most `limit`.
pub(crate) fn holds(c: &Connection, limit: u32) -> Result<Vec<HoldRow>, Error> {
    c.prepare("SELECT * FROM policy_hold ORDER BY asked_at DESC LIMIT ?1")?
        .query_map([limit], raw)?
        .map(|r| whole(r?))
        .collect()
}

/// Holds that have not ended.
pub(crate) fn standing(c: &Connection) -> Result<Vec<HoldRow>, Error> {
    c.prepare("SELECT * FROM policy_hold WHERE state IN ('asked', 'held') ORDER BY asked_at")?
        .query_map([], raw)?
        .map(|r| whole(r?))
        .collect()
}

/// How many holds of a person wait for both bodies.
pub(crate) fn waiting_of(c: &Connection, asked_by: &PersonId) -> rusqlite::Result<u64> {
    c.query_row(
        "SELECT count(*) FROM policy_hold WHERE asked_by = ?1 AND state = 'asked'",
        [&asked_by.0],
        |r| r.get(0).map(count),
    )
}

/// The next state; its entry in the log is yet to come.
pub(crate) fn set_state(c: &Connection, id: Digest, to: HoldState) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_hold SET state = ?2, log_index = NULL WHERE id = ?1",
        params![id.0, to.word()],
    )
    .map(drop)
}

pub(crate) fn set_reviewed(c: &Connection, id: Digest) -> rusqlite::Result<()> {
    c.execute("UPDATE policy_hold SET reviewed = 1 WHERE id = ?1", [id.0])
        .map(drop)
}

/// The entry of a hold's state stands in the log; one that came late changes no further state.
pub(crate) fn set_logged(
    c: &Connection,
    id: Digest,
    of: HoldState,
    index: u64,
) -> rusqlite::Result<()> {
    let column = match of {
        HoldState::Ended => "ended_index",
        HoldState::Asked | HoldState::Held => "log_index",
    };
    c.execute(
        &format!("UPDATE policy_hold SET {column} = ?3 WHERE id = ?1 AND state = ?2"),
        params![id.0, of.word(), int(index)],
    )
    .map(drop)
}

/// Holds whose end the log has not been told, oldest first, at most `limit`.
pub(crate) fn ended_untold(c: &Connection, limit: u32) -> rusqlite::Result<Vec<Digest>> {
    c.prepare(
        "SELECT id FROM policy_hold WHERE state = 'ended' AND ended_index IS NULL
         ORDER BY asked_at LIMIT ?1",
    )?
    .query_map([limit], |r| digest(r, "id"))?
    .collect()
}

/// Takes back a hold that was asked for and never stood.
pub(crate) fn drop_hold(c: &Connection, id: Digest) -> rusqlite::Result<()> {
    c.execute("DELETE FROM policy_hold_span WHERE hold = ?1", [id.0])?;
    c.execute("DELETE FROM policy_hold WHERE id = ?1", [id.0])
        .map(drop)
}

/// The hold is over; its entry in the log is yet to come.
pub(crate) fn set_ended(c: &Connection, id: Digest) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_hold SET state = 'ended', ended_index = NULL WHERE id = ?1",
        [id.0],
    )?;
    c.execute(
        "UPDATE policy_hold_span SET body = NULL WHERE hold = ?1",
        [id.0],
    )
    .map(drop)
}

pub(crate) fn held(c: &Connection, id: Digest) -> rusqlite::Result<Vec<SpanRow>> {
    c.prepare("SELECT * FROM policy_hold_span WHERE hold = ?1 ORDER BY camera, span")?
        .query_map([id.0], spans::read)?
        .collect()
}

/// Keeps the share table of a held span, under the hold key.
pub(crate) fn put_table(
    c: &Connection,
    id: Digest,
    s: &SpanRow,
    body: &[u8],
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_hold_span SET body = ?4 WHERE hold = ?1 AND camera = ?2 AND span = ?3",
        params![id.0, s.camera.0, int(s.span.0), body],
    )
    .map(drop)
}

/// The hold that keeps a span, if one does: its name and the share table.
pub(crate) fn table_of(
    c: &Connection,
    camera: CameraId,
    span: SpanId,
) -> rusqlite::Result<Option<(HoldId, Vec<u8>)>> {
    c.query_row(
        "SELECT h.number, s.body FROM policy_hold_span s JOIN policy_hold h ON h.id = s.hold
         WHERE s.camera = ?1 AND s.span = ?2 AND h.state = 'held' AND s.body IS NOT NULL
         ORDER BY h.until DESC LIMIT 1",
        params![camera.0, int(span.0)],
        |r| Ok((HoldId(count(r.get(0)?)), r.get(1)?)),
    )
    .optional()
}

/// Every span that a hold, a running request or a resident's ask needs.
pub(crate) fn needed(c: &Connection) -> rusqlite::Result<BTreeSet<(CameraId, SpanId)>> {
    c.prepare(
        "SELECT s.camera, s.span FROM policy_hold_span s
           JOIN policy_hold h ON h.id = s.hold WHERE h.state IN ('asked', 'held')
         UNION SELECT s.camera, s.span FROM policy_request_span s
           JOIN policy_request r ON r.id = s.request
         WHERE r.state IN ('filing', 'asked', 'approved', 'released', 'open', 'exported')
         UNION SELECT s.camera, s.span FROM policy_resident_span s
           JOIN policy_resident_ask a ON a.id = s.ask WHERE a.frozen",
    )?
    .query_map([], |r| {
        Ok((super::camera(r, "camera")?, super::span(r, "span")?))
    })?
    .collect()
}

/// Held spans of one camera that overlap `[from, to)`.
pub(crate) fn kept_of(
    c: &Connection,
    camera: CameraId,
    from: At,
    to: At,
) -> rusqlite::Result<Vec<SpanId>> {
    let select = "SELECT s.span FROM policy_hold_span s JOIN policy_hold h ON h.id = s.hold
         WHERE s.camera = ?1 AND s.begin_at < ?3 AND s.end_at > ?2 AND h.state = 'held'";
    spans::overlapping(c, select, camera, from, to)
}

/// Whether a request that has not ended names a span of this hold.
pub(crate) fn asked_for(c: &Connection, id: Digest) -> rusqlite::Result<bool> {
    c.query_row(
        "SELECT EXISTS (SELECT 1 FROM policy_hold_span h
           JOIN policy_request_span s ON s.camera = h.camera AND s.span = h.span
           JOIN policy_request r ON r.id = s.request
         WHERE h.hold = ?1
           AND r.state IN ('filing', 'asked', 'approved', 'released', 'open', 'exported'))",
        [id.0],
        |r| r.get(0),
    )
}
