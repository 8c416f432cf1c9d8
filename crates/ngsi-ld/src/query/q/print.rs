//! A query written again, so that reading it gives the same query. Never writes an expanded name
//! where a short one was sent.

use std::fmt::{self, Display, Formatter};

use super::{LinkedPath, Literal, Operand, Operator, Path, Pattern, Query, Term, Wanted};
use crate::json::Json;

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        match &self.wanted {
            Wanted::Exists => Ok(()),
            Wanted::Compared(operator, operand) => write!(f, "{}{operand}", operator.sign()),
            Wanted::Like(pattern) => write!(f, "~={pattern}"),
            Wanted::Unlike(pattern) => write!(f, "!~={pattern}"),
        }
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = self.steps.iter().map(|s| &*s.name);
        let names: Vec<&str> = names.chain(self.system.map(|s| s.name())).collect();
        f.write_str(&names.join("."))?;
        if !self.inside.is_empty() {
            write!(f, "[{}]", self.inside.join("."))?;
        }
        match &self.linked {
            Some(linked) => write!(f, "{{{linked}}}"),
            None => Ok(()),
        }
    }
}

impl Display for LinkedPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let types: Vec<&str> = self.types.iter().map(|t| &*t.name).collect();
        let colon = if types.is_empty() { "" } else { ":" };
        write!(f, "{}{colon}{}", types.join(","), self.path)
    }
}

impl Operator {
    const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        }
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(one) => write!(f, "{one}"),
            Self::Range(first, last) => write!(f, "{first}..{last}"),
            Self::List(list) => {
                let list: Vec<String> = list.iter().map(ToString::to_string).collect();
                f.write_str(&list.join(","))
            }
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Text { text, .. } => write!(f, "{}", Json::from(&**text)),
            Self::Uri { text, .. }
            | Self::Word { text, .. }
            | Self::Date(text)
            | Self::TimeOfDay(_, text) => f.write_str(text),
            Self::DateTime(time) => write!(f, "{time}"),
        }
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // Reading left no quote with a backslash of its own before it.
        write!(f, "\"{}\"", self.source().replace('"', "\\\""))
    }
}
