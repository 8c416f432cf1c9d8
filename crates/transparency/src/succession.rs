//! Which key counts from which size: a log is handed over by an entry that names the next key,
//! under a checkpoint that both keys sign. Pure; never believes a key for more than that shows.

use loggia_model::Digest;

use crate::checkpoint::SignedCheckpoint;
use crate::entry::Event;
use crate::key::Verifier;
use crate::{Error, verify};

/// Folder of the checkpoints with which the log was handed over, and its path below `/log/`.
pub(crate) const FOLDER: &str = "succession";
/// Most successions that a checker follows: one a month for twenty years.
pub const SUCCESSIONS_MAX: u32 = 240;

/// Name of the `n`th, from 1.
pub(crate) fn place(n: u32) -> String {
    format!("{FOLDER}/{n}")
}

/// Whether the event hands the log over to this key.
pub(crate) fn names(event: &Event, key: &Verifier) -> bool {
    matches!(event, Event::LogKeyChanged(e) if e.key.0 == *key.public())
}

/// The log was handed over from one key to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The last checkpoint under the key before, which the next key has signed too.
    pub checkpoint: SignedCheckpoint,
    /// The next key: it alone counts for larger sizes. The one before counts up to this size.
    pub next: Verifier,
    /// Hash of what both groups of custodians signed.
    pub statement: Digest,
}

impl Succession {
    /// Checks one step: `note` is signed by `before`, its last entry (`entry`, with its inclusion
    /// proof) names a key, and that key has signed the note too.
    ///
    /// # Errors
    /// [`Error::BadSignature`], [`Error::WrongProof`], [`Error::Malformed`].
    pub fn check(
        note: &[u8],
        before: &Verifier,
        entry: &[u8],
        proof: &[Digest],
    ) -> Result<Self, Error> {
        let checkpoint = SignedCheckpoint::verify(note, before)?;
        let last = checkpoint
            .size()
            .checked_sub(1)
            .ok_or_else(|| Error::WrongProof("an empty log is not handed over".to_owned()))?;
        let found = verify::inclusion(entry, last, proof, &checkpoint)?;
        if names(&found.event, before) {
            let why = "it is the first checkpoint of this key, not its last".to_owned();
            return Err(Error::WrongProof(why));
        }
        Self::of(checkpoint, &found.event, note)
    }

    /// The step that this last entry of a checked checkpoint makes.
    pub(crate) fn of(
        checkpoint: SignedCheckpoint,
        last: &Event,
        note: &[u8],
    ) -> Result<Self, Error> {
        let Event::LogKeyChanged(change) = last else {
            let why = "its last entry does not hand the log over".to_owned();
            return Err(Error::WrongProof(why));
        };
        let next = Verifier::new(&checkpoint.checkpoint().origin, change.key.0)?;
        let again = SignedCheckpoint::verify(note, &next)?;
        debug_assert_eq!(again.checkpoint(), checkpoint.checkpoint());
        Ok(Self {
            checkpoint,
            next,
            statement: change.statement,
        })
    }
}
