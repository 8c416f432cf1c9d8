//! The order of answers: `orderBy` (clause 4.23), and which value comes before which of another
//! kind (clause 4.23.2). Never an order that depends on how entities were stored, but for those
//! that are equal in every key.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt::{self, Display, Formatter};

use super::collation::Collation;
use super::fault::Fault;
use super::geo::Shape;
use super::limits::ORDER_KEYS_MAX;
use super::q::{Path, System, path};
use super::scan::Cursor;
use super::sorted::{Sorted, of_text};
use crate::context::Context;
use crate::entity::{Attribute, Entity, Value};
use crate::json::Json;
use crate::time::Time;

/// An order of entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What is compared first, and what after it.
    pub keys: Vec<OrderKey>,
    /// How texts are compared.
    pub collation: Collation,
}

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
    /// `scope`: the first one.
    Scope,
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
    /// Reads `orderBy`: `a;desc,b.c,id`. Texts are in the root order.
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
                cursor.end("`;`, `,` or the end")?;
                return Ok(Self {
                    keys,
                    collation: Collation::root(),
                });
            }
        }
    }

    /// The same with texts in another order.
    #[must_use]
    pub fn collated(self, collation: Collation) -> Self {
        Self { collation, ..self }
    }

    /// Sorts entities; those that are equal in every key stay as they are. Nulls go last, and
    /// behind them those that lack what a key names, whichever way. Distances are from the
    /// reference; without one they are all alike.
    pub fn sort<E: Borrow<Entity>>(&self, entities: &mut [E], reference: Option<&Shape>) {
        let order = Ordered {
            collation: &self.collation,
            reference,
        };
        entities.sort_by_cached_key(|e| {
            let places = self.keys.iter().map(|key| order.place(key, e.borrow()));
            places.collect::<Vec<Place>>()
        });
    }
}

impl Order {
    /// Whether ids alone are compared.
    #[must_use]
    pub fn is_by_id(&self) -> bool {
        self.keys.iter().all(|key| key.by == By::Id)
    }

    /// Sorts what is known by its id alone; an id is only once there, so that one key decides.
    pub fn sort_ids<T>(&self, items: &mut [T], id: impl Fn(&T) -> &str) {
        items.sort_by_cached_key(|item| self.collation.key(id(item)));
        if self
            .keys
            .first()
            .is_some_and(|k| k.sense == Sense::Descending)
        {
            items.reverse();
        }
    }
}

fn key(cursor: &mut Cursor<'_>, context: &Context) -> Result<OrderKey, Fault> {
    let mark = cursor.mark();
    let word = cursor.take_while(|c| c.is_alphanumeric() || "_:@".contains(c));
    let fixed = match word {
        "id" => Some(By::Id),
        "type" => Some(By::Type),
        "scope" => Some(By::Scope),
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
            (By::Id | By::Type | By::Scope, Measure::Distance) => {
                cursor.back_to(mark);
                return Err(cursor.bad("only a GeoProperty has a distance"));
            }
            (by, _) => by,
        };
    }
    Ok(OrderKey { by, sense })
}

/// Where one key puts an entity.
struct Place {
    value: Sorted,
    sense: Sense,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.value, &other.value);
        // What stands first or last does so whichever way: clause 4.23.2 says so of nulls.
        a.group().cmp(&b.group()).then_with(|| match self.sense {
            Sense::Ascending => a.order(b),
            Sense::Descending => b.order(a),
        })
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

/// What values are compared with.
struct Ordered<'o> {
    collation: &'o Collation,
    reference: Option<&'o Shape>,
}

impl Ordered<'_> {
    fn place(&self, key: &OrderKey, entity: &Entity) -> Place {
        let value = match &key.by {
            By::Id => self.text(&entity.id),
            By::Type => match entity.types.first() {
                Some(name) => self.text(name.as_str()),
                None => Sorted::Missing,
            },
            By::Scope => match entity.scopes.first() {
                Some(scope) => self.text(scope),
                None => Sorted::Missing,
            },
            By::Value(path) => self.value_at(entity, path),
            By::Distance(path) => self.distance_at(entity, path),
        };
        Place {
            value,
            sense: key.sense,
        }
    }

    fn text(&self, text: &str) -> Sorted {
        Sorted::Text(self.collation.key(text))
    }

    fn value_at(&self, entity: &Entity, path: &Path) -> Sorted {
        let time = |t: Option<Time>| t.map_or(Sorted::Missing, Sorted::DateTime);
        let text = |t: Option<&str>| t.map_or(Sorted::Missing, |t| self.text(t));
        let Some(attribute) = attribute_at(entity, path) else {
            return match path.system {
                _ if !path.steps.is_empty() => Sorted::Missing,
                Some(System::CreatedAt) => Sorted::DateTime(entity.created_at),
                Some(System::ModifiedAt) => Sorted::DateTime(entity.modified_at),
                Some(System::ExpiresAt) => time(entity.expires_at),
                _ => Sorted::Missing,
            };
        };
        let rare = attribute.more.as_ref().and_then(|m| m.rare.as_ref());
        match path.system {
            Some(System::ObservedAt) => time(attribute.observed_at),
            Some(System::CreatedAt) => Sorted::DateTime(attribute.created_at),
            Some(System::ModifiedAt) => Sorted::DateTime(attribute.modified_at),
            Some(System::ExpiresAt) => time(rare.and_then(|r| r.expires_at)),
            Some(System::UnitCode) => text(attribute.unit_code()),
            Some(System::DatasetId) => text(attribute.dataset_id()),
            None => self.of_value(&attribute.value, &path.inside),
        }
    }

    fn of_value(&self, value: &Value, inside: &[Box<str>]) -> Sorted {
        let text = |t: Option<&Box<str>>| t.map_or(Sorted::Missing, |t| self.text(t));
        match (value, inside) {
            (Value::Property(json) | Value::Json(json), _) => {
                match inside.iter().try_fold(json, |j, name| j.get(name)) {
                    Some(json) => self.of_json(json),
                    None => Sorted::Missing,
                }
            }
            (Value::Relationship(uris), []) => text(uris.as_slice().first()),
            (Value::Vocab(names), []) => names
                .as_slice()
                .first()
                .map_or(Sorted::Missing, |name| self.text(name)),
            (Value::ListRelationship(uris), []) => {
                Sorted::Array(uris.iter().map(|uri| self.text(uri)).collect())
            }
            (Value::List(items), []) => {
                Sorted::Array(items.iter().map(|item| self.of_json(item)).collect())
            }
            // Of a text in several languages one is compared, not all: the first, or the one named.
            (Value::Language(map), []) => match map.first() {
                Some((_, text)) => self.of_json(text),
                None => Sorted::Missing,
            },
            (Value::Language(map), [tag]) => {
                match map.iter().find(|(t, _)| t.eq_ignore_ascii_case(tag)) {
                    Some((_, text)) => self.of_json(text),
                    None => Sorted::Missing,
                }
            }
            (Value::Geo(geometry), []) => Sorted::Object(geometry.to_json().to_string().into()),
            _ => Sorted::Missing,
        }
    }

    fn of_json(&self, json: &Json) -> Sorted {
        match json.get("@value").unwrap_or(json) {
            Json::Null => Sorted::Null,
            Json::Bool(b) => Sorted::Bool(*b),
            Json::Number(n) => Sorted::Number(n.clone()),
            Json::String(s) => of_text(s).unwrap_or_else(|| self.text(s)),
            Json::Array(items) => Sorted::Array(items.iter().map(|i| self.of_json(i)).collect()),
            object @ Json::Object(_) => Sorted::Object(object.to_string().into()),
        }
    }

    /// Where there is no GeoProperty, the value is compared instead.
    fn distance_at(&self, entity: &Entity, path: &Path) -> Sorted {
        match attribute_at(entity, path).map(|a| &a.value) {
            Some(Value::Geo(geometry)) => {
                let metres = |r: &Shape| Shape::of(geometry).distance_m(r);
                Sorted::Metres(self.reference.map_or(0.0, metres))
            }
            _ => self.value_at(entity, path),
        }
    }
}

impl Display for Order {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (n, key) in self.keys.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { "," })?;
            let dist = match &key.by {
                By::Id => f.write_str("id").map(|()| "")?,
                By::Type => f.write_str("type").map(|()| "")?,
                By::Scope => f.write_str("scope").map(|()| "")?,
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
