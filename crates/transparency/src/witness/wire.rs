//! The bytes of `add-checkpoint` (C2SP tlog-witness): what a log asks and what a witness answers.
//! Pure: never opens a socket, never trusts a cosignature that it reads.

use loggia_model::Digest;

use crate::Error;
use crate::lines::{PROOF_LINES_MAX, decimal, hash, hash_line};
use crate::note::{NOTE_BYTES_MAX, NoteSignature};

/// Longest request: a note, 63 hash lines of 45 bytes, the old size and the empty line.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = NOTE_BYTES_MAX + 4 * 1024;
/// Content type of the answer 409 that names the size to start from.
pub const SIZE_TYPE: &str = "text/x.tlog.size";
/// Longest refusal that is kept of an answer, for people to read.
const REFUSAL_CHARS_MAX: usize = 300;

/// One request: please cosign this checkpoint, which continues the tree of `old` entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the checkpoint that the witness cosigned last; 0 if none.
    pub old: u64,
    /// RFC 6962 consistency proof from `old`; empty from 0 and for the same size.
    pub proof: Vec<Digest>,
    /// The signed note, not yet checked.
    pub checkpoint: String,
}

impl AddCheckpoint {
    /// Reads a request's body.
    ///
    /// # Errors
    /// [`Error::Malformed`] says which rule is broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let bad = |why: &str| Error::malformed("add-checkpoint", why);
        if bytes.len() > ADD_CHECKPOINT_BYTES_MAX {
            return Err(bad("the request is longer than 260 KiB"));
        }
        let text = core::str::from_utf8(bytes).map_err(|_| bad("not UTF-8"))?;
        let (first, mut rest) = text
            .split_once('\n')
            .ok_or_else(|| bad("no line with the old size"))?;
        let old = first.strip_prefix("old ").and_then(decimal);
        let old = old.ok_or_else(|| bad("the first line is not `old` and a size"))?;
        let mut proof = Vec::new();
        loop {
            let (line, after) = rest
                .split_once('\n')
                .ok_or_else(|| bad("no empty line before the checkpoint"))?;
            rest = after;
            if line.is_empty() {
                break;
            }
            if proof.len() == PROOF_LINES_MAX {
                return Err(bad("more than 63 lines of proof"));
            }
            proof.push(hash(line).ok_or_else(|| bad("a line of the proof is not a hash"))?);
        }
        Ok(Self {
            old,
            proof,
            checkpoint: rest.to_owned(),
        })
    }

    /// The request's body.
    #[must_use]
    pub fn body(&self) -> String {
        let proof: String = self.proof.iter().map(hash_line).collect();
        format!("old {}\n{proof}\n{}", self.old, self.checkpoint)
    }
}

/// What a witness answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WitnessAnswer {
    /// 200: its signature lines; to be checked with the keys that one trusts.
    Cosigned(Vec<NoteSignature>),
    /// 409 with a size: it cosigned this size last, ask again from there.
    AskFrom(u64),
    /// Anything else: the status and what it said, cut to one readable line.
    Refused(u16, String),
}

impl WitnessAnswer {
    /// Reads an answer; `kind` is its content type.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a 200 or a size is not in the specified form.
    pub fn parse(status: u16, kind: Option<&str>, body: &[u8]) -> Result<Self, Error> {
        // A parameter after the type (`; charset=…`) changes nothing.
        let kind = kind.and_then(|k| k.split(';').next()).map(str::trim);
        match status {
            200 => NoteSignature::parse_lines(body).map(Self::Cosigned),
            409 if kind == Some(SIZE_TYPE) => {
                let text = core::str::from_utf8(body).ok();
                let size = text.and_then(|t| t.strip_suffix('\n')).and_then(decimal);
                let why = "the size in the answer 409 is not a number and a line feed";
                size.map(Self::AskFrom)
                    .ok_or_else(|| Error::malformed("witness", why))
            }
            _ => {
                let said = String::from_utf8_lossy(body);
                let plain = |c: char| if c.is_control() { ' ' } else { c };
                let said: String = said.chars().take(REFUSAL_CHARS_MAX).map(plain).collect();
                Ok(Self::Refused(status, said.trim().to_owned()))
            }
        }
    }
}
