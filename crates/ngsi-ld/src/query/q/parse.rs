//! One term of `q` out of its characters: a path, an operator, an operand (clause 4.9, ABNF).
//! Never looks at an entity.

use super::literal::{Words, literal};
use super::pattern::pattern;
use super::{LinkedPath, Literal, Operand, Operator, Path, Step, System, Term, Wanted};
use crate::context::{Context, NGSI_LD};
use crate::iri::Iri;
use crate::query::fault::Fault;
use crate::query::limits::{DEPTH_MAX, PATH_MAX, VALUES_MAX};
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
    expanded: &[Iri],
    patterns: &mut usize,
) -> Result<Term, Fault> {
    let path = path(cursor, context, 0)?;
    let named = |path: &Path| path.steps.iter().any(|s| expanded.contains(&s.iri));
    let linked = std::iter::successors(Some(&path), |p| p.linked.as_ref().map(|l| &l.path));
    let words = match linked.into_iter().any(named) {
        true => Words::Expanded,
        false => Words::Refused,
    };
    let wanted = wanted(cursor, context, words, patterns)?;
    Ok(Term { path, wanted })
}

/// `a.b[c.d]`, or `a{b}` for what a Relationship leads to. `depth` is how many braces are open.
pub(in crate::query) fn path(
    cursor: &mut Cursor<'_>,
    context: &Context,
    depth: usize,
) -> Result<Path, Fault> {
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
    let linked = if system.is_none() && cursor.peek() == Some('{') {
        Some(Box::new(linked(cursor, context, depth)?))
    } else {
        None
    };
    let inside = if system.is_none() && linked.is_none() && cursor.eat("[") {
        inside(cursor)?
    } else {
        Vec::new()
    };
    Ok(Path {
        steps,
        system,
        inside,
        linked,
    })
}

/// `{b}`, or `{A,B:b}` where only entities of some types are meant.
fn linked(cursor: &mut Cursor<'_>, context: &Context, depth: usize) -> Result<LinkedPath, Fault> {
    if depth == DEPTH_MAX {
        return Err(cursor.too_complex(format!("more than {DEPTH_MAX} braces deep")));
    }
    cursor.need("{")?;
    let types = types(cursor, context);
    let path = path(cursor, context, depth + 1)?;
    cursor.need("}")?;
    Ok(LinkedPath { types, path })
}

/// Types before a colon. The grammar knows no prefixes, but an IRI may stand for a name.
fn types(cursor: &mut Cursor<'_>, context: &Context) -> Vec<Step> {
    let mark = cursor.mark();
    let words = cursor.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ','));
    let is_prefix = |name: &str| context.term(name).is_some_and(|t| t.prefix);
    if cursor.rest().starts_with("://") || is_prefix(words) || !cursor.eat(":") {
        cursor.back_to(mark);
        return Vec::new();
    }
    let step = |name: &str| {
        let iri = context.expand_name(name)?;
        let name = name.into();
        Some(Step { name, iri })
    };
    words.split(',').filter_map(step).collect()
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
    words: Words,
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
        Operator::Equal | Operator::Unequal => equality(cursor, context, words)?,
        _ => Operand::One(ordered(cursor, context, words)?),
    };
    Ok(Wanted::Compared(operator, operand))
}

/// A value that has an order: a number, a text in quotes, a time.
fn ordered(cursor: &mut Cursor<'_>, context: &Context, words: Words) -> Result<Literal, Fault> {
    let mark = cursor.mark();
    let one = literal(cursor, context, words)?;
    if one.has_order() {
        return Ok(one);
    }
    cursor.back_to(mark);
    Err(cursor.bad("expected a number, a text in quotes, a date or a time, which have an order"))
}

/// A value, a list or a range.
fn equality(cursor: &mut Cursor<'_>, context: &Context, words: Words) -> Result<Operand, Fault> {
    let mark = cursor.mark();
    let first = literal(cursor, context, words)?;
    if cursor.eat("..") {
        if !first.has_order() {
            cursor.back_to(mark);
            return Err(cursor.bad("a range goes from a number, a text in quotes or a time"));
        }
        let mark = cursor.mark();
        let last = ordered(cursor, context, words)?;
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
        list.push(literal(cursor, context, words)?);
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
