//! What people may see of requests, and what a timeline shows of spans. Never more than the
//! person's part in it takes.

use std::collections::BTreeMap;

use loggia_model::{Actor, At, Body, CameraId, PersonId, RequestId, Role, SpanId};
use loggia_store::SpanRow as Stored;
use loggia_transparency::SeenBy;
use serde::{Deserialize, Serialize};

use crate::decide::{State, deciding_body};
use crate::request::Request;
use crate::rows::requests::{self as rows, RequestRow};
use crate::rows::{cases, desk, holds, residents};
use crate::{Error, Policy};

/// Requests in one answer.
pub const REQUESTS_MAX: u32 = 500;
/// Earlier requests shown with one: more than this in a case says enough by itself.
const BEFORE_MAX: u32 = 50;

/// Entries that an opening rests on.
const RESTS_ON: [&str; 3] = ["request_filed", "decision", "opening"];

/// A request as a person concerned by it sees it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RequestView {
    /// Hash of its bytes.
    #[schema(value_type = String)]
    pub id: RequestId,
    /// How far.
    #[schema(value_type = String)]
    pub state: State,
    /// The exact bytes.
    pub request: String,
    /// The case.
    pub case: CaseView,
    /// Why it is needed, in words.
    pub necessity: String,
    /// Salt of the log's commitment to the span (hexadecimal): the desk checks what was logged.
    #[serde(default)]
    pub span_salt: String,
    /// Salt of the log's commitment to the place.
    #[serde(default)]
    pub place_salt: String,
    /// The requester's signature over the bytes (base64); none under those of older versions.
    #[serde(default)]
    pub signature: Option<String>,
    /// Who asks.
    #[schema(value_type = String)]
    pub requester: PersonId,
    /// For which body.
    #[schema(value_type = String)]
    pub body: Body,
    /// When it was filed.
    #[schema(value_type = i64)]
    pub filed_at: At,
    /// Until when it can be approved and released.
    #[schema(value_type = i64)]
    pub deadline: At,
    /// Until when the opening lasts.
    #[schema(value_type = Option<i64>)]
    pub open_until: Option<At>,
    /// Statements of second persons and custodians, as signed.
    pub approvals: Vec<ApprovalView>,
    /// Groups that have released: `police`, `oversight`.
    pub released_groups: Vec<String>,
    /// The opening's entry in the log.
    pub opening_index: Option<u64>,
    /// Every entry about it in the log.
    pub log_entries: Vec<LogEntryView>,
    /// Whether the witnesses have seen all of them that an opening rests on.
    #[schema(value_type = String)]
    #[serde(default)]
    pub witnesses: SeenBy,
    /// What was asked in this case before, newest first: for those who decide, and the auditor.
    #[serde(default)]
    pub before: Vec<AskedBefore>,
}

/// An earlier request of the same case.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AskedBefore {
    /// Hash of its bytes.
    #[schema(value_type = String)]
    pub id: RequestId,
    /// How far.
    #[schema(value_type = String)]
    pub state: State,
    /// When it was filed.
    #[schema(value_type = i64)]
    pub filed_at: At,
    /// Which cameras.
    #[schema(value_type = Vec<u32>)]
    pub cameras: Vec<CameraId>,
    /// How long a time it asked for, microseconds.
    pub length_us: i64,
}

/// The case of a request.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CaseView {
    /// Number in the table.
    pub id: u64,
    /// The body's own number.
    pub number: String,
    /// What for.
    #[schema(value_type = String)]
    pub purpose: loggia_model::Purpose,
    /// Salt of the commitment (hexadecimal): the desk checks that this number is the case.
    pub salt: String,
}

/// A statement about a request.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ApprovalView {
    /// Who.
    #[schema(value_type = String)]
    pub by: PersonId,
    /// Of which body.
    #[schema(value_type = String)]
    pub body: Body,
    /// When.
    #[schema(value_type = i64)]
    pub at: At,
    /// `approve`, `refuse` or `release`.
    pub act: String,
    /// The exact bytes, to be checked against the roster.
    pub statement: String,
    /// Their signature (base64).
    pub signature: String,
}

/// An entry of the public log.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogEntryView {
    /// Place.
    pub index: u64,
    /// Kind.
    pub kind: String,
}

/// What a timeline shows of a span.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SpanState {
    /// Its key is destroyed.
    Expired,
    /// It is not closed yet; it can be asked for once it is, within a minute or two.
    Recording,
    /// Nobody has asked for it.
    Sealed,
    /// A running request or a hold that was asked for makes its key wait.
    Frozen,
    /// Kept beyond retention.
    Held,
    /// Opened for a requester.
    Opened,
}

impl Policy {
    /// One request.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when it does not concern the person.
    pub fn request_view(&self, who: &Actor, id: RequestId) -> Result<RequestView, Error> {
        let row = self.request_row(id)?;
        if !concerns(who, &row) {
            return Err(Error::NotFound("request"));
        }
        self.view_of(who, row)
    }

    /// Requests that concern the person: running ones first, then the newest that have ended.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn request_views(&self, who: &Actor) -> Result<Vec<RequestView>, Error> {
        let reads_all = [Role::Approver, Role::Custodian, Role::Auditor];
        let rows = if reads_all.iter().any(|r| who.has(*r)) {
            self.read(|c| rows::requests(c, REQUESTS_MAX))?
        } else {
            self.read(|c| rows::requests_by(c, &who.person, REQUESTS_MAX))?
        };
        rows.into_iter()
            .filter(|r| concerns(who, r))
            .map(|r| self.view_of(who, r))
            .collect()
    }

    fn view_of(&self, who: &Actor, row: RequestRow) -> Result<RequestView, Error> {
        let (case, statements, entries, earlier) = self.read(|c| {
            let case = cases::case(c, row.case_id)?.ok_or(Error::NotFound("case"))?;
            let earlier = if weighs(who, &row) {
                rows::before(c, &row, &case.number, BEFORE_MAX)?
            } else {
                Vec::new()
            };
            let said = desk::statements(c, row.id)?;
            Ok((case, said, rows::log_of(c, row.id)?, earlier))
        })?;
        let groups = [
            (&row.police_custodian, "police"),
            (&row.oversight_custodian, "oversight"),
        ];
        let newest = entries
            .iter()
            .filter(|(_, kind)| RESTS_ON.contains(&kind.as_str()))
            .map(|(index, _)| *index)
            .max();
        Ok(RequestView {
            witnesses: match newest {
                Some(index) if !row.state.ended() => self.witnesses.seen_by(index),
                _ => SeenBy::Quorum,
            },
            id: row.id,
            state: row.state,
            request: row.json,
            case: CaseView {
                id: case.id,
                number: case.number,
                purpose: case.purpose,
                salt: hex::encode(case.salt),
            },
            necessity: row.necessity,
            signature: row.signature,
            span_salt: hex::encode(row.span_salt),
            place_salt: hex::encode(row.place_salt),
            requester: row.requester,
            body: row.body,
            filed_at: row.filed_at,
            deadline: row.deadline,
            open_until: row.open_until,
            approvals: statements
                .into_iter()
                .map(|s| ApprovalView {
                    by: s.person,
                    body: s.body,
                    at: s.at,
                    act: s.act,
                    statement: s.statement,
                    signature: s.signature,
                })
                .collect(),
            released_groups: groups
                .iter()
                .filter(|(who, _)| who.is_some())
                .map(|(_, group)| (*group).to_owned())
                .collect(),
            opening_index: row.opening_index,
            log_entries: entries
                .into_iter()
                .map(|(index, kind)| LogEntryView { index, kind })
                .collect(),
            before: earlier.iter().map(asked_before).collect::<Result<_, _>>()?,
        })
    }

    /// The stored spans of a camera that overlap `[from, to)`, each with what to show of it.
    ///
    /// # Errors
    /// When tables, index or keys cannot be read.
    pub fn span_states(
        &self,
        camera: CameraId,
        from: At,
        to: At,
    ) -> Result<Vec<(Stored, SpanState)>, Error> {
        let now = self.clock.now();
        let stored = self.blobs.spans(camera, from, to)?;
        let (claimed, held, asked) = self.read(|c| {
            Ok((
                rows::claimed(c, camera, from, to)?,
                holds::kept_of(c, camera, from, to)?,
                residents::kept_of(c, camera, from, to)?,
            ))
        })?;
        let mut states: BTreeMap<SpanId, SpanState> = BTreeMap::new();
        let mut raise = |span, to: SpanState| {
            let state = states.entry(span).or_insert(to);
            *state = (*state).max(to);
        };
        for span in held {
            raise(span, SpanState::Held);
        }
        for span in asked {
            raise(span, SpanState::Frozen);
        }
        for (span, state) in claimed {
            let opened = matches!(state, State::Open | State::Exported);
            raise(
                span,
                if opened {
                    SpanState::Opened
                } else {
                    SpanState::Frozen
                },
            );
        }
        let mut told = Vec::with_capacity(stored.len());
        for s in stored {
            let plain = if !self.keys.has(camera, s.begin.hour()) {
                SpanState::Expired
            } else if self.still_recording(&s, now)? {
                SpanState::Recording
            } else {
                SpanState::Sealed
            };
            let state = states.get(&s.span).copied().unwrap_or(plain);
            told.push((s, state));
        }
        Ok(told)
    }
}

/// Whether a person weighs a request against what was asked before: whoever may decide it, a
/// custodian and the oversight body's auditor; not its requester.
fn weighs(who: &Actor, row: &RequestRow) -> bool {
    let parts = [Role::Approver, Role::Custodian, Role::Auditor];
    who.person != row.requester && parts.iter().any(|r| who.has(*r))
}

fn asked_before(row: &RequestRow) -> Result<AskedBefore, Error> {
    let request = Request::parse(&row.json)?;
    Ok(AskedBefore {
        id: row.id,
        state: row.state,
        filed_at: row.filed_at,
        cameras: request.camera_spans.iter().map(|c| c.camera).collect(),
        length_us: request.to.0.saturating_sub(request.from.0),
    })
}

/// Whether a request concerns a person: the requester; approvers of the deciding body; custodians
/// of both groups once approved; the oversight body's auditor.
fn concerns(who: &Actor, row: &RequestRow) -> bool {
    if row.state == State::Filing {
        return false;
    }
    let asked = who.person == row.requester;
    let approves = who.has(Role::Approver) && who.body == deciding_body(row.body);
    let agreed = row.decision_index.is_some() && row.state != State::Refused;
    let releases = who.has(Role::Custodian) && who.body != Body::City && agreed;
    let audits = who.has(Role::Auditor) && who.body == Body::Oversight;
    asked || approves || releases || audits
}
