//! Rows of spans that something keeps: a hold, or a resident's ask. Each has its own table of the
//! same columns. Never says why they are kept.

use loggia_model::{At, CameraId, Hour, SpanId};
use rusqlite::{Connection, Row, ToSql, params};

use super::{at, camera, count, int, span};

/// A span that is kept.
#[derive(Debug, Clone)]
pub(crate) struct SpanRow {
    pub(crate) camera: CameraId,
    pub(crate) span: SpanId,
    pub(crate) hour: Hour,
    pub(crate) begin: At,
    pub(crate) end: At,
    /// Stored bytes.
    pub(crate) bytes: u64,
}

pub(crate) fn read(r: &Row<'_>) -> rusqlite::Result<SpanRow> {
    Ok(SpanRow {
        camera: camera(r, "camera")?,
        span: span(r, "span")?,
        hour: Hour(r.get("hour")?),
        begin: at(r, "begin_at")?,
        end: at(r, "end_at")?,
        bytes: count(r.get("bytes")?),
    })
}

/// Keeps spans of one owner; `insert` takes owner, camera, span, hour, begin, end, bytes.
pub(crate) fn put(
    c: &Connection,
    insert: &str,
    owner: impl ToSql,
    spans: &[SpanRow],
) -> rusqlite::Result<()> {
    let mut put = c.prepare(insert)?;
    for s in spans {
        let (n, bytes) = (int(s.span.0), int(s.bytes));
        let row = params![owner, s.camera.0, n, s.hour.0, s.begin.0, s.end.0, bytes];
        put.execute(row)?;
    }
    Ok(())
}

/// Spans of one camera that overlap `[from, to)`; `select` takes camera, from, to.
pub(crate) fn overlapping(
    c: &Connection,
    select: &str,
    camera: CameraId,
    from: At,
    to: At,
) -> rusqlite::Result<Vec<SpanId>> {
    c.prepare(select)?
        .query_map(params![camera.0, from.0, to.0], |r| {
            Ok(SpanId(count(r.get(0)?)))
        })?
        .collect()
}
