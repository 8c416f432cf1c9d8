//! Which entities' evolutions a query finds (clause 5.7.4.4): by id, type and attributes from the
//! tables' keys; by `q`, `geoQ` and `scopeQ` from the instances in the window. Never holds more
//! than one entity's instances.

use std::collections::{BTreeSet, HashSet};

use loggia_store::rusqlite::Transaction;

use super::ask::{Ask, Count, EVALUATED_MAX, FILTERED_MAX, Found};
use super::page::{Scoped, instances, is_there};
use super::read::{HEAD, Head, SeriesRow, head_in, head_of, name_number, series, tenant_number};
use super::rows::Bounds;
use super::{HistoryError, scope};
use crate::entity::Entity;
use crate::error::Problem;
use crate::iri::Iri;
use crate::query::{Fault, Filter, Query, Tree, TypeName, TypeQuery};
use crate::temporal::Window;

/// Entities that are looked for at once.
const CHUNK: usize = 256;

/// What was found.
pub(super) struct Matched {
    pub(super) entities: Vec<(Head, Scoped)>,
    pub(super) count: Option<usize>,
    pub(super) more: bool,
}

pub(super) fn find(
    tx: &Transaction<'_>,
    tenant: &str,
    found: &Found<'_>,
    ask: &Ask<'_>,
) -> Result<Matched, HistoryError> {
    let mut matched = Matched {
        entities: Vec::new(),
        count: None,
        more: false,
    };
    // Which ones are on the page is known when all are there: as many as are looked at.
    let (offset, limit) = match found.order {
        Some(_) => (0, usize::MAX),
        None => (found.offset, found.limit),
    };
    let mut passed = 0_usize;
    let mut looking = Looking::default();
    if let Some(tenant) = tenant_number(tx, tenant)? {
        'all: for filter in found.filters {
            let mut finder = Finder {
                tx,
                ask,
                filter,
                budget: looking.budget,
            };
            let mut candidates = Candidates::new(tx, tenant, filter)?;
            while let Some(chunk) = candidates.next(tx)? {
                for head in chunk {
                    looking.evaluated()?;
                    if looking.met.contains(&head.number) {
                        continue;
                    }
                    let Some(scoped) = finder.matches(&head)? else {
                        continue;
                    };
                    if found.filters.len() > 1 {
                        looking.met.insert(head.number);
                    }
                    passed += 1;
                    if passed <= offset {
                        continue;
                    }
                    if matched.entities.len() < limit {
                        matched.entities.push((head, scoped));
                        continue;
                    }
                    matched.more = true;
                    if found.count == Count::No {
                        break 'all;
                    }
                }
            }
            looking.budget = finder.budget;
        }
    }
    if let Some(order) = found.order {
        order.sort_ids(&mut matched.entities, |(head, _)| &head.id);
        matched.more = passed > found.offset.saturating_add(found.limit);
        let all = std::mem::take(&mut matched.entities).into_iter();
        matched.entities = all.skip(found.offset).take(found.limit).collect();
    }
    matched.count = (found.count == Count::All).then_some(passed);
    Ok(matched)
}

/// What one request has looked at.
struct Looking {
    evaluated: usize,
    /// Instances that may still be looked at.
    budget: usize,
    /// Entities that another filter has found already; as many at most as are evaluated.
    met: HashSet<i64>,
}

impl Default for Looking {
    fn default() -> Self {
        Self {
            evaluated: 0,
            budget: FILTERED_MAX,
            met: HashSet::new(),
        }
    }
}

impl Looking {
    fn evaluated(&mut self) -> Result<(), HistoryError> {
        self.evaluated += 1;
        if self.evaluated > EVALUATED_MAX {
            let what = format!("it looks at more than {EVALUATED_MAX} entities");
            return Err(too_complex("type", what));
        }
        Ok(())
    }
}

fn too_complex(parameter: &'static str, what: String) -> HistoryError {
    HistoryError::from(Fault {
        parameter,
        at: 1,
        what,
        problem: Problem::TooComplexQuery,
    })
}

/// Where entities come from, in the order of their numbers.
enum Candidates {
    /// Named ones.
    Named(Option<Vec<Head>>),
    /// Those under these keys, behind this number.
    Listed {
        sql: String,
        tenant: i64,
        keys: Vec<i64>,
        after: Option<i64>,
    },
}

impl Candidates {
    fn new(tx: &Transaction<'_>, tenant: i64, filter: &Filter) -> Result<Self, HistoryError> {
        if let Some(ids) = &filter.ids {
            let mut heads = Vec::new();
            for id in ids.as_slice() {
                heads.extend(head_in(tx, tenant, id)?);
            }
            heads.sort_unstable_by_key(|h| h.number);
            return Ok(Self::Named(Some(heads)));
        }
        let listed = |sql: String, names: Vec<Iri>| {
            let mut keys = Vec::new();
            for name in names {
                keys.extend(name_number(tx, &name)?);
            }
            Ok(Self::Listed {
                sql,
                tenant,
                keys,
                after: Some(0),
            })
        };
        let page = format!("ORDER BY 1 LIMIT {CHUNK}");
        if let Some(TypeQuery::Of(tree)) = &filter.types {
            let mut names = Vec::new();
            leaves(tree, &mut |t: &TypeName| names.push(t.iri.clone()));
            let sql = "SELECT entity FROM entity_type
                       WHERE tenant = ?1 AND name = ?2 AND entity > ?3";
            return listed(format!("{sql} {page}"), names);
        }
        if let Some(attributes) = named(filter) {
            let sql = "SELECT s.entity FROM series s JOIN entity e ON e.id = s.entity
                       WHERE e.tenant = ?1 AND s.name = ?2 AND s.entity > ?3 GROUP BY s.entity";
            return listed(format!("{sql} {page}"), attributes);
        }
        Ok(Self::Listed {
            sql: format!("SELECT id FROM entity WHERE +tenant = ?1 AND ?2 = 0 AND id > ?3 {page}"),
            tenant,
            keys: vec![0],
            after: Some(0),
        })
    }

    /// The next ones; nothing at the end.
    fn next(&mut self, tx: &Transaction<'_>) -> Result<Option<Vec<Head>>, HistoryError> {
        match self {
            Self::Named(heads) => Ok(heads.take()),
            Self::Listed {
                sql,
                tenant,
                keys,
                after,
            } => {
                let Some(from) = *after else {
                    return Ok(None);
                };
                let mut numbers = BTreeSet::new();
                // Up to here every key was looked at.
                let mut whole = i64::MAX;
                for key in &*keys {
                    let mut statement = tx.prepare_cached(sql)?;
                    let rows = statement.query_map((*tenant, *key, from), |row| row.get(0))?;
                    let some: Vec<i64> = rows.collect::<Result<_, _>>()?;
                    if let Some(last) = some.get(CHUNK - 1) {
                        whole = whole.min(*last);
                    }
                    numbers.extend(some);
                }
                numbers.retain(|n| *n <= whole);
                *after = (whole < i64::MAX).then_some(whole);
                let sql = format!("SELECT {HEAD} FROM entity WHERE id = ?1");
                let mut heads = Vec::with_capacity(numbers.len());
                for number in numbers {
                    let mut statement = tx.prepare_cached(&sql)?;
                    let mut rows = statement.query([number])?;
                    if let Some(row) = rows.next()? {
                        heads.push(head_of(row)?);
                    }
                }
                Ok(Some(heads))
            }
        }
    }
}

/// The attributes of which an entity must have one, if it must.
fn named(filter: &Filter) -> Option<Vec<Iri>> {
    let picked = &filter.having.as_ref()?.0;
    picked.iter().map(|p| p.attribute.clone()).collect()
}

fn leaves<L>(tree: &Tree<L>, each: &mut impl FnMut(&L)) {
    match tree {
        Tree::Leaf(leaf) => each(leaf),
        Tree::All(parts) | Tree::Any(parts) => {
            for part in parts {
                leaves(part, each);
            }
        }
    }
}

/// Asks entities whether they match.
struct Finder<'f, 't> {
    tx: &'f Transaction<'t>,
    ask: &'f Ask<'f>,
    filter: &'f Filter,
    /// Instances that may still be looked at.
    budget: usize,
}

impl Finder<'_, '_> {
    /// Nothing if an entity does not match.
    fn matches(&mut self, head: &Head) -> Result<Option<Scoped>, HistoryError> {
        let mut skeleton = Entity {
            id: head.id.clone(),
            types: head.types.clone(),
            scopes: Box::default(),
            attributes: Vec::new(),
            created_at: head.created_at,
            modified_at: head.created_at,
            expires_at: None,
            deleted_at: None,
        };
        if !self.named(&skeleton) {
            return Ok(None);
        }
        let list = series(self.tx, head)?;
        if !self.is_in_window(&list)? {
            return Ok(None);
        }
        if self.filter.q.is_some() || self.filter.geo.is_some() {
            self.load(&list, &mut skeleton)?;
            let q = self.filter.q.as_ref();
            let geo = self.filter.geo.as_ref();
            if !q.is_none_or(|q| q.matches(&skeleton)) || !geo.is_none_or(|g| g.matches(&skeleton))
            {
                return Ok(None);
            }
        }
        let Some(query) = &self.filter.scope else {
            return Ok(Some(None));
        };
        let all = Ask {
            window: Window::ALL,
            last_n: None,
            ..*self.ask
        };
        let mut scopes = Vec::new();
        for one in list.iter().filter(|s| s.is_scope()) {
            scopes = instances(self.tx, one, &all, Bounds::of((None, None)))?;
        }
        let window = &self.ask.window;
        let (held, kept) = scope::stretches(query, scopes, &mut skeleton, window);
        Ok((!held.is_empty()).then_some(Some((held, kept))))
    }

    /// `type`, `id` and `idPattern`.
    fn named(&self, skeleton: &Entity) -> bool {
        let only = |filter: &Filter| {
            filter.types.as_ref().is_none_or(|t| t.matches(skeleton))
                && filter.ids.as_ref().is_none_or(|ids| ids.has(&skeleton.id))
                && (filter.ids.is_some()
                    || filter
                        .id_pattern
                        .as_ref()
                        .is_none_or(|p| p.matches(&skeleton.id)))
        };
        only(self.filter)
    }

    /// Whether one of the attributes asked for has an instance in the window.
    fn is_in_window(&self, list: &[SeriesRow]) -> Result<bool, HistoryError> {
        let wanted = named(self.filter);
        for one in list {
            let counts = match &wanted {
                Some(names) => names.contains(&one.name),
                None => !one.is_scope(),
            };
            if counts && is_there(self.tx, one, self.ask)? {
                return Ok(true);
            }
        }
        // An entity whose scopes alone evolved, in a query for nothing else.
        let alone = wanted.is_none() && list.iter().all(SeriesRow::is_scope);
        match list.first().filter(|_| alone) {
            Some(scope) => is_there(self.tx, scope, self.ask),
            None => Ok(false),
        }
    }

    /// Puts the instances in the window into an entity, as instances of its attributes, of those
    /// attributes that `q` and `geoQ` name. Any one of them is enough (clause 5.7.4.4).
    fn load(&mut self, list: &[SeriesRow], into: &mut Entity) -> Result<(), HistoryError> {
        let mut names = Vec::new();
        if let Some(Query(tree)) = &self.filter.q {
            leaves(tree, &mut |term| {
                names.extend(term.path.steps.first().map(|s| s.iri.clone()));
            });
        }
        names.extend(self.filter.geo.as_ref().map(|g| g.geoproperty.clone()));
        let bounds = Bounds::of(self.ask.window.bounds());
        let ask = Ask {
            last_n: None,
            ..*self.ask
        };
        for one in list.iter().filter(|s| names.contains(&s.name)) {
            let found = instances(self.tx, one, &ask, bounds)?;
            let left = self.budget.checked_sub(found.len());
            self.budget = left.ok_or_else(|| {
                let what = format!("it is asked of more than {FILTERED_MAX} instances");
                too_complex("q", what)
            })?;
            let values = found.into_iter().filter(|i| i.gone.is_none());
            into.attributes.extend(values.map(|i| i.attribute));
        }
        Ok(())
    }
}
