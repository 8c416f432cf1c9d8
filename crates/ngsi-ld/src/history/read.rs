//! Answers out of the history. Never writes, and sees one state of it from the first row of an
//! answer to the last.

use std::sync::Arc;

use loggia_store::Db;
use loggia_store::rusqlite::{OptionalExtension, Row, Transaction};

use super::apply::locate;
use super::ask::{Answer, Ask, Found, Summary};
use super::known::types_of;
use super::op::Erased;
use super::{HistoryError, aggregate, find, page};
use crate::iri::Iri;
use crate::query::Filter;
use crate::temporal::{Aggregated, Aggregation, InstanceId, Partial, SCOPE, TemporalEntity};
use crate::time::Time;

/// Reads the history; made by [`super::History::reader`].
#[derive(Debug, Clone)]
pub struct HistoryReader {
    db: Arc<Db>,
}

/// An entity without its instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub(super) number: i64,
    /// `id`.
    pub id: Box<str>,
    /// `type`.
    pub types: Box<[Iri]>,
    /// When its history began.
    pub created_at: Time,
    /// When it was deleted, if it was.
    pub deleted_at: Option<Time>,
}

/// One series of an entity.
#[derive(Debug, Clone)]
pub(super) struct SeriesRow {
    pub(super) number: i64,
    pub(super) name: Iri,
    pub(super) dataset_id: Option<Box<str>>,
}

impl SeriesRow {
    pub(super) fn is_scope(&self) -> bool {
        &*self.name == SCOPE
    }
}

impl HistoryReader {
    pub(super) const fn new(db: Arc<Db>) -> Self {
        Self { db }
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        self.db.read(work)
    }

    /// What is known of an entity; nothing if it has no history.
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn head(&self, tenant: &str, id: &str) -> Result<Option<Head>, HistoryError> {
        self.read(|tx| head(tx, tenant, id))
    }

    /// Whether an entity has instances of an attribute that an erasure would find (5.6.13).
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn has(
        &self,
        tenant: &str,
        id: &str,
        name: &Iri,
        which: &Erased,
    ) -> Result<bool, HistoryError> {
        self.read(|tx| {
            let Some(head) = head(tx, tenant, id)? else {
                return Ok(false);
            };
            let fits = |s: &SeriesRow| {
                s.name == *name
                    && match which {
                        Erased::All => true,
                        Erased::Default => s.dataset_id.is_none(),
                        Erased::Dataset(id) => s.dataset_id.as_deref() == Some(id),
                    }
            };
            Ok(series(tx, &head)?.iter().any(fits))
        })
    }

    /// Whether an entity has this instance of an attribute (5.6.14 and 5.6.15).
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn has_instance(
        &self,
        tenant: &str,
        id: &str,
        name: &Iri,
        instance: InstanceId,
    ) -> Result<bool, HistoryError> {
        self.read(|tx| {
            let Some(head) = head(tx, tenant, id)? else {
                return Ok(false);
            };
            let Some(name) = name_number(tx, name)? else {
                return Ok(false);
            };
            Ok(locate(tx, head.number, name, instance)?.is_some())
        })
    }

    /// One entity's evolution (clause 5.7.3); nothing if it has none at all.
    ///
    /// # Errors
    /// [`HistoryError::Store`].
    pub fn retrieve(
        &self,
        tenant: &str,
        id: &str,
        ask: &Ask<'_>,
    ) -> Result<Option<(TemporalEntity, Option<Partial>)>, HistoryError> {
        self.read(|tx| {
            let Some(head) = head(tx, tenant, id)? else {
                return Ok(None);
            };
            let (mut entities, partial) = page::read(tx, vec![(head, None)], ask)?;
            Ok(entities.pop().map(|entity| (entity, partial)))
        })
    }

    /// One entity's aggregates (clauses 5.7.3 and 4.5.19).
    ///
    /// # Errors
    /// [`HistoryError::Request`] if a method is not defined for an attribute that was asked for by
    /// name, or the request costs too much.
    pub fn summarize(
        &self,
        tenant: &str,
        id: &str,
        ask: &Ask<'_>,
        wanted: &Aggregation,
    ) -> Result<Option<(TemporalEntity, Vec<Aggregated>)>, HistoryError> {
        self.read(|tx| {
            let Some(head) = head(tx, tenant, id)? else {
                return Ok(None);
            };
            let mut made = aggregate::read(tx, vec![(head, None)], ask, wanted)?;
            Ok(made.pop())
        })
    }

    /// The evolution of entities (clause 5.7.4).
    ///
    /// # Errors
    /// [`HistoryError::Request`] if it costs too much.
    pub fn query(
        &self,
        tenant: &str,
        found: &Found<'_>,
        ask: &Ask<'_>,
    ) -> Result<Answer, HistoryError> {
        self.read(|tx| {
            let matched = find::find(tx, tenant, found, ask)?;
            let (entities, partial) = page::read(tx, matched.entities, ask)?;
            Ok(Answer {
                entities,
                partial,
                count: matched.count,
                more: matched.more,
            })
        })
    }

    /// Aggregates of entities (clauses 5.7.4 and 4.5.19).
    ///
    /// # Errors
    /// As [`Self::summarize`] and [`Self::query`].
    pub fn query_summary(
        &self,
        tenant: &str,
        found: &Found<'_>,
        ask: &Ask<'_>,
        wanted: &Aggregation,
    ) -> Result<Summary, HistoryError> {
        self.read(|tx| {
            let matched = find::find(tx, tenant, found, ask)?;
            Ok(Summary {
                entities: aggregate::read(tx, matched.entities, ask, wanted)?,
                count: matched.count,
                more: matched.more,
            })
        })
    }

    /// The ids of the entities that are found, in order.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub fn ids(
        &self,
        tenant: &str,
        found: &Found<'_>,
        ask: &Ask<'_>,
    ) -> Result<Vec<Box<str>>, HistoryError> {
        self.read(|tx| {
            let matched = find::find(tx, tenant, found, ask)?;
            let heads = matched.entities.into_iter();
            Ok(heads.map(|(head, _)| head.id).collect())
        })
    }

    /// How many entities meet one of the filters; for whoever asks nothing else (`limit=0`).
    ///
    /// # Errors
    /// As [`Self::query`].
    pub fn count(
        &self,
        tenant: &str,
        filters: &[Filter],
        ask: &Ask<'_>,
    ) -> Result<usize, HistoryError> {
        let found = Found {
            filters,
            order: None,
            offset: 0,
            limit: 0,
            count: super::Count::All,
        };
        self.read(|tx| {
            let matched = find::find(tx, tenant, &found, ask)?;
            Ok(matched.count.unwrap_or(0))
        })
    }
}

/// What [`head_of`] reads.
pub(super) const HEAD: &str = "id, urn, types, created, deleted";

pub(super) fn head_of(row: &Row<'_>) -> Result<Head, HistoryError> {
    let deleted: Option<i64> = row.get(4)?;
    Ok(Head {
        number: row.get(0)?,
        id: row.get::<_, String>(1)?.into(),
        types: types_of(&row.get::<_, String>(2)?),
        created_at: Time::from_bits(row.get(3)?).ok_or(HistoryError::Damaged("a time"))?,
        deleted_at: deleted.and_then(Time::from_bits),
    })
}

pub(super) fn tenant_number(
    tx: &Transaction<'_>,
    tenant: &str,
) -> Result<Option<i64>, HistoryError> {
    let sql = "SELECT id FROM tenant WHERE name = ?1";
    let row = tx
        .prepare_cached(sql)?
        .query_row([tenant], |row| row.get(0))
        .optional()?;
    Ok(row)
}

pub(super) fn name_number(tx: &Transaction<'_>, name: &str) -> Result<Option<i64>, HistoryError> {
    let sql = "SELECT id FROM name WHERE iri = ?1";
    let row = tx
        .prepare_cached(sql)?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(row)
}

fn head(tx: &Transaction<'_>, tenant: &str, id: &str) -> Result<Option<Head>, HistoryError> {
    let Some(tenant) = tenant_number(tx, tenant)? else {
        return Ok(None);
    };
    head_in(tx, tenant, id)
}

pub(super) fn head_in(
    tx: &Transaction<'_>,
    tenant: i64,
    id: &str,
) -> Result<Option<Head>, HistoryError> {
    let sql = format!("SELECT {HEAD} FROM entity WHERE tenant = ?1 AND urn = ?2");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query((tenant, id))?;
    rows.next()?.map(head_of).transpose()
}

/// The series of an entity, those of one attribute next to each other, in the order in which they
/// began.
pub(super) fn series(tx: &Transaction<'_>, head: &Head) -> Result<Vec<SeriesRow>, HistoryError> {
    let sql = "SELECT s.id, n.iri, s.dataset FROM series s JOIN name n ON n.id = s.name
               WHERE s.entity = ?1 ORDER BY s.id";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([head.number])?;
    let mut list: Vec<SeriesRow> = Vec::new();
    while let Some(row) = rows.next()? {
        let iri: String = row.get(1)?;
        let dataset: String = row.get(2)?;
        let behind = list.iter().rposition(|s| *s.name == *iri);
        let name = match behind.and_then(|n| list.get(n)) {
            Some(same) => same.name.clone(),
            None => Iri::new(&iri),
        };
        let one = SeriesRow {
            number: row.get(0)?,
            name,
            dataset_id: (!dataset.is_empty()).then(|| dataset.into()),
        };
        list.insert(behind.map_or(list.len(), |n| n + 1), one);
    }
    Ok(list)
}

/// When a series' newest instance was written.
pub(super) fn modified(
    tx: &Transaction<'_>,
    series: &SeriesRow,
) -> Result<Option<Time>, HistoryError> {
    let sql = "SELECT max(modified) FROM instance WHERE series = ?1";
    let bits: Option<i64> = tx
        .prepare_cached(sql)?
        .query_row([series.number], |row| row.get(0))?;
    Ok(bits.and_then(Time::from_bits))
}
