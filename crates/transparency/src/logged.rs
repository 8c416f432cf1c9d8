//! The proof that something is durably in the public log. Made in this crate only, after the sync.
//! Never cloned, never read from bytes: whoever holds one has waited for the log.

/// T is in the public log: synced to disk and covered by a signed checkpoint.
///
/// Whatever must not happen in the dark asks for this as an argument. There is no constructor
/// outside this crate, no `Clone`, no `Deserialize`.
#[derive(Debug)]
#[must_use = "the log entry is the permission to act; hand it to what acts"]
pub struct Logged<T> {
    value: T,
    index: u64,
    at: i64,
}

impl<T> Logged<T> {
    /// Called by the log when the writer has said that `index` is durable and signed for.
    pub(crate) fn new(value: T, index: u64, at: i64) -> Self {
        Self { value, index, at }
    }

    /// What was logged.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.value
    }

    /// The entry's place in the log, from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The entry's time, Unix seconds.
    #[must_use]
    pub fn at(&self) -> i64 {
        self.at
    }

    /// Gives the value back and ends the proof.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }
}
