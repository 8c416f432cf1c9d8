//! Which types of entities are wanted: `A|B`, `(A;B),C`, `*` (clause 4.17). Never knows that one
//! type is a kind of another.

use std::fmt::{self, Display, Formatter};

use super::fault::Fault;
use super::scan::{Cursor, Or, Tree, tree};
use crate::context::Context;
use crate::entity::Entity;
use crate::iri::{Iri, is_name};

/// A type selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeQuery {
    /// `*`: any type at all.
    Any,
    /// An expression of types.
    Of(Tree<TypeName>),
}

/// One type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// As sent.
    pub name: Box<str>,
    /// Expanded.
    pub iri: Iri,
}

impl TypeQuery {
    /// Reads `type`.
    ///
    /// # Errors
    /// Says which character is wrong and what was expected.
    pub fn read(text: &str, context: &Context) -> Result<Self, Fault> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let mut cursor = Cursor::new("type", text)?;
        tree(&mut cursor, Or::BarOrComma, &mut |c| one(c, context)).map(Self::Of)
    }

    /// Whether an entity is of such a type.
    #[must_use]
    pub fn matches(&self, entity: &Entity) -> bool {
        match self {
            Self::Any => true,
            Self::Of(tree) => tree.holds(&|wanted| entity.types.contains(&wanted.iri)),
        }
    }
}

/// A name, or an IRI with whatever characters this expression has no other use for.
fn one(cursor: &mut Cursor<'_>, context: &Context) -> Result<TypeName, Fault> {
    let mark = cursor.mark();
    let name = cursor.take_while(|c| c > ' ' && !"();|,".contains(c));
    match context.expand_name(name) {
        Some(iri) if is_name(name) => Ok(TypeName {
            name: name.into(),
            iri,
        }),
        _ => {
            cursor.back_to(mark);
            Err(cursor.expected("the name of a type (clause 4.6.2)"))
        }
    }
}

impl Display for TypeQuery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Of(tree) => write!(f, "{tree}"),
        }
    }
}

impl Display for TypeName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
