//! The line of one request: decision, withdrawal, expiry. The log comes first, the state after.
//! Never takes a step that `decide` did not allow.

use loggia_model::{Actor, At, Body, CameraId, PersonId, Purpose, RequestId};
use loggia_transparency::{
    Event, LiveView, Loggable, Logged, RequestEnd, RequestEnded, ReviewDue, Verdict, Witnessed,
};

use crate::decide::{Ask, Facts, Party, Reason, Standing, State};
use crate::permit::{Decided, Live, Open, Permit};
use crate::request::Request;
use crate::rows::desk;
use crate::rows::requests::{self as rows, RequestRow};
use crate::statement::{Act, SignedStatement};
use crate::{Error, Policy};

struct Ended {
    request: RequestId,
    how: RequestEnd,
}

impl Loggable for Ended {
    fn event(&self) -> Event {
        Event::RequestEnded(RequestEnded {
            request: self.request,
            how: self.how,
        })
    }
}

struct Review(RequestId);

impl Loggable for Review {
    fn event(&self) -> Event {
        Event::ReviewDue(ReviewDue { request: self.0 })
    }
}

struct Viewing(LiveView);

impl Loggable for Viewing {
    fn event(&self) -> Event {
        Event::LiveView(self.0.clone())
    }
}

impl Policy {
    /// A request's row.
    pub(crate) fn request_row(&self, id: RequestId) -> Result<RequestRow, Error> {
        self.read(|c| rows::request(c, id))?
            .ok_or(Error::NotFound("request"))
    }

    /// A person as party: what the roster in force says, and whether the account is disabled.
    fn party(&self, person: &PersonId, body: Body) -> Result<Party, Error> {
        let standing = match self.actor_enabled(person)? {
            Some(_) => Standing::Enabled,
            None => Standing::Disabled,
        };
        let actor = self.roster_actor(person);
        Ok(Party {
            person: person.clone(),
            body: actor.as_ref().map_or(body, |a| a.body),
            roles: actor.map(|a| a.roles).unwrap_or_default(),
            standing,
        })
    }

    /// The facts for an act about a request, as they are now.
    pub(crate) fn facts(&self, ask: Ask, who: &Actor, row: &RequestRow) -> Result<Facts, Error> {
        let request = Request::parse(&row.json)?;
        self.under_this_policy(&request)?;
        let until = match (ask, row.open_until) {
            (Ask::Open | Ask::Live, Some(until)) => until,
            (Ask::Release, Some(until)) if row.opening_index.is_some() => until,
            // Nothing is open: there is no time in which it could be read.
            (Ask::Open | Ask::Live, None) => row.filed_at,
            _ => row.deadline,
        };
        let approver = match (&row.decided_by, row.decided_body) {
            (Some(person), Some(body)) if row.state.agreed() => Some(self.party(person, body)?),
            _ => None,
        };
        Ok(Facts {
            ask,
            who: self.party(&who.person, who.body)?,
            purpose: row.purpose,
            basis: self.rules.basis(&request.legal_basis, row.purpose),
            requester: self.party(&row.requester, row.body)?,
            state: row.state,
            approver,
            police_custodian: row.police_custodian.clone(),
            oversight_custodian: row.oversight_custodian.clone(),
            now: self.clock.now(),
            until,
        })
    }

    /// The facts on which a decision would rest now, for whoever wants to check them.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when another access policy has come into force.
    pub fn facts_of(&self, ask: Ask, who: &Actor, id: RequestId) -> Result<Facts, Error> {
        self.facts(ask, who, &self.request_row(id)?)
    }

    /// That a request was filed under the rules and the access policy in force. One that was not
    /// keeps its freeze until its deadline, so that it can be filed again, and nothing else.
    fn under_this_policy(&self, request: &Request) -> Result<(), Error> {
        if request.policy_hash == self.policy_hash()? {
            return Ok(());
        }
        Err(Error::Conflict(
            "the access policy has changed since this request was filed: file it again; its \
             footage stays frozen until this request's deadline"
                .into(),
        ))
    }

    /// A desk's statement, checked against the roster and against having been made before.
    pub(crate) fn stated(
        &self,
        by: &Actor,
        subject: RequestId,
        signed: &SignedStatement,
        acts: &[Act],
    ) -> Result<crate::Stated, Error> {
        let roster = self.roster()?;
        let member = roster
            .roster()
            .member(&by.person)
            .ok_or(Error::Unauthenticated)?;
        let stated = signed.check(subject, member, acts, self.clock.now())?;
        if self.read(|c| desk::stated(c, stated.hash))? {
            return Err(Error::Conflict("this statement was made before".into()));
        }
        self.not_copied(&stated)?;
        Ok(stated)
    }

    /// The second person's word: approve or refuse. Checked, decided, logged, then kept.
    ///
    /// # Errors
    /// [`Error::Signature`], [`Error::Invalid`], [`Error::Denied`] with the reasons.
    pub fn decide_request(
        &self,
        by: &Actor,
        id: RequestId,
        signed: &SignedStatement,
    ) -> Result<State, Error> {
        let _step = self.one_step();
        let row = self.request_row(id)?;
        let stated = self.stated(by, id, signed, &[Act::Approve, Act::Refuse])?;
        self.require(&self.facts(Ask::Decide, by, &row)?)?;
        let (verdict, to) = match stated.statement.act {
            Act::Approve => (Verdict::Approve, State::Approved),
            _ => (Verdict::Refuse, State::Refused),
        };
        let logged = self.tell(Decided {
            request: id,
            verdict,
            body: by.body,
            statement: Some(signed.logged_as()),
        })?;
        // A custodian's desk waits for the witnesses: they are asked at once.
        self.witnesses.need(logged.index());
        let now = self.clock.now();
        let live = row.purpose == Purpose::IncidentLive && to == State::Approved;
        let until = live.then(|| self.live_until(now));
        self.write(|c| {
            rows::put_log(c, id, logged.index(), "decision")?;
            desk::put_statement(c, &stated, by.body)?;
            rows::decided(c, id, to, (&by.person, by.body), now, logged.index(), until)
        })?;
        if to == State::Refused {
            self.let_go(&row)?;
        }
        Ok(to)
    }

    /// The requester takes the request back, at any time before it ends.
    ///
    /// # Errors
    /// [`Error::Denied`] for anybody else; [`Error::Conflict`] when it has ended.
    pub fn withdraw(&self, by: &Actor, id: RequestId) -> Result<(), Error> {
        let _step = self.one_step();
        let row = self.request_row(id)?;
        if row.requester != by.person {
            return Err(Error::Denied(vec![Reason::NotTheRequester]));
        }
        if row.state.ended() || row.state == State::Filing {
            return Err(Error::Conflict(format!(
                "the request is {}",
                row.state.word()
            )));
        }
        self.end(&row, RequestEnd::Withdrawn, State::Withdrawn)
    }

    /// Ends what has run out: requests past their deadline, openings and live views past their end.
    /// Returns how many.
    ///
    /// # Errors
    /// When log or tables fail; the next tick tries again.
    pub fn expire_due(&self) -> Result<u32, Error> {
        self.resume()?;
        let _step = self.one_step();
        let now = self.clock.now();
        let mut ended = 0;
        for row in self.read(|c| rows::running(c))? {
            let until = row.open_until.unwrap_or(row.deadline);
            if now < until {
                continue;
            }
            let how = match row.state {
                State::Filing => continue,
                State::Approved | State::Released if row.open_until.is_none() => {
                    RequestEnd::Abandoned
                }
                _ => RequestEnd::Expired,
            };
            self.end(&row, how, State::Expired)?;
            ended += 1;
        }
        Ok(ended)
    }

    /// Logs the end, then takes the step, then lets the keys go.
    fn end(&self, row: &RequestRow, how: RequestEnd, to: State) -> Result<(), Error> {
        let logged = self.tell(Ended {
            request: row.id,
            how,
        })?;
        self.write(|c| {
            rows::put_log(c, row.id, logged.index(), "request_ended")?;
            rows::step(c, row.id, row.state, to)
        })?;
        self.let_go(row)
    }

    /// Releases the freeze, forgets the shares, and calls for the review that danger to life takes.
    fn let_go(&self, row: &RequestRow) -> Result<(), Error> {
        self.keys.thaw(row.id)?;
        self.write(|c| Ok(desk::drop_shares(c, row.id)?))?;
        let spans = self.read(|c| rows::spans(c, row.id))?;
        self.drop_aside(spans.iter().map(|s| (s.camera, s.span)))?;
        if matches!(row.purpose, Purpose::DangerToLife | Purpose::IncidentLive) {
            let logged = self.tell(Review(row.id))?;
            self.write(|c| Ok(rows::put_log(c, row.id, logged.index(), "review_due")?))?;
        }
        Ok(())
    }

    /// The permit to read the sealed records of an opened request: for its requester, while the
    /// opening lasts. Asked anew for each call.
    ///
    /// # Errors
    /// [`Error::Denied`] with the reasons.
    pub fn footage_permit(&self, id: RequestId, actor: &Actor) -> Result<Permit<Open>, Error> {
        let row = self.request_row(id)?;
        self.require(&self.facts(Ask::Open, actor, &row)?)?;
        let request = Request::parse(&row.json)?;
        let not_released = || Error::Denied(vec![Reason::NotReleased]);
        let until = row.open_until.ok_or_else(not_released)?;
        let index = row.opening_index.ok_or_else(not_released)?;
        let spans = self.read(|c| rows::spans(c, id))?;
        let opening = self.seen(
            self.log
                .recall(crate::release::opens(&row, &spans), index)?,
        )?;
        Permit::new(
            Open::new(request.camera_spans, opening),
            actor.clone(),
            until,
            self.seen_approval(&row)?,
        )
    }

    /// The permit to view a camera of the incident live: approved by one person of the other body,
    /// logged before the first picture, at most 15 minutes from the approval.
    ///
    /// # Errors
    /// [`Error::Denied`] with the reasons; always when now ≥ until. [`Error::Forbidden`] for a
    /// camera that the request does not name.
    pub fn live_permit(
        &self,
        id: RequestId,
        camera: CameraId,
        actor: &Actor,
    ) -> Result<Permit<Live>, Error> {
        let _step = self.one_step();
        let row = self.request_row(id)?;
        self.require(&self.facts(Ask::Live, actor, &row)?)?;
        let request = Request::parse(&row.json)?;
        if !request.camera_spans.iter().any(|c| c.camera == camera) {
            return Err(Error::Forbidden(
                "this camera is not part of the incident's request".into(),
            ));
        }
        let until = row
            .open_until
            .ok_or(Error::Denied(vec![Reason::NotApproved]))?;
        let told = self.read(|c| rows::log_of(c, id))?;
        if !told.iter().any(|(_, kind)| kind == "live_view") {
            let left = until.since(self.clock.now()).as_secs();
            let logged = self.tell(Viewing(LiveView {
                request: id,
                body: row.body,
                length_s: u32::try_from(left).unwrap_or(0),
                cameras: u32::try_from(request.camera_spans.len()).unwrap_or(u32::MAX),
            }))?;
            self.write(|c| Ok(rows::put_log(c, id, logged.index(), "live_view")?))?;
        }
        let cameras = request.camera_spans.iter().map(|c| c.camera).collect();
        let live = Live::new(cameras, request.one_time_public()?);
        Permit::new(live, actor.clone(), until, self.approval(&row)?)
    }

    /// Whether a live permit would be given again now: a viewer or an approver who was disabled, a
    /// request taken back or the end of the time stop a picture that is running.
    ///
    /// # Errors
    /// [`Error::Denied`] with the reasons.
    pub fn live_stands(&self, permit: &Permit<Live>) -> Result<(), Error> {
        permit.still(self.clock.now())?;
        let row = self.request_row(permit.request())?;
        self.require(&self.facts(Ask::Live, permit.actor(), &row)?)
    }

    /// The approval as it stands in the log: read back and compared, never assumed.
    fn approval(&self, row: &RequestRow) -> Result<Logged<Decided>, Error> {
        let not_approved = || Error::Denied(vec![Reason::NotApproved]);
        let index = row.decision_index.ok_or_else(not_approved)?;
        let body = row.decided_body.ok_or_else(not_approved)?;
        let said = self.read(|c| desk::statements(c, row.id))?;
        let said = said
            .into_iter()
            .find(|s| s.act == Act::Approve.word())
            .ok_or_else(not_approved)?;
        let signed = SignedStatement {
            statement: said.statement,
            signature: said.signature,
        };
        let decided = |statement| Decided {
            request: row.id,
            verdict: Verdict::Approve,
            body,
            statement,
        };
        match self.log.recall(decided(Some(signed.logged_as())), index) {
            // As older versions logged it.
            Err(loggia_transparency::Error::NotThere(_)) => {
                Ok(self.log.recall(decided(None), index)?)
            }
            found => Ok(found?),
        }
    }

    /// The approval, cosigned by the witnesses: before that no custodian is shown a share.
    pub(crate) fn seen_approval(&self, row: &RequestRow) -> Result<Witnessed<Decided>, Error> {
        self.seen(self.approval(row)?)
    }

    /// When a live view ends that is approved at `now`.
    pub(crate) fn live_until(&self, now: At) -> At {
        let longest = u64::from(self.rules.live_s).min(crate::decide::LIVE_MAX_S);
        now.after(core::time::Duration::from_secs(longest))
    }

    /// What time does to requests and holds; call it about once a minute. Retention and alerts
    /// are apart ([`Policy::retention_tick`], [`Policy::alert_tick`]): nothing here delays them.
    ///
    /// # Errors
    /// The first failure; the others have run all the same.
    pub fn tick(&self) -> Result<u32, Error> {
        let expired = self.expire_due();
        let opened = self.finish_openings();
        let held = self.hold_tick();
        let asked = self.residents_tick();
        let disclosed = self.disclosure_tick();
        let glass = self.glass_tick();
        opened
            .and(held)
            .and(asked)
            .and(disclosed)
            .and(glass)
            .and(expired)
    }
}
