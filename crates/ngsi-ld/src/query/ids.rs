//! `id` and `idPattern`: which entities by name (clause 5.7.2). Never fetches one.

use super::fault::Fault;
use super::limits::{NAMES_MAX, PATTERN_BYTES_MAX, PATTERN_COMPILED_BYTES_MAX};
use super::q::Pattern;
use super::scan::Cursor;
use crate::iri::is_uri;

/// A list of identifiers, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids(Box<[Box<str>]>);

impl Ids {
    /// Reads `id`: URIs with commas between.
    ///
    /// # Errors
    /// Says which one is no URI.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let mut cursor = Cursor::new("id", text)?;
        let mut ids: Vec<Box<str>> = Vec::new();
        loop {
            if ids.len() == NAMES_MAX {
                return Err(cursor.too_complex(format!("more than {NAMES_MAX} identifiers")));
            }
            let mark = cursor.mark();
            let id = cursor.take_while(|c| c != ',');
            if !is_uri(id) {
                cursor.back_to(mark);
                return Err(cursor.expected("a URI"));
            }
            ids.push(id.into());
            if !cursor.eat(",") {
                break;
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(ids.into()))
    }

    /// Those that are known already.
    #[must_use]
    pub fn of<'i>(ids: impl Iterator<Item = &'i str>) -> Self {
        let mut ids: Vec<Box<str>> = ids.map(Into::into).collect();
        ids.sort_unstable();
        ids.dedup();
        Self(ids.into())
    }

    /// Whether an identifier is listed.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.0.binary_search_by(|known| (**known).cmp(id)).is_ok()
    }

    /// All of them, for whoever has an index.
    #[must_use]
    pub fn as_slice(&self) -> &[Box<str>] {
        &self.0
    }
}

/// A pattern of identifiers. A part of the identifier is enough, as `^` and `$` in the clauses'
/// examples and brokers' practice have it; whoever means the whole writes both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPattern(Pattern);

impl IdPattern {
    /// Reads `idPattern`.
    ///
    /// # Errors
    /// If it is no regular expression, or a too large one.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let cursor = Cursor::new("idPattern", text)?;
        if text.is_empty() {
            return Err(cursor.expected("a regular expression"));
        }
        Pattern::compile_part(text)
            .map(Self)
            .map_err(|why| match why {
                Some(why) => cursor.bad(format!("this is no regular expression: {why}")),
                None => cursor.too_complex(format!(
                    "a pattern has {PATTERN_BYTES_MAX} bytes at most and compiles to \
                 {PATTERN_COMPILED_BYTES_MAX}"
                )),
            })
    }

    /// Whether an identifier matches.
    #[must_use]
    pub fn matches(&self, id: &str) -> bool {
        self.0.matches(id)
    }
}
