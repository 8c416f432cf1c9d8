//! What the public log says about an export bundle: that it was exported, and whose key sealed it.
//! Never takes a key from the bundle without the log entry that names it.

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{Digest, RequestId};
use loggia_seal::RecorderPublic;
use loggia_transparency::{Entry, Event, SignedCheckpoint, Verifier, verify};
use serde::Deserialize;

use super::say;

#[derive(Deserialize)]
pub struct Export {
    pub v: u8,
    pub request: RequestId,
    pub recipient: String,
    pub exhibit: String,
    pub entry_index: u64,
    pub entry: String,
    pub proof: Vec<String>,
    pub checkpoint: String,
    pub log_key: String,
    pub recorder_keys: Vec<Recorder>,
    /// C2SP tlog-proofs of the opening's entries; bundles of older versions have none.
    #[serde(default)]
    pub proofs: Vec<String>,
}

#[derive(Deserialize)]
pub struct Recorder {
    pub public: RecorderPublic,
    pub entry_index: u64,
    pub entry: String,
    pub proof: Vec<String>,
}

pub fn receipt(
    export: &Export,
    listed: Digest,
    given: Option<&Verifier>,
) -> anyhow::Result<SignedCheckpoint> {
    let own: Verifier = export
        .log_key
        .parse()
        .context("the bundle's log key does not read")?;
    let key = match given {
        Some(key) => key,
        None => {
            say("the log's key is taken from the bundle; compare it with the published one:");
            say(&format!("  {own}"));
            &own
        }
    };
    let checkpoint = verify::checkpoint(export.checkpoint.as_bytes(), key)
        .context("the checkpoint is not signed by the log's key")?;
    let entry = proven(
        &export.entry,
        export.entry_index,
        &export.proof,
        &checkpoint,
    )?;
    match entry.event {
        Event::Export(logged) if logged.bundle == listed && logged.request == export.request => {
            let (index, size) = (export.entry_index, checkpoint.size());
            say(&format!(
                "public log: this export is entry {index} of {size}"
            ));
            say(&format!(
                "exhibit {} for {}",
                export.exhibit, export.recipient
            ));
            Ok(checkpoint)
        }
        Event::Export(_) => bail!("the log entry is about another export"),
        other => bail!("the log entry is a {}, not an export", other.kind()),
    }
}

pub fn proven(
    entry: &str,
    index: u64,
    proof: &[String],
    checkpoint: &SignedCheckpoint,
) -> anyhow::Result<Entry> {
    let entry = STANDARD
        .decode(entry)
        .context("the log entry is not base64")?;
    let proof: Vec<_> = proof
        .iter()
        .map(|p| hash_of(p))
        .collect::<anyhow::Result<_>>()?;
    Ok(verify::inclusion(&entry, index, &proof, checkpoint)?)
}

/// The recorders' keys, each named by the log before the export: whoever sealed the records anew
/// with a key of their own cannot show such an entry.
pub fn recorders(
    export: &Export,
    checkpoint: &SignedCheckpoint,
) -> anyhow::Result<Vec<RecorderPublic>> {
    let mut out = Vec::new();
    for key in &export.recorder_keys {
        let (id, index) = (key.public.key_id(), key.entry_index);
        let entry = proven(&key.entry, index, &key.proof, checkpoint)
            .with_context(|| format!("recorder key {id}: its log entry does not hold"))?;
        match entry.event {
            Event::RecorderStarted(named) if named.recorder == id => {
                if index >= export.entry_index {
                    bail!("recorder key {id} was named in the public log after this export only");
                }
                say(&format!(
                    "recorder key {id}: named by entry {index} of the public log"
                ));
            }
            Event::RecorderStarted(named) => bail!(
                "recorder key {id} is not the one that the public log names there: that is {}",
                named.recorder
            ),
            other => bail!("recorder key {id} is not named by a {} entry", other.kind()),
        }
        out.push(key.public);
    }
    Ok(out)
}

fn hash_of(text: &str) -> anyhow::Result<Digest> {
    let bytes = STANDARD.decode(text).ok().and_then(|b| b.try_into().ok());
    Ok(Digest(bytes.context(
        "a hash in the proof is not 32 bytes in base64",
    )?))
}
