//! Instances of one series in the order of one of their times. Never reads more of a row than it is
//! asked for.

use loggia_store::rusqlite::{Row, Transaction};

use super::HistoryError;
use super::apply::{DELETED, MODIFIED, OBSERVED};
use super::code::{kind_of, unpack};
use crate::entity::Attribute;
use crate::iri::Iri;
use crate::query::TimeProperty;
use crate::temporal::{Gone, Instance, InstanceId, Window};
use crate::time::Time;

/// What a series' instances are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Track {
    /// Those of one basis, by the time that the table has them in order of.
    Basis(i64),
    /// All that tell of no deletion, by `modifiedAt`.
    Modified,
    /// The same by `createdAt`, which is never later.
    Created,
}

/// The tracks that a window looks at.
pub(super) const fn tracks(window: &Window) -> &'static [Track] {
    match window.property {
        None => &[
            Track::Basis(OBSERVED),
            Track::Basis(MODIFIED),
            Track::Basis(DELETED),
        ],
        Some(TimeProperty::ObservedAt) => &[Track::Basis(OBSERVED)],
        Some(TimeProperty::DeletedAt) => &[Track::Basis(DELETED)],
        Some(TimeProperty::ModifiedAt) => &[Track::Modified],
        Some(TimeProperty::CreatedAt) => &[Track::Created],
    }
}

/// From where to where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the oldest on.
    Forward,
    /// From the newest back.
    Backward,
}

/// A stretch of time in packed form: from, and before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    from: i64,
    to: i64,
}

impl Bounds {
    /// Of microseconds; open where nothing is said. Three bits behind a microsecond say how it was
    /// written, so that all writings of one are between it and the next.
    pub(super) fn of((from, to): (Option<i64>, Option<i64>)) -> Self {
        Self {
            from: from.map_or(i64::MIN, |us| us << 3),
            to: to.map_or(i64::MAX, |us| us << 3),
        }
    }

    /// The same, ended after a microsecond, or begun with it.
    pub(super) fn cut(self, direction: Direction, at: i64) -> Self {
        match direction {
            Direction::Forward => Self {
                to: self.to.min((at + 1) << 3),
                ..self
            },
            Direction::Backward => Self {
                from: self.from.max(at << 3),
                ..self
            },
        }
    }
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Go,
    Stop,
}

/// Rows of one series on one track, as far as `each` goes. `columns` come behind the time that the
/// track is ordered by, which is column 0.
pub(super) fn walk(
    tx: &Transaction<'_>,
    (series, track, bounds): (i64, Track, Bounds),
    direction: Direction,
    columns: &str,
    mut each: impl FnMut(&Row<'_>) -> Result<Next, HistoryError>,
) -> Result<(), HistoryError> {
    let order = match direction {
        Direction::Forward => "",
        Direction::Backward => "DESC",
    };
    let sql = match track {
        Track::Basis(_) => format!(
            "SELECT t{columns} FROM instance
             WHERE series = ?1 AND basis = ?4 AND t >= ?2 AND t < ?3
             ORDER BY series {order}, basis {order}, t {order}, id {order}"
        ),
        Track::Modified => format!(
            "SELECT modified{columns} FROM instance INDEXED BY instance_by_modified
             WHERE series = ?1 AND basis <> ?4 AND modified >= ?2 AND modified < ?3
             ORDER BY modified {order}"
        ),
        // What was made from a time on was changed from it on.
        Track::Created => format!(
            "SELECT created{columns} FROM instance INDEXED BY instance_by_modified
             WHERE series = ?1 AND basis <> ?4 AND modified >= ?2 AND created >= ?2
               AND created < ?3
             ORDER BY created {order}, id {order}"
        ),
    };
    let basis = match track {
        Track::Basis(basis) => basis,
        Track::Modified | Track::Created => DELETED,
    };
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query((series, bounds.from, bounds.to, basis))?;
    while let Some(row) = rows.next()? {
        if each(row)? == Next::Stop {
            break;
        }
    }
    Ok(())
}

/// The time in column 0.
pub(super) fn time(row: &Row<'_>) -> Result<Time, HistoryError> {
    Time::from_bits(row.get(0)?).ok_or(HistoryError::Damaged("a time"))
}

/// What [`instance`] reads, behind column 0.
pub(super) const INSTANCE: &str = ", basis, t, id, kind, modified, created, n, body";

/// A whole instance.
pub(super) fn instance(
    row: &Row<'_>,
    name: &Iri,
    dataset_id: Option<&str>,
) -> Result<Instance, HistoryError> {
    let at = |column: usize| {
        let bits = row.get(column)?;
        Time::from_bits(bits).ok_or(HistoryError::Damaged("a time"))
    };
    let (basis, t): (i64, Time) = (row.get(1)?, at(2)?);
    let kind = kind_of(row.get(4)?)?;
    let (modified, created) = (at(5)?, at(6)?);
    let id = InstanceId::from_bits(row.get(3)?);
    let (value, mut more) = if basis == DELETED {
        (
            crate::entity::Value::Property(crate::entity::NULL.into()),
            crate::entity::More::default(),
        )
    } else {
        unpack(kind, row.get_ref(7)?, row.get_ref(8)?)?
    };
    more.dataset_id = dataset_id.map(Into::into);
    let mut attribute = Attribute::new(name.clone(), value, created);
    attribute.modified_at = modified;
    attribute.observed_at = (basis == OBSERVED).then_some(t);
    attribute.set_more(more);
    Ok(Instance {
        id,
        attribute,
        gone: (basis == DELETED).then_some(Gone { kind, at: t }),
    })
}
