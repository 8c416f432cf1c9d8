//! What people may write into free fields. Refuses what is not seen but changes what is: control
//! characters and the marks that turn the direction of writing. Never alters a text.

/// Whether a character turns the direction of what follows, or breaks a line, unseen (Unicode
/// UAX #9 explicit marks; line and paragraph separator; the byte order mark).
#[must_use]
pub const fn unseen(c: char) -> bool {
    matches!(
        c,
        '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// One line of words: no control character, no line break, nothing unseen.
#[must_use]
pub fn is_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || unseen(c))
}

/// Words in several lines: line breaks and tabs are fine, other control characters are not.
#[must_use]
pub fn is_prose(text: &str) -> bool {
    let fine = |c: char| matches!(c, '\n' | '\r' | '\t') || !(c.is_control() || unseen(c));
    text.chars().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_refused_and_every_script_is_fine() {
        for good in ["5500/R/1/26", "Окружни суд", "שלום", "Ä – 'x'", "👩‍⚖️"]
        {
            assert!(is_line(good) && is_prose(good), "{good}");
        }
        for bad in [
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200f}b",
            "a\0b",
            "a\u{1b}[2Jb",
            "a\u{2028}b",
        ] {
            assert!(!is_line(bad) && !is_prose(bad), "{bad:?}");
        }
        assert!(is_prose("two\nlines\tand a tab\r\n") && !is_line("two\nlines"));
    }
}
