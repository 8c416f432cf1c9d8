//! Finding: entities by filter, a page at a time, and which types and attributes there are
//! (clauses 5.7.2 and 5.7.5 to 5.7.10). Never holds a lock while it looks closely.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::columns::Asked;
use super::state::{Rows, Tenant};
use super::{Broker, Caller, is_alive, of};
use crate::entity::{Entity, Kind};
use crate::error::{Error, Problem};
use crate::iri::Iri;
use crate::query::limits::LOOKUPS_MAX;
use crate::query::{Fault, Filter, Order, Shape, Tree, TypeQuery};
use crate::rights::Deed;

/// Entities taken under one lock: 1,024 counters of 5 ns, while writers wait.
const AT_ONCE: usize = 1_024;

/// Which of the entities found are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// So many are passed over.
    pub offset: usize,
    /// So many are given.
    pub limit: usize,
    /// Whether all are counted, which costs a look at all.
    pub counting: Counting,
}

/// Whether what is found is counted to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// It is.
    All,
    /// Looking ends one behind the page.
    No,
}

/// A page of entities.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The page.
    pub entities: Vec<Arc<Entity>>,
    /// How many there are, if they were counted.
    pub count: Option<usize>,
    /// Whether there are more behind the page.
    pub more: bool,
}

impl Broker {
    /// Entities that a filter holds for, in the order in which they were made, or in another.
    ///
    /// # Errors
    /// [`Error::NoTenant`].
    pub fn find<C: Caller + ?Sized>(
        &self,
        caller: &C,
        filter: &Filter,
        order: Option<(&Order, Option<&Shape>)>,
        paging: Paging,
    ) -> Result<Found, Error> {
        let mut found = Found::default();
        let mut seen = 0;
        let enough = |seen: usize| {
            order.is_none()
                && paging.counting == Counting::No
                && seen > paging.offset.saturating_add(paging.limit)
        };
        self.each(caller, filter, |entity| {
            let on_page = seen >= paging.offset && seen - paging.offset < paging.limit;
            if order.is_some() || on_page {
                found.entities.push(entity);
            }
            seen += 1;
            !enough(seen)
        })?;
        if let Some((order, reference)) = order {
            let mut all = std::mem::take(&mut found.entities);
            order.sort(&mut all, reference);
            let page = all.into_iter().skip(paging.offset).take(paging.limit);
            found.entities = page.collect();
        }
        found.more = seen > paging.offset.saturating_add(paging.limit);
        found.count = (paging.counting == Counting::All).then_some(seen);
        Ok(found)
    }

    /// Hands over each entity that a filter holds for, until `take` says that it is enough. What
    /// the caller may not see is not there: neither in what is handed over nor for the filter.
    ///
    /// # Errors
    /// [`Error::NoTenant`], [`Error::Forbidden`].
    pub fn each<C: Caller + ?Sized>(
        &self,
        caller: &C,
        filter: &Filter,
        mut take: impl FnMut(Arc<Entity>) -> bool,
    ) -> Result<(), Error> {
        let rights = caller.may(Deed::Read)?;
        let seen = |entity: Arc<Entity>| match rights {
            None => Some(entity),
            Some(rights) => rights.seen(&entity),
        };
        let tenant = caller.tenant();
        let cheap = filter.is_cheap() && rights.is_none();
        let now = self.now();
        let lookups = Cell::new(0);
        let find = |id: &str| {
            lookups.set(lookups.get() + 1);
            let enough = lookups.get() > LOOKUPS_MAX;
            (!enough).then(|| self.get(caller, id).ok()).flatten()
        };
        let met = |e: &Entity| is_alive(e, now) && filter.matches_with(e, &find);
        let too_wide = || lookups.get() > LOOKUPS_MAX;
        if let Some(ids) = &filter.ids {
            let named: Vec<Arc<Entity>> = {
                let state = self.state();
                let own = of(&state, tenant)?;
                ids.as_slice()
                    .iter()
                    .filter_map(|id| own.get(id))
                    .cloned()
                    .collect()
            };
            for entity in named.into_iter().filter_map(seen) {
                if met(&entity) && !take(entity) {
                    break;
                }
            }
            return if too_wide() { Err(wide()) } else { Ok(()) };
        }
        let mut from = 0;
        loop {
            // A cheap question is asked under the lock: counting an entity twice, in and out, costs
            // as much as asking it.
            let some = {
                let state = self.state();
                let own = of(&state, tenant)?;
                match cheap {
                    true => by_column(own, filter, from, &met)
                        .unwrap_or_else(|| candidates(own, filter.types.as_ref(), from, &met)),
                    false => candidates(own, filter.types.as_ref(), from, &|_| true),
                }
            };
            for entity in some.entities.into_iter().filter_map(seen) {
                if (cheap || met(&entity)) && !take(entity) {
                    return Ok(());
                }
                if too_wide() {
                    return Err(wide());
                }
            }
            match some.last {
                Some(last) => from = last + 1,
                None => return Ok(()),
            }
        }
    }

    /// Each type in the order of names, with what it has (clauses 5.7.5 to 5.7.7).
    ///
    /// # Errors
    /// [`Error::NoTenant`].
    pub fn types<C: Caller + ?Sized>(&self, caller: &C) -> Result<Vec<TypeFound>, Error> {
        let names = self.type_names(caller)?;
        let each = names.into_iter().map(|name| self.type_found(caller, &name));
        Ok(each
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    /// The names of the types alone, which costs no look at the entities but for a caller who may
    /// not see all.
    ///
    /// # Errors
    /// [`Error::NoTenant`], [`Error::Forbidden`].
    pub fn type_names<C: Caller + ?Sized>(&self, caller: &C) -> Result<BTreeSet<Iri>, Error> {
        if caller.may(Deed::Read)?.is_some() {
            let mut names = BTreeSet::new();
            self.each(caller, &Filter::default(), |entity| {
                names.extend(entity.types.iter().cloned());
                true
            })?;
            return Ok(names);
        }
        let state = self.state();
        Ok(of(&state, caller.tenant())?
            .types()
            .map(|(name, _)| name.clone())
            .collect())
    }

    /// One type; nothing if there is no entity of it.
    ///
    /// # Errors
    /// [`Error::NoTenant`].
    pub fn type_found<C: Caller + ?Sized>(
        &self,
        caller: &C,
        name: &Iri,
    ) -> Result<Option<TypeFound>, Error> {
        let filter = Filter {
            types: Some(TypeQuery::Of(Tree::Leaf(crate::query::TypeName {
                name: name.as_str().into(),
                iri: name.clone(),
            }))),
            ..Filter::default()
        };
        let mut attributes = BTreeMap::new();
        let mut count = 0;
        self.each(caller, &filter, |entity| {
            count += 1;
            note(&entity, &mut attributes);
            true
        })?;
        Ok((count > 0).then(|| TypeFound {
            name: name.clone(),
            count,
            attributes: attributes.into_values().collect(),
        }))
    }

    /// Each attribute in the order of names (clauses 5.7.8 to 5.7.10).
    ///
    /// # Errors
    /// [`Error::NoTenant`].
    pub fn attributes<C: Caller + ?Sized>(&self, caller: &C) -> Result<Vec<AttributeFound>, Error> {
        let mut attributes = BTreeMap::new();
        self.each(caller, &Filter::default(), |entity| {
            note(&entity, &mut attributes);
            true
        })?;
        Ok(attributes.into_values().collect())
    }
}

/// More linked entities than one query may look up.
fn wide() -> Error {
    let what = format!("it leads to more than {LOOKUPS_MAX} linked entities");
    Error::Query(Fault {
        parameter: "q",
        at: 1,
        what,
        problem: Problem::TooComplexQuery,
    })
}

/// Some entities, and up to which place was looked; nothing if there was nothing to look at.
#[derive(Default)]
struct Candidates {
    entities: Vec<Arc<Entity>>,
    last: Option<u64>,
}

/// The same by a column of numbers, where there is one for what is asked.
fn by_column(
    own: &Tenant,
    filter: &Filter,
    from: u64,
    wanted: &dyn Fn(&Entity) -> bool,
) -> Option<Candidates> {
    let asked = Asked::of(filter.types.as_ref(), filter.q.as_ref())?;
    let rows = own.of_type(asked.kind())?;
    let some = own.columns().candidates(asked, rows, from, AT_ONCE)?;
    Some(Candidates {
        last: some.last().map(|(place, _)| *place),
        entities: some
            .into_iter()
            .map(|(_, e)| e)
            .filter(|e| wanted(e))
            .collect(),
    })
}

/// The next entities of the wanted types that `wanted` holds for, by place.
fn candidates(
    own: &Tenant,
    types: Option<&TypeQuery>,
    from: u64,
    wanted: &dyn Fn(&Entity) -> bool,
) -> Candidates {
    let some = |rows: &Rows| {
        let mut found = Candidates::default();
        for (place, entity) in rows.range(from..).take(AT_ONCE) {
            found.last = Some(*place);
            if wanted(entity) {
                found.entities.push(entity.clone());
            }
        }
        found
    };
    let mut names = Vec::new();
    match types {
        Some(TypeQuery::Of(tree)) if alternatives(tree, &mut names) => match &*names {
            [one] => own.of_type(one).map(some).unwrap_or_default(),
            several => {
                let tables = several.iter().filter_map(|t| own.of_type(t));
                let next = tables.flat_map(|rows| rows.range(from..).take(AT_ONCE));
                let mut merged: Vec<_> = next.collect();
                merged.sort_unstable_by_key(|(place, _)| **place);
                merged.dedup_by_key(|(place, _)| **place);
                merged.truncate(AT_ONCE);
                let last = merged.last().map(|(place, _)| **place);
                let entities = merged.into_iter().map(|(_, e)| e).filter(|e| wanted(e));
                Candidates {
                    entities: entities.cloned().collect(),
                    last,
                }
            }
        },
        _ => some(own.rows()),
    }
}

/// The types of which an entity must have one; whether there is such a list. Of several that it
/// must have all, the first is enough to look by.
fn alternatives<'t>(tree: &'t Tree<crate::query::TypeName>, names: &mut Vec<&'t Iri>) -> bool {
    match tree {
        Tree::Leaf(one) => {
            names.push(&one.iri);
            true
        }
        Tree::Any(parts) => parts.iter().all(|p| alternatives(p, names)),
        Tree::All(parts) => parts.first().is_some_and(|p| alternatives(p, names)),
    }
}

/// A type, and what its entities have.
#[derive(Debug, Clone)]
pub struct TypeFound {
    /// Expanded.
    pub name: Iri,
    /// Entities of it.
    pub count: usize,
    /// Their attributes, in the order of names.
    pub attributes: Vec<AttributeFound>,
}

/// An attribute, and where it is.
#[derive(Debug, Clone)]
pub struct AttributeFound {
    /// Expanded.
    pub name: Iri,
    /// Entities that have it.
    pub count: usize,
    /// Kinds that it has been met as.
    pub kinds: Vec<Kind>,
    /// Types of entities that have it.
    pub types: BTreeSet<Iri>,
}

fn note(entity: &Entity, into: &mut BTreeMap<Iri, AttributeFound>) {
    for group in entity.attributes.chunk_by(|a, b| a.name == b.name) {
        let Some(first) = group.first() else {
            continue;
        };
        if !into.contains_key(&first.name) {
            let new = AttributeFound {
                name: first.name.clone(),
                count: 0,
                kinds: Vec::new(),
                types: BTreeSet::new(),
            };
            into.insert(first.name.clone(), new);
        }
        if let Some(found) = into.get_mut(&first.name) {
            found.count += 1;
            for one in group {
                if !found.kinds.contains(&one.kind()) {
                    found.kinds.push(one.kind());
                }
            }
            found.types.extend(entity.types.iter().cloned());
        }
    }
}
