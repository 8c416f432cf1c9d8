//! Whether an entity meets a term: the instances that a path leads to, and the values within them
//! (clause 4.9). Never allocates, but for names of coordinates that nobody asks for.

use super::compare::Scalar;
use super::{Operator, Path, Step, System, Term, Wanted};
use crate::entity::{Attribute, Entity, Value};
use crate::json::Json;

/// What is asked of one scalar.
type Test<'t> = &'t dyn Fn(Scalar<'_>) -> bool;

/// Whether the items of an array are asked one by one. Equality and patterns do: a target that is
/// an array includes what is wanted (clause 4.9). An order does not: an array has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrays {
    Through,
    Unlike,
}

impl Term {
    /// Whether one of the instances of its target meets it. A target that is not there meets
    /// nothing, `!=` and `!~=` included.
    pub(super) fn matches(&self, entity: &Entity) -> bool {
        if self.path.steps.is_empty() {
            let time = match self.path.system {
                Some(System::CreatedAt) => Some(entity.created_at),
                Some(System::ModifiedAt) => Some(entity.modified_at),
                Some(System::ExpiresAt) => entity.expires_at,
                _ => None,
            };
            return time.is_some_and(|t| self.met_by(&|test, _| Some(test(Scalar::Time(t)))));
        }
        self.walk(&entity.attributes, &self.path.steps)
    }

    /// As deep as the path is long, so `PATH_MAX` at most.
    fn walk(&self, attributes: &[Attribute], steps: &[Step]) -> bool {
        let Some((first, rest)) = steps.split_first() else {
            return false;
        };
        attributes.iter().filter(|a| a.name == first.iri).any(|a| {
            if rest.is_empty() {
                self.met_by(&|test, arrays| self.path.asks(a, test, arrays))
            } else {
                self.walk(a.attributes(), rest)
            }
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
                ask(&like, Arrays::Through) == Some(true)
            }
            Wanted::Unlike(pattern) => {
                let like = |v: Scalar<'_>| v.text().is_some_and(|t| pattern.matches(t));
                ask(&like, Arrays::Through) == Some(false)
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
            Some(arrays == Arrays::Through && items.iter().any(|i| scalars(i, test)))
        }
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
        (Json::Array(_), Arrays::Through) => scalars(target, test),
        (Json::Array(_), Arrays::Unlike) => false,
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
