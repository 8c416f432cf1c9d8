//! How one value of an entity compares with one value of a query. Values of unlike types are
//! unequal, and neither is before the other (clause 4.9). Never converts between types, but that a
//! text which is a time is compared with times as one.

use std::cmp::Ordering;

use serde_json::Number;

use super::literal::{is_date, time_of_day};
use super::{Literal, Operand, Operator};
use crate::iri::Iri;
use crate::json::Json;
use crate::time::Time;

/// One value of an entity: no array, for arrays are looked through before.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar<'e> {
    /// JSON of a Property, a `JsonProperty` or a list.
    Json(&'e Json),
    /// A URI, a text of a language, a unit.
    Text(&'e str),
    /// A name out of a vocabulary.
    Name(&'e Iri),
    /// One of the times that attributes and entities have.
    Time(Time),
}

impl<'e> Scalar<'e> {
    /// The text, if it is one.
    pub(super) fn text(self) -> Option<&'e str> {
        match self {
            Self::Json(json) => unwrapped(json).as_str(),
            Self::Text(text) => Some(text),
            Self::Name(iri) => Some(iri.as_str()),
            Self::Time(_) => None,
        }
    }
}

/// `{"@type": …, "@value": v}` is the value v with a data type (JSON-LD 1.1, 4.2.1).
fn unwrapped(json: &Json) -> &Json {
    json.get("@value").unwrap_or(json)
}

impl Operand {
    /// Whether a value is equal to what is wanted, or one of it, or within it.
    pub(super) fn has(&self, value: Scalar<'_>) -> bool {
        match self {
            Self::One(one) => one.order(value) == Some(Ordering::Equal),
            Self::List(list) => list
                .iter()
                .any(|one| one.order(value) == Some(Ordering::Equal)),
            Self::Range(first, last) => {
                first.order(value).is_some_and(Ordering::is_ge)
                    && last.order(value).is_some_and(Ordering::is_le)
            }
        }
    }

    /// Whether a value is before or after what is wanted, as the operator says.
    pub(super) fn is_beside(&self, operator: Operator, value: Scalar<'_>) -> bool {
        let Self::One(one) = self else {
            return false;
        };
        one.order(value).is_some_and(|order| match operator {
            Operator::Less => order.is_lt(),
            Operator::LessEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterEqual => order.is_ge(),
            Operator::Equal => order.is_eq(),
            Operator::Unequal => order.is_ne(),
        })
    }
}

impl Literal {
    /// How an entity's value stands to this one; nothing if they are of unlike types. Without an
    /// order, unequal is nothing too.
    fn order(&self, value: Scalar<'_>) -> Option<Ordering> {
        match (self, value) {
            (Self::Number(mine), Scalar::Json(json)) => match unwrapped(json) {
                Json::Number(n) => numbers(n, mine),
                _ => None,
            },
            (Self::Word { name, .. }, Scalar::Name(iri)) => same(name == iri),
            (Self::Word { name, text }, value) => {
                let known = value.text()?;
                same(known == name.as_str() || known == &**text)
            }
            (Self::Bool(mine), Scalar::Json(Json::Bool(b))) => same(b == mine),
            (Self::Text { name, text, .. } | Self::Uri { name, text }, Scalar::Name(iri)) => {
                same(name.as_ref() == Some(iri) || **text == **iri)
            }
            (
                Self::Text {
                    time: Some(mine), ..
                }
                | Self::DateTime(mine),
                Scalar::Time(t),
            ) => Some(t.micros().cmp(&mine.micros())),
            (Self::Text { text, .. }, value) => Some(value.text()?.cmp(text)),
            (Self::Uri { text, .. }, value) => same(value.text()? == &**text),
            (Self::DateTime(mine), value) => {
                let t = Time::read(value.text()?)?;
                Some(t.micros().cmp(&mine.micros()))
            }
            (Self::Date(mine), value) => {
                let text = value.text().filter(|t| is_date(t))?;
                Some(text.cmp(mine))
            }
            (Self::TimeOfDay(mine, _), value) => Some(time_of_day(value.text()?)?.cmp(mine)),
            _ => None,
        }
    }
}

const fn same(same: bool) -> Option<Ordering> {
    if same { Some(Ordering::Equal) } else { None }
}

/// Integers as integers: beyond 2^53 floating point takes neighbours for one.
pub(in crate::query) fn numbers(a: &Number, b: &Number) -> Option<Ordering> {
    let whole = |n: &Number| {
        let signed = n.as_i64().map(i128::from);
        signed.or_else(|| n.as_u64().map(i128::from))
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}
