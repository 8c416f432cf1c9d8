//! Counts of what the public log says, by month (UTC).
//! Never counts from anywhere else: whoever reads the log can repeat every number.

use std::collections::{BTreeMap, HashMap, VecDeque};

use loggia_model::{At, Body, Purpose, RequestId};
use loggia_transparency::{Calendar, Entry, Event, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

/// What the log says of one month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Month {
    /// `2026-11`.
    pub month: String,
    /// Requests filed.
    pub requests: u64,
    /// Of these, for danger to life.
    pub danger_to_life: u64,
    /// Requests filed, by purpose.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub by_purpose: BTreeMap<Purpose, u64>,
    /// Decisions to approve.
    pub approvals: u64,
    /// Decisions to refuse.
    pub refusals: u64,
    /// Requests that ended without being granted: withdrawn, abandoned or expired.
    pub ended: u64,
    /// Openings.
    pub openings: u64,
    /// Openings, by the body that asked.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub openings_by_body: BTreeMap<Body, u64>,
    /// Openings, by the purpose of the request that was opened. One whose request is not in the log
    /// is in no purpose, so that the sum may be less than all openings.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub openings_by_purpose: BTreeMap<Purpose, u64>,
    /// Footage opened: seconds times cameras.
    pub opened_s: u64,
    /// Clips that left the house.
    pub exports: u64,
    /// Holds beyond retention.
    pub holds: u64,
    /// Unblurred live views.
    pub live_views: u64,
    /// Openings of the break-glass account, an administrator's for an hour.
    pub break_glass_opened: u64,
    /// What it was used for, each act and each minute of reading.
    pub break_glass_used: u64,
    /// Hour keys destroyed: camera-hours that nobody can read any more.
    pub keys_destroyed: u64,
    /// Cameras enrolled.
    pub cameras_enrolled: u64,
    /// Cameras retired.
    pub cameras_retired: u64,
}

/// Months, newest first, and how much of the log they count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Statistics {
    /// Entries counted: all before this index.
    pub log_size: u64,
    /// Months in which something happened, newest first.
    pub months: Vec<Month>,
}

/// News kept for the feed; who reads it less often than this many happen reads the log.
pub const NEWS_MAX: usize = 100;

/// Counts entries once each, in order.
#[derive(Debug, Default)]
pub struct Tally {
    next: u64,
    months: BTreeMap<String, Month>,
    /// What each request was filed for: an opening names its request alone. 48 bytes a request.
    purposes: HashMap<RequestId, Purpose>,
    news: VecDeque<(u64, Entry)>,
    /// When place and hour of each request become public: about 400 bytes a request.
    calendar: Calendar,
}

/// What people follow: openings, refusals, live views, holds, cameras that come and go, and that
/// the break-glass account was opened.
fn is_news(event: &Event) -> bool {
    match event {
        Event::Opening(_)
        | Event::LiveView(_)
        | Event::Hold(_)
        | Event::BreakGlassOpened(_)
        | Event::CameraEnrolled(_)
        | Event::CameraRetired(_) => true,
        Event::Decision(d) => d.decision == Verdict::Refuse,
        _ => false,
    }
}

/// `2026-11` of an instant.
pub(crate) fn month_of(at: At) -> String {
    at.to_string().chars().take("2026-11".len()).collect()
}

impl Tally {
    /// The first entry that is not counted yet.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Counts one entry; one that was counted before changes nothing.
    pub fn add(&mut self, index: u64, entry: &Entry) {
        if index < self.next {
            return;
        }
        self.next = index + 1;
        self.calendar.add(index, entry);
        if is_news(&entry.event) {
            self.news.push_front((index, entry.clone()));
            self.news.truncate(NEWS_MAX);
        }
        let month = month_of(At(entry.at.saturating_mul(1_000_000)));
        let m = self.months.entry(month.clone()).or_default();
        m.month = month;
        match &entry.event {
            Event::RequestFiled(r) => {
                m.requests += 1;
                m.danger_to_life += u64::from(r.danger_to_life);
                *m.by_purpose.entry(r.purpose).or_default() += 1;
                self.purposes.insert(r.request, r.purpose);
            }
            Event::Decision(d) => match d.decision {
                Verdict::Approve => m.approvals += 1,
                Verdict::Refuse => m.refusals += 1,
            },
            Event::RequestEnded(_) => m.ended += 1,
            Event::Opening(o) => {
                m.openings += 1;
                m.opened_s += u64::from(o.length_s) * u64::from(o.cameras);
                *m.openings_by_body.entry(o.body).or_default() += 1;
                if let Some(purpose) = self.purposes.get(&o.request) {
                    *m.openings_by_purpose.entry(*purpose).or_default() += 1;
                }
            }
            Event::Export(_) => m.exports += 1,
            Event::Hold(_) => m.holds += 1,
            Event::LiveView(_) => m.live_views += 1,
            Event::KeyDestroyed(k) => m.keys_destroyed += u64::from(k.keys),
            Event::BreakGlassOpened(_) => m.break_glass_opened += 1,
            Event::BreakGlassUsed(_) => m.break_glass_used += 1,
            Event::CameraEnrolled(_) => m.cameras_enrolled += 1,
            Event::CameraRetired(_) => m.cameras_retired += 1,
            // The minutes' roots and the machine's own notes are in the log, not in a statistic.
            Event::CaseOpened(_)
            | Event::Freeze(_)
            | Event::HoldEnded(_)
            | Event::KeyDue(_)
            | Event::ConfigChanged(_)
            | Event::RosterChanged(_)
            | Event::Heads(_)
            | Event::ClockDisputed(_)
            | Event::RecorderStarted(_)
            | Event::ReviewDue(_)
            | Event::LogKeyChanged(_)
            | Event::DisclosureDue(_)
            | Event::DisclosureExtended(_)
            | Event::DisclosureWithdrawn(_)
            | Event::RecordsErased(_)
            | Event::BreakGlassEnded(_)
            | Event::PolicyActivated(_) => {}
        }
    }

    /// When place and hour of each request become public.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// What the log says of the month of `at`.
    #[must_use]
    pub fn month(&self, at: At) -> Month {
        let month = month_of(at);
        let empty = || Month {
            month: month.clone(),
            ..Month::default()
        };
        self.months.get(&month).cloned().unwrap_or_else(empty)
    }

    /// The newest openings, refusals, live views, holds and changes of cameras, newest first, at
    /// most [`NEWS_MAX`], each with its place in the log.
    #[must_use]
    pub fn news(&self) -> Vec<(u64, Entry)> {
        self.news.iter().cloned().collect()
    }

    /// Everything counted so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        Statistics {
            log_size: self.next,
            months: self.months.values().rev().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use loggia_model::{Body, Digest, LegalBasis, MANUAL_START};
    use loggia_transparency::{
        BreakGlassOpened, BreakGlassUsed, Decision, GlassUse, KeyDestroyed, Opening, RequestFiled,
    };
    use proptest::prelude::*;

    use super::*;

    const DAY_S: i64 = 86_400;

    fn at(days: i64, event: Event) -> Entry {
        Entry {
            at: MANUAL_START.secs() + days * DAY_S,
            event,
        }
    }

    fn filed(danger_to_life: bool) -> Event {
        Event::RequestFiled(RequestFiled {
            request: Digest([1; 32]),
            case: Digest([2; 32]),
            body: Body::Police,
            purpose: if danger_to_life {
                Purpose::DangerToLife
            } else {
                Purpose::Investigation
            },
            legal_basis: LegalBasis("fi-plb-2-10".into()),
            cameras: 2,
            length_s: 120,
            span_commitment: Digest([3; 32]),
            place_commitment: Digest([4; 32]),
            danger_to_life,
        })
    }

    fn decided(decision: Verdict) -> Event {
        Event::Decision(Decision {
            request: Digest([1; 32]),
            decision,
            body: Body::Oversight,
            statement: None,
        })
    }

    fn opened() -> Event {
        let (request, body) = (Digest([1; 32]), Body::Police);
        Event::Opening(Opening {
            request,
            body,
            length_s: 120,
            cameras: 2,
        })
    }

    #[test]
    fn each_month_has_its_counts() {
        let mut tally = Tally::default();
        let entries = [
            at(-30, filed(false)),
            at(-30, decided(Verdict::Refuse)),
            at(0, filed(true)),
            at(0, decided(Verdict::Approve)),
            at(0, opened()),
            at(1, Event::KeyDestroyed(KeyDestroyed { hour: 1, keys: 7 })),
        ];
        for (index, entry) in (0..).zip(&entries) {
            tally.add(index, entry);
        }
        let s = tally.statistics();
        assert_eq!(s.log_size, 6);
        let months: Vec<_> = s.months.iter().map(|m| m.month.as_str()).collect();
        assert_eq!(months, ["2026-11", "2026-10"]);
        let (now, before) = (&s.months[0], &s.months[1]);
        assert_eq!((now.requests, now.danger_to_life, now.approvals), (1, 1, 1));
        assert_eq!(
            (now.openings, now.opened_s, now.keys_destroyed),
            (1, 240, 7)
        );
        assert_eq!(now.by_purpose, BTreeMap::from([(Purpose::DangerToLife, 1)]));
        assert_eq!(
            (before.requests, before.refusals, before.openings),
            (1, 1, 0)
        );
        assert_eq!(tally.month(MANUAL_START), *now);
        assert_eq!(tally.month(At(0)).openings, 0);
        assert_eq!(now.openings_by_body, BTreeMap::from([(Body::Police, 1)]));
        let by_purpose = BTreeMap::from([(Purpose::DangerToLife, 1)]);
        assert_eq!(now.openings_by_purpose, by_purpose);
        let news: Vec<u64> = tally.news().iter().map(|(index, _)| *index).collect();
        assert_eq!(news, [4, 1], "the refusal and the opening, newest first");
    }

    #[test]
    fn the_break_glass_account_is_counted_and_its_opening_is_news() {
        let mut tally = Tally::default();
        let used = Event::BreakGlassUsed(BreakGlassUsed {
            what: GlassUse::AccountDisabled,
            account: None,
            body: None,
            role: None,
        });
        let opened = Event::BreakGlassOpened(BreakGlassOpened { until: 0 });
        for (index, event) in (0..).zip([opened, used.clone(), used]) {
            tally.add(index, &at(0, event));
        }
        let now = tally.month(MANUAL_START);
        assert_eq!((now.break_glass_opened, now.break_glass_used), (1, 2));
        let news: Vec<u64> = tally.news().iter().map(|(index, _)| *index).collect();
        assert_eq!(news, [0]);
    }

    proptest! {
        #[test]
        fn an_entry_counts_once(again in prop::collection::vec(0u64..4, 0..20)) {
            let mut tally = Tally::default();
            for index in 0..4 {
                tally.add(index, &at(0, opened()));
            }
            for index in again {
                tally.add(index, &at(0, opened()));
            }
            prop_assert_eq!(tally.month(MANUAL_START).openings, 4);
        }
    }
}
