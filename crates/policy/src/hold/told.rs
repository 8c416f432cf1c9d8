//! What the public log is told of holds, by their commitments. Never waited for: a dead log keeps
//! no footage alive and holds none back.

use loggia_model::{Body, Digest};
use loggia_transparency::{Event, Freeze, Hold as HoldEntry, HoldEnd, HoldEnded, Loggable, commit};

use super::{HOLDS_MAX, HoldState};
use crate::rows::holds::{self as rows, HoldRow};
use crate::statement::Act;
use crate::{Error, Policy};

struct Frozen(Freeze);

impl Loggable for Frozen {
    fn event(&self) -> Event {
        Event::Freeze(self.0.clone())
    }
}

struct Held(HoldEntry);

impl Loggable for Held {
    fn event(&self) -> Event {
        Event::Hold(self.0.clone())
    }
}

struct Over(HoldEnded);

impl Loggable for Over {
    fn event(&self) -> Event {
        Event::HoldEnded(self.0.clone())
    }
}

pub(super) struct Review(pub Digest);

impl Loggable for Review {
    fn event(&self) -> Event {
        Event::ReviewDue(loggia_transparency::ReviewDue { request: self.0 })
    }
}

impl Policy {
    pub(super) fn tell_freeze(&self, id: Digest) -> Result<(), Error> {
        let entry = || {
            let spans = self.read(|c| Ok(rows::held(c, id)?))?.len();
            let row = self.read(|c| rows::hold(c, id))?;
            let untold = row.filter(|r| r.state == HoldState::Asked && r.log_index.is_none());
            Ok(untold.map(|row| {
                Frozen(Freeze {
                    request: hold_commitment(&row),
                    spans: u32::try_from(spans).unwrap_or(u32::MAX),
                })
            }))
        };
        self.tell_about(id, HoldState::Asked, entry)
    }

    pub(super) fn tell_hold(&self, id: Digest) -> Result<(), Error> {
        let entry = || {
            let row = self.read(|c| rows::hold(c, id))?;
            let untold = row.filter(|r| r.state == HoldState::Held && r.log_index.is_none());
            Ok(untold.map(|row| {
                Held(HoldEntry {
                    hold_commitment: hold_commitment(&row),
                    body: self.asking_body(&row),
                    until: row.until.secs(),
                    review: row.review.secs(),
                })
            }))
        };
        self.tell_about(id, HoldState::Held, entry)
    }

    /// Tells the log about a hold in this state, without waiting for it.
    fn tell_about<T: Loggable + Send + 'static>(
        &self,
        id: Digest,
        state: HoldState,
        entry: impl FnOnce() -> Result<Option<T>, Error>,
    ) -> Result<(), Error> {
        self.tell_aside(entry, move |c, i| Ok(rows::set_logged(c, id, state, i)?))
    }

    /// Tells the log of an end that it has not been told of. A late one is told as `how` the
    /// statements say that stand by then.
    pub(super) fn tell_ended(&self, id: Digest, how: Option<HoldEnd>) -> Result<(), Error> {
        let entry = || {
            if !self
                .read(|c| Ok(rows::ended_untold(c, HOLDS_MAX)?))?
                .contains(&id)
            {
                return Ok(None);
            }
            let how = match how {
                Some(how) => how,
                None if self.bodies_standing(id, Act::EndHold)?.len() == 2 => HoldEnd::Released,
                None => HoldEnd::Lapsed,
            };
            let row = self.read(|c| rows::hold(c, id))?;
            Ok(row.map(|row| {
                Over(HoldEnded {
                    hold_commitment: hold_commitment(&row),
                    body: self.asking_body(&row),
                    how,
                })
            }))
        };
        self.tell_about(id, HoldState::Ended, entry)
    }

    fn asking_body(&self, row: &HoldRow) -> Body {
        self.roster_actor(&row.asked_by)
            .map_or(Body::Oversight, |a| a.body)
    }
}

/// Salted commitment to the hold's exact bytes.
pub(super) fn hold_commitment(row: &HoldRow) -> Digest {
    commit(&row.salt, row.json.as_bytes())
}
