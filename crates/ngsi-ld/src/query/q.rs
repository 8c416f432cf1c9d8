//! `q`, the NGSI-LD query language (clause 4.9): what a query is made of. Never holds a name that
//! is not expanded; the name as sent stays beside it, to write the query again.

mod compare;
mod eval;
mod literal;
mod parse;
mod pattern;
mod print;

use std::sync::Arc;

use serde_json::Number;

pub(super) use compare::numbers;
pub(super) use parse::path;
pub use pattern::Pattern;

use super::fault::Fault;
use super::scan::{Cursor, Or, Tree, tree};
use crate::context::Context;
use crate::entity::Entity;
use crate::iri::Iri;
use crate::time::Time;

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query(pub Tree<Term>);

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What of an entity.
    pub path: Path,
    /// What must be so.
    pub wanted: Wanted,
}

/// Where a term looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// `a.b`: an attribute, and attributes of it.
    pub steps: Vec<Step>,
    /// What no @context names an attribute: `observedAt` and the like. Of the entity itself if
    /// there are no steps.
    pub system: Option<System>,
    /// `[c.d]`: members of a value, or one language of a language map; `*` is any language.
    pub inside: Vec<Box<str>>,
    /// `{e}`: what of the entities that the Relationship leads to.
    pub linked: Option<Box<LinkedPath>>,
}

/// What of linked entities a term looks at (clause 4.9, example 13 and 14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedPath {
    /// `A,B:`: only entities of one of these types; all if there is none.
    pub types: Vec<Step>,
    /// Where to look there.
    pub path: Path,
}

/// How an entity is had by its id, for queries that reach linked entities.
pub type Find<'f> = &'f dyn Fn(&str) -> Option<Arc<Entity>>;

/// One attribute in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// As sent.
    pub name: Box<str>,
    /// Expanded.
    pub iri: Iri,
}

/// Members of entities and attributes that are no attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// `observedAt`; attributes only.
    ObservedAt,
    /// `createdAt`.
    CreatedAt,
    /// `modifiedAt`.
    ModifiedAt,
    /// `expiresAt`.
    ExpiresAt,
    /// `unitCode`; attributes only.
    UnitCode,
    /// `datasetId`; attributes only.
    DatasetId,
}

/// What a term wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The target is there.
    Exists,
    /// It compares so.
    Compared(Operator, Operand),
    /// `~=`: a text of this pattern.
    Like(Pattern),
    /// `!~=`: no text of this pattern.
    Unlike(Pattern),
}

/// How to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

/// What to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// One value.
    One(Literal),
    /// `v,w`: any of these; `==` and `!=` only.
    List(Vec<Literal>),
    /// `v..w`: between these, both included; `==` and `!=` only.
    Range(Literal, Literal),
}

/// A value as a query writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A JSON number.
    Number(Number),
    /// `true`, `false`.
    Bool(bool),
    /// A text in quotes; what it is when a VocabProperty is the target, and as a time.
    Text {
        /// The text.
        text: Box<str>,
        /// Expanded as a name.
        name: Option<Iri>,
        /// Read as a time: `observedAt` is compared with a text in quotes by many clients.
        time: Option<Time>,
    },
    /// A word of which the request says that it is expanded (`expandValues`).
    Word {
        /// As sent.
        text: Box<str>,
        /// Expanded.
        name: Iri,
    },
    /// A URI without quotes.
    Uri {
        /// The URI.
        text: Box<str>,
        /// Expanded: what has the form of a URI may be a prefixed name.
        name: Option<Iri>,
    },
    /// A point in time.
    DateTime(Time),
    /// A day, `YYYY-MM-DD`, whose order is that of its text.
    Date(Box<str>),
    /// A time of day as microseconds, and as sent.
    TimeOfDay(i64, Box<str>),
}

impl Query {
    /// Reads `q`.
    ///
    /// # Errors
    /// Says which character is wrong and what was expected.
    pub fn read(text: &str, context: &Context) -> Result<Self, Fault> {
        Self::read_expanding(text, context, &[])
    }

    /// The same, where words asked of these attributes are names to be expanded (`expandValues`).
    ///
    /// # Errors
    /// Says which character is wrong and what was expected.
    pub fn read_expanding(text: &str, context: &Context, expanded: &[Iri]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new("q", text)?;
        let mut patterns = 0;
        let read = tree(&mut cursor, Or::Bar, &mut |c| {
            parse::term(c, context, expanded, &mut patterns)
        });
        read.map(Self)
    }

    /// How many Relationships one after the other it follows (clause 4.9, example 13).
    #[must_use]
    pub fn linked_depth(&self) -> usize {
        let mut deepest = 0;
        self.0
            .each(&mut |term| deepest = deepest.max(term.path.linked_depth()));
        deepest
    }

    /// Whether it asks for an attribute, rather than for what every entity has (clause 5.7.2.4).
    #[must_use]
    pub fn names_attribute(&self) -> bool {
        self.0.has(&|term| !term.path.steps.is_empty())
    }

    /// Whether a text is held against a pattern.
    #[must_use]
    pub fn has_pattern(&self) -> bool {
        let like = |term: &Term| matches!(term.wanted, Wanted::Like(_) | Wanted::Unlike(_));
        self.0.has(&like)
    }

    /// Whether an entity meets it. What it asks of linked entities is not met.
    #[must_use]
    pub fn matches(&self, entity: &Entity) -> bool {
        self.matches_with(entity, &|_| None)
    }

    /// Whether an entity meets it, with what it leads to.
    #[must_use]
    pub fn matches_with(&self, entity: &Entity, find: Find<'_>) -> bool {
        self.0.holds(&|term| term.matches(entity, find))
    }
}

impl Path {
    fn linked_depth(&self) -> usize {
        self.linked
            .as_ref()
            .map_or(0, |l| 1 + l.path.linked_depth())
    }
}
