//! References that residents take home: 80 random bits in letters and digits that read aloud.
//! Kept nowhere: the tables have their hash.

use core::fmt;

use loggia_model::Digest;

use crate::Error;
use crate::wire::{random, sha256};

/// Crockford's base 32: without I, L, O and U, which are misread or read as something else.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Before a reference in its hash.
const CONTEXT: &[u8] = b"loggia/reference/v1\n";
/// Characters of a reference: 16 × 5 = 80 bits. A guess a millisecond for a year hits one of 1,000
/// with a chance of 1 in 38 billion.
const CHARS: usize = 16;

/// A reference; whoever holds it may see the state of what it names.
pub(crate) struct Reference([u8; CHARS]);

impl Reference {
    pub(crate) fn fresh() -> Result<Self, Error> {
        Ok(Self(letters()?))
    }

    /// Reads what somebody typed: spaces and dashes do not count, nor does the case; I and L are 1,
    /// O is 0.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Longer than this is no reference; sixteen letters need 19 with their dashes.
        if text.len() > 64 {
            return None;
        }
        let mut out = [0; CHARS];
        let mut n = 0;
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let c = match c.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                c => c,
            };
            let byte = u8::try_from(c).ok().filter(|b| LETTERS.contains(b))?;
            *out.get_mut(n)? = byte;
            n += 1;
        }
        (n == CHARS).then_some(Self(out))
    }

    pub(crate) fn hash(&self) -> Digest {
        sha256(&[CONTEXT, &self.0])
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, group) in self.0.chunks(4).enumerate() {
            let dash = if i == 0 { "" } else { "-" };
            write!(f, "{dash}{}", String::from_utf8_lossy(group))?;
        }
        Ok(())
    }
}

/// A number for letters and cases, e.g. `SA-7K3M-9QXT`: names, opens nothing.
pub(crate) fn fresh_number(prefix: &str) -> Result<String, Error> {
    let chars: [u8; 8] = letters()?;
    let (a, b) = chars.split_at(4);
    let text = |x: &[u8]| String::from_utf8_lossy(x).into_owned();
    Ok(format!("{prefix}-{}-{}", text(a), text(b)))
}

/// Random letters: 256 is a multiple of 32, so each is as likely as the others.
fn letters<const N: usize>() -> Result<[u8; N], Error> {
    let bytes: [u8; N] = random()?;
    Ok(bytes.map(|b| LETTERS.get(usize::from(b % 32)).copied().unwrap_or(b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back_however_it_is_typed() {
        let fresh = Reference::fresh().unwrap();
        let text = fresh.to_string();
        assert_eq!(text.len(), 19);
        let typed = format!(" {} ", text.to_lowercase().replace('-', " "));
        assert_eq!(Reference::parse(&typed).unwrap().hash(), fresh.hash());
        let misread = text.replace('1', "l").replace('0', "o");
        assert_eq!(Reference::parse(&misread).unwrap().hash(), fresh.hash());
        assert_ne!(Reference::fresh().unwrap().hash(), fresh.hash());
    }

    #[test]
    fn what_is_none_does_not_read() {
        let long = "0".repeat(1_000_000);
        let none = [
            "",
            "0000-0000-0000-000",
            "0000-0000-0000-0000-0",
            "ÄÄÄÄ",
            &long,
        ];
        for bad in none {
            assert!(Reference::parse(bad).is_none(), "{bad:.20}");
        }
        assert!(Reference::parse("U000-0000-0000-0000").is_none());
    }
}
