//! Which instances are meant: `timerel`, `timeAt`, `endTimeAt`, `timeproperty` (clause 4.11). Never
//! takes one time of an instance for another, unless nothing at all was said about time.

use super::Instance;
use crate::query::{Fault, TemporalQuery, TimeProperty, Timerel};
use crate::time::Time;

/// A stretch of one of the times that instances have.
///
/// Without any of the four parameters every instance is meant: by `deletedAt` if it tells of a
/// deletion, else `observedAt`, else `modifiedAt`. With one of them clause 4.11 applies: the
/// property is `observedAt` unless said otherwise, and instances without it are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// How the time compares, if it has to.
    pub timerel: Option<Timerel>,
    /// Which time; nothing if nothing was said.
    pub property: Option<TimeProperty>,
}

impl Window {
    /// Every instance.
    pub const ALL: Self = Self {
        timerel: None,
        property: None,
    };

    /// Reads the four parameters as far as they were sent (clause 5.7.3: all of them may be
    /// missing).
    ///
    /// # Errors
    /// If one is missing that another needs, is no time, or has no place.
    pub fn read(
        timerel: Option<&str>,
        time_at: Option<&str>,
        end_time_at: Option<&str>,
        property: Option<&str>,
    ) -> Result<Self, Fault> {
        match TemporalQuery::read(timerel, time_at, end_time_at, property)? {
            Some(query) => Ok(query.into()),
            None => Ok(Self {
                timerel: None,
                property: property.map(TimeProperty::read).transpose()?,
            }),
        }
    }

    /// The time of an instance that counts here, if it has it.
    #[must_use]
    pub fn time(&self, instance: &Instance) -> Option<Time> {
        let attribute = &instance.attribute;
        let gone = instance.gone.map(|g| g.at);
        match self.property {
            None => gone
                .or(attribute.observed_at)
                .or(Some(attribute.modified_at)),
            Some(TimeProperty::DeletedAt) => gone,
            Some(_) if gone.is_some() => None,
            Some(TimeProperty::ObservedAt) => attribute.observed_at,
            Some(TimeProperty::CreatedAt) => Some(attribute.created_at),
            Some(TimeProperty::ModifiedAt) => Some(attribute.modified_at),
        }
    }

    /// Whether an instance is meant.
    #[must_use]
    pub fn holds(&self, instance: &Instance) -> bool {
        self.time(instance)
            .is_some_and(|t| self.timerel.is_none_or(|rel| rel.holds(t)))
    }

    /// From which microsecond on, and before which.
    #[must_use]
    pub const fn bounds(&self) -> (Option<i64>, Option<i64>) {
        match self.timerel {
            None => (None, None),
            Some(Timerel::Before(at)) => (None, Some(at.micros())),
            Some(Timerel::After(at)) => (Some(at.micros()), None),
            Some(Timerel::Between(at, end)) => (Some(at.micros()), Some(end.micros())),
        }
    }

    /// The time at which it was said to begin.
    #[must_use]
    pub const fn begins(&self) -> Option<Time> {
        match self.timerel {
            Some(Timerel::After(at) | Timerel::Between(at, _)) => Some(at),
            _ => None,
        }
    }

    /// The time at which it was said to end.
    #[must_use]
    pub const fn ends(&self) -> Option<Time> {
        match self.timerel {
            Some(Timerel::Before(at) | Timerel::Between(_, at)) => Some(at),
            _ => None,
        }
    }
}

impl From<TemporalQuery> for Window {
    fn from(query: TemporalQuery) -> Self {
        Self {
            timerel: Some(query.timerel),
            property: Some(query.property),
        }
    }
}
