//! The alarm list kept in the city's database, with its history, the shift's notes and saved views.
//! Never forgets an acknowledgement or a shelf in a restart; never writes what it was not told.

use core::time::Duration;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loggia_model::{At, Clock, PersonId, is_line, is_prose};
use loggia_store::Db;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::alarm::{Alarm, Kind, Source};
use crate::board::{Board, Change, Seen, Shelving};
use crate::{Error, rows};

/// EEMUA 191 (3rd edition): one alarm in ten minutes, on average over a shift, is very likely to be
/// acceptable; ISA-18.2-2016 clause 16.5.2 has the same figure.
pub const MANAGEABLE_PER_10_MIN: u64 = 1;
/// Number keys of saved views.
pub const SLOTS: core::ops::RangeInclusive<u8> = 1..=9;
/// Characters of a hand-over note.
const NOTE_MAX: usize = 4_000;
/// Notes of one person in an hour.
const NOTES_PER_HOUR_MAX: u64 = 60;
/// Notes that an answer shows.
const NOTES_SHOWN: usize = 50;
/// Hours that the alarm rate is shown for: one day.
const RATE_HOURS: u32 = 24;
/// Free room below this share of the disk is little, thousandths.
const LOW_BELOW: u64 = 50;
/// And above this it is enough again, thousandths: a deadband against chattering.
const LOW_UNTIL: u64 = 70;

/// What somebody wrote for the next shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Note {
    /// Its number.
    pub n: u64,
    /// When.
    #[schema(value_type = i64)]
    pub at: At,
    /// Who.
    #[schema(value_type = String)]
    pub by: PersonId,
    /// Words.
    pub text: String,
}

/// A saved view: one number key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// The key, 1 to 9.
    pub slot: u8,
    /// What the person calls it.
    pub name: String,
    /// The query part of the page's address, without `?`.
    pub query: String,
}

/// How many alarms call for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rate {
    /// As of when.
    #[schema(value_type = i64)]
    pub at: At,
    /// Alarms raised in the last ten minutes.
    pub last_10_min: u64,
    /// In the last hour.
    pub last_hour: u64,
    /// In each hour of the last day, the oldest first.
    pub by_hour: Vec<u64>,
    /// How many in ten minutes one person can manage (EEMUA 191).
    pub manageable_per_10_min: u64,
}

/// Whether little room is left, and was before: it takes more to be enough again than to be low.
#[must_use]
pub fn low_on_room(free: u64, used: u64, was_low: Option<At>) -> bool {
    let limit = if was_low.is_some() {
        LOW_UNTIL
    } else {
        LOW_BELOW
    };
    let all = u128::from(free) + u128::from(used);
    u128::from(free) * 1_000 < all * u128::from(limit)
}

/// The alarm list, notes and views of one city.
pub struct Watch {
    db: Arc<Db>,
    clock: Arc<dyn Clock>,
    board: Mutex<Board>,
    revision: AtomicU64,
}

impl Watch {
    /// Opens or makes the tables and takes up the list where it was left.
    ///
    /// # Errors
    /// When the store fails or a row does not read back.
    pub fn open(db: Arc<Db>, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        db.migrate(rows::SCHEMA, rows::MIGRATIONS)?;
        let board = Board::of(db.read(|c| rows::alarms(c))?);
        Ok(Self {
            db,
            clock,
            board: Mutex::new(board),
            revision: AtomicU64::new(0),
        })
    }

    /// Grows with each change of list or notes: what a page compares to know that it is behind.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// One look at all equipment.
    ///
    /// # Errors
    /// When the store fails; the list is then as it was, and the next look tries again.
    pub fn see(&self, seen: &[Seen]) -> Result<(), Error> {
        let now = self.clock.now();
        self.change(None, |board| Ok(board.see(now, seen)))
    }

    /// Since when an alarm of the whole house has been raised, for what depends on it.
    #[must_use]
    pub fn raised(&self, kind: Kind) -> Option<At> {
        let board = self.board();
        let alarm = board.get(Source::house(kind))?;
        alarm.active.then_some(alarm.raised_at)
    }

    /// What is on the list, the most urgent first.
    #[must_use]
    pub fn list(&self) -> Vec<Alarm> {
        self.board().list()
    }

    /// Somebody knows of an alarm.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Acknowledged`], [`Error::Shelved`], or the store's.
    pub fn acknowledge(&self, source: Source, by: &PersonId) -> Result<(), Error> {
        let now = self.clock.now();
        self.change(None, |board| Ok(vec![board.acknowledge(source, by, now)?]))
    }

    /// Somebody sets an alarm aside.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Shelved`], [`Error::ShelfEnd`], [`Error::Reason`], or the store's.
    pub fn shelve(&self, source: Source, by: &PersonId, why: Shelving) -> Result<(), Error> {
        let now = self.clock.now();
        let reason = why.reason.trim().to_owned();
        self.change(Some(&reason), |board| {
            Ok(vec![board.shelve(source, by, now, why)?])
        })
    }

    /// Somebody takes an alarm off the shelf.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::NotShelved`], or the store's.
    pub fn unshelve(&self, source: Source, by: &PersonId) -> Result<(), Error> {
        let now = self.clock.now();
        self.change(None, |board| board.unshelve(source, by, now))
    }

    /// How many alarms were raised lately.
    ///
    /// # Errors
    /// When the store fails.
    pub fn rate(&self) -> Result<Rate, Error> {
        let now = self.clock.now();
        let hour = Duration::from_secs(3_600);
        self.db.read(|c| {
            let by_hour = (0..RATE_HOURS).rev().map(|n| {
                let to = now.before(hour.saturating_mul(n));
                rows::raised(c, to.before(hour), to)
            });
            Ok(Rate {
                at: now,
                last_10_min: rows::raised(c, now.before(Duration::from_secs(600)), now)?,
                last_hour: rows::raised(c, now.before(hour), now)?,
                by_hour: by_hour.collect::<Result<_, Error>>()?,
                manageable_per_10_min: MANAGEABLE_PER_10_MIN,
            })
        })
    }

    /// The last notes, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn notes(&self) -> Result<Vec<Note>, Error> {
        self.db.read(|c| rows::notes(c, NOTES_SHOWN))
    }

    /// Writes a note for the next shift; none is ever changed.
    ///
    /// # Errors
    /// [`Error::Note`], [`Error::TooManyNotes`], or the store's.
    pub fn hand_over(&self, by: &PersonId, text: &str) -> Result<Note, Error> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > NOTE_MAX || !is_prose(text) {
            return Err(Error::Note);
        }
        let at = self.clock.now();
        let n = self.db.write(|c| {
            let since = at.before(Duration::from_secs(3_600));
            if rows::notes_of(c, by, since)? >= NOTES_PER_HOUR_MAX {
                return Err(Error::TooManyNotes);
            }
            rows::add_note(c, at, by, text)
        })?;
        self.revision.fetch_add(1, Ordering::Release);
        Ok(Note {
            n,
            at,
            by: by.clone(),
            text: text.to_owned(),
        })
    }

    /// A person's saved views, by number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn views(&self, person: &PersonId) -> Result<Vec<View>, Error> {
        self.db.read(|c| rows::views(c, person))
    }

    /// Puts a view under its number, in place of what was there.
    ///
    /// # Errors
    /// [`Error::View`], or the store's.
    pub fn keep_view(&self, person: &PersonId, view: &View) -> Result<(), Error> {
        let name = 1..=60;
        if !SLOTS.contains(&view.slot)
            || !name.contains(&view.name.trim().chars().count())
            || view.query.chars().count() > 500
            || !is_line(&view.name)
            || !is_line(&view.query)
        {
            return Err(Error::View);
        }
        self.db.write(|c| rows::put_view(c, person, view))
    }

    /// Takes a view off its number.
    ///
    /// # Errors
    /// [`Error::View`], or the store's.
    pub fn drop_view(&self, person: &PersonId, slot: u8) -> Result<(), Error> {
        if !SLOTS.contains(&slot) {
            return Err(Error::View);
        }
        self.db.write(|c| rows::drop_view(c, person, slot))
    }

    /// Works on a copy of the list, writes what has changed, and only then is it the list.
    fn change(
        &self,
        reason: Option<&str>,
        work: impl FnOnce(&mut Board) -> Result<Vec<Change>, Error>,
    ) -> Result<(), Error> {
        let mut kept = self.board();
        let mut board = kept.clone();
        let changes = work(&mut board)?;
        if !changes.is_empty() {
            self.db.write(|c| {
                for change in &changes {
                    rows::put(c, change.source, board.get(change.source))?;
                    rows::note_change(c, change, reason)?;
                }
                Ok::<_, Error>(())
            })?;
            self.revision.fetch_add(1, Ordering::Release);
        }
        *kept = board;
        Ok(())
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
