//! Where the log first named each recorder's key, so that a record's signature can be held against
//! the log. Never guesses: a key that no entry names is not there.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use loggia_model::KeyId;

use crate::log::PAGE_ENTRIES_MAX;
use crate::{Entry, Error, Event, Log};

/// How every `recorder_started` entry begins in its one exact form (docs/design/transparency.md).
const BEGINS: &[u8] = br#"{"v":1,"kind":"recorder_started""#;

/// What was read so far; the log only grows, so nothing is read twice.
#[derive(Default)]
pub(crate) struct Named {
    /// Entries read.
    seen: u64,
    /// The first entry that names each key.
    first: BTreeMap<KeyId, u64>,
}

impl Log {
    /// The first entry that names this recorder's key. The first call reads the log from its
    /// beginning, later ones what came since: keep it off the async threads.
    ///
    /// # Errors
    /// As [`Log::raw_entries`].
    pub fn recorder_named(&self, key: KeyId) -> Result<Option<u64>, Error> {
        let mut named = self.named().lock().unwrap_or_else(PoisonError::into_inner);
        while !named.first.contains_key(&key) {
            let page = self.raw_entries(named.seen, PAGE_ENTRIES_MAX)?;
            let Some((last, _)) = page.last() else { break };
            let next = last + 1;
            for (index, bytes) in page.iter().filter(|(_, b)| b.starts_with(BEGINS)) {
                let entry = Entry::parse(bytes, &format!("entry {index}"))?;
                if let Event::RecorderStarted(started) = entry.event {
                    named.first.entry(started.recorder).or_insert(*index);
                }
            }
            named.seen = next;
        }
        Ok(named.first.get(&key).copied())
    }
}
