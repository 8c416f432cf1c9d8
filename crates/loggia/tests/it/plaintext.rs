//! Looks for the films that the demo's cameras show in whatever a city leaves on disk: every file,
//! at every offset. Never looks at names or endings; a leak has none.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Bytes that must coincide: no accident.
const WINDOW: usize = 32;
/// A window with fewer different bytes is padding, not picture.
const DIFFERENT_MIN: usize = 12;
/// What the demo's cameras show when no other films are given.
const FILMS: [&[u8]; 2] = [
    include_bytes!("../../../sim/fixtures/baseline.h264"),
    include_bytes!("../../../sim/fixtures/main.h265"),
];

/// The films' NAL units in windows.
pub struct Films {
    windows: HashSet<[u8; WINDOW]>,
    /// Which first two bytes occur, to pass over most of a file quickly.
    begins: Vec<bool>,
}

/// NAL units of an Annex B stream (ITU-T H.264 and H.265).
fn units(film: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> = (0..film.len().saturating_sub(2))
        .filter(|i| film[*i..].starts_with(&[0, 0, 1]))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([film.len()]);
    let unit = |(start, end): (&usize, usize)| &film[start + 3..end];
    starts.iter().zip(ends).map(unit).collect()
}

impl Films {
    pub fn load() -> Self {
        let mut windows: HashSet<[u8; WINDOW]> = HashSet::new();
        for film in FILMS {
            for unit in units(film) {
                for window in unit.chunks_exact(WINDOW) {
                    if window.iter().collect::<HashSet<_>>().len() >= DIFFERENT_MIN {
                        windows.insert(window.try_into().unwrap());
                    }
                }
            }
        }
        assert!(windows.len() > 1_000, "the films were found");
        let mut begins = vec![false; 1 << 16];
        for window in &windows {
            begins[usize::from(u16::from_be_bytes([window[0], window[1]]))] = true;
        }
        Self { windows, begins }
    }

    /// How many windows of the films occur in these bytes.
    pub fn seen_in(&self, bytes: &[u8]) -> usize {
        bytes
            .windows(WINDOW)
            .filter(|w| {
                self.begins[usize::from(u16::from_be_bytes([w[0], w[1]]))]
                    && self.windows.contains(*w)
            })
            .count()
    }

    /// Every file under `root` in which something of the films stands; and how many were read.
    pub fn leaks(&self, root: &Path) -> (Vec<(PathBuf, usize)>, usize) {
        let mut found = Vec::new();
        let files = files(root);
        for path in &files {
            let seen = self.seen_in(&std::fs::read(path).unwrap());
            if seen > 0 {
                found.push((path.clone(), seen));
            }
        }
        (found, files.len())
    }
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            out.push(path);
        }
    }
    out
}

#[test]
fn the_search_finds_a_film_wherever_it_begins() {
    let films = Films::load();
    for film in FILMS {
        let mut shifted = b"seven..".to_vec();
        shifted.extend_from_slice(film);
        assert!(films.seen_in(&shifted) > 400);
    }
    assert_eq!(films.seen_in(&[0; 4096]), 0);
}
