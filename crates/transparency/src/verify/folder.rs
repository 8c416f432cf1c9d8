//! A whole log from its static files: every entry read, every tile recomputed, the root compared.
//! Never stops at "something is wrong": the error names the first entry or tile that is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::Error;
use crate::bundle::parse_bundle;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::edge::{Edge, Tile};
use crate::entry::{Entry, Event, Heads};
use crate::folder::CHECKPOINT;
use crate::key::Verifier;
use crate::note::Note;
use crate::succession::{self, SUCCESSIONS_MAX, Succession};
use crate::tile::{BUNDLE_BYTES_MAX, HASH_BYTES, TILE_WIDTH, TileKind, TilePath};

/// Longest checkpoint file that is read.
const CHECKPOINT_BYTES_MAX: u64 = 64 * 1024;

/// What was found to be in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The checkpoint whose whole tree was recomputed.
    pub checkpoint: SignedCheckpoint,
    /// Entries by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Each `heads` entry with its time, Unix seconds, in the log's order.
    pub heads: Vec<(i64, Heads)>,
    /// Hours since 1970 of which keys were destroyed.
    pub destroyed: BTreeSet<u32>,
    /// Where the times go back the furthest.
    pub back: Option<StepBack>,
    /// How the log was handed over from the given key to the one in force, in order.
    pub successions: Vec<Succession>,
    /// Tiles and bundles that were compared.
    pub tiles: u64,
    /// Size of the kept checkpoint, if one was given: the log begins with it.
    pub kept: Option<u64>,
}

/// An entry dated before one that stands before it. Entries of the same moment may change places by
/// some seconds; more is a clock that was set back, or somebody who dates an entry anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepBack {
    /// Index of the entry.
    pub entry: u64,
    /// How much earlier than the latest date before it, seconds.
    pub seconds: i64,
}

/// The dates met so far.
#[derive(Default)]
struct Dates {
    latest: Option<i64>,
    back: Option<StepBack>,
}

impl Dates {
    fn meet(&mut self, entry: u64, at: i64) {
        let latest = self.latest.map_or(at, |l| l.max(at));
        let seconds = latest.saturating_sub(at);
        if seconds > self.back.map_or(0, |b| b.seconds) {
            self.back = Some(StepBack { entry, seconds });
        }
        self.latest = Some(latest);
    }
}

/// Verifies a log folder, or a mirror of a log's URL: `checkpoint`, `tile/…` and, where the log was
/// handed over since `key`, `succession/…`. With `kept`, a checkpoint from earlier, also that the
/// log grew from it.
///
/// # Errors
/// The first thing that is wrong: [`Error::BadSignature`], [`Error::Rollback`], [`Error::Fork`],
/// [`Error::WrongTile`], [`Error::Malformed`] (an entry or bundle), [`Error::Io`].
pub fn folder(dir: &Path, key: &Verifier, kept: Option<&Checkpoint>) -> Result<Report, Error> {
    let bytes = read(dir, CHECKPOINT, CHECKPOINT_BYTES_MAX)?
        .ok_or_else(|| Error::Damaged("it has no checkpoint".to_owned()))?;
    // The checkpoint's signature is checked at the end, with the key that the log itself names.
    let (signed, mut keys) = Keys::read(dir, key, &bytes)?;
    let mut walk = Walk {
        dir,
        size: signed.size(),
        tiles: 0,
    };
    if let Some(kept) = kept {
        not_older(kept, key, walk.size)?;
    }
    let (mut edge, mut full, mut kinds) = (Edge::default(), Vec::new(), BTreeMap::new());
    let (mut heads, mut destroyed) = (Vec::new(), BTreeSet::new());
    let mut dates = Dates::default();
    same_root(&edge, kept)?;
    while edge.size() < walk.size {
        let bundle = walk.bundle(edge.size() >> 8)?;
        let parsed = parse_bundle(&bundle.1, &bundle.0.to_string())?;
        if parsed.0.len() != usize::from(bundle.0.width) {
            let why = format!("{} entries instead of {}", parsed.0.len(), bundle.0.width);
            return Err(wrong(&bundle.0, why));
        }
        for bytes in parsed.0 {
            let entry = Entry::parse(bytes, &format!("entry {}", edge.size()))?;
            *kinds.entry(entry.event.kind()).or_default() += 1;
            dates.meet(edge.size(), entry.at);
            let event_of_key =
                matches!(entry.event, Event::LogKeyChanged(_)).then(|| entry.event.clone());
            match entry.event {
                Event::Heads(found) => heads.push((entry.at, found)),
                Event::KeyDestroyed(done) => drop(destroyed.insert(done.hour)),
                _ => {}
            }
            edge.push(bytes, &mut full)?;
            same_root(&edge, kept)?;
            keys.meet(&edge, event_of_key)?;
        }
        for tile in full.drain(..) {
            walk.compare(&tile)?;
        }
    }
    for tile in edge.partials() {
        walk.compare(&tile)?;
    }
    if edge.root() != signed.root() {
        let (size, root) = (walk.size, edge.root());
        return Err(Error::Fork {
            size,
            signed: signed.root(),
            found: root,
        });
    }
    Ok(Report {
        successions: keys.finish(&bytes)?,
        checkpoint: signed,
        kinds,
        heads,
        destroyed,
        back: dates.back,
        tiles: walk.tiles,
        kept: kept.map(|k| k.size),
    })
}

/// A kept checkpoint is of this log, and of no larger one.
fn not_older(kept: &Checkpoint, key: &Verifier, found: u64) -> Result<(), Error> {
    if kept.origin != key.name() {
        let why = format!("the kept checkpoint is of another log, {}", kept.origin);
        return Err(Error::WrongProof(why));
    }
    if kept.size > found {
        let signed = kept.size;
        return Err(Error::Rollback { signed, found });
    }
    Ok(())
}

/// The keys that the log was handed over to, met in the order of entries.
struct Keys {
    now: Verifier,
    /// Checkpoints of handing over that are still to be met.
    notes: Vec<(Vec<u8>, u64)>,
    met: Vec<Succession>,
}

impl Keys {
    /// Reads the present checkpoint, still unchecked unless `key` has signed it, and the handing
    /// overs that `key` or a later one signed.
    fn read(dir: &Path, key: &Verifier, bytes: &[u8]) -> Result<(SignedCheckpoint, Self), Error> {
        let mut keys = Self {
            now: key.clone(),
            notes: Vec::new(),
            met: Vec::new(),
        };
        if let Ok(signed) = SignedCheckpoint::verify(bytes, key) {
            return Ok((signed, keys));
        }
        for n in 1..=SUCCESSIONS_MAX {
            let Some(note) = read(dir, &succession::place(n), CHECKPOINT_BYTES_MAX)? else {
                break;
            };
            let size = Checkpoint::parse(&Note::parse(&note)?.text)?.size;
            keys.notes.push((note, size));
        }
        // Without one the present checkpoint is simply not signed by the key.
        if keys.notes.is_empty() {
            return Err(SignedCheckpoint::verify(bytes, key)
                .err()
                .unwrap_or_else(|| {
                    Error::Damaged("its checkpoint changed while it was read".to_owned())
                }));
        }
        Ok((SignedCheckpoint::unchecked(bytes)?, keys))
    }

    /// After each entry: a step is taken where a note that the key in force has signed stands.
    fn meet(&mut self, edge: &Edge, event: Option<Event>) -> Result<(), Error> {
        // The first checkpoint of a key is the last of the one before: no step from it.
        let Some(event) = event.filter(|e| !succession::names(e, &self.now)) else {
            return Ok(());
        };
        for (note, _) in self.notes.iter().filter(|(_, size)| *size == edge.size()) {
            let Ok(signed) = SignedCheckpoint::verify(note, &self.now) else {
                continue;
            };
            if signed.root() != edge.root() {
                return Err(Error::Fork {
                    size: signed.size(),
                    signed: signed.root(),
                    found: edge.root(),
                });
            }
            let step = Succession::of(signed, &event, note)?;
            self.now = step.next.clone();
            self.met.push(step);
            break;
        }
        Ok(())
    }

    /// The present checkpoint is signed by the key in force.
    fn finish(self, bytes: &[u8]) -> Result<Vec<Succession>, Error> {
        SignedCheckpoint::verify(bytes, &self.now)?;
        Ok(self.met)
    }
}

fn same_root(edge: &Edge, kept: Option<&Checkpoint>) -> Result<(), Error> {
    let Some(kept) = kept.filter(|k| k.size == edge.size()) else {
        return Ok(());
    };
    let found = edge.root();
    if found == kept.root {
        Ok(())
    } else {
        Err(Error::Fork {
            size: kept.size,
            signed: kept.root,
            found,
        })
    }
}

fn wrong(path: &TilePath, why: impl Into<String>) -> Error {
    Error::WrongTile {
        path: path.to_string(),
        why: why.into(),
    }
}

/// Reads a file of at most `max` bytes; none if there is none.
fn read(dir: &Path, name: &str, max: u64) -> Result<Option<Vec<u8>>, Error> {
    let path = dir.join(name);
    match std::fs::metadata(&path) {
        Ok(meta) if meta.len() > max => Err(Error::malformed(
            name,
            format!("{} bytes; at most {max}", meta.len()),
        )),
        Ok(_) => std::fs::read(&path)
            .map(Some)
            .map_err(|e| Error::io(name, &e)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io(name, &e)),
    }
}

struct Walk<'a> {
    dir: &'a Path,
    size: u64,
    tiles: u64,
}

impl Walk<'_> {
    /// The bundle as the checkpoint's size has it. The log may have grown meanwhile: a wider
    /// partial or the full bundle serves as well, cut to width (C2SP tlog-tiles, partial tiles).
    fn bundle(&mut self, index: u64) -> Result<Tile, Error> {
        let kind = TileKind::Entries;
        let path = TilePath {
            kind,
            index,
            width: TilePath::width_at(kind, index, self.size),
        };
        let mut bytes = self.widest(&path, BUNDLE_BYTES_MAX as u64)?;
        let mut rest = bytes.as_slice();
        for _ in 0..path.width {
            if crate::bundle::next_entry(&mut rest).is_none() {
                break;
            }
        }
        let keep = bytes.len() - rest.len();
        if !path.is_full() && keep > 0 {
            bytes.truncate(keep);
        }
        self.tiles += 1;
        Ok((path, bytes))
    }

    fn widest(&self, path: &TilePath, max: u64) -> Result<Vec<u8>, Error> {
        for width in path.width..=TILE_WIDTH {
            let tile = TilePath { width, ..*path };
            if let Some(bytes) = read(self.dir, &tile.to_string(), max)? {
                return Ok(bytes);
            }
        }
        Err(wrong(path, "it is missing"))
    }

    /// Compares a tile of hashes with the recomputed one, and names the first hash that differs.
    fn compare(&mut self, tile: &Tile) -> Result<(), Error> {
        let TileKind::Hashes(level) = tile.0.kind else {
            return Ok(());
        };
        let there = self.widest(&tile.0, (usize::from(TILE_WIDTH) * HASH_BYTES) as u64)?;
        self.tiles += 1;
        let there = if tile.0.is_full() {
            &there[..]
        } else {
            there.get(..tile.1.len()).unwrap_or(&there)
        };
        if there == tile.1 {
            return Ok(());
        }
        if there.len() != tile.1.len() {
            return Err(wrong(
                &tile.0,
                format!("{} bytes, not {}", there.len(), tile.1.len()),
            ));
        }
        let place = there
            .iter()
            .zip(&tile.1)
            .position(|(a, b)| a != b)
            .unwrap_or(0)
            / HASH_BYTES;
        let number = tile.0.index * u64::from(TILE_WIDTH) + place as u64;
        Err(wrong(
            &tile.0,
            match level {
                0 => format!("the hash of entry {number} is another"),
                _ => format!("hash {number} of level {level} is another"),
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_furthest_step_back_is_named() {
        let mut dates = Dates::default();
        for (entry, at) in [100, 101, 100, 200, 60, 199, i64::MIN, 300]
            .into_iter()
            .enumerate()
        {
            dates.meet(entry as u64, at);
        }
        let (entry, seconds) = (6, i64::MAX);
        assert_eq!(dates.back, Some(StepBack { entry, seconds }));
        let mut dates = Dates::default();
        (0..9).for_each(|n| dates.meet(n, 5));
        assert_eq!(dates.back, None);
    }
}
