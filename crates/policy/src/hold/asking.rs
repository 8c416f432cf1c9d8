//! Asking for a hold, and the list of them. The spans' keys wait from the first moment.
//! Never puts a hold in force.

use std::collections::BTreeSet;

use loggia_model::{Actor, Body, Digest, Role, SpanId};
use loggia_store::HoldId;

use super::{HOLDS_MAX, HOLDS_WAITING_MAX, Hold, HoldAsk, HoldState};
use crate::rows::holds::{self as rows, HoldRow};
use crate::rows::spans::SpanRow;
use crate::statement::Act;
use crate::wire::random;
use crate::{Error, Policy};

impl Policy {
    /// Asks for a hold. The spans' keys wait at once, and the log says that they do; both bodies
    /// must agree within 72 hours.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`], [`Error::Conflict`] when a span is gone or a first
    /// or last one is not stored, [`Error::Busy`] when too many of the person's holds wait.
    pub fn ask_hold(&self, by: &Actor, json: &str) -> Result<Digest, Error> {
        let may = [
            Role::Investigator,
            Role::Approver,
            Role::Custodian,
            Role::Auditor,
        ];
        if by.body == Body::City || !may.iter().any(|r| by.has(*r)) {
            return Err(Error::Forbidden("police or oversight ask for holds".into()));
        }
        let now = self.clock.now();
        let ask = HoldAsk::parse(json, now)?;
        if ask.asked_by != by.person {
            return Err(Error::Invalid("the hold names another person".into()));
        }
        let kept = self.keeping();
        let id = HoldAsk::id_of(json);
        let spans = self.spans_to_hold(&ask)?;
        let row = HoldRow {
            id,
            number: HoldId(0),
            json: json.to_owned(),
            salt: random()?,
            reason: ask.reason,
            asked_by: by.person.clone(),
            asked_at: now,
            until: ask.until,
            review: ask.review,
            reviewed: false,
            state: HoldState::Asked,
            log_index: None,
            ended_index: None,
        };
        self.write(|c| {
            if rows::waiting_of(c, &by.person)? >= HOLDS_WAITING_MAX {
                return Err(Error::Busy(format!(
                    "{HOLDS_WAITING_MAX} holds that you asked for are waiting"
                )));
            }
            rows::put_hold(c, &row, &spans)
        })?;
        let hours: BTreeSet<_> = spans.iter().map(|s| (s.camera, s.hour)).collect();
        let gone = self
            .keys
            .freeze(id, &hours.into_iter().collect::<Vec<_>>())?;
        if !gone.is_empty() {
            self.keys.thaw(id)?;
            self.write(|c| Ok(rows::drop_hold(c, id)?))?;
            return Err(Error::Conflict(
                "a span was destroyed this moment; ask again".into(),
            ));
        }
        drop(kept);
        // Freezing never waits for the log: a tick tells it later if it is down.
        self.tell_freeze(id)?;
        Ok(id)
    }

    /// The stored spans that a hold names. Every first and last span must exist; a number in
    /// between may be missing (a torn span is cut away).
    fn spans_to_hold(&self, ask: &HoldAsk) -> Result<Vec<SpanRow>, Error> {
        let mut out = Vec::new();
        for c in &ask.camera_spans {
            for end in [c.first, c.last] {
                if self.blobs.span(c.camera, end)?.is_none() {
                    return Err(Error::Conflict(format!(
                        "{} {end} is not stored; name a first and a last span that are",
                        c.camera
                    )));
                }
            }
            for n in c.first.0..=c.last.0 {
                let Some(s) = self.blobs.span(c.camera, SpanId(n))? else {
                    continue;
                };
                let hour = s.begin.hour();
                if !self.keys.has(c.camera, hour) {
                    return Err(Error::Conflict(format!(
                        "{} {} is destroyed",
                        c.camera, s.span
                    )));
                }
                let (camera, span, begin, end) = (c.camera, s.span, s.begin, s.end);
                out.push(SpanRow {
                    camera,
                    span,
                    hour,
                    begin,
                    end,
                    bytes: s.bytes,
                });
            }
        }
        Ok(out)
    }

    /// Every hold, newest first: for police and oversight people.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for the city's.
    pub fn holds(&self, who: &Actor) -> Result<Vec<Hold>, Error> {
        if who.body == Body::City {
            return Err(Error::Forbidden(
                "holds are for police and oversight".into(),
            ));
        }
        self.read(|c| rows::holds(c, HOLDS_MAX))?
            .into_iter()
            .map(|r| {
                let spans = self.read(|c| Ok(rows::held(c, r.id)?))?;
                // What is waited for counts who may still say it; what took effect, who said it.
                let said = |act, during| {
                    if r.state == during {
                        self.bodies_standing(r.id, act)
                    } else {
                        self.bodies_of(r.id, act)
                    }
                };
                Ok(Hold {
                    spans: u64::try_from(spans.len()).unwrap_or(u64::MAX),
                    id: r.id,
                    salt: hex::encode(r.salt),
                    begin: spans.iter().map(|s| s.begin).min().unwrap_or(r.asked_at),
                    end: spans.iter().map(|s| s.end).max().unwrap_or(r.asked_at),
                    state: r.state,
                    asked_at: r.asked_at,
                    log_index: r.log_index,
                    ended_index: r.ended_index,
                    review_due: r.reviewed,
                    agreed: said(Act::Hold, HoldState::Asked)?.into_iter().collect(),
                    ending: said(Act::EndHold, HoldState::Held)?.into_iter().collect(),
                    hold: r.json,
                })
            })
            .collect()
    }
}
