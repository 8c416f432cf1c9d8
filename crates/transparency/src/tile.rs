//! Names of tiles by C2SP tlog-tiles: which 256 hashes or entries, and where they lie. Pure.
//! Never accepts two spellings of one tile.

use core::fmt;
use core::str::FromStr;

use crate::Error;

/// Hashes (or entries) in a full tile: height 8 by C2SP tlog-tiles.
pub const TILE_WIDTH: u16 = 256;
/// Bytes of a hash.
pub(crate) const HASH_BYTES: usize = 32;
/// Bytes of a full tile of hashes.
pub(crate) const TILE_BYTES: usize = TILE_WIDTH as usize * HASH_BYTES;
/// Longest entry: its length prefix in a bundle is a u16.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// Longest bundle: 256 × (2 + 65,535).
pub(crate) const BUNDLE_BYTES_MAX: usize = TILE_WIDTH as usize * (2 + ENTRY_BYTES_MAX);
/// Levels of tiles: 8 tree levels each, 64 in all.
pub(crate) const LEVELS_MAX: u8 = 8;
/// Longest path: `tile/entries/` + 6 groups of `x000/` + `.p/255`.
const PATH_CHARS_MAX: usize = 64;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes of this tile level (0 = leaf hashes).
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// One tile's name; displays as the path below the log's prefix, `tile/0/x001/234.p/17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    /// What it holds.
    pub kind: TileKind,
    /// Its place in its level, from 0.
    pub index: u64,
    /// How many hashes or entries: 1 to 256, 256 = full.
    pub width: u16,
}

impl TilePath {
    /// A full tile.
    #[must_use]
    pub fn full(kind: TileKind, index: u64) -> Self {
        Self {
            kind,
            index,
            width: TILE_WIDTH,
        }
    }

    /// Whether all 256 are there.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// How many hashes (entries) this tile has in a log of `size` entries, 0 to 256.
    #[must_use]
    pub fn width_at(kind: TileKind, index: u64, size: u64) -> u16 {
        let in_level = match kind {
            TileKind::Hashes(level) => size.checked_shr(8 * u32::from(level)).unwrap_or(0),
            TileKind::Entries => size,
        };
        let before = index.saturating_mul(u64::from(TILE_WIDTH));
        u16::try_from(in_level.saturating_sub(before).min(u64::from(TILE_WIDTH))).unwrap_or(0)
    }

    /// Every tile of a log of `size` entries, level by level, entries first.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let kinds =
            core::iter::once(TileKind::Entries).chain((0..LEVELS_MAX).map(TileKind::Hashes));
        kinds.flat_map(move |kind| {
            (0u64..)
                .map(move |index| Self {
                    kind,
                    index,
                    width: Self::width_at(kind, index, size),
                })
                .take_while(|t| t.width > 0)
        })
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let mut groups = vec![self.index % 1_000];
        let mut rest = self.index / 1_000;
        while rest > 0 {
            groups.push(rest % 1_000);
            rest /= 1_000;
        }
        for (i, group) in groups.iter().enumerate().rev() {
            if i > 0 {
                write!(f, "x{group:03}/")?;
            } else {
                write!(f, "{group:03}")?;
            }
        }
        if !self.is_full() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl FromStr for TilePath {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let bad = || {
            let shown: String = s.chars().take(PATH_CHARS_MAX).collect();
            Error::malformed(
                shown,
                "not the path of a tile, such as tile/0/x001/234.p/17",
            )
        };
        if s.len() > PATH_CHARS_MAX {
            return Err(bad());
        }
        let rest = s.strip_prefix("tile/").ok_or_else(bad)?;
        let (level, rest) = rest.split_once('/').ok_or_else(bad)?;
        let kind = match level {
            "entries" => TileKind::Entries,
            n => TileKind::Hashes(n.parse().map_err(|_| bad())?),
        };
        let (number, width) = match rest.split_once(".p/") {
            None => (rest, TILE_WIDTH),
            Some((number, w)) => (number, w.parse().map_err(|_| bad())?),
        };
        let mut index = 0u64;
        for group in number.split('/') {
            let digits: u64 = group.trim_start_matches('x').parse().map_err(|_| bad())?;
            index = index
                .checked_mul(1_000)
                .and_then(|i| i.checked_add(digits))
                .ok_or_else(bad)?;
        }
        let tile = Self { kind, index, width };
        let level_ok = !matches!(kind, TileKind::Hashes(l) if l >= LEVELS_MAX);
        // The one spelling is the one that we would write.
        if level_ok && (1..=TILE_WIDTH).contains(&width) && tile.to_string() == s {
            Ok(tile)
        } else {
            Err(bad())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_spelled_as_c2sp_says() {
        let t = |kind, index, width| TilePath { kind, index, width }.to_string();
        assert_eq!(t(TileKind::Hashes(0), 0, 256), "tile/0/000");
        assert_eq!(
            t(TileKind::Entries, 1_234_067, 256),
            "tile/entries/x001/x234/067"
        );
        assert_eq!(t(TileKind::Hashes(1), 1_234, 17), "tile/1/x001/234.p/17");
    }

    #[test]
    fn other_spellings_are_refused() {
        for s in [
            "",
            "tile/",
            "tile/0/",
            "tile/0/1",
            "tile/0/0001",
            "tile/00/000",
            "tile/8/000",
            "tile/0/000.p/256",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/001/000",
            "tile/0/x000/000",
            "tile/0/../000",
            "tile/0/x001/x234",
            "tile/0/000.p/",
            "tile/-1/000",
            "tile/0/+12",
            "tile/0/xx1/000",
            "tile/entries/000.p/300",
            "/tile/0/000",
            "tile/data/000",
        ] {
            assert!(s.parse::<TilePath>().is_err(), "{s}");
        }
        assert!("tile/0/".repeat(1_000).parse::<TilePath>().is_err());
    }

    #[test]
    fn the_tiles_of_a_log_are_those_of_the_specification() {
        let all: Vec<_> = TilePath::all(70_000).map(|t| t.to_string()).collect();
        assert_eq!(all.len(), 274 + 274 + 2 + 1);
        assert!(all.contains(&"tile/entries/273.p/112".to_owned()));
        assert!(all.contains(&"tile/1/001.p/17".to_owned()));
        assert!(all.contains(&"tile/2/000.p/1".to_owned()));
        assert_eq!(TilePath::all(0).count(), 0);
    }

    proptest! {
        #[test]
        fn paths_read_back(level in 0u8..9, index in any::<u64>(), width in 1u16..=256) {
            let kind = if level == 8 { TileKind::Entries } else { TileKind::Hashes(level) };
            let t = TilePath { kind, index, width };
            prop_assert_eq!(t.to_string().parse::<TilePath>().unwrap(), t);
        }
        #[test]
        fn any_text_is_read_or_refused(s in "(tile/)?[0-9a-z/.]{0,40}") {
            if let Ok(t) = s.parse::<TilePath>() { prop_assert_eq!(t.to_string(), s); }
        }
    }
}
