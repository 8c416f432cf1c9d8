//! Deleting whole hours once their keys are destroyed: held spans are copied aside first, the rest
//! goes with its folder. Never decides which hour is due.

use std::path::Path;

use loggia_model::{CameraId, Hour, SpanId};
use rusqlite::params;

use super::row::{Place, RecordRow, SpanRow};
use super::{BLOBS, Blobs, HELD, ROWS_MAX, index};
use crate::db::Db;
use crate::{Error, FileLayer};

/// Spans whose rows are removed in one transaction: 500 spans of 24 records hold the writer up for
/// some 50 ms.
const SPANS_PER_STEP: usize = 500;

/// What deleting an hour did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Bytes of segments removed.
    pub bytes: u64,
    /// Segments removed.
    pub segments: u64,
    /// Spans copied aside because they are held.
    pub held_spans: u64,
}

impl Blobs {
    /// Deletes an hour's folder, but for the spans in `held` (holds and freezes), whose records
    /// are first copied to `held/`. A crash at any point leaves either the whole hour or a deletion
    /// that the next start finishes.
    pub fn delete_hour(&self, hour: Hour, held: &[(CameraId, SpanId)]) -> Result<Deleted, Error> {
        let s = &self.shared;
        let _one = s
            .deleting
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        s.queue.close_hour(hour).map_err(|why| match why {
            super::NoRoom::Stopped => Error::WriterStopped("restart to delete".to_owned()),
            _ => Error::DiskFull,
        })?;
        let mut moves = Vec::new();
        for (camera, span) in held {
            if let Some(row) = self
                .span(*camera, *span)?
                .filter(|r| r.hour == hour && !r.aside)
            {
                moves.push(self.copy_aside(&row)?);
            }
        }
        let mut done = Deleted {
            held_spans: moves.len() as u64,
            ..Deleted::default()
        };
        let kept: u64 = moves.iter().map(|m| m.len).sum();
        done.bytes = s.db.write(|tx| {
            for m in &moves {
                m.enter(tx, hour)?;
            }
            let blobs = format!("{BLOBS}/%");
            let bytes: i64 = tx.query_row(
                "SELECT ifnull(sum(len), 0) FROM segment
                 WHERE hour = ?1 AND state = 0 AND name LIKE ?2",
                params![hour.0, blobs],
                |row| row.get(0),
            )?;
            tx.execute(
                "UPDATE segment SET state = 1 WHERE hour = ?1 AND name LIKE ?2",
                params![hour.0, blobs],
            )?;
            Ok::<_, Error>(index::un(bytes))
        })?;
        // The mark must be durable before the first file goes, or a start after a power cut would
        // take the deletion for a loss.
        s.db.checkpoint()?;
        s.add_used(kept);
        s.used
            .fetch_sub(done.bytes, std::sync::atomic::Ordering::Relaxed);
        finish(&s.db, &s.layer, &s.dir, &mut done.segments)?;
        Ok(done)
    }

    /// Deletes the copy of a span whose hold has ended. Returns whether there was one.
    pub fn drop_held(&self, camera: CameraId, span: SpanId) -> Result<bool, Error> {
        let s = &self.shared;
        let _one = s
            .deleting
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(row) = self.span(camera, span)?.filter(|r| r.aside) else {
            return Ok(false);
        };
        let bytes = s.db.write(|tx| {
            let segments = "SELECT DISTINCT segment FROM record WHERE camera = ?1 AND span = ?2
                            AND seq BETWEEN ?3 AND ?4";
            let key = params![
                camera.0,
                index::sql(span.0),
                index::sql(row.first_seq),
                index::sql(row.last_seq)
            ];
            let bytes: i64 = tx.query_row(
                &format!("SELECT ifnull(sum(len), 0) FROM segment WHERE id IN ({segments})"),
                key,
                |r| r.get(0),
            )?;
            tx.execute(
                &format!("UPDATE segment SET state = 1 WHERE id IN ({segments})"),
                key,
            )?;
            Ok::<_, Error>(index::un(bytes))
        })?;
        s.db.checkpoint()?;
        s.used
            .fetch_sub(bytes, std::sync::atomic::Ordering::Relaxed);
        finish(&s.db, &s.layer, &s.dir, &mut 0)?;
        Ok(true)
    }

    /// Copies a span's records into a file of its own, durably.
    fn copy_aside(&self, span: &SpanRow) -> Result<Move, Error> {
        let s = &self.shared;
        let mut rows = self.records(span.camera, span.first_seq, span.last_seq)?;
        rows.retain(|r| r.span == Some(span.span));
        if rows.len() >= ROWS_MAX {
            return Err(Error::Refused("the span has too many records".to_owned()));
        }
        let dir = s.dir.join(HELD);
        s.layer.make_dirs(&dir)?;
        let id = s.db.write(|tx| {
            // Held copies count down from the top, so that they never meet the writer's numbers.
            let least: i64 = tx.query_row(
                "SELECT ifnull(min(id), ?1) FROM segment WHERE id > ?1 / 2",
                [HELD_IDS_FROM],
                |row| row.get(0),
            )?;
            let id = index::un(least - 1);
            let name = held_name(span, id);
            // State 1 until it is whole: a crash now has it removed.
            tx.execute(
                "INSERT INTO segment VALUES (?1, ?2, ?3, 0, 1)",
                params![index::sql(id), span.hour.0, name],
            )?;
            Ok::<_, Error>(id)
        })?;
        let path = s.dir.join(held_name(span, id));
        let file = s.layer.open(&path)?;
        let mut len = 0;
        for row in &mut rows {
            let bytes = self.read(row)?;
            file.write_at(len, &[&bytes])?;
            row.place = Place {
                segment: id,
                offset: len,
                len: row.place.len,
            };
            len += bytes.len() as u64;
        }
        file.sync()?;
        s.layer.sync_dir(&dir)?;
        Ok(Move {
            span: span.clone(),
            id,
            len,
            rows,
        })
    }
}

/// Where held copies' numbers begin, downwards.
const HELD_IDS_FROM: i64 = 1 << 62;

/// Whether a segment number is a held copy's.
pub(super) const fn is_held_id(id: u64) -> bool {
    id > HELD_IDS_FROM.unsigned_abs() / 2
}

fn held_name(span: &SpanRow, id: u64) -> String {
    format!(
        "{HELD}/{}-{}-{}-{id}.seg",
        span.hour.0, span.camera.0, span.span.0
    )
}

/// A span copied aside, to be entered in the index.
struct Move {
    span: SpanRow,
    id: u64,
    len: u64,
    rows: Vec<RecordRow>,
}

impl Move {
    fn enter(&self, tx: &rusqlite::Transaction<'_>, hour: Hour) -> Result<(), Error> {
        tx.execute(
            "UPDATE segment SET state = 0, len = ?2, hour = ?3 WHERE id = ?1",
            params![index::sql(self.id), index::sql(self.len), hour.0],
        )?;
        let mut put = tx.prepare_cached(
            "UPDATE record SET segment = ?3, offset = ?4 WHERE camera = ?1 AND seq = ?2",
        )?;
        for r in &self.rows {
            put.execute(params![
                r.camera.0,
                index::sql(r.seq),
                index::sql(r.place.segment),
                index::sql(r.place.offset)
            ])?;
        }
        tx.execute(
            "UPDATE span SET aside = 1 WHERE camera = ?1 AND span = ?2",
            params![self.span.camera.0, index::sql(self.span.span.0)],
        )?;
        Ok(())
    }
}

/// Finishes deletions: removes the rows and files of segments that are marked.
pub(super) fn finish(
    db: &Db,
    layer: &FileLayer,
    dir: &Path,
    removed: &mut u64,
) -> Result<(), Error> {
    let marked: Vec<_> = db
        .read(index::segments)?
        .into_iter()
        .filter(|s| s.gone)
        .collect();
    let mut hours: Vec<Hour> = marked.iter().map(|s| s.hour).collect();
    hours.sort_unstable();
    hours.dedup();
    for hour in hours {
        remove_rows(db, hour)?;
    }
    for s in &marked {
        let path = dir.join(&s.name);
        layer.remove(&path)?;
        if let Some(folder) = path.parent() {
            if layer.is_dir(folder) {
                layer.sync_dir(folder)?;
            }
            if s.name.starts_with(BLOBS) {
                layer.remove_dir(folder);
            }
        }
        db.write(|tx| {
            tx.execute("DELETE FROM segment WHERE id = ?1", [index::sql(s.id)])?;
            Ok::<_, Error>(())
        })?;
        *removed += 1;
    }
    Ok(())
}

/// Removes the rows whose segments are marked: gaps, and the spans of the hour and of the one
/// before, whose last pieces may lie in this hour's folder after a clock correction.
fn remove_rows(db: &Db, hour: Hour) -> Result<(), Error> {
    for of in [Hour(hour.0.saturating_sub(1)), hour] {
        let mut after = (CameraId(0), SpanId(0));
        loop {
            let next = db.write(|tx| {
                let spans = index::spans_of_hour(tx, of, after, SPANS_PER_STEP)?;
                let last = spans.last().map(|s| (s.camera, s.span));
                for s in &spans {
                    if of == hour || s.end >= hour.begin() {
                        remove_span(tx, s)?;
                    }
                }
                Ok::<_, Error>(last)
            })?;
            match next {
                Some(last) => after = last,
                None => break,
            }
        }
    }
    db.write(|tx| {
        tx.execute(
            "DELETE FROM record WHERE kind = 3
             AND segment IN (SELECT id FROM segment WHERE state = 1)",
            [],
        )?;
        Ok(())
    })
}

fn remove_span(tx: &rusqlite::Transaction<'_>, s: &SpanRow) -> Result<(), Error> {
    let removed = tx
        .prepare_cached(
            "DELETE FROM record WHERE camera = ?1 AND seq BETWEEN ?2 AND ?3 AND span = ?4
             AND segment IN (SELECT id FROM segment WHERE state = 1)",
        )?
        .execute(params![
            s.camera.0,
            index::sql(s.first_seq),
            index::sql(s.last_seq),
            index::sql(s.span.0)
        ])?;
    if removed > 0 {
        index::mend_span(tx, s)
    } else {
        Ok(())
    }
}
