//! Rows of requests, their spans, their log entries. State changes are compare-and-set: a request
//! that is not in the expected state is not touched.

use loggia_model::{At, Body, CameraId, Hour, PersonId, Purpose, RequestId, SpanId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{at, body_of, body_word, count, digest, int, person, person_maybe, purpose_of};
use crate::Error;
use crate::decide::State;

/// A request as kept.
#[derive(Debug, Clone)]
pub(crate) struct RequestRow {
    pub(crate) id: RequestId,
    pub(crate) json: String,
    pub(crate) case_id: u64,
    pub(crate) necessity: String,
    pub(crate) signature: Option<String>,
    pub(crate) requester: PersonId,
    pub(crate) body: Body,
    pub(crate) purpose: Purpose,
    pub(crate) state: State,
    pub(crate) filed_at: At,
    pub(crate) deadline: At,
    pub(crate) span_salt: [u8; 32],
    pub(crate) place_salt: [u8; 32],
    pub(crate) decided_by: Option<PersonId>,
    pub(crate) decided_body: Option<Body>,
    pub(crate) decision_index: Option<u64>,
    pub(crate) police_custodian: Option<PersonId>,
    pub(crate) oversight_custodian: Option<PersonId>,
    pub(crate) opening_index: Option<u64>,
    pub(crate) open_until: Option<At>,
}

/// A span of a request, as the index knew it when the request was filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpanRow {
    pub(crate) camera: CameraId,
    pub(crate) span: SpanId,
    pub(crate) begin: At,
    pub(crate) end: At,
    pub(crate) hour: Hour,
}

struct Words {
    body: String,
    purpose: String,
    state: String,
    decided_body: Option<String>,
}

fn raw(r: &Row<'_>) -> rusqlite::Result<(RequestRow, Words)> {
    let row = RequestRow {
        id: digest(r, "id")?,
        json: r.get("json")?,
        case_id: count(r.get("case_id")?),
        necessity: r.get("necessity")?,
        signature: r.get("signature")?,
        requester: person(r, "requester")?,
        body: Body::City,
        purpose: Purpose::Investigation,
        state: State::Expired,
        filed_at: at(r, "filed_at")?,
        deadline: at(r, "deadline")?,
        span_salt: r.get("span_salt")?,
        place_salt: r.get("place_salt")?,
        decided_by: person_maybe(r, "decided_by")?,
        decided_body: None,
        decision_index: r.get::<_, Option<i64>>("decision_index")?.map(count),
        police_custodian: person_maybe(r, "police_custodian")?,
        oversight_custodian: person_maybe(r, "oversight_custodian")?,
        opening_index: r.get::<_, Option<i64>>("opening_index")?.map(count),
        open_until: r.get::<_, Option<i64>>("open_until")?.map(At),
    };
    let words = Words {
        body: r.get("body")?,
        purpose: r.get("purpose")?,
        state: r.get("state")?,
        decided_body: r.get("decided_body")?,
    };
    Ok((row, words))
}

fn whole((row, w): (RequestRow, Words)) -> Result<RequestRow, Error> {
    let bad = || Error::Damaged(format!("request state `{}`", w.state));
    Ok(RequestRow {
        body: body_of(&w.body)?,
        purpose: purpose_of(&w.purpose)?,
        state: State::of(&w.state).ok_or_else(bad)?,
        decided_body: w.decided_body.as_deref().map(body_of).transpose()?,
        ..row
    })
}

pub(crate) fn put_request(
    c: &Connection,
    row: &RequestRow,
    spans: &[SpanRow],
) -> Result<(), Error> {
    c.execute(
        "INSERT INTO policy_request (id, json, case_id, necessity, requester, body, purpose, state,
           filed_at, deadline, span_salt, place_salt, signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            row.id.0,
            row.json,
            int(row.case_id),
            row.necessity,
            row.requester.0,
            body_word(row.body),
            super::purpose_word(row.purpose),
            row.state.word(),
            row.filed_at.0,
            row.deadline.0,
            row.span_salt,
            row.place_salt,
            row.signature
        ],
    )?;
    let mut put = c.prepare("INSERT INTO policy_request_span VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for s in spans {
        put.execute(params![
            row.id.0,
            s.camera.0,
            int(s.span.0),
            s.begin.0,
            s.end.0,
            s.hour.0
        ])?;
    }
    Ok(())
}

pub(crate) fn request(c: &Connection, id: RequestId) -> Result<Option<RequestRow>, Error> {
    c.query_row("SELECT * FROM policy_request WHERE id = ?1", [id.0], raw)
        .optional()?
        .map(whole)
        .transpose()
}

/// Before the rest those that have not ended, so that nobody hides one behind many that have.
const RUNNING_FIRST: &str = "ORDER BY
    state IN ('filing', 'asked', 'approved', 'released', 'open', 'exported') DESC, filed_at DESC";

/// Running requests, then the newest ended ones, at most `limit`.
pub(crate) fn requests(c: &Connection, limit: u32) -> Result<Vec<RequestRow>, Error> {
    let sql = format!("SELECT * FROM policy_request {RUNNING_FIRST} LIMIT ?1");
    c.prepare(&sql)?
        .query_map([limit], raw)?
        .map(|r| whole(r?))
        .collect()
}

/// Requests filed before this one under the same case number by the same body, newest first.
pub(crate) fn before(
    c: &Connection,
    row: &RequestRow,
    number: &str,
    limit: u32,
) -> Result<Vec<RequestRow>, Error> {
    c.prepare(
        "SELECT r.* FROM policy_request r JOIN policy_case k ON k.id = r.case_id
         WHERE k.number = ?1 AND k.body = ?2 AND r.filed_at <= ?3 AND r.id != ?4
           AND r.state != 'filing' ORDER BY r.filed_at DESC LIMIT ?5",
    )?
    .query_map(
        params![number, body_word(row.body), row.filed_at.0, row.id.0, limit],
        raw,
    )?
    .map(|r| whole(r?))
    .collect()
}

/// The same of one requester.
pub(crate) fn requests_by(
    c: &Connection,
    requester: &PersonId,
    limit: u32,
) -> Result<Vec<RequestRow>, Error> {
    let sql = format!("SELECT * FROM policy_request WHERE requester = ?1 {RUNNING_FIRST} LIMIT ?2");
    c.prepare(&sql)?
        .query_map(params![requester.0, limit], raw)?
        .map(|r| whole(r?))
        .collect()
}

/// Requests that have not ended.
pub(crate) fn running(c: &Connection) -> Result<Vec<RequestRow>, Error> {
    c.prepare(
        "SELECT * FROM policy_request
         WHERE state IN ('filing', 'asked', 'approved', 'released', 'open', 'exported')
         ORDER BY filed_at",
    )?
    .query_map([], raw)?
    .map(|r| whole(r?))
    .collect()
}

/// How many requests of a person still wait for a decision or release.
pub(crate) fn waiting_of(c: &Connection, requester: &PersonId) -> Result<u64, Error> {
    let n = c.query_row(
        "SELECT count(*) FROM policy_request
         WHERE requester = ?1 AND state IN ('filing', 'asked', 'approved', 'released')",
        [&requester.0],
        |r| r.get(0),
    )?;
    Ok(count(n))
}

/// When a person filed the `n`th request back from the newest, if that was after `since`; `n` ≥ 1.
pub(crate) fn nth_filed_since(
    c: &Connection,
    requester: &PersonId,
    since: At,
    n: u64,
) -> rusqlite::Result<Option<At>> {
    c.query_row(
        "SELECT filed_at FROM policy_request WHERE requester = ?1 AND filed_at > ?2
         ORDER BY filed_at DESC LIMIT 1 OFFSET ?3",
        params![requester.0, since.0, int(n.saturating_sub(1))],
        |r| at(r, "filed_at"),
    )
    .optional()
}

/// From one state to another; an error if the request is elsewhere.
pub(crate) fn step(c: &Connection, id: RequestId, from: State, to: State) -> Result<(), Error> {
    let n = c.execute(
        "UPDATE policy_request SET state = ?3 WHERE id = ?1 AND state = ?2",
        params![id.0, from.word(), to.word()],
    )?;
    moved(n)
}

fn moved(n: usize) -> Result<(), Error> {
    if n == 1 {
        return Ok(());
    }
    Err(Error::Conflict(
        "the request has moved on meanwhile; look at it again".into(),
    ))
}

/// Notes the second person's word and takes the step.
pub(crate) fn decided(
    c: &Connection,
    id: RequestId,
    to: State,
    by: (&PersonId, Body),
    at: At,
    log_index: u64,
    live_until: Option<At>,
) -> Result<(), Error> {
    let n = c.execute(
        "UPDATE policy_request SET state = ?2, decided_by = ?3, decided_body = ?4, decided_at = ?5,
           decision_index = ?6, open_until = ?7 WHERE id = ?1 AND state = 'asked'",
        params![
            id.0,
            to.word(),
            by.0.0,
            body_word(by.1),
            at.0,
            int(log_index),
            live_until.map(|t| t.0)
        ],
    )?;
    moved(n)
}

/// Notes who released for a group.
pub(crate) fn custodian(
    c: &Connection,
    id: RequestId,
    body: Body,
    by: &PersonId,
) -> Result<(), Error> {
    let sql = match body {
        Body::Police => "UPDATE policy_request SET police_custodian = ?2 WHERE id = ?1",
        _ => "UPDATE policy_request SET oversight_custodian = ?2 WHERE id = ?1",
    };
    moved(c.execute(sql, params![id.0, by.0])?)
}

/// Notes the logged opening and its end.
pub(crate) fn opened(
    c: &Connection,
    id: RequestId,
    log_index: u64,
    until: At,
) -> Result<(), Error> {
    let n = c.execute(
        "UPDATE policy_request SET state = 'open', opening_index = ?2, open_until = ?3
         WHERE id = ?1 AND state IN ('approved', 'released')",
        params![id.0, int(log_index), until.0],
    )?;
    moved(n)
}

pub(crate) fn spans(c: &Connection, id: RequestId) -> Result<Vec<SpanRow>, Error> {
    let rows = c
        .prepare(
            "SELECT camera, span, begin_at, end_at, hour FROM policy_request_span
             WHERE request = ?1 ORDER BY camera, span",
        )?
        .query_map([id.0], span_row)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// From the first to the last instant of a request's spans; none where it has no spans.
pub(crate) fn extent(c: &Connection, id: RequestId) -> rusqlite::Result<Option<(At, At)>> {
    c.query_row(
        "SELECT min(begin_at), max(end_at) FROM policy_request_span WHERE request = ?1",
        [id.0],
        |r| {
            let (begin, end): (Option<i64>, Option<i64>) = (r.get(0)?, r.get(1)?);
            Ok(begin.zip(end).map(|(b, e)| (At(b), At(e))))
        },
    )
}

fn span_row(r: &Row<'_>) -> rusqlite::Result<SpanRow> {
    Ok(SpanRow {
        camera: super::camera(r, "camera")?,
        span: super::span(r, "span")?,
        begin: at(r, "begin_at")?,
        end: at(r, "end_at")?,
        hour: Hour(r.get("hour")?),
    })
}

/// Spans of a camera that running requests name, with the requests' states.
pub(crate) fn claimed(
    c: &Connection,
    camera: CameraId,
    from: At,
    to: At,
) -> Result<Vec<(SpanId, State)>, Error> {
    let rows: Vec<(i64, String)> = c
        .prepare(
            "SELECT s.span, r.state FROM policy_request_span s JOIN policy_request r
               ON r.id = s.request
             WHERE s.camera = ?1 AND s.begin_at < ?3 AND s.end_at > ?2
               AND r.state IN ('filing', 'asked', 'approved', 'released', 'open', 'exported')",
        )?
        .query_map(params![camera.0, from.0, to.0], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let bad = |s: &str| Error::Damaged(format!("request state `{s}`"));
    rows.into_iter()
        .map(|(n, s)| Ok((SpanId(count(n)), State::of(&s).ok_or_else(|| bad(&s))?)))
        .collect()
}

pub(crate) fn put_log(
    c: &Connection,
    id: RequestId,
    index: u64,
    kind: &str,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT OR IGNORE INTO policy_request_log VALUES (?1, ?2, ?3)",
        params![id.0, int(index), kind],
    )
    .map(drop)
}

pub(crate) fn log_of(c: &Connection, id: RequestId) -> Result<Vec<(u64, String)>, Error> {
    let rows = c
        .prepare("SELECT log_index, kind FROM policy_request_log WHERE request = ?1 ORDER BY 1")?
        .query_map([id.0], |r| Ok((count(r.get(0)?), r.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// Takes back a request whose spans could not be frozen: nothing was logged yet.
pub(crate) fn drop_request(c: &Connection, id: RequestId) -> rusqlite::Result<()> {
    c.execute("DELETE FROM policy_request_span WHERE request = ?1", [id.0])?;
    c.execute(
        "DELETE FROM policy_request WHERE id = ?1 AND state = 'filing'",
        [id.0],
    )
    .map(drop)
}
