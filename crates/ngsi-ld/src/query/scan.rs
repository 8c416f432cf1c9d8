//! Reading a parameter character by character, and expressions of `;`, `|` and parentheses, which
//! three clauses share. Never goes deeper, or further, than limits.rs says.

use super::fault::Fault;
use super::limits::{DEPTH_MAX, LEAVES_MAX, QUERY_BYTES_MAX};
use crate::context::Context;
use crate::error::Problem;
use crate::iri::{Iri, is_name};

/// Where reading has come to.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    parameter: &'static str,
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    /// At the start of a parameter, unless that is too long.
    pub(super) fn new(parameter: &'static str, text: &'t str) -> Result<Self, Fault> {
        let cursor = Self {
            parameter,
            text,
            at: 0,
        };
        if text.len() > QUERY_BYTES_MAX {
            return Err(cursor.too_complex(format!("more than {QUERY_BYTES_MAX} bytes")));
        }
        Ok(cursor)
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) const fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }

    /// The byte that comes next, to come back to.
    pub(super) const fn mark(&self) -> usize {
        self.at
    }

    pub(super) const fn back_to(&mut self, mark: usize) {
        self.at = mark;
    }

    /// Goes past a text if that is what comes.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let met = self.rest().starts_with(token);
        if met {
            self.at += token.len();
        }
        met
    }

    /// Goes past a text, or says that it was expected.
    pub(super) fn need(&mut self, token: &str) -> Result<(), Fault> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{token}`")))
        }
    }

    /// Takes so many bytes of what is left.
    pub(super) fn take(&mut self, bytes: usize) -> &'t str {
        let taken = self.rest().get(..bytes).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    /// Takes characters as long as they are of a kind.
    pub(super) fn take_while(&mut self, of: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        self.take(rest.find(|c| !of(c)).unwrap_or(rest.len()))
    }

    /// The end, or that it was expected.
    pub(super) fn end(&self, else_: &str) -> Result<(), Fault> {
        if self.is_done() {
            Ok(())
        } else {
            Err(self.expected(else_))
        }
    }

    /// What was expected here, and what is there.
    pub(super) fn expected(&self, what: &str) -> Fault {
        let found = match self.peek() {
            Some(c) => format!("expected {what}, found `{}`", c.escape_debug()),
            None => format!("expected {what}, found the end"),
        };
        self.bad(found)
    }

    /// Something else is wrong here.
    pub(super) fn bad(&self, what: impl Into<String>) -> Fault {
        let before = self.text.get(..self.at).unwrap_or_default();
        Fault::bad(self.parameter, before.chars().count() + 1, what)
    }

    pub(super) fn too_complex(&self, what: impl Into<String>) -> Fault {
        Fault {
            problem: Problem::TooComplexQuery,
            ..self.bad(what)
        }
    }

    pub(super) fn not_supported(&self, what: impl Into<String>) -> Fault {
        Fault {
            problem: Problem::OperationNotSupported,
            ..self.bad(what)
        }
    }

    /// A name (clause 4.6.2) and what it stands for. An absolute IRI is taken too, up to the next
    /// character that the languages use; its dots are its own, so that no path follows it.
    pub(super) fn name(&mut self, context: &Context) -> Result<(&'t str, Iri), Fault> {
        let mark = self.at;
        let mut name = self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'));
        if name.ends_with(':') && self.rest().starts_with("//") {
            self.at = mark;
            name = self.take_while(|c| c > ' ' && !"[](){}<>=!~;|,\"".contains(c));
        }
        let iri = context.expand_name(name).filter(|_| is_name(name));
        if let Some(iri) = iri {
            return Ok((name, iri));
        }
        self.at = mark;
        if is_name(name) {
            return Err(self.bad("this name is no attribute's in the @context"));
        }
        Err(self.expected("a name (clause 4.6.2)"))
    }
}

/// An expression: leaves, of which all or any must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree<L> {
    /// One condition.
    Leaf(L),
    /// `;`: all of them.
    All(Vec<Self>),
    /// `|`: one of them at least.
    Any(Vec<Self>),
}

impl<L> Tree<L> {
    /// Whether one of its leaves is such.
    pub(crate) fn has(&self, such: &impl Fn(&L) -> bool) -> bool {
        match self {
            Self::Leaf(one) => such(one),
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|p| p.has(such)),
        }
    }

    /// Shows each leaf. As deep as it was read, so `DEPTH_MAX` at most.
    pub(crate) fn each(&self, see: &mut impl FnMut(&L)) {
        match self {
            Self::Leaf(one) => see(one),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|p| p.each(see)),
        }
    }

    /// Whether it holds where leaves do. As deep as it was read, so `DEPTH_MAX` at most.
    pub fn holds(&self, leaf: &impl Fn(&L) -> bool) -> bool {
        match self {
            Self::Leaf(one) => leaf(one),
            Self::All(parts) => parts.iter().all(|p| p.holds(leaf)),
            Self::Any(parts) => parts.iter().any(|p| p.holds(leaf)),
        }
    }
}

impl<L: std::fmt::Display> std::fmt::Display for Tree<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (parts, between) = match self {
            Self::Leaf(one) => return write!(f, "{one}"),
            Self::All(parts) => (parts, ";"),
            Self::Any(parts) => (parts, "|"),
        };
        for (n, part) in parts.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { between })?;
            match part {
                Self::Leaf(one) => write!(f, "{one}")?,
                more => write!(f, "({more})")?,
            }
        }
        Ok(())
    }
}

/// What stands for "or": `|` everywhere, and `,` where lists of old mean it (clauses 4.17, 4.19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Or {
    Bar,
    BarOrComma,
}

/// Reads one leaf.
pub(super) type Leaf<'f, L> = &'f mut dyn FnMut(&mut Cursor<'_>) -> Result<L, Fault>;

/// Reads a whole parameter as an expression. `;` binds closer than `|` (clause 4.9).
pub(super) fn tree<L>(
    cursor: &mut Cursor<'_>,
    or: Or,
    leaf: Leaf<'_, L>,
) -> Result<Tree<L>, Fault> {
    let mut leaves = 0;
    let tree = any(cursor, or, leaf, &mut leaves, 0)?;
    let else_ = match or {
        Or::Bar => "`;`, `|` or the end",
        Or::BarOrComma => "`;`, `|`, `,` or the end",
    };
    cursor.end(else_).map(|()| tree)
}

fn any<L>(
    cursor: &mut Cursor<'_>,
    or: Or,
    leaf: Leaf<'_, L>,
    leaves: &mut usize,
    depth: usize,
) -> Result<Tree<L>, Fault> {
    let mut parts = vec![all(cursor, or, leaf, leaves, depth)?];
    while cursor.eat("|") || (or == Or::BarOrComma && cursor.eat(",")) {
        parts.push(all(cursor, or, leaf, leaves, depth)?);
    }
    Ok(alone(parts).unwrap_or_else(Tree::Any))
}

fn all<L>(
    cursor: &mut Cursor<'_>,
    or: Or,
    leaf: Leaf<'_, L>,
    leaves: &mut usize,
    depth: usize,
) -> Result<Tree<L>, Fault> {
    let mut parts = Vec::new();
    loop {
        parts.push(if cursor.eat("(") {
            if depth == DEPTH_MAX {
                return Err(cursor.too_complex(format!("more than {DEPTH_MAX} parentheses deep")));
            }
            let inner = any(cursor, or, leaf, leaves, depth + 1)?;
            cursor.need(")")?;
            inner
        } else {
            *leaves += 1;
            if *leaves > LEAVES_MAX {
                return Err(cursor.too_complex(format!("more than {LEAVES_MAX} terms")));
            }
            Tree::Leaf(leaf(cursor)?)
        });
        if !cursor.eat(";") {
            return Ok(alone(parts).unwrap_or_else(Tree::All));
        }
    }
}

/// The only part of one, or all of several.
fn alone<L>(mut parts: Vec<Tree<L>>) -> Result<Tree<L>, Vec<Tree<L>>> {
    match (parts.pop(), parts.is_empty()) {
        (Some(one), true) => Ok(one),
        (last, _) => {
            parts.extend(last);
            Err(parts)
        }
    }
}
