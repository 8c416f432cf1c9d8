//! The proofs that something is durably in the public log, and that witnesses have seen it there.
//! Made in this crate only, after the sync and after the quorum.
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

/// T is in the public log, in a checkpoint that the quorum of witnesses outside the city has
/// cosigned: whoever shows another log to anybody else is found out.
///
/// Openings ask for this; whatever must not wait for others (recording, freezing, holding,
/// destroying) takes [`Logged`]. Made by [`crate::Witnesses`] only, never cloned, never read.
#[derive(Debug)]
#[must_use = "the cosigned entry is the permission to open; hand it to what opens"]
pub struct Witnessed<T> {
    logged: Logged<T>,
    size: u64,
}

impl<T> Witnessed<T> {
    /// Called when a checkpoint of `size` entries has the quorum's cosignatures.
    pub(crate) fn new(logged: Logged<T>, size: u64) -> Self {
        Self { logged, size }
    }

    /// What was logged.
    #[must_use]
    pub fn get(&self) -> &T {
        self.logged.get()
    }

    /// The entry's place in the log, from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.logged.index()
    }

    /// Entries under the cosigned checkpoint.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The entry as it is in the log.
    pub fn logged(&self) -> &Logged<T> {
        &self.logged
    }
}
