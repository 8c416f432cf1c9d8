//! The access log: each look at footage, kept inside for the oversight body (LED Art. 25).
//! Never public, never edited, never without the person.

use core::time::Duration;

use std::collections::BTreeMap;
use std::sync::PoisonError;

use loggia_model::{Actor, At, Body, PersonId, RequestId, Role};
use serde::{Deserialize, Serialize};

use crate::decide::Ask;
use crate::rows::desk as rows;
use crate::rows::requests;
use crate::{Error, Policy};

/// Lines in one answer.
pub const LINES_MAX: u32 = 500;
/// Of each act at most one line a second for a person and a request: a viewer's slider says several
/// a second, and nobody can bury a look under others. Footage handed out has its own line always.
pub const LINE_EVERY: Duration = Duration::from_secs(1);
/// How far a position may lie beyond the opened spans: a video's last picture may outlast its span.
const POSITION_SLACK: Duration = Duration::from_secs(1);

/// What a viewer did.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AccessAct {
    /// Began to play.
    Play,
    /// Moved to another instant.
    Seek,
}

/// Which lines of the access log are wanted; none named, all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looks {
    /// Lines before this one.
    pub before: Option<u64>,
    /// Looks of this person only.
    pub person: Option<PersonId>,
    /// Looks for this request only.
    pub request: Option<RequestId>,
    /// Looks of this act only (the words of [`AccessLine::act`]).
    pub act: Option<String>,
}

/// When the last line of a person, request and act was written, on monotonic time.
pub(crate) type Noted = BTreeMap<(PersonId, RequestId, AccessAct), Duration>;

/// One line of the access log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccessLine {
    /// Number, ascending.
    pub id: u64,
    /// When, microseconds.
    #[schema(value_type = i64)]
    pub at: At,
    /// Who.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// For which request.
    #[schema(value_type = String)]
    pub request: RequestId,
    /// `play`, `seek`, `shares`, `footage`, `live`, `export`, `delay` (of details not public yet).
    pub act: String,
    /// Position, exhibit or span.
    pub detail: String,
}

impl Policy {
    /// Notes a look that the permit allowed.
    pub(crate) fn look(
        &self,
        who: &Actor,
        id: RequestId,
        act: &str,
        detail: &str,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        self.write(|c| Ok(rows::put_access(c, now, &who.person, id, act, detail)?))
    }

    /// Notes that sealed records were handed out under a permit (crate `video` calls it).
    ///
    /// # Errors
    /// When the tables cannot be written: then the records are not handed out.
    pub fn note_footage(
        &self,
        permit: &crate::Permit<crate::Open>,
        camera: loggia_model::CameraId,
    ) -> Result<(), Error> {
        self.look(
            permit.actor(),
            permit.request(),
            "footage",
            &camera.to_string(),
        )
    }

    /// Notes that a camera's live picture was handed out under a permit.
    ///
    /// # Errors
    /// When the tables cannot be written: then nothing is shown.
    pub fn note_live(
        &self,
        permit: &crate::Permit<crate::Live>,
        camera: loggia_model::CameraId,
    ) -> Result<(), Error> {
        self.look(
            permit.actor(),
            permit.request(),
            "live",
            &camera.to_string(),
        )
    }

    /// Notes that the viewer played or moved; one that follows the last of its kind within
    /// [`LINE_EVERY`] is let go.
    ///
    /// # Errors
    /// [`Error::Denied`] when the request is not open for this person; [`Error::Invalid`] for a
    /// position outside the time of the opened spans.
    pub fn note_play(
        &self,
        who: &Actor,
        id: RequestId,
        act: AccessAct,
        position: At,
    ) -> Result<(), Error> {
        let row = self.request_row(id)?;
        self.require(&self.facts(Ask::Open, who, &row)?)?;
        let word = match act {
            AccessAct::Play => "play",
            AccessAct::Seek => "seek",
        };
        let inside = self.read(|c| Ok(requests::extent(c, id)?))?;
        let inside = inside.is_some_and(|(begin, end)| {
            (begin.before(POSITION_SLACK)..=end.after(POSITION_SLACK)).contains(&position)
        });
        if !inside {
            return Err(Error::Invalid(
                "this position lies outside the opened footage".into(),
            ));
        }
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.mono();
        noted.retain(|_, at| now.saturating_sub(*at) < LINE_EVERY);
        let key = (who.person.clone(), id, act);
        if noted.contains_key(&key) {
            return Ok(());
        }
        self.look(who, id, word, &position.to_string())?;
        noted.insert(key, now);
        Ok(())
    }

    /// The access log, newest first, as far as `wanted`. For an auditor of the oversight body.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for anybody else.
    pub fn access_log(&self, who: &Actor, wanted: &Looks) -> Result<Vec<AccessLine>, Error> {
        if who.body != Body::Oversight || !who.has(Role::Auditor) {
            return Err(Error::Forbidden(
                "the oversight body's auditor reads the access log".into(),
            ));
        }
        let lines = self.read(|c| Ok(rows::accesses(c, wanted, LINES_MAX)?))?;
        Ok(lines
            .into_iter()
            .map(|r| AccessLine {
                id: r.id,
                at: r.at,
                person: r.person,
                request: r.request,
                act: r.act,
                detail: r.detail,
            })
            .collect())
    }
}
