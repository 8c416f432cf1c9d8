//! The index of stored records in SQLite: derived from the segments, checked against them at start.
//! Never the only place where anything is known, but for which segments have been deleted.

use std::collections::{BTreeMap, HashMap};

use loggia_model::{At, CameraId, Digest, GapReason, Hour, SpanId};
use loggia_seal::{Header, Kind, Track};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::row::{DurableHead, GapRow, Place, RecordRow, SpanRow, SpanState};
use crate::Error;

/// For gaps, `track` holds the reason's number. `span.aside` marks spans copied out for a hold.
/// `segment.state`: 0 live, 1 to be removed.
pub(super) const STEPS: [&str; 1] = ["
CREATE TABLE segment (
    id INTEGER PRIMARY KEY, hour INTEGER NOT NULL, name TEXT NOT NULL UNIQUE,
    len INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0);
CREATE TABLE record (
    camera INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, track INTEGER NOT NULL,
    span INTEGER NOT NULL, begin INTEGER NOT NULL, end INTEGER NOT NULL,
    segment INTEGER NOT NULL, offset INTEGER NOT NULL, len INTEGER NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (camera, seq)) WITHOUT ROWID;
CREATE INDEX gap ON record (camera, begin) WHERE kind = 3;
CREATE TABLE span (
    camera INTEGER NOT NULL, span INTEGER NOT NULL, hour INTEGER NOT NULL,
    begin INTEGER NOT NULL, end INTEGER NOT NULL,
    first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, bytes INTEGER NOT NULL,
    closed INTEGER NOT NULL, aside INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (camera, span)) WITHOUT ROWID;
CREATE INDEX span_time ON span (camera, begin);
CREATE INDEX span_hour ON span (hour, camera, span);
CREATE TABLE head (
    camera INTEGER PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL,
    end INTEGER NOT NULL, hour INTEGER NOT NULL, span INTEGER NOT NULL);
"];

/// One record as the writer or the recovery has seen it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub row: RecordRow,
    pub hour: Hour,
}

impl Seen {
    pub(super) fn new(header: &Header, hash: Digest, first_body_byte: u8, place: Place) -> Self {
        let reason = if header.kind == Kind::Gap {
            GapReason::from_number(first_body_byte)
        } else {
            None
        };
        let row = RecordRow {
            camera: header.camera,
            seq: header.seq,
            kind: header.kind,
            track: header.track,
            span: header.span,
            begin: header.begin,
            end: header.end,
            reason,
            hash,
            place,
        };
        Self {
            row,
            hour: header.begin.hour(),
        }
    }
}

pub(super) fn sql(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) fn un(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// What one batch adds to one span.
struct SpanDelta {
    hour: Hour,
    begin: At,
    end: At,
    first_seq: u64,
    last_seq: u64,
    bytes: u64,
    closed: bool,
}

/// Adds records that are durable, in chain order per camera. Records that the index has already are
/// left alone. Returns how many were new.
pub(super) fn add(tx: &Transaction<'_>, seen: &[Seen]) -> Result<u64, Error> {
    let mut insert = tx.prepare_cached(
        "INSERT OR IGNORE INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let mut spans: BTreeMap<(u32, u64), SpanDelta> = BTreeMap::new();
    let mut heads: HashMap<u32, &Seen> = HashMap::new();
    let mut added = 0;
    for s in seen {
        let r = &s.row;
        let track = r.reason.map_or(r.track as u8, |reason| reason as u8);
        let new = insert.execute(params![
            r.camera.0,
            sql(r.seq),
            r.kind as u8,
            track,
            sql(r.span.map_or(0, |s| s.0)),
            r.begin.0,
            r.end.0,
            sql(r.place.segment),
            sql(r.place.offset),
            r.place.len,
            &r.hash.0[..],
        ])?;
        if new == 0 {
            continue;
        }
        added += 1;
        let head = heads.entry(r.camera.0).or_insert(s);
        if head.row.seq <= r.seq {
            *head = s;
        }
        if let Some(span) = r.span {
            merge(&mut spans, (r.camera.0, span.0), s);
        }
    }
    put_spans(tx, &spans)?;
    put_heads(tx, &heads, &spans)?;
    Ok(added)
}

fn merge(spans: &mut BTreeMap<(u32, u64), SpanDelta>, key: (u32, u64), s: &Seen) {
    let r = &s.row;
    let d = spans.entry(key).or_insert(SpanDelta {
        hour: s.hour,
        begin: r.begin,
        end: r.begin,
        first_seq: r.seq,
        last_seq: r.seq,
        bytes: 0,
        closed: false,
    });
    d.begin = d.begin.min(r.begin);
    d.end = d.end.max(r.end);
    d.first_seq = d.first_seq.min(r.seq);
    d.last_seq = d.last_seq.max(r.seq);
    d.bytes += u64::from(r.place.len);
    d.closed |= r.kind == Kind::Manifest;
}

fn put_spans(tx: &Transaction<'_>, spans: &BTreeMap<(u32, u64), SpanDelta>) -> Result<(), Error> {
    let mut put = tx.prepare_cached(
        "INSERT INTO span VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)
         ON CONFLICT (camera, span) DO UPDATE SET
             begin = min(begin, ?4), end = max(end, ?5), first_seq = min(first_seq, ?6),
             last_seq = max(last_seq, ?7), bytes = bytes + ?8, closed = max(closed, ?9)",
    )?;
    for ((camera, span), d) in spans {
        put.execute(params![
            camera,
            sql(*span),
            d.hour.0,
            d.begin.0,
            d.end.0,
            sql(d.first_seq),
            sql(d.last_seq),
            sql(d.bytes),
            d.closed
        ])?;
    }
    Ok(())
}

fn put_heads(
    tx: &Transaction<'_>,
    heads: &HashMap<u32, &Seen>,
    spans: &BTreeMap<(u32, u64), SpanDelta>,
) -> Result<(), Error> {
    let mut put = tx.prepare_cached(
        "INSERT INTO head VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (camera) DO UPDATE SET
             hash = iif(?2 > seq, ?3, hash), end = iif(?2 > seq, ?4, end),
             hour = max(hour, ?5), span = max(span, ?6), seq = max(seq, ?2)",
    )?;
    for (camera, s) in heads {
        let r = &s.row;
        let last = spans.range((*camera, 0)..=(*camera, u64::MAX)).next_back();
        let span = last.map_or(0, |((_, span), _)| *span);
        put.execute(params![
            camera,
            sql(r.seq),
            &r.hash.0[..],
            r.end.0,
            s.hour.0,
            sql(span)
        ])?;
    }
    Ok(())
}

/// Notes how much of a segment is durable and indexed.
pub(super) fn note_segment(
    tx: &Transaction<'_>,
    id: u64,
    hour: Hour,
    name: &str,
    len: u64,
) -> Result<(), Error> {
    tx.prepare_cached(
        "INSERT INTO segment (id, hour, name, len) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET len = ?4",
    )?
    .execute(params![sql(id), hour.0, name, sql(len)])?;
    Ok(())
}

const RECORD: &str = "SELECT camera, seq, kind, track, span, begin, end, segment, offset, len, \
                      hash FROM record";
const SPAN: &str = "SELECT camera, span, hour, begin, end, first_seq, last_seq, bytes, closed, \
                    aside FROM span";

/// A row's columns of a record. Numbers that no version wrote read as the nearest sense: the record
/// itself is checked whenever it is served.
pub(super) fn record_row(row: &Row<'_>) -> rusqlite::Result<RecordRow> {
    let kind = match row.get::<_, u8>(2)? {
        1 => Kind::SpanOpen,
        3 => Kind::Gap,
        4 => Kind::Manifest,
        _ => Kind::Piece,
    };
    let track: u8 = row.get(3)?;
    let span = un(row.get(4)?);
    let hash: [u8; 32] = row.get(10)?;
    Ok(RecordRow {
        camera: CameraId(row.get(0)?),
        seq: un(row.get(1)?),
        kind,
        track: if kind == Kind::Piece && track == 1 {
            Track::Sub
        } else {
            Track::Main
        },
        span: (span != 0).then_some(SpanId(span)),
        begin: At(row.get(5)?),
        end: At(row.get(6)?),
        reason: if kind == Kind::Gap {
            GapReason::from_number(track)
        } else {
            None
        },
        hash: Digest(hash),
        place: Place {
            segment: un(row.get(7)?),
            offset: un(row.get(8)?),
            len: row.get(9)?,
        },
    })
}

fn span_row(row: &Row<'_>) -> rusqlite::Result<SpanRow> {
    Ok(SpanRow {
        camera: CameraId(row.get(0)?),
        span: SpanId(un(row.get(1)?)),
        hour: Hour(row.get(2)?),
        begin: At(row.get(3)?),
        end: At(row.get(4)?),
        first_seq: un(row.get(5)?),
        last_seq: un(row.get(6)?),
        bytes: un(row.get(7)?),
        state: if row.get(8)? {
            SpanState::Closed
        } else {
            SpanState::Open
        },
        aside: row.get(9)?,
    })
}

pub(super) fn record(
    tx: &Transaction<'_>,
    camera: CameraId,
    seq: u64,
) -> Result<Option<RecordRow>, Error> {
    let mut q = tx.prepare_cached(&format!("{RECORD} WHERE camera = ?1 AND seq = ?2"))?;
    Ok(q.query_row(params![camera.0, sql(seq)], record_row)
        .optional()?)
}

/// Records of one camera by place in the chain, inclusive, at most `limit`.
pub(super) fn records(
    tx: &Transaction<'_>,
    camera: CameraId,
    first: u64,
    last: u64,
    limit: usize,
) -> Result<Vec<RecordRow>, Error> {
    let mut q = tx.prepare_cached(&format!(
        "{RECORD} WHERE camera = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq LIMIT ?4"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = q.query_map(params![camera.0, sql(first), sql(last), limit], record_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Spans of one camera that overlap `[from, to)`, in time order. A camera's spans follow each
/// other, so only the last one that begins before `from` can reach into it.
pub(super) fn spans(
    tx: &Transaction<'_>,
    camera: CameraId,
    from: At,
    to: At,
) -> Result<Vec<SpanRow>, Error> {
    let mut q = tx.prepare_cached(&format!(
        "{SPAN} WHERE camera = ?1 AND begin < ?3 AND end > ?2 AND begin >= ifnull(
             (SELECT max(begin) FROM span WHERE camera = ?1 AND begin <= ?2), ?2)
         ORDER BY begin, span"
    ))?;
    let rows = q.query_map(params![camera.0, from.0, to.0], span_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn span(
    tx: &Transaction<'_>,
    camera: CameraId,
    span: SpanId,
) -> Result<Option<SpanRow>, Error> {
    let mut q = tx.prepare_cached(&format!("{SPAN} WHERE camera = ?1 AND span = ?2"))?;
    Ok(q.query_row(params![camera.0, sql(span.0)], span_row)
        .optional()?)
}

/// Spans of one hour's folder after `(camera, span)`, at most `limit`.
pub(super) fn spans_of_hour(
    tx: &Transaction<'_>,
    hour: Hour,
    after: (CameraId, SpanId),
    limit: usize,
) -> Result<Vec<SpanRow>, Error> {
    let mut q = tx.prepare_cached(&format!(
        "{SPAN} WHERE hour = ?1 AND (camera, span) > (?2, ?3) ORDER BY camera, span LIMIT ?4"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = q.query_map(params![hour.0, after.0.0, sql(after.1.0), limit], span_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Gaps of one camera that overlap `[from, to)`. A gap may be long, so all that begin before `to`
/// are looked at, latest first, until `limit` are found.
pub(super) fn gaps(
    tx: &Transaction<'_>,
    camera: CameraId,
    from: At,
    to: At,
    limit: usize,
) -> Result<Vec<GapRow>, Error> {
    let mut q = tx.prepare_cached(&format!(
        "{RECORD} WHERE kind = 3 AND camera = ?1 AND begin < ?2 AND end > ?3
         ORDER BY begin DESC LIMIT ?4"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = q.query_map(params![camera.0, to.0, from.0, limit], record_row)?;
    let mut out = Vec::new();
    for row in rows {
        let r = row?;
        if let Some(reason) = r.reason {
            let (camera, seq, begin, end) = (r.camera, r.seq, r.begin, r.end);
            out.push(GapRow {
                camera,
                seq,
                begin,
                end,
                reason,
            });
        }
    }
    out.reverse();
    Ok(out)
}

/// Every camera's durable head, with the hour of its folder.
pub(super) fn heads(tx: &Transaction<'_>) -> Result<Vec<(DurableHead, Hour)>, Error> {
    let mut q = tx.prepare_cached("SELECT camera, seq, hash, end, hour, span FROM head")?;
    let rows = q.query_map([], |row| {
        let head = DurableHead {
            camera: CameraId(row.get(0)?),
            seq: un(row.get(1)?),
            hash: Digest(row.get(2)?),
            end: At(row.get(3)?),
            span: SpanId(un(row.get(5)?)),
        };
        Ok((head, Hour(row.get(4)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A segment as the index knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentRow {
    pub id: u64,
    pub hour: Hour,
    pub name: String,
    pub len: u64,
    pub gone: bool,
}

pub(super) fn segments(tx: &Transaction<'_>) -> Result<Vec<SegmentRow>, Error> {
    let mut q = tx.prepare_cached("SELECT id, hour, name, len, state FROM segment ORDER BY id")?;
    let rows = q.query_map([], |row| {
        Ok(SegmentRow {
            id: un(row.get(0)?),
            hour: Hour(row.get(1)?),
            name: row.get(2)?,
            len: un(row.get(3)?),
            gone: row.get::<_, i64>(4)? != 0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn segment_name(tx: &Transaction<'_>, id: u64) -> Result<Option<String>, Error> {
    let mut q = tx.prepare_cached("SELECT name FROM segment WHERE id = ?1 AND state = 0")?;
    Ok(q.query_row([sql(id)], |row| row.get(0)).optional()?)
}

pub(super) fn oldest(tx: &Transaction<'_>) -> Result<Option<At>, Error> {
    let mut q = tx.prepare_cached(
        "SELECT min(begin) FROM span WHERE hour = (SELECT min(hour) FROM span WHERE aside = 0)",
    )?;
    Ok(q.query_row([], |row| row.get::<_, Option<i64>>(0))?.map(At))
}

pub(super) fn hours(tx: &Transaction<'_>) -> Result<Vec<Hour>, Error> {
    let mut q = tx.prepare_cached(
        "SELECT DISTINCT hour FROM segment WHERE state = 0 AND name LIKE 'blobs/%' ORDER BY hour",
    )?;
    let rows = q.query_map([], |row| row.get(0).map(Hour))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// After records were taken out of a span: shrinks its row to what is left, or removes it.
pub(super) fn mend_span(tx: &Transaction<'_>, s: &SpanRow) -> Result<(), Error> {
    let key = params![s.camera.0, sql(s.span.0), sql(s.first_seq), sql(s.last_seq)];
    let left = tx
        .prepare_cached(
            "SELECT min(seq), max(seq), min(begin), max(end), total(len), max(kind = 4)
             FROM record WHERE camera = ?1 AND span = ?2 AND seq BETWEEN ?3 AND ?4",
        )?
        .query_row(key, |row| {
            let first: Option<i64> = row.get(0)?;
            let Some(first) = first else { return Ok(None) };
            let (last, begin, end): (i64, i64, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(Some((
                first,
                last,
                begin,
                end,
                row.get::<_, f64>(4)?,
                row.get::<_, bool>(5)?,
            )))
        })?;
    match left {
        Some((first, last, begin, end, bytes, closed)) => tx
            .prepare_cached(
                "UPDATE span SET first_seq = ?3, last_seq = ?4, begin = ?5, end = ?6,
                 bytes = CAST(?7 AS INTEGER), closed = ?8 WHERE camera = ?1 AND span = ?2",
            )?
            .execute(params![
                s.camera.0,
                sql(s.span.0),
                first,
                last,
                begin,
                end,
                bytes,
                closed
            ])?,
        None => tx
            .prepare_cached("DELETE FROM span WHERE camera = ?1 AND span = ?2")?
            .execute(params![s.camera.0, sql(s.span.0)])?,
    };
    Ok(())
}
