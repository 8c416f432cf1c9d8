//! Sealed records on disk: append-only segments by hour, shared by all cameras, with an index.
//! Never takes anything that is not `Sealed`, never serves a byte that does not match its hash.

mod index;
mod queue;
mod recovery;
mod retire;
mod row;
mod writer;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use loggia_model::{At, CameraId, Digest, Hour, SpanId};
use loggia_seal::{Head, Record, RecorderPublic, Sealed};

pub use queue::{Health, NoRoom, NotTaken, QUEUE_BYTES, QUEUE_RECORDS};
pub use recovery::{Disagreement, Recovery, TornTail};
pub use retire::Deleted;
pub use row::{DurableHead, GapRow, Place, RecordRow, SpanRow, SpanState, Totals};

use crate::db::{Db, Durability};
use crate::{Error, FileLayer};

/// Where segments lie in the data folder.
pub const BLOBS: &str = "blobs";
/// Where held spans lie in the data folder after their hour was deleted.
pub const HELD: &str = "held";
/// The index in the data folder.
pub const INDEX: &str = "index.sqlite";

/// Rows that one question may give: a day of one camera in one-second pieces is 86,400.
pub const ROWS_MAX: usize = 100_000;
/// Default sync interval: at most this much is lost in a power cut, plus the time of one sync.
pub const SYNC_INTERVAL: Duration = Duration::from_millis(500);
/// Default segment size: 1 GiB is 5 s of 400 cameras, 37 min of one; small enough to copy.
const SEGMENT_BYTES: u64 = 1 << 30;
/// Default space left for database, log and keys: the log grows by 0.5 kB an entry, so 1 GiB lasts
/// for years after footage has filled the rest.
const RESERVE_BYTES: u64 = 1 << 30;

/// How blobs are kept.
#[derive(Debug, Clone)]
pub struct BlobsConfig {
    /// Longest time between a put and its sync, while the disk keeps up.
    pub sync_interval: Duration,
    /// A segment that has grown to this many bytes is closed.
    pub segment_bytes: u64,
    /// Bytes that may wait to be written.
    pub queue_bytes: usize,
    /// Records that may wait to be written.
    pub queue_records: usize,
    /// Recording stops as on a full disk when less than this would stay free, bytes.
    pub reserve_bytes: u64,
    /// Recording stops as on a full disk when segments would take more than this, bytes.
    pub quota_bytes: Option<u64>,
    /// Public keys of the recorders whose records may be found on disk.
    pub recorders: Vec<RecorderPublic>,
    /// Where files are kept.
    pub layer: FileLayer,
    /// The index's file when it is not `index.sqlite` in the data folder.
    pub index: Option<PathBuf>,
}

impl Default for BlobsConfig {
    fn default() -> Self {
        Self {
            sync_interval: SYNC_INTERVAL,
            segment_bytes: SEGMENT_BYTES,
            queue_bytes: QUEUE_BYTES,
            queue_records: QUEUE_RECORDS,
            reserve_bytes: RESERVE_BYTES,
            quota_bytes: None,
            recorders: Vec::new(),
            layer: FileLayer::Real,
            index: None,
        }
    }
}

/// What the writer thread and the callers share.
#[derive(Debug)]
struct Shared {
    queue: queue::Queue,
    db: Db,
    dir: PathBuf,
    layer: FileLayer,
    reserve: u64,
    quota: Option<u64>,
    used: AtomicU64,
    heads: Mutex<HashMap<CameraId, DurableHead>>,
    commits: tokio::sync::watch::Sender<u64>,
    /// One deletion at a time: a copy in the making looks like one to be removed.
    deleting: Mutex<()>,
}

/// The footage of all cameras. Share it in an `Arc`; dropping the last one writes what waits.
#[derive(Debug)]
pub struct Blobs {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
    recovery: Recovery,
    recorders: Vec<RecorderPublic>,
    sync_interval: Duration,
}

impl Blobs {
    /// Opens or makes the footage in the data folder `dir`, mends what a crash left (see
    /// [`Self::recovery`]), and starts the writer thread `loggia-blobs`.
    ///
    /// # Errors
    /// [`Error::UnknownRecorder`] if unindexed footage is signed by a key that is not in
    /// `config.recorders`: nothing is cut then.
    pub fn open(dir: &Path, config: BlobsConfig) -> Result<Self, Error> {
        let layer = config.layer.clone();
        layer.make_dirs(&dir.join(BLOBS))?;
        let index = config.index.clone().unwrap_or_else(|| dir.join(INDEX));
        let db = Db::open_with(&index, Durability::Derived)?;
        db.migrate("blobs", &index::STEPS)?;
        let (recovery, next_id) = recovery::recover(&db, &layer, dir, &config.recorders)?;
        let mut heads = HashMap::new();
        let mut folder = HashMap::new();
        for (head, hour) in db.read(index::heads)? {
            heads.insert(head.camera, head);
            folder.insert(head.camera, (None, hour));
        }
        let used =
            db.read(|tx| Ok::<_, Error>(index::segments(tx)?.iter().map(|s| s.len).sum::<u64>()))?;
        let shared = Arc::new(Shared {
            queue: queue::Queue::new(config.queue_bytes, config.queue_records),
            db,
            dir: dir.to_owned(),
            layer,
            reserve: config.reserve_bytes,
            quota: config.quota_bytes,
            used: AtomicU64::new(used),
            heads: Mutex::new(heads),
            commits: tokio::sync::watch::Sender::new(0),
            deleting: Mutex::new(()),
        });
        let (recorders, sync_interval) = (config.recorders.clone(), config.sync_interval);
        let writer = writer::Writer::new(shared.clone(), dir, config, folder, next_id);
        let writer = std::thread::Builder::new()
            .name("loggia-blobs".to_owned())
            .spawn(move || writer.run())
            .map_err(|e| Error::files("start the writer of", dir, e))?;
        Ok(Self {
            shared,
            writer: Some(writer),
            recovery,
            recorders,
            sync_interval,
        })
    }

    /// What had to be mended at the start.
    #[must_use]
    pub const fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Hands a record to the writer; never blocks. Records of one camera are to be put in chain
    /// order. A record that is not taken comes back: its place in the chain is used, so put it
    /// again before the next one, or rewind the chain to the record before it. Better ask
    /// [`Self::room`] before sealing.
    pub fn put(&self, record: Sealed) -> Result<(), NotTaken> {
        self.shared.queue.put(record)
    }

    /// Whether a piece of so many bytes of this camera would be taken now. A yes leaves an eighth
    /// of the queue for pieces that are being sealed meanwhile.
    pub fn room(&self, camera: CameraId, bytes: usize) -> Result<(), NoRoom> {
        self.shared.queue.room(camera, bytes)
    }

    /// Whether the writer works, waits for space or has stopped: the alarm.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.queue.health()
    }

    /// Bytes put and not yet written.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.shared.queue.bytes()
    }

    /// Longest time between a put and its sync, while the disk keeps up.
    #[must_use]
    pub const fn sync_interval(&self) -> Duration {
        self.sync_interval
    }

    /// Waits until everything put before is durable and indexed.
    pub fn flush(&self) -> Result<(), NoRoom> {
        self.shared.queue.flush()
    }

    /// Counts the writer's commits; changes each time more records have become durable.
    #[must_use]
    pub fn commits(&self) -> tokio::sync::watch::Receiver<u64> {
        self.shared.commits.subscribe()
    }

    /// The last durable record of a camera; everything before it is durable too.
    #[must_use]
    pub fn durable(&self, camera: CameraId) -> Option<DurableHead> {
        self.shared.heads().get(&camera).copied()
    }

    /// Where a camera's chain goes on, and the last span number used: for `Chain::new`.
    #[must_use]
    pub fn resume(&self, camera: CameraId) -> (Head, u64) {
        match self.durable(camera) {
            Some(h) => (
                Head {
                    seq: h.seq,
                    hash: h.hash,
                },
                h.span.0,
            ),
            None => (Head::default(), 0),
        }
    }

    /// Every camera's last durable record, by camera: for the minute's root over all chain heads.
    #[must_use]
    pub fn heads(&self) -> Vec<DurableHead> {
        let mut all: Vec<DurableHead> = self.shared.heads().values().copied().collect();
        all.sort_unstable_by_key(|h| h.camera);
        all
    }

    /// The index row of a durable record.
    pub fn record(&self, camera: CameraId, seq: u64) -> Result<RecordRow, Error> {
        let found = self.shared.db.read(|tx| index::record(tx, camera, seq))?;
        found.ok_or(Error::NoRecord { camera, seq })
    }

    /// Index rows of a camera's records `first..=last`, at most [`ROWS_MAX`].
    pub fn records(
        &self,
        camera: CameraId,
        first: u64,
        last: u64,
    ) -> Result<Vec<RecordRow>, Error> {
        self.shared
            .db
            .read(|tx| index::records(tx, camera, first, last, ROWS_MAX))
    }

    /// Spans of a camera that overlap `[from, to)`, in time order.
    pub fn spans(&self, camera: CameraId, from: At, to: At) -> Result<Vec<SpanRow>, Error> {
        self.shared.db.read(|tx| index::spans(tx, camera, from, to))
    }

    /// One span.
    pub fn span(&self, camera: CameraId, span: SpanId) -> Result<Option<SpanRow>, Error> {
        self.shared.db.read(|tx| index::span(tx, camera, span))
    }

    /// Gaps of a camera that overlap `[from, to)`, in time order, at most [`ROWS_MAX`].
    pub fn gaps(&self, camera: CameraId, from: At, to: At) -> Result<Vec<GapRow>, Error> {
        self.shared
            .db
            .read(|tx| index::gaps(tx, camera, from, to, ROWS_MAX))
    }

    /// Hours of which segments are kept (held spans aside), oldest first.
    pub fn hours(&self) -> Result<Vec<Hour>, Error> {
        self.shared.db.read(index::hours)
    }

    /// Figures for the storage forecast.
    pub fn totals(&self) -> Result<Totals, Error> {
        let s = &self.shared;
        let newest = s.heads().values().map(|h| h.end).max();
        Ok(Totals {
            bytes_used: s.used.load(Ordering::Relaxed),
            bytes_free: s.space()?,
            oldest: s.db.read(index::oldest)?,
            newest,
        })
    }

    /// The bytes of a record, header to signature, checked against the hash in the index.
    ///
    /// # Errors
    /// [`Error::Damaged`] if they are not what was sealed; [`Error::NoRecord`] if deleted since.
    pub fn read(&self, row: &RecordRow) -> Result<Vec<u8>, Error> {
        let (camera, seq) = (row.camera, row.seq);
        let gone = || Error::NoRecord { camera, seq };
        let name = self
            .shared
            .db
            .read(|tx| index::segment_name(tx, row.place.segment))?;
        let path = self.shared.dir.join(name.ok_or_else(gone)?);
        let file = self.shared.layer.open_existing(&path)?.ok_or_else(gone)?;
        let len = usize::try_from(row.place.len).unwrap_or(usize::MAX);
        let bytes = file
            .read_at(row.place.offset, len)
            .map_err(|_| Error::Damaged { camera, seq })?;
        let whole = Record::parse_whole(&bytes).map_err(|_| Error::Damaged { camera, seq })?;
        if whole.hash() != row.hash.0 {
            return Err(Error::Damaged { camera, seq });
        }
        Ok(bytes)
    }

    /// [`Self::record`] and [`Self::read`] in one.
    pub fn read_record(&self, camera: CameraId, seq: u64) -> Result<Vec<u8>, Error> {
        self.read(&self.record(camera, seq)?)
    }

    /// Reads every segment and the whole index and says where they disagree; empty is well. Reads
    /// all footage once: for `verify` and tests.
    pub fn audit(&self) -> Result<Vec<Disagreement>, Error> {
        recovery::audit(
            &self.shared.db,
            &self.shared.layer,
            &self.shared.dir,
            &self.recorders,
        )
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the blob writer had panicked");
        }
    }
}

impl Shared {
    fn heads(&self) -> MutexGuard<'_, HashMap<CameraId, DurableHead>> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn advance(&self, heads: impl Iterator<Item = DurableHead>) {
        let mut all = self.heads();
        for h in heads {
            let own = all.entry(h.camera).or_insert(h);
            let span = own.span.max(h.span);
            *own = DurableHead { span, ..h };
        }
        drop(all);
        self.commits.send_modify(|n| *n += 1);
    }

    fn add_used(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes that recording may still take.
    fn space(&self) -> Result<u64, Error> {
        let free = self
            .layer
            .bytes_free(&self.dir)?
            .saturating_sub(self.reserve);
        let quota = self.quota.unwrap_or(u64::MAX);
        Ok(free.min(quota.saturating_sub(self.used.load(Ordering::Relaxed))))
    }

    fn check_space(&self, bytes: u64) -> Result<(), Error> {
        if self.space()? < bytes {
            Err(Error::DiskFull)
        } else {
            Ok(())
        }
    }
}

/// The chain hash as the index keeps it.
fn digest_of(record: &Record<'_>) -> Digest {
    Digest(record.hash())
}
