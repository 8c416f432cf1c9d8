//! Whether an entity meets a term: the instances that a path leads to, and the values within them
//! (clause 4.9). Never allocates, but for names of coordinates that nobody asks for.

use super::compare::Scalar;
use super::{Find, LinkedPath, Operator, Path, Step, System, Term, Wanted};
use crate::entity::{Attribute, Entity, Value};
use crate::json::Json;

/// What is asked of one scalar.
type Test<'t> = &'t dyn Fn(Scalar<'_>) -> bool;

/// What is asked of a target. Equality and patterns ask the items of an array one by one: a target
/// that is an array includes what is wanted (clause 4.9). An order does not: an array has none. A
/// Relationship is asked for nothing but equality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrays {
    Through,
    Texts,
    Unlike,
}

impl Term {
    /// Whether one of the instances of its target meets it. A target that is not there meets
    /// nothing, `!=` and `!~=` included.
    pub(super) fn matches(&self, entity: &Entity, find: Find<'_>) -> bool {
        self.reaches(&self.path, entity, find)
    }

    fn reaches(&self, path: &Path, entity: &Entity, find: Find<'_>) -> bool {
        if path.steps.is_empty() {
            let time = match path.system {
                Some(System::CreatedAt) => Some(entity.created_at),
                Some(System::ModifiedAt) => Some(entity.modified_at),
                Some(System::ExpiresAt) => entity.expires_at,
                _ => None,
            };
            return time.is_some_and(|t| self.met_by(&|test, _| Some(test(Scalar::Time(t)))));
        }
        self.walk(&entity.attributes, &path.steps, path, find)
    }

    /// As deep as the path is long, so `PATH_MAX` at most, for each Relationship that it follows.
    fn walk(&self, attributes: &[Attribute], steps: &[Step], path: &Path, find: Find<'_>) -> bool {
        let Some((first, rest)) = steps.split_first() else {
            return false;
        };
        let mut instances = attributes.iter().filter(|a| a.name == first.iri);
        instances.any(|a| match (&path.linked, rest) {
            (None, []) => self.met_by(&|test, arrays| path.asks(a, test, arrays)),
            (Some(linked), []) => self.linked(linked, a, find),
            _ => self.walk(a.attributes(), rest, path, find),
        })
    }

    /// Whether one of the entities that an attribute leads to meets it.
    fn linked(&self, linked: &LinkedPath, from: &Attribute, find: Find<'_>) -> bool {
        let objects = match &from.value {
            Value::Relationship(objects) => objects.as_slice(),
            Value::ListRelationship(objects) => objects,
            _ => return false,
        };
        objects.iter().filter_map(|id| find(id)).any(|entity| {
            let known = linked.types.is_empty()
                || linked.types.iter().any(|t| entity.types.contains(&t.iri));
            known && self.reaches(&linked.path, &entity, find)
        })
    }

    /// `ask` puts a test to the target's scalars: nothing if there is no target, else whether one
    /// of them passes.
    fn met_by(&self, ask: &dyn Fn(Test<'_>, Arrays) -> Option<bool>) -> bool {
        match &self.wanted {
            Wanted::Exists => ask(&|_| true, Arrays::Through).is_some(),
            Wanted::Compared(Operator::Equal, operand) => {
                ask(&|v| operand.has(v), Arrays::Through) == Some(true)
            }
            Wanted::Compared(Operator::Unequal, operand) => {
                ask(&|v| operand.has(v), Arrays::Through) == Some(false)
            }
            Wanted::Compared(operator, operand) => {
                ask(&|v| operand.is_beside(*operator, v), Arrays::Unlike) == Some(true)
            }
            Wanted::Like(pattern) => {
                let like = |v: Scalar<'_>| v.text().is_some_and(|t| pattern.matches(t));
                ask(&like, Arrays::Texts) == Some(true)
            }
            Wanted::Unlike(pattern) => {
                let like = |v: Scalar<'_>| v.text().is_some_and(|t| pattern.matches(t));
                let text = |v: Scalar<'_>| v.text().is_some();
                ask(&text, Arrays::Texts) == Some(true) && ask(&like, Arrays::Texts) == Some(false)
            }
        }
    }
}

impl Path {
    /// Puts a test to one instance of an attribute.
    fn asks(&self, attribute: &Attribute, test: Test<'_>, arrays: Arrays) -> Option<bool> {
        let Some(system) = self.system else {
            return value(&attribute.value, &self.inside, test, arrays);
        };
        let more = attribute.more.as_ref();
        let scalar = match system {
            System::ObservedAt => Scalar::Time(attribute.observed_at?),
            System::CreatedAt => Scalar::Time(attribute.created_at),
            System::ModifiedAt => Scalar::Time(attribute.modified_at),
            System::ExpiresAt => Scalar::Time(more?.rare.as_ref()?.expires_at?),
            System::UnitCode => Scalar::Text(attribute.unit_code()?),
            System::DatasetId => Scalar::Text(attribute.dataset_id()?),
        };
        Some(test(scalar))
    }
}

/// Puts a test to the scalars of a value, or of what stands inside of it.
fn value(value: &Value, inside: &[Box<str>], test: Test<'_>, arrays: Arrays) -> Option<bool> {
    match value {
        Value::Property(json) | Value::Json(json) => within(json, inside, test, arrays),
        Value::Language(map) => language(map, inside, test),
        Value::List(items) if inside.is_empty() => {
            Some(arrays != Arrays::Unlike && items.iter().any(|i| scalars(i, test)))
        }
        Value::Relationship(_) | Value::ListRelationship(_) if arrays != Arrays::Through => None,
        Value::Relationship(uris) if inside.is_empty() => {
            Some(uris.as_slice().iter().any(|u| test(Scalar::Text(u))))
        }
        Value::ListRelationship(uris) if inside.is_empty() => {
            Some(uris.iter().any(|u| test(Scalar::Text(u))))
        }
        Value::Vocab(names) if inside.is_empty() => {
            Some(names.as_slice().iter().any(|n| test(Scalar::Name(n))))
        }
        // A place is there, and equal to nothing that this language can write.
        Value::Geo(_) if inside.is_empty() => Some(false),
        Value::Geo(geometry) => within(&geometry.to_json(), inside, test, arrays),
        _ => None,
    }
}

/// Follows member names into a value.
fn within(json: &Json, inside: &[Box<str>], test: Test<'_>, arrays: Arrays) -> Option<bool> {
    let target = inside.iter().try_fold(json, |j, name| j.get(name))?;
    Some(match (target, arrays) {
        (Json::Array(_), Arrays::Unlike) => false,
        (Json::Array(_), _) => scalars(target, test),
        _ => test(Scalar::Json(target)),
    })
}

/// One level of an array: an array within one is no value that the language can write.
fn scalars(json: &Json, test: Test<'_>) -> bool {
    match json {
        Json::Array(items) => items.iter().any(|i| test(Scalar::Json(i))),
        one => test(Scalar::Json(one)),
    }
}

/// One language, or any if none is named or `*` is (clause 4.9). Tags have no case (RFC 5646).
fn language(map: &[(Box<str>, Json)], inside: &[Box<str>], test: Test<'_>) -> Option<bool> {
    let tag = match inside {
        [] => None,
        [tag] if &**tag == "*" => None,
        [tag] => Some(&**tag),
        _ => return None,
    };
    let wanted = |known: &str| tag.is_none_or(|t| t.eq_ignore_ascii_case(known));
    let mut texts = map.iter().filter(|(known, _)| wanted(known)).peekable();
    texts.peek()?;
    Some(texts.any(|(_, text)| scalars(text, test)))
}
