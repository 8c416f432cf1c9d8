//! What the oversight body's auditor should ask about and the public log does not tell: cases with
//! an opening that nobody closed, keys that outlived their time. Never judges, never acts.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::PoisonError;

use loggia_model::{Actor, At, Body, Hour, PersonId, Purpose, Role};
use serde::Serialize;
use utoipa::ToSchema;

use crate::rows::cases as rows;
use crate::{Error, Policy};

/// A due key is destroyed by the next minute's tick; one that is due for so long is late.
const LATE: Duration = Duration::from_secs(3_600);
/// Cases in one answer.
const CASES_MAX: u32 = 500;

/// A case in which footage was opened and which nobody has closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenCase {
    /// Number in the table.
    pub id: u64,
    /// The body's own case number; the auditor sees it with each request as well.
    pub number: String,
    /// What for.
    #[schema(value_type = String)]
    pub purpose: Purpose,
    /// Whose case.
    #[schema(value_type = String)]
    pub body: Body,
    /// Who opened the case.
    #[schema(value_type = String)]
    pub opened_by: PersonId,
    /// When, microseconds.
    #[schema(value_type = i64)]
    pub opened_at: At,
    /// How many requests of the case were opened.
    pub openings: u64,
    /// The newest opening's entry in the public log.
    pub last_opening: u64,
    /// A request of the case still runs: it cannot be closed yet.
    pub running: bool,
}

/// One hour's keys that are past their retention and still there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LateKeys {
    /// Hour since 1970.
    pub hour: u32,
    /// How many cameras' keys.
    pub keys: u32,
    /// For how long the oldest of them has been due, seconds.
    pub over_s: u64,
    /// A request keeps them: that explains it.
    pub kept: bool,
}

/// What is to be asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unexplained {
    /// When this was looked up, microseconds.
    #[schema(value_type = i64)]
    pub at: At,
    /// Cases with an opening that nobody closed, newest opening first.
    pub cases: Vec<OpenCase>,
    /// Keys past their retention, by hour; none while retention has not run since the start.
    pub keys: Option<Vec<LateKeys>>,
}

/// Groups keys that are due by hour and by whether a request keeps them; those that have been due
/// for less than [`LATE`] are on their way.
fn late(due: impl IntoIterator<Item = (Hour, Duration, bool)>) -> Vec<LateKeys> {
    let mut by_hour: BTreeMap<(u32, bool), (u32, u64)> = BTreeMap::new();
    for (hour, over, kept) in due {
        if over >= LATE {
            let (keys, most) = by_hour.entry((hour.0, kept)).or_default();
            *keys = keys.saturating_add(1);
            *most = (*most).max(over.as_secs());
        }
    }
    by_hour
        .into_iter()
        .map(|((hour, kept), (keys, over_s))| LateKeys {
            hour,
            keys,
            over_s,
            kept,
        })
        .collect()
}

/// Whether the person is the oversight body's auditor.
pub(crate) fn is_auditor(who: &Actor) -> bool {
    who.body == Body::Oversight && who.has(Role::Auditor)
}

impl Policy {
    /// What the auditor should ask about.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for anybody but the oversight body's auditor.
    pub fn unexplained(&self, who: &Actor) -> Result<Unexplained, Error> {
        if !is_auditor(who) {
            return Err(Error::Forbidden(
                "the oversight body's auditor reads what is unexplained".into(),
            ));
        }
        let retention = self
            .retention
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let keys = retention.map(|r| {
            let due = self.keys.due(|camera| r.of(camera));
            late(due.into_iter().map(|d| (d.hour, d.over, d.frozen)))
        });
        Ok(Unexplained {
            at: self.clock.now(),
            cases: self.read(|c| rows::open_with_opening(c, CASES_MAX))?,
            keys,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_keys_are_grouped_by_hour_and_by_what_keeps_them() {
        let s = Duration::from_secs;
        let due = [
            (Hour(7), s(9_000), false),
            (Hour(7), s(9_500), false),
            (Hour(7), s(9_100), true),
            (Hour(8), s(3_600), false),
            (Hour(9), s(3_599), false),
        ];
        let of = |hour, keys, over_s, kept| LateKeys {
            hour,
            keys,
            over_s,
            kept,
        };
        assert_eq!(
            late(due),
            [
                of(7, 2, 9_500, false),
                of(7, 1, 9_100, true),
                of(8, 1, 3_600, false)
            ]
        );
        assert!(late([]).is_empty());
    }
}
