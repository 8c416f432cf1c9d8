//! What people may write into free fields. Refuses what is not seen but changes what is: control
//! characters and the marks that turn the direction of writing. Never alters a text.

/// Whether a character is not seen, or changes unseen what is: what Unicode lists as
/// `Default_Ignorable_Code_Point` (Unicode 16.0, `DerivedCoreProperties.txt`; the explicit marks of
/// UAX #9 and the byte order mark are among them), and the line and paragraph separator. Not the
/// two joiners (U+200C, U+200D) and the variation selectors: words and emoji are written with them.
#[must_use]
pub const fn unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e00ff}'
            | '\u{e01f0}'..='\u{e0fff}'
    )
}

/// Most marks on one letter: no script stacks more; a hundred paint over what stands above.
const MARKS_MAX: usize = 8;

/// Marks that are drawn over and under the letter before them: the combining blocks of Unicode
/// 16.0, and those of Hebrew, Arabic, Thai and Lao.
const fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{591}'..='\u{5bd}'
            | '\u{610}'..='\u{61a}'
            | '\u{64b}'..='\u{65f}'
            | '\u{e31}'
            | '\u{e34}'..='\u{e3a}'
            | '\u{e47}'..='\u{e4e}'
            | '\u{eb1}'
            | '\u{eb4}'..='\u{ece}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Whether no letter carries more than [`MARKS_MAX`] marks.
fn few_marks(text: &str) -> bool {
    let mut run = 0;
    text.chars().all(|c| {
        run = if is_mark(c) { run + 1 } else { 0 };
        run <= MARKS_MAX
    })
}

/// Whether there is something to see, where there is something at all: not joiners, variation
/// selectors, marks or blank signs alone.
fn is_seen(text: &str) -> bool {
    let blank = |c: char| {
        matches!(
            c,
            '\u{200c}' | '\u{200d}' | '\u{2800}' | '\u{fe00}'..='\u{fe0f}'
        ) || c.is_whitespace()
            || is_mark(c)
    };
    text.trim().is_empty() || !text.chars().all(blank)
}

/// One line of words: no control character, no line break, nothing unseen, nothing piled up.
#[must_use]
pub fn is_line(text: &str) -> bool {
    let bad = |c: char| c.is_control() || unseen(c);
    !text.chars().any(bad) && few_marks(text) && is_seen(text)
}

/// Words in several lines: as in a line, but line breaks and tabs are fine.
#[must_use]
pub fn is_prose(text: &str) -> bool {
    let fine = |c: char| matches!(c, '\n' | '\r' | '\t') || !(c.is_control() || unseen(c));
    text.chars().all(fine) && few_marks(text) && is_seen(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_refused_and_every_script_is_fine() {
        for good in [
            "5500/R/1/26",
            "Окружни суд",
            "שלום",
            "Ä – 'x'",
            "👩‍⚖️",
            "می\u{200c}خواهم",
            "葛\u{e0100}",
            "❤\u{fe0f}",
            "Vie\u{302}\u{323}t",
            "שָׁלוֹם",
            "",
        ] {
            assert!(is_line(good) && is_prose(good), "{good}");
        }
        for bad in [
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200f}b",
            "a\0b",
            "a\u{1b}[2Jb",
            "a\u{2028}b",
            "a\u{200b}b",
            "a\u{ad}b",
            "a\u{2060}b",
            "a\u{3164}b",
            "a\u{ffa0}b",
            "a\u{e0041}b",
            "a\u{e01f0}b",
            "Z\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
            "\u{2800}\u{2800}",
            "\u{200d}",
            "\u{301}",
        ] {
            assert!(!is_line(bad) && !is_prose(bad), "{bad:?}");
        }
        assert!(is_prose("two\nlines\tand a tab\r\n") && !is_line("two\nlines"));
    }
}
