//! An attribute as a request writes it: whole, in part, or to be removed. Never becomes an
//! attribute without a value.

use super::value::holds_null;
use super::{Attribute, Kind, More, NULL, Rare, Value};
use crate::error::Error;
use crate::iri::Iri;
use crate::json::Json;
use crate::time::Time;

/// What a request says of a member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// Nothing.
    #[default]
    Keep,
    /// It is this.
    Set(T),
    /// It goes.
    Remove,
}

impl<T> Change<T> {
    /// What is set.
    pub(crate) fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            _ => None,
        }
    }
}

/// How much of an attribute was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Members of an attribute.
    Members,
    /// Its value alone, so that the kind is a guess.
    Bare,
}

/// One instance of an attribute in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The expanded name.
    pub name: Iri,
    /// The name as sent, for answers.
    pub term: Box<str>,
    /// `type`, if it was written.
    pub kind: Option<Kind>,
    /// The value; removing it removes the attribute.
    pub value: Change<Value>,
    /// `observedAt`.
    pub observed_at: Change<Time>,
    /// `unitCode`.
    pub unit_code: Change<Box<str>>,
    /// `valueType`.
    pub value_type: Change<Iri>,
    /// `objectType`.
    pub object_type: Change<Box<[Iri]>>,
    /// `expiresAt`.
    pub expires_at: Change<Time>,
    /// `datasetId`.
    pub dataset_id: Option<Box<str>>,
    /// Attributes of the attribute.
    pub attributes: Vec<Draft>,
    /// How much was written.
    pub written: Written,
    /// When it was written first and last, where the broker reads its own records.
    pub(super) stamps: (Option<Time>, Option<Time>),
}

impl Draft {
    pub(super) fn new(name: Iri, term: Box<str>, value: Change<Value>, written: Written) -> Self {
        Self {
            name,
            term,
            kind: None,
            value,
            observed_at: Change::Keep,
            unit_code: Change::Keep,
            value_type: Change::Keep,
            object_type: Change::Keep,
            expires_at: Change::Keep,
            dataset_id: None,
            attributes: Vec::new(),
            written,
            stamps: (None, None),
        }
    }

    /// Whether it removes the instance.
    #[must_use]
    pub const fn is_removal(&self) -> bool {
        matches!(self.value, Change::Remove)
    }

    /// Refuses "remove this" within a value: only merges look so deep (clause 5.5.4).
    ///
    /// # Errors
    /// [`Error::BadData`] with the attribute that has it.
    pub(crate) fn removes_nothing_within(&self) -> Result<(), Error> {
        let within = match &self.value {
            Change::Set(Value::Property(json) | Value::Json(json)) => holds_null(json),
            Change::Set(Value::List(items)) => items.iter().any(holds_null),
            _ => false,
        };
        if within {
            let what = format!("{NULL} within a value removes, which only merges do");
            return Err(Error::bad(&*self.term, what));
        }
        let mut below = self.attributes.iter();
        below
            .try_for_each(Self::removes_nothing_within)
            .map_err(|e| e.within(&self.term))
    }

    /// The attribute that it describes, made now. What it removes is not there.
    ///
    /// # Errors
    /// If it has no value (clause 4.5.2 and those after it).
    pub fn complete(self, now: Time) -> Result<Attribute, Error> {
        let Change::Set(value) = self.value else {
            let holder = self.kind.unwrap_or(Kind::Property).holder().1;
            return Err(Error::bad(
                &*self.term,
                format!("an attribute has a `{holder}`"),
            ));
        };
        let mut attributes = Vec::with_capacity(self.attributes.len());
        for draft in self.attributes.into_iter().filter(|d| !d.is_removal()) {
            attributes.push(draft.complete(now).map_err(|e| e.within(&self.term))?);
        }
        let rare = Rare {
            value_type: self.value_type.set(),
            object_type: self.object_type.set().unwrap_or_default(),
            expires_at: self.expires_at.set(),
            deleted_at: None,
        };
        let more = More {
            dataset_id: self.dataset_id,
            unit_code: self.unit_code.set(),
            rare: rare.boxed(),
            attributes,
        };
        let mut attribute = Attribute::new(self.name, stripped(value), now);
        attribute.observed_at = self.observed_at.set();
        attribute.created_at = self.stamps.0.unwrap_or(now);
        attribute.modified_at = self.stamps.1.unwrap_or(now);
        attribute.set_more(more);
        Ok(attribute)
    }
}

impl Rare {
    /// Nothing if there is nothing.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

impl Attribute {
    /// Keeps what few attributes have, or nothing if there is nothing.
    pub(crate) fn set_more(&mut self, more: More) {
        let empty = more.dataset_id.is_none()
            && more.unit_code.is_none()
            && more.rare.is_none()
            && more.attributes.is_empty();
        self.more = (!empty).then(|| Box::new(more));
    }

    /// Takes out what few attributes have, to change it.
    pub(crate) fn take_more(&mut self) -> More {
        self.more.take().map_or_else(More::default, |m| *m)
    }
}

/// A value without its removals: what a merge with nothing gives (RFC 7396).
fn stripped(value: Value) -> Value {
    match value {
        Value::Property(json) if holds_null(&json) => Value::Property(strip(json)),
        Value::Json(json) if holds_null(&json) => Value::Json(strip(json)),
        Value::Language(map) if map.iter().any(|(_, t)| t.as_str() == Some(NULL)) => {
            Value::Language(
                map.into_iter()
                    .filter(|(_, t)| t.as_str() != Some(NULL))
                    .collect(),
            )
        }
        other => other,
    }
}

fn strip(json: Json) -> Json {
    match json {
        Json::Object(members) => Json::Object(
            members
                .into_iter()
                .filter(|(_, v)| v.as_str() != Some(NULL))
                .map(|(k, v)| (k, strip(v)))
                .collect(),
        ),
        other => other,
    }
}

/// One JSON value merged into another (RFC 7396 with the null of clause 4.5.0; clause 5.5.12).
pub(crate) fn merge_json(target: Json, patch: Json) -> Json {
    match (target, patch) {
        (Json::Object(old), Json::Object(new)) => {
            let mut merged = old.into_vec();
            for (name, value) in new {
                let place = merged.iter().position(|(k, _)| *k == name);
                match (place, value.as_str() == Some(NULL)) {
                    (Some(n), true) => {
                        merged.remove(n);
                    }
                    (None, true) => {}
                    (Some(n), false) => {
                        let before = std::mem::replace(&mut merged[n].1, Json::Null);
                        merged[n].1 = merge_json(before, value);
                    }
                    (None, false) => merged.push((name, strip(value))),
                }
            }
            Json::Object(merged.into())
        }
        (_, patch) => strip(patch),
    }
}
