//! Filing: which whole spans cover what is asked for, the freeze, and the log entry.
//! Never shows anything; a filed request only makes keys wait.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use loggia_model::{Actor, At, CameraId, Hour, Purpose, RequestId, SpanId, is_prose};
use loggia_store::{SpanRow as Stored, SpanState as Closing};
use loggia_transparency::{Event, Freeze, Loggable, RequestFiled};
use serde::{Deserialize, Serialize};

use crate::cases::DAY;
use crate::decide::{Ask, State};
use crate::disclosure::Dated;
use crate::request::{CAMERAS_MAX, CameraSpans, LENGTH_US_MAX, Request, SPANS_MAX};
use crate::rows::requests::{self as rows, RequestRow, SpanRow};
use crate::rows::{cases, disclosures, holds};
use crate::wire::random;
use crate::{Error, Policy};

/// Shortest necessity that says anything, characters.
pub const NECESSITY_CHARS_MIN: usize = 10;
/// Longest necessity, characters.
pub const NECESSITY_CHARS_MAX: usize = 4_000;
/// Requests of one person that may wait at once: a freeze costs disk, so it cannot be had freely.
pub const REQUESTS_WAITING_MAX: u64 = 20;
/// Requests that one person files in 24 hours, withdrawn ones too: each leaves up to four entries
/// in the public log for good, so it cannot be had freely. One for each case of
/// [`CASES_PER_DAY_MAX`].
///
/// [`CASES_PER_DAY_MAX`]: crate::CASES_PER_DAY_MAX
pub const REQUESTS_PER_DAY_MAX: u64 = 100;
/// A span that is still open this long after its last piece will not be closed any more (spans are
/// at most 60 s long).
const STILL_RECORDING: Duration = Duration::from_secs(120);

/// The fewest whole spans that cover a time, and what they show beyond it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cover {
    /// Whole spans, by camera. A camera with nothing recorded in that time is left out.
    pub camera_spans: Vec<CameraSpans>,
    /// First instant that they show, microseconds.
    #[schema(value_type = i64)]
    pub begin: At,
    /// Last instant that they show, microseconds.
    #[schema(value_type = i64)]
    pub end: At,
    /// Longest overhang of any camera beyond what was asked, microseconds.
    pub overhang_us: i64,
}

/// A request as its requester's device made it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The exact bytes.
    pub json: &'a str,
    /// Ed25519 over [`Request::to_be_signed`] with the requester's key in the roster (base64).
    pub signature: &'a str,
    /// The case's number in the table.
    pub case: u64,
    /// Why it is needed, in words.
    pub necessity: &'a str,
}

struct Frozen {
    request: RequestId,
    spans: u32,
}

impl Loggable for Frozen {
    fn event(&self) -> Event {
        Event::Freeze(Freeze {
            request: self.request,
            spans: self.spans,
        })
    }
}

struct Filed(RequestFiled);

impl Loggable for Filed {
    fn event(&self) -> Event {
        Event::RequestFiled(self.0.clone())
    }
}

impl Policy {
    /// The fewest whole spans of these cameras that cover `[from, to)`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for bounds; [`Error::Conflict`] when nothing is recorded there.
    pub fn cover(&self, cameras: &[CameraId], from: At, to: At) -> Result<Cover, Error> {
        if cameras.is_empty() || cameras.len() > CAMERAS_MAX {
            return Err(Error::Invalid(format!("name 1 to {CAMERAS_MAX} cameras")));
        }
        if from >= to || to.0.saturating_sub(from.0) > LENGTH_US_MAX {
            return Err(Error::Invalid(
                "`from` lies before `to`, at most 24 h apart".into(),
            ));
        }
        let mut cameras = cameras.to_vec();
        cameras.sort_unstable();
        cameras.dedup();
        let mut cover = Cover {
            camera_spans: Vec::new(),
            begin: to,
            end: from,
            overhang_us: 0,
        };
        for camera in cameras {
            let spans = self.whole_spans(camera, from, to)?;
            let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
                continue;
            };
            let begin = spans.iter().map(|s| s.begin).min().unwrap_or(first.begin);
            let end = spans.iter().map(|s| s.end).max().unwrap_or(last.end);
            let overhang = (from.0 - begin.0).max(0) + (end.0 - to.0).max(0);
            cover.camera_spans.push(CameraSpans {
                camera,
                first: first.span,
                last: last.span,
            });
            cover.begin = cover.begin.min(begin);
            cover.end = cover.end.max(end);
            cover.overhang_us = cover.overhang_us.max(overhang);
        }
        if cover.camera_spans.is_empty() {
            return Err(Error::Conflict(
                "nothing is recorded there, or it is destroyed".into(),
            ));
        }
        Ok(cover)
    }

    /// Stored, finished spans of a camera that overlap `[from, to)` and can still be opened, in the
    /// order of their numbers.
    fn whole_spans(&self, camera: CameraId, from: At, to: At) -> Result<Vec<Stored>, Error> {
        let now = self.clock.now();
        let mut spans = self.blobs.spans(camera, from, to)?;
        spans.sort_by_key(|s| s.span);
        let mut whole = Vec::with_capacity(spans.len());
        for s in spans {
            if !self.still_recording(&s, now)? && self.openable(camera, s.span, s.begin.hour())? {
                whole.push(s);
            }
        }
        Ok(whole)
    }

    /// Whether a span is still being recorded: it cannot be asked for yet.
    pub(crate) fn still_recording(&self, span: &Stored, now: At) -> Result<bool, Error> {
        if span.state == Closing::Closed || now.since(span.end) > STILL_RECORDING {
            return Ok(false);
        }
        // What stands behind it in the chain came after its end: a crash took its manifest.
        let next = span.last_seq + 1;
        Ok(self.blobs.records(span.camera, next, next)?.is_empty())
    }

    /// Whether the key over a span's shares still exists: its hour's, or a hold's.
    pub(crate) fn openable(
        &self,
        camera: CameraId,
        span: SpanId,
        hour: Hour,
    ) -> Result<bool, Error> {
        Ok(self.keys.has(camera, hour)
            || self
                .read(|c| Ok(holds::table_of(c, camera, span)?))?
                .is_some())
    }

    /// Files a request: decides, keeps it, freezes its hours at once, logs freeze and filing.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Denied`], [`Error::Conflict`] when it was filed before or its
    /// spans are gone, [`Error::Signature`] when the requester's key did not sign it,
    /// [`Error::Busy`] when the person has too many waiting or filed
    /// [`REQUESTS_PER_DAY_MAX`] in the last 24 hours.
    pub fn file(&self, by: &Actor, asked: &Asked<'_>) -> Result<RequestId, Error> {
        let Asked {
            json,
            case,
            necessity,
            ..
        } = *asked;
        let request = Request::parse(json)?;
        let id = Request::id_of(json);
        self.check_filing(by, &request, case, necessity)?;
        let roster = self.roster()?;
        let me = roster
            .roster()
            .member(&by.person)
            .ok_or(Error::Unauthenticated)?;
        Request::check_signed(json, me, asked.signature)?;
        let now = self.clock.now();
        let row = RequestRow {
            id,
            json: json.to_owned(),
            case_id: case,
            necessity: necessity.trim().to_owned(),
            signature: Some(asked.signature.to_owned()),
            requester: by.person.clone(),
            body: by.body,
            purpose: request.purpose,
            state: State::Filing,
            filed_at: now,
            deadline: now.after(self.rules.patience(request.purpose)),
            span_salt: random()?,
            place_salt: random()?,
            decided_by: None,
            decided_body: None,
            decision_index: None,
            police_custodian: None,
            oversight_custodian: None,
            opening_index: None,
            open_until: None,
        };
        self.require(&self.facts(Ask::File, by, &row)?)?;
        let spans = self.put_and_freeze(&row, &request)?;
        // The freeze stands; from here on it is the log that is waited for.
        let _step = self.one_step();
        match self.read(|c| rows::request(c, id))? {
            // A tick may have finished it meanwhile.
            Some(now) if now.state != State::Filing => Ok(id),
            Some(_) => self.finish_filing(&row, &request, &spans).map(|()| id),
            None => Err(Error::Conflict("a span was destroyed; ask again".into())),
        }
    }

    /// Keeps the request and makes its keys wait, whatever the log does.
    fn put_and_freeze(&self, row: &RequestRow, request: &Request) -> Result<Vec<SpanRow>, Error> {
        let (id, by) = (row.id, &row.requester);
        let _kept = self.keeping();
        let spans = self.spans_named(request)?;
        let dated = Dated::of(&self.rules, row, request, &spans)?;
        self.write(|c| {
            if rows::request(c, id)?.is_some() {
                return Err(Error::Conflict("this request was filed before".into()));
            }
            if rows::waiting_of(c, by)? >= REQUESTS_WAITING_MAX {
                return Err(Error::Busy(format!(
                    "{REQUESTS_WAITING_MAX} of your requests are waiting; withdraw one first"
                )));
            }
            let day = row.filed_at.before(DAY);
            if let Some(nth) = rows::nth_filed_since(c, by, day, REQUESTS_PER_DAY_MAX)? {
                return Err(Error::Busy(format!(
                    "you filed {REQUESTS_PER_DAY_MAX} requests in the last 24 hours, which is the \
                     most; file again after {}, or ask a colleague",
                    nth.after(DAY)
                )));
            }
            rows::put_request(c, row, &spans)?;
            dated.put(c)
        })?;
        if let Err(e) = self.freeze(id, &spans) {
            self.keys.thaw(id)?;
            self.drop_filing(id)?;
            return Err(e);
        }
        Ok(spans)
    }

    fn check_filing(
        &self,
        by: &Actor,
        request: &Request,
        case: u64,
        necessity: &str,
    ) -> Result<(), Error> {
        let bad = |s: &str| Err(Error::Invalid(s.to_owned()));
        if !is_prose(necessity) {
            return Err(Error::Invalid(
                "the necessity holds characters that are not seen; write it in plain words".into(),
            ));
        }
        let chars = necessity.trim().chars().count();
        if !(NECESSITY_CHARS_MIN..=NECESSITY_CHARS_MAX).contains(&chars) {
            return bad("say why this footage is needed, in 10 to 4,000 characters");
        }
        if request.necessity != Some(Request::necessity_hash(necessity.trim())) {
            return bad("the request names another reason than the one written; write it again");
        }
        if request.requester != by.person {
            return bad("the request names another requester than the person signed in");
        }
        if request.policy_hash != self.policy_hash()? {
            return bad("the rules have changed since this request was written; write it again");
        }
        let case = self
            .read(|c| cases::case(c, case))?
            .filter(|c| c.body == by.body)
            .ok_or(Error::NotFound("case"))?;
        if case.closed_at.is_some() {
            return Err(Error::Conflict(
                "this case is closed; open another one for what comes after".into(),
            ));
        }
        if case.commitment != request.case_commitment || case.purpose != request.purpose {
            return bad("the request was written for another case or purpose than this one");
        }
        Ok(())
    }

    /// The stored spans that a request names. Every first and last span must exist, be finished,
    /// and touch the time asked for; a number in between may be missing (a torn span is cut away).
    fn spans_named(&self, request: &Request) -> Result<Vec<SpanRow>, Error> {
        if request.purpose == Purpose::IncidentLive {
            return Ok(Vec::new());
        }
        let mut out = Vec::new();
        for c in &request.camera_spans {
            let stored = self.whole_spans(c.camera, request.from, request.to)?;
            let ends = (
                stored.first().map(|s| s.span),
                stored.last().map(|s| s.span),
            );
            if ends != (Some(c.first), Some(c.last)) {
                return Err(Error::Conflict(format!(
                    "{}: the fewest whole spans for that time are not {} to {}; \
                     take the proposal again (a span may just have been closed or destroyed)",
                    c.camera, c.first.0, c.last.0
                )));
            }
            out.extend(stored.iter().map(|s| SpanRow {
                camera: s.camera,
                span: s.span,
                begin: s.begin,
                end: s.end,
                hour: s.begin.hour(),
            }));
        }
        if u64::try_from(out.len()).unwrap_or(u64::MAX) > SPANS_MAX {
            return Err(Error::Invalid(format!(
                "over {SPANS_MAX} spans; ask for less time"
            )));
        }
        Ok(out)
    }

    /// Makes the spans' keys wait, then looks whether every span can still be opened: a key that
    /// was destroyed a moment before cannot be promised.
    fn freeze(&self, id: RequestId, spans: &[SpanRow]) -> Result<(), Error> {
        let hours: BTreeSet<_> = spans.iter().map(|s| (s.camera, s.hour)).collect();
        let hours: Vec<_> = hours.into_iter().collect();
        let gone = self.keys.freeze(id, &hours)?;
        for s in spans.iter().filter(|s| gone.contains(&(s.camera, s.hour))) {
            if !self.openable(s.camera, s.span, s.hour)? {
                return Err(Error::Conflict(format!(
                    "{} {} has reached retention and is destroyed",
                    s.camera, s.span
                )));
            }
        }
        Ok(())
    }

    /// Takes back a filing that broke off.
    fn drop_filing(&self, id: RequestId) -> Result<(), Error> {
        self.write(|c| {
            disclosures::drop_all(c, id)?;
            Ok(rows::drop_request(c, id)?)
        })
    }

    /// From a kept and frozen request to a logged one. Also called after a crash, so each entry is
    /// written only if its index is not kept yet.
    fn finish_filing(
        &self,
        row: &RequestRow,
        request: &Request,
        spans: &[SpanRow],
    ) -> Result<(), Error> {
        let told = self.read(|c| rows::log_of(c, row.id))?;
        let has = |kind: &str| told.iter().any(|(_, k)| k == kind);
        if !spans.is_empty() && !has("freeze") {
            let n = u32::try_from(spans.len()).unwrap_or(u32::MAX);
            let logged = self.tell(Frozen {
                request: row.id,
                spans: n,
            })?;
            self.write(|c| Ok(rows::put_log(c, row.id, logged.index(), "freeze")?))?;
        }
        if !has("disclosure_due") && !has("request_filed") {
            self.tell_date(row)?;
        }
        if !has("request_filed") {
            let logged = self.tell(Filed(filed_entry(row, request, spans)?))?;
            // Nobody waits here; whoever approves finds it cosigned.
            self.witnesses.need(logged.index());
            self.write(|c| Ok(rows::put_log(c, row.id, logged.index(), "request_filed")?))?;
        }
        self.write(|c| rows::step(c, row.id, State::Filing, State::Asked))
    }

    /// After a crash or a failing log: freezes again and finishes what was being filed.
    pub(crate) fn resume(&self) -> Result<(), Error> {
        let _step = self.one_step();
        for row in self.read(|c| rows::running(c))? {
            if row.state != State::Filing {
                continue;
            }
            let request = Request::parse(&row.json)?;
            let spans = self.read(|c| rows::spans(c, row.id))?;
            let kept = self.keeping();
            let there = self.read(|c| rows::request(c, row.id))?;
            if there.is_none_or(|now| now.state != State::Filing) {
                continue;
            }
            if let Err(e) = self.freeze(row.id, &spans) {
                tracing::warn!(request = %row.id, error = %e, "a filing that broke off is dropped");
                self.keys.thaw(row.id)?;
                self.drop_filing(row.id)?;
                continue;
            }
            drop(kept);
            self.finish_filing(&row, &request, &spans)?;
        }
        Ok(())
    }
}

/// Seconds per camera that the spans show, rounded up: the longest camera's.
pub(crate) fn length_s(spans: &[SpanRow]) -> u32 {
    let mut by_camera: BTreeMap<CameraId, Duration> = BTreeMap::new();
    for s in spans {
        *by_camera.entry(s.camera).or_default() += s.end.since(s.begin);
    }
    let longest = by_camera.values().max().copied().unwrap_or_default();
    u32::try_from(longest.as_micros().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

fn filed_entry(
    row: &RequestRow,
    request: &Request,
    spans: &[SpanRow],
) -> Result<RequestFiled, Error> {
    let (span, place) = request.commitments(&row.span_salt, &row.place_salt)?;
    let live = request.purpose == Purpose::IncidentLive;
    let asked_s = (request.to.0 - request.from.0).div_euclid(1_000_000);
    Ok(RequestFiled {
        request: row.id,
        case: request.case_commitment,
        body: row.body,
        purpose: request.purpose,
        legal_basis: request.legal_basis.clone(),
        cameras: u32::try_from(request.camera_spans.len()).unwrap_or(u32::MAX),
        length_s: if live {
            u32::try_from(asked_s).unwrap_or(0)
        } else {
            length_s(spans)
        },
        span_commitment: span,
        place_commitment: place,
        danger_to_life: request.purpose == Purpose::DangerToLife,
    })
}
