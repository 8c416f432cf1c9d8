//! The log's folder on disk: `checkpoint`, `key`, `journal` and `tile/…`, and reads of the tree.
//! Never decides what is right; it reads, writes and syncs what it is told to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use loggia_model::Digest;
use loggia_store::{FileLayer, LayerFile};

use crate::Error;
use crate::bundle::next_entry;
use crate::edge::{Edge, Tile, hashes_of, node_in};
use crate::tile::{HASH_BYTES, TILE_BYTES, TileKind, TilePath};
use crate::tree::Nodes;

/// Name of the signed checkpoint's file.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Name of the public key's file.
pub(crate) const KEY: &str = "key";
/// Name of the journal's file.
pub(crate) const JOURNAL: &str = "journal";

/// A log folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    dir: PathBuf,
    layer: FileLayer,
}

fn failed(path: &str, e: &loggia_store::Error) -> Error {
    match e {
        loggia_store::Error::DiskFull => Error::DiskFull,
        loggia_store::Error::Files { source, .. } => Error::io(path, source),
        other => Error::Io {
            path: path.to_owned(),
            reason: other.to_string(),
        },
    }
}

impl Folder {
    /// Opens or makes the folder.
    pub(crate) fn open(dir: &Path, layer: FileLayer) -> Result<Self, Error> {
        layer.make_dirs(dir).map_err(|e| failed("log folder", &e))?;
        Ok(Self {
            dir: dir.to_owned(),
            layer,
        })
    }

    /// The whole file, none if there is none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.layer
            .read(&self.dir.join(name))
            .map_err(|e| failed(name, &e))
    }

    /// Whether a folder of this name has anything in it.
    pub(crate) fn has_any(&self, name: &str) -> Result<bool, Error> {
        Ok(!self
            .layer
            .list(&self.dir.join(name))
            .map_err(|e| failed(name, &e))?
            .is_empty())
    }

    /// Replaces a file whole or not at all, durably.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.layer
            .write_atomic(&self.dir.join(name), bytes)
            .map_err(|e| failed(name, &e))
    }

    /// Makes a folder, durably, if there is none.
    pub(crate) fn make(&self, name: &str) -> Result<(), Error> {
        let fail = |e| failed(name, &e);
        self.layer.make_dirs(&self.dir.join(name)).map_err(fail)
    }

    /// Appends to a file of a folder and syncs; removes the folder's files of hours before `since`.
    pub(crate) fn append_hour(
        &self,
        folder: &str,
        hour: u32,
        since: u32,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let dir = self.dir.join(folder);
        let fail = |e| failed(folder, &e);
        self.layer.make_dirs(&dir).map_err(fail)?;
        let file = self.layer.open(&dir.join(hour.to_string())).map_err(fail)?;
        let len = file.len().map_err(fail)?;
        file.write_at(len, &[bytes]).map_err(fail)?;
        file.sync().map_err(fail)?;
        if len > 0 {
            return Ok(());
        }
        for name in self.layer.list(&dir).map_err(fail)?.keys() {
            if name.parse::<u32>().is_ok_and(|h| h < since) {
                self.layer.remove(&dir.join(name)).map_err(fail)?;
            }
        }
        self.layer.sync_dir(&dir).map_err(fail)
    }

    /// Opens the journal for appending.
    pub(crate) fn journal(&self) -> Result<JournalFile, Error> {
        let fail = |e| failed(JOURNAL, &e);
        let file = self.layer.open(&self.dir.join(JOURNAL)).map_err(fail)?;
        let len = file.len().map_err(fail)?;
        Ok(JournalFile { file, len })
    }

    /// Writes a tile without syncing: it can be made again from the journal.
    pub(crate) fn write_tile(&self, tile: &Tile) -> Result<(), Error> {
        let name = tile.0.to_string();
        let path = self.dir.join(&name);
        let fail = |e| failed(&name, &e);
        if let Some(dir) = path.parent() {
            self.layer.make_dirs(dir).map_err(fail)?;
        }
        let file = self.layer.open(&path).map_err(fail)?;
        file.write_at(0, &[&tile.1]).map_err(fail)?;
        let wanted = tile.1.len() as u64;
        if file.len().map_err(fail)? != wanted {
            file.set_len(wanted).map_err(fail)?;
        }
        Ok(())
    }

    /// Makes a written tile durable, and its name.
    pub(crate) fn sync_tile(&self, tile: &TilePath) -> Result<(), Error> {
        let name = tile.to_string();
        let path = self.dir.join(&name);
        let fail = |e| failed(&name, &e);
        self.layer
            .open(&path)
            .and_then(|f| f.sync())
            .map_err(fail)?;
        path.parent()
            .map_or(Ok(()), |dir| self.layer.sync_dir(dir))
            .map_err(fail)
    }

    /// Removes a partial tile; one that stays behind does no harm.
    pub(crate) fn remove_tile(&self, tile: &TilePath) {
        let path = self.dir.join(tile.to_string());
        if self.layer.remove(&path).is_ok()
            && let Some(dir) = path.parent()
        {
            self.layer.remove_dir(dir);
        }
    }

    /// Removes all partial tiles of this tile but one width.
    pub(crate) fn sweep(&self, keep: &TilePath) {
        let partial = TilePath { width: 1, ..*keep }.to_string();
        let Some((dir, _)) = partial.rsplit_once('/') else {
            return;
        };
        let Ok(names) = self.layer.list(&self.dir.join(dir)) else {
            return;
        };
        for width in names.keys().filter_map(|n| n.parse::<u16>().ok()) {
            let tile = TilePath { width, ..*keep };
            if width != keep.width && !tile.is_full() {
                self.remove_tile(&tile);
            }
        }
    }

    /// A full tile's bytes.
    pub(crate) fn full_tile(&self, kind: TileKind, index: u64) -> Result<Vec<u8>, Error> {
        let name = TilePath::full(kind, index).to_string();
        let missing = || Error::WrongTile {
            path: name.clone(),
            why: "it is missing".to_owned(),
        };
        let bytes = self.read(&name)?.ok_or_else(missing)?;
        if matches!(kind, TileKind::Hashes(_)) && bytes.len() != TILE_BYTES {
            let why = format!("it has {} bytes instead of {TILE_BYTES}", bytes.len());
            return Err(Error::WrongTile { path: name, why });
        }
        Ok(bytes)
    }

    /// A tile of the tree whose edge is given, of any width that it has.
    pub(crate) fn tile(&self, edge: &Edge, tile: &TilePath) -> Result<Vec<u8>, Error> {
        let have = TilePath::width_at(tile.kind, tile.index, edge.size());
        if tile.width > have {
            return Err(Error::NotThere(format!(
                "{tile} is not in a log of {} entries",
                edge.size()
            )));
        }
        let mut bytes = match tile.kind {
            _ if TilePath {
                width: have,
                ..*tile
            }
            .is_full() =>
            {
                self.full_tile(tile.kind, tile.index)?
            }
            TileKind::Entries => edge.bundle().to_vec(),
            TileKind::Hashes(level) => crate::edge::concat(edge.level(level)),
        };
        let keep = match tile.kind {
            TileKind::Hashes(_) => usize::from(tile.width) * HASH_BYTES,
            TileKind::Entries => prefix_len(&bytes, tile.width),
        };
        bytes.truncate(keep);
        Ok(bytes)
    }
}

/// Length of the first `count` entries of a bundle.
fn prefix_len(bundle: &[u8], count: u16) -> usize {
    let mut rest = bundle;
    for _ in 0..count {
        if next_entry(&mut rest).is_none() {
            break;
        }
    }
    bundle.len() - rest.len()
}

/// The open journal.
#[derive(Debug)]
pub(crate) struct JournalFile {
    file: LayerFile,
    len: u64,
}

impl JournalFile {
    /// Bytes in it.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Writes after the end; counts only after [`Self::sync`].
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file
            .write_at(self.len, &[bytes])
            .map_err(|e| failed(JOURNAL, &e))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Makes what was written durable.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.file.sync().map_err(|e| failed(JOURNAL, &e))
    }

    /// Cuts what was written after `len`, durably.
    pub(crate) fn cut(&mut self, len: u64) -> Result<(), Error> {
        self.file.set_len(len).map_err(|e| failed(JOURNAL, &e))?;
        self.len = len;
        self.sync()
    }
}

/// The stored tree's hashes; keeps the tiles that one proof needs (at most about ten).
pub(crate) struct Stored<'a> {
    folder: &'a Folder,
    edge: &'a Edge,
    tiles: HashMap<(u8, u64), Arc<Vec<Digest>>>,
}

impl<'a> Stored<'a> {
    pub(crate) fn new(folder: &'a Folder, edge: &'a Edge) -> Self {
        Self {
            folder,
            edge,
            tiles: HashMap::new(),
        }
    }

    fn hashes(&mut self, level: u8, index: u64) -> Result<Arc<Vec<Digest>>, Error> {
        if let Some(hashes) = self.tiles.get(&(level, index)) {
            return Ok(Arc::clone(hashes));
        }
        let kind = TileKind::Hashes(level);
        let width = TilePath::width_at(kind, index, self.edge.size());
        let path = TilePath { kind, index, width };
        let bytes = self.folder.tile(self.edge, &path)?;
        let hashes = Arc::new(hashes_of(&bytes, width, &path.to_string())?);
        self.tiles.insert((level, index), Arc::clone(&hashes));
        Ok(hashes)
    }
}

impl Nodes for Stored<'_> {
    fn node(&mut self, level: u8, index: u64) -> Result<Digest, Error> {
        let (tile_level, height) = (level / 8, u32::from(level % 8));
        let first = index << height;
        let hashes = self.hashes(tile_level, first >> 8)?;
        node_in(&hashes, (first & 255) as usize, height)
            .ok_or_else(|| Error::NotThere(format!("no complete subtree {index} at level {level}")))
    }
}

impl Stored<'_> {
    /// Gives a tile that is not on disk yet.
    pub(crate) fn put(&mut self, path: &TilePath, bytes: &[u8]) -> Result<(), Error> {
        if let TileKind::Hashes(level) = path.kind {
            let hashes = hashes_of(bytes, path.width, &path.to_string())?;
            self.tiles.insert((level, path.index), Arc::new(hashes));
        }
        Ok(())
    }
}
