//! Which of the log's files may go. Never one that a start needs, and never one that a cursor has
//! yet to read without saying which records that cursor has lost.

use std::time::Duration;

use loggia_model::At;

use super::Bus;
use super::queue::lock;
use crate::Error;

/// How long the log is kept. Nothing goes that is not covered by the snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Records younger than this stay, unless [`Self::history_bytes`] is exceeded.
    pub history: Duration,
    /// Beyond this many bytes the oldest records go although they are young.
    pub history_bytes: u64,
    /// A cursor holds the log until it has this many bytes: beyond it the cursor lapses.
    pub cursor_bytes: u64,
}

/// Records that went before a cursor had read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapse {
    /// The cursor.
    pub cursor: String,
    /// The first record that it has lost.
    pub from: u64,
    /// The last one.
    pub to: u64,
}

/// What a trim has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Files that went.
    pub segments: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The oldest record that is still there.
    pub floor: u64,
    /// Cursors that have lost records. Reading on from them gives [`Error::Lapped`].
    pub lapsed: Vec<Lapse>,
}

impl Bus {
    /// Removes the oldest files of the log as far as `keep` lets it.
    pub fn trim(&self, now: At, keep: &Retention) -> Result<Trimmed, Error> {
        let log = &self.log;
        let _one = lock(&log.tidying);
        // After a crash a cursor is where the file says: only places that are in it let records go.
        // So they are taken first and written then, not the other way round.
        let cursors = log.cursors.all();
        self.keep_cursors()?;
        let covered = lock(&log.snapshots).first().copied().unwrap_or(0);
        let old = self.standing();
        let mut done = Trimmed {
            floor: old.floor,
            ..Trimmed::default()
        };
        loop {
            let (segment, next) = {
                let segments = log.segments();
                let mut oldest = segments.values().cloned();
                match (oldest.next(), oldest.next()) {
                    (Some(segment), Some(next)) => (segment, next.header),
                    // The last one is being written.
                    _ => break,
                }
            };
            let total = old.bytes - done.bytes;
            let wanted = now.since(next.at) <= keep.history && total <= keep.history_bytes;
            let held = total <= keep.cursor_bytes
                && cursors
                    .iter()
                    .any(|(_, place)| (old.floor..next.seq).contains(&(place + 1)));
            if next.seq > covered + 1 || wanted || held {
                break;
            }
            log.segments().remove(&segment.header.seq);
            log.layer.remove(&segment.path)?;
            done.segments += 1;
            done.bytes += segment.len();
            done.floor = next.seq;
        }
        if done.segments > 0 {
            log.layer.sync_dir(&log.dir)?;
        }
        for (cursor, place) in cursors {
            let (from, to) = (place + 1, done.floor - 1);
            if (old.floor..=to).contains(&from) {
                tracing::warn!(cursor, from, to, "records went before they were read");
                done.lapsed.push(Lapse { cursor, from, to });
            }
        }
        Ok(done)
    }
}
