//! The one thread that writes footage: batches in one `pwritev(2)`, synced and indexed in groups.
//! Never has more than one segment with unsynced bytes, so that what a power cut leaves of each
//! camera's chain is a beginning of it, without holes.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use loggia_model::{CameraId, Digest, Hour, SpanId};
use loggia_seal::{HEADER_LEN, Sealed};

use super::index::{self, Seen};
use super::queue::{Health, Work};
use super::row::{DurableHead, Place};
use super::{BlobsConfig, Shared};
use crate::layer::LayerFile;
use crate::{Error, FileLayer};

/// How often a full disk is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Segments kept open: the present hour's and, while its last spans end, the hour's before; two
/// more for cameras whose clocks were corrected.
const OPEN_MAX: usize = 4;
/// Tells a segment's name: `blobs/<hour>/<id>.seg`.
pub(super) fn segment_name(hour: Hour, id: u64) -> String {
    format!("blobs/{}/{id}.seg", hour.0)
}

struct Segment {
    id: u64,
    name: String,
    file: LayerFile,
    len: u64,
    /// Length that is durable and indexed.
    noted: u64,
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    dir: PathBuf,
    config: BlobsConfig,
    open: HashMap<Hour, Segment>,
    dirty: Option<Hour>,
    /// Taken from the queue, not yet written (a full disk).
    todo: VecDeque<(Sealed, Hour)>,
    /// Written, not yet indexed.
    fresh: Vec<Seen>,
    /// Segments closed with bytes that the index does not know yet.
    to_note: Vec<(u64, Hour, String, u64)>,
    /// Each camera's folder hour never goes back, whatever the clock does: recovery reads segments
    /// in the order of (hour, id) and finds each chain in order.
    folder: HashMap<CameraId, (Option<SpanId>, Hour)>,
    next_id: u64,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        dir: &Path,
        config: BlobsConfig,
        folder: HashMap<CameraId, (Option<SpanId>, Hour)>,
        next_id: u64,
    ) -> Self {
        Self {
            shared,
            dir: dir.to_owned(),
            config,
            open: HashMap::new(),
            dirty: None,
            todo: VecDeque::new(),
            fresh: Vec::new(),
            to_note: Vec::new(),
            folder,
            next_id,
        }
    }

    /// Runs until closed; everything put before is durable then, if the disk lets it.
    pub(super) fn run(mut self) {
        let mut next_sync = Instant::now() + self.config.sync_interval;
        loop {
            let work = self.shared.queue.next(next_sync);
            let closing = work.closing;
            let now = Instant::now();
            let sync = work.sync_now || closing || !work.close_hours.is_empty() || now >= next_sync;
            match self.turn(work, sync) {
                Ok(()) => {
                    if self.shared.queue.health() != Health::Ok {
                        tracing::info!("there is space again: footage is recorded");
                        self.shared.queue.set_health(Health::Ok);
                    }
                    if sync {
                        next_sync = Instant::now() + self.config.sync_interval;
                    }
                }
                Err(Error::DiskFull) => {
                    if self.shared.queue.health() == Health::Ok {
                        tracing::error!("the disk is full: footage is not recorded");
                        self.shared.queue.set_health(Health::DiskFull);
                    }
                    next_sync = Instant::now() + RETRY.min(self.config.sync_interval * 4);
                }
                Err(e) => {
                    // What the kernel did with bytes it failed to keep is unknown (it may call them
                    // clean): only reading them back after a restart tells.
                    tracing::error!(error = %e, "the blob writer stops");
                    self.shared.queue.set_health(Health::Stopped(e.to_string()));
                    return;
                }
            }
            if closing {
                if !self.todo.is_empty() {
                    let records = self.todo.len();
                    tracing::error!(records, "closed with a full disk: these were not written");
                }
                return;
            }
        }
    }

    fn turn(&mut self, work: Work, sync: bool) -> Result<(), Error> {
        for record in work.records {
            let hour = self.folder_of(&record);
            self.todo.push_back((record, hour));
        }
        let written = self.write();
        let closing_hours = work.close_hours.len() as u64;
        let indexed = if sync || written.is_err() {
            self.index()
        } else {
            Ok(())
        };
        for hour in work.close_hours {
            if self.dirty != Some(hour) {
                self.open.remove(&hour);
            }
        }
        if closing_hours > 0 {
            self.shared.queue.hours_closed(closing_hours);
        }
        written.and(indexed)
    }

    fn folder_of(&mut self, record: &Sealed) -> Hour {
        let h = record.header();
        let own = h.begin.hour();
        let (span, hour) = self.folder.entry(h.camera).or_insert((h.span, own));
        if h.span.is_none() || *span != h.span {
            *span = h.span;
            *hour = (*hour).max(own);
        }
        *hour
    }

    /// Writes what is to do, earlier hours first, at most one segment unsynced at any time.
    fn write(&mut self) -> Result<(), Error> {
        if self.todo.is_empty() {
            return Ok(());
        }
        let bytes: u64 = self.todo.iter().map(|(r, _)| r.bytes().len() as u64).sum();
        self.shared.check_space(bytes)?;
        self.todo.make_contiguous().sort_by_key(|(_, hour)| *hour);
        while let Some((_, hour)) = self.todo.front() {
            let hour = *hour;
            self.make_ready(hour)?;
            let Some(segment) = self.open.get_mut(&hour) else {
                continue;
            };
            let mut end = segment.len;
            let count = self
                .todo
                .iter()
                .take_while(|(r, h)| {
                    let fits = end < self.config.segment_bytes;
                    end += r.bytes().len() as u64;
                    *h == hour && fits
                })
                .count();
            let parts: Vec<&[u8]> = self
                .todo
                .iter()
                .take(count)
                .map(|(r, _)| r.bytes())
                .collect();
            if let Err(e) = segment.file.write_at(segment.len, &parts) {
                // Nobody reads beyond `len`; cutting gives the space back to the log.
                drop(segment.file.set_len(segment.len));
                return Err(e);
            }
            self.dirty = Some(hour);
            let mut done = Vec::with_capacity(count);
            for (record, _) in self.todo.drain(..count) {
                let len = record.bytes().len();
                let place = Place {
                    segment: segment.id,
                    offset: segment.len,
                    len: u32::try_from(len).unwrap_or(u32::MAX),
                };
                let first = record.bytes().get(HEADER_LEN).copied().unwrap_or(0);
                let hash = Digest(*record.hash());
                let mut seen = Seen::new(record.header(), hash, first, place);
                seen.hour = hour;
                segment.len += len as u64;
                done.push((record.header().camera, len));
                self.fresh.push(seen);
            }
            self.shared
                .add_used(done.iter().map(|(_, len)| *len as u64).sum());
            self.shared.queue.written(&done);
        }
        Ok(())
    }

    /// A segment of `hour` with room, and no other segment dirty.
    fn make_ready(&mut self, hour: Hour) -> Result<(), Error> {
        if self.dirty.is_some_and(|d| d != hour) {
            self.sync()?;
        }
        if let Some(s) = self.open.get(&hour)
            && s.len >= self.config.segment_bytes
        {
            self.sync()?;
            self.retire(hour);
        }
        if !self.open.contains_key(&hour) {
            if self.open.len() >= OPEN_MAX
                && let Some(oldest) = self.open.keys().min().copied()
            {
                self.retire(oldest);
            }
            let (id, name) = (self.next_id, segment_name(hour, self.next_id));
            let path = self.dir.join(&name);
            let folder = path.parent().unwrap_or(&self.dir);
            self.layer().make_dirs(folder)?;
            let file = self.layer().open(&path)?;
            self.layer().sync_dir(folder)?;
            self.next_id += 1;
            self.open.insert(
                hour,
                Segment {
                    id,
                    name,
                    file,
                    len: 0,
                    noted: 0,
                },
            );
        }
        Ok(())
    }

    fn layer(&self) -> &FileLayer {
        &self.config.layer
    }

    /// Closes a synced segment; the index still has to learn its length.
    fn retire(&mut self, hour: Hour) {
        if let Some(s) = self.open.remove(&hour)
            && s.noted < s.len
        {
            self.to_note.push((s.id, hour, s.name, s.len));
        }
    }

    fn sync(&mut self) -> Result<(), Error> {
        if let Some(hour) = self.dirty
            && let Some(segment) = self.open.get(&hour)
        {
            segment.file.sync().map_err(|e| match e {
                // A sync that fails for want of space has lost bytes all the same.
                Error::DiskFull => Error::WriterStopped("the disk was full at a sync".to_owned()),
                other => other,
            })?;
        }
        self.dirty = None;
        Ok(())
    }

    /// Syncs, then tells the index, then whoever waits.
    fn index(&mut self) -> Result<(), Error> {
        self.sync()?;
        if self.fresh.is_empty() {
            return Ok(());
        }
        self.shared
            .db
            .write(|tx| {
                index::add(tx, &self.fresh)?;
                for (id, hour, name, len) in &self.to_note {
                    index::note_segment(tx, *id, *hour, name, *len)?;
                }
                for (hour, s) in self.open.iter().filter(|(_, s)| s.noted < s.len) {
                    index::note_segment(tx, s.id, *hour, &s.name, s.len)?;
                }
                Ok::<_, Error>(())
            })
            .map_err(full_database)?;
        self.to_note.clear();
        for s in self.open.values_mut() {
            s.noted = s.len;
        }
        let fresh = std::mem::take(&mut self.fresh);
        let heads = fresh.iter().map(|s| {
            let opened = s.row.span.unwrap_or(SpanId(0));
            let (camera, seq, hash, end) = (s.row.camera, s.row.seq, s.row.hash, s.row.end);
            DurableHead {
                camera,
                seq,
                hash,
                end,
                span: opened,
            }
        });
        self.shared.advance(heads);
        self.shared.queue.made_durable(fresh.len() as u64);
        Ok(())
    }
}

/// SQLite's own "disk full" is the same thing to the caller.
fn full_database(e: Error) -> Error {
    match &e {
        Error::Sql(rusqlite::Error::SqliteFailure(f, _))
            if f.code == rusqlite::ErrorCode::DiskFull =>
        {
            Error::DiskFull
        }
        _ => e,
    }
}
