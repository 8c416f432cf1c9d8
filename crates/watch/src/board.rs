//! The alarm list's state machine (ISA-18.2-2016 clause 5.4), pure: what was seen and what people
//! did go in, changes come out. Never lets an alarm leave the list that nobody has seen or shelved.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use loggia_model::{At, PersonId, is_line};

use crate::Error;
use crate::alarm::{Alarm, Deed, Kind, Shelf, Source, State};

/// A camera is down when it has given nothing for so long: its session has then tried again three
/// times (`video`: 0.5 s, doubling). A witness has been asked again as well.
const ON_DELAY: Duration = Duration::from_secs(30);
/// What was wrong must have been right for so long; doubled with each raise in the last hour.
const OFF_DELAY: Duration = Duration::from_secs(60);
/// Longest wait until a chattering alarm counts as over.
pub const OFF_DELAY_MAX: Duration = Duration::from_secs(32 * 60);
/// How far back raises count against a chattering alarm.
const HOUR: Duration = Duration::from_secs(3_600);
/// Most raises of one alarm in an hour, by the doubling: at 0, 60, 180, 420, 900, 1,860 s at the
/// earliest, and the next not before 3,780 s. A raise that leaves the hour halves the wait again,
/// hence one more.
pub const RAISES_IN_AN_HOUR_MAX: usize = 7;
/// A shelf ends by itself after so long at most: longer than any shift.
pub const SHELF_MAX: Duration = Duration::from_secs(12 * 3_600);
/// Characters of a shelf's reason.
const REASON: core::ops::RangeInclusive<usize> = 3..=300;

/// What a piece of equipment says at one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which alarm it is about.
    pub source: Source,
    /// `Some` when it is wrong, with the equipment's word for why, if it has one.
    pub wrong: Option<Option<String>>,
}

/// What somebody wants to set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelving {
    /// Until when.
    pub until: At,
    /// Why, in one line of words.
    pub reason: String,
}

/// What happened to an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It calls for somebody: this counts into the alarm rate.
    Raised,
    /// It is over.
    Returned,
    /// Somebody knows.
    Acknowledged,
    /// Somebody has set it aside.
    Shelved,
    /// Somebody has taken it off the shelf.
    Unshelved,
    /// Its shelf has ended by itself.
    ShelfEnded,
}

impl What {
    /// Its word in the table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Returned => "returned",
            Self::Acknowledged => "acknowledged",
            Self::Shelved => "shelved",
            Self::Unshelved => "unshelved",
            Self::ShelfEnded => "shelf_ended",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// To which alarm.
    pub source: Source,
    /// What.
    pub what: What,
    /// When.
    pub at: At,
    /// Who did it; none if it happened by itself.
    pub by: Option<PersonId>,
}

/// One source that is or was wrong.
#[derive(Debug, Clone, Default)]
struct Entry {
    /// As the list shows it; none when it is normal.
    alarm: Option<Alarm>,
    /// Since when the equipment says the opposite of what the list says.
    other_since: Option<At>,
    /// When it was raised in the last hour.
    raises: VecDeque<At>,
}

/// The alarm list.
#[derive(Debug, Clone, Default)]
pub struct Board(BTreeMap<Source, Entry>);

impl Board {
    /// The list as it was left.
    #[must_use]
    pub fn of(alarms: Vec<Alarm>) -> Self {
        let entry = |alarm: Alarm| {
            let entry = Entry {
                raises: VecDeque::from([alarm.raised_at]),
                alarm: Some(alarm),
                other_since: None,
            };
            (entry.alarm.as_ref().map(|a| a.id), entry)
        };
        let entries = alarms.into_iter().map(entry);
        Self(entries.filter_map(|(id, e)| Some((id?, e))).collect())
    }

    /// What is on the list: the most urgent first, of these what nobody has acknowledged, of these
    /// the newest.
    #[must_use]
    pub fn list(&self) -> Vec<Alarm> {
        let mut list: Vec<Alarm> = self.0.values().filter_map(|e| e.alarm.clone()).collect();
        let key = |a: &Alarm| {
            let shelved = a.state == State::Shelved;
            (
                shelved,
                a.priority,
                a.state,
                core::cmp::Reverse(a.raised_at),
                a.id,
            )
        };
        list.sort_by_key(key);
        list
    }

    /// The alarm of this source, if it is on the list.
    #[must_use]
    pub fn get(&self, source: Source) -> Option<&Alarm> {
        self.0.get(&source).and_then(|e| e.alarm.as_ref())
    }

    /// One look at all equipment. What is not named is not there any more (a camera taken out of
    /// service): its alarm is over, and still waits to be acknowledged.
    pub fn see(&mut self, now: At, seen: &[Seen]) -> Vec<Change> {
        let mut changes = self.end_shelves(now);
        let by_source: BTreeMap<Source, &Seen> = seen.iter().map(|s| (s.source, s)).collect();
        for s in seen {
            if s.wrong.is_some() {
                self.0.entry(s.source).or_default();
            }
        }
        for (source, entry) in &mut self.0 {
            let told = by_source.get(source).map(|s| s.wrong.as_ref());
            let change = match told {
                Some(wrong) => entry.feel(*source, now, wrong),
                None => entry.over(now, Duration::ZERO),
            };
            changes.extend(change.map(|what| change_of(*source, what, now)));
        }
        self.0.retain(|_, e| {
            e.raises.retain(|at| now.since(*at) < HOUR);
            e.alarm.is_some() || e.other_since.is_some() || !e.raises.is_empty()
        });
        changes
    }

    /// Somebody knows of it.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Acknowledged`], [`Error::Shelved`].
    pub fn acknowledge(&mut self, source: Source, by: &PersonId, now: At) -> Result<Change, Error> {
        let entry = self.0.get_mut(&source).ok_or(Error::Gone)?;
        let alarm = entry.alarm.as_mut().ok_or(Error::Gone)?;
        match alarm.state {
            State::Unacknowledged => {
                alarm.state = State::Acknowledged;
                alarm.acknowledged = Some(Deed {
                    by: by.clone(),
                    at: now,
                });
            }
            State::Returned => entry.alarm = None,
            State::Acknowledged => return Err(Error::Acknowledged),
            State::Shelved => return Err(Error::Shelved),
        }
        Ok(done(source, What::Acknowledged, now, by))
    }

    /// Somebody sets it aside until a time.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Shelved`], [`Error::ShelfEnd`], [`Error::Reason`].
    pub fn shelve(
        &mut self,
        source: Source,
        by: &PersonId,
        now: At,
        why: Shelving,
    ) -> Result<Change, Error> {
        let reason = why.reason.trim();
        if !REASON.contains(&reason.chars().count()) || !is_line(reason) {
            return Err(Error::Reason);
        }
        if why.until <= now || why.until > now.after(SHELF_MAX) {
            return Err(Error::ShelfEnd);
        }
        let entry = self.0.get_mut(&source).ok_or(Error::Gone)?;
        let alarm = entry.alarm.as_mut().ok_or(Error::Gone)?;
        if alarm.state == State::Shelved {
            return Err(Error::Shelved);
        }
        alarm.state = State::Shelved;
        alarm.shelved = Some(Shelf {
            by: by.clone(),
            at: now,
            until: why.until,
            reason: reason.to_owned(),
        });
        Ok(done(source, What::Shelved, now, by))
    }

    /// Somebody takes it off the shelf.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::NotShelved`].
    pub fn unshelve(
        &mut self,
        source: Source,
        by: &PersonId,
        now: At,
    ) -> Result<Vec<Change>, Error> {
        let entry = self.0.get_mut(&source).ok_or(Error::Gone)?;
        let alarm = entry.alarm.as_ref().ok_or(Error::Gone)?;
        if alarm.state != State::Shelved {
            return Err(Error::NotShelved);
        }
        let mut changes = vec![done(source, What::Unshelved, now, by)];
        changes.extend(entry.off_the_shelf(now).map(|w| change_of(source, w, now)));
        Ok(changes)
    }

    fn end_shelves(&mut self, now: At) -> Vec<Change> {
        let mut changes = Vec::new();
        for (source, entry) in &mut self.0 {
            let shelf = entry.alarm.as_ref().and_then(|a| a.shelved.as_ref());
            // A clock that was set back past the shelf's beginning must not make it longer.
            if shelf.is_some_and(|s| s.until <= now || now < s.at) {
                changes.push(change_of(*source, What::ShelfEnded, now));
                changes.extend(entry.off_the_shelf(now).map(|w| change_of(*source, w, now)));
            }
        }
        changes
    }
}

fn change_of(source: Source, what: What, at: At) -> Change {
    Change {
        source,
        what,
        at,
        by: None,
    }
}

fn done(source: Source, what: What, at: At, by: &PersonId) -> Change {
    Change {
        by: Some(by.clone()),
        ..change_of(source, what, at)
    }
}

impl Entry {
    /// What the equipment says of it now.
    fn feel(&mut self, source: Source, now: At, wrong: Option<&Option<String>>) -> Option<What> {
        let Some(detail) = wrong else {
            return self.over(now, self.off_delay(now));
        };
        if let Some(alarm) = &mut self.alarm {
            alarm.detail.clone_from(detail);
        }
        if self.active() {
            self.other_since = None;
            return None;
        }
        let delay = match source.kind {
            Kind::CameraDown | Kind::WitnessesAway => ON_DELAY,
            _ => Duration::ZERO,
        };
        self.lasts(now, delay)
            .then(|| self.raise(source, now, detail.clone()))?
    }

    fn active(&self) -> bool {
        self.alarm.as_ref().is_some_and(|a| a.active)
    }

    /// Whether the equipment has said the opposite for so long.
    fn lasts(&mut self, now: At, delay: Duration) -> bool {
        let since = *self.other_since.get_or_insert(now);
        if now < since {
            // The clock was set back: count from here.
            self.other_since = Some(now);
        }
        let lasts = now.since(since) >= delay;
        if lasts {
            self.other_since = None;
        }
        lasts
    }

    fn off_delay(&self, now: At) -> Duration {
        let recent = self.raises.iter().filter(|at| now.since(**at) < HOUR);
        let doubled = u32::try_from(recent.count().saturating_sub(1)).unwrap_or(u32::MAX);
        let factor = 1_u32.checked_shl(doubled.min(16)).unwrap_or(u32::MAX);
        OFF_DELAY.saturating_mul(factor).min(OFF_DELAY_MAX)
    }

    fn raise(&mut self, source: Source, now: At, detail: Option<String>) -> Option<What> {
        if let Some(alarm) = self.alarm.as_mut().filter(|a| a.state == State::Shelved) {
            // Followed, and not said: that is what a shelf is for.
            alarm.active = true;
            alarm.returned_at = None;
            return None;
        }
        self.raises.push_back(now);
        self.alarm = Some(Alarm {
            id: source,
            kind: source.kind,
            camera: source.camera,
            priority: source.kind.priority(),
            state: State::Unacknowledged,
            active: true,
            detail,
            raised_at: now,
            returned_at: None,
            acknowledged: None,
            shelved: None,
        });
        Some(What::Raised)
    }

    /// It is not so (any more); counts when it has lasted `delay`.
    fn over(&mut self, now: At, delay: Duration) -> Option<What> {
        if !self.active() {
            self.other_since = None;
            return None;
        }
        if !self.lasts(now, delay) {
            return None;
        }
        let alarm = self.alarm.as_mut()?;
        alarm.active = false;
        alarm.returned_at = Some(now);
        match alarm.state {
            State::Unacknowledged => alarm.state = State::Returned,
            State::Acknowledged => self.alarm = None,
            State::Shelved => return None,
            State::Returned => {}
        }
        Some(What::Returned)
    }

    /// What is still so calls for somebody anew; what is over is normal.
    fn off_the_shelf(&mut self, now: At) -> Option<What> {
        let alarm = self.alarm.as_mut()?;
        alarm.shelved = None;
        alarm.acknowledged = None;
        if !alarm.active {
            self.alarm = None;
            return None;
        }
        alarm.state = State::Unacknowledged;
        alarm.raised_at = now;
        Some(What::Raised)
    }
}
