//! Numbers of one attribute of one type side by side, for what is asked often: looking through them
//! costs a hundredth of visiting each entity, which is a walk through all of memory. Never decides:
//! what may meet the question is asked again as a whole.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::state::{Place, Rows};
use crate::entity::{Entity, Value};
use crate::iri::Iri;
use crate::json::Json;
use crate::query::{Literal, Operand, Operator, Query, Term, Tree, TypeQuery, Wanted};

/// Columns of a tenant, 40 B for each entity of the type: 64 of 100,000 are 256 MB at the worst.
const COLUMNS_MAX: usize = 64;
/// Below so many entities visiting each is quick enough: 10,000 take 4 ms.
const WORTH_IT: usize = 10_000;
/// A question must come so often before a column is made for it.
const ASKED_MIN: u32 = 2;

/// A question that a column helps with: `attribute > 5` and the like, which must hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'q> {
    kind: &'q Iri,
    attribute: &'q Iri,
    operator: Operator,
    number: f64,
}

impl<'q> Asked<'q> {
    /// What of a filter a column helps with, if anything.
    pub(super) fn of(types: Option<&'q TypeQuery>, q: Option<&'q Query>) -> Option<Self> {
        let Some(TypeQuery::Of(Tree::Leaf(kind))) = types else {
            return None;
        };
        let terms = match &q?.0 {
            Tree::All(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        terms.iter().find_map(|part| match part {
            Tree::Leaf(term) => Self::term(&kind.iri, term),
            _ => None,
        })
    }

    /// The type whose entities are asked.
    pub(super) const fn kind(&self) -> &Iri {
        self.kind
    }

    fn term(kind: &'q Iri, term: &'q Term) -> Option<Self> {
        let [step] = term.path.steps.as_slice() else {
            return None;
        };
        match &term.wanted {
            Wanted::Compared(operator, Operand::One(Literal::Number(number)))
                if *operator != Operator::Unequal
                    && term.path.system.is_none()
                    && term.path.linked.is_none()
                    && term.path.inside.is_empty() =>
            {
                Some(Self {
                    kind,
                    attribute: &step.iri,
                    operator: *operator,
                    number: number.as_f64()?,
                })
            }
            _ => None,
        }
    }

    /// Whether an entity with this number may meet it. Equal ones always may: a number of more
    /// digits than a float has is rounded here.
    fn may_be(&self, number: f64) -> bool {
        number.is_nan()
            || match self.operator {
                Operator::Greater | Operator::GreaterEqual => number >= self.number,
                Operator::Less | Operator::LessEqual => number <= self.number,
                Operator::Equal | Operator::Unequal => number == self.number,
            }
    }
}

/// The columns of one tenant.
#[derive(Debug, Default)]
pub(super) struct Columns(Mutex<Inside>);

/// Numbers by place.
type Column = BTreeMap<Place, f64>;

#[derive(Debug, Default)]
struct Inside {
    /// By type and attribute. NaN stands for what is no single number.
    made: HashMap<Iri, Vec<(Iri, Column)>>,
    count: usize,
    asked: HashMap<(Iri, Iri), u32>,
}

impl Columns {
    /// Follows an entity that was made or changed, or has gone.
    pub(super) fn put(&mut self, place: Place, before: Option<&Entity>, after: Option<&Entity>) {
        let inside = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if inside.count == 0 {
            return;
        }
        for kind in before.iter().flat_map(|e| e.types.iter()) {
            for (_, column) in inside.made.get_mut(kind).into_iter().flatten() {
                column.remove(&place);
            }
        }
        let Some(after) = after else {
            return;
        };
        for kind in &after.types {
            for (attribute, column) in inside.made.get_mut(kind).into_iter().flatten() {
                if let Some(number) = number_of(after, attribute) {
                    column.insert(place, number);
                }
            }
        }
    }

    /// Entities from a place on that may meet the question, at most `max`; nothing if there is no
    /// column for it, which the next such question may find.
    pub(super) fn candidates(
        &self,
        asked: Asked<'_>,
        rows: &Rows,
        from: Place,
        max: usize,
    ) -> Option<Vec<(Place, Arc<Entity>)>> {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A scan that goes on is the question that it began with.
        if from == 0 {
            inside.ask(asked, rows);
        }
        let column = inside.known(asked)?;
        let may = column.range(from..).filter(|(_, n)| asked.may_be(**n));
        let found = may.filter_map(|(place, _)| Some((*place, rows.get(place)?.clone())));
        Some(found.take(max).collect())
    }
}

impl Inside {
    fn known(&self, asked: Asked<'_>) -> Option<&Column> {
        let columns = self.made.get(asked.kind)?;
        let found = columns.iter().find(|(a, _)| a == asked.attribute);
        found.map(|(_, column)| column)
    }

    /// Makes the column for a question that has been asked often enough.
    fn ask(&mut self, asked: Asked<'_>, rows: &Rows) {
        let full = self.count >= COLUMNS_MAX;
        if rows.len() < WORTH_IT || full || self.known(asked).is_some() {
            return;
        }
        if self.asked.len() >= COLUMNS_MAX * COLUMNS_MAX {
            self.asked.clear();
        }
        let key = (asked.kind.clone(), asked.attribute.clone());
        let times = self.asked.entry(key).or_default();
        *times += 1;
        if *times < ASKED_MIN {
            return;
        }
        let number =
            |(place, e): (&Place, &Arc<Entity>)| Some((*place, number_of(e, asked.attribute)?));
        let column: Column = rows.iter().filter_map(number).collect();
        self.count += 1;
        let columns = self.made.entry(asked.kind.clone()).or_default();
        columns.push((asked.attribute.clone(), column));
    }
}

/// The number that an attribute of an entity is; NaN if it is something else, or several.
fn number_of(entity: &Entity, attribute: &Iri) -> Option<f64> {
    let mut instances = entity.instances(attribute);
    let first = instances.next()?;
    Some(match (&first.value, instances.next()) {
        (Value::Property(Json::Number(n)), None) => n.as_f64().unwrap_or(f64::NAN),
        _ => f64::NAN,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::state::Tenant;
    use super::*;
    use crate::context::Contexts;
    use crate::entity::Representation;
    use crate::query::Filter;
    use crate::time::Time;

    const VALUES: [&str; 7] = [
        "5",
        "5.5",
        "9007199254740993",
        "\"5\"",
        "[5, 7]",
        "{\"value\": 9, \"unitCode\": \"KMH\"}",
        "[{\"value\": 1}, {\"value\": 9, \"datasetId\": \"urn:d:1\"}]",
    ];

    fn entity(id: u8, types: &str, value: Option<usize>) -> Entity {
        let core = Contexts::new().core().unwrap();
        let speed = value.map(|v| format!(", \"speed\": {}", VALUES[v % VALUES.len()]));
        let text = format!(
            r#"{{"id": "urn:x:{id}", "type": {types}{}}}"#,
            speed.unwrap_or_default()
        );
        let body = Json::read(text.as_bytes()).unwrap();
        Entity::read(body, &core, Representation::Detected, Time::of_micros(0)).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        /// Whatever is written and deleted, a column leads to all that visiting each would find.
        #[test]
        fn a_column_finds_what_visiting_finds(
            ops in prop::collection::vec(
                (0..40_u8, 0..3_usize, prop::option::of(0..7_usize)),
                1..120,
            ),
            q in prop::sample::select(vec![
                "speed>5", "speed>=5", "speed<6", "speed==5", "speed==9007199254740993;speed>1",
            ]),
        ) {
            let core = Contexts::new().core().unwrap();
            let filter = Filter {
                types: Some(TypeQuery::read("A", &core).unwrap()),
                q: Some(Query::read(q, &core).unwrap()),
                ..Filter::default()
            };
            let asked = Asked::of(filter.types.as_ref(), filter.q.as_ref()).unwrap();
            let mut own = Tenant::default();
            // So many that a column is made, before the rest is written.
            let some: Vec<_> = (0..VALUES.len()).map(|n| entity(0, "\"A\"", Some(n))).collect();
            for n in 0..WORTH_IT {
                let mut one = some[n % some.len()].clone();
                one.id = format!("urn:y:{n}").into();
                own.put(Arc::new(one));
            }
            let kind = asked.kind().clone();
            for _ in 0..ASKED_MIN {
                own.columns().candidates(asked, own.of_type(&kind).unwrap(), 0, 1);
            }
            for (id, what, value) in ops {
                match what {
                    0 => drop(own.remove(&format!("urn:x:{id}"))),
                    1 => own.put(Arc::new(entity(id, "\"A\"", value))),
                    _ => own.put(Arc::new(entity(id, "[\"B\", \"C\"]", value))),
                }
            }
            let rows = own.of_type(&kind).unwrap();
            let found = own.columns().candidates(asked, rows, 0, usize::MAX).unwrap();
            let ids = |all: &mut dyn Iterator<Item = &Arc<Entity>>| -> Vec<Box<str>> {
                all.filter(|e| filter.matches(e)).map(|e| e.id.clone()).collect()
            };
            prop_assert_eq!(ids(&mut found.iter().map(|(_, e)| e)), ids(&mut rows.values()));
        }
    }
}
