//! The one thread that writes the log: journal, sync, tiles, checkpoint, then the answers.
//! Never answers before the entry is durable and signed for; never signs what is not durable.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use crate::Error;
use crate::bundle::{next_entry, push_entry};
use crate::checkpoint::SignedCheckpoint;
use crate::edge::Edge;
use crate::folder::{CHECKPOINT, Folder, JOURNAL, JournalFile};
use crate::journal;
use crate::key::Verifier;
use crate::recovery::{self, Recovered, Signer};
use crate::tile::TilePath;

/// Most entries in one batch: at 340 B an entry this is 1.4 MB, written in the time of one sync.
pub(crate) const BATCH_ENTRIES_MAX: usize = 4_096;
/// Most bytes in one batch beyond its first job.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// Beyond this many bytes the journal is begun anew when the writer has nothing else to do.
const JOURNAL_BYTES_IDLE: u64 = 4 << 20;
/// Beyond this many bytes tiles are synced between batches too, so that the journal is bounded.
const JOURNAL_BYTES_BUSY: u64 = 256 << 20;
/// Tiles synced per batch then: more than the 32 that a full batch makes.
const SETTLE_PER_BATCH: usize = 64;
/// How long the writer waits for work before it syncs tiles. They reach the disk by themselves
/// meanwhile, which makes the sync cheap.
const IDLE: Duration = Duration::from_secs(2);

/// What readers see: a tree and the checkpoint over it.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) edge: Edge,
    pub(crate) signed: SignedCheckpoint,
    /// The key in force.
    pub(crate) verifier: Verifier,
}

/// Between the writer, its callers and the readers.
#[derive(Debug)]
pub(crate) struct Shared {
    view: RwLock<Arc<View>>,
    /// Entries that wait for the writer.
    pub(crate) queued: AtomicUsize,
    pub(crate) size: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new(view: View) -> Self {
        let size = watch::Sender::new(view.edge.size());
        let view = RwLock::new(Arc::new(view));
        Self {
            view,
            queued: AtomicUsize::new(0),
            size,
        }
    }

    pub(crate) fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, view: View) {
        let size = view.edge.size();
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
        self.size.send_replace(size);
    }
}

/// Where the index of the first entry of a job goes.
pub(crate) enum Reply {
    Thread(SyncSender<Result<u64, Error>>),
    Task(oneshot::Sender<Result<u64, Error>>),
}

impl Reply {
    fn send(self, answer: Result<u64, Error>) {
        // Nobody may be waiting any more; the entries stand all the same.
        match self {
            Self::Thread(to) => drop(to.try_send(answer)),
            Self::Task(to) => drop(to.send(answer)),
        }
    }
}

/// Entries that are appended together.
pub(crate) struct Job {
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) reply: Reply,
    /// The key that signs from here on, when the one entry of this job hands the log over to it.
    pub(crate) next: Option<Box<Signer>>,
}

impl Job {
    fn bytes(&self) -> usize {
        self.entries.iter().map(Vec::len).sum()
    }
}

pub(crate) struct Writer {
    folder: Folder,
    signer: Signer,
    shared: Arc<Shared>,
    edge: Edge,
    journal: JournalFile,
    /// Hands the log over and is therefore a batch of its own, the next.
    held_over: Option<Job>,
    unsettled: VecDeque<TilePath>,
    /// Partial tiles under the present checkpoint; those of the one before are removed after each
    /// publication, so that a mirror that just read the old checkpoint still finds its tiles.
    partials: Vec<TilePath>,
    partials_before: Vec<TilePath>,
    /// Set when it is not known what is on disk; only a restart finds out.
    stopped: Option<String>,
}

impl Writer {
    pub(crate) fn new(
        folder: Folder,
        signer: Signer,
        shared: Arc<Shared>,
        recovered: Recovered,
    ) -> Self {
        let Recovered {
            edge,
            journal,
            unsettled,
            ..
        } = recovered;
        let partials = edge.partials().into_iter().map(|(p, _)| p).collect();
        let unsettled = unsettled.into();
        Self {
            folder,
            signer,
            shared,
            edge,
            journal,
            held_over: None,
            unsettled,
            partials,
            partials_before: Vec::new(),
            stopped: None,
        }
    }

    /// Runs until all senders are gone.
    pub(crate) fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let first = match self
                .held_over
                .take()
                .map_or_else(|| jobs.recv_timeout(IDLE), Ok)
            {
                Ok(job) => job,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    // Nothing to do: sync tiles one by one, as long as nobody asks.
                    match self.settle_while_idle(jobs) {
                        Some(job) => job,
                        None => continue,
                    }
                }
            };
            let batch;
            (batch, self.held_over) = gather(first, jobs);
            self.commit(batch);
            if self.journal.len() > JOURNAL_BYTES_BUSY {
                self.settle(SETTLE_PER_BATCH);
            }
        }
    }

    fn settle_while_idle(&mut self, jobs: &Receiver<Job>) -> Option<Job> {
        while self.stopped.is_none() && self.journal.len() > JOURNAL_BYTES_IDLE {
            match jobs.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if !self.settle(1) {
                return None;
            }
        }
        None
    }

    /// Syncs up to `count` full tiles; once all are durable the journal begins anew. False if the
    /// disk refused: nothing is lost, it is tried again later.
    fn settle(&mut self, count: usize) -> bool {
        for _ in 0..count {
            let Some(tile) = self.unsettled.front() else {
                break;
            };
            if let Err(error) = self.folder.sync_tile(tile) {
                tracing::warn!(%error, "a tile of the log could not be synced");
                return false;
            }
            self.unsettled.pop_front();
        }
        if !self.unsettled.is_empty() {
            return true;
        }
        match self.begin_journal() {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "the log's journal could not be begun anew");
                // The old journal may or may not have been replaced: the open file is not it.
                match self.folder.journal() {
                    Ok(journal) => self.journal = journal,
                    Err(e) => self.stopped = Some(e.to_string()),
                }
                false
            }
        }
    }

    /// Replaces the journal by one that begins at the unfinished bundle.
    fn begin_journal(&mut self) -> Result<(), Error> {
        let size = self.edge.size();
        let count = (size % 256) as u32;
        let base = size - u64::from(count);
        let mut bytes = journal::head(base);
        if count > 0 {
            bytes.extend(journal::batch(base, count, self.edge.bundle())?);
        }
        self.folder.replace(JOURNAL, &bytes)?;
        self.journal = self.folder.journal()?;
        Ok(())
    }

    fn commit(&mut self, mut batch: Vec<Job>) {
        let count: usize = batch.iter().map(|j| j.entries.len()).sum();
        let next = batch.first_mut().and_then(|j| j.next.take());
        let outcome = self.write(&batch, next.map(|n| *n));
        self.shared.queued.fetch_sub(count, Ordering::Relaxed);
        match outcome {
            Ok(written) => {
                let mut next = written.start;
                for job in batch {
                    let first = next;
                    next += job.entries.len() as u64;
                    job.reply.send(Ok(first));
                }
            }
            Err(error) => {
                tracing::error!(%error, entries = count, "the public log took no entries");
                for job in batch {
                    job.reply.send(Err(error.clone()));
                }
            }
        }
    }

    fn write(&mut self, batch: &[Job], next: Option<Signer>) -> Result<Range<u64>, Error> {
        if let Some(why) = &self.stopped {
            return Err(Error::Stopped(why.clone()));
        }
        let first = self.edge.size();
        let mut body = Vec::new();
        let mut count = 0u32;
        for entry in batch.iter().flat_map(|j| &j.entries) {
            push_entry(&mut body, entry)?;
            count += 1;
        }
        let bytes = journal::batch(first, count, &body)?;
        let before = self.journal.len();
        if let Err(e) = self.journal.append(&bytes) {
            return Err(self.withdraw(before, e));
        }
        if let Err(e) = self.journal.sync() {
            // After a failed sync the kernel may have dropped the pages: nothing is known.
            self.stopped = Some(e.to_string());
            return Err(Error::Stopped(e.to_string()));
        }
        match self.publish(&body, next) {
            Ok(()) => Ok(first..self.edge.size()),
            Err(e) => Err(self.withdraw(before, e)),
        }
    }

    /// Tiles, checkpoint, view. The entries are durable in the journal.
    fn publish(&mut self, body: &[u8], next: Option<Signer>) -> Result<(), Error> {
        let (mut edge, mut full, mut rest) = (self.edge.clone(), Vec::new(), body);
        while let Some(entry) = next_entry(&mut rest) {
            edge.push(entry, &mut full)?;
        }
        let partials = edge.partials();
        for tile in full.iter().chain(&partials) {
            self.folder.write_tile(tile)?;
        }
        let signed = match next {
            None => recovery::sign(&self.folder, &edge, &self.signer.key, &self.signer.verifier)?,
            Some(next) => self.hand_over(&edge, next)?,
        };
        self.unsettled.extend(full.iter().map(|(p, _)| *p));
        self.edge = edge.clone();
        let verifier = self.signer.verifier.clone();
        self.shared.publish(View {
            edge,
            signed,
            verifier,
        });
        let now: Vec<_> = partials.into_iter().map(|(p, _)| p).collect();
        let last = core::mem::replace(&mut self.partials, now);
        for old in core::mem::replace(&mut self.partials_before, last) {
            if !self.partials.contains(&old) && !self.partials_before.contains(&old) {
                self.folder.remove_tile(&old);
            }
        }
        Ok(())
    }

    /// Signs with both keys; from then on with the next alone.
    fn hand_over(&mut self, edge: &Edge, next: Signer) -> Result<SignedCheckpoint, Error> {
        let signed = recovery::hand_over(&self.folder, edge, &self.signer, &next)?;
        // The folder's `key` is for mirrors; the next start puts it right if this fails.
        if let Err(error) = recovery::keep_key(&self.folder, &next.verifier) {
            tracing::warn!(%error, "the log's new key could not be put beside it");
        }
        self.signer = next;
        Ok(signed)
    }

    /// Takes back a batch that was neither signed nor shown. If the new checkpoint may stand, or
    /// the journal cannot be cut, the writer stops.
    fn withdraw(&mut self, before: u64, cause: Error) -> Error {
        let shown = self.shared.view().signed.note().as_bytes().to_vec();
        let undone = match self.folder.read(CHECKPOINT) {
            Ok(Some(there)) if there == shown => self.journal.cut(before),
            Ok(_) => Err(Error::Damaged(
                "a checkpoint was signed but not synced".to_owned(),
            )),
            Err(e) => Err(e),
        };
        match undone {
            Ok(()) => cause,
            Err(e) => {
                let why = format!("{cause}; and then {e}");
                self.stopped = Some(why.clone());
                Error::Stopped(why)
            }
        }
    }
}

/// Takes what else is waiting, up to the limits of a batch. What hands the log over stands alone.
fn gather(first: Job, jobs: &Receiver<Job>) -> (Vec<Job>, Option<Job>) {
    let (mut entries, mut bytes) = (first.entries.len(), first.bytes());
    let alone = first.next.is_some();
    let mut batch = vec![first];
    while !alone && entries < BATCH_ENTRIES_MAX && bytes < BATCH_BYTES_MAX {
        let Ok(job) = jobs.try_recv() else { break };
        if job.next.is_some() {
            return (batch, Some(job));
        }
        entries += job.entries.len();
        bytes += job.bytes();
        batch.push(job);
    }
    (batch, None)
}
