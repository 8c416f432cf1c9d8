//! Rows of statements, released shares, looks at footage and exports.
//! Never a share in the clear: `ct` is HPKE ciphertext for the requester's one-time key.

use loggia_model::{At, Body, Digest, PersonId, RequestId};
use loggia_seal::{Group, ReleasedShare};
use rusqlite::{Connection, OptionalExtension, params};

use super::break_glass;
use super::{body_of, body_word, count, int};
use crate::Error;
use crate::access::Looks;
use crate::statement::Stated;

/// A statement as shown with its request.
#[derive(Debug, Clone)]
pub(crate) struct StatementRow {
    pub(crate) person: PersonId,
    pub(crate) body: Body,
    pub(crate) act: String,
    pub(crate) at: At,
    pub(crate) statement: String,
    pub(crate) signature: String,
}

/// A look at footage.
#[derive(Debug, Clone)]
pub(crate) struct AccessRow {
    pub(crate) id: u64,
    pub(crate) at: At,
    pub(crate) person: PersonId,
    pub(crate) request: RequestId,
    pub(crate) act: String,
    pub(crate) detail: String,
}

/// An export.
#[derive(Debug, Clone)]
pub(crate) struct ExportRow {
    pub(crate) log_index: u64,
    pub(crate) at: At,
    pub(crate) person: PersonId,
    pub(crate) sha256: Digest,
    pub(crate) recipient: String,
    pub(crate) exhibit: String,
}

/// Whether these exact bytes were stated before.
pub(crate) fn stated(c: &Connection, hash: Digest) -> Result<bool, Error> {
    let found: Option<i64> = c
        .query_row(
            "SELECT 1 FROM policy_statement WHERE hash = ?1",
            [hash.0],
            |r| r.get(0),
        )
        .optional()?;
    Ok(found.is_some())
}

pub(crate) fn put_statement(c: &Connection, s: &Stated, body: Body) -> Result<(), Error> {
    let n = c.execute(
        "INSERT OR IGNORE INTO policy_statement VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            s.hash.0,
            s.statement.request.0,
            s.statement.by.0,
            body_word(body),
            s.statement.act.word(),
            s.statement.at.0,
            s.signed.statement,
            s.signed.signature
        ],
    )?;
    if let Some(touched) = &s.touched {
        break_glass::set_count(c, &touched.credential, touched.count)?;
    }
    if n == 1 {
        Ok(())
    } else {
        Err(Error::Conflict("this statement was made before".into()))
    }
}

/// Statements about a subject, oldest first.
pub(crate) fn statements(c: &Connection, subject: Digest) -> Result<Vec<StatementRow>, Error> {
    let rows: Vec<(StatementRow, String)> = c
        .prepare(
            "SELECT person, body, act, at, statement, signature FROM policy_statement
             WHERE subject = ?1 ORDER BY at, hash",
        )?
        .query_map([subject.0], |r| {
            let row = StatementRow {
                person: PersonId(r.get(0)?),
                body: Body::City,
                act: r.get(2)?,
                at: At(r.get(3)?),
                statement: r.get(4)?,
                signature: r.get(5)?,
            };
            Ok((row, r.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    rows.into_iter()
        .map(|(row, b)| {
            Ok(StatementRow {
                body: body_of(&b)?,
                ..row
            })
        })
        .collect()
}

/// Keeps a group's released shares in place of any that it released before.
pub(crate) fn put_shares(
    c: &Connection,
    request: RequestId,
    body: Body,
    shares: &[ReleasedShare],
) -> Result<(), Error> {
    c.execute(
        "DELETE FROM policy_share WHERE request = ?1 AND body = ?2",
        params![request.0, body_word(body)],
    )?;
    let mut put = c.prepare("INSERT INTO policy_share VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for s in shares {
        let span = int(s.span.0);
        put.execute(params![
            request.0,
            body_word(body),
            s.camera.0,
            span,
            s.enc,
            s.ct
        ])?;
    }
    Ok(())
}

pub(crate) fn shares(c: &Connection, request: RequestId) -> Result<Vec<ReleasedShare>, Error> {
    let rows: Vec<(ReleasedShare, String)> = c
        .prepare(
            "SELECT camera, span, enc, ct, body FROM policy_share WHERE request = ?1
             ORDER BY camera, span, body",
        )?
        .query_map([request.0], |r| {
            let share = ReleasedShare {
                camera: super::camera(r, "camera")?,
                span: super::span(r, "span")?,
                group: Group::Police,
                enc: r.get("enc")?,
                ct: r.get("ct")?,
            };
            Ok((share, r.get("body")?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    rows.into_iter()
        .map(|(share, word)| {
            let group = Group::of(body_of(&word)?)
                .ok_or_else(|| Error::Damaged("a share of the city".into()))?;
            Ok(ReleasedShare { group, ..share })
        })
        .collect()
}

/// Forgets the shares of a request that has ended.
pub(crate) fn drop_shares(c: &Connection, request: RequestId) -> rusqlite::Result<()> {
    c.execute("DELETE FROM policy_share WHERE request = ?1", [request.0])
        .map(drop)
}

pub(crate) fn put_access(
    c: &Connection,
    at: At,
    person: &PersonId,
    request: RequestId,
    act: &str,
    detail: &str,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO policy_access (at, person, request, act, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![at.0, person.0, request.0, act, detail],
    )
    .map(drop)
}

/// The looks that are wanted (newest first), at most `limit`.
pub(crate) fn accesses(
    c: &Connection,
    wanted: &Looks,
    limit: u32,
) -> rusqlite::Result<Vec<AccessRow>> {
    let wanted_params = params![
        int(wanted.before.unwrap_or(u64::MAX)),
        wanted.person.as_ref().map(|p| &p.0),
        wanted.request.map(|r| r.0),
        wanted.act,
        limit
    ];
    c.prepare(
        "SELECT id, at, person, request, act, detail FROM policy_access
         WHERE id < ?1 AND (?2 IS NULL OR person = ?2) AND (?3 IS NULL OR request = ?3)
           AND (?4 IS NULL OR act = ?4)
         ORDER BY id DESC LIMIT ?5",
    )?
    .query_map(wanted_params, |r| {
        Ok(AccessRow {
            id: count(r.get(0)?),
            at: At(r.get(1)?),
            person: PersonId(r.get(2)?),
            request: Digest(r.get(3)?),
            act: r.get(4)?,
            detail: r.get(5)?,
        })
    })?
    .collect()
}

/// How many exports a person made after `since`.
pub(crate) fn exported_since(c: &Connection, by: &PersonId, since: At) -> rusqlite::Result<u64> {
    c.query_row(
        "SELECT count(*) FROM policy_export WHERE person = ?1 AND at > ?2",
        params![by.0, since.0],
        |r| r.get(0).map(count),
    )
}

pub(crate) fn put_export(
    c: &Connection,
    request: RequestId,
    row: &ExportRow,
) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO policy_export VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            request.0,
            int(row.log_index),
            row.at.0,
            row.person.0,
            row.sha256.0,
            row.recipient,
            row.exhibit
        ],
    )
    .map(drop)
}
