//! May this checkpoint be cosigned? The rules of C2SP tlog-witness (v1.0.0, and where the editor's
//! draft of 2026 is stricter, the draft) in the order in which the specification states them. Pure.
//! Never cosigns: it says yes with the checkpoint that it checked, or no with the reason.

use core::fmt;

use loggia_model::Digest;

use super::wire::AddCheckpoint;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::key::Verifier;
use crate::note::{Note, NoteSignature};
use crate::tree::{consistency_holds, empty_root};

/// Why a witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The request is not in the specified form, or its old size is above the checkpoint's.
    Malformed(String),
    /// The witness was not told of this log.
    UnknownLog,
    /// No signature of the log, or a wrong one under its key.
    BadSignature,
    /// The witness cosigned this size last; ask from there.
    NotSince(u64),
    /// The witness cosigned another root for this very size: the log is forked.
    OtherRoot(u64),
    /// The proof does not show that the tree continues the one cosigned last.
    WrongProof,
    /// Too many ask, or the disk is full; nothing changed.
    Busy(String),
    /// The state could not be made durable; the witness must be started anew.
    Stopped,
}

impl Refusal {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::BadSignature => 403,
            Self::UnknownLog => 404,
            Self::NotSince(_) | Self::OtherRoot(_) => 409,
            Self::WrongProof => 422,
            Self::Stopped => 500,
            Self::Busy(_) => 503,
        }
    }
}

/// The body of the answer, without its line feed.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) | Self::Busy(why) => f.write_str(why),
            Self::BadSignature => {
                f.write_str("the checkpoint is not signed by a key that this witness learnt")
            }
            Self::UnknownLog => f.write_str("this witness was not told of this log"),
            Self::NotSince(size) => write!(f, "{size}"),
            Self::OtherRoot(size) => {
                write!(
                    f,
                    "another root was cosigned for {size} entries: the log is forked"
                )
            }
            Self::WrongProof => f.write_str(
                "the proof does not show that this tree continues the one cosigned last",
            ),
            Self::Stopped => f.write_str("the witness cannot keep its state and has stopped"),
        }
    }
}

/// A request whose form is right and whose log is named; nothing in it is believed yet.
pub(super) struct Asked {
    request: AddCheckpoint,
    note: Note,
    checkpoint: Checkpoint,
}

impl Asked {
    /// Reads a request's body.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let bad = |e: crate::Error| Refusal::Malformed(e.to_string());
        let request = AddCheckpoint::parse(body).map_err(bad)?;
        let note = Note::parse(request.checkpoint.as_bytes()).map_err(bad)?;
        let checkpoint = Checkpoint::parse(&note.text).map_err(bad)?;
        Ok(Self {
            request,
            note,
            checkpoint,
        })
    }

    /// The log that the checkpoint claims.
    pub(super) fn origin(&self) -> &str {
        &self.checkpoint.origin
    }

    /// The checkpoint under this log's own signatures alone. A line that names a known key and
    /// does not verify refuses the note (C2SP signed-note, "Signatures"); strangers' are left out.
    /// `newest` is the place of the newest key that has signed what was cosigned last: a key learnt
    /// before it is retired and vouches for nothing. Gives the place of the newest one here too.
    pub(super) fn signed_by(
        &self,
        keys: &[Verifier],
        newest: usize,
    ) -> Result<(SignedCheckpoint, usize), Refusal> {
        let is = |l: &&NoteSignature, key: &Verifier| l.name == key.name() && l.id == key.id();
        let mut own = String::new();
        let mut by = None;
        for (place, key) in keys.iter().enumerate() {
            for line in self.note.signatures.iter().filter(|l| is(l, key)) {
                if !key.verifies(self.note.text.as_bytes(), &line.signature) {
                    return Err(Refusal::BadSignature);
                }
                own.push_str(&line.to_string());
                by = Some((place, key));
            }
        }
        let (place, key) = by
            .filter(|(p, _)| *p >= newest)
            .ok_or(Refusal::BadSignature)?;
        let note = format!("{}\n{own}", self.note.text);
        let signed = SignedCheckpoint::verify(note.as_bytes(), key);
        Ok((signed.map_err(|_| Refusal::BadSignature)?, place))
    }

    /// Whether the checkpoint continues the one cosigned last.
    pub(super) fn continues(&self, last: Option<&Checkpoint>) -> Result<(), Refusal> {
        let (old, new) = (self.request.old, &self.checkpoint);
        if old > new.size {
            let why = format!("the old size {old} is above the checkpoint's {}", new.size);
            return Err(Refusal::Malformed(why));
        }
        let (size, root): (u64, Digest) = last.map_or((0, empty_root()), |c| (c.size, c.root));
        if old != size {
            return Err(Refusal::NotSince(size));
        }
        if last.is_some() && new.size == size && new.root != root {
            return Err(Refusal::OtherRoot(size));
        }
        // From nothing every tree is consistent, by an empty proof; the empty tree has one root.
        if !consistency_holds(size, &root, new.size, &new.root, &self.request.proof) {
            return Err(Refusal::WrongProof);
        }
        Ok(())
    }
}
