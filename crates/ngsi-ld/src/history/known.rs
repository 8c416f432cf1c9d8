//! Numbers of tenants, names, entities and series that the writer has met. Never the truth: that is
//! in the tables, and what is here is forgotten whenever a transaction was not kept.

use std::collections::HashMap;

use loggia_store::rusqlite::{OptionalExtension, Transaction};

use super::HistoryError;
use crate::iri::Iri;
use crate::temporal::SCOPE;
use crate::time::Time;

/// Entities remembered. Each has an id, a few types and ten series: 1 kB, so 50 MB, after which all
/// are forgotten and met again.
const ENTITIES_MAX: usize = 50_000;
/// Names remembered, of 60 bytes: 6 MB. Data models of a city have some thousand.
const NAMES_MAX: usize = 100_000;

/// What the writer has met.
#[derive(Debug, Default)]
pub(super) struct Known {
    tenants: HashMap<Box<str>, i64>,
    names: HashMap<Iri, i64>,
    entities: HashMap<i64, HashMap<Box<str>, KnownEntity>>,
    count: usize,
}

/// An entity.
#[derive(Debug)]
pub(super) struct KnownEntity {
    pub(super) id: i64,
    pub(super) tenant: i64,
    pub(super) types: Box<[Iri]>,
    pub(super) deleted: Option<i64>,
    series: Vec<KnownSeries>,
}

/// A series.
#[derive(Debug)]
pub(super) struct KnownSeries {
    name: Iri,
    dataset_id: Option<Box<str>>,
    pub(super) id: i64,
    /// The newest `observedAt` in it: what is newer needs not be looked for.
    pub(super) newest: Option<i64>,
}

impl Known {
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    fn tenant(&mut self, tx: &Transaction<'_>, name: &str) -> Result<i64, HistoryError> {
        if let Some(id) = self.tenants.get(name) {
            return Ok(*id);
        }
        tx.prepare_cached("INSERT OR IGNORE INTO tenant (name) VALUES (?1)")?
            .execute([name])?;
        let id = tx
            .prepare_cached("SELECT id FROM tenant WHERE name = ?1")?
            .query_row([name], |row| row.get(0))?;
        self.tenants.insert(name.into(), id);
        Ok(id)
    }

    pub(super) fn name(&mut self, tx: &Transaction<'_>, iri: &Iri) -> Result<i64, HistoryError> {
        if let Some(id) = self.names.get(iri) {
            return Ok(*id);
        }
        tx.prepare_cached("INSERT OR IGNORE INTO name (iri) VALUES (?1)")?
            .execute([&**iri])?;
        let id = tx
            .prepare_cached("SELECT id FROM name WHERE iri = ?1")?
            .query_row([&**iri], |row| row.get(0))?;
        if self.names.len() >= NAMES_MAX {
            self.names.clear();
        }
        self.names.insert(iri.clone(), id);
        Ok(id)
    }

    /// An entity that is in the tables.
    pub(super) fn entity(
        &mut self,
        tx: &Transaction<'_>,
        tenant: &str,
        urn: &str,
    ) -> Result<Option<&mut KnownEntity>, HistoryError> {
        let tenant = self.tenant(tx, tenant)?;
        let met = self.entities.get(&tenant);
        if !met.is_some_and(|known| known.contains_key(urn)) {
            let sql = "SELECT id, types, deleted FROM entity WHERE tenant = ?1 AND urn = ?2";
            let row = tx
                .prepare_cached(sql)?
                .query_row((tenant, urn), |row| {
                    Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?))
                })
                .optional()?;
            let Some((id, types, deleted)) = row else {
                return Ok(None);
            };
            self.meet(
                urn,
                KnownEntity {
                    id,
                    tenant,
                    types: types_of(&types),
                    deleted,
                    series: Vec::new(),
                },
            );
        }
        Ok(self.entities.get_mut(&tenant).and_then(|k| k.get_mut(urn)))
    }

    /// Puts an entity into the tables that was not there.
    pub(super) fn make(
        &mut self,
        tx: &Transaction<'_>,
        tenant: &str,
        urn: &str,
        created_at: Time,
    ) -> Result<(), HistoryError> {
        let tenant = self.tenant(tx, tenant)?;
        let sql = "INSERT INTO entity (tenant, urn, types, created) VALUES (?1, ?2, '', ?3)";
        tx.prepare_cached(sql)?
            .execute((tenant, urn, created_at.to_bits()))?;
        self.meet(
            urn,
            KnownEntity {
                id: tx.last_insert_rowid(),
                tenant,
                types: Box::default(),
                deleted: None,
                series: Vec::new(),
            },
        );
        Ok(())
    }

    fn meet(&mut self, urn: &str, entity: KnownEntity) {
        if self.count >= ENTITIES_MAX {
            self.entities.clear();
            self.count = 0;
        }
        self.count += 1;
        let of_tenant = self.entities.entry(entity.tenant).or_default();
        of_tenant.insert(urn.into(), entity);
    }

    /// Leaves an entity out that is no longer there as it was.
    pub(super) fn drop_entity(&mut self, tenant: i64, urn: &str) {
        if let Some(known) = self.entities.get_mut(&tenant) {
            known.remove(urn);
        }
    }

    /// The series of an entity that was met, made if it is not there.
    pub(super) fn series(
        &mut self,
        tx: &Transaction<'_>,
        (tenant, urn): (i64, &str),
        name: &Iri,
        dataset_id: Option<&str>,
    ) -> Result<&mut KnownSeries, HistoryError> {
        let name_id = self.name(tx, name)?;
        let known = self.entities.get_mut(&tenant).and_then(|k| k.get_mut(urn));
        let Some(entity) = known else {
            return Err(HistoryError::Damaged("an entity that was there"));
        };
        let met = |s: &KnownSeries| s.name == *name && s.dataset_id.as_deref() == dataset_id;
        let place = match entity.series.iter().position(met) {
            Some(place) => place,
            None => {
                let id = series_id(tx, entity.id, name_id, dataset_id.unwrap_or(""))?;
                let sql = "SELECT max(t) FROM instance WHERE series = ?1 AND basis = 0";
                let newest = tx
                    .prepare_cached(sql)?
                    .query_row([id], |row| row.get::<_, Option<i64>>(0))?;
                entity.series.push(KnownSeries {
                    name: name.clone(),
                    dataset_id: dataset_id.map(Into::into),
                    id,
                    newest,
                });
                entity.series.len() - 1
            }
        };
        let found = entity.series.get_mut(place);
        found.ok_or(HistoryError::Damaged("a series that was there"))
    }
}

fn series_id(
    tx: &Transaction<'_>,
    entity: i64,
    name: i64,
    dataset: &str,
) -> Result<i64, HistoryError> {
    let sql = "SELECT id FROM series WHERE entity = ?1 AND name = ?2 AND dataset = ?3";
    let found = tx
        .prepare_cached(sql)?
        .query_row((entity, name, dataset), |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    tx.prepare_cached("INSERT INTO series (entity, name, dataset) VALUES (?1, ?2, ?3)")?
        .execute((entity, name, dataset))?;
    Ok(tx.last_insert_rowid())
}

/// Types as one text: no IRI holds a space.
pub(super) fn types_text(types: &[Iri]) -> String {
    let all: Vec<&str> = types.iter().map(|t| &**t).collect();
    all.join(" ")
}

pub(super) fn types_of(text: &str) -> Box<[Iri]> {
    text.split_ascii_whitespace().map(Iri::new).collect()
}

/// The name under which scopes are a series.
pub(super) fn scope_name() -> Iri {
    Iri::new(SCOPE)
}
