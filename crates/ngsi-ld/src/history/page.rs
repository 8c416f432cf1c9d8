//! Instances of entities, as many as an answer holds, cut where a stretch of time ends for all of
//! them (clause 6.3.10). Never leaves one instance out of a stretch that it calls whole.

use std::collections::BinaryHeap;

use loggia_store::rusqlite::Transaction;

use super::HistoryError;
use super::ask::Ask;
use super::read::{Head, SeriesRow, modified, series};
use super::rows::{Bounds, Direction, INSTANCE, Next, instance, time, tracks, walk};
use super::scope::Stretches;
use crate::temporal::{Instance, Partial, Series, TemporalEntity};
use crate::time::Time;

/// When an entity was within the scopes asked for, and the instances that say so.
pub(super) type Scoped = Option<(Stretches, Vec<Instance>)>;

/// Entities with those of their instances that are asked for, and where they were cut.
pub(super) fn read(
    tx: &Transaction<'_>,
    heads: Vec<(Head, Scoped)>,
    ask: &Ask<'_>,
) -> Result<(Vec<TemporalEntity>, Option<Partial>), HistoryError> {
    let mut wanted = Vec::with_capacity(heads.len());
    for (head, scoped) in heads {
        let list = shown_series(tx, &head, ask)?;
        wanted.push((head, scoped, list));
    }
    let all = wanted.iter().flat_map(|(_, _, list)| list);
    let cut = cut(tx, all, ask)?;
    let bounds = match cut {
        Some(at) => Bounds::of(ask.window.bounds()).cut(direction(ask), at),
        None => Bounds::of(ask.window.bounds()),
    };
    let mut entities = Vec::with_capacity(wanted.len());
    for (head, scoped, list) in wanted {
        entities.push(entity(tx, head, scoped, list, (ask, bounds, cut))?);
    }
    let partial = cut.and_then(|_| partial(&entities, ask));
    Ok((entities, partial))
}

/// Series that are asked for.
pub(super) fn shown_series(
    tx: &Transaction<'_>,
    head: &Head,
    ask: &Ask<'_>,
) -> Result<Vec<SeriesRow>, HistoryError> {
    let mut list = series(tx, head)?;
    list.retain(|s| {
        let shown = match s.is_scope() {
            true => ask.shown.scope(),
            false => ask.shown.attribute(&s.name),
        };
        shown && has_dataset(s, ask)
    });
    Ok(list)
}

fn has_dataset(series: &SeriesRow, ask: &Ask<'_>) -> bool {
    series.is_scope()
        || ask
            .datasets
            .is_none_or(|wanted| wanted.contains(&series.dataset_id))
}

/// With `lastN` pages go back from the newest, else on from the oldest.
fn direction(ask: &Ask<'_>) -> Direction {
    match ask.last_n {
        Some(_) => Direction::Backward,
        None => Direction::Forward,
    }
}

/// How many of one series are wanted at most.
pub(super) fn each_max(ask: &Ask<'_>) -> usize {
    let n = ask.last_n.map(|n| usize::try_from(n.get()));
    n.map_or(usize::MAX, |n| n.unwrap_or(usize::MAX))
}

/// The last microsecond that has room for all its instances, if not all have.
fn cut<'s>(
    tx: &Transaction<'_>,
    all: impl Iterator<Item = &'s SeriesRow>,
    ask: &Ask<'_>,
) -> Result<Option<i64>, HistoryError> {
    let room = ask.instances_max.max(1);
    // The first `room + 1` times, the last of them on top. Backward the sign is turned.
    let mut first: BinaryHeap<i64> = BinaryHeap::with_capacity(room + 2);
    for series in all {
        for us in times(tx, series, ask, &first, room)? {
            first.push(us);
            if first.len() > room + 1 {
                first.pop();
            }
        }
    }
    if first.len() <= room {
        return Ok(None);
    }
    let sorted = first.into_sorted_vec();
    let (Some(beyond), Some(begin)) = (sorted.last().copied(), sorted.first().copied()) else {
        return Ok(None);
    };
    // A microsecond whose instances have no room together waits for the next page, unless it is
    // the first: then it is here as a whole, for else no page would ever get past it.
    let whole = sorted.iter().rev().find(|us| **us < beyond).copied();
    let at = whole.unwrap_or(begin);
    Ok(Some(match direction(ask) {
        Direction::Forward => at,
        Direction::Backward => -at,
    }))
}

/// The times of a series that may be among the first, with the sign turned if backward.
fn times(
    tx: &Transaction<'_>,
    series: &SeriesRow,
    ask: &Ask<'_>,
    first: &BinaryHeap<i64>,
    room: usize,
) -> Result<Vec<i64>, HistoryError> {
    let direction = direction(ask);
    let bounds = Bounds::of(ask.window.bounds());
    let most = each_max(ask).min(room + 1);
    let full = first.len() > room;
    let mut found = Vec::new();
    let tracks = tracks(&ask.window);
    for track in tracks {
        let begin = found.len();
        walk(tx, (series.number, *track, bounds), direction, "", |row| {
            let us = match direction {
                Direction::Forward => time(row)?.micros(),
                Direction::Backward => -time(row)?.micros(),
            };
            if full && first.peek().is_some_and(|last| us > *last) {
                return Ok(Next::Stop);
            }
            found.push(us);
            Ok(if found.len() - begin == most {
                Next::Stop
            } else {
                Next::Go
            })
        })?;
    }
    if tracks.len() > 1 {
        found.sort_unstable();
        found.truncate(most);
    }
    Ok(found)
}

/// What an entity is read for.
type Reading<'a> = (&'a Ask<'a>, Bounds, Option<i64>);

fn entity(
    tx: &Transaction<'_>,
    head: Head,
    scoped: Scoped,
    list: Vec<SeriesRow>,
    reading: Reading<'_>,
) -> Result<TemporalEntity, HistoryError> {
    let (ask, ..) = reading;
    let mut made = TemporalEntity {
        id: head.id,
        types: head.types,
        created_at: head.created_at,
        modified_at: head.created_at,
        deleted_at: head.deleted_at,
        scope: None,
        attributes: Vec::with_capacity(list.len()),
    };
    let (held, scopes) = scoped.unzip();
    for one in list {
        made.modified_at = made
            .modified_at
            .max(modified(tx, &one)?.unwrap_or(made.modified_at));
        let read = of_series(tx, &one, reading, held.as_ref())?;
        let Some(read) = read else {
            continue;
        };
        if one.is_scope() {
            made.scope = Some(read);
        } else {
            made.attributes.push(read);
        }
    }
    // What scopes held counts here rather than when they were set.
    if let Some(instances) = scopes.filter(|_| ask.shown.scope()) {
        made.scope = Some(Series {
            name: super::known::scope_name(),
            dataset_id: None,
            instances,
        });
    }
    Ok(made)
}

/// A series' instances, oldest first; nothing if it has none in the window.
fn of_series(
    tx: &Transaction<'_>,
    of: &SeriesRow,
    (ask, bounds, cut): Reading<'_>,
    held: Option<&Stretches>,
) -> Result<Option<Series>, HistoryError> {
    let mut instances = instances(tx, of, ask, bounds)?;
    if let Some(held) = held {
        instances.retain(|i| {
            let at = ask.window.time(i).map(Time::micros);
            at.is_some_and(|us| held.iter().any(|(from, to)| us >= *from && us < *to))
        });
    }
    let elsewhere = cut.is_some() && instances.is_empty() && is_there(tx, of, ask)?;
    let series = Series {
        name: of.name.clone(),
        dataset_id: of.dataset_id.clone(),
        instances,
    };
    Ok((elsewhere || !series.instances.is_empty()).then_some(series))
}

/// The instances of a series within bounds, so many as are asked for of each, oldest first.
pub(super) fn instances(
    tx: &Transaction<'_>,
    of: &SeriesRow,
    ask: &Ask<'_>,
    bounds: Bounds,
) -> Result<Vec<Instance>, HistoryError> {
    let direction = direction(ask);
    let most = each_max(ask);
    let mut found: Vec<Instance> = Vec::new();
    let tracks = tracks(&ask.window);
    for track in tracks {
        let begin = found.len();
        let place = (of.number, *track, bounds);
        walk(tx, place, direction, INSTANCE, |row| {
            found.push(instance(row, &of.name, of.dataset_id.as_deref())?);
            Ok(if found.len() - begin == most {
                Next::Stop
            } else {
                Next::Go
            })
        })?;
    }
    if direction == Direction::Backward {
        found.reverse();
    }
    if tracks.len() > 1 {
        found.sort_by_key(|i| ask.window.time(i).map(Time::micros));
        found.drain(..found.len().saturating_sub(most));
    }
    Ok(found)
}

/// Whether a series has an instance in the window.
pub(super) fn is_there(
    tx: &Transaction<'_>,
    of: &SeriesRow,
    ask: &Ask<'_>,
) -> Result<bool, HistoryError> {
    let bounds = Bounds::of(ask.window.bounds());
    let mut found = false;
    for track in tracks(&ask.window) {
        let place = (of.number, *track, bounds);
        walk(tx, place, Direction::Forward, "", |_| {
            found = true;
            Ok(Next::Stop)
        })?;
    }
    Ok(found)
}

/// Where the page begins and ends (clause 6.3.10): with the query's own bound where it has one, and
/// with the last instance.
fn partial(entities: &[TemporalEntity], ask: &Ask<'_>) -> Option<Partial> {
    let series = entities
        .iter()
        .flat_map(|e| e.attributes.iter().chain(&e.scope));
    let times = series
        .flat_map(|s| &s.instances)
        .filter_map(|i| ask.window.time(i));
    let mut range: Option<(Time, Time)> = None;
    for t in times {
        range = Some(range.map_or((t, t), |(a, b)| (a.min(t), b.max(t))));
    }
    let (oldest, newest) = range?;
    Some(match ask.last_n {
        None => Partial {
            start: ask.window.begins().unwrap_or(oldest),
            end: newest,
            size: None,
        },
        Some(n) => Partial {
            start: ask.window.ends().unwrap_or(newest),
            end: oldest,
            size: Some(n.get()),
        },
    })
}
