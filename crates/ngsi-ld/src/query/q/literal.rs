//! Values as `q` writes them: numbers, texts in quotes, `true`, dates and times, URIs (clause 4.9,
//! RFC 8259 for numbers and texts). Never takes a word without quotes that is none of these.

use super::Literal;
use crate::context::Context;
use crate::iri::{Iri, is_name, is_uri};
use crate::json::Json;
use crate::query::fault::Fault;
use crate::query::scan::Cursor;
use crate::time::Time;

const EXPECTED: &str = "a number, a text in quotes, `true`, `false`, a date, a time or a URI";

/// What a word without quotes is that is no other value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// A name (`expandValues`); so is a text in quotes.
    Expanded,
    /// A mistake.
    Refused,
}

/// Reads a value.
pub(super) fn literal(
    cursor: &mut Cursor<'_>,
    context: &Context,
    words: Words,
) -> Result<Literal, Fault> {
    if words == Words::Expanded
        && let Some(word) = name(cursor, context)?
    {
        return Ok(word);
    }
    if cursor.peek() == Some('"') {
        let text = quoted(cursor)?;
        let name = expanded(&text, context);
        let time = Time::read(&text);
        return Ok(Literal::Text { text, name, time });
    }
    let mark = cursor.mark();
    let word = cursor.take(word_bytes(cursor.rest()));
    if let Some(value) = unquoted(word, context) {
        return Ok(value);
    }
    cursor.back_to(mark);
    Err(cursor.expected(EXPECTED))
}

/// A name to be expanded, in quotes or without.
fn name(cursor: &mut Cursor<'_>, context: &Context) -> Result<Option<Literal>, Fault> {
    let mark = cursor.mark();
    let text: Box<str> = match cursor.peek() {
        Some('"') => quoted(cursor)?,
        _ => cursor.take(word_bytes(cursor.rest())).into(),
    };
    let known = unquoted(&text, context).is_some();
    match expanded(&text, context) {
        Some(name) if !known => Ok(Some(Literal::Word { text, name })),
        _ => {
            cursor.back_to(mark);
            Ok(None)
        }
    }
}

fn unquoted(word: &str, context: &Context) -> Option<Literal> {
    match word {
        "true" => return Some(Literal::Bool(true)),
        "false" => return Some(Literal::Bool(false)),
        _ => {}
    }
    if word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return number(word)
            .or_else(|| Time::read(word).map(Literal::DateTime))
            .or_else(|| is_date(word).then(|| Literal::Date(word.into())))
            .or_else(|| time_of_day(word).map(|us| Literal::TimeOfDay(us, word.into())));
    }
    is_uri(word).then(|| Literal::Uri {
        text: word.into(),
        name: expanded(word, context),
    })
}

/// How far a word goes that has no quotes: to what ends a term, a value or a range.
fn word_bytes(rest: &str) -> usize {
    let stop = |c: char| c <= ' ' || ";|(),\"<>".contains(c);
    let to = rest.find(stop).unwrap_or(rest.len());
    let word = rest.get(..to).unwrap_or_default();
    word.find("..").unwrap_or(to)
}

/// A number as JSON writes it.
fn number(word: &str) -> Option<Literal> {
    let json = word
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match Json::read(word.as_bytes()) {
        Ok(Json::Number(n)) if json => Some(Literal::Number(n)),
        _ => None,
    }
}

/// `YYYY-MM-DD`.
pub(super) fn is_date(word: &str) -> bool {
    word.len() == 10 && Time::read(&format!("{word}T00:00:00Z")).is_some()
}

/// `hh:mm:ss[.f]Z`, or without the `Z` (clause 4.6.3), as microseconds.
pub(super) fn time_of_day(word: &str) -> Option<i64> {
    let bare = word.strip_suffix('Z').unwrap_or(word);
    Time::read(&format!("1970-01-01T{bare}Z")).map(Time::micros)
}

/// A text in quotes, as JSON has it.
fn quoted(cursor: &mut Cursor<'_>) -> Result<Box<str>, Fault> {
    let mark = cursor.mark();
    let rest = cursor.rest();
    let mut escaped = false;
    let end = rest.bytes().skip(1).position(|b| {
        let end = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        end
    });
    let Some(end) = end else {
        cursor.take(rest.len());
        return Err(cursor.expected("`\"`"));
    };
    match Json::read(cursor.take(end + 2).as_bytes()) {
        Ok(Json::String(text)) => Ok(text),
        _ => {
            cursor.back_to(mark);
            Err(cursor.bad("this is no text as JSON writes it (RFC 8259, 7)"))
        }
    }
}

fn expanded(text: &str, context: &Context) -> Option<Iri> {
    is_name(text).then(|| context.expand_name(text)).flatten()
}

impl Literal {
    /// Whether `<` means something for it.
    pub(super) const fn has_order(&self) -> bool {
        !matches!(self, Self::Bool(_) | Self::Uri { .. } | Self::Word { .. })
    }
}
