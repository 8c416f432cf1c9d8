//! Aggregates straight from the rows (clause 4.5.19). Never parses JSON for a number, never holds
//! more than a bucket for each period.

use loggia_store::rusqlite::types::ValueRef;
use loggia_store::rusqlite::{Row, Transaction};

use super::ask::{AGGREGATED_MAX, Ask};
use super::code::{kind_of, unpack};
use super::page::{Scoped, each_max, shown_series};
use super::read::{Head, SeriesRow, modified};
use super::rows::{Bounds, Direction, Next, Track, time, tracks, walk};
use super::{HistoryError, apply};
use crate::entity::Kind;
use crate::error::Problem;
use crate::query::Fault;
use crate::temporal::{Aggregated, Aggregation, Aggregator, Sample, TemporalEntity};
use crate::time::Time;

/// What is read of a row behind its time. A number needs no more than `n`, so that a large body
/// is not fetched for nothing.
const SAMPLE: &str = ", n, kind, CASE WHEN n IS NULL THEN body END";

/// Entities without their instances, and the aggregates of each series.
pub(super) fn read(
    tx: &Transaction<'_>,
    heads: Vec<(Head, Scoped)>,
    ask: &Ask<'_>,
    wanted: &Aggregation,
) -> Result<Vec<(TemporalEntity, Vec<Aggregated>)>, HistoryError> {
    let mut budget = AGGREGATED_MAX;
    let mut made = Vec::with_capacity(heads.len());
    for (head, scoped) in heads {
        let mut list = shown_series(tx, &head, ask)?;
        list.retain(|s| !s.is_scope());
        let mut entity = TemporalEntity {
            id: head.id,
            types: head.types,
            created_at: head.created_at,
            modified_at: head.created_at,
            deleted_at: head.deleted_at,
            scope: None,
            attributes: Vec::new(),
        };
        // Periods of one entity begin together, so that its attributes can be laid side by side.
        let mut origin = ask.window.begins();
        let mut starts = Vec::with_capacity(list.len());
        for one in &list {
            let last = modified(tx, one)?.unwrap_or(entity.modified_at);
            entity.modified_at = entity.modified_at.max(last);
            starts.push(oldest(tx, one, ask)?);
        }
        if origin.is_none() {
            origin = starts.iter().flatten().min().copied();
        }
        let mut aggregates = Vec::new();
        for (one, oldest) in list.into_iter().zip(starts) {
            let (Some(origin), Some(oldest)) = (origin, oldest) else {
                continue;
            };
            let mut aggregator = Aggregator::new(wanted, origin);
            let feed = Feed {
                ask,
                oldest,
                scoped: scoped.as_ref(),
            };
            feed.run(tx, &one, &mut aggregator, &mut budget)?;
            if ask.shown.named().is_some() {
                aggregator.is_eligible(&one.name)?;
            }
            aggregates.extend(aggregator.finish(one.name, one.dataset_id, ask.window.ends()));
        }
        made.push((entity, aggregates));
    }
    Ok(made)
}

/// Deletions are no values.
fn value_tracks(ask: &Ask<'_>) -> impl Iterator<Item = Track> {
    let all = tracks(&ask.window).iter().copied();
    all.filter(|t| *t != Track::Basis(apply::DELETED))
}

/// When the oldest instance is from that counts; nothing if none does. With `lastN` that is the
/// N-th from the newest.
fn oldest(
    tx: &Transaction<'_>,
    of: &SeriesRow,
    ask: &Ask<'_>,
) -> Result<Option<Time>, HistoryError> {
    let bounds = Bounds::of(ask.window.bounds());
    let most = each_max(ask);
    let mut times = Vec::new();
    let (direction, most) = match ask.last_n {
        None => (Direction::Forward, 1),
        Some(_) => (Direction::Backward, most),
    };
    for track in value_tracks(ask) {
        let begin = times.len();
        walk(tx, (of.number, track, bounds), direction, "", |row| {
            times.push(time(row)?);
            Ok(if times.len() - begin == most {
                Next::Stop
            } else {
                Next::Go
            })
        })?;
    }
    times.sort_unstable();
    if direction == Direction::Backward {
        times.drain(..times.len().saturating_sub(most));
    }
    Ok(times.first().copied())
}

/// Rows on their way into an aggregator.
struct Feed<'f> {
    ask: &'f Ask<'f>,
    oldest: Time,
    scoped: Option<&'f (super::scope::Stretches, Vec<crate::temporal::Instance>)>,
}

impl Feed<'_> {
    fn run(
        &self,
        tx: &Transaction<'_>,
        of: &SeriesRow,
        into: &mut Aggregator<'_>,
        budget: &mut usize,
    ) -> Result<(), HistoryError> {
        let bounds =
            Bounds::of(self.ask.window.bounds()).cut(Direction::Backward, self.oldest.micros());
        for track in value_tracks(self.ask) {
            let place = (of.number, track, bounds);
            walk(tx, place, Direction::Forward, SAMPLE, |row| {
                let at = time(row)?;
                if !self.is_scoped(at) {
                    return Ok(Next::Go);
                }
                *budget = budget.checked_sub(1).ok_or_else(too_many)?;
                let (kind, sample) = sample(row)?;
                into.take(at, kind, &sample)?;
                Ok(Next::Go)
            })?;
        }
        Ok(())
    }

    fn is_scoped(&self, at: Time) -> bool {
        let us = at.micros();
        self.scoped
            .is_none_or(|(held, _)| held.iter().any(|(from, to)| us >= *from && us < *to))
    }
}

fn sample(row: &Row<'_>) -> Result<(Kind, Sample), HistoryError> {
    Ok(match row.get_ref(1)? {
        ValueRef::Integer(n) => (Kind::Property, Sample::Int(n)),
        ValueRef::Real(f) => (Kind::Property, Sample::Float(f)),
        n => {
            let kind = kind_of(row.get(2)?)?;
            (kind, Sample::of(&unpack(kind, n, row.get_ref(3)?)?.0))
        }
    })
}

fn too_many() -> HistoryError {
    HistoryError::from(Fault {
        parameter: "aggrMethods",
        at: 1,
        what: format!("more than {AGGREGATED_MAX} instances: a shorter range, or fewer attributes"),
        problem: Problem::TooComplexQuery,
    })
}
