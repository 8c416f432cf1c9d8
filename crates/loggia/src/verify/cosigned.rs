//! What bodies outside the city vouch for in a bundle: that filing, approval, opening and export
//! stood in the log that they cosigned, by the log policy of whoever checks. Never takes a policy
//! from the bundle.

use std::path::Path;

use anyhow::{Context, bail};
use loggia_model::{Digest, RequestId};
use loggia_transparency::{Entry, Event, TlogPolicy, TlogProof, Verdict};

use super::say;

/// Longest policy file that is read.
const POLICY_BYTES_MAX: u64 = 256 * 1024;
/// Most proofs in one bundle: four are needed.
const PROOFS_MAX: usize = 16;
/// What an opening leaves in the log, in this order.
const KINDS: [&str; 4] = ["request_filed", "decision", "opening", "export"];

/// Reads the policy of whoever checks.
pub fn policy(path: &Path) -> anyhow::Result<TlogPolicy> {
    let policy = TlogPolicy::parse(&super::bounded(path, POLICY_BYTES_MAX)?)
        .with_context(|| format!("{} is not a log policy", path.display()))?;
    if !policy.needs_witnesses() {
        bail!(
            "{} needs no witness: it would believe the city alone",
            path.display()
        );
    }
    Ok(policy)
}

/// Checks that each of the four entries stands in a checkpoint cosigned by the policy's quorum.
pub fn check(
    proofs: &[String],
    policy: &TlogPolicy,
    request: RequestId,
    bundle: Digest,
) -> anyhow::Result<()> {
    if proofs.len() > PROOFS_MAX {
        bail!("over {PROOFS_MAX} proofs in export.json");
    }
    let mut seen = [None; KINDS.len()];
    for text in proofs {
        let proof = TlogProof::parse(text.as_bytes())?;
        let bytes = proof
            .extra
            .clone()
            .context("a proof comes without its entry")?;
        let (index, cosigned) = proof.verify(policy, &bytes)?;
        let entry = Entry::parse(&bytes, &format!("entry {index}"))?;
        let ours = match &entry.event {
            Event::RequestFiled(e) => e.request == request,
            Event::Decision(e) => e.request == request && e.decision == Verdict::Approve,
            Event::Opening(e) => e.request == request,
            Event::Export(e) => e.request == request && e.bundle == bundle,
            _ => false,
        };
        let kind = KINDS.iter().position(|k| *k == entry.event.kind());
        let (true, Some(kind)) = (ours, kind) else {
            bail!("the proof of entry {index} is about something else");
        };
        seen[kind] = Some(index);
        let names: Vec<&str> = cosigned
            .cosigned()
            .iter()
            .map(|c| c.witness.as_str())
            .collect();
        say(&format!(
            "witnesses: {} is entry {index} of {} under {}",
            KINDS[kind],
            cosigned.size(),
            names.join(", ")
        ));
    }
    for (kind, index) in KINDS.iter().zip(seen) {
        if index.is_none() {
            bail!("export.json has no cosigned proof of the entry `{kind}`");
        }
    }
    if !seen.is_sorted() {
        bail!("the log has the steps of this opening in another order");
    }
    Ok(())
}
