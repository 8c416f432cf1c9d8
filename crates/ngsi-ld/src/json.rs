//! JSON as entities hold it: half the size of `serde_json::Value`, members in the order that they
//! were sent in. Never interprets what it holds.

mod read;
mod write;

use std::borrow::Cow;

use serde_json::Number;

pub(crate) use write::{Emit, json as write_json, string as write_string};

/// A JSON value in 24 bytes. Strings, arrays and objects have no spare room: an entity is read
/// once and kept for long. Objects are searched from the front, which for the few members that an
/// attribute has is faster than hashing.
#[derive(Debug, Clone)]
pub enum Json {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number; an integer stays one.
    Number(Number),
    /// A string.
    String(Box<str>),
    /// An array.
    Array(Box<[Json]>),
    /// An object; each name once.
    Object(Box<[(Box<str>, Json)]>),
}

impl Json {
    /// Reads one document. Nesting ends at 128, `serde_json`'s limit for the stack's sake.
    ///
    /// # Errors
    /// Says where it is not JSON.
    pub fn read(bytes: &[u8]) -> Result<Self, crate::Error> {
        serde_json::from_slice(bytes).map_err(|e| {
            crate::Error::InvalidRequest(format!(
                "this is no JSON: line {}, column {}",
                e.line(),
                e.column()
            ))
        })
    }

    /// An object of these members.
    #[must_use]
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }

    /// The member of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members()
            .iter()
            .find(|(k, _)| &**k == name)
            .map(|(_, v)| v)
    }

    /// The members of an object; none for anything else.
    #[must_use]
    pub fn members(&self) -> &[(Box<str>, Self)] {
        match self {
            Self::Object(m) => m,
            _ => &[],
        }
    }

    /// The items of an array.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::Array(a) => Some(a),
            _ => None,
        }
    }

    /// A string's text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// A number as floating point.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(n) => n.as_f64(),
            _ => None,
        }
    }

    /// The value as a list: an array's items, or the value alone.
    pub(crate) fn as_list(&self) -> &[Self] {
        match self {
            Self::Array(a) => a,
            one => std::slice::from_ref(one),
        }
    }

    /// What a message may call it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Objects are equal whatever the order of their members.
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|((k, v), (l, w))| {
                        (k == l && v == w) || other.get(k).is_some_and(|w| v == w)
                    })
            }
            _ => false,
        }
    }
}

impl Eq for Json {}

impl From<&str> for Json {
    fn from(s: &str) -> Self {
        Self::String(s.into())
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as V;
        match value {
            V::Null => Self::Null,
            V::Bool(b) => Self::Bool(b),
            V::Number(n) => Self::Number(n),
            V::String(s) => Self::String(s.into()),
            V::Array(a) => Self::Array(a.into_iter().map(Self::from).collect()),
            V::Object(m) => {
                Self::Object(m.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
            }
        }
    }
}

impl std::fmt::Display for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = Vec::new();
        write::json(&mut out, self);
        f.write_str(&String::from_utf8_lossy(&out) as &Cow<'_, str>)
    }
}
