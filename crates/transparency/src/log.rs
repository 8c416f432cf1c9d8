//! The log itself: append and wait, read entries and tiles, prove.
//! Never takes back an entry, never shows one that is not under the signed checkpoint.

use core::fmt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use loggia_model::{Clock, Digest};
use loggia_store::FileLayer;
use tokio::sync::{oneshot, watch};

use crate::Error;
use crate::bundle::parse_bundle;
use crate::checkpoint::SignedCheckpoint;
use crate::entry::{Entry, LogKeyChanged, Loggable};
use crate::folder::{Folder, Stored};
use crate::key::{LogKey, Verifier};
use crate::logged::Logged;
use crate::recorders::Named;
use crate::recovery::{Signer, recover};
use crate::tile::{TILE_WIDTH, TileKind, TilePath};
use crate::tree::{consistency, inclusion, leaf_hash, root_at};
use crate::writer::{Job, Reply, Shared, View, Writer};

/// Most entries that wait for the writer: at 340 B each about 6 MB, half a second at 30,000 /s.
const QUEUE_ENTRIES_MAX: usize = 16_384;
/// Most entries in one [`Log::append_many`].
const APPEND_ENTRIES_MAX: usize = 1_024;
/// Most entries that [`Log::entries`] gives at once.
pub(crate) const PAGE_ENTRIES_MAX: usize = 1_000;

/// The public log of one data folder. Cheap to clone; the last clone to go stops the writer after
/// what is queued.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    folder: Folder,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    named: Mutex<Named>,
    jobs: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the log's writer ended badly");
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Log({}, {} entries)",
            self.verifier().name(),
            self.size()
        )
    }
}

/// All that a stranger needs to check one entry offline, with [`crate::verify::receipt`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The entry's place.
    pub index: u64,
    /// Its exact bytes.
    pub entry: Vec<u8>,
    /// Inclusion proof, lowest sibling first.
    pub proof: Vec<Digest>,
    /// The signed checkpoint that the proof leads to.
    pub checkpoint: String,
    /// The log's public key in signed-note form.
    pub log_key: String,
}

impl Log {
    /// Opens or makes the log in `dir` (the data folder's `log/`), recovers it, and starts the
    /// writer. `origin` is the log's name for good, such as `helsinki.example/loggia`.
    ///
    /// # Errors
    /// [`Error::Rollback`], [`Error::Fork`], [`Error::Damaged`], [`Error::WrongTile`] or
    /// [`Error::BadSignature`] if the folder is not the log that was signed; [`Error::Io`].
    pub fn open(
        dir: &Path,
        key: LogKey,
        origin: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        Self::open_on(FileLayer::Real, dir, key, origin, clock)
    }

    /// [`Log::open`] on a given file layer (the power-cut simulator in tests).
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn open_on(
        layer: FileLayer,
        dir: &Path,
        key: LogKey,
        origin: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        Self::open_with_next(layer, dir, key, None, origin, clock)
    }

    /// [`Log::open_on`] with the key that is to come, if one was drawn. It is in force if the log
    /// was handed over to it (before a crash, even if only the entry got through): see
    /// [`Log::verifier`].
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn open_with_next(
        layer: FileLayer,
        dir: &Path,
        key: LogKey,
        next: Option<LogKey>,
        origin: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let signer = Signer::new(key, origin)?;
        let next = next.map(|key| Signer::new(key, origin)).transpose()?;
        let folder = Folder::open(dir, layer)?;
        let (recovered, signer) = recover(&folder, signer, next)?;
        let shared = Arc::new(Shared::new(View {
            edge: recovered.edge.clone(),
            signed: recovered.signed.clone(),
            verifier: signer.verifier.clone(),
        }));
        let writer = Writer::new(folder.clone(), signer, Arc::clone(&shared), recovered);
        let (jobs, queue) = mpsc::sync_channel(QUEUE_ENTRIES_MAX);
        let writer = std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || writer.run(&queue))
            .map_err(|e| Error::Stopped(format!("the writer could not start: {e}")))?;
        let (jobs, writer) = (Some(jobs), Some(writer));
        Ok(Self(Arc::new(Inner {
            folder,
            shared,
            clock,
            named: Mutex::default(),
            jobs,
            writer,
        })))
    }

    /// Appends and waits until the entry is durable and under a signed checkpoint. Blocks for
    /// about two syncs; callers at the same time share them.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::DiskFull`], [`Error::Stopped`], [`Error::Malformed`].
    pub fn append<T: Loggable>(&self, value: T) -> Result<Logged<T>, Error> {
        let at = self.now();
        let bytes = Entry {
            at,
            event: value.event(),
        }
        .to_bytes()?;
        let index = self.wait(vec![bytes])?;
        Ok(Logged::new(value, index, at))
    }

    /// Keeps a minute's lines beside the log and drops those that are too old.
    pub(crate) fn keep_lines(&self, hour: u32, block: &[u8]) -> Result<(), Error> {
        let since = hour.saturating_sub(crate::minutes::HEADS_KEPT_H);
        self.0
            .folder
            .append_hour(crate::minutes::FOLDER, hour, since, block)
    }

    /// [`Log::append`] for several at once, in order: all of them or none.
    ///
    /// # Errors
    /// As [`Log::append`], and [`Error::TooMany`] above 1,024.
    pub fn append_many<T: Loggable>(&self, values: Vec<T>) -> Result<Vec<Logged<T>>, Error> {
        if values.len() > APPEND_ENTRIES_MAX {
            return Err(Error::TooMany {
                given: values.len(),
                max: APPEND_ENTRIES_MAX,
            });
        }
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let at = self.now();
        let bytes = values.iter().map(|v| {
            Entry {
                at,
                event: v.event(),
            }
            .to_bytes()
        });
        let first = self.wait(bytes.collect::<Result<_, _>>()?)?;
        Ok((first..)
            .zip(values)
            .map(|(index, v)| Logged::new(v, index, at))
            .collect())
    }

    /// [`Log::append`] for async callers.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub async fn append_async<T: Loggable>(&self, value: T) -> Result<Logged<T>, Error> {
        let at = self.now();
        let bytes = Entry {
            at,
            event: value.event(),
        }
        .to_bytes()?;
        let (reply, answer) = oneshot::channel();
        self.enqueue(vec![bytes], Reply::Task(reply), None)?;
        let index = answer.await.map_err(|_| ended())??;
        Ok(Logged::new(value, index, at))
    }

    pub(crate) fn named(&self) -> &Mutex<Named> {
        &self.0.named
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.clock.now().secs()
    }

    fn wait(&self, entries: Vec<Vec<u8>>) -> Result<u64, Error> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.enqueue(entries, Reply::Thread(reply), None)?;
        answer.recv().map_err(|_| ended())?
    }

    fn enqueue(
        &self,
        entries: Vec<Vec<u8>>,
        reply: Reply,
        next: Option<Box<Signer>>,
    ) -> Result<(), Error> {
        let (queued, count) = (&self.0.shared.queued, entries.len());
        let busy = || Error::Busy {
            queued: queued.load(Ordering::Relaxed),
        };
        queued
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                Some(n + count).filter(|n| *n <= QUEUE_ENTRIES_MAX)
            })
            .map_err(|_| busy())?;
        let jobs = self.0.jobs.as_ref().ok_or_else(ended)?;
        jobs.try_send(Job {
            entries,
            reply,
            next,
        })
        .map_err(|e| {
            queued.fetch_sub(count, Ordering::Relaxed);
            match e {
                TrySendError::Full(_) => busy(),
                TrySendError::Disconnected(_) => ended(),
            }
        })
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.0.folder
    }

    fn view(&self) -> Arc<View> {
        self.0.shared.view()
    }

    /// Entries under the present checkpoint.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.view().edge.size()
    }

    /// Follows the size (for live pages).
    #[must_use]
    pub fn watch_size(&self) -> watch::Receiver<u64> {
        self.0.shared.size.subscribe()
    }

    /// The present signed checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> SignedCheckpoint {
        self.view().signed.clone()
    }

    /// The log's public key in force.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        self.view().verifier.clone()
    }

    /// Hands the log over to its next key: one entry, the last under the key before, in a
    /// checkpoint that both sign; from the next entry on the new key signs alone. `statement` is
    /// the hash of what both groups of custodians signed. The old key should be destroyed now.
    ///
    /// # Errors
    /// As [`Log::append`]; nothing has changed then. [`Error::Malformed`] for the key in force.
    pub fn hand_over(
        &self,
        next: LogKey,
        statement: Digest,
    ) -> Result<Logged<LogKeyChanged>, Error> {
        let now = self.verifier();
        let next = Signer::new(next, now.name())?;
        if next.verifier == now {
            return Err(Error::malformed("log key", "it is the one in force"));
        }
        let value = LogKeyChanged {
            key: Digest(*next.verifier.public()),
            statement,
        };
        let at = self.now();
        let bytes = Entry {
            at,
            event: value.event(),
        }
        .to_bytes()?;
        let (reply, answer) = mpsc::sync_channel(1);
        self.enqueue(vec![bytes], Reply::Thread(reply), Some(Box::new(next)))?;
        let index = answer.recv().map_err(|_| ended())??;
        Ok(Logged::new(value, index, at))
    }

    /// The checkpoint with which the log was handed over for the `n`th time (from 1), if it was.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn succession(&self, n: u32) -> Result<Option<String>, Error> {
        let note = self.0.folder.read(&crate::succession::place(n))?;
        Ok(note.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// A tile or entry bundle, full or partial, of the present tree.
    ///
    /// # Errors
    /// [`Error::NotThere`] if the tree has not grown so far; [`Error::WrongTile`].
    pub fn tile(&self, path: &TilePath) -> Result<Vec<u8>, Error> {
        self.0.folder.tile(&self.view().edge, path)
    }

    /// The exact bytes of up to `limit` (≤ 1,000) entries from `from`.
    ///
    /// # Errors
    /// [`Error::WrongTile`] or [`Error::Malformed`] if a bundle on disk is damaged.
    pub fn raw_entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Error> {
        let view = self.view();
        let limit = limit.min(PAGE_ENTRIES_MAX) as u64;
        let end = from.saturating_add(limit).min(view.edge.size());
        let (mut at, mut out) = (from, Vec::new());
        while at < end {
            let (kind, index) = (TileKind::Entries, at >> 8);
            let width = TilePath::width_at(kind, index, view.edge.size());
            let path = TilePath { kind, index, width };
            let bytes = self.0.folder.tile(&view.edge, &path)?;
            let bundle = parse_bundle(&bytes, &path.to_string())?;
            if bundle.0.len() != usize::from(width) {
                let why = format!("{} entries instead of {width}", bundle.0.len());
                return Err(Error::WrongTile {
                    path: path.to_string(),
                    why,
                });
            }
            let first = index * u64::from(TILE_WIDTH);
            for (i, entry) in (first..).zip(bundle.0) {
                if (at..end).contains(&i) {
                    out.push((i, entry.to_vec()));
                }
            }
            at = first + u64::from(TILE_WIDTH);
        }
        Ok(out)
    }

    /// Up to `limit` (≤ 1,000) entries from `from`, with their places.
    ///
    /// # Errors
    /// As [`Log::raw_entries`].
    pub fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Entry)>, Error> {
        self.raw_entries(from, limit)?
            .into_iter()
            .map(|(i, bytes)| Ok((i, Entry::parse(&bytes, &format!("entry {i}"))?)))
            .collect()
    }

    /// Proof that entry `index` is in the tree of `size` entries, lowest sibling first.
    ///
    /// # Errors
    /// [`Error::NotThere`]; [`Error::WrongTile`].
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Digest>, Error> {
        let view = self.view();
        check_size(size, &view)?;
        inclusion(&mut Stored::new(&self.0.folder, &view.edge), index, size)
    }

    /// Proof that the tree of `to` entries begins with the tree of `from`.
    ///
    /// # Errors
    /// [`Error::NotThere`]; [`Error::WrongTile`].
    pub fn consistency_proof(&self, from: u64, to: u64) -> Result<Vec<Digest>, Error> {
        let view = self.view();
        check_size(to, &view)?;
        consistency(&mut Stored::new(&self.0.folder, &view.edge), from, to)
    }

    /// Root of the tree of the first `size` entries.
    ///
    /// # Errors
    /// [`Error::NotThere`]; [`Error::WrongTile`].
    pub fn root_at(&self, size: u64) -> Result<Digest, Error> {
        let view = self.view();
        check_size(size, &view)?;
        root_at(&mut Stored::new(&self.0.folder, &view.edge), size)
    }

    /// Leaf hash of entry `index`, from the tiles.
    ///
    /// # Errors
    /// [`Error::NotThere`]; [`Error::WrongTile`].
    pub fn leaf_hash_at(&self, index: u64) -> Result<Digest, Error> {
        let entry = self.one(index)?;
        Ok(leaf_hash(&entry))
    }

    fn one(&self, index: u64) -> Result<Vec<u8>, Error> {
        let mut page = self.raw_entries(index, 1)?;
        page.pop().map(|(_, bytes)| bytes).ok_or_else(|| {
            Error::NotThere(format!(
                "there is no entry {index} in a log of {}",
                self.size()
            ))
        })
    }

    /// The proof for what was logged earlier (before a restart): reads entry `index` back and
    /// compares it with `value`. Nothing is proven that does not stand in the log.
    ///
    /// # Errors
    /// [`Error::NotThere`] if the entry is another one, or there is none.
    pub fn recall<T: Loggable>(&self, value: T, index: u64) -> Result<Logged<T>, Error> {
        let entry = Entry::parse(&self.one(index)?, &format!("entry {index}"))?;
        if entry.event != value.event() {
            return Err(Error::NotThere(format!("entry {index} is another one")));
        }
        Ok(Logged::new(value, index, entry.at))
    }

    /// Entry, proof, checkpoint and key in one, for export bundles.
    ///
    /// # Errors
    /// [`Error::NotThere`]; [`Error::WrongTile`].
    pub fn receipt(&self, index: u64) -> Result<Receipt, Error> {
        let checkpoint = self.checkpoint();
        Ok(Receipt {
            index,
            entry: self.one(index)?,
            proof: self.inclusion_proof(index, checkpoint.size())?,
            checkpoint: checkpoint.note().to_owned(),
            log_key: self.verifier().to_string(),
        })
    }
}

fn check_size(size: u64, view: &View) -> Result<(), Error> {
    let have = view.edge.size();
    if size > have {
        return Err(Error::NotThere(format!(
            "the log has {have} entries, not {size}"
        )));
    }
    Ok(())
}

fn ended() -> Error {
    Error::Stopped("its writer has ended".to_owned())
}
