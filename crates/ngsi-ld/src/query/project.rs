//! `attrs`, `pick` and `omit` out of their text: names with commas between, and braces around
//! what is wanted of a linked entity (clause 4.21). Never writes an answer; `Selection` does.

use std::fmt::{self, Display, Formatter};

use super::fault::Fault;
use super::limits::{DEPTH_MAX, NAMES_MAX};
use super::scan::Cursor;
use crate::context::{Context, Member};
use crate::entity::Entity;
use crate::iri::Iri;

/// What is to be shown, or left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection(pub Vec<Picked>);

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    /// As sent.
    pub name: Box<str>,
    /// The attribute, expanded; nothing for `id`, `type`, `scope` and other members of NGSI-LD.
    pub attribute: Option<Iri>,
    /// What is wanted of the entity that it leads to; empty for everything.
    pub of_linked: Vec<Self>,
}

impl Projection {
    /// Reads `attrs`: attributes alone.
    ///
    /// # Errors
    /// Says which character is wrong and what was expected.
    pub fn attrs(text: &str, context: &Context) -> Result<Self, Fault> {
        let mut cursor = Cursor::new("attrs", text)?;
        let mut names = 0;
        let list = list(&mut cursor, context, &mut names, NO_BRACES)?;
        cursor.end("`,` or the end")?;
        match list.iter().find(|p| p.attribute.is_none()) {
            Some(p) => Err(cursor.bad(format!("{} is no attribute", p.name))),
            None => Ok(Self(list)),
        }
    }

    /// Reads `pick`.
    ///
    /// # Errors
    /// Says which character is wrong and what was expected.
    pub fn pick(text: &str, context: &Context) -> Result<Self, Fault> {
        Self::read("pick", text, context)
    }

    /// Reads `omit`.
    ///
    /// # Errors
    /// Says which character is wrong and what was expected.
    pub fn omit(text: &str, context: &Context) -> Result<Self, Fault> {
        Self::read("omit", text, context)
    }

    fn read(parameter: &'static str, text: &str, context: &Context) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(parameter, text)?;
        let mut names = 0;
        let list = list(&mut cursor, context, &mut names, 0)?;
        cursor.end("`,`, `{` or the end").map(|()| Self(list))
    }

    /// The names of the first level, as `Selection` takes them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|p| &*p.name)
    }

    /// Whether something is wanted of linked entities, which needs a join.
    #[must_use]
    pub fn reaches_linked(&self) -> bool {
        self.linked_depth() > 0
    }

    /// How many Relationships one after the other it follows.
    #[must_use]
    pub fn linked_depth(&self) -> usize {
        depth(&self.0).saturating_sub(1)
    }

    /// Whether an attribute is in it, rather than `id` and the like alone (clause 5.7.2.4).
    #[must_use]
    pub fn names_attribute(&self) -> bool {
        self.0.iter().any(|p| p.attribute.is_some())
    }

    /// Whether an entity has one of the attributes: without, a query does not find it (5.7.2.4).
    #[must_use]
    pub fn is_met_by(&self, entity: &Entity) -> bool {
        self.0.iter().any(|p| match &p.attribute {
            Some(iri) => entity.attributes.iter().any(|a| a.name == *iri),
            None => true,
        })
    }
}

/// Braces around braces; no names at all are 0.
fn depth(list: &[Picked]) -> usize {
    let deepest = list.iter().map(|p| 1 + depth(&p.of_linked)).max();
    deepest.unwrap_or(0)
}

/// The depth at which braces have no place.
const NO_BRACES: usize = usize::MAX;

/// A list down to its end or its `}`. `depth` is how many braces are open.
fn list(
    cursor: &mut Cursor<'_>,
    context: &Context,
    names: &mut usize,
    depth: usize,
) -> Result<Vec<Picked>, Fault> {
    let mut list = Vec::new();
    loop {
        *names += 1;
        if *names > NAMES_MAX {
            return Err(cursor.too_complex(format!("more than {NAMES_MAX} names")));
        }
        let (name, attribute) = member(cursor, context)?;
        let mut of_linked = Vec::new();
        if attribute.is_some() && depth != NO_BRACES && cursor.peek() == Some('{') {
            if depth == DEPTH_MAX {
                return Err(cursor.too_complex(format!("more than {DEPTH_MAX} braces deep")));
            }
            cursor.need("{")?;
            of_linked = self::list(cursor, context, names, depth + 1)?;
            cursor.need("}")?;
        }
        list.push(Picked {
            name: name.into(),
            attribute,
            of_linked,
        });
        if !cursor.eat(",") && !cursor.eat("|") {
            return Ok(list);
        }
    }
}

/// A member's name. `id` and `type` are keywords to JSON-LD, which `name` would refuse.
fn member<'t>(cursor: &mut Cursor<'t>, context: &Context) -> Result<(&'t str, Option<Iri>), Fault> {
    let mark = cursor.mark();
    let word = cursor.take_while(|c| c.is_alphanumeric() || "_@:".contains(c));
    let known = context.member(word);
    let more = cursor.rest().starts_with("//");
    if !word.is_empty() && known != Member::Other && !more {
        return Ok((word, None));
    }
    cursor.back_to(mark);
    cursor.name(context).map(|(name, iri)| (name, Some(iri)))
}

impl Display for Projection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write(&self.0, f)
    }
}

fn write(list: &[Picked], f: &mut Formatter<'_>) -> fmt::Result {
    for (n, picked) in list.iter().enumerate() {
        f.write_str(if n == 0 { "" } else { "," })?;
        f.write_str(&picked.name)?;
        if !picked.of_linked.is_empty() {
            f.write_str("{")?;
            write(&picked.of_linked, f)?;
            f.write_str("}")?;
        }
    }
    Ok(())
}
