//! The log's files: which there are, and what a start finds in them. A torn end is cut; damage
//! behind which the log goes on is named and refused, never skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::frame::{self, Content, HEADER_LEN, Header, Tail};
use super::queue::lock;
use crate::{Error, FileLayer, LayerFile};

/// One place remembered for each of so many bytes: 1,024 places of 16 B for 64 MiB, and finding a
/// record reads at most this much before it.
const MARK_EVERY: u64 = 64 << 10;
const SEGMENT: &str = ".seg";
pub(super) const SNAPSHOT: &str = ".snap";

/// A file of the log.
#[derive(Debug)]
pub(super) struct Segment {
    pub header: Header,
    pub path: PathBuf,
    /// Bytes that are durable.
    len: AtomicU64,
    /// Where some of the records lie, in order; whoever passes by adds to it.
    marks: Mutex<Vec<(u64, u64)>>,
}

impl Segment {
    pub(super) fn new(dir: &Path, header: Header, len: u64) -> Arc<Self> {
        Arc::new(Self {
            header,
            path: dir.join(segment_name(header.seq)),
            len: AtomicU64::new(len),
            marks: Mutex::default(),
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.len.load(Ordering::Acquire)
    }

    pub(super) fn set_len(&self, len: u64) {
        self.len.store(len, Ordering::Release);
    }

    /// Remembers that record `seq` begins at byte `at`.
    pub(super) fn mark(&self, seq: u64, at: u64) {
        let mut marks = lock(&self.marks);
        if marks
            .last()
            .is_none_or(|(s, a)| *s < seq && a + MARK_EVERY <= at)
        {
            marks.push((seq, at));
        }
    }

    /// A place from which record `seq` is not far.
    pub(super) fn near(&self, seq: u64) -> (u64, u64) {
        let marks = lock(&self.marks);
        let after = marks.partition_point(|(s, _)| *s <= seq);
        let known = after.checked_sub(1).and_then(|n| marks.get(n));
        known
            .copied()
            .unwrap_or((self.header.seq, HEADER_LEN as u64))
    }

    pub(super) fn damaged(&self, offset: u64, seq: u64, why: &str) -> Error {
        damaged(&self.path, offset, seq, why)
    }
}

pub(super) fn damaged(path: &Path, offset: u64, seq: u64, why: &str) -> Error {
    Error::LogDamaged {
        path: path.to_owned(),
        offset,
        seq,
        why: why.to_owned(),
    }
}

/// Names sort as their numbers do.
pub(super) fn segment_name(first: u64) -> String {
    format!("{first:020}{SEGMENT}")
}

pub(super) fn snapshot_name(seq: u64) -> String {
    format!("{seq:020}{SNAPSHOT}")
}

pub(super) fn number(name: &str, ending: &str) -> Option<u64> {
    let digits = name.strip_suffix(ending)?;
    (digits.len() == 20).then(|| digits.parse().ok()).flatten()
}

/// By first record.
pub(super) type Segments = BTreeMap<u64, Arc<Segment>>;

/// A torn end that a start cut off. None of its records had been acknowledged as on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutOff {
    /// The segment.
    pub path: PathBuf,
    /// Where it was cut.
    pub offset: u64,
    /// How many bytes went.
    pub bytes: u64,
}

/// What a start found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The log's number; `None` if there is no log yet.
    pub log: Option<u64>,
    pub segments: Segments,
    /// Snapshots, oldest first.
    pub snapshots: Vec<u64>,
    /// Number of the next record.
    pub next: u64,
    pub cut: Option<CutOff>,
}

/// Looks at what is there and mends the end.
pub(super) fn find(dir: &Path, layer: &FileLayer) -> Result<Found, Error> {
    let mut found = Found::default();
    let mut firsts = Vec::new();
    for name in layer.list(dir)?.keys() {
        if name.ends_with(".new") {
            layer.remove(&dir.join(name))?;
        } else if let Some(first) = number(name, SEGMENT) {
            firsts.push(first);
        } else if let Some(seq) = number(name, SNAPSHOT) {
            found.snapshots.push(seq);
        }
    }
    drop_unborn(dir, layer, &mut firsts)?;
    for first in &firsts {
        let header = header_of(&dir.join(segment_name(*first)), layer, *first)?;
        same_log(&mut found.log, header, &dir.join(segment_name(*first)))?;
        let len = open_there(layer, &dir.join(segment_name(*first)))?.len()?;
        let segment = Segment::new(dir, header, len);
        found.segments.insert(*first, segment);
    }
    for seq in &found.snapshots {
        let path = dir.join(snapshot_name(*seq));
        // A snapshot that cannot be read is passed over when one is asked for, not here.
        if let Ok(header) = read_header(&path, layer) {
            same_log(&mut found.log, header, &path)?;
        }
    }
    found.next = 1;
    if let Some(last) = found.segments.values().next_back().cloned() {
        (found.next, found.cut) = mend(&last, layer)?;
    } else if let Some(seq) = found.snapshots.last() {
        found.next = seq + 1;
    }
    reaches(dir, &found)?;
    if found.log.is_some() {
        // A kill between a file's birth and the sync of its name leaves one that a power cut takes.
        layer.sync_dir(dir)?;
    }
    Ok(found)
}

/// A segment whose header was being written when the power went holds no record: its header is
/// synced before the first one.
fn drop_unborn(dir: &Path, layer: &FileLayer, firsts: &mut Vec<u64>) -> Result<(), Error> {
    let Some(last) = firsts.last() else {
        return Ok(());
    };
    let path = dir.join(segment_name(*last));
    let len = open_there(layer, &path)?.len()?;
    if len <= HEADER_LEN as u64 && read_header(&path, layer).is_err() {
        layer.remove(&path)?;
        layer.sync_dir(dir)?;
        firsts.pop();
    }
    Ok(())
}

fn same_log(log: &mut Option<u64>, header: Header, path: &Path) -> Result<(), Error> {
    match log {
        Some(known) if *known != header.log => {
            Err(Error::malformed(path, "it belongs to another log"))
        }
        _ => {
            *log = Some(header.log);
            Ok(())
        }
    }
}

fn header_of(path: &Path, layer: &FileLayer, first: u64) -> Result<Header, Error> {
    let header = read_header(path, layer).map_err(|why| damaged(path, 0, first, &why))?;
    if header.seq != first || header.content != Content::Log {
        return Err(damaged(path, 0, first, "its name is another segment's"));
    }
    Ok(header)
}

pub(super) fn read_header(path: &Path, layer: &FileLayer) -> Result<Header, String> {
    let file = layer.open_existing(path).map_err(|e| e.to_string())?;
    let file = file.ok_or("it is not there")?;
    let len = file.len().map_err(|e| e.to_string())?;
    let len = usize::try_from(len).unwrap_or(HEADER_LEN).min(HEADER_LEN);
    Header::read(&file.read_at(0, len).map_err(|e| e.to_string())?)
}

pub(super) fn open_there(layer: &FileLayer, path: &Path) -> Result<LayerFile, Error> {
    layer.open_existing(path)?.ok_or_else(|| Error::Files {
        doing: "open",
        path: path.to_owned(),
        source: std::io::ErrorKind::NotFound.into(),
    })
}

/// Reads the last segment through; cuts its torn end; gives the next record's number.
fn mend(segment: &Segment, layer: &FileLayer) -> Result<(u64, Option<CutOff>), Error> {
    let bytes = layer.read(&segment.path)?.unwrap_or_default();
    let scan = frame::scan(&bytes, |seq, at| segment.mark(seq, at));
    let scan = scan.map_err(|why| segment.damaged(0, segment.header.seq, &why))?;
    let cut = match scan.tail {
        Tail::Damaged(why) => return Err(segment.damaged(scan.end, scan.next, why)),
        Tail::Whole => None,
        Tail::Torn => Some(CutOff {
            path: segment.path.clone(),
            offset: scan.end,
            bytes: bytes.len() as u64 - scan.end,
        }),
    };
    let file = layer.open(&segment.path)?;
    if cut.is_some() {
        file.set_len(scan.end)?;
    }
    // After a kill (not a power cut) whole records may be there that nobody has synced.
    file.sync()?;
    segment.set_len(scan.end);
    Ok((scan.next, cut))
}

/// What the names alone tell: the log and its snapshots hang together.
fn reaches(dir: &Path, found: &Found) -> Result<(), Error> {
    let floor = found.segments.keys().next().copied();
    let newest = found.snapshots.last().copied().unwrap_or(0);
    if newest >= found.next {
        let path = dir.join(snapshot_name(newest));
        return Err(damaged(
            &path,
            0,
            found.next,
            "the log ends before this snapshot",
        ));
    }
    if let Some(floor) = floor.filter(|f| *f > newest + 1) {
        let path = dir.join(segment_name(floor));
        return Err(damaged(
            &path,
            0,
            newest + 1,
            "neither log nor snapshot goes back so far",
        ));
    }
    Ok(())
}
