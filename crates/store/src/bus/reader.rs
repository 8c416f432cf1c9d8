//! Reading by number: from memory near the newest record, from disk behind it. Every record from
//! disk is checked; never skips one that is not whole, and never serves one that is not durable.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Log;
use super::frame::{self, Bad};
use super::group::{Group, Record};
use super::head::Where;
use super::segments::{self, Segment};
use crate::layer::LayerFile;
use crate::{Error, FileLayer};

/// Read from disk at once: few calls for a replay, and 10,000 readers behind would take 2.5 GB, so
/// lanes share one reader.
const READ_BYTES: usize = 256 << 10;

/// Walks the records of one file.
#[derive(Debug)]
pub(super) struct Walk {
    path: PathBuf,
    file: LayerFile,
    seed: u32,
    pub offset: u64,
    end: u64,
}

impl Walk {
    pub(super) fn new(
        layer: &FileLayer,
        path: PathBuf,
        seed: u32,
        (offset, end): (u64, u64),
    ) -> Result<Self, Error> {
        let file = segments::open_there(layer, &path)?;
        Ok(Self {
            path,
            file,
            seed,
            offset,
            end,
        })
    }

    pub(super) fn at_end(&self) -> bool {
        self.offset >= self.end
    }

    pub(super) fn damaged(&self, seq: u64, why: &str) -> Error {
        segments::damaged(&self.path, self.offset, seq, why)
    }

    /// The next whole records, the first of which must be `seq`. At least one.
    pub(super) fn step(&mut self, seq: u64) -> Result<Group, Error> {
        let mut want = READ_BYTES;
        loop {
            let left = usize::try_from(self.end - self.offset.min(self.end)).unwrap_or(usize::MAX);
            let bytes = self.file.read_at(self.offset, want.min(left))?;
            let mut group = Group {
                first: seq,
                bytes,
                starts: Vec::new(),
            };
            match self.gather(&mut group) {
                // Of a long record this chunk has only the beginning.
                Err(Bad::Short(len)) if group.starts.is_empty() && want < len.min(left) => {
                    want = len;
                    continue;
                }
                Err(bad) if group.starts.is_empty() => return Err(self.damaged(seq, bad.words())),
                // What is whole is handed out; the next step says what the rest is.
                _ => {}
            }
            return Ok(group);
        }
    }

    /// Finds the records in a group's bytes, up to the first that is not whole.
    fn gather(&mut self, group: &mut Group) -> Result<(), Bad> {
        let mut at = 0;
        let result = loop {
            if at >= group.bytes.len() && at > 0 {
                break Ok(());
            }
            let rest = group.bytes.get(at..).unwrap_or(&[]);
            match frame::read_record(rest, self.seed, group.next()) {
                Ok(head) => {
                    group.starts.push(u32::try_from(at).unwrap_or(u32::MAX));
                    at += frame::record_len(head.len);
                }
                Err(bad) => break Err(bad),
            }
        };
        self.offset += at as u64;
        group.bytes.truncate(at);
        result
    }
}

/// Reads records in order from a number on. Many may read at once, each at its own place.
#[derive(Debug)]
pub struct Reader {
    log: Arc<Log>,
    next: u64,
    group: Option<Arc<Group>>,
    walk: Option<(Arc<Segment>, Walk, u64)>,
}

impl Reader {
    pub(super) fn new(log: Arc<Log>, from: u64) -> Self {
        Self {
            log,
            next: from.max(1),
            group: None,
            walk: None,
        }
    }

    /// Number of the record that [`Self::next`] gives.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Goes on with record `seq`.
    pub fn seek(&mut self, seq: u64) {
        self.next = seq.max(1);
    }

    /// The next record; waits for it at most `patience`. `None`: none came.
    ///
    /// # Errors
    /// [`Error::Lapped`] if it is no longer kept: [`Self::seek`] to `to + 1` to go on.
    /// [`Error::LogDamaged`] if it is not whole; the place does not move.
    pub fn next(&mut self, patience: Duration) -> Result<Option<Record>, Error> {
        let until = Instant::now() + patience;
        loop {
            if let Some(record) = self.held() {
                self.next += 1;
                return Ok(Some(record));
            }
            match self.log.head.find(self.next) {
                Where::Memory(group) => {
                    self.walk = None;
                    self.group = Some(group);
                }
                Where::Disk => self.read()?,
                Where::Ahead => {
                    // What is waited for is read afresh: memory that others gave up is not held.
                    self.group = None;
                    let left = until.saturating_duration_since(Instant::now());
                    if self.log.head.wait(self.next, left) < self.next {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn held(&self) -> Option<Record> {
        let group = self.group.as_ref()?;
        let n = self.next.checked_sub(group.first)?;
        Record::of(group, usize::try_from(n).ok()?)
    }

    /// The group from disk in which the next record is.
    fn read(&mut self) -> Result<(), Error> {
        self.group = None;
        let result = self.read_some();
        if result.is_err() {
            self.walk = None;
            // A segment may go while it is read; then that is what there is to say.
            self.log.kept(self.next)?;
        }
        result
    }

    fn read_some(&mut self) -> Result<(), Error> {
        let here = |w: &(Arc<Segment>, Walk, u64)| !w.1.at_end() && w.2 == self.next;
        if !self.walk.as_ref().is_some_and(here) {
            self.walk = Some(self.start()?);
        }
        while let Some((segment, walk, seq)) = &mut self.walk {
            if walk.at_end() {
                return Err(walk.damaged(*seq, "the segment ends too early"));
            }
            segment.mark(*seq, walk.offset);
            let group = walk.step(*seq)?;
            *seq = group.next();
            if *seq > self.next {
                self.hold(group);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Keeps what was read, but nothing newer than what everybody is told: the writer makes a
    /// file longer a moment before.
    fn hold(&mut self, mut group: Group) {
        let told = (self.log.head.durable() + 1).saturating_sub(group.first);
        let told = usize::try_from(told).unwrap_or(usize::MAX);
        if told < group.starts.len() {
            group.starts.truncate(told);
            self.walk = None;
        }
        self.group = Some(Arc::new(group));
    }

    fn start(&self) -> Result<(Arc<Segment>, Walk, u64), Error> {
        let segment = self.log.kept(self.next)?;
        let (seq, offset) = segment.near(self.next);
        let ends = (offset, segment.len());
        let seed = segment.header.seed();
        let walk = Walk::new(&self.log.layer, segment.path.clone(), seed, ends)?;
        Ok((segment, walk, seq))
    }
}
