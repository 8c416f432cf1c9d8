//! How far each named reader has come: thousands of places in one small file, replaced as a whole.
//! After a crash a place may be older than it was, so records come again; it is never ahead of what
//! was done.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::queue::lock;
use crate::{Error, FileLayer};

/// The file, in the log's folder.
pub(super) const CURSORS: &str = "cursors";
/// Longest name: a subscription's URN with its tenant's.
pub const CURSOR_NAME_MAX: usize = 512;
/// Most cursors: at 90 bytes and a name of 40 they take 130 MB, and the file 58 MB.
pub const CURSORS_MAX: usize = 1_000_000;

const MAGIC: [u8; 8] = *b"LoggiaC\n";
const VERSION: u32 = 1;
/// Magic, version, check, log, durable, count.
const FILE_HEAD: usize = 8 + 4 + 4 + 8 + 8 + 8;

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub log: Option<u64>,
    /// The newest durable record when it was written: the log reaches at least so far.
    pub durable: u64,
    pub done: HashMap<Box<str>, u64>,
}

/// The cursors of one log.
#[derive(Debug)]
pub(super) struct Cursors {
    path: PathBuf,
    layer: FileLayer,
    log: u64,
    state: Mutex<State>,
    wake: Condvar,
    /// One writer of the file at a time.
    writing: Mutex<()>,
}

#[derive(Debug)]
struct State {
    done: HashMap<Box<str>, u64>,
    changes: u64,
    kept: u64,
    closing: bool,
}

impl Cursors {
    pub(super) fn new(dir: &Path, layer: FileLayer, log: u64, places: Places) -> Self {
        Self {
            path: dir.join(CURSORS),
            layer,
            log,
            state: Mutex::new(State {
                done: places.done,
                changes: 0,
                kept: 0,
                closing: false,
            }),
            wake: Condvar::new(),
            writing: Mutex::default(),
        }
    }

    /// Makes a cursor that has done everything up to `done`, or leaves the one that is there; gives
    /// how far it has come.
    pub(super) fn open(&self, name: &str, done: u64) -> Result<u64, Error> {
        if name.is_empty() || name.len() > CURSOR_NAME_MAX {
            return Err(Error::Refused(format!(
                "a cursor's name has 1 to {CURSOR_NAME_MAX} bytes"
            )));
        }
        let mut s = lock(&self.state);
        if let Some(place) = s.done.get(name) {
            return Ok(*place);
        }
        if s.done.len() >= CURSORS_MAX {
            return Err(Error::Refused(format!("there are {CURSORS_MAX} cursors")));
        }
        s.done.insert(name.into(), done);
        s.changes += 1;
        Ok(done)
    }

    /// Everything up to `done` is done; never goes back.
    pub(super) fn advance(&self, name: &str, done: u64) -> Result<(), Error> {
        let mut s = lock(&self.state);
        let Some(place) = s.done.get_mut(name) else {
            return Err(Error::Refused(format!("there is no cursor `{name}`")));
        };
        if *place < done {
            *place = done;
            s.changes += 1;
        }
        Ok(())
    }

    pub(super) fn remove(&self, name: &str) {
        let mut s = lock(&self.state);
        if s.done.remove(name).is_some() {
            s.changes += 1;
        }
    }

    pub(super) fn place(&self, name: &str) -> Option<u64> {
        lock(&self.state).done.get(name).copied()
    }

    /// All of them, sorted by name.
    pub(super) fn all(&self) -> Vec<(String, u64)> {
        let s = lock(&self.state);
        let mut all: Vec<_> = s.done.iter().map(|(n, p)| (n.to_string(), *p)).collect();
        drop(s);
        all.sort_unstable();
        all
    }

    /// Writes the file if a place has changed since. `durable` is asked after the places are taken.
    pub(super) fn keep(&self, durable: impl Fn() -> u64) -> Result<(), Error> {
        let _one = lock(&self.writing);
        let (changes, mut bytes) = {
            let s = lock(&self.state);
            if s.changes == s.kept {
                return Ok(());
            }
            (s.changes, to_bytes(self.log, &s.done))
        };
        finish(&mut bytes, durable());
        self.layer.write_atomic(&self.path, &bytes)?;
        lock(&self.state).kept = changes;
        Ok(())
    }

    /// The file as it would be now.
    pub(super) fn bytes(&self, durable: impl Fn() -> u64) -> Vec<u8> {
        let mut bytes = to_bytes(self.log, &lock(&self.state).done);
        finish(&mut bytes, durable());
        bytes
    }

    /// Makes the next [`Self::keep`] write even if no place has changed.
    pub(super) fn touch(&self) {
        lock(&self.state).changes += 1;
    }

    /// Sleeps; `false` when closing.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let s = lock(&self.state);
        let slept = self.wake.wait_timeout_while(s, time, |s| !s.closing);
        !slept.unwrap_or_else(PoisonError::into_inner).0.closing
    }

    pub(super) fn close(&self) {
        lock(&self.state).closing = true;
        self.wake.notify_all();
    }
}

fn to_bytes(log: u64, done: &HashMap<Box<str>, u64>) -> Vec<u8> {
    let names: usize = done.keys().map(|n| n.len() + 10).sum();
    let mut b = Vec::with_capacity(FILE_HEAD + names);
    b.extend_from_slice(&MAGIC);
    b.extend_from_slice(&VERSION.to_le_bytes());
    b.extend_from_slice(&[0; 4]);
    b.extend_from_slice(&log.to_le_bytes());
    b.extend_from_slice(&[0; 8]);
    b.extend_from_slice(&(done.len() as u64).to_le_bytes());
    for (name, place) in done {
        b.extend_from_slice(&place.to_le_bytes());
        let len = u16::try_from(name.len()).unwrap_or(u16::MAX);
        b.extend_from_slice(&len.to_le_bytes());
        b.extend_from_slice(name.as_bytes());
    }
    b
}

fn finish(b: &mut [u8], durable: u64) {
    b[24..32].copy_from_slice(&durable.to_le_bytes());
    let check = crc32fast::hash(&b[16..]);
    b[12..16].copy_from_slice(&check.to_le_bytes());
}

/// Reads the file; nothing if it is not there.
pub(super) fn read(dir: &Path, layer: &FileLayer) -> Result<Places, Error> {
    let path = dir.join(CURSORS);
    match layer.read(&path)? {
        None => Ok(Places::default()),
        Some(bytes) => parse(&bytes).ok_or_else(|| {
            Error::malformed(
                &path,
                "it is damaged or of another version; without it every subscription begins anew",
            )
        }),
    }
}

fn parse(b: &[u8]) -> Option<Places> {
    let (head, mut rest) = b.split_first_chunk::<FILE_HEAD>()?;
    let u64_at = |at: usize| {
        head.get(at..)?
            .first_chunk()
            .map(|c| u64::from_le_bytes(*c))
    };
    let u32_at = |at: usize| {
        head.get(at..)?
            .first_chunk()
            .map(|c| u32::from_le_bytes(*c))
    };
    let known = head[..8] == MAGIC && u32_at(8)? == VERSION;
    if !known || u32_at(12)? != crc32fast::hash(&b[16..]) {
        return None;
    }
    let mut places = Places {
        log: u64_at(16),
        durable: u64_at(24)?,
        done: HashMap::new(),
    };
    for _ in 0..u64_at(32)? {
        let (place, tail) = rest.split_first_chunk()?;
        let (len, tail) = tail.split_first_chunk()?;
        let (name, tail) = tail.split_at_checked(u16::from_le_bytes(*len).into())?;
        let name = std::str::from_utf8(name).ok()?;
        places.done.insert(name.into(), u64::from_le_bytes(*place));
        rest = tail;
    }
    rest.is_empty().then_some(places)
}
