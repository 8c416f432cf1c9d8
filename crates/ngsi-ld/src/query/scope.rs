//! `scopeQ`: which scopes are wanted, with `+` for any one level and `#` for all below (clause
//! 4.19). Never treats `/a` and `a` as different: clause 4.18 leaves the first slash out at will.

use std::fmt::{self, Display, Formatter};

use super::fault::Fault;
use super::limits::PATH_MAX;
use super::scan::{Cursor, Or, Tree, tree};
use crate::entity::Entity;

/// A query of scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeQuery(pub Tree<ScopePattern>);

/// One scope, or many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopePattern {
    levels: Vec<Level>,
    below: Below,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Level {
    Named(Box<str>),
    Any,
}

/// Whether `/#` stands at the end: the scope itself and whatever is below, as in MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Below {
    Excluded,
    Included,
}

impl ScopeQuery {
    /// Reads `scopeQ`.
    ///
    /// # Errors
    /// Says which character is wrong and what was expected.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let mut cursor = Cursor::new("scopeQ", text)?;
        tree(&mut cursor, Or::BarOrComma, &mut one).map(Self)
    }

    /// Whether an entity has such scopes.
    #[must_use]
    pub fn matches(&self, entity: &Entity) -> bool {
        let scopes = &entity.scopes;
        self.0
            .holds(&|pattern| scopes.iter().any(|s| pattern.has(s)))
    }
}

fn one(cursor: &mut Cursor<'_>) -> Result<ScopePattern, Fault> {
    let mut levels = Vec::new();
    cursor.eat("/");
    loop {
        if cursor.eat("#") {
            let below = Below::Included;
            return Ok(ScopePattern { levels, below });
        }
        if levels.len() == PATH_MAX {
            return Err(cursor.too_complex(format!("more than {PATH_MAX} levels")));
        }
        levels.push(if cursor.eat("+") {
            Level::Any
        } else {
            let name = cursor.take_while(|c| c.is_alphanumeric() || c == '_');
            if name.is_empty() {
                return Err(cursor.expected("a level of a scope, `+` or `#` (clause 4.19)"));
            }
            Level::Named(name.into())
        });
        if !cursor.eat("/") {
            let below = Below::Excluded;
            return Ok(ScopePattern { levels, below });
        }
    }
}

impl ScopePattern {
    fn has(&self, scope: &str) -> bool {
        let mut parts = scope.strip_prefix('/').unwrap_or(scope).split('/');
        let fits = self.levels.iter().all(|level| match level {
            Level::Any => parts.next().is_some(),
            Level::Named(name) => parts.next() == Some(name),
        });
        fits && (self.below == Below::Included || parts.next().is_none())
    }
}

impl Display for ScopeQuery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Display for ScopePattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for level in &self.levels {
            match level {
                Level::Any => f.write_str("/+")?,
                Level::Named(name) => write!(f, "/{name}")?,
            }
        }
        match self.below {
            Below::Included => f.write_str("/#"),
            Below::Excluded => Ok(()),
        }
    }
}
