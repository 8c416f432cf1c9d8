//! Values in the order of clause 4.23.2: by their kind first, then by what they are. Never compares
//! texts itself: they come as keys that a collation made.

use std::cmp::Ordering;

use serde_json::Number;

use super::q::numbers;
use crate::time::Time;

/// A value, in the order of kinds.
pub(super) enum Sorted {
    /// How far a GeoProperty is, where distances are compared.
    Metres(f64),
    Number(Number),
    /// A text, as a collation's key.
    Text(Box<[u8]>),
    /// As it is written. Which of two objects is less the clause leaves open.
    Object(Box<str>),
    /// One item after the other.
    Array(Box<[Sorted]>),
    Bool(bool),
    /// A time of day, without its `Z`.
    Time(Box<str>),
    Date(Box<str>),
    DateTime(Time),
    Null,
    /// The attribute is not there, or not what was asked for in it.
    Missing,
}

/// What stands before or behind all others, in whichever sense the others are sorted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Distances,
    Values,
    Nulls,
    Missing,
}

impl Sorted {
    pub(super) const fn group(&self) -> Group {
        match self {
            Self::Metres(_) => Group::Distances,
            Self::Null => Group::Nulls,
            Self::Missing => Group::Missing,
            _ => Group::Values,
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Metres(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
            Self::Object(_) => 3,
            Self::Array(_) => 4,
            Self::Bool(_) => 5,
            Self::Time(_) => 6,
            Self::Date(_) => 7,
            Self::DateTime(_) => 8,
            Self::Null => 9,
            Self::Missing => 10,
        }
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Metres(a), Self::Metres(b)) => a.total_cmp(b),
            (Self::Number(a), Self::Number(b)) => numbers(a, b).unwrap_or(Ordering::Equal),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Array(a), Self::Array(b)) => {
                let unequal = a.iter().zip(b).map(|(a, b)| a.order(b));
                let first = unequal.into_iter().find(|o| o.is_ne());
                first.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Object(a), Self::Object(b))
            | (Self::Time(a), Self::Time(b))
            | (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::DateTime(a), Self::DateTime(b)) => a.micros().cmp(&b.micros()),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// A text that says a time (clause 4.6.3); nothing if it is a text like another.
pub(super) fn of_text(text: &str) -> Option<Sorted> {
    if let Some(time) = Time::read(text) {
        return Some(Sorted::DateTime(time));
    }
    let midnight = |date: &str| Time::read(&format!("{date}T00:00:00Z"));
    let on_a_day = |time: &str| Time::read(&format!("1970-01-01T{time}"));
    match text.strip_suffix('Z') {
        Some(time) if text.len() <= TIME_BYTES_MAX => {
            on_a_day(text).map(|_| Sorted::Time(time.into()))
        }
        None if text.len() == "2026-08-10".len() => {
            midnight(text).map(|_| Sorted::Date(text.into()))
        }
        _ => None,
    }
}

/// `12:00:00.123456789Z` and some more digits.
const TIME_BYTES_MAX: usize = 24;
