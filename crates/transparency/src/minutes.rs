//! The lines under every minute's `heads` entry, kept in `heads/<hour>` beside the log, so that
//! whoever has the footage can hold each chain against what was logged. Never believed for
//! themselves: lines count only when their root stands in the log.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use loggia_model::{CameraId, Digest};

use crate::verify::Report;
use crate::{Error, HeadLine, Heads, Log, Logged, heads_root, leaf_hash, root_of_leaves};

/// Folder of the lines within the log's.
pub(crate) const FOLDER: &str = "heads";
/// Hours for which lines are kept, 31 days: 80 B × 1,440 × cameras a day (400 cameras: 46 MB).
pub const HEADS_KEPT_H: u32 = 31 * 24;
/// Longest file: 61 minutes of 8,000 cameras at 110 B are 54 MB.
const FILE_BYTES_MAX: u64 = 128 << 20;
/// Begins each minute, so that one that a power cut tore spoils no other.
const BEGIN: &str = "heads";

/// A camera's head as a minute's lines name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownHead {
    /// Which camera.
    pub camera: CameraId,
    /// Place of its last record then.
    pub seq: u64,
    /// Chain hash of that record.
    pub hash: Digest,
}

impl Log {
    /// Keeps the lines, then logs their root.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub fn append_heads(&self, lines: &[HeadLine]) -> Result<Logged<Heads>, Error> {
        let mut lines = lines.to_vec();
        lines.sort_by_key(|l| l.camera);
        let mut block = format!("{BEGIN}\n").into_bytes();
        for line in &lines {
            block.extend(line.to_bytes());
        }
        let hour = u32::try_from(self.now().div_euclid(3_600)).unwrap_or(0);
        self.keep_lines(hour, &block)?;
        self.append(Heads::from(heads_root(&lines)))
    }
}

/// Hands every minute that is in the log and whose lines are kept to `each`, oldest first, with its
/// time (Unix seconds); gives the times of those whose lines are not.
///
/// # Errors
/// [`Error::Malformed`] for a file that is too long, [`Error::Io`].
pub fn minutes(
    log_dir: &Path,
    report: &Report,
    mut each: impl FnMut(i64, &[KnownHead]),
) -> Result<BTreeSet<i64>, Error> {
    let mut logged: BTreeMap<Digest, Vec<i64>> = BTreeMap::new();
    for (at, heads) in report.heads.iter().rev() {
        logged.entry(heads.root).or_default().push(*at);
    }
    for (name, path) in files(&log_dir.join(FOLDER))? {
        let io = |e: &std::io::Error| Error::io(&name.to_string(), e);
        let size = std::fs::metadata(&path).map_err(|e| io(&e))?.len();
        if size > FILE_BYTES_MAX {
            return Err(Error::malformed(path.display().to_string(), "too long"));
        }
        let bytes = std::fs::read(&path).map_err(|e| io(&e))?;
        for block in blocks(&bytes) {
            if let Some(at) = logged.get_mut(&block.0).and_then(Vec::pop) {
                each(at, &block.1);
            }
        }
    }
    Ok(logged.into_values().flatten().collect())
}

fn files(dir: &Path) -> Result<BTreeMap<u32, std::path::PathBuf>, Error> {
    let mut found = BTreeMap::new();
    if !dir.is_dir() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(dir).map_err(|e| Error::io(FOLDER, &e))? {
        let path = entry.map_err(|e| Error::io(FOLDER, &e))?.path();
        let hour = path.file_name().and_then(|n| n.to_str()?.parse().ok());
        if let Some(hour) = hour {
            found.insert(hour, path);
        }
    }
    Ok(found)
}

/// The minutes of a file: each one's root and heads. What does not read has a root that no log
/// holds.
fn blocks(bytes: &[u8]) -> Vec<(Digest, Vec<KnownHead>)> {
    let mut out = Vec::new();
    let (mut leaves, mut heads) = (None::<Vec<Digest>>, Vec::new());
    let mut end = |leaves: &mut Option<Vec<Digest>>, heads: &mut Vec<KnownHead>| {
        if let Some(leaves) = leaves.take() {
            out.push((root_of_leaves(&leaves), core::mem::take(heads)));
        }
    };
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        if line == format!("{BEGIN}\n").as_bytes() {
            end(&mut leaves, &mut heads);
            leaves = Some(Vec::new());
        } else if let Some(leaves) = leaves.as_mut() {
            leaves.push(leaf_hash(line));
            heads.extend(head_of(line));
        }
    }
    end(&mut leaves, &mut heads);
    out
}

fn head_of(line: &[u8]) -> Option<KnownHead> {
    let mut words = core::str::from_utf8(line).ok()?.split(' ');
    Some(KnownHead {
        camera: CameraId(words.next()?.parse().ok()?),
        seq: words.next()?.parse().ok()?,
        hash: words.next()?.parse().ok()?,
    })
}
