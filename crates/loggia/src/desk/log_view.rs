//! The public log as a desk sees it: cosigned by the quorum of the policy file beside the keys, and
//! the same log as before. Whatever the city shows of it is input; nothing else than the file says
//! whom to believe.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use loggia_model::{At, Digest};
use loggia_transparency::{
    Checkpoint, CosignedCheckpoint, PolicyWitness, SignedCheckpoint, TlogPolicy, TlogProof, verify,
};
use serde::Deserialize;

use super::checks::Proven;
use super::remote::Remote;

/// The policy file's name, beside the keys.
pub const POLICY: &str = "tlog-policy";
/// Nothing is signed or released on a view of the log that is older than this by the witnesses' own
/// times. A server cosigns anew every four minutes at the latest.
pub const LOG_AGE_MAX: Duration = Duration::from_secs(10 * 60);
/// How far a witness's clock may lie ahead of this machine's.
const AHEAD_MAX: Duration = Duration::from_secs(120);
/// Entries whose proofs are remembered: requests of a year.
const REMEMBERED_MAX: usize = 20_000;
/// How often and how long an act waits for a proof that the witnesses are about to make possible.
const TRIES: u32 = 12;
const PAUSE: Duration = Duration::from_millis(400);

/// Whether a proof that is not there yet is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A list says at once what is missing.
    None,
    /// An act that was just made possible waits some seconds.
    Some,
}

#[derive(Deserialize)]
struct ProofPage {
    proof: Vec<String>,
}

/// The log that this desk's holder believes in.
pub struct LogView {
    policy: TlogPolicy,
    text: String,
    /// Entries that were proven: the log only grows, which each look checks.
    known: Mutex<BTreeMap<u64, Vec<u8>>>,
}

/// One look at the log.
pub struct Look {
    /// The newest head with the log's own signature, which continues what this desk has seen.
    pub head: SignedCheckpoint,
    /// The newest checkpoint that the quorum has cosigned; or why there is none.
    pub cosigned: Result<CosignedCheckpoint, String>,
    /// Heads that were found to be of the same log.
    same: Mutex<BTreeSet<(u64, Digest)>>,
}

impl Look {
    /// A look at this head.
    pub fn at(head: SignedCheckpoint, cosigned: Result<CosignedCheckpoint, String>) -> Self {
        Self {
            head,
            cosigned,
            same: Mutex::default(),
        }
    }
}

impl LogView {
    /// Reads the policy file beside the keys.
    ///
    /// # Errors
    /// When there is none, it does not read, or it needs no witness.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(POLICY);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => bail!(
                "there is no {}: it says which log and which witnesses you believe. Put the file \
                 there that your body has agreed on and handed to you; the one that the city \
                 proposes (its /log/policy) is a proposal of those whom it is to check",
                path.display()
            ),
            Err(e) => return Err(e).with_context(|| format!("{} cannot be read", path.display())),
        };
        let policy: TlogPolicy = text
            .parse()
            .with_context(|| format!("{} is not a log policy", path.display()))?;
        if !policy.needs_witnesses() || policy.logs().is_empty() {
            bail!(
                "{} names no log, or needs no witness: it would believe the city alone",
                path.display()
            );
        }
        Ok(Self {
            policy,
            text,
            known: Mutex::default(),
        })
    }

    /// The policy.
    pub fn policy(&self) -> &TlogPolicy {
        &self.policy
    }

    /// Puts a key into the policy file beside the keys, in the place of those that the log had
    /// before: it was handed over to this one, which the caller has checked, and what the others
    /// sign counts nowhere. It counts from the next start on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn believe(
        &self,
        folder: &Path,
        key: &loggia_transparency::Verifier,
    ) -> anyhow::Result<()> {
        let before = format!("{}+", key.name());
        let of_the_log = |line: &&str| {
            let mut words = line.split_whitespace();
            words.next() == Some("log") && words.next().is_some_and(|k| k.starts_with(&before))
        };
        let kept = self.text.lines().filter(|l| !of_the_log(l));
        let lines: Vec<String> = [format!("log {key}")]
            .into_iter()
            .chain(kept.map(str::to_owned))
            .collect();
        crate::files::replace(
            &folder.join(POLICY),
            format!("{}\n", lines.join("\n")).as_bytes(),
        )
    }

    /// The newest cosigned checkpoint that the city shows, held against the policy.
    pub fn cosigned(&self, city: &Remote) -> Result<CosignedCheckpoint, String> {
        let note = city.text("/log/cosigned").map_err(|e| format!("{e:#}"))?;
        let checked = self.policy.check(note.as_bytes());
        checked.map_err(|e| format!("by your log policy: {e}"))
    }

    /// Whether what the city proposes as policy is what this desk's holder has.
    pub fn proposal(&self, city: &Remote) -> &'static str {
        let believes_as = |theirs: &str| {
            let theirs = TlogPolicy::parse(theirs.as_bytes());
            theirs.is_ok_and(|theirs| self.policy.believes_as(&theirs))
        };
        match city.text("/log/policy") {
            // The city's has the witnesses' addresses as well.
            Ok(theirs) if believes_as(&theirs) => "the city uses the same policy",
            Ok(_) => "the city uses another policy than your file; yours counts",
            Err(_) => "the city shows no policy of its own; yours counts",
        }
    }

    /// Checks that two checkpoints are of one log, asking the city for the proof.
    pub fn same_log(&self, city: &Remote, look: &Look, other: &Checkpoint) -> anyhow::Result<()> {
        let key = (other.size, other.root);
        let same = || look.same.lock().unwrap_or_else(PoisonError::into_inner);
        if same().contains(&key) {
            return Ok(());
        }
        let head = look.head.checkpoint();
        let (from, to) = if other.size <= head.size {
            (other, head)
        } else {
            (head, other)
        };
        grew(from, to, |a, b| consistency(city, a, b))
            .context("the public log is not the one that this desk has seen before")?;
        same().insert(key);
        Ok(())
    }

    /// An entry with everything that shows it to be in the cosigned log.
    pub fn proven(
        &self,
        city: &Remote,
        look: &Look,
        index: u64,
        patience: Patience,
    ) -> anyhow::Result<Proven> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // A list need not prove anew what it has seen proven; an act does.
        if patience == Patience::None
            && let Some(bytes) = known().get(&index)
        {
            let bytes = bytes.clone();
            return Ok(Proven { index, bytes });
        }
        let path = format!("/log/proof/{index}");
        let mut text = city.text(&path);
        for _ in 0..TRIES {
            if patience == Patience::None || text.is_ok() {
                break;
            }
            std::thread::sleep(PAUSE);
            text = city.text(&path);
        }
        let proof = TlogProof::parse(text?.as_bytes())?;
        let bytes = proof
            .extra
            .clone()
            .context("the proof comes without its entry")?;
        if proof.index != index {
            bail!(
                "the city shows the proof of entry {} in place of {index}",
                proof.index
            );
        }
        let (_, cosigned) = proof
            .verify(&self.policy, &bytes)
            .context("by your log policy")?;
        self.same_log(city, look, cosigned.signed().checkpoint())?;
        let mut known = known();
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(index, bytes.clone());
        Ok(Proven { index, bytes })
    }

    /// When the quorum last cosigned: the newest time at or after which enough of them did.
    pub fn cosigned_at(&self, cosigned: &CosignedCheckpoint) -> Option<At> {
        let mut times: Vec<At> = cosigned.cosigned().iter().map(|c| c.at).collect();
        times.sort_unstable();
        times.into_iter().rev().find(|time| {
            let since = cosigned.cosigned().iter().filter(|c| c.at >= *time);
            let names = since.map(|c| c.witness.as_str()).collect();
            self.policy.is_quorum(&names)
        })
    }

    /// Who cosigned, by the names that they sign with: a body has a line of the policy for each of
    /// its keys.
    fn bodies(&self, cosigned: &CosignedCheckpoint) -> BTreeSet<&str> {
        let signed = |w: &&PolicyWitness| cosigned.cosigned().iter().any(|c| c.witness == w.name);
        let all = self.policy.witnesses().iter().filter(signed);
        all.map(|w| w.key.name()).collect()
    }

    /// Whether the quorum's view is fresh, in words.
    pub fn fresh(&self, look: &Look, now: At) -> Result<String, String> {
        let cosigned = look.cosigned.as_ref().map_err(Clone::clone)?;
        let at = self
            .cosigned_at(cosigned)
            .ok_or("the cosignatures have no time")?;
        let age = now.since(at);
        if age > LOG_AGE_MAX {
            return Err(format!(
                "the newest log that the witnesses vouch for is {} minutes old, which is too old \
                 to act on: the city shows an old log, the witnesses are away, or this machine's \
                 clock is wrong",
                age.as_secs() / 60
            ));
        }
        if at.since(now) > AHEAD_MAX {
            return Err(
                "the witnesses' clocks and this machine's disagree: set this machine's clock"
                    .to_owned(),
            );
        }
        let names: Vec<&str> = self.bodies(cosigned).into_iter().collect();
        Ok(format!(
            "{} vouch for the log of {} entries, {} s ago",
            names.join(", "),
            cosigned.size(),
            age.as_secs()
        ))
    }
}

/// Asks the city for a consistency proof.
pub fn consistency(city: &Remote, from: u64, to: u64) -> anyhow::Result<Vec<Digest>> {
    let path = format!("/api/v1/log/consistency?from={from}&to={to}");
    super::hashes(&city.open::<ProofPage>(&path)?.proof)
}

/// Checks that `now` continues `kept`.
pub fn grew(
    kept: &Checkpoint,
    now: &Checkpoint,
    consistency: impl Fn(u64, u64) -> anyhow::Result<Vec<Digest>>,
) -> anyhow::Result<()> {
    if kept.size == now.size || kept.size == 0 {
        return Ok(verify::consistency(kept, now, &[])?);
    }
    // A smaller log needs no proof to be refused.
    let proof = if now.size > kept.size {
        consistency(kept.size, now.size)?
    } else {
        Vec::new()
    };
    Ok(verify::consistency(kept, now, &proof)?)
}

#[cfg(test)]
mod tests {
    use loggia_transparency::{CosignerKey, CosignerKind, LogKey, Verifier};

    use super::*;

    fn key_of(name: &str) -> Verifier {
        let (key, _) = LogKey::generate().unwrap();
        key.verifier(name).unwrap()
    }

    fn names(view: &LogView) -> Vec<String> {
        let logs = view.policy().logs().iter();
        logs.map(|l| l.key.to_string()).collect()
    }

    #[test]
    fn a_successor_takes_the_place_of_the_logs_earlier_keys_and_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (oldest, old) = (key_of("city.example/log"), key_of("city.example/log"));
        let new = key_of("city.example/log");
        // Of another log, whose name begins the same.
        let other = key_of("city.example/log2");
        let witness = |name: &str| {
            CosignerKey::generate(CosignerKind::Ed25519, name)
                .unwrap()
                .0
        };
        let (a, b) = (witness("a.example"), witness("b.example"));
        let kept = format!(
            "# handed to the custodians in person\n\
             log {other} https://other.example/log\n\
             witness a {} https://a.example/\n\
             witness b {}\n\
             group both all a b\n\
             quorum both\n",
            a.public(),
            b.public()
        );
        let (first, rest) = kept.split_once('\n').unwrap();
        let before = format!("{first}\nlog {oldest}\nlog\t{old} https://city.example/log\n{rest}");
        let file = folder.path().join(POLICY);
        std::fs::write(&file, before).unwrap();

        let view = LogView::open(folder.path()).unwrap();
        view.believe(folder.path(), &new).unwrap();
        let after = std::fs::read_to_string(&file).unwrap();
        assert_eq!(after, format!("log {new}\n{kept}"));
        // It counts from the next start on, and then alone.
        assert_eq!(names(&view).len(), 3);
        let next = LogView::open(folder.path()).unwrap();
        assert_eq!(names(&next), [new.to_string(), other.to_string()]);
        assert!(next.policy().needs_witnesses());
        assert_eq!(next.policy().witnesses().len(), 2);
        // A second time changes nothing.
        next.believe(folder.path(), &new).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), after);
    }
}
