//! Holds: named spans kept beyond retention, with a reason, an end, a longest term and a review.
//! Needs a statement of both bodies; moves share tables from hour key to hold key, opens nothing.

use std::collections::BTreeSet;

use core::time::Duration;

use loggia_model::{Actor, At, Body, CameraId, Digest, PersonId, Role, SpanId, is_prose};
use loggia_seal::Randomness;
use loggia_store::HoldId;
use loggia_transparency::{Event, Freeze, Hold as HoldEntry, HoldEnd, HoldEnded, Loggable, commit};
use serde::{Deserialize, Serialize};

use crate::request::{CAMERAS_MAX, CameraSpans, SPANS_MAX};
use crate::rows::desk;
use crate::rows::holds::{self as rows, HeldRow, HoldRow};
use crate::statement::{Act, SignedStatement};
use crate::wire::{random, sha256};
use crate::{Error, Policy};

/// Before a hold's bytes in its hash.
pub const HOLD_CONTEXT: &[u8] = b"loggia/hold/v1\n";
/// Longest term of a hold: a year; a longer need is a new hold that both bodies agree to again.
pub const HOLD_LONGEST: Duration = Duration::from_secs(365 * 86_400);
/// A hold is looked at again after at most this long.
pub const REVIEW_LONGEST: Duration = Duration::from_secs(90 * 86_400);
/// How long a hold that was asked for waits for both bodies; its keys wait as long.
pub const HOLD_PATIENCE: Duration = Duration::from_secs(72 * 3_600);
/// Longest hold, bytes.
pub const HOLD_BYTES_MAX: usize = 16 * 1024;
/// Holds of one person that may wait for both bodies at once: each makes keys outlive their
/// retention for up to 72 hours, so it cannot be had freely.
pub const HOLDS_WAITING_MAX: u64 = 20;
/// Holds in one answer.
const HOLDS_MAX: u32 = 500;

/// How far a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// Waits for both bodies; the keys wait with it.
    Asked,
    /// In force: the share tables lie under the hold's own key.
    Held,
    /// Over; the hold key is destroyed.
    Ended,
}

impl HoldState {
    /// The word in tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Held => "held",
            Self::Ended => "ended",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Asked, Self::Held, Self::Ended]
            .into_iter()
            .find(|s| s.word() == word)
    }
}

/// What is to be held: these fields, in this order, without white space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldAsk {
    /// Format, 1.
    pub v: u8,
    /// Whole spans, by camera, ascending.
    pub camera_spans: Vec<CameraSpans>,
    /// Why, in words.
    pub reason: String,
    /// When the hold ends at the latest, microseconds.
    pub until: At,
    /// When it is looked at again, microseconds.
    pub review: At,
    /// Who asks.
    pub asked_by: PersonId,
    /// Random.
    pub nonce: Digest,
}

/// A hold as the bodies see it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hold {
    /// Hash of its bytes: what statements name.
    #[schema(value_type = String)]
    pub id: Digest,
    /// The exact bytes.
    pub hold: String,
    /// Salt of the commitment in the log (hexadecimal): the desk checks that this hold is the entry's.
    pub salt: String,
    /// How many spans it keeps: of the numbers named some may be missing (a torn span is cut away).
    pub spans: u64,
    /// Begin of its first span, microseconds.
    #[schema(value_type = i64)]
    pub begin: At,
    /// End of its last span, microseconds.
    #[schema(value_type = i64)]
    pub end: At,
    /// How far.
    pub state: HoldState,
    /// When it was asked for.
    #[schema(value_type = i64)]
    pub asked_at: At,
    /// Its latest entry in the public log: the freeze, then the hold.
    pub log_index: Option<u64>,
    /// The entry of its end.
    pub ended_index: Option<u64>,
    /// Whether its review has come.
    pub review_due: bool,
    /// Bodies that agreed.
    #[schema(value_type = Vec<String>)]
    pub agreed: Vec<Body>,
    /// Bodies that agreed to end it before its term.
    #[schema(value_type = Vec<String>)]
    pub ending: Vec<Body>,
}

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

struct Review(Digest);

impl Loggable for Review {
    fn event(&self) -> Event {
        Event::ReviewDue(loggia_transparency::ReviewDue { request: self.0 })
    }
}

impl HoldAsk {
    fn parse(json: &str, now: At) -> Result<Self, Error> {
        let bad = |s: &str| Err(Error::Invalid(s.to_owned()));
        if json.len() > HOLD_BYTES_MAX {
            return bad("a hold is at most 16 KiB");
        }
        let ask: Self = serde_json::from_str(json)
            .map_err(|e| Error::Invalid(format!("the hold does not read: {e}")))?;
        let again = serde_json::to_string(&ask).map_err(|e| Error::Invalid(e.to_string()))?;
        if again != json || ask.v != 1 {
            return bad("the hold is not version 1 in its canonical form");
        }
        if !(10..=2_000).contains(&ask.reason.trim().chars().count()) || !is_prose(&ask.reason) {
            return bad("give the reason in 10 to 2,000 characters, all of them seen");
        }
        if ask.until <= now || ask.until > now.after(HOLD_LONGEST) {
            return bad("a hold ends within a year");
        }
        if ask.review <= now || ask.review > ask.until || ask.review > now.after(REVIEW_LONGEST) {
            return bad("a hold is reviewed within 90 days and before it ends");
        }
        if ask.camera_spans.is_empty() || ask.camera_spans.len() > CAMERAS_MAX {
            return Err(Error::Invalid(format!("name 1 to {CAMERAS_MAX} cameras")));
        }
        let ascends = ask.camera_spans.is_sorted_by(|a, b| a.camera < b.camera);
        let whole = ask
            .camera_spans
            .iter()
            .all(|c| c.first.0 > 0 && c.first <= c.last);
        let count = ask.camera_spans.iter().fold(0u64, |n, c| {
            n.saturating_add(c.last.0.saturating_sub(c.first.0))
                .saturating_add(1)
        });
        if !ascends || !whole || count > SPANS_MAX {
            return Err(Error::Invalid(format!(
                "cameras ascend; at most {SPANS_MAX} spans"
            )));
        }
        Ok(ask)
    }

    /// The hash that statements name.
    #[must_use]
    pub fn id_of(json: &str) -> Digest {
        sha256(&[HOLD_CONTEXT, json.as_bytes()])
    }
}

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

    fn tell_freeze(&self, id: Digest) -> Result<(), Error> {
        let entry = || {
            let spans = self.read(|c| Ok(rows::spans(c, id)?))?.len();
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

    /// The stored spans that a hold names. Every first and last span must exist; a number in between
    /// may be missing (a torn span is cut away).
    fn spans_to_hold(&self, ask: &HoldAsk) -> Result<Vec<HeldRow>, Error> {
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
                out.push(HeldRow {
                    camera,
                    span,
                    hour,
                    begin,
                    end,
                });
            }
        }
        Ok(out)
    }

    /// A statement about a hold by an approver or custodian: agree, or let go. Takes effect when a
    /// person of each body has said the same.
    ///
    /// # Errors
    /// [`Error::Signature`], [`Error::Forbidden`], [`Error::Conflict`].
    pub fn state_hold(
        &self,
        by: &Actor,
        id: Digest,
        signed: &SignedStatement,
    ) -> Result<HoldState, Error> {
        if by.body == Body::City || !(by.has(Role::Approver) || by.has(Role::Custodian)) {
            return Err(Error::Forbidden(
                "an approver or custodian of each body agrees".into(),
            ));
        }
        let kept = self.keeping();
        let row = self
            .read(|c| rows::hold(c, id))?
            .ok_or(Error::NotFound("hold"))?;
        let stated = self.stated(by, id, signed, &[Act::Hold, Act::EndHold])?;
        let act = stated.statement.act;
        let fits = matches!(
            (row.state, act),
            (HoldState::Asked, Act::Hold) | (HoldState::Held, Act::EndHold)
        );
        let lapsed = self.clock.now() >= row.asked_at.after(HOLD_PATIENCE);
        if row.state == HoldState::Asked && lapsed {
            return Err(Error::Conflict("the hold has lapsed; ask again".into()));
        }
        if !fits {
            return Err(Error::Conflict(format!("the hold is {}", row.state.word())));
        }
        self.write(|c| desk::put_statement(c, &stated, by.body))?;
        if self.bodies_standing(id, act)?.len() < 2 {
            return Ok(row.state);
        }
        if act == Act::Hold {
            self.begin_hold(&row)?;
            drop(kept);
            self.tell_hold(id)?;
            return Ok(HoldState::Held);
        }
        drop(kept);
        let _step = self.one_step();
        if self.state_of(id)? == HoldState::Held {
            if self.read(|c| Ok(rows::asked_for(c, id)?))? {
                // Agreed, and a request still runs about its spans: it ends when that is over.
                return Ok(HoldState::Held);
            }
            self.end_hold(&row, HoldEnd::Released)?;
        }
        Ok(HoldState::Ended)
    }

    fn state_of(&self, id: Digest) -> Result<HoldState, Error> {
        let row = self.read(|c| rows::hold(c, id))?;
        row.map(|r| r.state).ok_or(Error::NotFound("hold"))
    }

    /// The bodies of whoever said so and may still say it: enabled, of that body, approver or
    /// custodian. What was said by somebody who is disabled since takes no effect.
    fn bodies_standing(&self, id: Digest, act: Act) -> Result<BTreeSet<Body>, Error> {
        let mut out = BTreeSet::new();
        for s in self.read(|c| desk::statements(c, id))? {
            let who = self.actor_enabled(&s.person)?;
            let may =
                |a: &Actor| a.body == s.body && (a.has(Role::Approver) || a.has(Role::Custodian));
            if s.act == act.word() && who.as_ref().is_some_and(may) {
                out.insert(s.body);
            }
        }
        Ok(out)
    }

    /// The bodies that said so, whoever may still say it.
    fn bodies_of(&self, id: Digest, act: Act) -> Result<BTreeSet<Body>, Error> {
        let said = self.read(|c| desk::statements(c, id))?;
        Ok(said
            .iter()
            .filter(|s| s.act == act.word())
            .map(|s| s.body)
            .collect())
    }

    /// Moves each span's share table under the hold key; call it with [`Policy::keeping`]. Holding
    /// waits for no log: the entry follows the move, and a tick writes it if the log was down.
    fn begin_hold(&self, row: &HoldRow) -> Result<(), Error> {
        let key = self.keys.hold_key(row.number)?;
        let mut randomness = Randomness::machine();
        for s in self.read(|c| Ok(rows::spans(c, row.id)?))? {
            let wrapped = self.wrapped(s.camera, s.span)?;
            let hour_key = self
                .keys
                .take(s.camera, s.hour)?
                .ok_or_else(|| Error::Conflict(format!("{} {} is destroyed", s.camera, s.span)))?;
            let moved = wrapped.rewrap(&hour_key, &key, &mut randomness)?.to_bytes();
            self.write(|c| Ok(rows::put_table(c, row.id, &s, &moved)?))?;
        }
        self.write(|c| Ok(rows::set_state(c, row.id, HoldState::Held)?))?;
        self.keys.thaw(row.id)?;
        Ok(())
    }

    fn tell_hold(&self, id: Digest) -> Result<(), Error> {
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
    fn tell_ended(&self, id: Digest, how: Option<HoldEnd>) -> Result<(), Error> {
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

    /// Ends a hold: the key, the copies, the entry. A running request about its spans comes first.
    /// A dead log must not keep footage alive here either.
    fn end_hold(&self, row: &HoldRow, how: HoldEnd) -> Result<(), Error> {
        let kept = self.keeping();
        if self.read(|c| Ok(rows::asked_for(c, row.id)?))? {
            return Err(Error::Conflict(
                "a running request names spans of this hold".into(),
            ));
        }
        self.keys.destroy_hold(row.number)?;
        self.write(|c| Ok(rows::set_ended(c, row.id)?))?;
        drop(kept);
        let spans = self.read(|c| Ok(rows::spans(c, row.id)?))?;
        self.drop_aside(spans.iter().map(|s| (s.camera, s.span)))?;
        self.tell_ended(row.id, Some(how))
    }

    /// What time does to holds: asked ones lapse after 72 hours, reviews fall due, terms end.
    ///
    /// # Errors
    /// The first failure of keys, tables or log; every hold has been seen to, and the next tick
    /// tries again.
    pub(crate) fn hold_tick(&self) -> Result<(), Error> {
        let _step = self.one_step();
        let mut outcome = Ok(());
        for row in self.read(|c| rows::standing(c))? {
            outcome = outcome.and(self.age_hold(&row));
        }
        for id in self.read(|c| Ok(rows::ended_untold(c, HOLDS_MAX)?))? {
            outcome = outcome.and(self.tell_ended(id, None));
        }
        outcome
    }

    fn age_hold(&self, row: &HoldRow) -> Result<(), Error> {
        let now = self.clock.now();
        match row.state {
            HoldState::Asked => {
                let kept = self.keeping();
                if self.state_of(row.id)? != HoldState::Asked {
                    return Ok(());
                }
                if now >= row.asked_at.after(HOLD_PATIENCE) {
                    self.keys.thaw(row.id)?;
                    self.write(|c| Ok(rows::set_ended(c, row.id)?))?;
                    drop(kept);
                    self.tell_ended(row.id, Some(HoldEnd::Lapsed))
                } else if self.bodies_standing(row.id, Act::Hold)?.len() == 2 {
                    self.begin_hold(row)?;
                    drop(kept);
                    self.tell_hold(row.id)
                } else {
                    drop(kept);
                    self.tell_freeze(row.id)
                }
            }
            HoldState::Held => {
                let released = self.bodies_standing(row.id, Act::EndHold)?.len() == 2;
                // A running request about its spans comes first: then a later tick ends it.
                if (released || now >= row.until)
                    && !self.read(|c| Ok(rows::asked_for(c, row.id)?))?
                {
                    let how = if released {
                        HoldEnd::Released
                    } else {
                        HoldEnd::Lapsed
                    };
                    return self.end_hold(row, how);
                }
                self.tell_hold(row.id)?;
                if now >= row.review && !row.reviewed {
                    let _told = self.tell(Review(hold_commitment(row)))?;
                    self.write(|c| Ok(rows::set_reviewed(c, row.id)?))?;
                }
                Ok(())
            }
            HoldState::Ended => Ok(()),
        }
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
                let spans = self.read(|c| Ok(rows::spans(c, r.id)?))?;
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

    /// Drops copies that were set aside, unless another hold or running request needs them.
    pub(crate) fn drop_aside(
        &self,
        spans: impl Iterator<Item = (CameraId, SpanId)>,
    ) -> Result<(), Error> {
        let _kept = self.keeping();
        let needed = self.needed_spans()?;
        for (camera, span) in spans {
            if !needed.contains(&(camera, span)) {
                self.blobs.drop_held(camera, span)?;
            }
        }
        Ok(())
    }
}

/// Salted commitment to the hold's exact bytes.
fn hold_commitment(row: &HoldRow) -> Digest {
    commit(&row.salt, row.json.as_bytes())
}
