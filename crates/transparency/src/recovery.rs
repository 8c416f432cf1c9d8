//! Opening a log folder: reads the journal, makes tiles again, and compares with what was signed.
//! Never starts on a folder that is older than, or different from, its own signed checkpoint.

use loggia_model::Digest;

use crate::Error;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::edge::{Edge, Tile, hashes_of};
use crate::entry::Entry;
use crate::folder::{CHECKPOINT, Folder, JOURNAL, JournalFile, KEY, Stored};
use crate::journal::{self, Scan};
use crate::key::{LogKey, Verifier};
use crate::succession;
use crate::tile::{LEVELS_MAX, TILE_WIDTH, TileKind, TilePath};
use crate::tree::{perfect, root_at};

/// A log folder that is in order.
pub(crate) struct Recovered {
    pub(crate) edge: Edge,
    pub(crate) journal: JournalFile,
    pub(crate) signed: SignedCheckpoint,
    /// Full tiles that the journal still vouches for: to be synced before it is shortened.
    pub(crate) unsettled: Vec<TilePath>,
}

/// The log's key and its name.
pub(crate) struct Signer {
    pub(crate) key: LogKey,
    pub(crate) verifier: Verifier,
}

impl Signer {
    pub(crate) fn new(key: LogKey, origin: &str) -> Result<Self, Error> {
        let verifier = key.verifier(origin)?;
        Ok(Self { key, verifier })
    }
}

/// Opens the folder with the key that is in force: `next` if the log has been handed over to it, or
/// if the entry that does so is there and only its signatures are not. Or says why not.
pub(crate) fn recover(
    folder: &Folder,
    now: Signer,
    next: Option<Signer>,
) -> Result<(Recovered, Signer), Error> {
    let checkpoint = folder.read(CHECKPOINT)?;
    let Some(next) = next else {
        return Ok((recover_as(folder, &now, checkpoint.as_deref(), None)?, now));
    };
    let handed_over = |bytes: &Vec<u8>| SignedCheckpoint::verify(bytes, &next.verifier).is_ok();
    if checkpoint.as_ref().is_some_and(handed_over) {
        let recovered = recover_as(folder, &next, checkpoint.as_deref(), None)?;
        return Ok((recovered, next));
    }
    let recovered = recover_as(folder, &now, checkpoint.as_deref(), Some(&next))?;
    let handed_over = SignedCheckpoint::verify(recovered.signed.note().as_bytes(), &next.verifier);
    Ok((recovered, if handed_over.is_ok() { next } else { now }))
}

fn recover_as(
    folder: &Folder,
    signer: &Signer,
    checkpoint: Option<&[u8]>,
    next: Option<&Signer>,
) -> Result<Recovered, Error> {
    let Signer { key, verifier } = signer;
    let signed = checkpoint
        .map(|bytes| SignedCheckpoint::verify(bytes, verifier))
        .transpose()?;
    let bytes = match folder.read(JOURNAL)? {
        Some(bytes) => bytes,
        None if signed.is_some() || folder.has_any("tile")? => {
            return Err(Error::Damaged("its journal is missing".to_owned()));
        }
        None => {
            let head = journal::head(0);
            folder.replace(JOURNAL, &head)?;
            head
        }
    };
    let scan = journal::scan(&bytes)?;
    let mut edge = edge_at(folder, scan.base)?;
    let mut full = Vec::new();
    for entry in &scan.entries {
        edge.push(entry, &mut full)?;
    }
    compare(folder, &edge, &scan, &full, signed.as_ref())?;

    let mut journal = folder.journal()?;
    // After a kill (without a power cut) the last batch may be only in the page cache: sync before
    // signing. What is torn was never signed: cut it.
    if scan.torn.is_some() {
        tracing::warn!(
            cut = bytes.len() - scan.end,
            "cutting a torn batch off the log's journal"
        );
        journal.cut(scan.end as u64)?;
    } else {
        journal.sync()?;
    }
    let unsettled = rewrite(folder, &edge, &full)?;
    // An entry that hands the log over is alone in its batch and the last under the key before.
    let named = |next: &&Signer| {
        let last = scan
            .entries
            .last()
            .map(|e| Entry::parse(e, "the last entry"));
        matches!(last, Some(Ok(e)) if succession::names(&e.event, &next.verifier))
    };
    let next = next.filter(named);
    let signed = match (signed, next) {
        (Some(signed), None) if signed.size() == edge.size() => signed,
        (_, None) => sign(folder, &edge, key, verifier)?,
        (_, Some(next)) => hand_over(folder, &edge, signer, next)?,
    };
    keep_key(folder, next.map_or(verifier, |n| &n.verifier))?;
    Ok(Recovered {
        edge,
        journal,
        signed,
        unsettled,
    })
}

/// Keeps the public key beside the log, for whoever copies it.
pub(crate) fn keep_key(folder: &Folder, verifier: &Verifier) -> Result<(), Error> {
    let public = format!("{verifier}\n");
    if folder.read(KEY)?.is_none_or(|k| k != public.as_bytes()) {
        folder.replace(KEY, public.as_bytes())?;
    }
    Ok(())
}

/// Signs the edge's tree, whose last entry names the next key, with both keys; keeps that
/// checkpoint for good beside the present one, which later ones replace.
pub(crate) fn hand_over(
    folder: &Folder,
    edge: &Edge,
    now: &Signer,
    next: &Signer,
) -> Result<SignedCheckpoint, Error> {
    let checkpoint = Checkpoint {
        origin: now.verifier.name().to_owned(),
        size: edge.size(),
        root: edge.root(),
    };
    let signed =
        SignedCheckpoint::sign(checkpoint, &now.key, &now.verifier).and(&next.key, &next.verifier);
    let mut place = 1;
    while let Some(kept) = folder.read(&succession::place(place))? {
        if kept == signed.note().as_bytes() {
            break;
        }
        place += 1;
    }
    folder.make(succession::FOLDER)?;
    folder.replace(&succession::place(place), signed.note().as_bytes())?;
    folder.replace(CHECKPOINT, signed.note().as_bytes())?;
    Ok(signed)
}

/// Signs the edge's tree and replaces the checkpoint. Only for entries that are durable.
pub(crate) fn sign(
    folder: &Folder,
    edge: &Edge,
    key: &LogKey,
    verifier: &Verifier,
) -> Result<SignedCheckpoint, Error> {
    let checkpoint = Checkpoint {
        origin: verifier.name().to_owned(),
        size: edge.size(),
        root: edge.root(),
    };
    let signed = SignedCheckpoint::sign(checkpoint, key, verifier);
    folder.replace(CHECKPOINT, signed.note().as_bytes())?;
    Ok(signed)
}

/// The edge at the journal's base, from the full tiles below each level.
fn edge_at(folder: &Folder, base: u64) -> Result<Edge, Error> {
    let mut levels: Vec<Vec<Digest>> = Vec::new();
    for level in 0..LEVELS_MAX {
        let count = base >> (8 * u32::from(level));
        if count == 0 {
            break;
        }
        let mut hashes = Vec::new();
        for index in count - count % u64::from(TILE_WIDTH)..count {
            // `base` is a multiple of 256, so that level 0 has no such index.
            let kind = TileKind::Hashes(level.saturating_sub(1));
            let bytes = folder.full_tile(kind, index)?;
            let name = TilePath::full(kind, index).to_string();
            hashes.push(perfect(&hashes_of(&bytes, TILE_WIDTH, &name)?));
        }
        levels.push(hashes);
    }
    Ok(Edge::at(base, levels))
}

/// Compares what is here with what was signed.
fn compare(
    folder: &Folder,
    edge: &Edge,
    scan: &Scan<'_>,
    full: &[Tile],
    signed: Option<&SignedCheckpoint>,
) -> Result<(), Error> {
    let found = edge.size();
    let Some(signed) = signed else {
        // The first start may have been cut between journal and checkpoint; nothing else may.
        return if found == 0 {
            Ok(())
        } else {
            Err(Error::Damaged(format!(
                "it has {found} entries but no checkpoint; put the last checkpoint back"
            )))
        };
    };
    if signed.size() > found {
        return Err(match scan.torn {
            None => Error::Rollback {
                signed: signed.size(),
                found,
            },
            Some(why) => Error::Damaged(format!(
                "the signed checkpoint covers {} entries but only {found} can be read: the journal \
                 {why} at byte {}. Do not start on it; restore the log folder from a copy at least \
                 as new as the checkpoint",
                signed.size(),
                scan.end
            )),
        });
    }
    let root = if signed.size() == found {
        edge.root()
    } else if signed.size() >= scan.base {
        root_on_the_way(folder, scan, signed.size())?
    } else {
        // A checkpoint older than the journal's base: its tiles are full and on disk.
        tracing::warn!(
            signed = signed.size(),
            found,
            "the checkpoint is old; signing anew"
        );
        let mut stored = Stored::new(folder, edge);
        for (path, bytes) in full {
            stored.put(path, bytes)?;
        }
        root_at(&mut stored, signed.size())?
    };
    if root == signed.root() {
        Ok(())
    } else {
        Err(Error::Fork {
            size: signed.size(),
            signed: signed.root(),
            found: root,
        })
    }
}

fn root_on_the_way(folder: &Folder, scan: &Scan<'_>, size: u64) -> Result<Digest, Error> {
    let mut edge = edge_at(folder, scan.base)?;
    let mut full = Vec::new();
    for entry in scan.entries.iter().take((size - scan.base) as usize) {
        edge.push(entry, &mut full)?;
        full.clear();
    }
    Ok(edge.root())
}

/// Writes the tiles since the journal's base again where they differ, and sweeps old partials.
fn rewrite(folder: &Folder, edge: &Edge, full: &[Tile]) -> Result<Vec<TilePath>, Error> {
    let mut unsettled = Vec::new();
    for tile in full {
        if folder
            .read(&tile.0.to_string())?
            .is_none_or(|b| b != tile.1)
        {
            folder.write_tile(tile)?;
        }
        folder.sweep(&tile.0);
        unsettled.push(tile.0);
    }
    for tile in edge.partials() {
        if folder
            .read(&tile.0.to_string())?
            .is_none_or(|b| b != tile.1)
        {
            folder.write_tile(&tile)?;
        }
        folder.sweep(&tile.0);
    }
    Ok(unsettled)
}
