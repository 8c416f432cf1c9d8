//! Rows of shares that were handed on to later custodians. Ciphertext under hour keys that lie in
//! the erasable key store, never here.

use std::collections::BTreeSet;

use loggia_model::{CameraId, Hour, SpanId};
use loggia_store::HoldId;
use rusqlite::{Connection, OptionalExtension, params};

use super::{camera, count, int, span};

/// The table of a span's handed-on shares, if there are any.
pub(crate) fn table(
    c: &Connection,
    hour: Hour,
    of: CameraId,
    n: SpanId,
) -> rusqlite::Result<Option<Vec<u8>>> {
    c.prepare_cached(
        "SELECT body FROM policy_handed_on WHERE hour = ?1 AND camera = ?2 AND span = ?3",
    )?
    .query_row(params![hour.0, of.0, int(n.0)], |r| r.get(0))
    .optional()
}

/// Keeps the table of a span's handed-on shares in the place of the one before.
pub(crate) fn put(
    c: &Connection,
    hour: Hour,
    of: CameraId,
    n: SpanId,
    body: &[u8],
) -> rusqlite::Result<()> {
    c.prepare_cached("INSERT OR REPLACE INTO policy_handed_on VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![hour.0, of.0, int(n.0), body])
        .map(drop)
}

/// Cameras with handed-on shares in an hour.
pub(crate) fn cameras(c: &Connection, hour: Hour) -> rusqlite::Result<Vec<CameraId>> {
    c.prepare("SELECT DISTINCT camera FROM policy_handed_on WHERE hour = ?1")?
        .query_map([hour.0], |r| camera(r, "camera"))?
        .collect()
}

/// Forgets what lies under a key that is gone.
pub(crate) fn forget(c: &Connection, hour: Hour, of: CameraId) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM policy_handed_on WHERE hour = ?1 AND camera = ?2",
        params![hour.0, of.0],
    )
    .map(drop)
}

/// Every hold in force of a span, with the share table that it keeps.
pub(crate) fn held_tables(
    c: &Connection,
    of: CameraId,
    n: SpanId,
) -> rusqlite::Result<Vec<(HoldId, Vec<u8>)>> {
    c.prepare_cached(
        "SELECT h.number, s.body FROM policy_hold_span s JOIN policy_hold h ON h.id = s.hold
         WHERE s.camera = ?1 AND s.span = ?2 AND h.state = 'held' AND s.body IS NOT NULL
         ORDER BY h.number",
    )?
    .query_map(params![of.0, int(n.0)], |r| {
        Ok((HoldId(count(r.get(0)?)), r.get(1)?))
    })?
    .collect()
}

/// Replaces the share table that a hold keeps of a span.
pub(crate) fn put_held(
    c: &Connection,
    hold: HoldId,
    of: CameraId,
    n: SpanId,
    body: &[u8],
) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_hold_span SET body = ?4 WHERE camera = ?2 AND span = ?3
           AND hold = (SELECT id FROM policy_hold WHERE number = ?1 AND state = 'held')",
        params![int(hold.0), of.0, int(n.0), body],
    )
    .map(drop)
}

/// Spans that holds in force keep, after this one, at most `limit`.
pub(crate) fn held_after(
    c: &Connection,
    after: (CameraId, SpanId),
    limit: u32,
) -> rusqlite::Result<BTreeSet<(CameraId, SpanId)>> {
    c.prepare(
        "SELECT DISTINCT s.camera, s.span FROM policy_hold_span s JOIN policy_hold h ON h.id = s.hold
         WHERE h.state = 'held' AND s.body IS NOT NULL AND (s.camera, s.span) > (?1, ?2)
         ORDER BY s.camera, s.span LIMIT ?3",
    )?
    .query_map(params![after.0.0, int(after.1.0), limit], |r| {
        Ok((camera(r, "camera")?, span(r, "span")?))
    })?
    .collect()
}
