//! One entry of the public log, with its proof, as the auditor's window saves it.
//! Never takes the log's key from the file: the caller brings the one that is trusted.

use std::path::Path;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_transparency::{Verifier, verify};
use serde::Deserialize;

use super::receipt::proven;
use super::{bounded, say};

/// An entry of 65,535 bytes in base64, 64 hashes, and a checkpoint.
const RECEIPT_BYTES_MAX: u64 = 128 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Receipt {
    v: u8,
    entry_index: u64,
    entry: String,
    proof: Vec<String>,
    checkpoint: String,
}

/// Checks the file and prints the entry.
pub fn check(path: &Path, key: Option<&Verifier>) -> anyhow::Result<()> {
    let key = key.context("an entry is checked with --log-key (see /log/key)")?;
    let receipt: Receipt = serde_json::from_slice(&bounded(path, RECEIPT_BYTES_MAX)?)
        .with_context(|| format!("{} is no entry with its proof", path.display()))?;
    if receipt.v != 1 {
        bail!("version {} of a receipt is not known here", receipt.v);
    }
    let checkpoint = verify::checkpoint(receipt.checkpoint.as_bytes(), key)
        .context("the checkpoint is not signed by the log's key")?;
    let index = receipt.entry_index;
    proven(&receipt.entry, index, &receipt.proof, &checkpoint)
        .context("the proof does not lead from the entry to the checkpoint")?;
    let bytes = STANDARD.decode(&receipt.entry)?;
    say(&format!(
        "public log: this is entry {index} of {}: {}",
        checkpoint.size(),
        String::from_utf8_lossy(&bytes)
    ));
    Ok(())
}
