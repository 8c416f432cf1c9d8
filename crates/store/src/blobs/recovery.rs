//! Makes segments and index agree after a crash: whole records beyond the index are added, torn
//! tails cut, rows without bytes dropped. Never cuts what it cannot judge for want of a key.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use loggia_model::{CameraId, Digest, Hour, SpanId};
use loggia_seal::{HEADER_LEN, Header, Record, RecorderPublic};
use rusqlite::params;

use super::index::{self, Seen, SegmentRow};
use super::row::Place;
use super::{BLOBS, HELD, digest_of};
use crate::db::Db;
use crate::layer::LayerFile;
use crate::{Error, FileLayer};

/// Rows added in one transaction: keeps the write-ahead log of a full rebuild near 2 MB a step.
const ROWS_PER_STEP: usize = 10_000;

/// Bytes that were cut from the end of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The segment's file, relative to the data folder.
    pub segment: String,
    /// Where it was cut.
    pub at: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// What the start had to mend.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Whole records found beyond the index and added.
    pub added: u64,
    /// Tails that were not whole records: they had never been acknowledged.
    pub torn: Vec<TornTail>,
    /// Rows whose bytes are gone: a lost segment or a data folder put together from parts.
    pub lost: u64,
    /// Deletions that were finished.
    pub deleted_segments: u64,
}

/// Where index and segments disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disagreement {
    /// The segment holds a record that the index does not know, or knows elsewhere.
    NotIndexed {
        /// Whose.
        camera: CameraId,
        /// Its place in the chain.
        seq: u64,
    },
    /// The index names a record that no segment holds.
    NotStored {
        /// Whose.
        camera: CameraId,
        /// Its place in the chain.
        seq: u64,
    },
    /// Bytes in a segment that are no whole, rightly signed record.
    NoRecord {
        /// The segment's file, relative to the data folder.
        segment: String,
        /// Where they begin.
        at: u64,
    },
}

/// A segment's file as found.
struct Found {
    hour: Hour,
    id: u64,
    name: String,
    len: u64,
    held: bool,
}

/// Mends, and gives the next free segment number.
pub(super) fn recover(
    db: &Db,
    layer: &FileLayer,
    dir: &Path,
    recorders: &[RecorderPublic],
) -> Result<(Recovery, u64), Error> {
    let mut report = Recovery::default();
    super::retire::finish(db, layer, dir, &mut report.deleted_segments)?;
    let known: BTreeMap<u64, SegmentRow> = db
        .read(index::segments)?
        .into_iter()
        .map(|s| (s.id, s))
        .collect();
    let found = list(layer, dir)?;
    report.lost = drop_lost(db, &known, &found)?;
    for f in &found {
        let from = known.get(&f.id).map_or(0, |s| s.len.min(f.len));
        if from < f.len || !known.contains_key(&f.id) {
            take_in(db, layer, dir, recorders, f, from, &mut report)?;
        }
    }
    let ids = found.iter().map(|f| f.id).chain(known.keys().copied());
    let last = ids
        .filter(|id| !super::retire::is_held_id(*id))
        .max()
        .unwrap_or(0);
    if report != Recovery::default() {
        tracing::warn!(?report, "footage was mended after a crash");
    }
    Ok((report, last + 1))
}

/// Every segment file, in the order in which each camera's chain goes through them.
fn list(layer: &FileLayer, dir: &Path) -> Result<Vec<Found>, Error> {
    let mut out = Vec::new();
    for (folder, _) in layer.list(&dir.join(BLOBS))? {
        let Ok(hour) = folder.parse().map(Hour) else {
            continue;
        };
        for (file, size) in layer.list(&dir.join(BLOBS).join(&folder))? {
            let id = file.strip_suffix(".seg").and_then(|id| id.parse().ok());
            if let (Some(id), Some(len)) = (id, size) {
                let name = format!("{BLOBS}/{folder}/{file}");
                out.push(Found {
                    hour,
                    id,
                    name,
                    len,
                    held: false,
                });
            }
        }
    }
    for (file, size) in layer.list(&dir.join(HELD))? {
        // held/<hour>-<camera>-<span>-<id>.seg
        let mut parts = file.strip_suffix(".seg").unwrap_or("").split('-');
        let hour = parts.next().and_then(|h| h.parse().ok()).map(Hour);
        let id = parts.next_back().and_then(|id| id.parse().ok());
        if let (Some(hour), Some(id), Some(len)) = (hour, id, size) {
            let name = format!("{HELD}/{file}");
            out.push(Found {
                hour,
                id,
                name,
                len,
                held: true,
            });
        }
    }
    // Held copies last: where the original is still there, it is the one that counts.
    out.sort_by_key(|f| (f.held, f.hour, f.id));
    Ok(out)
}

/// Drops rows whose bytes are not there, and what was derived from them.
fn drop_lost(db: &Db, known: &BTreeMap<u64, SegmentRow>, found: &[Found]) -> Result<u64, Error> {
    let len_of = |id: u64| found.iter().find(|f| f.id == id).map(|f| f.len);
    let mut lost = 0;
    for s in known.values() {
        let len = len_of(s.id);
        if len.is_some_and(|len| len >= s.len) {
            continue;
        }
        let keep = len.unwrap_or(0);
        lost += db.write(|tx| {
            let rows: Vec<(u32, i64, i64)> = tx
                .prepare(
                    "SELECT camera, seq, span FROM record WHERE segment = ?1 AND offset + len > ?2",
                )?
                .query_map(params![index::sql(s.id), index::sql(keep)], |r| {
                    Ok((r.get(0)?, r.get(1)?, r.get(2)?))
                })?
                .collect::<Result<_, _>>()?;
            let mut spans = BTreeSet::new();
            for (camera, seq, span) in &rows {
                tx.prepare_cached("DELETE FROM record WHERE camera = ?1 AND seq = ?2")?
                    .execute(params![camera, seq])?;
                spans.insert((*camera, *span));
            }
            for (camera, span) in spans {
                let span = SpanId(index::un(span));
                if let Some(row) = index::span(tx, CameraId(camera), span)? {
                    index::mend_span(tx, &row)?;
                }
            }
            mend_heads(tx, rows.iter().map(|(camera, _, _)| *camera).collect())?;
            let id = index::sql(s.id);
            if len.is_some() {
                tx.execute(
                    "UPDATE segment SET len = ?2 WHERE id = ?1",
                    params![id, index::sql(keep)],
                )?;
            } else {
                tx.execute("DELETE FROM segment WHERE id = ?1", [id])?;
            }
            Ok::<_, Error>(rows.len() as u64)
        })?;
    }
    Ok(lost)
}

/// Sets heads back to the last record that is left.
fn mend_heads(tx: &rusqlite::Transaction<'_>, cameras: BTreeSet<u32>) -> Result<(), Error> {
    for camera in cameras {
        // A head that deleted footage had is kept: only a record that is newer than the loss, or
        // the last one before it, may stand for the chain.
        tx.execute(
            "UPDATE head SET (seq, hash, end) =
                 (SELECT seq, hash, end FROM record WHERE camera = ?1 ORDER BY seq DESC LIMIT 1)
             WHERE camera = ?1 AND EXISTS (SELECT 1 FROM record WHERE camera = ?1)",
            [camera],
        )?;
        tx.execute(
            "DELETE FROM head WHERE camera = ?1
             AND NOT EXISTS (SELECT 1 FROM record WHERE camera = ?1)",
            [camera],
        )?;
    }
    Ok(())
}

/// Adds the whole records from `from` on, cuts what follows them.
fn take_in(
    db: &Db,
    layer: &FileLayer,
    dir: &Path,
    recorders: &[RecorderPublic],
    f: &Found,
    from: u64,
    report: &mut Recovery,
) -> Result<(), Error> {
    let path = dir.join(&f.name);
    let file = layer.open(&path)?;
    let mut at = from;
    let mut added = 0;
    loop {
        let (seen, end) = read_some(&file, &path, f, at, recorders)?;
        let done = seen.len() < ROWS_PER_STEP;
        at = end;
        added += db.write(|tx| {
            let added = index::add(tx, &seen)?;
            index::note_segment(tx, f.id, f.hour, &f.name, at)?;
            if f.held {
                mark_aside(tx, &seen)?;
            }
            Ok::<_, Error>(added)
        })?;
        if done {
            break;
        }
    }
    if at < f.len {
        file.set_len(at)?;
        file.sync()?;
        report.torn.push(TornTail {
            segment: f.name.clone(),
            at,
            bytes: f.len - at,
        });
    }
    if added == 0 && from == 0 {
        // A segment begun and never filled, or a held copy whose original still counts.
        db.write(|tx| {
            tx.execute("DELETE FROM segment WHERE id = ?1", [index::sql(f.id)])?;
            Ok::<_, Error>(())
        })?;
        drop(file);
        layer.remove(&path)?;
        layer.sync_dir(path.parent().unwrap_or(dir))?;
    }
    report.added += added;
    Ok(())
}

fn mark_aside(tx: &rusqlite::Transaction<'_>, seen: &[Seen]) -> Result<(), Error> {
    let spans: BTreeSet<(u32, u64)> = seen
        .iter()
        .filter_map(|s| Some((s.row.camera.0, s.row.span?.0)))
        .collect();
    for (camera, span) in spans {
        tx.execute(
            "UPDATE span SET aside = 1 WHERE camera = ?1 AND span = ?2
             AND EXISTS (SELECT 1 FROM record r JOIN segment s ON s.id = r.segment
                         WHERE r.camera = ?1 AND r.seq = span.first_seq AND s.name LIKE 'held/%')",
            params![camera, index::sql(span)],
        )?;
    }
    Ok(())
}

/// Whole, rightly signed records from `at` on, at most [`ROWS_PER_STEP`], and where they end.
fn read_some(
    file: &LayerFile,
    path: &Path,
    f: &Found,
    mut at: u64,
    recorders: &[RecorderPublic],
) -> Result<(Vec<Seen>, u64), Error> {
    let mut out = Vec::new();
    while out.len() < ROWS_PER_STEP {
        let Some((seen, len)) = read_one(file, path, f, at, recorders)? else {
            break;
        };
        out.push(seen);
        at += len;
    }
    Ok((out, at))
}

fn read_one(
    file: &LayerFile,
    path: &Path,
    f: &Found,
    at: u64,
    recorders: &[RecorderPublic],
) -> Result<Option<(Seen, u64)>, Error> {
    if f.len.saturating_sub(at) < HEADER_LEN as u64 {
        return Ok(None);
    }
    let Ok(header) = Header::parse(&file.read_at(at, HEADER_LEN)?) else {
        return Ok(None);
    };
    let len = header.record_len();
    if at + len as u64 > f.len {
        return Ok(None);
    }
    let bytes = file.read_at(at, len)?;
    let Ok(record) = Record::parse_whole(&bytes) else {
        return Ok(None);
    };
    match record.verify(recorders) {
        Ok(_) => {}
        Err(loggia_seal::Error::UnknownRecorder { found: key }) => {
            // Whole in form: cutting it would destroy footage because a key was not given.
            return Err(Error::UnknownRecorder {
                path: PathBuf::from(path),
                key,
            });
        }
        Err(_) => return Ok(None),
    }
    let place = Place {
        segment: f.id,
        offset: at,
        len: u32::try_from(len).unwrap_or(u32::MAX),
    };
    let first = bytes.get(HEADER_LEN).copied().unwrap_or(0);
    let mut seen = Seen::new(&header, digest_of(&record), first, place);
    seen.hour = f.hour;
    Ok(Some((seen, len as u64)))
}

/// Compares every byte of every segment with the index.
pub(super) fn audit(
    db: &Db,
    layer: &FileLayer,
    dir: &Path,
    recorders: &[RecorderPublic],
) -> Result<Vec<Disagreement>, Error> {
    let mut out = Vec::new();
    let mut stored: BTreeSet<(u32, u64)> = BTreeSet::new();
    // The view is taken first: what is appended while we read is beyond each segment's `len`.
    let (segments, rows) = db.read(|tx| {
        let mut q = tx.prepare(
            "SELECT camera, seq, kind, track, span, begin, end, segment, offset, len, hash
             FROM record ORDER BY camera, seq",
        )?;
        let rows: BTreeMap<(u32, u64), (Place, Digest)> = q
            .query_map([], index::record_row)?
            .map(|r| r.map(|r| ((r.camera.0, r.seq), (r.place, r.hash))))
            .collect::<Result<_, _>>()?;
        Ok::<_, Error>((index::segments(tx)?, rows))
    })?;
    for s in segments.into_iter().filter(|s| !s.gone) {
        let path = dir.join(&s.name);
        let Some(file) = layer.open_existing(&path)? else {
            continue;
        };
        let len = s.len.min(file.len()?);
        let held = s.name.starts_with(HELD);
        let f = Found {
            hour: s.hour,
            id: s.id,
            name: s.name,
            len,
            held,
        };
        let mut at = 0;
        while at < len {
            let Some((seen, n)) = read_one(&file, &path, &f, at, recorders)? else {
                out.push(Disagreement::NoRecord {
                    segment: f.name.clone(),
                    at,
                });
                break;
            };
            at += n;
            let (camera, seq) = (seen.row.camera, seen.row.seq);
            if rows.get(&(camera.0, seq)) == Some(&(seen.row.place, seen.row.hash)) {
                stored.insert((camera.0, seq));
            } else {
                out.push(Disagreement::NotIndexed { camera, seq });
            }
        }
    }
    out.extend(
        rows.keys()
            .filter(|k| !stored.contains(*k))
            .map(|(camera, seq)| Disagreement::NotStored {
                camera: CameraId(*camera),
                seq: *seq,
            }),
    );
    Ok(out)
}
