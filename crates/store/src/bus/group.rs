//! Records that lie back to back in memory as they do on disk: what is written and synced at once,
//! and what a reader is handed. Never changes after it is durable.

use std::sync::Arc;

use loggia_model::At;

use super::frame::{self, HEAD_LEN, Head};

/// What a caller hands in. The engine looks at none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What sort of record, in the owner's numbering.
    pub kind: u8,
    /// A hash of whatever keeps its order (an entity of a tenant), so that a reader can share out
    /// records without opening the body.
    pub key: u64,
    /// When, by the caller's clock. Retention by time goes by it.
    pub at: At,
    /// The record itself.
    pub body: &'a [u8],
}

/// Records with consecutive numbers.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub first: u64,
    pub bytes: Vec<u8>,
    pub starts: Vec<u32>,
}

impl Group {
    /// Number after the last one.
    pub(super) fn next(&self) -> u64 {
        self.first + self.starts.len() as u64
    }

    /// Adds a record, its head not yet sealed.
    pub(super) fn push(&mut self, entry: Entry<'_>, body_check: u32) {
        let start = self.bytes.len();
        let head = Head {
            len: entry.body.len(),
            kind: entry.kind,
            place: u32::try_from(self.starts.len()).unwrap_or(frame::PLACE_MAX),
            seq: self.next(),
            at: entry.at,
            key: entry.key,
            body_check,
        };
        self.bytes.extend_from_slice(&head.unsealed());
        self.bytes.extend_from_slice(entry.body);
        let end = start + frame::record_len(entry.body.len());
        self.bytes.resize(end, 0);
        self.starts.push(u32::try_from(start).unwrap_or(u32::MAX));
    }

    /// Adds the record that says that a snapshot ends before it.
    pub(super) fn push_last(&mut self, at: At) {
        let head = Head {
            len: 0,
            kind: 0,
            place: frame::PLACE_MAX,
            seq: self.next(),
            at,
            key: 0,
            body_check: frame::body_check(&[]),
        };
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&head.unsealed());
        self.starts.push(start);
    }

    /// Whether the last record is the one that [`Self::push_last`] adds, and no other one is.
    pub(super) fn ends_with_last(&self) -> bool {
        let is_last = |n| self.at(n).is_some_and(|h| h.place == frame::PLACE_MAX);
        let first = (0..self.starts.len()).position(is_last);
        first.is_some_and(|n| n + 1 == self.starts.len())
    }

    /// Writes every head's check for the file with this seed.
    pub(super) fn seal(&mut self, seed: u32) {
        for start in &self.starts {
            if let Some(head) = self.bytes.get_mut(*start as usize..) {
                frame::seal_head(head, seed);
            }
        }
    }

    pub(super) fn at(&self, n: usize) -> Option<Head> {
        let start = *self.starts.get(n)? as usize;
        self.bytes.get(start..)?.first_chunk().map(Head::of_whole)
    }

    /// Memory that it takes.
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.bytes.capacity() + self.starts.capacity() * size_of::<u32>()
    }
}

/// A durable record. Holds on to the group that it was read with.
#[derive(Debug, Clone)]
pub struct Record {
    group: Arc<Group>,
    head: Head,
    body: usize,
}

impl Record {
    pub(super) fn of(group: &Arc<Group>, n: usize) -> Option<Self> {
        let head = group.at(n)?;
        let body = *group.starts.get(n)? as usize + HEAD_LEN;
        Some(Self {
            group: group.clone(),
            head,
            body,
        })
    }

    /// Whether it is no record but says that a snapshot ends.
    pub(super) fn is_last(&self) -> bool {
        self.head.place == frame::PLACE_MAX
    }

    /// Its number: the first record of a log is 1, and none is left out.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.head.seq
    }

    /// [`Entry::kind`].
    #[must_use]
    pub fn kind(&self) -> u8 {
        self.head.kind
    }

    /// [`Entry::key`].
    #[must_use]
    pub fn key(&self) -> u64 {
        self.head.key
    }

    /// [`Entry::at`].
    #[must_use]
    pub fn at(&self) -> At {
        self.head.at
    }

    /// [`Entry::body`].
    #[must_use]
    pub fn body(&self) -> &[u8] {
        let end = self.body + self.head.len;
        self.group.bytes.get(self.body..end).unwrap_or(&[])
    }
}
