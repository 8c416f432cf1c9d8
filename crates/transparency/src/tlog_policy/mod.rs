//! Whom one believes (C2SP tlog-policy, revision 13027eee of 2026): logs, witnesses, and which of
//! their cosignatures are enough. Pure.
//! Never falls back: a checkpoint either meets the whole quorum or is refused with what is missing.

mod compose;
mod reading;

use core::str::FromStr;
use std::collections::BTreeSet;

use loggia_model::{At, Digest};

use crate::Error;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::cosign::{CosignerKind, CosignerPublic};
use crate::key::Verifier;
use crate::note::Note;

pub use compose::WitnessBody;
use reading::Reading;

/// Longest file: 64 ML-DSA-44 vkeys of 2 kB each, and as much again for words.
const POLICY_BYTES_MAX: usize = 256 * 1024;

/// A log that the policy's holder believes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key; the name is the origin.
    pub key: Verifier,
    /// Where it is, if the file says.
    pub url: Option<String>,
}

/// One key of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// The name inside the policy file (not the one in signature lines).
    pub name: String,
    /// Its key.
    pub key: CosignerPublic,
    /// Its submission prefix, if the file says.
    pub url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Witness(usize),
    /// At least so many of the nodes before.
    Group(usize, Vec<usize>),
}

/// A policy as read from its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogPolicy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    /// Witnesses and groups in the order of their lines; members come before their groups.
    nodes: Vec<Node>,
    /// None: the log's signature is enough.
    quorum: Option<usize>,
}

/// One cosignature that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The witness line of the policy, by its name.
    pub witness: String,
    /// When the witness cosigned; a later line of the same key counts.
    pub at: At,
}

/// A checkpoint that meets a policy: the log's signature and the quorum were checked.
/// Made by [`TlogPolicy::check`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignedCheckpoint {
    signed: SignedCheckpoint,
    cosigned: Vec<Cosigned>,
}

impl CosignedCheckpoint {
    /// The checkpoint and its exact note.
    #[must_use]
    pub fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// Entries in the tree.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.signed.size()
    }

    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.signed.root()
    }

    /// Every cosignature by a key of the policy, in the policy's order.
    #[must_use]
    pub fn cosigned(&self) -> &[Cosigned] {
        &self.cosigned
    }
}

impl TlogPolicy {
    /// Whether another policy believes the same, wherever its logs and witnesses are.
    #[must_use]
    pub fn believes_as(&self, other: &Self) -> bool {
        let placeless = |policy: &Self| {
            let mut policy = policy.clone();
            policy.logs.iter_mut().for_each(|l| l.url = None);
            policy.witnesses.iter_mut().for_each(|w| w.url = None);
            policy
        };
        placeless(self) == placeless(other)
    }

    /// Reads a policy file.
    ///
    /// # Errors
    /// [`Error::Malformed`] names the line and the rule that is broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let whole = |why: &str| Error::malformed("log policy", why);
        if bytes.len() > POLICY_BYTES_MAX {
            return Err(whole("longer than 256 KiB"));
        }
        let body = bytes
            .strip_suffix(b"\n")
            .ok_or_else(|| whole("does not end in a line feed"))?;
        let mut reading = Reading::default();
        for (number, line) in body.split(|b| *b == b'\n').enumerate() {
            reading
                .line(line)
                .map_err(|why| Error::malformed(format!("log policy, line {}", number + 1), why))?;
        }
        let quorum = reading.quorum.ok_or_else(|| {
            whole("no `quorum` line; `quorum none` says that no witness is needed")
        })?;
        Ok(Self {
            logs: reading.logs,
            witnesses: reading.witnesses,
            nodes: reading.nodes,
            quorum,
        })
    }

    /// The logs.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses' keys, one for each line.
    #[must_use]
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// Whether a checkpoint needs any witness.
    #[must_use]
    pub fn needs_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Whether cosignatures by these witness lines (by name) are the quorum.
    #[must_use]
    pub fn is_quorum(&self, names: &BTreeSet<&str>) -> bool {
        let Some(quorum) = self.quorum else {
            return true;
        };
        let mut met: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            met.push(match node {
                Node::Witness(at) => names.contains(self.witnesses[*at].name.as_str()),
                Node::Group(need, members) => members.iter().filter(|m| met[**m]).count() >= *need,
            });
        }
        met[quorum]
    }

    /// Whether no quorum can be reached without keys of this kind. A policy that does not need
    /// Ed25519 rests on ML-DSA-44 alone; one that does not need ML-DSA-44 falls to a quantum
    /// computer.
    #[must_use]
    pub fn needs(&self, kind: CosignerKind) -> bool {
        let others = self.witnesses.iter().filter(|w| w.key.kind() != kind);
        // The quorum only gains by more cosignatures, so trying all others at once is enough.
        !self.is_quorum(&others.map(|w| w.name.as_str()).collect())
    }

    /// Checks a checkpoint's note: signed by a log of the policy under that log's origin, and
    /// cosigned by the quorum. A wrong signature under a known key refuses the whole note (C2SP
    /// signed-note, "Signatures"); unknown keys are ignored.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::BadSignature`] or [`Error::NoQuorum`].
    pub fn check(&self, note: &[u8]) -> Result<CosignedCheckpoint, Error> {
        let signed = self.log_signed(note)?;
        let lines = Note::parse(note)?.signatures;
        let mut cosigned = Vec::new();
        for witness in &self.witnesses {
            let mut latest: Option<At> = None;
            for line in lines.iter().filter(|l| witness.key.claims(l)) {
                latest = latest.max(Some(witness.key.verify(&signed, line)?));
            }
            cosigned.extend(latest.map(|at| Cosigned {
                witness: witness.name.clone(),
                at,
            }));
        }
        let names = cosigned.iter().map(|c| c.witness.as_str()).collect();
        if !self.is_quorum(&names) {
            let by: Vec<_> = names.into_iter().collect();
            return Err(Error::NoQuorum {
                size: signed.size(),
                by: if by.is_empty() {
                    "nobody".to_owned()
                } else {
                    by.join(", ")
                },
            });
        }
        Ok(CosignedCheckpoint { signed, cosigned })
    }

    /// Checks the log's own signature only: what a log or witness does before it asks for more.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::BadSignature`].
    pub fn log_signed(&self, note: &[u8]) -> Result<SignedCheckpoint, Error> {
        let origin = Checkpoint::parse(&Note::parse(note)?.text)?.origin;
        let mut refused = Error::BadSignature {
            name: origin.clone(),
            why: "the policy names no log of this origin",
        };
        for log in self.logs.iter().filter(|l| l.key.name() == origin) {
            match SignedCheckpoint::verify(note, &log.key) {
                Ok(signed) => return Ok(signed),
                Err(e) => refused = e,
            }
        }
        Err(refused)
    }
}

impl FromStr for TlogPolicy {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        Self::parse(s.as_bytes())
    }
}
