//! Every minute's Merkle root over all cameras' chain heads and gaps, so that a recorder with its
//! own signing key cannot rewrite or cut the past. Never names a place: a camera is its number.

use loggia_model::{CameraId, Digest, GapReason};

use crate::tree::{Nodes, inclusion, range_hash};
use crate::{Error, inclusion_holds, leaf_hash, root_of_leaves};

/// Where one camera's chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLine {
    /// Which camera.
    pub camera: CameraId,
    /// Place of its last durable record, 0 if there is none.
    pub seq: u64,
    /// Chain hash of that record, 32 zero bytes if there is none.
    pub hash: Digest,
    /// The reason if the camera is not being recorded now.
    pub gap: Option<GapReason>,
}

impl HeadLine {
    /// The line's bytes: `camera SP seq SP hash SP ("recording" | "gap-" number) LF`, decimal
    /// without leading zeros, hash in lower-case hexadecimal digits.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let state = match self.gap {
            None => "recording".to_owned(),
            Some(reason) => format!("gap-{}", reason as u8),
        };
        format!("{} {} {} {state}\n", self.camera.0, self.seq, self.hash).into_bytes()
    }
}

/// The root and the counts that the `heads` entry carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadsRoot {
    /// RFC 6962 root over the lines, by camera number.
    pub root: Digest,
    /// How many lines.
    pub cameras: u32,
    /// How many of them are in a gap.
    pub gaps: u32,
}

impl From<HeadsRoot> for crate::Heads {
    fn from(h: HeadsRoot) -> Self {
        Self {
            root: h.root,
            cameras: h.cameras,
            gaps: h.gaps,
        }
    }
}

fn leaves(lines: &[HeadLine]) -> Vec<(CameraId, Digest)> {
    let mut v: Vec<_> = lines
        .iter()
        .map(|l| (l.camera, leaf_hash(&l.to_bytes())))
        .collect();
    v.sort_by_key(|(camera, _)| *camera);
    v
}

/// Root over the lines, sorted by camera here.
#[must_use]
pub fn heads_root(lines: &[HeadLine]) -> HeadsRoot {
    let hashes: Vec<_> = leaves(lines).into_iter().map(|(_, h)| h).collect();
    let gaps = lines.iter().filter(|l| l.gap.is_some()).count();
    HeadsRoot {
        root: root_of_leaves(&hashes),
        cameras: u32::try_from(lines.len()).unwrap_or(u32::MAX),
        gaps: u32::try_from(gaps).unwrap_or(u32::MAX),
    }
}

struct InMemory(Vec<Digest>);

impl Nodes for InMemory {
    fn node(&mut self, level: u8, index: u64) -> Result<Digest, Error> {
        if level > 0 {
            let (lo, hi) = (index << level, (index + 1) << level);
            let half = (hi - lo) / 2;
            let left = range_hash(self, lo, lo + half)?;
            let right = range_hash(self, lo + half, hi)?;
            return Ok(crate::node_hash(&left, &right));
        }
        usize::try_from(index)
            .ok()
            .and_then(|i| self.0.get(i))
            .copied()
            .ok_or_else(|| Error::NotThere("there is no such line".to_owned()))
    }
}

/// Proof that one camera's line is under [`heads_root`]: its place and the sibling hashes.
///
/// # Errors
/// [`Error::NotThere`] if the camera has no line.
pub fn heads_proof(lines: &[HeadLine], camera: CameraId) -> Result<(u64, Vec<Digest>), Error> {
    let sorted = leaves(lines);
    let place = sorted
        .iter()
        .position(|(c, _)| *c == camera)
        .ok_or_else(|| Error::NotThere(format!("{camera} has no line")))? as u64;
    let size = sorted.len() as u64;
    let mut nodes = InMemory(sorted.into_iter().map(|(_, h)| h).collect());
    Ok((place, inclusion(&mut nodes, place, size)?))
}

/// Checks that `line` stood at `place` under a `heads` entry.
#[must_use]
pub fn verify_head(line: &HeadLine, place: u64, proof: &[Digest], heads: &crate::Heads) -> bool {
    inclusion_holds(
        &leaf_hash(&line.to_bytes()),
        place,
        u64::from(heads.cameras),
        proof,
        &heads.root,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: u32) -> HeadLine {
        HeadLine {
            camera: CameraId(n),
            seq: u64::from(n) * 10,
            hash: Digest([n as u8; 32]),
            gap: n.is_multiple_of(3).then_some(GapReason::Unreachable),
        }
    }

    #[test]
    fn a_line_reads_as_documented() {
        assert_eq!(
            String::from_utf8(line(3).to_bytes()).unwrap(),
            format!("3 30 {} gap-1\n", "03".repeat(32))
        );
        assert_eq!(
            String::from_utf8(line(4).to_bytes()).unwrap(),
            format!("4 40 {} recording\n", "04".repeat(32))
        );
    }

    #[test]
    fn order_does_not_matter_and_every_line_is_bound() {
        let mut lines: Vec<_> = (1..=11).map(line).collect();
        let root = heads_root(&lines);
        assert_eq!((root.cameras, root.gaps), (11, 3));
        lines.reverse();
        assert_eq!(heads_root(&lines), root);
        for l in &lines {
            let (place, proof) = heads_proof(&lines, l.camera).unwrap();
            assert!(verify_head(l, place, &proof, &root.into()));
            let cut = HeadLine {
                seq: l.seq - 1,
                ..*l
            };
            assert!(!verify_head(&cut, place, &proof, &root.into()));
        }
        assert!(heads_proof(&lines, CameraId(99)).is_err());
    }
}
