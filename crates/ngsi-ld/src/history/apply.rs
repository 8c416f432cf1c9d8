//! Records into tables, exactly once: all that a batch tells and how far the log was read go into
//! one transaction. Never applies a record twice, whatever comes again after a crash.

use loggia_store::rusqlite::{OptionalExtension, Transaction};

use super::code::{Packed, kind_code, pack};
use super::known::{Known, scope_name, types_text};
use super::op::Erased;
use super::{History, HistoryError, HistoryOp, What, forget};
use crate::entity::{Attribute, Kind, Value};
use crate::iri::Iri;
use crate::json::Json;
use crate::temporal::InstanceId;
use crate::time::Time;

/// Which kind of time orders a row; see the schema.
pub(super) const OBSERVED: i64 = 0;
pub(super) const MODIFIED: i64 = 1;
pub(super) const DELETED: i64 = 2;

/// Rows of what was erased that go with each batch. 10,000 take 50 ms; what is left goes with the
/// next, or by [`History::forget_before`].
const ERASED_PER_BATCH: usize = 10_000;

impl History {
    /// Applies what the log tells up to record `up_to_seq`, in the log's order. What is here
    /// already is passed over.
    ///
    /// # Errors
    /// [`HistoryError::Store`]: then nothing of the batch is here, and it can come again.
    pub fn apply(&mut self, batch: &[HistoryOp], up_to_seq: u64) -> Result<(), HistoryError> {
        let done = self.done();
        if up_to_seq <= done {
            return Ok(());
        }
        let known = &mut self.known;
        let written = self.db.write(|tx| {
            for op in batch
                .iter()
                .filter(|op| op.seq > done && op.seq <= up_to_seq)
            {
                Writing { tx, known, op }.apply()?;
            }
            forget::sweep(tx, ERASED_PER_BATCH)?;
            let place = i64::try_from(up_to_seq).unwrap_or(i64::MAX);
            tx.prepare_cached("UPDATE progress SET done = ?1")?
                .execute([place])?;
            Ok(())
        });
        match written {
            Ok(()) => self.progress.reach(up_to_seq),
            Err(_) => self.known.forget(),
        }
        written
    }
}

/// One thing under way into the tables.
struct Writing<'w, 't> {
    tx: &'w Transaction<'t>,
    known: &'w mut Known,
    op: &'w HistoryOp,
}

impl Writing<'_, '_> {
    fn apply(&mut self) -> Result<(), HistoryError> {
        match &self.op.what {
            What::There { types, created_at } => self.there(types, *created_at),
            What::TypesAdded(types) => self.types_added(types),
            What::Scopes(scopes) => self.scopes(scopes),
            What::Written(attribute) => self.written(attribute),
            What::Deleted {
                name,
                dataset_id,
                kind,
            } => self.deleted(name, dataset_id.as_deref(), *kind),
            What::EntityDeleted => self.mark_deleted(Some(self.op.at)),
            What::InstanceReplaced { id, attribute } => self.replaced(*id, attribute),
            What::InstanceErased { name, id } => match self.locate(name, *id)? {
                Some(place) => self.erase(place, *id),
                None => Ok(()),
            },
            What::AttributeErased { name, which } => self.attribute_erased(name, which),
            What::Erased => self.erased(),
        }
    }

    fn there(&mut self, types: &[Iri], created_at: Time) -> Result<(), HistoryError> {
        let op = self.op;
        if self.entity()?.is_none() {
            self.known
                .make(self.tx, &op.tenant, &op.entity, created_at)?;
        }
        self.set_types(types)?;
        self.mark_deleted(None)
    }

    fn types_added(&mut self, types: &[Iri]) -> Result<(), HistoryError> {
        let op = self.op;
        if self.entity()?.is_none() {
            self.known.make(self.tx, &op.tenant, &op.entity, op.at)?;
        }
        let mut all = self.types()?;
        for new in types {
            if !all.contains(new) {
                all.push(new.clone());
            }
        }
        self.set_types(&all)
    }

    fn types(&mut self) -> Result<Vec<Iri>, HistoryError> {
        let entity = self
            .known
            .entity(self.tx, &self.op.tenant, &self.op.entity)?;
        Ok(entity.map_or_else(Vec::new, |e| e.types.to_vec()))
    }

    /// Tenant and number of the entity, if it is known here.
    fn entity(&mut self) -> Result<Option<(i64, i64)>, HistoryError> {
        let entity = self
            .known
            .entity(self.tx, &self.op.tenant, &self.op.entity)?;
        Ok(entity.map(|e| (e.tenant, e.id)))
    }

    fn set_types(&mut self, types: &[Iri]) -> Result<(), HistoryError> {
        let entity = self
            .known
            .entity(self.tx, &self.op.tenant, &self.op.entity)?;
        let Some(entity) = entity.filter(|e| *e.types != *types) else {
            return Ok(());
        };
        let old = std::mem::replace(&mut entity.types, types.into());
        let (tenant, id) = (entity.tenant, entity.id);
        self.tx
            .prepare_cached("UPDATE entity SET types = ?2 WHERE id = ?1")?
            .execute((id, types_text(types)))?;
        // Types change next to never, so that all of them are written anew.
        self.remove_types((tenant, id), &old)?;
        for name in types {
            let name = self.known.name(self.tx, name)?;
            self.tx
                .prepare_cached("INSERT OR IGNORE INTO entity_type VALUES (?1, ?2, ?3)")?
                .execute((tenant, name, id))?;
        }
        Ok(())
    }

    fn remove_types(
        &mut self,
        (tenant, entity): (i64, i64),
        types: &[Iri],
    ) -> Result<(), HistoryError> {
        for name in types {
            let name = self.known.name(self.tx, name)?;
            let sql = "DELETE FROM entity_type WHERE tenant = ?1 AND name = ?2 AND entity = ?3";
            self.tx
                .prepare_cached(sql)?
                .execute((tenant, name, entity))?;
        }
        Ok(())
    }

    fn mark_deleted(&mut self, at: Option<Time>) -> Result<(), HistoryError> {
        let at = at.map(Time::to_bits);
        let entity = self
            .known
            .entity(self.tx, &self.op.tenant, &self.op.entity)?;
        let Some(entity) = entity.filter(|e| e.deleted != at) else {
            return Ok(());
        };
        entity.deleted = at;
        self.tx
            .prepare_cached("UPDATE entity SET deleted = ?2 WHERE id = ?1")?
            .execute((entity.id, at))?;
        Ok(())
    }

    /// Scopes that the entity API set or took away: observed when they were (clause 4.5.6).
    fn scopes(&mut self, scopes: &[Box<str>]) -> Result<(), HistoryError> {
        let name = scope_name();
        if scopes.is_empty() {
            return self.deleted(&name, None, Kind::Property);
        }
        let list = scopes.iter().cloned().map(Json::String).collect();
        let value = Value::Property(Json::Array(list));
        let mut instance = Attribute::new(name, value, self.op.at);
        instance.observed_at = Some(self.op.at);
        self.written(&instance)
    }

    fn written(&mut self, attribute: &Attribute) -> Result<(), HistoryError> {
        let Some((tenant, _)) = self.entity()? else {
            return Ok(());
        };
        let op = self.op;
        let id = InstanceId::of(op.seq, op.place).to_bits();
        let (modified, created) = (
            attribute.modified_at.to_bits(),
            attribute.created_at.to_bits(),
        );
        let series = self.known.series(
            self.tx,
            (tenant, &op.entity),
            &attribute.name,
            attribute.dataset_id(),
        )?;
        let packed = pack(attribute);
        let Some(observed) = attribute.observed_at.map(Time::to_bits) else {
            let place = (series.id, MODIFIED, modified);
            return insert(self.tx, place, id, (modified, created), &packed);
        };
        let (number, newest) = (series.id, series.newest);
        if newest.is_none_or(|n| n >> 3 < observed >> 3) {
            series.newest = Some(observed);
            let place = (number, OBSERVED, observed);
            return insert(self.tx, place, id, (modified, created), &packed);
        }
        // One that was observed at the same time is corrected.
        let sql = "SELECT t, id, created FROM instance
                   WHERE series = ?1 AND basis = 0 AND t BETWEEN ?2 AND ?3 ORDER BY t, id LIMIT 1";
        let there = self
            .tx
            .prepare_cached(sql)?
            .query_row((number, observed & !7, observed | 7), |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let (id, created) = match there {
            None => (id, created),
            Some((t, id, created)) => {
                self.erase((number, OBSERVED, t), InstanceId::from_bits(id))?;
                (id, created)
            }
        };
        let place = (number, OBSERVED, observed);
        insert(self.tx, place, id, (modified, created), &packed)
    }

    fn deleted(
        &mut self,
        name: &Iri,
        dataset_id: Option<&str>,
        kind: Kind,
    ) -> Result<(), HistoryError> {
        let Some((tenant, _)) = self.entity()? else {
            return Ok(());
        };
        let op = self.op;
        let series = self
            .known
            .series(self.tx, (tenant, &op.entity), name, dataset_id)?;
        let at = op.at.to_bits();
        let packed = Packed {
            kind: kind_code(kind),
            ..Packed::default()
        };
        let id = InstanceId::of(op.seq, op.place).to_bits();
        insert(self.tx, (series.id, DELETED, at), id, (at, at), &packed)
    }

    /// Where an instance of an attribute stands.
    fn locate(&mut self, name: &Iri, id: InstanceId) -> Result<Option<Place>, HistoryError> {
        let Some((_, entity)) = self.entity()? else {
            return Ok(None);
        };
        let name = self.known.name(self.tx, name)?;
        locate(self.tx, entity, name, id)
    }

    fn erase(&mut self, place: Place, id: InstanceId) -> Result<(), HistoryError> {
        let sql = "DELETE FROM instance WHERE series = ?1 AND basis = ?2 AND t = ?3 AND id = ?4";
        let (series, basis, t) = place;
        self.tx
            .prepare_cached(sql)?
            .execute((series, basis, t, id.to_bits()))?;
        Ok(())
    }

    fn replaced(&mut self, id: InstanceId, attribute: &Attribute) -> Result<(), HistoryError> {
        let Some(old) = self.locate(&attribute.name, id)? else {
            return Ok(());
        };
        let sql = "SELECT created FROM instance
                   WHERE series = ?1 AND basis = ?2 AND t = ?3 AND id = ?4";
        let created: i64 = self
            .tx
            .prepare_cached(sql)?
            .query_row((old.0, old.1, old.2, id.to_bits()), |row| row.get(0))?;
        self.erase(old, id)?;
        let Some((tenant, _)) = self.entity()? else {
            return Ok(());
        };
        let op = self.op;
        let series = self.known.series(
            self.tx,
            (tenant, &op.entity),
            &attribute.name,
            attribute.dataset_id(),
        )?;
        let modified = op.at.to_bits();
        let place = match attribute.observed_at.map(Time::to_bits) {
            Some(t) => {
                series.newest = Some(series.newest.map_or(t, |n| n.max(t)));
                (series.id, OBSERVED, t)
            }
            None => (series.id, MODIFIED, modified),
        };
        let packed = pack(attribute);
        insert(self.tx, place, id.to_bits(), (modified, created), &packed)
    }

    fn attribute_erased(&mut self, name: &Iri, which: &Erased) -> Result<(), HistoryError> {
        let Some((tenant, entity)) = self.entity()? else {
            return Ok(());
        };
        let name = self.known.name(self.tx, name)?;
        let dataset = match which {
            Erased::All => None,
            Erased::Default => Some(""),
            Erased::Dataset(id) => Some(&**id),
        };
        let rows = "entity = ?1 AND name = ?2 AND (?3 IS NULL OR dataset = ?3)";
        for sql in [
            format!("INSERT INTO orphan SELECT id FROM series WHERE {rows}"),
            format!("DELETE FROM series WHERE {rows}"),
        ] {
            self.tx
                .prepare_cached(&sql)?
                .execute((entity, name, dataset))?;
        }
        self.known.drop_entity(tenant, &self.op.entity);
        Ok(())
    }

    fn erased(&mut self) -> Result<(), HistoryError> {
        let Some((tenant, entity)) = self.entity()? else {
            return Ok(());
        };
        let types = self.types()?;
        self.remove_types((tenant, entity), &types)?;
        for sql in [
            "INSERT INTO orphan SELECT id FROM series WHERE entity = ?1",
            "DELETE FROM series WHERE entity = ?1",
            "DELETE FROM entity WHERE id = ?1",
        ] {
            self.tx.prepare_cached(sql)?.execute([entity])?;
        }
        self.known.drop_entity(tenant, &self.op.entity);
        Ok(())
    }
}

/// Series, kind of time, and time.
pub(super) type Place = (i64, i64, i64);

/// Where an instance stands, if it is one of this attribute.
pub(super) fn locate(
    tx: &Transaction<'_>,
    entity: i64,
    name: i64,
    id: InstanceId,
) -> Result<Option<Place>, HistoryError> {
    let sql = "SELECT i.series, i.basis, i.t FROM instance i JOIN series s ON s.id = i.series
               WHERE i.id = ?1 AND s.entity = ?2 AND s.name = ?3";
    let row = tx
        .prepare_cached(sql)?
        .query_row((id.to_bits(), entity, name), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        });
    Ok(row.optional()?)
}

fn insert(
    tx: &Transaction<'_>,
    (series, basis, t): Place,
    id: i64,
    (modified, created): (i64, i64),
    packed: &Packed,
) -> Result<(), HistoryError> {
    let sql = "INSERT INTO instance VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    tx.prepare_cached(sql)?.execute((
        series,
        basis,
        t,
        id,
        packed.kind,
        modified,
        created,
        packed.number(),
        &packed.body,
    ))?;
    Ok(())
}
