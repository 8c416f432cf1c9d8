//! Rows of what is published of openings, and of what was asked about it. Publishing is one
//! transaction: whoever is killed in it has published nothing.

use std::collections::BTreeMap;

use loggia_model::{At, Digest, PersonId, RequestId};
use loggia_transparency::{DetailKind, Disclosed, OpenedDetail};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{at, count, digest, int, person, person_maybe};
use crate::Error;
use crate::disclosure::{AskState, AskWhat};

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

pub(super) fn drop_details(c: &Connection, request: RequestId) -> rusqlite::Result<()> {
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
/// whose
/// extension is agreed and on its way to the log.
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

/// Dates, the newest first.
pub(crate) fn dates(c: &Connection, limit: u32) -> rusqlite::Result<Vec<DateRow>> {
    c.prepare("SELECT * FROM policy_disclosure ORDER BY filed_at DESC LIMIT ?1")?
        .query_map([limit], date_row)?
        .collect()
}
