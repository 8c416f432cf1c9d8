//! Rows of hours whose keys were destroyed: what the log has not been told and the disk still has.
//! Never says that a key is due; the key store's own time does.

use loggia_model::Hour;
use rusqlite::{Connection, params};

use super::{count, int};

/// An hour of which keys were destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HourRow {
    pub(crate) hour: Hour,
    pub(crate) untold: u64,
    pub(crate) on_disk: bool,
}

/// Adds destroyed keys of an hour that the log has not been told.
pub(crate) fn destroyed(c: &Connection, hour: Hour, keys: u64) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO policy_hour VALUES (?1, ?2, 1)
         ON CONFLICT (hour) DO UPDATE SET untold = untold + excluded.untold, on_disk = 1",
        params![hour.0, int(keys)],
    )
    .map(drop)
}

/// Notes an hour of which every key is frozen: its footage is due, but for what is needed of it.
pub(crate) fn due_frozen(c: &Connection, hour: Hour) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO policy_hour VALUES (?1, 0, 1) ON CONFLICT (hour) DO NOTHING",
        [hour.0],
    )
    .map(drop)
}

pub(crate) fn hours(c: &Connection) -> rusqlite::Result<Vec<HourRow>> {
    c.prepare("SELECT hour, untold, on_disk FROM policy_hour ORDER BY hour")?
        .query_map([], |r| {
            Ok(HourRow {
                hour: Hour(r.get(0)?),
                untold: count(r.get(1)?),
                on_disk: r.get(2)?,
            })
        })?
        .collect()
}

pub(crate) fn untold(c: &Connection, hour: Hour) -> rusqlite::Result<u64> {
    c.query_row(
        "SELECT COALESCE(SUM(untold), 0) FROM policy_hour WHERE hour = ?1",
        [hour.0],
        |r| r.get(0).map(count),
    )
}

pub(crate) fn told(c: &Connection, hour: Hour, keys: u64) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_hour SET untold = untold - ?2 WHERE hour = ?1",
        params![hour.0, int(keys)],
    )
    .map(drop)
}

pub(crate) fn deleted(c: &Connection, hour: Hour) -> rusqlite::Result<()> {
    c.execute(
        "UPDATE policy_hour SET on_disk = 0 WHERE hour = ?1",
        [hour.0],
    )
    .map(drop)
}

/// Forgets an hour of which nothing is left to tell or to delete.
pub(crate) fn sweep(c: &Connection, hour: Hour) -> rusqlite::Result<()> {
    c.execute(
        "DELETE FROM policy_hour WHERE hour = ?1 AND untold <= 0 AND on_disk = 0",
        [hour.0],
    )
    .map(drop)
}
