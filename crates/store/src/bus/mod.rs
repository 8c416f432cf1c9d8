//! The city's records in one append-only log: what is true, its history, the stream of changes and
//! the outbox of what has to be told. Never looks into a record, never acknowledges one that is not
//! on disk unless asked to, never drops one without saying which.

mod copy;
mod cursors;
mod frame;
mod group;
mod head;
mod queue;
mod reader;
mod retention;
mod segments;
mod snapshot;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

pub use copy::{Copied, copy_log, restore_log};
pub use cursors::{CURSOR_NAME_MAX, CURSORS_MAX};
pub use frame::{BODY_BYTES_MAX, HEAD_LEN, HEADER_LEN, Scan, Tail, record_len, scan};
pub use group::{Entry, Record};
pub use queue::{Health, Ticket};
pub use reader::Reader;
pub use retention::{Lapse, Retention, Trimmed};
pub use segments::CutOff;
pub use snapshot::{Snapshot, State};

use crate::{Error, FileLayer};
use queue::lock;
use segments::{Segment, Segments};

/// Where the log lies in the data folder.
pub const BUS: &str = "bus";
/// A segment: 64 MiB are 110,000 records of 600 B, 10 s at 11,000 a second and 18 min at 100; a
/// start reads one of them, in 50 ms.
pub const SEGMENT_BYTES: u64 = 64 << 20;
/// Bytes that may wait for the disk: 40 s of 6,000 records of 600 B a second, half a segment and
/// twice eight of the largest records' size.
pub const QUEUE_BYTES: usize = 32 << 20;
/// Records that may wait: 10 s at 6,000 a second, as many as a caller waits for at most.
pub const QUEUE_RECORDS: usize = 65_536;
/// Newest records in memory: 16 MiB are 27,000 of 600 B, 4 s at 6,000 a second, so a reader that
/// is a few syncs late asks no disk.
pub const MEMORY_BYTES: usize = 16 << 20;
/// Places of cursors are written this often: after a crash at most so much comes again. 10,000
/// cursors of 50 B make 0.5 MB/s and two syncs.
pub const CURSOR_INTERVAL: Duration = Duration::from_secs(1);

/// What a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ack {
    /// Until the record is on disk.
    #[default]
    Disk,
    /// Not at all: a power cut or kill loses what was not yet synced. Its number may then be given
    /// to another record, which no reader can confuse, for readers see only what is on disk.
    Memory,
}

/// How the log is kept.
#[derive(Debug, Clone)]
pub struct BusConfig {
    /// A new log's own number, drawn at random by the caller. An old log keeps its own.
    pub log_id: u64,
    /// Size of a segment, bytes.
    pub segment_bytes: u64,
    /// Bytes that may wait for the disk.
    pub queue_bytes: usize,
    /// Records that may wait for the disk.
    pub queue_records: usize,
    /// Bytes of newest records kept in memory.
    pub memory_bytes: usize,
    /// How often cursors are written.
    pub cursor_interval: Duration,
    /// Where files are kept.
    pub layer: FileLayer,
}

impl BusConfig {
    /// The limits of this release.
    #[must_use]
    pub fn new(log_id: u64, layer: FileLayer) -> Self {
        Self {
            log_id,
            segment_bytes: SEGMENT_BYTES,
            queue_bytes: QUEUE_BYTES,
            queue_records: QUEUE_RECORDS,
            memory_bytes: MEMORY_BYTES,
            cursor_interval: CURSOR_INTERVAL,
            layer,
        }
    }

    fn check(&self) -> Result<(), Error> {
        let group_fits = self.queue_bytes as u64 + HEADER_LEN as u64 <= self.segment_bytes;
        if !group_fits || self.segment_bytes > u64::from(u32::MAX) {
            return Err(Error::Refused(
                "a segment has room for the whole queue and at most 4 GiB".to_owned(),
            ));
        }
        if self.queue_records == 0 || self.queue_records > frame::PLACE_MAX as usize {
            return Err(Error::Refused(format!(
                "1 to {} records may wait",
                frame::PLACE_MAX
            )));
        }
        Ok(())
    }
}

/// What threads, readers and callers have in common.
#[derive(Debug)]
struct Log {
    dir: PathBuf,
    layer: FileLayer,
    id: u64,
    queue: queue::Queue,
    head: head::Newest,
    segments: Mutex<Segments>,
    /// Numbers of the snapshots, oldest first.
    snapshots: Mutex<Vec<u64>>,
    cursors: cursors::Cursors,
    /// Held by a trim, a snapshot and a copy: files do not go while they are copied.
    tidying: Mutex<()>,
}

impl Log {
    fn segments(&self) -> MutexGuard<'_, Segments> {
        lock(&self.segments)
    }

    /// The segment in which a durable record is.
    fn kept(&self, seq: u64) -> Result<Arc<Segment>, Error> {
        let segments = self.segments();
        let found = segments.range(..=seq).next_back();
        found.map(|(_, s)| s.clone()).ok_or_else(|| {
            let floor = segments.keys().next().copied();
            let to = floor.unwrap_or(self.head.durable() + 1) - 1;
            Error::Lapped { from: seq, to }
        })
    }
}

/// How the log stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How the writer fares.
    pub health: Health,
    /// The oldest record in the log.
    pub floor: u64,
    /// The newest record on disk; 0 if there is none.
    pub durable: u64,
    /// Bytes of the log.
    pub bytes: u64,
    /// Bytes and records that wait for the disk.
    pub waiting: (usize, usize),
    /// Records refused since the start because the queue or the disk was full.
    pub refused: u64,
}

/// The log. Share it in an `Arc`; dropping the last one writes what waits.
#[derive(Debug)]
pub struct Bus {
    log: Arc<Log>,
    threads: Vec<JoinHandle<()>>,
    cut: Option<CutOff>,
}

impl Bus {
    /// Opens or makes the log in `dir`, cuts a torn end (see [`Self::cut_off`]) and starts the
    /// threads `loggia-bus` and `loggia-cursors`. Writes no file until there is something in it.
    ///
    /// # Errors
    /// [`Error::LogDamaged`] if the end of the log is damaged where it had been whole.
    pub fn open(dir: &Path, config: BusConfig) -> Result<Self, Error> {
        config.check()?;
        let layer = config.layer.clone();
        layer.make_dirs(dir)?;
        let places = cursors::read(dir, &layer)?;
        let found = segments::find(dir, &layer)?;
        if let (Some(theirs), Some(ours)) = (places.log, found.log)
            && theirs != ours
        {
            let path = dir.join(cursors::CURSORS);
            return Err(Error::malformed(&path, "it belongs to another log"));
        }
        if places.durable >= found.next {
            let last = found.segments.values().next_back();
            let path = last.map_or_else(|| dir.to_owned(), |s| s.path.clone());
            let at = last.map_or(0, |s| s.len());
            let why = format!("the log had been kept up to record {}", places.durable);
            return Err(segments::damaged(&path, at, found.next, &why));
        }
        let id = found.log.or(places.log).unwrap_or(config.log_id);
        let log = Arc::new(Log {
            dir: dir.to_owned(),
            id,
            queue: queue::Queue::new(found.next, config.queue_bytes, config.queue_records),
            head: head::Newest::new(found.next - 1, config.memory_bytes),
            segments: Mutex::new(found.segments),
            snapshots: Mutex::new(found.snapshots),
            cursors: cursors::Cursors::new(dir, layer.clone(), id, places),
            tidying: Mutex::default(),
            layer,
        });
        let writer = writer::Writer::new(log.clone(), config.segment_bytes)?;
        let keeper = log.clone();
        let mut bus = Self {
            log,
            threads: Vec::new(),
            cut: found.cut,
        };
        bus.start("loggia-bus", move || writer.run())?;
        let interval = config.cursor_interval;
        bus.start("loggia-cursors", move || keep_cursors(&keeper, interval))?;
        Ok(bus)
    }

    fn start(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread
            .spawn(run)
            .map_err(|e| Error::files("start a thread for", &self.log.dir, e))?;
        self.threads.push(thread);
        Ok(())
    }

    /// The torn end that this start cut off, if there was one.
    #[must_use]
    pub fn cut_off(&self) -> Option<&CutOff> {
        self.cut.as_ref()
    }

    /// Hands in a record and goes on; its number is in the ticket.
    ///
    /// # Errors
    /// [`Error::Busy`] if the queue is full, and then nothing was taken; [`Error::Refused`] if it
    /// is too long; [`Error::WriterStopped`] after the disk failed.
    pub fn append(&self, entry: Entry<'_>) -> Result<Ticket, Error> {
        self.log.queue.push(&[entry])
    }

    /// Hands in records under consecutive numbers, all or none. The ticket is the last one's. They
    /// are synced together; a power cut before that may leave the first few.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn append_all(&self, entries: &[Entry<'_>]) -> Result<Ticket, Error> {
        self.log.queue.push(entries)
    }

    /// Hands in a record and waits as `ack` says, at most for `patience`; gives its number.
    ///
    /// # Errors
    /// As [`Self::append`] and [`Ticket::wait`].
    pub fn put(&self, entry: Entry<'_>, ack: Ack, patience: Duration) -> Result<u64, Error> {
        let ticket = self.append(entry)?;
        match ack {
            Ack::Disk => ticket.wait(patience),
            Ack::Memory => Ok(ticket.seq()),
        }
    }

    /// Reads from record `from` on.
    #[must_use]
    pub fn reader(&self, from: u64) -> Reader {
        Reader::new(self.log.clone(), from)
    }

    /// Waits until there is a durable record newer than `seq`, at most for `patience`; gives the
    /// newest durable one.
    #[must_use]
    pub fn wait_newer(&self, seq: u64, patience: Duration) -> u64 {
        self.log.head.wait(seq.saturating_add(1), patience)
    }

    /// The newest record on disk; 0 if there is none.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.log.head.durable()
    }

    /// How the log stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let (floor, bytes) = {
            let segments = self.log.segments();
            let bytes = segments.values().map(|s| s.len()).sum();
            (segments.keys().next().copied(), bytes)
        };
        let durable = self.durable();
        Standing {
            health: self.log.queue.health(),
            floor: floor.unwrap_or(durable + 1),
            durable,
            bytes,
            waiting: self.log.queue.waiting(),
            refused: self.log.queue.refused(),
        }
    }

    /// Makes a named cursor that has done everything up to `done`, unless it is there already;
    /// gives how far it has come. It holds the log from there on. On disk within
    /// [`CURSOR_INTERVAL`]: who needs it sooner asks for [`Self::keep_cursors`].
    ///
    /// # Errors
    /// [`Error::Refused`] for a name or number of cursors beyond the limits.
    pub fn open_cursor(&self, name: &str, done: u64) -> Result<u64, Error> {
        self.log.cursors.open(name, done.min(self.durable()))
    }

    /// Everything up to record `done` is done for this cursor. Never goes back.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is no such cursor, or no such record on disk yet.
    pub fn advance(&self, name: &str, done: u64) -> Result<(), Error> {
        if done > self.durable() {
            return Err(Error::Refused(format!("record {done} is not on disk yet")));
        }
        self.log.cursors.advance(name, done)
    }

    /// Ends a cursor; fine if it is not there.
    pub fn remove_cursor(&self, name: &str) {
        self.log.cursors.remove(name);
    }

    /// How far a cursor has come.
    #[must_use]
    pub fn cursor(&self, name: &str) -> Option<u64> {
        self.log.cursors.place(name)
    }

    /// All cursors by name, and how far each has come.
    #[must_use]
    pub fn cursors(&self) -> Vec<(String, u64)> {
        self.log.cursors.all()
    }

    /// Writes the cursors' places now.
    pub fn keep_cursors(&self) -> Result<(), Error> {
        self.log.cursors.keep(|| self.durable())
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.log.queue.close();
        self.log.cursors.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the log ended badly");
            }
        }
        // With the newest number, so that the next start knows how far the log reached.
        if self.log.head.durable() > 0 {
            self.log.cursors.touch();
        }
        if let Err(e) = self.keep_cursors() {
            tracing::error!(error = %e, "places of cursors were not kept: some records come again");
        }
    }
}

fn keep_cursors(log: &Log, interval: Duration) {
    while log.cursors.pause(interval) {
        if let Err(e) = log.cursors.keep(|| log.head.durable()) {
            tracing::warn!(error = %e, "places of cursors are not kept for now");
        }
    }
}
