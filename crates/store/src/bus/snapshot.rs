//! The state at one record, written beside the log, so that a start replays only what came after
//! it. Never half there: it gets its name when all of it is on disk, and is read through before it
//! is used.

use std::path::Path;
use std::sync::Arc;

use loggia_model::At;

use super::frame::{self, BODY_BYTES_MAX, Content, HEADER_LEN, Header};
use super::group::{Entry, Group, Record};
use super::queue::lock;
use super::reader::Walk;
use super::segments::{self, snapshot_name};
use super::{Bus, Log};
use crate::Error;

/// Written at once: few calls, little memory.
const WRITE_BYTES: usize = 1 << 20;
/// Synced as often while it is written, so that the log's own syncs never wait for a gigabyte: at
/// 46 MB/s this is 0.2 s.
pub(super) const SYNC_BYTES: u64 = 8 << 20;
/// The newest, and the one before it should the newest turn out damaged. The log behind the older
/// one is not needed for a start.
const KEPT: usize = 2;

/// One record of the state, as its owner hands it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State<B> {
    /// [`Entry::kind`].
    pub kind: u8,
    /// [`Entry::key`].
    pub key: u64,
    /// [`Entry::at`].
    pub at: At,
    /// [`Entry::body`].
    pub body: B,
}

/// A whole snapshot, being read. Its records are numbered from 1 by themselves.
#[derive(Debug)]
pub struct Snapshot {
    header: Header,
    walk: Walk,
    group: Arc<Group>,
    next: u64,
    passed_over: Vec<String>,
}

impl Snapshot {
    /// The last log record that it holds the effect of: replay goes on with the next.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.header.seq
    }

    /// When it was begun, by the caller's clock.
    #[must_use]
    pub fn at(&self) -> At {
        self.header.at
    }

    /// Newer snapshots that are damaged, in words: an alarm for the operator.
    #[must_use]
    pub fn passed_over(&self) -> &[String] {
        &self.passed_over
    }

    /// The next record of the state; `None` after the last.
    ///
    /// # Errors
    /// [`Error::LogDamaged`] if it was damaged since it was read through.
    pub fn record(&mut self) -> Result<Option<Record>, Error> {
        loop {
            let n = usize::try_from(self.next - self.group.first).unwrap_or(usize::MAX);
            if let Some(record) = Record::of(&self.group, n) {
                if record.is_last() {
                    return Ok(None);
                }
                self.next += 1;
                return Ok(Some(record));
            }
            self.group = Arc::new(self.walk.step(self.next)?);
        }
    }
}

impl Bus {
    /// Writes the state as of record `seq`, which is durable, and forgets all but the two newest
    /// snapshots. Writing to the log goes on meanwhile.
    ///
    /// # Errors
    /// [`Error::Refused`] if `seq` is not on disk yet or not newer than the last snapshot.
    pub fn write_snapshot<B: AsRef<[u8]>>(
        &self,
        seq: u64,
        at: At,
        state: impl IntoIterator<Item = State<B>>,
    ) -> Result<(), Error> {
        let log = &self.log;
        let _one = lock(&log.tidying);
        let newest = lock(&log.snapshots).last().copied().unwrap_or(0);
        if seq <= newest || seq > log.head.durable() {
            return Err(Error::Refused(format!(
                "a snapshot at {seq}: the last one is at {newest}, the log is on disk up to {}",
                log.head.durable()
            )));
        }
        let path = log.dir.join(snapshot_name(seq));
        let beside = path.with_extension("new");
        let header = Header {
            content: Content::Snapshot,
            log: log.id,
            seq,
            at,
        };
        if let Err(e) = write(log, &beside, header, state) {
            drop(log.layer.remove(&beside));
            return Err(e);
        }
        log.layer.rename(&beside, &path)?;
        log.layer.sync_dir(&log.dir)?;
        let gone: Vec<u64> = {
            let mut all = lock(&log.snapshots);
            all.push(seq);
            let many = all.len().saturating_sub(KEPT);
            all.drain(..many).collect()
        };
        for old in gone {
            log.layer.remove(&log.dir.join(snapshot_name(old)))?;
        }
        log.layer.sync_dir(&log.dir)
    }

    /// The newest whole snapshot, from which a start goes on with record `seq() + 1`. `None`: the
    /// log is read from record 1.
    ///
    /// # Errors
    /// [`Error::LogDamaged`] if none is whole from which the log goes on.
    pub fn snapshot(&self) -> Result<Option<Snapshot>, Error> {
        let floor = self.standing().floor;
        let all = lock(&self.log.snapshots).clone();
        let (mut passed_over, mut first) = (Vec::new(), None);
        for seq in all.into_iter().rev().filter(|s| s + 1 >= floor) {
            match read_through(&self.log, seq) {
                Ok(mut snapshot) => {
                    snapshot.passed_over = passed_over;
                    return Ok(Some(snapshot));
                }
                Err(e) => {
                    tracing::error!(error = %e, "a snapshot is damaged: the one before it is used");
                    passed_over.push(e.to_string());
                    first.get_or_insert(e);
                }
            }
        }
        match first {
            Some(e) if floor > 1 => Err(e),
            _ => Ok(None),
        }
    }
}

fn write<B: AsRef<[u8]>>(
    log: &Log,
    path: &Path,
    header: Header,
    state: impl IntoIterator<Item = State<B>>,
) -> Result<(), Error> {
    log.layer.remove(path)?;
    let file = log.layer.open(path)?;
    file.write_at(0, &[&header.to_bytes()])?;
    let (mut offset, seed) = (HEADER_LEN as u64, header.seed());
    let mut group = Group {
        first: 1,
        ..Group::default()
    };
    let mut put = |group: &mut Group| {
        group.seal(seed);
        file.write_at(offset, &[&group.bytes])?;
        let before = offset;
        offset += group.bytes.len() as u64;
        if before / SYNC_BYTES < offset / SYNC_BYTES {
            file.sync()?;
        }
        group.first = group.next();
        group.bytes.clear();
        group.starts.clear();
        Ok::<_, Error>(())
    };
    for s in state {
        let body = s.body.as_ref();
        if body.len() > BODY_BYTES_MAX {
            return Err(Error::Refused(format!(
                "a state record has at most {BODY_BYTES_MAX} bytes"
            )));
        }
        let (kind, key, at) = (s.kind, s.key, s.at);
        group.push(
            Entry {
                kind,
                key,
                at,
                body,
            },
            frame::body_check(body),
        );
        if group.bytes.len() >= WRITE_BYTES {
            put(&mut group)?;
        }
    }
    group.push_last(header.at);
    put(&mut group)?;
    file.sync()
}

fn read_through(log: &Log, seq: u64) -> Result<Snapshot, Error> {
    let path = log.dir.join(snapshot_name(seq));
    let header = segments::read_header(&path, &log.layer);
    let header = header.map_err(|why| segments::damaged(&path, 0, seq, &why))?;
    if header.content != Content::Snapshot || header.seq != seq || header.log != log.id {
        return Err(segments::damaged(&path, 0, seq, "it is another one's"));
    }
    let end = segments::open_there(&log.layer, &path)?.len()?;
    let begin = || {
        let ends = (HEADER_LEN as u64, end);
        Walk::new(&log.layer, path.clone(), header.seed(), ends)
    };
    let (mut walk, mut next, mut whole) = (begin()?, 1, false);
    while !walk.at_end() {
        let group = walk.step(next)?;
        next = group.next();
        // Whatever follows the record that says that it is the last is no part of it.
        whole = !whole && group.ends_with_last();
    }
    if !whole {
        return Err(walk.damaged(next, "its end is missing"));
    }
    Ok(Snapshot {
        header,
        walk: begin()?,
        group: Arc::new(Group {
            first: 1,
            ..Group::default()
        }),
        next: 1,
        passed_over: Vec::new(),
    })
}
