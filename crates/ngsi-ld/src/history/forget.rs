//! What is taken out of the history: what is older than it is kept for, and what was erased. Never
//! for longer at a time than a bounded step.

use loggia_store::rusqlite::{OptionalExtension, Transaction};

use super::apply::{DELETED, MODIFIED, OBSERVED, Place};
use super::{History, HistoryError};
use crate::temporal::SCOPE;
use crate::time::Time;

/// Series that one step looks at: each is three looks of 5 µs, so 15 ms.
pub const SERIES_PER_STEP: usize = 1_000;

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// Instances that are gone.
    pub instances: usize,
    /// Whether there may be more to do; if not, the next step begins with the first series again.
    pub more: bool,
}

impl History {
    /// One step of forgetting what was before `time`, at most so many instances. Of scopes the one
    /// that holds at that time stays.
    ///
    /// # Errors
    /// [`HistoryError::Store`]: then the step was not done.
    pub fn forget_before(&mut self, time: Time, at_most: usize) -> Result<Forgotten, HistoryError> {
        let from = self.swept;
        let (instances, swept, emptied) = self.db.write(|tx| {
            let mut gone = sweep(tx, at_most)?;
            let mut swept = from;
            let mut emptied = false;
            for (series, is_scope) in next_series(tx, from)? {
                if gone >= at_most {
                    break;
                }
                let before = before(tx, series, is_scope, time)?;
                let (some, whole) = forget(tx, series, before, at_most - gone)?;
                gone += some;
                if !whole {
                    break;
                }
                emptied |= some > 0 && drop_empty(tx, series)?;
                swept = series;
            }
            let more = gone >= at_most || swept > from;
            Ok::<_, HistoryError>((gone, if more { swept } else { 0 }, emptied))
        })?;
        self.swept = swept;
        if emptied {
            self.known.forget();
        }
        let more = swept > 0 || instances >= at_most;
        Ok(Forgotten { instances, more })
    }
}

/// The next series, and whether each is one of scopes.
fn next_series(tx: &Transaction<'_>, from: i64) -> Result<Vec<(i64, bool)>, HistoryError> {
    let sql = "SELECT s.id, n.iri = ?2 FROM series s JOIN name n ON n.id = s.name
               WHERE s.id > ?1 ORDER BY s.id LIMIT ?3";
    let limit = i64::try_from(SERIES_PER_STEP).unwrap_or(i64::MAX);
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map((from, SCOPE, limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// In front of which time, in packed form, instances of a series go.
fn before(
    tx: &Transaction<'_>,
    series: i64,
    is_scope: bool,
    time: Time,
) -> Result<i64, HistoryError> {
    let bits = time.micros() << 3;
    if !is_scope {
        return Ok(bits);
    }
    let sql = "SELECT max(t) FROM instance WHERE series = ?1 AND t < ?2";
    let holds: Option<i64> = tx
        .prepare_cached(sql)?
        .query_row((series, bits), |row| row.get(0))?;
    Ok(holds.unwrap_or(bits))
}

/// Takes instances of a series out; how many, and whether that is all of them.
fn forget(
    tx: &Transaction<'_>,
    series: i64,
    before: i64,
    at_most: usize,
) -> Result<(usize, bool), HistoryError> {
    let mut gone = 0;
    for basis in [OBSERVED, MODIFIED, DELETED] {
        let (some, whole) = forget_basis(tx, (series, basis, before), at_most - gone)?;
        gone += some;
        if !whole {
            return Ok((gone, false));
        }
    }
    Ok((gone, true))
}

fn forget_basis(
    tx: &Transaction<'_>,
    (series, basis, before): Place,
    at_most: usize,
) -> Result<(usize, bool), HistoryError> {
    // The first one that has to wait for the next step.
    let sql = "SELECT t, id FROM instance WHERE series = ?1 AND basis = ?2 AND t < ?3
               ORDER BY t, id LIMIT 1 OFFSET ?4";
    let offset = i64::try_from(at_most).unwrap_or(i64::MAX);
    let waits: Option<(i64, i64)> = tx
        .prepare_cached(sql)?
        .query_row((series, basis, before, offset), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let gone = match waits {
        None => tx
            .prepare_cached("DELETE FROM instance WHERE series = ?1 AND basis = ?2 AND t < ?3")?
            .execute((series, basis, before))?,
        Some((t, id)) => tx
            .prepare_cached(
                "DELETE FROM instance WHERE series = ?1 AND basis = ?2 AND (t, id) < (?3, ?4)",
            )?
            .execute((series, basis, t, id))?,
    };
    Ok((gone, waits.is_none()))
}

/// Takes a series without instances out, and its entity if that was deleted and had no other.
fn drop_empty(tx: &Transaction<'_>, series: i64) -> Result<bool, HistoryError> {
    let sql = "DELETE FROM series WHERE id = ?1
               AND NOT EXISTS (SELECT 1 FROM instance WHERE series = ?1) RETURNING entity";
    let entity: Option<i64> = tx
        .prepare_cached(sql)?
        .query_row([series], |row| row.get(0))
        .optional()?;
    let Some(entity) = entity else {
        return Ok(false);
    };
    let sql = "DELETE FROM entity WHERE id = ?1 AND deleted IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM series WHERE entity = ?1) RETURNING tenant, types";
    let gone: Option<(i64, String)> = tx
        .prepare_cached(sql)?
        .query_row([entity], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((tenant, types)) = gone {
        let sql = "DELETE FROM entity_type WHERE tenant = ?1 AND entity = ?3
                   AND name = (SELECT id FROM name WHERE iri = ?2)";
        for iri in types.split_ascii_whitespace() {
            tx.prepare_cached(sql)?.execute((tenant, iri, entity))?;
        }
    }
    Ok(true)
}

/// Takes out rows of series that were erased, at most so many; how many went.
pub(super) fn sweep(tx: &Transaction<'_>, at_most: usize) -> Result<usize, HistoryError> {
    let mut gone = 0;
    while gone < at_most {
        let next: Option<i64> = tx
            .prepare_cached("SELECT series FROM orphan LIMIT 1")?
            .query_row([], |row| row.get(0))
            .optional()?;
        let Some(series) = next else {
            break;
        };
        let (some, whole) = forget(tx, series, i64::MAX, at_most - gone)?;
        gone += some;
        if !whole {
            break;
        }
        tx.prepare_cached("DELETE FROM orphan WHERE series = ?1")?
            .execute([series])?;
    }
    Ok(gone)
}
