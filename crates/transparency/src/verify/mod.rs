//! Checking the log from outside, offline: a folder, a receipt, a kept checkpoint. Reads only.
//! Never uses the server's state or the journal: only what a stranger gets as static files.

mod folder;

use loggia_model::Digest;

pub use folder::{Report, StepBack, folder};

use crate::Error;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::entry::Entry;
use crate::key::Verifier;
use crate::log::Receipt;
use crate::tree::{consistency_holds, inclusion_holds, leaf_hash};

/// Checks a signed checkpoint.
///
/// # Errors
/// [`Error::Malformed`] or [`Error::BadSignature`].
pub fn checkpoint(bytes: &[u8], key: &Verifier) -> Result<SignedCheckpoint, Error> {
    SignedCheckpoint::verify(bytes, key)
}

/// Checks that `entry` stands at `index` under a checkpoint, and reads it.
///
/// # Errors
/// [`Error::WrongProof`], or [`Error::Malformed`] if the entry is not in its exact form.
pub fn inclusion(
    entry: &[u8],
    index: u64,
    proof: &[Digest],
    checkpoint: &SignedCheckpoint,
) -> Result<Entry, Error> {
    let (size, root) = (checkpoint.size(), checkpoint.root());
    if index >= size {
        let why = format!("entry {index} lies beyond the checkpoint's {size} entries");
        return Err(Error::WrongProof(why));
    }
    if !inclusion_holds(&leaf_hash(entry), index, size, proof, &root) {
        let why = format!("entry {index} does not lead to the root of the {size} entries");
        return Err(Error::WrongProof(why));
    }
    Entry::parse(entry, &format!("entry {index}"))
}

/// Checks a receipt against the key that the checker trusts (not the one inside the receipt).
///
/// # Errors
/// As [`checkpoint`] and [`inclusion`].
pub fn receipt(receipt: &Receipt, key: &Verifier) -> Result<Entry, Error> {
    let signed = checkpoint(receipt.checkpoint.as_bytes(), key)?;
    inclusion(&receipt.entry, receipt.index, &receipt.proof, &signed)
}

/// Checks that the log went on from a kept checkpoint to the present one.
///
/// # Errors
/// [`Error::Rollback`] if it shrank, [`Error::Fork`] if two roots stand for one size,
/// [`Error::WrongProof`] if the proof does not show that nothing was changed.
pub fn consistency(kept: &Checkpoint, now: &Checkpoint, proof: &[Digest]) -> Result<(), Error> {
    if kept.origin != now.origin {
        let why = format!("{} and {} are different logs", kept.origin, now.origin);
        return Err(Error::WrongProof(why));
    }
    if now.size < kept.size {
        return Err(Error::Rollback {
            signed: kept.size,
            found: now.size,
        });
    }
    if now.size == kept.size && now.root != kept.root {
        return Err(Error::Fork {
            size: kept.size,
            signed: kept.root,
            found: now.root,
        });
    }
    if !consistency_holds(kept.size, &kept.root, now.size, &now.root, proof) {
        return Err(Error::WrongProof(format!(
            "the log of {} entries is not shown to begin with the kept {} (a fork, or another proof)",
            now.size, kept.size
        )));
    }
    Ok(())
}
