//! The one thread that writes the log: takes what waits, writes it with one `pwritev(2)`, syncs,
//! tells those who wait. Never begins a group before the one before it is durable, so that a power
//! cut leaves a beginning of the log, without holes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Log;
use super::frame::{Content, HEADER_LEN, Header};
use super::group::Group;
use super::queue::Taken;
use super::segments::Segment;
use crate::layer::LayerFile;
use crate::{Error, FileLayer};

/// Those whom a sync woke get at most half its time to come back before the next group is written
/// without them. Without them the first one back has a sync to itself; with them every caller has a
/// part in each. Waiting for a whole sync's time would lose what that gains, so half of it.
const WINDOW_PART: u32 = 2;
/// And never more than this, however slow the disk.
const WINDOW_MAX: Duration = Duration::from_millis(4);

/// Of a large group, each 64th record's place is offered to be remembered.
const MARK_RECORDS: usize = 64;

pub(super) struct Writer {
    log: Arc<Log>,
    dir: PathBuf,
    layer: FileLayer,
    segment_bytes: u64,
    open: Option<Open>,
}

struct Open {
    segment: Arc<Segment>,
    file: LayerFile,
    len: u64,
}

impl Writer {
    pub(super) fn new(log: Arc<Log>, segment_bytes: u64) -> Result<Self, Error> {
        let (dir, layer) = (log.dir.clone(), log.layer.clone());
        let last = log.segments().values().next_back().cloned();
        let open = match last {
            Some(segment) => Some(Open {
                file: layer.open(&segment.path)?,
                len: segment.len(),
                segment,
            }),
            None => None,
        };
        Ok(Self {
            log,
            dir,
            layer,
            segment_bytes,
            open,
        })
    }

    /// Runs until closed; what was handed in before is durable then, if the disk lets it.
    pub(super) fn run(mut self) {
        let mut until = Instant::now();
        while let Some(Taken { mut group, done }) = self.log.queue.take(until) {
            let begun = Instant::now();
            if let Err(e) = self.commit(&mut group) {
                let why = e.to_string();
                tracing::error!(error = %why, "the log's writer stops");
                self.log.queue.stop(&why);
                done.failed(&why);
                self.log.head.wake();
                return;
            }
            let (took, ended) = (begun.elapsed(), Instant::now());
            until = ended + (took / WINDOW_PART).min(WINDOW_MAX);
            self.log.queue.written(took);
            self.log.head.grow(group);
            done.durable();
        }
        self.log.queue.stop("it is closed");
        self.log.head.wake();
    }

    /// Writes and syncs a group; waits for space as long as there is none.
    fn commit(&mut self, group: &mut Group) -> Result<(), Error> {
        loop {
            match self.write(group) {
                Ok(()) => return self.sync(group),
                Err(Error::DiskFull) if self.log.queue.wait_for_space() => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn write(&mut self, group: &mut Group) -> Result<(), Error> {
        let bytes = group.bytes.len() as u64;
        let full = |o: &Open| o.len > HEADER_LEN as u64 && o.len + bytes > self.segment_bytes;
        if self.open.as_ref().is_none_or(full) {
            self.open = Some(self.begin(group)?);
        }
        let Some(open) = &self.open else {
            return Ok(());
        };
        group.seal(open.segment.header.seed());
        let written = open.file.write_at(open.len, &[&group.bytes]);
        if written.is_err() {
            // Nobody reads beyond `len`; cutting gives the space back. If the cut fails as well,
            // the same bytes are written here again.
            drop(open.file.set_len(open.len));
        }
        written
    }

    /// A new segment for `group`, durable with its header before any record is in it.
    fn begin(&self, group: &Group) -> Result<Open, Error> {
        let header = Header {
            content: Content::Log,
            log: self.log.id,
            seq: group.first,
            at: group.at(0).map(|h| h.at).unwrap_or_default(),
        };
        let segment = Segment::new(&self.dir, header, HEADER_LEN as u64);
        let file = self.layer.open(&segment.path)?;
        // What a full disk left of an earlier try.
        file.set_len(0)?;
        file.write_at(0, &[&header.to_bytes()])?;
        sync(&file)?;
        self.layer.sync_dir(&self.dir)?;
        self.log.segments().insert(group.first, segment.clone());
        Ok(Open {
            segment,
            file,
            len: HEADER_LEN as u64,
        })
    }

    fn sync(&mut self, group: &Group) -> Result<(), Error> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        sync(&open.file)?;
        for (n, start) in group.starts.iter().enumerate().step_by(MARK_RECORDS) {
            let at = open.len + u64::from(*start);
            open.segment.mark(group.first + n as u64, at);
        }
        open.len += group.bytes.len() as u64;
        open.segment.set_len(open.len);
        Ok(())
    }
}

/// After a failed sync nobody knows which pages the kernel has called clean: only a restart, which
/// reads back what is there, goes on. A sync that fails for want of space is no other.
fn sync(file: &LayerFile) -> Result<(), Error> {
    file.sync().map_err(|e| match e {
        Error::DiskFull => Error::WriterStopped("the disk was full at a sync".to_owned()),
        other => other,
    })
}
