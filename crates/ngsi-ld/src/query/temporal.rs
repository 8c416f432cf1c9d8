//! Temporal queries: `timerel`, `timeAt`, `endTimeAt`, `timeproperty`, `lastN` (clause 4.11).
//! Never reads a clock: all times come with the request or the entity.

use super::fault::Fault;
use super::limits::LAST_N_MAX;
use super::scan::Cursor;
use crate::entity::Attribute;
use crate::time::Time;

/// When something must have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemporalQuery {
    /// How the time compares.
    pub timerel: Timerel,
    /// Which time.
    pub property: TimeProperty,
}

/// How a time compares. What is after a time begins with it, what is before ends in front of it
/// (clause 4.11: bounds below are inclusive, bounds above exclusive), so that intervals that follow
/// each other hold each time once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timerel {
    /// Before.
    Before(Time),
    /// At the time or after it.
    After(Time),
    /// Between.
    Between(Time, Time),
}

/// Which of an attribute's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeProperty {
    /// `observedAt`, unless said otherwise.
    #[default]
    ObservedAt,
    /// `createdAt`.
    CreatedAt,
    /// `modifiedAt`.
    ModifiedAt,
    /// `deletedAt`.
    DeletedAt,
}

impl TimeProperty {
    /// Reads `timeproperty`.
    ///
    /// # Errors
    /// If it is none of the four.
    pub fn read(text: &str) -> Result<Self, Fault> {
        Ok(match text {
            "observedAt" => Self::ObservedAt,
            "createdAt" => Self::CreatedAt,
            "modifiedAt" => Self::ModifiedAt,
            "deletedAt" => Self::DeletedAt,
            _ => {
                let expected = "expected observedAt, createdAt, modifiedAt or deletedAt";
                return Err(Fault::bad("timeproperty", 1, expected));
            }
        })
    }

    /// The time of an instance, if it has that one.
    #[must_use]
    pub fn of(self, attribute: &Attribute) -> Option<Time> {
        match self {
            Self::ObservedAt => attribute.observed_at,
            Self::CreatedAt => Some(attribute.created_at),
            Self::ModifiedAt => Some(attribute.modified_at),
            Self::DeletedAt => attribute.more.as_ref()?.rare.as_ref()?.deleted_at,
        }
    }
}

impl TemporalQuery {
    /// Reads the four parameters as far as they were sent; nothing if none were.
    ///
    /// # Errors
    /// If one is missing that another needs, is no time, or has no place.
    pub fn read(
        timerel: Option<&str>,
        time_at: Option<&str>,
        end_time_at: Option<&str>,
        property: Option<&str>,
    ) -> Result<Option<Self>, Fault> {
        let property = property.map_or(Ok(TimeProperty::default()), TimeProperty::read)?;
        let Some(timerel) = timerel else {
            return match (time_at, end_time_at) {
                (None, None) => Ok(None),
                _ => Err(Fault::bad("timerel", 1, "missing, though a time is given")),
            };
        };
        let at = time("timeAt", time_at)?;
        if timerel != "between" && end_time_at.is_some() {
            return Err(Fault::bad("endTimeAt", 1, "it goes with `between` alone"));
        }
        let timerel = match timerel {
            "before" => Timerel::Before(at),
            "after" => Timerel::After(at),
            "between" => {
                let end = time("endTimeAt", end_time_at)?;
                if end.micros() < at.micros() {
                    return Err(Fault::bad("endTimeAt", 1, "it is before timeAt"));
                }
                Timerel::Between(at, end)
            }
            _ => {
                return Err(Fault::bad(
                    "timerel",
                    1,
                    "expected before, after or between",
                ));
            }
        };
        Ok(Some(Self { timerel, property }))
    }

    /// Whether an instance was at such a time; not if it has no such time.
    #[must_use]
    pub fn matches(&self, attribute: &Attribute) -> bool {
        self.property
            .of(attribute)
            .is_some_and(|t| self.timerel.holds(t))
    }
}

impl Timerel {
    /// Whether a time is so.
    #[must_use]
    pub const fn holds(self, time: Time) -> bool {
        let t = time.micros();
        match self {
            Self::Before(at) => t < at.micros(),
            Self::After(at) => t >= at.micros(),
            Self::Between(at, end) => t >= at.micros() && t < end.micros(),
        }
    }
}

fn time(parameter: &'static str, text: Option<&str>) -> Result<Time, Fault> {
    let Some(text) = text else {
        return Err(Fault::bad(parameter, 1, "missing, though timerel needs it"));
    };
    Time::read(text).ok_or_else(|| {
        let expected = "expected a time in UTC like 2026-08-10T12:00:00Z (clause 4.6.3)";
        Fault::bad(parameter, 1, expected)
    })
}

/// `lastN`: so many instances of each attribute, the latest ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastN(u32);

impl LastN {
    /// Reads `lastN`.
    ///
    /// # Errors
    /// If it is no number from 1 to `LAST_N_MAX`.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let cursor = Cursor::new("lastN", text)?;
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match digits.then(|| text.parse::<u32>()) {
            None | Some(Ok(0)) => Err(cursor.expected("a number from 1")),
            Some(Ok(n)) if n <= LAST_N_MAX => Ok(Self(n)),
            Some(_) => Err(cursor.too_complex(format!("more than {LAST_N_MAX}"))),
        }
    }

    /// How many.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The latest ones of instances that stand in the order of time.
    #[must_use]
    pub fn of<T>(self, in_order: &[T]) -> &[T] {
        let n = usize::try_from(self.0).unwrap_or(usize::MAX);
        in_order
            .get(in_order.len().saturating_sub(n)..)
            .unwrap_or_default()
    }
}
