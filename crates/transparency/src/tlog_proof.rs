//! Proofs that go from hand to hand (C2SP tlog-proof, revision 0065ea5b): an entry's place, the
//! path to the root and a cosigned checkpoint in one text file. Pure. Never says that an entry is
//! logged without a policy: a proof alone is somebody's claim.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::Digest;

use crate::Error;
use crate::lines::{PROOF_LINES_MAX, decimal, hash, hash_line};
use crate::note::NOTE_BYTES_MAX;
use crate::tlog_policy::{CosignedCheckpoint, TlogPolicy};
use crate::tree::{inclusion_holds, leaf_hash};

/// First line.
const HEAD: &str = "c2sp.org/tlog-proof@v1";
/// Most bytes of extra data; Loggia writes none.
const EXTRA_BYTES_MAX: usize = 64 * 1024;
/// Longest file: a note, 63 hashes, the extra data in base64 and the lines around them.
const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + EXTRA_BYTES_MAX / 3 * 4 + 8 * 1024;

/// A proof as it was read; nothing in it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Opaque data of the application, under no signature.
    pub extra: Option<Vec<u8>>,
    /// Place of the entry in the log.
    pub index: u64,
    /// RFC 6962 inclusion proof, lowest sibling first.
    pub path: Vec<Digest>,
    /// The signed and cosigned note.
    pub checkpoint: String,
}

impl TlogProof {
    /// Reads a proof.
    ///
    /// # Errors
    /// [`Error::Malformed`] says which rule is broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let bad = |why: &str| Error::malformed("log proof", why);
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(bad("longer than 350 KiB"));
        }
        let text = core::str::from_utf8(bytes).map_err(|_| bad("not UTF-8"))?;
        let mut rest = text;
        let mut line = || {
            let (line, after) = rest.split_once('\n')?;
            rest = after;
            Some(line)
        };
        if line() != Some(HEAD) {
            return Err(bad("its first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let mut next = line().ok_or_else(|| bad("ends after its first line"))?;
        let mut extra = None;
        if let Some(data) = next.strip_prefix("extra ") {
            let data = STANDARD
                .decode(data)
                .map_err(|_| bad("its extra data is not base64"))?;
            if data.len() > EXTRA_BYTES_MAX {
                return Err(bad("its extra data is longer than 64 KiB"));
            }
            extra = Some(data);
            next = line().ok_or_else(|| bad("ends after its extra data"))?;
        }
        let index = next.strip_prefix("index ").and_then(decimal);
        let index = index.ok_or_else(|| bad("no line with `index` and a number"))?;
        let mut path = Vec::new();
        loop {
            match line().ok_or_else(|| bad("no empty line before the checkpoint"))? {
                "" => break,
                _ if path.len() == PROOF_LINES_MAX => return Err(bad("more than 63 hashes")),
                one => path.push(hash(one).ok_or_else(|| bad("a line is not a hash"))?),
            }
        }
        Ok(Self {
            extra,
            index,
            path,
            checkpoint: rest.to_owned(),
        })
    }

    /// The proof as a file (`.tlog-proof`).
    #[must_use]
    pub fn text(&self) -> String {
        let extra = self.extra.as_ref();
        let extra = extra.map_or_else(String::new, |e| format!("extra {}\n", STANDARD.encode(e)));
        let path: String = self.path.iter().map(hash_line).collect();
        let (index, checkpoint) = (self.index, &self.checkpoint);
        format!("{HEAD}\n{extra}index {index}\n{path}\n{checkpoint}")
    }

    /// Checks that `entry` stands at the index under a checkpoint that satisfies the policy.
    ///
    /// # Errors
    /// As [`TlogPolicy::check`]; [`Error::WrongProof`] if the path does not lead from this entry
    /// to the cosigned root.
    pub fn verify(
        &self,
        policy: &TlogPolicy,
        entry: &[u8],
    ) -> Result<(u64, CosignedCheckpoint), Error> {
        let cosigned = policy.check(self.checkpoint.as_bytes())?;
        let (index, size) = (self.index, cosigned.size());
        if index >= size {
            let why = format!("entry {index} lies beyond the checkpoint's {size} entries");
            return Err(Error::WrongProof(why));
        }
        if !inclusion_holds(&leaf_hash(entry), index, size, &self.path, &cosigned.root()) {
            let why = format!("entry {index} does not lead to the root of the {size} entries");
            return Err(Error::WrongProof(why));
        }
        Ok((index, cosigned))
    }
}
