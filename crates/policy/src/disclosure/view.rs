//! Who sees what of dates and asks: the oversight body everything at once, and each look at what is
//! not public is a line of its access log; police their own. The public sees what is published.

use loggia_model::{Actor, At, Body, Digest, PersonId, RequestId, Role};
use loggia_transparency::{Detail, DetailKind};
use serde::{Deserialize, Serialize};

use super::{AskReason, AskState, AskWhat, DisclosureAsk, LISTED_MAX, agrees};
use crate::rows::disclosure_asks::{self as ask_rows, AskRow};
use crate::rows::disclosures::{self as rows, DateRow};
use crate::rows::requests;
use crate::unexplained::is_auditor;
use crate::{Error, Policy};

/// The date of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisclosureView {
    /// Hash of its bytes.
    #[schema(value_type = String)]
    pub request: RequestId,
    /// When it was filed, microseconds.
    #[schema(value_type = i64)]
    pub filed_at: At,
    /// When place and hour become public, if it is opened.
    #[schema(value_type = i64)]
    pub disclose_at: At,
    /// The latest date without a court.
    #[schema(value_type = i64)]
    pub latest_at: At,
    /// The latest date with a court's decision.
    #[schema(value_type = i64)]
    pub latest_court_at: At,
    /// Which details are public.
    pub published: Vec<DetailKind>,
    /// When it was taken down.
    #[schema(value_type = Option<i64>)]
    pub withdrawn_at: Option<At>,
    /// When its records were erased.
    #[schema(value_type = Option<i64>)]
    pub erased_at: Option<At>,
    /// What was asked about it, oldest first.
    pub asks: Vec<AskView>,
}

/// An ask as its parties see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AskView {
    /// Hash of its bytes: what a statement names.
    #[schema(value_type = String)]
    pub id: Digest,
    /// About which request.
    #[schema(value_type = String)]
    pub request: RequestId,
    /// What is asked.
    pub what: AskWhat,
    /// Why.
    pub reason: AskReason,
    /// The exact bytes.
    pub ask: String,
    /// How far.
    pub state: AskState,
    /// Who asked.
    #[schema(value_type = String)]
    pub asked_by: PersonId,
    /// When, microseconds.
    #[schema(value_type = i64)]
    pub asked_at: At,
    /// Who agreed.
    #[schema(value_type = Option<String>)]
    pub agreed_by: Option<PersonId>,
    /// Its entry in the public log.
    pub log_index: Option<u64>,
}

/// A request's details in the clear, published or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisclosureDetails {
    /// The date and what was asked.
    #[serde(flatten)]
    pub date: DisclosureView,
    /// Camera numbers.
    pub cameras: Vec<u32>,
    /// Days since 1970 (UTC).
    pub days: Vec<u32>,
    /// Hours since 1970.
    pub hours: Vec<u32>,
    /// How many cases share its emptiest hour; those that are public by then. None for a live view.
    pub cases_in_hour: Option<u64>,
    /// From how many on the hour is published.
    pub small_cell_cases: u32,
}

/// The oversight body reads all.
fn reads_all(who: &Actor) -> bool {
    is_auditor(who) || agrees(who)
}

fn ask_view(row: AskRow) -> Result<AskView, Error> {
    let ask = DisclosureAsk::parse(&row.json)?;
    Ok(AskView {
        id: row.id,
        request: row.request,
        what: row.what,
        reason: ask.reason,
        ask: row.json,
        state: row.state,
        asked_by: row.asked_by,
        asked_at: row.asked_at,
        agreed_by: row.agreed_by,
        log_index: row.log_index,
    })
}

impl Policy {
    /// Dates and asks that concern the person, the newest requests first.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn disclosures(&self, who: &Actor) -> Result<Vec<DisclosureView>, Error> {
        let mut out = Vec::new();
        for date in self.read(|c| Ok(rows::dates(c, LISTED_MAX)?))? {
            if reads_all(who) || self.own(who, date.request)? {
                out.push(self.disclosure_view(date)?);
            }
        }
        Ok(out)
    }

    /// One request's date with what will be published, at once. Whoever of the oversight body looks
    /// stands in the access log.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when it does not concern the person.
    pub fn disclosure(&self, who: &Actor, id: RequestId) -> Result<DisclosureDetails, Error> {
        let all = reads_all(who);
        let date = self.read(|c| Ok(rows::date(c, id)?))?;
        let date = match date {
            Some(date) if all || self.own(who, id)? => date,
            _ => return Err(Error::NotFound("request")),
        };
        if all {
            self.look(who, id, "delay", "")?;
        }
        let (details, cases_in_hour) = self.read(|c| {
            let fewest = rows::fewest_cases(c, id, DetailKind::Hour)?;
            Ok::<_, Error>((rows::details(c, id)?, fewest))
        })?;
        let numbers = |what| {
            let found = details.iter().find(|d| d.what == what);
            found.map_or(Ok(Vec::new()), |d| {
                Detail::parse(&d.text).map(|d| d.numbers)
            })
        };
        Ok(DisclosureDetails {
            cameras: numbers(DetailKind::Place)?,
            days: numbers(DetailKind::Day)?,
            hours: numbers(DetailKind::Hour)?,
            cases_in_hour,
            small_cell_cases: self.rules.disclosure.small_cell_cases,
            date: self.disclosure_view(date)?,
        })
    }

    /// Every ask, those that wait first: for whoever may agree, and the auditor.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everybody else.
    pub fn disclosure_asks(&self, who: &Actor) -> Result<Vec<AskView>, Error> {
        if !reads_all(who) {
            return Err(Error::Forbidden(
                "the oversight body's approvers and auditor read what is asked".into(),
            ));
        }
        let asks = self.read(|c| ask_rows::asks(c, LISTED_MAX))?;
        asks.into_iter().map(ask_view).collect()
    }

    fn own(&self, who: &Actor, id: RequestId) -> Result<bool, Error> {
        let row = self.read(|c| requests::request(c, id))?;
        let files = who.body != Body::Oversight && who.has(Role::Investigator);
        Ok(row.is_some_and(|r| files && r.requester == who.person))
    }

    fn disclosure_view(&self, date: DateRow) -> Result<DisclosureView, Error> {
        let rules = &self.rules.disclosure;
        let after = |s: u32| {
            let longest = core::time::Duration::from_secs(u64::from(s));
            date.filed_at.after(longest)
        };
        let (details, asks) = self.read(|c| {
            let details = rows::details(c, date.request)?;
            Ok::<_, Error>((details, ask_rows::asks_of(c, date.request)?))
        })?;
        let public = date.withdrawn_at.is_none() && date.erased_at.is_none();
        let out = details
            .iter()
            .filter(|d| public && d.published_at.is_some());
        Ok(DisclosureView {
            request: date.request,
            filed_at: date.filed_at,
            disclose_at: date.disclose_at,
            latest_at: after(rules.longest_s),
            latest_court_at: after(rules.court_longest_s),
            published: out.map(|d| d.what).collect(),
            withdrawn_at: date.withdrawn_at,
            erased_at: date.erased_at,
            asks: asks.into_iter().map(ask_view).collect::<Result<_, _>>()?,
        })
    }
}
