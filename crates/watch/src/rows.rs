//! Tables of the alarm list, its history, hand-over notes and saved views. Bounded: what is over
//! the bound is deleted oldest first. Never decides anything.

use loggia_model::{At, PersonId};
use rusqlite::{Connection, Row, named_params, params};

use crate::alarm::{Alarm, Deed, Kind, Shelf, Source, State};
use crate::board::Change;
use crate::room::{Note, View};
use crate::{Error, What};

pub(crate) const SCHEMA: &str = "watch";

pub(crate) const MIGRATIONS: &[&str] = &["
CREATE TABLE watch_alarm (
    source TEXT PRIMARY KEY, state TEXT NOT NULL, active INTEGER NOT NULL, detail TEXT,
    raised_at INTEGER NOT NULL, returned_at INTEGER,
    acknowledged_by TEXT, acknowledged_at INTEGER,
    shelved_by TEXT, shelved_at INTEGER, shelved_until INTEGER, shelved_reason TEXT
) STRICT;
CREATE TABLE watch_history (
    n INTEGER PRIMARY KEY, at INTEGER NOT NULL, source TEXT NOT NULL, what TEXT NOT NULL,
    person TEXT, reason TEXT
) STRICT;
CREATE INDEX watch_history_what ON watch_history (what, at);
CREATE TABLE watch_note (
    n INTEGER PRIMARY KEY, at INTEGER NOT NULL, person TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE TABLE watch_view (
    person TEXT NOT NULL, slot INTEGER NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL,
    PRIMARY KEY (person, slot)
) STRICT, WITHOUT ROWID;
"];

/// History kept: at EEMUA's manageable rate and two deeds an alarm, more than 200 days.
const HISTORY_MAX: i64 = 100_000;
/// Notes kept: three a day for nine years.
const NOTES_MAX: i64 = 10_000;

const STATES: [(State, &str); 4] = [
    (State::Unacknowledged, "unacknowledged"),
    (State::Returned, "returned"),
    (State::Acknowledged, "acknowledged"),
    (State::Shelved, "shelved"),
];

fn state_word(state: State) -> &'static str {
    let known = STATES.iter().find(|(s, _)| *s == state);
    known.map_or("", |(_, word)| word)
}

pub(crate) fn alarms(c: &Connection) -> Result<Vec<Alarm>, Error> {
    let mut statement = c.prepare_cached("SELECT * FROM watch_alarm")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(alarm(row)?);
    }
    Ok(all)
}

fn alarm(row: &Row<'_>) -> Result<Alarm, Error> {
    let id: String = row.get("source")?;
    let id: Source = id.parse().map_err(|_| Error::Row(format!("source {id}")))?;
    let word: String = row.get("state")?;
    let state = STATES.iter().find(|(_, w)| *w == word);
    let state = state.ok_or_else(|| Error::Row(format!("state {word}")))?.0;
    let instant = |column: &str| row.get::<_, Option<i64>>(column).map(|at| at.map(At));
    let person = |column: &str| row.get::<_, Option<String>>(column);
    let acknowledged = match (person("acknowledged_by")?, instant("acknowledged_at")?) {
        (Some(by), Some(at)) => Some(Deed {
            by: PersonId(by),
            at,
        }),
        _ => None,
    };
    let shelf = (
        person("shelved_by")?,
        instant("shelved_at")?,
        instant("shelved_until")?,
        person("shelved_reason")?,
    );
    let shelved = match shelf {
        (Some(by), Some(at), Some(until), Some(reason)) => Some(Shelf {
            by: PersonId(by),
            at,
            until,
            reason,
        }),
        _ if state == State::Shelved => return Err(Error::Row(format!("shelf of {id}"))),
        _ => None,
    };
    Ok(Alarm {
        id,
        kind: id.kind,
        camera: id.camera,
        priority: Kind::priority(id.kind),
        state,
        active: row.get("active")?,
        detail: row.get("detail")?,
        raised_at: At(row.get("raised_at")?),
        returned_at: instant("returned_at")?,
        acknowledged,
        shelved,
    })
}

/// Writes how the alarm of this source stands now; none when it is normal.
pub(crate) fn put(c: &Connection, source: Source, alarm: Option<&Alarm>) -> Result<(), Error> {
    let id = source.to_string();
    let Some(a) = alarm else {
        c.prepare_cached("DELETE FROM watch_alarm WHERE source = ?1")?
            .execute([id])?;
        return Ok(());
    };
    let (ack, shelf) = (a.acknowledged.as_ref(), a.shelved.as_ref());
    c.prepare_cached(
        "INSERT OR REPLACE INTO watch_alarm VALUES (:source, :state, :active, :detail, :raised_at,
             :returned_at, :acknowledged_by, :acknowledged_at, :shelved_by, :shelved_at,
             :shelved_until, :shelved_reason)",
    )?
    .execute(named_params! {
        ":source": id, ":state": state_word(a.state), ":active": a.active, ":detail": a.detail,
        ":raised_at": a.raised_at.0, ":returned_at": a.returned_at.map(|at| at.0),
        ":acknowledged_by": ack.map(|d| &d.by.0), ":acknowledged_at": ack.map(|d| d.at.0),
        ":shelved_by": shelf.map(|s| &s.by.0), ":shelved_at": shelf.map(|s| s.at.0),
        ":shelved_until": shelf.map(|s| s.until.0),
        ":shelved_reason": shelf.map(|s| &s.reason),
    })?;
    Ok(())
}

/// Keeps what happened.
pub(crate) fn note_change(
    c: &Connection,
    change: &Change,
    reason: Option<&str>,
) -> Result<(), Error> {
    c.prepare_cached(
        "INSERT INTO watch_history (at, source, what, person, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        change.at.0,
        change.source.to_string(),
        change.what.word(),
        change.by.as_ref().map(|p| &p.0),
        reason,
    ])?;
    let kept = c.last_insert_rowid() - HISTORY_MAX;
    c.prepare_cached("DELETE FROM watch_history WHERE n <= ?1")?
        .execute([kept])?;
    Ok(())
}

/// How many alarms were raised after `from`, up to and with `to`.
pub(crate) fn raised(c: &Connection, from: At, to: At) -> Result<u64, Error> {
    let sql = "SELECT count(*) FROM watch_history WHERE what = ?1 AND at > ?2 AND at <= ?3";
    let n: i64 = c
        .prepare_cached(sql)?
        .query_row(params![What::Raised.word(), from.0, to.0], |r| r.get(0))?;
    Ok(n.cast_unsigned())
}

/// The last `most` notes, the newest first.
pub(crate) fn notes(c: &Connection, most: usize) -> Result<Vec<Note>, Error> {
    let sql = "SELECT n, at, person, text FROM watch_note ORDER BY n DESC LIMIT ?1";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let note = |r: &Row<'_>| {
        Ok(Note {
            n: r.get::<_, i64>(0)?.cast_unsigned(),
            at: At(r.get(1)?),
            by: PersonId(r.get(2)?),
            text: r.get(3)?,
        })
    };
    let mut statement = c.prepare_cached(sql)?;
    let rows = statement.query_map([most], note)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many notes this person has written since.
pub(crate) fn notes_of(c: &Connection, by: &PersonId, since: At) -> Result<u64, Error> {
    let sql = "SELECT count(*) FROM watch_note WHERE person = ?1 AND at > ?2";
    let n: i64 = c
        .prepare_cached(sql)?
        .query_row(params![by.0, since.0], |r| r.get(0))?;
    Ok(n.cast_unsigned())
}

pub(crate) fn add_note(c: &Connection, at: At, by: &PersonId, text: &str) -> Result<u64, Error> {
    c.execute(
        "INSERT INTO watch_note (at, person, text) VALUES (?1, ?2, ?3)",
        params![at.0, by.0, text],
    )?;
    let n = c.last_insert_rowid();
    c.execute("DELETE FROM watch_note WHERE n <= ?1", [n - NOTES_MAX])?;
    Ok(n.cast_unsigned())
}

pub(crate) fn views(c: &Connection, person: &PersonId) -> Result<Vec<View>, Error> {
    let sql = "SELECT slot, name, query FROM watch_view WHERE person = ?1 ORDER BY slot";
    let mut statement = c.prepare_cached(sql)?;
    let view = |r: &Row<'_>| {
        Ok(View {
            slot: r.get(0)?,
            name: r.get(1)?,
            query: r.get(2)?,
        })
    };
    let rows = statement.query_map([&person.0], view)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn put_view(c: &Connection, person: &PersonId, view: &View) -> Result<(), Error> {
    c.execute(
        "INSERT OR REPLACE INTO watch_view VALUES (?1, ?2, ?3, ?4)",
        params![person.0, view.slot, view.name, view.query],
    )?;
    Ok(())
}

pub(crate) fn drop_view(c: &Connection, person: &PersonId, slot: u8) -> Result<(), Error> {
    c.execute(
        "DELETE FROM watch_view WHERE person = ?1 AND slot = ?2",
        params![person.0, slot],
    )?;
    Ok(())
}
