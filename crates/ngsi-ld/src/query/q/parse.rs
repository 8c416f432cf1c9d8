//! One term of `q` out of its characters: a path, an operator, an operand (clause 4.9, ABNF).
//! Never looks at an entity.

use super::literal::literal;
use super::pattern::pattern;
use super::{Literal, Operand, Operator, Path, Step, System, Term, Wanted};
use crate::context::{Context, NGSI_LD};
use crate::iri::Iri;
use crate::query::fault::Fault;
use crate::query::limits::{PATH_MAX, VALUES_MAX};
use crate::query::scan::Cursor;

/// The longest first: `<=` is no `<` with a `=` behind.
const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    (">=", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    (">", Operator::Greater),
    ("<", Operator::Less),
];

/// Reads a term.
pub(super) fn term(
    cursor: &mut Cursor<'_>,
    context: &Context,
    patterns: &mut usize,
) -> Result<Term, Fault> {
    let path = path(cursor, context)?;
    let wanted = wanted(cursor, context, patterns)?;
    Ok(Term { path, wanted })
}

/// `a.b[c.d]`. Linked entities (`a{b}`, a join) are read as far as their brace and refused.
pub(in crate::query) fn path(cursor: &mut Cursor<'_>, context: &Context) -> Result<Path, Fault> {
    let mut steps = Vec::new();
    let mut system = None;
    loop {
        if steps.len() == PATH_MAX {
            return Err(cursor.too_complex(format!("more than {PATH_MAX} names in a path")));
        }
        let mark = cursor.mark();
        let (name, iri) = cursor.name(context)?;
        if let Some(member) = System::of_iri(&iri) {
            if steps.is_empty() && !member.is_of_entities() {
                cursor.back_to(mark);
                return Err(cursor.bad(format!("only attributes have {}", member.name())));
            }
            system = Some(member);
            break;
        }
        let name = name.into();
        steps.push(Step { name, iri });
        if !next_step(cursor) {
            break;
        }
    }
    if cursor.peek() == Some('{') {
        return Err(cursor.not_supported(
            "queries across linked entities (joins) are not supported; query them one by one",
        ));
    }
    let inside = if system.is_none() && cursor.eat("[") {
        inside(cursor)?
    } else {
        Vec::new()
    };
    Ok(Path {
        steps,
        system,
        inside,
    })
}

/// Goes past the dot before another name; two dots are a range's.
fn next_step(cursor: &mut Cursor<'_>) -> bool {
    !cursor.rest().starts_with("..") && cursor.eat(".")
}

/// Names of members up to `]`: as they stand in values, which no @context touches, so that every
/// character but the delimiters is taken.
fn inside(cursor: &mut Cursor<'_>) -> Result<Vec<Box<str>>, Fault> {
    let mut names = Vec::new();
    loop {
        if names.len() == PATH_MAX {
            return Err(cursor.too_complex(format!("more than {PATH_MAX} names in brackets")));
        }
        let name = cursor.take_while(|c| c > ' ' && !".[]{}()\"=<>~;|,".contains(c));
        if name.is_empty() {
            return Err(cursor.expected("the name of a member, or a language"));
        }
        names.push(name.into());
        if cursor.eat("]") {
            return Ok(names);
        }
        if !cursor.eat(".") {
            return Err(cursor.expected("`.` or `]`"));
        }
    }
}

fn wanted(
    cursor: &mut Cursor<'_>,
    context: &Context,
    patterns: &mut usize,
) -> Result<Wanted, Fault> {
    if cursor.eat("~=") {
        return pattern(cursor, patterns).map(Wanted::Like);
    }
    if cursor.eat("!~=") {
        return pattern(cursor, patterns).map(Wanted::Unlike);
    }
    let Some((_, operator)) = OPERATORS.into_iter().find(|(sign, _)| cursor.eat(sign)) else {
        return match cursor.peek() {
            None | Some(';' | '|' | ')') => Ok(Wanted::Exists),
            _ => Err(cursor.expected("an operator, `.`, `[`, `;`, `|` or the end")),
        };
    };
    let operand = match operator {
        Operator::Equal | Operator::Unequal => equality(cursor, context)?,
        _ => Operand::One(ordered(cursor, context)?),
    };
    Ok(Wanted::Compared(operator, operand))
}

/// A value that has an order: a number, a text in quotes, a time.
fn ordered(cursor: &mut Cursor<'_>, context: &Context) -> Result<Literal, Fault> {
    let mark = cursor.mark();
    let one = literal(cursor, context)?;
    if one.has_order() {
        return Ok(one);
    }
    cursor.back_to(mark);
    Err(cursor.bad("expected a number, a text in quotes, a date or a time, which have an order"))
}

/// A value, a list or a range.
fn equality(cursor: &mut Cursor<'_>, context: &Context) -> Result<Operand, Fault> {
    let mark = cursor.mark();
    let first = literal(cursor, context)?;
    if cursor.eat("..") {
        if !first.has_order() {
            cursor.back_to(mark);
            return Err(cursor.bad("a range goes from a number, a text in quotes or a time"));
        }
        let mark = cursor.mark();
        let last = ordered(cursor, context)?;
        if std::mem::discriminant(&first) != std::mem::discriminant(&last) {
            cursor.back_to(mark);
            return Err(cursor.bad("a range ends with a value like the one it begins with"));
        }
        return Ok(Operand::Range(first, last));
    }
    if cursor.peek() != Some(',') {
        return Ok(Operand::One(first));
    }
    let mut list = vec![first];
    while cursor.eat(",") {
        if list.len() == VALUES_MAX {
            return Err(cursor.too_complex(format!("more than {VALUES_MAX} values")));
        }
        list.push(literal(cursor, context)?);
    }
    Ok(Operand::List(list))
}

impl System {
    const ALL: [Self; 6] = [
        Self::ObservedAt,
        Self::CreatedAt,
        Self::ModifiedAt,
        Self::ExpiresAt,
        Self::UnitCode,
        Self::DatasetId,
    ];

    /// The name, which is also the core's term.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ObservedAt => "observedAt",
            Self::CreatedAt => "createdAt",
            Self::ModifiedAt => "modifiedAt",
            Self::ExpiresAt => "expiresAt",
            Self::UnitCode => "unitCode",
            Self::DatasetId => "datasetId",
        }
    }

    const fn is_of_entities(self) -> bool {
        matches!(self, Self::CreatedAt | Self::ModifiedAt | Self::ExpiresAt)
    }

    fn of_iri(iri: &Iri) -> Option<Self> {
        let name = iri.strip_prefix(NGSI_LD)?;
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}
