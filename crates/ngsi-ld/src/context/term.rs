//! One term's definition. Never looks beyond its own fields.

use super::member::Member;
use crate::iri::Iri;

/// What an @context says of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What it stands for; nothing when it is mapped to `null`.
    pub iri: Option<Iri>,
    /// Which member of NGSI-LD that is.
    pub member: Member,
    /// `@type`.
    pub coercion: Coercion,
    /// `@container`.
    pub container: Container,
    /// Whether it may stand before a colon.
    pub prefix: bool,
    /// Whether later definitions may not change it.
    pub protected: bool,
    /// What NGSI-LD has no place for: `@reverse`, or an @context of its own.
    pub foreign: bool,
}

impl Term {
    /// A term that stands for an IRI and says nothing else.
    pub(super) fn plain(iri: Option<Iri>) -> Self {
        let member = iri.as_ref().map_or(Member::Other, Member::of_iri);
        Self {
            iri,
            member,
            coercion: Coercion::None,
            container: Container::default(),
            prefix: false,
            protected: false,
            foreign: false,
        }
    }

    /// Whether names of entities may use it. A term with a scoped @context would change what the
    /// names below it mean; refusing the term is better than reading them wrongly.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        !self.foreign
    }

    /// The same but for its protection (JSON-LD 1.1 API, create term definition, step 27).
    pub(super) fn same_as(&self, other: &Self) -> bool {
        let bare = |t: &Self| Self {
            protected: false,
            ..t.clone()
        };
        bare(self) == bare(other)
    }
}

/// `@type` of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coercion {
    /// None given.
    None,
    /// `@id`: values are IRIs.
    Id,
    /// `@vocab`: values are names.
    Vocab,
    /// `@json`: values stay as they are.
    Json,
    /// `@none`: values are not coerced.
    Nothing,
    /// A data type.
    Type(Iri),
}

/// `@container` of a definition, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Container(u8);

impl Container {
    const WORDS: [&'static str; 7] = [
        "@list",
        "@set",
        "@index",
        "@language",
        "@id",
        "@type",
        "@graph",
    ];

    /// With one more word; nothing if there is no such word.
    pub(super) fn with(self, word: &str) -> Option<Self> {
        let n = Self::WORDS.iter().position(|w| *w == word)?;
        Some(Self(self.0 | 1 << n))
    }

    /// Whether it holds a word.
    #[must_use]
    pub fn has(self, word: &str) -> bool {
        Self::WORDS
            .iter()
            .position(|w| *w == word)
            .is_some_and(|n| self.0 & 1 << n != 0)
    }

    /// Whether none is given.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
