//! What a resident asks about footage of themselves: it freezes the whole spans at once, for a
//! month, and opens a case. Shows nothing to anybody, and looks for nobody in a picture.

use core::time::Duration;
use std::collections::BTreeSet;

use loggia_model::{
    ASK_CAMERAS_MAX, ASK_HOURS_MAX, Actor, At, Body, CONTACT_CHARS_MAX, CameraId, Digest, HOUR_US,
    NAME_CHARS_MAX, OwnFootage, PersonId, Role, TOLD_CHARS_MAX, is_line, is_prose,
};
use loggia_transparency::commit_fresh;
use serde::{Deserialize, Serialize};

use crate::cases::DAY;
use crate::reference::{Reference, fresh_number};
use crate::rows::cases;
use crate::rows::residents::{self as rows, AskRow};
use crate::rows::spans::SpanRow;
use crate::subject::SubjectReceipt;
use crate::told_of_asks::RESIDENT;
use crate::{Error, Policy};

/// When an ask has to be answered: within one month of its receipt (GDPR (2016/679) Art. 12(3)).
/// A month has at least 28 days.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(28 * 86_400);
/// How long what is asked for stays frozen without an answer: as long as a month can be.
pub const ASK_FROZEN: Duration = Duration::from_secs(31 * 86_400);
/// How long it stays frozen after the answer of an investigator: the resident may say that the
/// answer is wrong while the footage is still there.
pub const ANSWER_DISPUTED: Duration = Duration::from_secs(14 * 86_400);
/// How long an ask or complaint is kept after it was answered or ran out: a complaint about the
/// answer, or a court, may need it (three months is what most laws give).
pub const ANSWERED_KEPT: Duration = Duration::from_secs(90 * 86_400);
/// Asks that may be frozen at once, in all: the form is open to anybody.
pub const ASKS_WAITING_MAX: u64 = 200;
/// Asks that are taken in 24 hours, in all.
pub const ASKS_PER_DAY_MAX: u64 = 40;
/// Bytes that all asks together may freeze: about 110 camera hours at 4 Mbit/s. The largest ask (4
/// cameras, 2 h) is 14 GB there, the usual one (10 min of one camera) 0.3 GB.
pub const ASKED_BYTES_MAX: u64 = 200_000_000_000;
/// Bytes that the asks of 24 hours may freeze: a flood takes four days to fill the bound above,
/// in which the people who read the inbox see it and answer it away.
pub const ASKED_BYTES_PER_DAY_MAX: u64 = 50_000_000_000;
/// Asks or complaints in one answer.
pub(crate) const LISTED_MAX: u32 = 500;

/// What a resident wrote, sealed as one.
#[derive(Serialize, Deserialize)]
pub(crate) struct Written {
    pub(crate) name: String,
    pub(crate) contact: String,
    pub(crate) told: String,
}

impl Written {
    /// `least`: the fewest characters of name and contact.
    pub(crate) fn checked(
        name: &str,
        contact: &str,
        told: &str,
        least: usize,
    ) -> Result<Self, Error> {
        let bad = |s: &str| Err(Error::Invalid(s.to_owned()));
        let (name, contact, told) = (name.trim(), contact.trim(), told.trim());
        let fits = |s: &str, max| (least..=max).contains(&s.chars().count()) && is_line(s);
        if !fits(name, NAME_CHARS_MAX) {
            return bad("give a name, in at most 100 characters");
        }
        if !fits(contact, CONTACT_CHARS_MAX) {
            return bad("say how you can be reached, in at most 200 characters");
        }
        if told.chars().count() > TOLD_CHARS_MAX || !is_prose(told) {
            return bad("say it in at most 2,000 characters, all of them seen");
        }
        let [name, contact, told] = [name, contact, told].map(ToOwned::to_owned);
        Ok(Self {
            name,
            contact,
            told,
        })
    }
}

impl Policy {
    /// Takes what a resident asks: freezes every stored span that overlaps it at once, then opens a
    /// case. Neither waits for the log: a tick tells what it has missed.
    ///
    /// # Errors
    /// [`Error::Invalid`] for bounds; [`Error::Conflict`] when nothing is stored there any more;
    /// [`Error::Busy`] when too much is asked for already.
    pub fn ask_for_oneself(&self, ask: &OwnFootage) -> Result<SubjectReceipt, Error> {
        let written = Written::checked(&ask.name, &ask.contact, &ask.told, 1)?;
        let now = self.clock.now();
        let cameras = checked_bounds(ask, now)?;
        let (reference, number) = (Reference::fresh()?, fresh_number("SA")?);
        let (commitment, salt) = commit_fresh(number.as_bytes())?;
        let kept = self.keeping();
        let spans = self.spans_asked(&cameras, ask.from, ask.to)?;
        let row = AskRow {
            id: 0,
            reference: reference.hash(),
            commitment,
            salt,
            body: self.answering_body(),
            sealed: self.seal_written(&number, &written)?,
            number,
            from: ask.from,
            to: ask.to,
            asked_at: now,
            answer_by: now.after(ANSWER_WITHIN),
            frozen_until: now.after(ASK_FROZEN),
            frozen: true,
            answered_at: None,
            answered_by: None,
            answer: None,
            case: None,
            freeze_index: None,
            ended_index: None,
        };
        let id = self.write(|c| {
            let id = rows::put_ask(c, &row, &spans)?;
            room_for(&rows::load(c, now.before(DAY))?)?;
            Ok(id)
        })?;
        if let Err(e) = self.freeze_asked(commitment, &spans) {
            self.keys.thaw(commitment)?;
            self.write(|c| Ok(rows::drop_ask(c, id)?))?;
            return Err(e);
        }
        drop(kept);
        // The freeze stands; the log follows when it can.
        self.tell_ask(id)?;
        Ok(SubjectReceipt {
            reference: reference.to_string(),
            number: row.number,
            cameras: cameras_of(&spans),
            from: spans.iter().map(|s| s.begin).min().unwrap_or(ask.from),
            to: spans.iter().map(|s| s.end).max().unwrap_or(ask.to),
            answer_by: row.answer_by,
        })
    }

    /// The stored spans of these cameras that overlap the time and can still be opened, also those
    /// that are being recorded this moment.
    fn spans_asked(
        &self,
        cameras: &BTreeSet<CameraId>,
        from: At,
        to: At,
    ) -> Result<Vec<SpanRow>, Error> {
        let mut out = Vec::new();
        for camera in cameras {
            for s in self.blobs.spans(*camera, from, to)? {
                let hour = s.begin.hour();
                if self.openable(*camera, s.span, hour)? {
                    let (camera, span, begin, end) = (*camera, s.span, s.begin, s.end);
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
        }
        if out.is_empty() {
            return Err(Error::Conflict(
                "nothing is recorded there, or it is destroyed".into(),
            ));
        }
        Ok(out)
    }

    fn freeze_asked(&self, id: Digest, spans: &[SpanRow]) -> Result<(), Error> {
        let hours: BTreeSet<_> = spans.iter().map(|s| (s.camera, s.hour)).collect();
        let hours: Vec<_> = hours.into_iter().collect();
        let gone = self.keys.freeze(id, &hours)?;
        for s in spans.iter().filter(|s| gone.contains(&(s.camera, s.hour))) {
            if !self.openable(s.camera, s.span, s.hour)? {
                return Err(Error::Conflict(
                    "a span was destroyed this moment; ask again".into(),
                ));
            }
        }
        Ok(())
    }

    /// Whose investigators answer: the city's where the roster has any, else the police's.
    fn answering_body(&self) -> Body {
        let city = self.roster_now().is_some_and(|r| {
            let of = |m: &crate::roster::Member| m.actor();
            let answers = |a: &Actor| a.body == Body::City && a.has(Role::Investigator);
            r.roster().members.iter().map(of).any(|a| answers(&a))
        });
        if city { Body::City } else { Body::Police }
    }

    /// Ends an ask's freeze: keys, copies set aside, then the log.
    pub(crate) fn thaw_ask(&self, row: &AskRow) -> Result<(), Error> {
        let kept = self.keeping();
        self.keys.thaw(row.commitment)?;
        let now = self.clock.now();
        self.write(|c| {
            rows::set_thawed(c, row.id, now)?;
            // Nothing is asked for in it any more, unless somebody does this moment.
            match row.case {
                Some(case) if !cases::runs(c, case)? => {
                    let resident = PersonId(RESIDENT.to_owned());
                    cases::close(c, case, &resident, now).map(drop)?;
                }
                _ => {}
            }
            Ok(())
        })?;
        drop(kept);
        let spans = self.read(|c| Ok(rows::kept(c, row.id)?))?;
        self.drop_aside(spans.iter().map(|s| (s.camera, s.span)))?;
        self.tell_ask(row.id)
    }

    /// What time does to asks: freezes end after their month, what was answered is forgotten after
    /// its term, and the log is told what it has missed.
    ///
    /// # Errors
    /// The first failure; every ask has been seen to, and the next tick tries again.
    pub(crate) fn residents_tick(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let mut outcome = Ok(());
        for row in self.read(|c| rows::frozen(c))? {
            if now >= row.frozen_until {
                outcome = outcome.and(self.thaw_ask(&row));
            }
        }
        for id in self.read(|c| Ok(rows::untold(c, LISTED_MAX)?))? {
            outcome = outcome.and(self.tell_ask(id));
        }
        let then = now.before(ANSWERED_KEPT);
        outcome.and(self.write(|c| Ok(rows::forget(c, then)?)))
    }

    /// After a crash: what was being asked for is frozen again.
    pub(crate) fn residents_resume(&self) -> Result<(), Error> {
        let _kept = self.keeping();
        for row in self.read(|c| rows::frozen(c))? {
            let spans = self.read(|c| Ok(rows::kept(c, row.id)?))?;
            if let Err(error) = self.freeze_asked(row.commitment, &spans) {
                tracing::warn!(ask = row.id, %error, "not all that a resident asked for is there");
            }
        }
        Ok(())
    }
}

fn checked_bounds(ask: &OwnFootage, now: At) -> Result<BTreeSet<CameraId>, Error> {
    let cameras: BTreeSet<CameraId> = ask.cameras.iter().copied().collect();
    if !(1..=ASK_CAMERAS_MAX).contains(&cameras.len()) || ask.cameras.len() > ASK_CAMERAS_MAX {
        return Err(Error::Invalid(format!(
            "name 1 to {ASK_CAMERAS_MAX} cameras"
        )));
    }
    let length = ask.to.0.saturating_sub(ask.from.0);
    if !(1..=ASK_HOURS_MAX * HOUR_US).contains(&length) {
        return Err(Error::Invalid(
            "`from` lies before `to`, at most 2 hours apart".into(),
        ));
    }
    if ask.to > now {
        return Err(Error::Invalid("the time has not passed yet".into()));
    }
    Ok(cameras)
}

/// Whether what is kept now, with the ask that comes, is within the bounds.
fn room_for(load: &rows::Load) -> Result<(), Error> {
    let full = load.waiting > ASKS_WAITING_MAX
        || load.today > ASKS_PER_DAY_MAX
        || load.frozen_bytes > ASKED_BYTES_MAX
        || load.bytes_today > ASKED_BYTES_PER_DAY_MAX;
    if full {
        return Err(Error::Busy(
            "too much is asked for at the moment; ask for less time, try again tomorrow, or \
             write to the city"
                .into(),
        ));
    }
    Ok(())
}

pub(crate) fn cameras_of(spans: &[SpanRow]) -> Vec<CameraId> {
    let all: BTreeSet<_> = spans.iter().map(|s| s.camera).collect();
    all.into_iter().collect()
}
