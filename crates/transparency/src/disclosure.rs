//! Delay, not darkness: what is published of an opening outside the log, how anybody holds it
//! against the log's commitments, and what is opened, delayed or overdue. Never reads a clock, and
//! never takes the city's word: a state follows from entries and from salts that open.

use std::collections::HashMap;

use loggia_model::{Body, Digest, LegalBasis, Purpose, RequestId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::commit::{SALT_BYTES, commit};
use crate::entry::{DisclosureDue, Entry, Event};
use crate::shape::{Court, WithdrawalReason};
use crate::{Error, RequestEnd};

/// How long after its date a disclosure may come before it is overdue: the city looks every ten
/// seconds, and clocks of readers differ by a minute.
pub const DISCLOSURE_GRACE_S: i64 = 120;
/// The longest delay without a court that any city's rules can set: a year from filing. A date or
/// an extension beyond it counts for nothing, whatever the log says.
pub const DELAY_MAX_S: i64 = 365 * 86_400;
/// The same with a court's decision: five years.
pub const DELAY_COURT_MAX_S: i64 = 5 * 365 * 86_400;
/// Days and hours are published where at least so many cases share them at each camera, if the
/// city's rules ask for no more: of two, each would know the other.
pub const SMALL_CELL_CASES: u32 = 3;
/// Longest text of a detail: 64 numbers of ten digits, and the rest.
const TEXT_BYTES_MAX: usize = 1_024;
/// Most numbers of a detail: as many cameras as a request may name.
const NUMBERS_MAX: usize = 64;

/// One of the three things that are published of an opening, each by its own salt.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DetailKind {
    /// Numbers of cameras; where they stand is declared.
    Place,
    /// Days since 1970 (UTC).
    Day,
    /// Hours since 1970.
    Hour,
}

impl DetailKind {
    /// All, from the coarsest.
    pub const ALL: [Self; 3] = [Self::Place, Self::Day, Self::Hour];

    /// The word on the wire and in tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }
}

/// What a commitment of `disclosure_due` is over: numbers, and no word that somebody chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// Format, 1.
    pub v: u8,
    /// Of which request.
    pub request: RequestId,
    /// Which of the three.
    pub what: DetailKind,
    /// Ascending, each once; empty for the days and hours of a live view, whose own entry says
    /// when.
    pub numbers: Vec<u32>,
}

impl Detail {
    /// The exact bytes, after the salt, of its commitment.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it has no exact form.
    pub fn to_text(&self) -> Result<String, Error> {
        let bad = |why: &str| Error::malformed("a disclosure", why);
        if self.v != 1 || self.numbers.len() > NUMBERS_MAX {
            return Err(bad("version 1 has at most 64 numbers"));
        }
        if !self.numbers.is_sorted_by(|a, b| a < b) {
            return Err(bad("its numbers ascend, each once"));
        }
        serde_json::to_string(self).map_err(|e| bad(&e.to_string()))
    }

    /// Reads the one exact form.
    ///
    /// # Errors
    /// [`Error::Malformed`] with what is wrong.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bad = |why: &str| Error::malformed("a disclosure", why);
        if text.len() > TEXT_BYTES_MAX {
            return Err(bad("longer than 1024 bytes"));
        }
        let detail: Self = serde_json::from_str(text).map_err(|e| bad(&e.to_string()))?;
        if detail.to_text()? != text {
            return Err(bad("not in its one exact form"));
        }
        Ok(detail)
    }
}

/// A detail as it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenedDetail {
    /// Which of the three.
    pub what: DetailKind,
    /// The exact bytes: `{"v":1,"request":…,"what":…,"numbers":[…]}`.
    pub text: String,
    /// The salt (hexadecimal): SHA-256(salt ‖ text) is the commitment in the log.
    pub salt: String,
}

/// What the city publishes of one request, outside the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disclosed {
    /// Hash of the request's bytes.
    #[schema(value_type = String)]
    pub request: RequestId,
    /// Its details, from the coarsest; the place always.
    pub details: Vec<OpenedDetail>,
}

impl Disclosed {
    /// The numbers of a detail, if it was published and opens the commitment in the log.
    #[must_use]
    pub fn opens(&self, what: DetailKind, due: &DisclosureDue) -> Option<Vec<u32>> {
        let commitment = match what {
            DetailKind::Place => due.place,
            DetailKind::Day => due.day,
            DetailKind::Hour => due.hour,
        };
        let opened = self.details.iter().find(|d| d.what == what)?;
        let mut salt = [0; SALT_BYTES];
        hex::decode_to_slice(&opened.salt, &mut salt).ok()?;
        let detail = Detail::parse(&opened.text).ok()?;
        let right = detail.request == due.request && detail.what == what;
        (right && commit(&salt, opened.text.as_bytes()) == commitment).then_some(detail.numbers)
    }
}

/// What the log tells of one request, as far as its disclosure goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Hash of the request's bytes.
    pub request: RequestId,
    /// Its `request_filed`.
    pub index: u64,
    /// When it was filed, Unix seconds.
    pub filed_at: i64,
    /// Commitment of its case.
    pub case: Digest,
    /// The requester's body.
    pub body: Body,
    /// What for.
    pub purpose: Purpose,
    /// On which ground.
    pub legal_basis: LegalBasis,
    /// How many cameras.
    pub cameras: u32,
    /// How many seconds each.
    pub length_s: u32,
    /// The date and the commitments, if it has any.
    pub due: Option<DisclosureDue>,
    /// The date in force: extensions that count are in it.
    pub until: Option<i64>,
    /// Extensions that count.
    pub extensions: u32,
    /// Whether the log named dates already when it was filed.
    pub dated: bool,
    /// When it was opened first, live views too.
    pub opened_at: Option<i64>,
    /// When it was taken down, and why.
    pub withdrawn: Option<(i64, WithdrawalReason)>,
    /// When its records were erased.
    pub erased_at: Option<i64>,
    /// How it ended without being granted.
    pub ended: Option<RequestEnd>,
}

/// Where the disclosure of a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DisclosureState {
    /// Nothing of it was opened, so that nothing is owed.
    Unopened,
    /// It was filed before the log named any date.
    BeforeDates,
    /// Its date has not come.
    Delayed {
        /// The date, Unix seconds.
        until: i64,
    },
    /// Its date has passed, and nothing that opens the commitment is published.
    Overdue {
        /// Since when, Unix seconds.
        since: i64,
    },
    /// Place (and day and hour where enough cases share them) is published and opens the
    /// commitment.
    Opened,
    /// It was published and taken down.
    Withdrawn {
        /// When, Unix seconds.
        at: i64,
        /// Why.
        reason: WithdrawalReason,
    },
    /// The city's records and the salts were erased.
    Erased {
        /// When, Unix seconds.
        at: i64,
    },
}

impl Told {
    /// The state at `now` (Unix seconds), given what is published of it.
    #[must_use]
    pub fn state(&self, now: i64, published: Option<&Disclosed>) -> DisclosureState {
        let Some(opened_at) = self.opened_at else {
            return DisclosureState::Unopened;
        };
        if let Some(at) = self.erased_at {
            return DisclosureState::Erased { at };
        }
        let (Some(due), Some(until)) = (&self.due, self.until) else {
            return if self.dated {
                DisclosureState::Overdue { since: opened_at }
            } else {
                DisclosureState::BeforeDates
            };
        };
        // What is opened after its date is owed from then on.
        let since = until.max(opened_at);
        if let Some((at, reason)) = self.withdrawn {
            return DisclosureState::Withdrawn { at, reason };
        }
        if published.is_some_and(|p| p.opens(DetailKind::Place, due).is_some()) {
            DisclosureState::Opened
        } else if now <= since.saturating_add(DISCLOSURE_GRACE_S) {
            DisclosureState::Delayed { until: since }
        } else {
            DisclosureState::Overdue { since }
        }
    }

    fn latest(&self, court: Court) -> i64 {
        self.filed_at.saturating_add(match court {
            Court::None => DELAY_MAX_S,
            Court::Decision => DELAY_COURT_MAX_S,
        })
    }
}

/// Every request's disclosure as the log tells it, entries taken in order and once each.
#[derive(Debug, Default)]
pub struct Calendar {
    next: u64,
    /// Dates whose request is not filed yet: the date comes first in the log.
    dates: HashMap<RequestId, DisclosureDue>,
    dated: bool,
    told: HashMap<RequestId, Told>,
}

impl Calendar {
    /// Takes one entry; one that was taken before changes nothing.
    pub fn add(&mut self, index: u64, entry: &Entry) {
        if index < self.next {
            return;
        }
        self.next = index + 1;
        let at = entry.at;
        match &entry.event {
            Event::DisclosureDue(due) => {
                self.dated = true;
                // A second date moves nothing: that takes an extension.
                self.dates.entry(due.request).or_insert_with(|| due.clone());
            }
            Event::RequestFiled(r) => {
                let due = self.dates.remove(&r.request);
                let dated = self.dated;
                self.told.entry(r.request).or_insert_with(|| Told {
                    request: r.request,
                    index,
                    filed_at: at,
                    case: r.case,
                    body: r.body,
                    purpose: r.purpose,
                    legal_basis: r.legal_basis.clone(),
                    cameras: r.cameras,
                    length_s: r.length_s,
                    until: due
                        .as_ref()
                        .map(|d| d.disclose_at.min(at.saturating_add(DELAY_MAX_S))),
                    due,
                    extensions: 0,
                    dated,
                    opened_at: None,
                    withdrawn: None,
                    erased_at: None,
                    ended: None,
                });
            }
            event => self.follow(at, event),
        }
    }

    fn follow(&mut self, at: i64, event: &Event) {
        let request = match event {
            Event::Opening(e) => e.request,
            Event::LiveView(e) => e.request,
            Event::RequestEnded(e) => e.request,
            Event::DisclosureExtended(e) => e.request,
            Event::DisclosureWithdrawn(e) => e.request,
            Event::RecordsErased(e) => e.request,
            _ => return,
        };
        let Some(t) = self.told.get_mut(&request) else {
            return;
        };
        match event {
            Event::RequestEnded(e) => {
                t.ended.get_or_insert(e.how);
            }
            Event::DisclosureExtended(e) => {
                // One that comes when the date has passed heals nothing.
                let in_time = |u: &i64| at <= u.saturating_add(DISCLOSURE_GRACE_S);
                if let Some(until) = t.until.filter(in_time) {
                    t.until = Some(until.max(e.until.min(t.latest(e.court))));
                    t.extensions += 1;
                }
            }
            // Before its date it would be an extension without an end.
            Event::DisclosureWithdrawn(e) if t.until.is_some_and(|u| at >= u) => {
                t.withdrawn.get_or_insert((at, e.reason));
            }
            Event::DisclosureWithdrawn(_) => {}
            Event::RecordsErased(_) => {
                t.erased_at.get_or_insert(at);
            }
            _ => {
                t.opened_at.get_or_insert(at);
            }
        }
    }

    /// The first entry that was not taken yet.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// What the log tells of a request.
    #[must_use]
    pub fn of(&self, request: &RequestId) -> Option<&Told> {
        self.told.get(request)
    }

    /// Every request of which something was opened, newest first.
    #[must_use]
    pub fn opened(&self) -> Vec<&Told> {
        let mut all: Vec<&Told> = self
            .told
            .values()
            .filter(|t| t.opened_at.is_some())
            .collect();
        all.sort_by_key(|t| core::cmp::Reverse(t.index));
        all
    }
}

#[cfg(test)]
#[path = "disclosure_tests.rs"]
mod tests;
