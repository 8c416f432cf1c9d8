//! Checkpoints (C2SP tlog-checkpoint): origin, size and root under the log's signature. Pure.
//! Never signs here on its own: the writer calls it once the entries are durable.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::Digest;

use crate::Error;
use crate::key::{LogKey, Verifier};
use crate::lines;
use crate::note::{self, Note, NoteSignature};

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Entries in the tree.
    pub size: u64,
    /// Root of the tree.
    pub root: Digest,
}

/// A checkpoint whose signature was checked, or was made here, with its exact text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
}

impl Checkpoint {
    /// The signed text.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root.0)
        )
    }

    /// Reads a checkpoint's text; extension lines are allowed and ignored.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bad = |why: &str| Error::malformed("checkpoint", why);
        let body = text
            .strip_suffix('\n')
            .ok_or_else(|| bad("does not end in a line feed"))?;
        let mut parts = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(bad("fewer than three lines"));
        };
        if origin.is_empty() || parts.any(str::is_empty) {
            return Err(bad("an empty line"));
        }
        let number = lines::decimal(size)
            .ok_or_else(|| bad("its size is not a number without sign and leading zeros"))?;
        let root = lines::hash(root).ok_or_else(|| bad("its root is not 32 bytes in base64"))?;
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root,
        })
    }
}

impl SignedCheckpoint {
    pub(crate) fn sign(checkpoint: Checkpoint, key: &LogKey, verifier: &Verifier) -> Self {
        let note = note::sign(&checkpoint.text(), key, verifier);
        Self { checkpoint, note }
    }

    /// The same with the line of the log's next key: the last checkpoint of one and first of the
    /// other.
    pub(crate) fn and(mut self, key: &LogKey, verifier: &Verifier) -> Self {
        let text = self.checkpoint.text();
        let signed = note::sign(&text, key, verifier);
        self.note.push_str(&signed[text.len() + 1..]);
        self
    }

    /// Reads a checkpoint and checks origin and signature against the log's key.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::BadSignature`].
    pub fn verify(bytes: &[u8], key: &Verifier) -> Result<Self, Error> {
        let note = Note::parse(bytes)?;
        note.check(key)?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        if checkpoint.origin != key.name() {
            let why = "its origin line is another log's";
            return Err(Error::BadSignature {
                name: key.name().to_owned(),
                why,
            });
        }
        let note = core::str::from_utf8(bytes)
            .map_err(|_| Error::malformed("checkpoint", "not UTF-8"))?
            .to_owned();
        Ok(Self { checkpoint, note })
    }

    /// Reads a checkpoint whose signature the caller checks before anything is made of it: with the
    /// key that the log names on the way there.
    pub(crate) fn unchecked(bytes: &[u8]) -> Result<Self, Error> {
        let note = Note::parse(bytes)?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        let note = core::str::from_utf8(bytes)
            .map_err(|_| Error::malformed("checkpoint", "not UTF-8"))?
            .to_owned();
        Ok(Self { checkpoint, note })
    }

    /// What it says.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Entries in the tree.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.checkpoint.root
    }

    /// The exact signed note.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The exact signed text: origin, size, root and extension lines, without the signatures.
    #[must_use]
    pub fn text(&self) -> &str {
        // `verify` and `sign` made the note: it has an empty line before its signatures.
        let cut = self.note.rfind("\n\n").unwrap_or(0);
        self.note.get(..=cut).unwrap_or_default()
    }

    /// The note with more signature lines after its own: what witnesses answered.
    #[must_use]
    pub fn with_lines(&self, lines: &[NoteSignature]) -> String {
        let lines: String = lines.iter().map(NoteSignature::to_string).collect();
        format!("{}{lines}", self.note)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signed() -> (SignedCheckpoint, Verifier) {
        let (key, _) = LogKey::generate().unwrap();
        let verifier = key.verifier("city.example/log").unwrap();
        let c = Checkpoint {
            origin: "city.example/log".into(),
            size: 9,
            root: Digest([7; 32]),
        };
        (SignedCheckpoint::sign(c, &key, &verifier), verifier)
    }

    #[test]
    fn a_checkpoint_reads_back() {
        let (c, key) = signed();
        assert_eq!(
            SignedCheckpoint::verify(c.note().as_bytes(), &key).unwrap(),
            c
        );
        assert!(c.note().starts_with("city.example/log\n9\nBwcHBwcH"));
    }

    #[test]
    fn wrong_texts_are_refused() {
        let root = STANDARD.encode([0; 32]);
        for t in [
            String::new(),
            "a\n".into(),
            format!("a\n1\n{root}"),
            format!("a\n01\n{root}\n"),
            format!("a\n+1\n{root}\n"),
            format!("a\n-1\n{root}\n"),
            format!("\n1\n{root}\n"),
            format!("a\n1\n{root}\n\n"),
            "a\n1\nAAAA\n".into(),
        ] {
            assert!(Checkpoint::parse(&t).is_err(), "{t:?}");
        }
        assert!(Checkpoint::parse(&format!("a\n1\n{root}\nextension\n")).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(s in "\\PC{0,20}\n?[0-9]{0,25}\n?[A-Za-z0-9+/=]{0,50}\n?") {
            let _ = Checkpoint::parse(&s);
        }
    }
}
