//! Names as the web has them: expanded IRIs shared between entities, and the checks of URIs and
//! of NGSI-LD names. Never resolves a relative reference: NGSI-LD has no `@base` (clause 5.5.7).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// The longest IRI and term taken. A URL of 2,048 characters is what browsers and proxies carry;
/// an entity with five such names is still 10 kB.
pub const IRI_BYTES_MAX: usize = 2_048;

/// An expanded name. Cloning shares the text: a million entities of one type hold it once.
#[derive(Clone, PartialOrd, Ord)]
pub struct Iri(Arc<str>);

impl Iri {
    /// Takes a text as it is; whoever made it has checked it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Iri {
    fn eq(&self, other: &Self) -> bool {
        // Names of one @context are one allocation, so that the usual case compares two addresses.
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for Iri {}

impl Hash for Iri {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // As `str` hashes, which `Borrow` promises.
        self.0.hash(state);
    }
}

impl Deref for Iri {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Iri {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Iri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Iri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

/// Whether a text is an absolute URI or IRI (RFC 3986, RFC 3987): a scheme, a colon, something
/// after it, and none of the characters that neither standard allows.
#[must_use]
pub fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.bytes();
    letters.next().is_some_and(|b| b.is_ascii_alphabetic())
        && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && text.len() <= IRI_BYTES_MAX
        && !rest.chars().any(forbidden)
}

/// Characters that no URI or IRI holds unescaped.
fn forbidden(c: char) -> bool {
    c <= ' '
        || matches!(
            c,
            '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`' | '\u{7f}'
        )
}

/// Whether a text is a name as clause 4.6.2 has it: a letter, then letters, numbers and `_`, with
/// or without a prefix of the same form and a colon; or an absolute IRI, which is a name expanded.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let plain = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(char::is_alphabetic)
            && chars.all(|c| c.is_alphanumeric() || c == '_')
    };
    text.len() <= IRI_BYTES_MAX
        && (plain(text)
            || text
                .split_once(':')
                .is_some_and(|(p, n)| plain(p) && plain(n))
            || is_uri(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_has_a_scheme_and_no_forbidden_characters() {
        for good in [
            "urn:ngsi-ld:Vehicle:A1",
            "https://a.example/x?y=1#z",
            "smartcity:houses:house2",
            "urn:ngsi-ld:Straße:1",
        ] {
            assert!(is_uri(good), "{good}");
        }
        for bad in [
            "",
            "x",
            "urn:",
            ":x",
            "1a:b",
            "urn:a b",
            "http://a/<b>",
            "x y:z",
        ] {
            assert!(!is_uri(bad), "{bad}");
        }
    }

    #[test]
    fn clause_4_6_2_names_are_letters_numbers_and_underscores() {
        for good in [
            "speed",
            "pm2_5",
            "größe",
            "schema:name",
            "https://a.example/x#y",
            "T1",
        ] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "", "_a", "1a", "a b", "a(b)", "a<b", "a.b", "a-b", "@type", "na\"me", "a=",
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
