//! Release: custodians fetch their own sealed shares, open them on their own machines, and post
//! them resealed to the requester's one-time key. The server undoes the outer hour-key layer alone
//! and never sees a share.

use std::collections::BTreeSet;

use loggia_model::{Actor, At, Body, CameraId, Digest, Hour, KeyId, RequestId, SpanId};
use loggia_seal::{
    Body as RecordBody, CustodianPublic, Group, Record, ReleasedShare, SealedShare, ShareTable,
    SpanRef, WrappedShares,
};
use loggia_transparency::Opening;
use serde::{Deserialize, Serialize};

use crate::decide::{Ask, State};
use crate::filing::length_s;
use crate::permit::Opens;
use crate::request::Request;
use crate::rows::requests::{self as rows, RequestRow};
use crate::rows::{desk, holds};
use crate::statement::{Act, SignedStatement};
use crate::wire::to_base64;
use crate::{Error, Policy};

/// A custodian's own share of one span, still sealed to that custodian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeskShare {
    /// Camera.
    #[schema(value_type = u32)]
    pub camera: CameraId,
    /// Span.
    #[schema(value_type = u64)]
    pub span: SpanId,
    /// 1 police, 2 oversight.
    #[schema(value_type = u8)]
    pub group: Group,
    /// Commitment to the span key, from the signed span-open record.
    #[schema(value_type = String)]
    pub commitment: Digest,
    /// The custodian's key.
    #[schema(value_type = String)]
    pub custodian: KeyId,
    /// HPKE's encapsulated key (base64).
    pub enc: String,
    /// HPKE's ciphertext (base64).
    pub ct: String,
}

impl DeskShare {
    pub(crate) fn new(span: SpanRef, sealed: &SealedShare) -> Self {
        Self {
            camera: span.camera,
            span: span.span,
            group: sealed.group,
            commitment: span.commitment,
            custodian: sealed.custodian,
            enc: to_base64(&sealed.enc),
            ct: to_base64(&sealed.ct),
        }
    }
}

/// What the log says of an opening.
pub(crate) fn opens(row: &RequestRow, spans: &[rows::SpanRow]) -> Opens {
    let cameras: BTreeSet<CameraId> = spans.iter().map(|s| s.camera).collect();
    Opens(Opening {
        request: row.id,
        body: row.body,
        length_s: length_s(spans),
        cameras: u32::try_from(cameras.len()).unwrap_or(u32::MAX),
    })
}

impl Policy {
    /// The custodian's own shares of an approved request, sealed to that custodian as the recorder
    /// left them. Nobody else's, and nothing before the approval.
    ///
    /// # Errors
    /// [`Error::Denied`] with the reasons; [`Error::Conflict`] when the custodian came into the
    /// roster after these spans were sealed.
    pub fn desk_shares(&self, by: &Actor, id: RequestId) -> Result<Vec<DeskShare>, Error> {
        let row = self.request_row(id)?;
        self.require(&self.facts(Ask::Release, by, &row)?)?;
        let approval = self.seen_approval(&row)?;
        debug_assert_eq!(approval.get().request, id, "the approval of this request");
        let group = Group::of(by.body).ok_or_else(|| Error::Forbidden("no group".into()))?;
        let roster = self.roster()?;
        let member = roster
            .roster()
            .member(&by.person)
            .ok_or(Error::Unauthenticated)?;
        let key = CustodianPublic(member.hpke_public()?).key_id();
        let mut out = Vec::new();
        for s in self.read(|c| rows::spans(c, id))? {
            let (span, table) = self.share_table(s.camera, s.span, s.hour)?;
            let mine = table
                .of(key)
                .find(|share| share.group == group)
                .ok_or_else(|| {
                    Error::Conflict(format!(
                        "{} {} was sealed before {} held a key, and nobody has handed it on; another \
                         custodian must release it (or run `loggia key rotate`)",
                        s.camera, s.span, by.person
                    ))
                })?;
            out.push(DeskShare::new(span, mine));
        }
        Ok(out)
    }

    /// The wrapped shares in a stored span-open record.
    pub(crate) fn wrapped(&self, camera: CameraId, span: SpanId) -> Result<WrappedShares, Error> {
        let stored = self
            .blobs
            .span(camera, span)?
            .ok_or(Error::NotFound("span"))?;
        let bytes = self.blobs.read_record(camera, stored.first_seq)?;
        match Record::parse_whole(&bytes)?.body()? {
            RecordBody::SpanOpen(opening) => Ok(opening.wrapped),
            _ => Err(Error::Conflict(format!(
                "{camera} {span} has lost its first record"
            ))),
        }
    }

    /// A span's share table with what was handed on: its hour key removed, or a hold's when the
    /// hour key is gone.
    fn share_table(
        &self,
        camera: CameraId,
        span: SpanId,
        hour: Hour,
    ) -> Result<(SpanRef, ShareTable), Error> {
        let wrapped = self.wrapped(camera, span)?;
        if let Some(key) = self.keys.take(camera, hour)? {
            return Ok((wrapped.span, self.whole_table(&wrapped, &key)?));
        }
        let gone = || {
            Error::Conflict(format!(
                "{camera} {span} has reached retention and is destroyed"
            ))
        };
        let (hold, body) = self
            .read(|c| Ok(holds::table_of(c, camera, span)?))?
            .ok_or_else(gone)?;
        let key = self.keys.take_hold(hold)?.ok_or_else(gone)?;
        let held = WrappedShares::parse(&body, wrapped.span, wrapped.hour)?;
        Ok((wrapped.span, held.unwrap(&key)?))
    }

    /// A custodian releases their group's shares of every span. When both groups have, the opening
    /// is logged first, and then the requester may fetch them. A group may release again while the
    /// opening lasts (another of its custodians, if the first one's shares do not open).
    ///
    /// # Errors
    /// [`Error::Signature`], [`Error::Invalid`], [`Error::Denied`] with the reasons.
    pub fn release(
        &self,
        by: &Actor,
        id: RequestId,
        signed: &SignedStatement,
        shares: &[ReleasedShare],
    ) -> Result<State, Error> {
        let _step = self.one_step();
        let row = self.request_row(id)?;
        let stated = self.stated(by, id, signed, &[Act::Release])?;
        self.require(&self.facts(Ask::Release, by, &row)?)?;
        let _seen = self.seen_approval(&row)?;
        let group = Group::of(by.body).ok_or_else(|| Error::Forbidden("no group".into()))?;
        let spans = self.read(|c| rows::spans(c, id))?;
        complete(&spans, shares, group)?;
        let other = match by.body {
            Body::Police => row.oversight_custodian.is_some(),
            _ => row.police_custodian.is_some(),
        };
        self.write(|c| {
            desk::put_statement(c, &stated, by.body)?;
            desk::put_shares(c, id, by.body, shares)?;
            rows::custodian(c, id, by.body, &by.person)?;
            if row.state == State::Approved {
                rows::step(c, id, State::Approved, State::Released)?;
            }
            Ok(())
        })?;
        if row.opening_index.is_some() {
            return Ok(row.state);
        }
        if !other {
            return Ok(State::Released);
        }
        self.begin_opening(&row, &spans)
    }

    /// Both groups have released: the log first, then the witnesses, then the door. Until the entry
    /// is cosigned the state stays `released`, and nothing can be fetched. Nobody waits here: the
    /// next cosigned checkpoint opens it ([`Policy::finish_openings`]).
    fn begin_opening(&self, row: &RequestRow, spans: &[rows::SpanRow]) -> Result<State, Error> {
        let opens = opens(row, spans);
        let told = self.read(|c| rows::log_of(c, row.id))?;
        let told = told.iter().find(|(_, kind)| kind == "opening");
        let logged = if let Some((index, _)) = told {
            self.log.recall(opens, *index)?
        } else {
            let logged = self.tell(opens)?;
            self.write(|c| Ok(rows::put_log(c, row.id, logged.index(), "opening")?))?;
            logged
        };
        let seen = match self.seen(logged) {
            Err(Error::Unwitnessed(_)) => return Ok(State::Released),
            seen => seen?,
        };
        let lasts = core::time::Duration::from_secs(u64::from(self.rules.opening_h) * 3_600);
        let until: At = self.clock.now().after(lasts);
        self.write(|c| rows::opened(c, row.id, seen.index(), until))?;
        Ok(State::Open)
    }

    /// Opens what both groups have released once the witnesses have cosigned its entry, and what
    /// the log or the machine failed to finish. Call it whenever the witnesses cosign.
    ///
    /// # Errors
    /// The first failure of log or tables; the others are done all the same.
    pub fn finish_openings(&self) -> Result<(), Error> {
        let _step = self.one_step();
        let mut failed = Ok(());
        for row in self.read(|c| rows::running(c))? {
            let both = row.police_custodian.is_some() && row.oversight_custodian.is_some();
            if row.state == State::Released && both && self.clock.now() < row.deadline {
                let spans = self.read(|c| rows::spans(c, row.id))?;
                failed = failed.and(self.begin_opening(&row, &spans).map(drop));
            }
        }
        failed
    }

    /// Waits until the witnesses have cosigned everything that this request needs of them now, for
    /// `within` at most; opens it if that was what it waited for.
    ///
    /// # Errors
    /// As [`Self::finish_openings`].
    pub fn wait_for_witnesses(
        &self,
        id: RequestId,
        within: core::time::Duration,
    ) -> Result<(), Error> {
        let newest = self
            .read(|c| rows::log_of(c, id))?
            .into_iter()
            .map(|l| l.0)
            .max();
        if let Some(index) = newest
            && self.witnesses.wait(index, within)
        {
            self.finish_openings()?;
        }
        Ok(())
    }

    /// Both groups' released shares, for the requester while the opening lasts.
    ///
    /// # Errors
    /// [`Error::Denied`] with the reasons.
    pub fn released(&self, by: &Actor, id: RequestId) -> Result<Vec<ReleasedShare>, Error> {
        let row = self.request_row(id)?;
        self.require(&self.facts(Ask::Open, by, &row)?)?;
        self.look(by, id, "shares", "")?;
        self.read(|c| desk::shares(c, id))
    }

    /// The one-time key that a request's shares go to, checked.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn one_time_key(&self, id: RequestId) -> Result<CustodianPublic, Error> {
        Ok(CustodianPublic(
            Request::parse(&self.request_row(id)?.json)?.one_time_public()?,
        ))
    }
}

/// Exactly one share for each span, of the custodian's own group.
fn complete(spans: &[rows::SpanRow], shares: &[ReleasedShare], group: Group) -> Result<(), Error> {
    let wanted: BTreeSet<_> = spans.iter().map(|s| (s.camera, s.span)).collect();
    let given: BTreeSet<_> = shares.iter().map(|s| (s.camera, s.span)).collect();
    if shares.iter().any(|s| s.group != group) {
        return Err(Error::Invalid(
            "a custodian releases their own group's shares".into(),
        ));
    }
    if given != wanted || shares.len() != wanted.len() {
        return Err(Error::Invalid(format!(
            "release one share for each of the {} spans, all at once",
            wanted.len()
        )));
    }
    Ok(())
}
