//! The growing right edge of the tree: the hashes of each level's unfinished tile and the entries
//! of the unfinished bundle. Pure; never forgets a full tile without handing it out.

use loggia_model::Digest;

use crate::Error;
use crate::bundle::push_entry;
use crate::tile::{HASH_BYTES, LEVELS_MAX, TILE_WIDTH, TileKind, TilePath};
use crate::tree::{empty_root, leaf_hash, node_hash, perfect, subtree_of};

/// A tile and its bytes.
pub(crate) type Tile = (TilePath, Vec<u8>);

/// What is not yet in a full tile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    size: u64,
    /// `levels[l]`: hashes of the unfinished tile of tile level l; at most 255 each.
    levels: Vec<Vec<Digest>>,
    /// Entries of the unfinished bundle, in the bundle's format.
    bundle: Vec<u8>,
}

impl Edge {
    /// An edge at `size`, a multiple of 256, from the roots of the full tiles one level below.
    pub(crate) fn at(size: u64, levels: Vec<Vec<Digest>>) -> Self {
        Self {
            size,
            levels,
            bundle: Vec::new(),
        }
    }

    /// Entries in the tree.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Entries of the unfinished bundle.
    pub(crate) fn bundle(&self) -> &[u8] {
        &self.bundle
    }

    /// Hashes of the unfinished tile of a level.
    pub(crate) fn level(&self, level: u8) -> &[Digest] {
        self.levels
            .get(usize::from(level))
            .map_or(&[], Vec::as_slice)
    }

    /// Adds an entry; tiles and bundles that are full now go to `full`.
    pub(crate) fn push(&mut self, entry: &[u8], full: &mut Vec<Tile>) -> Result<(), Error> {
        push_entry(&mut self.bundle, entry)?;
        let number = self.size;
        self.size += 1;
        if self.size.is_multiple_of(u64::from(TILE_WIDTH)) {
            let path = TilePath::full(TileKind::Entries, number >> 8);
            full.push((path, core::mem::take(&mut self.bundle)));
        }
        self.push_hash(number, leaf_hash(entry), full);
        Ok(())
    }

    fn push_hash(&mut self, mut number: u64, mut hash: Digest, full: &mut Vec<Tile>) {
        for level in 0..LEVELS_MAX {
            let at = usize::from(level);
            if self.levels.len() <= at {
                self.levels.push(Vec::new());
            }
            let hashes = &mut self.levels[at];
            hashes.push(hash);
            if hashes.len() < usize::from(TILE_WIDTH) {
                return;
            }
            hash = perfect(hashes);
            full.push((
                TilePath::full(TileKind::Hashes(level), number >> 8),
                concat(hashes),
            ));
            hashes.clear();
            number >>= 8;
        }
    }

    /// The unfinished tiles as files: every tile that has at least one hash or entry.
    pub(crate) fn partials(&self) -> Vec<Tile> {
        let mut out = Vec::new();
        let width = (self.size % u64::from(TILE_WIDTH)) as u16;
        if width > 0 {
            let path = TilePath {
                kind: TileKind::Entries,
                index: self.size >> 8,
                width,
            };
            out.push((path, self.bundle.clone()));
        }
        for (level, hashes) in (0u8..).zip(&self.levels) {
            if !hashes.is_empty() {
                let index = self
                    .size
                    .checked_shr(8 * (u32::from(level) + 1))
                    .unwrap_or(0);
                let kind = TileKind::Hashes(level);
                let path = TilePath {
                    kind,
                    index,
                    width: hashes.len() as u16,
                };
                out.push((path, concat(hashes)));
            }
        }
        out
    }

    /// Root of the tree.
    pub(crate) fn root(&self) -> Digest {
        let mut acc: Option<Digest> = None;
        // Lower levels lie to the right of higher ones.
        for hashes in &self.levels {
            let mut end = hashes.len();
            while end > 0 {
                let group = 1usize << end.trailing_zeros();
                let left = perfect(&hashes[end - group..end]);
                acc = Some(acc.map_or(left, |right| node_hash(&left, &right)));
                end -= group;
            }
        }
        acc.unwrap_or_else(empty_root)
    }
}

/// Hashes back to back, as tiles hold them.
pub(crate) fn concat(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|h| h.0).collect()
}

/// Reads a tile's hashes; the length must fit exactly.
pub(crate) fn hashes_of(bytes: &[u8], width: u16, path: &str) -> Result<Vec<Digest>, Error> {
    if bytes.len() != usize::from(width) * HASH_BYTES {
        return Err(Error::WrongTile {
            path: path.to_owned(),
            why: format!("{} bytes where {width} hashes should be", bytes.len()),
        });
    }
    Ok(bytes
        .as_chunks::<HASH_BYTES>()
        .0
        .iter()
        .map(|c| Digest(*c))
        .collect())
}

/// Root of the tile's part of the subtree at `offset` over 2^height hashes.
pub(crate) fn node_in(hashes: &[Digest], offset: usize, height: u32) -> Option<Digest> {
    let group = hashes.get(offset..offset + (1 << height))?;
    subtree_of(group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::root_of_leaves;

    #[test]
    fn the_edge_has_the_tree_s_root_at_every_size() {
        let (mut edge, mut full, mut leaves) = (Edge::default(), Vec::new(), Vec::new());
        assert_eq!(edge.root(), root_of_leaves(&[]));
        for i in 0..1_300u32 {
            let entry = i.to_be_bytes();
            edge.push(&entry, &mut full).unwrap();
            leaves.push(leaf_hash(&entry));
            assert_eq!(edge.root(), root_of_leaves(&leaves), "size {}", i + 1);
        }
        let mut names: Vec<_> = full.iter().map(|(p, _)| *p).collect();
        names.extend(edge.partials().iter().map(|(p, _)| *p));
        names.sort();
        let mut wanted: Vec<_> = TilePath::all(1_300).collect();
        wanted.sort();
        assert_eq!(names, wanted);
    }

    #[test]
    fn a_second_level_tile_fills_up() {
        let (mut edge, mut full) = (Edge::default(), Vec::new());
        for i in 0..66_000u32 {
            edge.push(&i.to_be_bytes(), &mut full).unwrap();
        }
        assert!(full.iter().any(|(p, _)| p.to_string() == "tile/1/000"));
        assert_eq!(edge.level(2).len(), 1);
    }
}
