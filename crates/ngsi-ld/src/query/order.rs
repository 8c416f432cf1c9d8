//! The order of answers: `orderBy` (clause 4.23). Never an order of texts in a language: texts go
//! by their characters' numbers, whatever `collation` would say.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};

use super::fault::Fault;
use super::geo::Shape;
use super::limits::ORDER_KEYS_MAX;
use super::q::{Path, System, numbers, path};
use super::scan::Cursor;
use crate::context::Context;
use crate::entity::{Attribute, Entity, Value};
use crate::json::Json;
use crate::time::Time;

/// An order of entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order(pub Vec<OrderKey>);

/// One key of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderKey {
    /// What is compared.
    pub by: By,
    /// Which way.
    pub sense: Sense,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// `id`.
    Id,
    /// `type`: the first one.
    Type,
    /// The value of an attribute.
    Value(Path),
    /// How far a GeoProperty is from a reference.
    Distance(Path),
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

const SENSES: [(&str, Sense, Measure); 4] = [
    ("asc", Sense::Ascending, Measure::Value),
    ("desc", Sense::Descending, Measure::Value),
    ("dist-asc", Sense::Ascending, Measure::Distance),
    ("dist-desc", Sense::Descending, Measure::Distance),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    Value,
    Distance,
}

impl Order {
    /// Reads `orderBy`: `a;desc,b.c,id`.
    ///
    /// # Errors
    /// Says which character is wrong and what was expected.
    pub fn read(text: &str, context: &Context) -> Result<Self, Fault> {
        let mut cursor = Cursor::new("orderBy", text)?;
        let mut keys = Vec::new();
        loop {
            if keys.len() == ORDER_KEYS_MAX {
                return Err(cursor.too_complex(format!("more than {ORDER_KEYS_MAX} keys")));
            }
            keys.push(key(&mut cursor, context)?);
            if !cursor.eat(",") {
                return cursor.end("`;`, `,` or the end").map(|()| Self(keys));
            }
        }
    }

    /// Sorts entities; those that are equal in every key stay as they are, and those that lack
    /// what a key names go last, whichever way. Distances are from the reference; without one
    /// they are all alike.
    pub fn sort<E: Borrow<Entity>>(&self, entities: &mut [E], reference: Option<&Shape>) {
        entities.sort_by_cached_key(|e| {
            let places = self.0.iter().map(|key| key.place(e.borrow(), reference));
            places.collect::<Vec<Place>>()
        });
    }
}

fn key(cursor: &mut Cursor<'_>, context: &Context) -> Result<OrderKey, Fault> {
    let mark = cursor.mark();
    let word = cursor.take_while(|c| c.is_alphanumeric() || "_:@".contains(c));
    let fixed = match word {
        "id" => Some(By::Id),
        "type" => Some(By::Type),
        _ => None,
    };
    let mut by = if let Some(by) = fixed {
        by
    } else {
        cursor.back_to(mark);
        let path = path(cursor, context, 0)?;
        if path.linked.is_some() {
            cursor.back_to(mark);
            return Err(cursor.not_supported("linked entities give no order"));
        }
        By::Value(path)
    };
    let mut sense = Sense::Ascending;
    if cursor.eat(";") {
        let mark = cursor.mark();
        let word = cursor.take_while(|c| c.is_ascii_alphabetic() || c == '-');
        let known = SENSES.into_iter().find(|(name, ..)| *name == word);
        let Some((_, wanted, measure)) = known else {
            cursor.back_to(mark);
            return Err(cursor.expected("asc, desc, dist-asc or dist-desc"));
        };
        sense = wanted;
        by = match (by, measure) {
            (By::Value(path), Measure::Distance) => By::Distance(path),
            (By::Id | By::Type, Measure::Distance) => {
                cursor.back_to(mark);
                return Err(cursor.bad("only a GeoProperty has a distance"));
            }
            (by, _) => by,
        };
    }
    Ok(OrderKey { by, sense })
}

impl OrderKey {
    fn place(&self, entity: &Entity, reference: Option<&Shape>) -> Place {
        let value = match &self.by {
            By::Id => Some(Sorted::Text(entity.id.clone())),
            By::Type => entity
                .types
                .first()
                .map(|t| Sorted::Text(t.as_str().into())),
            By::Value(path) => value_at(entity, path),
            By::Distance(path) => distance_at(entity, path, reference),
        };
        Place {
            value,
            sense: self.sense,
        }
    }
}

/// Where one key puts an entity.
struct Place {
    value: Option<Sorted>,
    sense: Sense,
}

/// Values that have an order, unlike types one after the other.
enum Sorted {
    Bool(bool),
    Number(serde_json::Number),
    Metres(f64),
    Time(Time),
    Text(Box<str>),
}

impl Sorted {
    const fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Number(_) => 1,
            Self::Metres(_) => 2,
            Self::Time(_) => 3,
            Self::Text(_) => 4,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => numbers(a, b).unwrap_or(Ordering::Equal),
            (Self::Metres(a), Self::Metres(b)) => a.total_cmp(b),
            (Self::Time(a), Self::Time(b)) => a.micros().cmp(&b.micros()),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.value, &other.value) {
            (Some(a), Some(b)) if self.sense == Sense::Ascending => a.order(b),
            (Some(a), Some(b)) => b.order(a),
            // Nothing is last: it is the greater one.
            (a, b) => a.is_none().cmp(&b.is_none()),
        }
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Place {}

/// The attribute's first instance, which is the default one if there is one.
fn attribute_at<'e>(entity: &'e Entity, path: &Path) -> Option<&'e Attribute> {
    let mut attributes = &entity.attributes[..];
    let mut found = None;
    for step in &path.steps {
        let mut instances = attributes.iter().filter(|a| a.name == step.iri);
        let first = instances.clone().next()?;
        let one = instances
            .find(|a| a.dataset_id().is_none())
            .unwrap_or(first);
        attributes = one.attributes();
        found = Some(one);
    }
    found
}

fn value_at(entity: &Entity, path: &Path) -> Option<Sorted> {
    let Some(attribute) = attribute_at(entity, path) else {
        return match path.system {
            _ if !path.steps.is_empty() => None,
            Some(System::CreatedAt) => Some(Sorted::Time(entity.created_at)),
            Some(System::ModifiedAt) => Some(Sorted::Time(entity.modified_at)),
            Some(System::ExpiresAt) => entity.expires_at.map(Sorted::Time),
            _ => None,
        };
    };
    let more = attribute.more.as_ref();
    match path.system {
        Some(System::ObservedAt) => attribute.observed_at.map(Sorted::Time),
        Some(System::CreatedAt) => Some(Sorted::Time(attribute.created_at)),
        Some(System::ModifiedAt) => Some(Sorted::Time(attribute.modified_at)),
        Some(System::ExpiresAt) => more?.rare.as_ref()?.expires_at.map(Sorted::Time),
        Some(System::UnitCode) => attribute.unit_code().map(|t| Sorted::Text(t.into())),
        Some(System::DatasetId) => attribute.dataset_id().map(|t| Sorted::Text(t.into())),
        None => sorted(&attribute.value, &path.inside),
    }
}

fn sorted(value: &Value, inside: &[Box<str>]) -> Option<Sorted> {
    let text = |t: &str| Some(Sorted::Text(t.into()));
    match (value, inside) {
        (Value::Property(json) | Value::Json(json), _) => {
            of_json(inside.iter().try_fold(json, |j, name| j.get(name))?)
        }
        (Value::Relationship(uris), []) => text(uris.as_slice().first()?),
        (Value::Vocab(names), []) => text(names.as_slice().first()?),
        (Value::ListRelationship(uris), []) => text(uris.first()?),
        (Value::List(items), []) => of_json(items.first()?),
        (Value::Language(map), []) => of_json(&map.first()?.1),
        (Value::Language(map), [tag]) => {
            let known = map.iter().find(|(t, _)| t.eq_ignore_ascii_case(tag));
            of_json(&known?.1)
        }
        _ => None,
    }
}

fn of_json(json: &Json) -> Option<Sorted> {
    match json.get("@value").unwrap_or(json) {
        Json::Bool(b) => Some(Sorted::Bool(*b)),
        Json::Number(n) => Some(Sorted::Number(n.clone())),
        Json::String(s) => {
            Some(Time::read(s).map_or_else(|| Sorted::Text(s.clone()), Sorted::Time))
        }
        Json::Array(items) => items
            .first()
            .filter(|i| i.items().is_none())
            .and_then(of_json),
        _ => None,
    }
}

fn distance_at(entity: &Entity, path: &Path, reference: Option<&Shape>) -> Option<Sorted> {
    match &attribute_at(entity, path)?.value {
        Value::Geo(geometry) => {
            let metres = |r: &Shape| Shape::of(geometry).distance_m(r);
            Some(Sorted::Metres(reference.map_or(0.0, metres)))
        }
        _ => None,
    }
}

impl Display for Order {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (n, key) in self.0.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { "," })?;
            let dist = match &key.by {
                By::Id => f.write_str("id").map(|()| "")?,
                By::Type => f.write_str("type").map(|()| "")?,
                By::Value(path) => write!(f, "{path}").map(|()| "")?,
                By::Distance(path) => write!(f, "{path}").map(|()| "dist-")?,
            };
            match key.sense {
                Sense::Ascending => write!(f, ";{dist}asc")?,
                Sense::Descending => write!(f, ";{dist}desc")?,
            }
        }
        Ok(())
    }
}
