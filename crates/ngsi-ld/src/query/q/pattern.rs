//! Patterns of `~=`, and of `idPattern`. An engine without backtracking, and bounds on what it
//! compiles: a pattern of a stranger takes linear time. Never compiles one twice.

use regex::{Regex, RegexBuilder};

use crate::query::fault::Fault;
use crate::query::limits::{PATTERN_BYTES_MAX, PATTERN_COMPILED_BYTES_MAX, PATTERNS_MAX};
use crate::query::scan::Cursor;

/// A regular expression that a whole text matches or not: clause 4.9 asks whether the text is in
/// the pattern's language, L(R), not whether a part of it is.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: Box<str>,
    regex: Regex,
}

/// Groups and repetitions within each other; 12 is more than people can read.
const NESTING_MAX: u32 = 12;

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Says why it is none; nothing more than that if it is too large.
    pub fn compile(source: &str) -> Result<Self, Option<String>> {
        Self::build(source, &format!(r"\A(?:{source})\z"))
    }

    /// A pattern that a part of the text matches, which is what `idPattern` is for brokers.
    pub(in crate::query) fn compile_part(source: &str) -> Result<Self, Option<String>> {
        Self::build(source, source)
    }

    fn build(source: &str, whole: &str) -> Result<Self, Option<String>> {
        if source.len() > PATTERN_BYTES_MAX {
            return Err(None);
        }
        // By itself first: `a)|(b` would read once it stands within parentheses.
        let compile = |text: &str| {
            RegexBuilder::new(text)
                .size_limit(PATTERN_COMPILED_BYTES_MAX)
                .dfa_size_limit(PATTERN_COMPILED_BYTES_MAX)
                .nest_limit(NESTING_MAX)
                .build()
        };
        let said = |e: &regex::Error| match e {
            regex::Error::CompiledTooBig(_) => None,
            other => Some(last_line(&other.to_string())),
        };
        compile(source)
            .and_then(|_| compile(whole))
            .map(|regex| Self {
                source: source.into(),
                regex,
            })
            .map_err(|e| said(&e))
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether a text is in its language.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

impl Eq for Pattern {}

/// What the engine says, without the picture of the pattern that it draws above.
fn last_line(text: &str) -> String {
    let line = text.lines().next_back().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// Reads a pattern: in quotes, as JSON writes a text but for the backslash, which stays the
/// pattern's own unless a quote follows it; or without, up to what ends the term outside of the
/// pattern's own brackets.
pub(super) fn pattern(cursor: &mut Cursor<'_>, patterns: &mut usize) -> Result<Pattern, Fault> {
    *patterns += 1;
    if *patterns > PATTERNS_MAX {
        return Err(cursor.too_complex(format!("more than {PATTERNS_MAX} patterns")));
    }
    let mark = cursor.mark();
    let source = if cursor.eat("\"") {
        let body = cursor.take(quoted_bytes(cursor.rest()));
        cursor.need("\"")?;
        unescaped(body)
    } else {
        unescaped(cursor.take(bare_bytes(cursor.rest())))
    };
    if source.is_empty() {
        cursor.back_to(mark);
        return Err(cursor.expected("a regular expression"));
    }
    Pattern::compile(&source).map_err(|why| {
        cursor.back_to(mark);
        match why {
            Some(why) => cursor.bad(format!("this is no regular expression: {why}")),
            None => cursor.too_complex(format!(
                "a pattern has {PATTERN_BYTES_MAX} bytes at most and compiles to \
                 {PATTERN_COMPILED_BYTES_MAX}"
            )),
        }
    })
}

/// The pattern without backslashes before quotes, which mean nothing to it. So both ways to write
/// a pattern give the same one.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        let next = chars.next();
        if next != Some('"') {
            plain.push(c);
        }
        plain.extend(next);
    }
    plain
}

/// Bytes before the quote that ends a pattern.
fn quoted_bytes(rest: &str) -> usize {
    let mut escaped = false;
    rest.bytes()
        .position(|b| {
            let end = b == b'"' && !escaped;
            escaped = b == b'\\' && !escaped;
            end
        })
        .unwrap_or(rest.len())
}

/// Bytes before what ends a pattern without quotes.
fn bare_bytes(rest: &str) -> usize {
    let (mut escaped, mut class, mut depth) = (false, false, 0_usize);
    rest.bytes()
        .position(|b| {
            let plain = !escaped && !class;
            let end = plain && depth == 0 && matches!(b, b';' | b'|' | b')');
            match b {
                b'[' if plain => class = true,
                b']' if !escaped => class = false,
                b'(' if plain => depth += 1,
                b')' if plain => depth = depth.saturating_sub(1),
                _ => {}
            }
            escaped = b == b'\\' && !escaped;
            end
        })
        .unwrap_or(rest.len())
}
