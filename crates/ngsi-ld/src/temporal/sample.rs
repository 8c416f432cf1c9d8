//! What an aggregation takes from one instance's value, and which methods make sense of it (clause
//! 4.5.19.1, tables 1 to 3). Never computes an aggregate.

use std::ops::Deref;

use super::Method;
use crate::entity::{Several, Value};
use crate::json::{Json, write_json};

/// A value as aggregations see it.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    /// An integer.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A boolean: true counts as 1, false as 0.
    Bool(bool),
    /// A text.
    Text(Box<str>),
    /// An array: its size, and the whole to tell it from others.
    Array(usize, Box<[u8]>),
    /// A day, or a point in time, whose order is that of its text.
    Moment(Box<str>),
    /// A time of day in microseconds, and as written.
    TimeOfDay(i64, Box<str>),
    /// Anything else, to tell it from others.
    Other(Box<[u8]>),
}

/// The columns of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// JSON numbers.
    Number,
    /// JSON booleans.
    Bool,
    /// JSON strings.
    Text,
    /// JSON arrays, and lists.
    Array,
    /// DateTime and Date.
    Moment,
    /// Time.
    TimeOfDay,
    /// JSON objects, URIs, and what Relationships lead to.
    Other,
}

impl Class {
    /// Whether a method is defined for such values.
    #[must_use]
    pub const fn allows(self, method: Method) -> bool {
        match method {
            Method::TotalCount | Method::DistinctCount => true,
            Method::Min | Method::Max => !matches!(self, Self::Other),
            Method::Avg => matches!(
                self,
                Self::Number | Self::Bool | Self::Array | Self::TimeOfDay
            ),
            Method::Sum => matches!(self, Self::Number | Self::Bool | Self::Array),
            Method::Stddev | Method::Sumsq => matches!(self, Self::Number | Self::Bool),
        }
    }
}

impl Sample {
    /// Of an attribute's value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Property(json) | Value::Json(json) => Self::of_json(json),
            Value::List(items) => Self::Array(items.len(), bytes(&Json::Array(items.clone()))),
            Value::Relationship(Several::One(one)) => Self::Other(one.as_bytes().into()),
            Value::Relationship(Several::Many(many)) => Self::Other(joined(many)),
            Value::ListRelationship(many) => Self::Other(joined(many)),
            Value::Vocab(names) => Self::Other(joined(names.as_slice())),
            Value::Geo(geometry) => Self::Other(bytes(&geometry.to_json())),
            Value::Language(map) => Self::Other(bytes(&Json::Object(map.clone()))),
        }
    }

    fn of_json(json: &Json) -> Self {
        match json {
            Json::Number(n) => n
                .as_i64()
                .map_or_else(|| Self::Float(n.as_f64().unwrap_or(0.0)), Self::Int),
            Json::Bool(b) => Self::Bool(*b),
            Json::String(s) => Self::Text(s.clone()),
            Json::Array(items) => Self::Array(items.len(), bytes(json)),
            Json::Object(_) => typed(json).unwrap_or_else(|| Self::Other(bytes(json))),
            Json::Null => Self::Other(Box::default()),
        }
    }

    /// Which column of the tables.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::Int(_) | Self::Float(_) => Class::Number,
            Self::Bool(_) => Class::Bool,
            Self::Text(_) => Class::Text,
            Self::Array(..) => Class::Array,
            Self::Moment(_) => Class::Moment,
            Self::TimeOfDay(..) => Class::TimeOfDay,
            Self::Other(_) => Class::Other,
        }
    }
}

/// `{"@type": "Time", "@value": "12:00:00Z"}` and the like (annex C.6).
fn typed(json: &Json) -> Option<Sample> {
    let text = json.get("@value")?.as_str()?;
    let kind = json.get("@type")?.as_str()?;
    match kind.rsplit(['/', '#', ':']).next()? {
        "Time" => of_day(text).map(|us| Sample::TimeOfDay(us, text.into())),
        "DateTime" | "Date" => Some(Sample::Moment(text.into())),
        _ => None,
    }
}

/// Microseconds since midnight of `hh:mm:ss[.fraction]Z`, which a point in time on any day tells.
fn of_day(text: &str) -> Option<i64> {
    crate::time::Time::read(&format!("1970-01-01T{text}")).map(crate::time::Time::micros)
}

fn joined(many: &[impl Deref<Target = str>]) -> Box<[u8]> {
    let all: Vec<&str> = many.iter().map(Deref::deref).collect();
    all.join(" ").into_bytes().into()
}

/// JSON with the members of its objects in order, so that equal values are equal bytes.
fn bytes(json: &Json) -> Box<[u8]> {
    let mut out = Vec::new();
    write_json(&mut out, &ordered(json.clone()));
    out.into()
}

fn ordered(json: Json) -> Json {
    match json {
        Json::Array(items) => Json::Array(items.into_iter().map(ordered).collect()),
        Json::Object(members) => {
            let mut members: Vec<_> = members.into_iter().map(|(k, v)| (k, ordered(v))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(members.into())
        }
        other => other,
    }
}
