//! The calendar of disclosures, computed from entries alone: dates that move, details that open
//! their commitment or do not. Never asks a city.

use loggia_model::MANUAL_START;
use proptest::prelude::*;

use super::*;
use crate::entry::{DisclosureExtended, DisclosureWithdrawn, Opening, RecordsErased, RequestFiled};

const DAY_S: i64 = 86_400;
const ID: Digest = Digest([3; 32]);

fn now() -> i64 {
    MANUAL_START.secs()
}

/// A published place, and its commitment.
fn place(salt: u8) -> (Disclosed, Digest) {
    let detail = Detail {
        v: 1,
        request: ID,
        what: DetailKind::Place,
        numbers: vec![7, 9],
    };
    let (text, salt) = (detail.to_text().unwrap(), [salt; 32]);
    let commitment = commit(&salt, text.as_bytes());
    let opened = OpenedDetail {
        what: DetailKind::Place,
        text,
        salt: hex::encode(salt),
    };
    let disclosed = Disclosed {
        request: ID,
        details: vec![opened],
    };
    (disclosed, commitment)
}

fn due(disclose_at: i64) -> Event {
    Event::DisclosureDue(DisclosureDue {
        request: ID,
        disclose_at,
        place: place(1).1,
        day: Digest([1; 32]),
        hour: Digest([2; 32]),
    })
}

fn filed() -> Event {
    Event::RequestFiled(RequestFiled {
        request: ID,
        case: Digest([2; 32]),
        body: Body::Police,
        purpose: Purpose::Investigation,
        legal_basis: LegalBasis("fi-pkl-7".into()),
        cameras: 2,
        length_s: 120,
        span_commitment: Digest([4; 32]),
        place_commitment: Digest([5; 32]),
        danger_to_life: false,
    })
}

fn opened() -> Event {
    Event::Opening(Opening {
        request: ID,
        body: Body::Police,
        length_s: 120,
        cameras: 2,
    })
}

fn extended(until: i64, court: Court) -> Event {
    Event::DisclosureExtended(DisclosureExtended {
        request: ID,
        until,
        court,
        extension: Digest([9; 32]),
    })
}

fn withdrawn() -> Event {
    Event::DisclosureWithdrawn(DisclosureWithdrawn {
        request: ID,
        reason: WithdrawalReason::Danger,
    })
}

fn calendar(entries: &[(i64, Event)]) -> Calendar {
    let mut calendar = Calendar::default();
    for (index, (at, event)) in (0..).zip(entries) {
        let event = event.clone();
        calendar.add(index, &Entry { at: *at, event });
    }
    calendar
}

fn state(entries: &[(i64, Event)], at: i64, published: Option<&Disclosed>) -> DisclosureState {
    calendar(entries).of(&ID).unwrap().state(at, published)
}

#[test]
fn delayed_then_opened_or_overdue() {
    let (shown, _) = place(1);
    let (t, until) = (now(), now() + 90 * DAY_S);
    let log = [(t, due(until)), (t, filed()), (t + 60, opened())];
    let delayed = DisclosureState::Delayed { until };
    assert_eq!(state(&log, t + 61, None), delayed);
    assert_eq!(state(&log, until + DISCLOSURE_GRACE_S, None), delayed);
    let late = until + DISCLOSURE_GRACE_S + 1;
    let overdue = DisclosureState::Overdue { since: until };
    assert_eq!(state(&log, late, None), overdue);
    assert_eq!(state(&log, late, Some(&shown)), DisclosureState::Opened);
    // Nothing opened, nothing owed.
    assert_eq!(state(&log[..2], late, None), DisclosureState::Unopened);
    // Opened after the date: owed from then on.
    let after = [(t, due(t)), (t, filed()), (late, opened())];
    let soon = DisclosureState::Delayed { until: late };
    assert_eq!(state(&after, late + 5, None), soon);
}

#[test]
fn what_does_not_open_the_commitment_is_not_published() {
    let t = now();
    let log = [(t, due(t)), (t, filed()), (t, opened())];
    let late = t + DISCLOSURE_GRACE_S + 1;
    let overdue = DisclosureState::Overdue { since: t };
    let (right, _) = place(1);
    assert_eq!(state(&log, late, Some(&right)), DisclosureState::Opened);
    let (wrong_salt, _) = place(2);
    assert_eq!(state(&log, late, Some(&wrong_salt)), overdue);
    let mut other_place = right.clone();
    other_place.details[0].text = right.details[0].text.replace("[7,9]", "[8,9]");
    assert_eq!(state(&log, late, Some(&other_place)), overdue);
    let mut not_place = right;
    not_place.details[0].what = DetailKind::Hour;
    assert_eq!(state(&log, late, Some(&not_place)), overdue);
}

#[test]
fn an_extension_counts_before_the_date_and_up_to_the_longest_delay() {
    let t = now();
    let until = t + 90 * DAY_S;
    let with = |at, to, court| {
        let entries = [
            (t, due(until)),
            (t, filed()),
            (t, opened()),
            (at, extended(to, court)),
        ];
        let told = calendar(&entries).of(&ID).unwrap().clone();
        (told.until.unwrap(), told.extensions)
    };
    let longer = until + 30 * DAY_S;
    assert_eq!(with(until - 1, longer, Court::None), (longer, 1));
    assert_eq!(with(until + 3_600, longer, Court::None), (until, 0), "late");
    assert_eq!(with(t + 1, t + 5, Court::None), (until, 1), "never sooner");
    let (year, five) = (t + DELAY_MAX_S, t + DELAY_COURT_MAX_S);
    assert_eq!(with(until - 1, i64::MAX, Court::None).0, year);
    assert_eq!(with(until - 1, i64::MAX, Court::Decision).0, five);
    // A date beyond the longest delay is cut to it as well, and a second date moves nothing.
    let log = [(t, due(i64::MAX)), (t, due(t)), (t, filed())];
    assert_eq!(calendar(&log).of(&ID).unwrap().until, Some(year));
}

#[test]
fn what_is_taken_down_or_erased_says_so_and_not_before_its_date() {
    let t = now();
    let until = t + DAY_S;
    let begin = [(t, due(until)), (t, filed()), (t, opened())];
    let with = |at, event| {
        let mut all = begin.to_vec();
        all.push((at, event));
        state(&all, until + DAY_S, None)
    };
    let reason = WithdrawalReason::Danger;
    let gone = DisclosureState::Withdrawn { at: until, reason };
    assert_eq!(with(until, withdrawn()), gone);
    let overdue = DisclosureState::Overdue { since: until };
    assert_eq!(with(t + 60, withdrawn()), overdue, "an endless extension");
    let erased = Event::RecordsErased(RecordsErased { request: ID });
    assert_eq!(with(t + 60, erased), DisclosureState::Erased { at: t + 60 });
}

#[test]
fn an_old_log_owes_nothing_and_a_new_one_leaves_no_date_out() {
    let t = now();
    let old = [(t, filed()), (t, opened())];
    assert_eq!(state(&old, t + DAY_S, None), DisclosureState::BeforeDates);
    let mut other = due(t);
    if let Event::DisclosureDue(d) = &mut other {
        d.request = Digest([8; 32]);
    }
    let new = [(t, other), (t, filed()), (t + 5, opened())];
    let overdue = DisclosureState::Overdue { since: t + 5 };
    assert_eq!(state(&new, t + 6, None), overdue);
}

#[test]
fn a_detail_has_one_form() {
    let good = place(1).0.details[0].text.clone();
    assert!(Detail::parse(&good).is_ok());
    for bad in [
        good.replace("[7,9]", "[9,7]"),
        good.replace("[7,9]", "[7,7]"),
        good.replace("[7,9]", "[7, 9]"),
        good.replace("[7,9]", "[\"Market Street\"]"),
        good.replace("\"v\":1", "\"v\":2"),
        good.replace("\"place\"", "\"note\""),
        good.replace("}", ",\"note\":\"seen\"}"),
        format!("{good} "),
        String::new(),
    ] {
        assert!(Detail::parse(&bad).is_err(), "{bad}");
    }
}

proptest! {
    /// Whatever the city logs: past the longest delay, what is not published is not delayed.
    #[test]
    fn no_log_delays_beyond_the_longest(
        first in -1_000_i64..2 * DELAY_MAX_S,
        more in prop::collection::vec((0..DELAY_MAX_S, any::<i64>()), 0..8),
    ) {
        let t = now();
        let mut log = vec![(t, due(t + first)), (t, filed()), (t, opened())];
        for (at, until) in more {
            log.push((t + at, extended(until, Court::None)));
        }
        let late = t + DELAY_MAX_S + DISCLOSURE_GRACE_S + 1;
        let overdue = matches!(state(&log, late, None), DisclosureState::Overdue { .. });
        prop_assert!(overdue);
    }

    #[test]
    fn any_detail_reads_back(mut numbers in prop::collection::vec(any::<u32>(), 0..64)) {
        numbers.sort_unstable();
        numbers.dedup();
        let detail = Detail { v: 1, request: ID, what: DetailKind::Hour, numbers };
        prop_assert_eq!(Detail::parse(&detail.to_text().unwrap()).unwrap(), detail);
    }
}
