//! Signed notes (C2SP signed-note): a text, an empty line, signature lines. Pure.
//! Never trusts an unverified note: its text is used only after [`Note::check`].

use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Error;
use crate::key::{LogKey, Verifier, is_name};

/// Longest note that is read: 66 lines with ML-DSA-44 (3,244 bytes of base64 and a name each) fit.
pub(crate) const NOTE_BYTES_MAX: usize = 256 * 1024;
/// Most signature lines that are read: 32 witnesses with two keys each, and the log's own during a
/// change of its key.
const SIGNATURES_MAX: usize = 66;
/// A signature line begins with an em dash and a space.
const SIGNATURE_MARK: &str = "\u{2014} ";

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Short id of the key.
    pub id: [u8; 4],
    /// The signature itself.
    pub signature: Vec<u8>,
}

impl NoteSignature {
    /// Reads lines as a witness answers them: each begins with an em dash and ends in a line feed.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse_lines(bytes: &[u8]) -> Result<Vec<Self>, Error> {
        let bad = |why: &str| Error::malformed("signature lines", why);
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(bad("longer than 256 KiB"));
        }
        let all = core::str::from_utf8(bytes).map_err(|_| bad("not UTF-8"))?;
        let lines = all
            .strip_suffix('\n')
            .ok_or_else(|| bad("do not end in a line feed"))?;
        read_lines(lines, bad)
    }
}

/// The line, with its line feed.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blob = self.id.to_vec();
        blob.extend_from_slice(&self.signature);
        writeln!(f, "{SIGNATURE_MARK}{} {}", self.name, STANDARD.encode(blob))
    }
}

fn read_lines(
    lines: &str,
    bad: impl Fn(&'static str) -> Error,
) -> Result<Vec<NoteSignature>, Error> {
    let mut signatures = Vec::new();
    for line in lines.split('\n') {
        if signatures.len() == SIGNATURES_MAX {
            return Err(bad("more than 66 signatures"));
        }
        signatures.push(signature_line(line).ok_or_else(|| bad("a signature line is wrong"))?);
    }
    Ok(signatures)
}

/// A note as it was read; not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The signed text, with its last line feed.
    pub text: String,
    /// The signature lines in order.
    pub signatures: Vec<NoteSignature>,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// [`Error::Malformed`] says which rule is broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let bad = |why: &str| Error::malformed("signed note", why);
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(bad("longer than 256 KiB"));
        }
        let all = core::str::from_utf8(bytes).map_err(|_| bad("not UTF-8"))?;
        if all.chars().any(|c| c.is_ascii_control() && c != '\n') {
            return Err(bad("contains a control character"));
        }
        let cut = all
            .rfind("\n\n")
            .ok_or_else(|| bad("no empty line before the signatures"))?;
        let (text, lines) = (&all[..=cut], &all[cut + 2..]);
        let lines = lines
            .strip_suffix('\n')
            .ok_or_else(|| bad("does not end in a line feed"))?;
        let signatures = read_lines(lines, bad)?;
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }

    /// Checks the note against one key: its signature must be there and right.
    ///
    /// # Errors
    /// [`Error::BadSignature`].
    pub fn check(&self, key: &Verifier) -> Result<(), Error> {
        let refused = |why| {
            Err(Error::BadSignature {
                name: key.name().to_owned(),
                why,
            })
        };
        let mine = |s: &&NoteSignature| s.name == key.name() && s.id == key.id();
        match self.signatures.iter().find(mine) {
            None => refused("no signature line of this key"),
            Some(s) if key.verifies(self.text.as_bytes(), &s.signature) => Ok(()),
            Some(_) => refused("the signature does not fit the text"),
        }
    }
}

fn signature_line(line: &str) -> Option<NoteSignature> {
    let (name, blob) = line.strip_prefix(SIGNATURE_MARK)?.split_once(' ')?;
    let blob = STANDARD.decode(blob).ok()?;
    let (id, signature) = blob.split_first_chunk::<4>()?;
    if !is_name(name) || signature.is_empty() {
        return None;
    }
    Some(NoteSignature {
        name: name.to_owned(),
        id: *id,
        signature: signature.to_vec(),
    })
}

/// Signs a text that ends in a line feed.
pub(crate) fn sign(text: &str, key: &LogKey, verifier: &Verifier) -> String {
    let line = NoteSignature {
        name: verifier.name().to_owned(),
        id: verifier.id(),
        signature: key.sign(text.as_bytes()),
    };
    format!("{text}\n{line}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of C2SP signed-note's Go reference (golang.org/x/mod/sumdb/note, package test).
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const MESSAGE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\u{2014} PeterNeumann \
        x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_reference_note_verifies() {
        let key: Verifier = PETER.parse().unwrap();
        assert_eq!(key.to_string(), PETER);
        Note::parse(MESSAGE.as_bytes())
            .unwrap()
            .check(&key)
            .unwrap();
        let altered = MESSAGE.replace("answer", "Answer");
        let e = Note::parse(altered.as_bytes())
            .unwrap()
            .check(&key)
            .unwrap_err();
        assert!(e.to_string().contains("does not fit"), "{e}");
    }

    #[test]
    fn keys_with_a_wrong_hash_are_refused() {
        assert!(
            PETER
                .replace("c74f20a3", "c74f20a4")
                .parse::<Verifier>()
                .is_err()
        );
        assert!(
            PETER
                .replace("PeterNeumann", "Peter Neumann")
                .parse::<Verifier>()
                .is_err()
        );
        assert!("x".parse::<Verifier>().is_err());
    }

    #[test]
    fn our_notes_verify_and_name_a_stranger() {
        let (key, pkcs8) = LogKey::generate().unwrap();
        let again = LogKey::from_pkcs8(&pkcs8).unwrap();
        let verifier = key.verifier("city.example/log").unwrap();
        assert_eq!(again.verifier("city.example/log").unwrap(), verifier);
        let note = Note::parse(sign("hello\n", &key, &verifier).as_bytes()).unwrap();
        assert_eq!(note.text, "hello\n");
        note.check(&verifier).unwrap();
        assert!(note.check(&PETER.parse().unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(s in "(\n|a|\u{2014} |b |AAAAAAAA|=){0,60}") {
            let _ = Note::parse(s.as_bytes());
        }
        #[test]
        fn any_flipped_bit_is_caught(bit in 0usize..MESSAGE.len() * 8) {
            let mut bytes = MESSAGE.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let key: Verifier = PETER.parse().unwrap();
            prop_assert!(Note::parse(&bytes).and_then(|n| n.check(&key)).is_err());
        }
    }
}
