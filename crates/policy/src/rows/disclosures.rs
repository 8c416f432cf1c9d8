//! Rows of what is published of openings, and of what is erased. Publishing is one transaction:
//! whoever is killed in it has published nothing.

use std::collections::BTreeMap;

use loggia_model::{At, Digest, RequestId};
use loggia_transparency::{DetailKind, Disclosed, OpenedDetail};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{at, count, digest};
use crate::Error;

/// The date of a request and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateRow {
    pub(crate) request: RequestId,
    pub(crate) filed_at: At,
    pub(crate) disclose_at: At,
    pub(crate) withdrawn_at: Option<At>,
    pub(crate) erased_at: Option<At>,
}

/// One of its three details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DetailRow {
    pub(crate) what: DetailKind,
    pub(crate) text: String,
    pub(crate) salt: [u8; 32],
    pub(crate) published_at: Option<At>,
}

fn date_row(r: &Row<'_>) -> rusqlite::Result<DateRow> {
    Ok(DateRow {
        request: digest(r, "request")?,
        filed_at: at(r, "filed_at")?,
        disclose_at: at(r, "disclose_at")?,
        withdrawn_at: r.get::<_, Option<i64>>("withdrawn_at")?.map(At),
        erased_at: r.get::<_, Option<i64>>("erased_at")?.map(At),
    })
}

fn kind_of(word: &str) -> Result<DetailKind, Error> {
    DetailKind::ALL
        .into_iter()
        .find(|k| k.word() == word)
        .ok_or_else(|| Error::Damaged(format!("detail `{word}`")))
}

/// Keeps a request's date, its details, and the cells that they count in.
pub(crate) fn put(
    c: &Connection,
    date: &DateRow,
    details: &[DetailRow],
    cells: &[(DetailKind, u32, u32)],
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO policy_disclosure (request, filed_at, disclose_at) VALUES (?1, ?2, ?3)",
        params![date.request.0, date.filed_at.0, date.disclose_at.0],
    )?;
    for d in details {
        c.execute(
            "INSERT INTO policy_disclosure_detail VALUES (?1, ?2, ?3, ?4, NULL)",
            params![date.request.0, d.what.word(), d.text, d.salt],
        )?;
    }
    let mut put = c.prepare("INSERT INTO policy_disclosure_cell VALUES (?1, ?2, ?3, ?4)")?;
    for (what, camera, number) in cells {
        put.execute(params![date.request.0, what.word(), camera, number])?;
    }
    Ok(())
}

/// Takes a filing back.
pub(crate) fn drop_all(c: &Connection, request: RequestId) -> rusqlite::Result<()> {
    drop_details(c, request)?;
    c.execute(
        "DELETE FROM policy_disclosure WHERE request = ?1",
        [request.0],
    )
    .map(drop)
}

fn drop_details(c: &Connection, request: RequestId) -> rusqlite::Result<()> {
    for table in ["policy_disclosure_detail", "policy_disclosure_cell"] {
        let sql = format!("DELETE FROM {table} WHERE request = ?1");
        c.execute(&sql, [request.0])?;
    }
    Ok(())
}

pub(crate) fn date(c: &Connection, request: RequestId) -> rusqlite::Result<Option<DateRow>> {
    c.query_row(
        "SELECT * FROM policy_disclosure WHERE request = ?1",
        [request.0],
        date_row,
    )
    .optional()
}

pub(crate) fn details(c: &Connection, request: RequestId) -> Result<Vec<DetailRow>, Error> {
    let rows: Vec<(String, DetailRow)> = c
        .prepare("SELECT * FROM policy_disclosure_detail WHERE request = ?1")?
        .query_map([request.0], |r| {
            let row = DetailRow {
                what: DetailKind::Place,
                text: r.get("text")?,
                salt: r.get("salt")?,
                published_at: r.get::<_, Option<i64>>("published_at")?.map(At),
            };
            Ok((r.get("what")?, row))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut out: Vec<DetailRow> = rows
        .into_iter()
        .map(|(word, row)| {
            let what = kind_of(&word)?;
            Ok(DetailRow { what, ..row })
        })
        .collect::<Result<_, Error>>()?;
    out.sort_by_key(|d| d.what);
    Ok(out)
}

/// Something of the request was opened, or seen live.
const WAS_OPENED: &str = "EXISTS (SELECT 1 FROM policy_request_log l
    WHERE l.request = d.request AND l.kind IN ('opening', 'live_view'))";

/// Requests whose date has come, that were opened and of which nothing is published; not those
/// whose extension is agreed and on its way to the log.
pub(crate) fn due(c: &Connection, now: At, limit: u32) -> rusqlite::Result<Vec<RequestId>> {
    let sql = format!(
        "SELECT d.request FROM policy_disclosure d JOIN policy_disclosure_detail p
           ON p.request = d.request AND p.what = 'place' AND p.published_at IS NULL
         WHERE d.disclose_at <= ?1 AND d.withdrawn_at IS NULL AND d.erased_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM policy_disclosure_ask a
             WHERE a.request = d.request AND a.state = 'agreed')
           AND {WAS_OPENED}
         ORDER BY d.disclose_at LIMIT ?2"
    );
    c.prepare(&sql)?
        .query_map(params![now.0, limit], |r| digest(r, "request"))?
        .collect()
}

pub(crate) fn publish(
    c: &Connection,
    request: RequestId,
    what: DetailKind,
    now: At,
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_disclosure_detail SET published_at = ?3
         WHERE request = ?1 AND what = ?2 AND published_at IS NULL",
        params![request.0, what.word(), now.0],
    )
    .map(drop)
}

/// Requests of which the place stands published, and the detail does not, that share a cell with
/// this one; itself with them.
pub(crate) fn beside(
    c: &Connection,
    request: RequestId,
    what: DetailKind,
) -> rusqlite::Result<Vec<RequestId>> {
    c.prepare(
        "SELECT DISTINCT o.request FROM policy_disclosure_cell m
           JOIN policy_disclosure_cell o
             ON o.what = m.what AND o.camera = m.camera AND o.number = m.number
           JOIN policy_disclosure d ON d.request = o.request
             AND d.withdrawn_at IS NULL AND d.erased_at IS NULL
           JOIN policy_disclosure_detail p ON p.request = o.request AND p.what = 'place'
             AND p.published_at IS NOT NULL
           JOIN policy_disclosure_detail t ON t.request = o.request AND t.what = m.what
             AND t.published_at IS NULL
         WHERE m.request = ?1 AND m.what = ?2",
    )?
    .query_map(params![request.0, what.word()], |r| digest(r, "request"))?
    .collect()
}

/// How many cases share the emptiest cell of a request's detail, of those whose place is published;
/// none where it has no cell. Cases are told apart by number and body, so that a case opened twice
/// counts once.
pub(crate) fn fewest_cases(
    c: &Connection,
    request: RequestId,
    what: DetailKind,
) -> rusqlite::Result<Option<u64>> {
    let fewest: Option<i64> = c.query_row(
        "SELECT min(cases) FROM (
           SELECT (SELECT count(DISTINCT k.body || ' ' || k.number)
             FROM policy_disclosure_cell o
               JOIN policy_disclosure d ON d.request = o.request
                 AND d.withdrawn_at IS NULL AND d.erased_at IS NULL
               JOIN policy_disclosure_detail p ON p.request = o.request AND p.what = 'place'
                 AND p.published_at IS NOT NULL
               JOIN policy_request r ON r.id = o.request
               JOIN policy_case k ON k.id = r.case_id
             WHERE o.what = m.what AND o.camera = m.camera AND o.number = m.number) AS cases
           FROM policy_disclosure_cell m WHERE m.request = ?1 AND m.what = ?2)",
        params![request.0, what.word()],
        |r| r.get(0),
    )?;
    Ok(fewest.map(count))
}

/// Everything that is published, by request.
pub(crate) fn published(c: &Connection) -> Result<BTreeMap<RequestId, Disclosed>, Error> {
    let rows: Vec<(RequestId, String, String, [u8; 32])> = c
        .prepare(
            "SELECT t.request, t.what, t.text, t.salt FROM policy_disclosure_detail t
               JOIN policy_disclosure d ON d.request = t.request
             WHERE t.published_at IS NOT NULL AND d.withdrawn_at IS NULL AND d.erased_at IS NULL",
        )?
        .query_map([], |r| {
            Ok((
                digest(r, "request")?,
                r.get("what")?,
                r.get("text")?,
                r.get("salt")?,
            ))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut out: BTreeMap<RequestId, Disclosed> = BTreeMap::new();
    for (request, what, text, salt) in rows {
        let new = || Disclosed {
            request,
            details: Vec::new(),
        };
        let all = &mut out.entry(request).or_insert_with(new).details;
        all.push(OpenedDetail {
            what: kind_of(&what)?,
            text,
            salt: hex::encode(salt),
        });
        all.sort_by_key(|d| d.what);
    }
    Ok(out)
}

pub(crate) fn set_date(c: &Connection, request: RequestId, to: At) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_disclosure SET disclose_at = ?2 WHERE request = ?1",
        params![request.0, to.0],
    )
    .map(drop)
}

pub(crate) fn set_withdrawn(c: &Connection, request: RequestId, now: At) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_disclosure SET withdrawn_at = ?2 WHERE request = ?1",
        params![request.0, now.0],
    )
    .map(drop)
}

/// Dates, the newest first.
pub(crate) fn dates(c: &Connection, limit: u32) -> rusqlite::Result<Vec<DateRow>> {
    c.prepare("SELECT * FROM policy_disclosure ORDER BY filed_at DESC LIMIT ?1")?
        .query_map([limit], date_row)?
        .collect()
}

/// Erases what the tables hold of a request: its text, salts, shares, statements, spans, and its
/// case where nothing else is in it. Who looked, when, for which request and how stays (LED
/// Art. 25).
pub(crate) fn erase(
    c: &Connection,
    request: RequestId,
    by_ask: Digest,
    now: At,
) -> rusqlite::Result<()> {
    let id = [request.0];
    let case: Option<i64> = c
        .query_row(
            "SELECT case_id FROM policy_request WHERE id = ?1",
            id,
            |r| r.get(0),
        )
        .optional()?;
    c.execute(
        "DELETE FROM policy_statement WHERE subject = ?1 OR subject IN
           (SELECT id FROM policy_disclosure_ask WHERE request = ?1 AND id != ?2)",
        params![request.0, by_ask.0],
    )?;
    c.execute(
        "DELETE FROM policy_disclosure_ask WHERE request = ?1 AND id != ?2",
        params![request.0, by_ask.0],
    )?;
    for table in [
        "policy_request_span",
        "policy_request_log",
        "policy_share",
        "policy_export",
        "policy_alert",
    ] {
        c.execute(&format!("DELETE FROM {table} WHERE request = ?1"), id)?;
    }
    drop_details(c, request)?;
    c.execute(
        "UPDATE policy_access SET detail = '' WHERE request = ?1",
        id,
    )?;
    c.execute("DELETE FROM policy_request WHERE id = ?1", id)?;
    if let Some(case) = case {
        c.execute(
            "DELETE FROM policy_case WHERE id = ?1
               AND NOT EXISTS (SELECT 1 FROM policy_request WHERE case_id = ?1)
               AND NOT EXISTS (SELECT 1 FROM policy_resident_ask WHERE case_id = ?1)",
            [case],
        )?;
    }
    c.execute(
        "INSERT INTO policy_disclosure (request, filed_at, disclose_at, erased_at)
         VALUES (?1, ?2, ?2, ?2)
         ON CONFLICT (request) DO UPDATE SET erased_at = ?2",
        params![request.0, now.0],
    )
    .map(drop)
}
