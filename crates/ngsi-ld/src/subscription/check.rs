//! Whether a subscription's members go together (table 5.2.12-1, clauses 5.8.1.4 and 5.8.2.4).
//! Never looks at one member alone.

use super::{Status, Subscription, TIME_INTERVAL_MIN_S, bad};
use crate::error::Error;
use crate::query::TypeQuery;
use crate::time::Time;

impl Subscription {
    /// Says what is wrong, if something is.
    pub(super) fn check(&self, now: Time) -> Result<(), Error> {
        let local = self.kept.local_only;
        if self.entities.is_empty() && self.watched.is_empty() && local != Some(true) {
            let what = "`entities`, `watchedAttributes` or `localOnly: true` is needed";
            return Err(bad("entities", what));
        }
        // Clause 5.2.33: every entity of every type is a question to this broker alone.
        let any = |s: &super::Selector| s.types == TypeQuery::Any;
        if local == Some(false) && self.entities.iter().any(any) {
            return Err(bad("localOnly", "type `*` is asked of this broker alone"));
        }
        if let Some(every) = &self.time_interval {
            let beside = [
                ("watchedAttributes", !self.watched.is_empty()),
                ("throttling", self.throttling.is_some()),
            ];
            if let Some((name, _)) = beside.into_iter().find(|(_, there)| *there) {
                return Err(bad(name, "it has no place beside `timeInterval`"));
            }
            if every.micros() < (TIME_INTERVAL_MIN_S * 1e6) as i64 {
                let what = format!("{TIME_INTERVAL_MIN_S} second is the shortest");
                return Err(bad("timeInterval", what));
            }
        }
        if self.status(now) == Status::Expired {
            return Err(bad("expiresAt", "that has passed"));
        }
        Ok(())
    }
}
