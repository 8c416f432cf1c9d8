//! The course of a hold: what both bodies say of it, and what time does to it.
//! Never waits for the log, and never ends one while a request runs about its spans.

use std::collections::BTreeSet;

use loggia_model::{Actor, Body, CameraId, Digest, Role, SpanId};
use loggia_seal::{Randomness, WrappedShares};
use loggia_transparency::HoldEnd;

use super::told::{Review, hold_commitment};
use super::{HOLD_PATIENCE, HOLDS_MAX, HoldState};
use crate::rows::desk;
use crate::rows::holds::{self as rows, HoldRow};
use crate::statement::{Act, SignedStatement};
use crate::{Error, Policy};

impl Policy {
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
    pub(super) fn bodies_standing(&self, id: Digest, act: Act) -> Result<BTreeSet<Body>, Error> {
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
    pub(super) fn bodies_of(&self, id: Digest, act: Act) -> Result<BTreeSet<Body>, Error> {
        let said = self.read(|c| desk::statements(c, id))?;
        Ok(said
            .iter()
            .filter(|s| s.act == act.word())
            .map(|s| s.body)
            .collect())
    }

    /// Moves each span's share table under the hold key, with what was handed on and without those
    /// who have left; call it with [`Policy::keeping`]. Holding
    /// waits for no log: the entry follows the move, and a tick writes it if the log was down.
    fn begin_hold(&self, row: &HoldRow) -> Result<(), Error> {
        let key = self.keys.hold_key(row.number)?;
        let mut randomness = Randomness::machine();
        for s in self.read(|c| Ok(rows::held(c, row.id)?))? {
            let wrapped = self.wrapped(s.camera, s.span)?;
            let hour_key = self
                .keys
                .take(s.camera, s.hour)?
                .ok_or_else(|| Error::Conflict(format!("{} {} is destroyed", s.camera, s.span)))?;
            let table = self.without_the_left(self.whole_table(&wrapped, &hour_key)?)?;
            let (at, hour) = (wrapped.span, wrapped.hour);
            let moved = WrappedShares::wrap(&table, at, hour, &key, &mut randomness)?.to_bytes();
            self.write(|c| Ok(rows::put_table(c, row.id, &s, &moved)?))?;
        }
        self.write(|c| Ok(rows::set_state(c, row.id, HoldState::Held)?))?;
        self.keys.thaw(row.id)?;
        Ok(())
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
        let spans = self.read(|c| Ok(rows::held(c, row.id)?))?;
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
