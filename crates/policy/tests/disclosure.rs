//! Delay, not darkness: a date at filing, published when it comes, moved, taken down or erased with
//! the oversight body's signature; and what anybody computes of it from the log alone.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;
#[cfg(test)]
mod taken_back;

use core::time::Duration;

use city::{Asked, CAMERA, City};
use loggia_model::{At, Clock, Digest, PersonId, Purpose, RequestId, Role};
use loggia_policy::{Act, AskReason, AskState, AskWhat, DisclosureAsk, Error, Looks};
use loggia_seal::Randomness;
use loggia_transparency::{Calendar, DetailKind, DisclosureState, Event};

const ME: &str = "p.lindqvist";
const AUDITOR: &str = "m.niemi";
const APPROVER: &str = "j.salo";
const DAY: Duration = Duration::from_secs(86_400);

#[cfg(test)]
fn city() -> City {
    let city = City::new();
    city.record(CAMERA, 6);
    city
}

/// An opened request in a case of this number.
#[cfg(test)]
fn opened(city: &City, number: &str) -> Asked {
    let me = city.actor(ME);
    let case = city.policy.open_case(&me, number, Purpose::Investigation);
    let asked = city.ask_in(&case.unwrap(), ME, Purpose::Investigation, "fi-pkl-7");
    let why = "the bicycle of Mrs Example was taken";
    city.policy
        .file(&me, &asked.json, asked.case.id, why)
        .unwrap();
    city.approve("a.korhonen", asked.id);
    city.release("k.virtanen", &asked);
    city.release("s.makela", &asked);
    asked
}

#[cfg(test)]
fn pass(city: &City, time: Duration) {
    city.clock.pass(time);
    city.policy.tick().unwrap();
}

/// What is published of a request: which details.
#[cfg(test)]
fn published(city: &City, id: RequestId) -> Vec<DetailKind> {
    let all = city.policy.published().unwrap();
    let of = all.get(&id).map(|d| d.details.iter().map(|o| o.what));
    of.map(Iterator::collect).unwrap_or_default()
}

#[cfg(test)]
fn calendar(city: &City) -> Calendar {
    let mut calendar = Calendar::default();
    for (index, entry) in city.log.entries(0, 1_000).unwrap() {
        calendar.add(index, &entry);
    }
    calendar
}

/// What a stranger computes from the log and from what is published.
#[cfg(test)]
fn state(city: &City, id: RequestId) -> DisclosureState {
    let all = city.policy.published().unwrap();
    let calendar = calendar(city);
    let told = calendar.of(&id).unwrap();
    told.state(city.clock.now().secs(), all.get(&id))
}

#[cfg(test)]
fn ask(city: &City, by: &str, id: RequestId, what: AskWhat, reason: AskReason) -> DisclosureAsk {
    let mut nonce = [0; 32];
    Randomness::machine().fill(&mut nonce).unwrap();
    let date = city.policy.disclosure(&city.actor(AUDITOR), id);
    let later = date.map_or(At(0), |d| d.date.disclose_at.after(DAY * 30));
    DisclosureAsk {
        v: 1,
        request: id,
        what,
        reason,
        until: if what == AskWhat::Extend {
            later.secs()
        } else {
            0
        },
        court: String::new(),
        asked_by: PersonId(by.into()),
        nonce: Digest(nonce),
    }
}

#[cfg(test)]
fn asks(city: &City, ask: &DisclosureAsk) -> Result<Digest, Error> {
    let by = city.actor(&ask.asked_by.0);
    city.policy.ask_disclosure(&by, &ask.to_json().unwrap())
}

#[cfg(test)]
fn agree(city: &City, by: &str, id: Digest, what: AskWhat) -> Result<AskState, Error> {
    let said = city.say(by, id, what.act());
    city.policy.agree_disclosure(&city.actor(by), id, &said)
}

#[test]
fn the_place_comes_on_its_date_and_the_hour_once_three_cases_share_it() {
    let mut city = city();
    let first = opened(&city, "R/1");
    let again = opened(&city, "R/1");
    let second = opened(&city, "R/2");
    let date = city.policy.disclosure(&city.actor(ME), first.id).unwrap();
    assert_eq!(
        date.date.disclose_at.secs(),
        date.date.filed_at.after(DAY * 90).secs()
    );
    assert!(matches!(
        state(&city, first.id),
        DisclosureState::Delayed { .. }
    ));
    pass(&city, DAY * 89);
    assert!(published(&city, first.id).is_empty());

    // Killed before the tick: the next start's tick publishes, and a second one changes nothing.
    city.clock.pass(DAY * 2);
    assert!(matches!(
        state(&city, first.id),
        DisclosureState::Overdue { .. }
    ));
    city.restart();
    pass(&city, Duration::ZERO);
    let once = city.policy.published().unwrap();
    pass(&city, DAY);
    assert_eq!(city.policy.published().unwrap(), once);
    // Three requests of two cases: place alone. The case opened twice counts once.
    for asked in [&first, &again, &second] {
        assert_eq!(published(&city, asked.id), [DetailKind::Place]);
        assert_eq!(state(&city, asked.id), DisclosureState::Opened);
    }
    let third = opened(&city, "R/3");
    pass(&city, DAY);
    assert_eq!(
        published(&city, first.id),
        [DetailKind::Place],
        "not due yet"
    );
    pass(&city, DAY * 90);
    for asked in [&first, &again, &second, &third] {
        assert_eq!(published(&city, asked.id), DetailKind::ALL);
    }
    // Everything opens the commitment that stood in the log from the first day.
    let all = city.policy.published().unwrap();
    let calendar = calendar(&city);
    let due = calendar.of(&third.id).unwrap().due.clone().unwrap();
    let one = &all[&third.id];
    assert_eq!(one.opens(DetailKind::Place, &due), Some(vec![CAMERA.0]));
    let hour = loggia_model::MANUAL_START.hour().0;
    assert_eq!(one.opens(DetailKind::Hour, &due), Some(vec![hour]));
    assert_eq!(one.opens(DetailKind::Day, &due), Some(vec![hour / 24]));
}

#[test]
fn what_was_never_opened_is_not_published_and_what_opens_late_is_at_once() {
    let city = city();
    let refused = city.investigate();
    let said = city.say("a.korhonen", refused.id, Act::Refuse);
    let by = city.actor("a.korhonen");
    city.policy.decide_request(&by, refused.id, &said).unwrap();
    let own = city.file(ME, Purpose::SubjectAccess, "gdpr-15");
    pass(&city, Duration::from_secs(60));
    assert!(published(&city, own.id).is_empty(), "asked, not opened");
    city.approve("a.korhonen", own.id);
    city.release("k.virtanen", &own);
    city.release("a.korhonen", &own);
    pass(&city, Duration::ZERO);
    assert_eq!(published(&city, own.id), [DetailKind::Place]);
    pass(&city, DAY * 200);
    assert!(published(&city, refused.id).is_empty());
    assert_eq!(state(&city, refused.id), DisclosureState::Unopened);
}

#[test]
fn a_later_date_takes_the_oversight_bodys_signature_and_has_an_end() {
    let city = city();
    let asked = opened(&city, "R/1");
    let extend = |reason| ask(&city, ME, asked.id, AskWhat::Extend, reason);
    let first = extend(AskReason::Investigation);
    let id = asks(&city, &first).unwrap();
    assert!(
        matches!(
            asks(&city, &extend(AskReason::Danger)),
            Err(Error::Conflict(_))
        ),
        "waits"
    );
    // Police, custodians, the auditor alone and other acts agree to nothing.
    for by in ["r.heikkila", "s.makela", "k.virtanen"] {
        assert!(
            matches!(
                agree(&city, by, id, AskWhat::Extend),
                Err(Error::Forbidden(_))
            ),
            "{by}"
        );
    }
    assert!(
        agree(&city, APPROVER, id, AskWhat::Erase).is_err(),
        "another act"
    );
    let tampered = city.say("a.korhonen", id, Act::ExtendDelay);
    let by = city.actor(APPROVER);
    assert!(city.policy.agree_disclosure(&by, id, &tampered).is_err());
    assert!(!city.kinds().contains(&"disclosure_extended"));
    assert_eq!(
        agree(&city, APPROVER, id, AskWhat::Extend).unwrap(),
        AskState::Done
    );
    assert!(
        agree(&city, "a.korhonen", id, AskWhat::Extend).is_err(),
        "once"
    );
    assert_eq!(city.kinds().last(), Some(&"disclosure_extended"));

    pass(&city, DAY * 91);
    assert!(published(&city, asked.id).is_empty());
    assert!(
        matches!(state(&city, asked.id), DisclosureState::Delayed { until } if until == first.until)
    );
}

#[test]
fn a_delay_has_an_end_without_a_court_and_with_one() {
    let city = city();
    let asked = opened(&city, "R/1");
    let extend = |reason| ask(&city, ME, asked.id, AskWhat::Extend, reason);
    // 180 days at the longest; beyond them a court's decision, named; beyond two years nothing.
    let mut long = extend(AskReason::Investigation);
    let filed = city
        .policy
        .disclosure(&city.actor(ME), asked.id)
        .unwrap()
        .date
        .filed_at;
    long.until = filed.after(DAY * 181).secs();
    assert!(matches!(asks(&city, &long), Err(Error::Invalid(_))));
    (long.reason, long.court) = (AskReason::Court, "hel-2026-1234".into());
    let by_court = asks(&city, &long).unwrap();
    agree(&city, APPROVER, by_court, AskWhat::Extend).unwrap();
    let entries = city.log.entries(0, 1_000).unwrap();
    let text = format!("{:?}", entries);
    assert!(
        text.contains("court: Decision") && !text.contains("hel-2026"),
        "kept inside"
    );
    let mut never = extend(AskReason::Court);
    (never.court, never.until) = ("hel-2026-1".into(), filed.after(DAY * 731).secs());
    assert!(matches!(asks(&city, &never), Err(Error::Invalid(_))));
    // Nobody agrees in time: the date comes, and it is too late to ask.
    let mut late = extend(AskReason::Court);
    (late.court, late.until) = ("hel-2026-2".into(), filed.after(DAY * 300).secs());
    let lapsed = asks(&city, &late).unwrap();
    pass(&city, DAY * 182);
    assert_eq!(state(&city, asked.id), DisclosureState::Opened);
    assert!(matches!(
        agree(&city, APPROVER, lapsed, AskWhat::Extend),
        Err(Error::Conflict(_))
    ));
    assert!(matches!(
        asks(&city, &extend(AskReason::Danger)),
        Err(Error::Conflict(_))
    ));
}

#[test]
fn an_agreement_outlives_a_log_that_fails_and_takes_effect_once() {
    let mut city = city();
    let asked = opened(&city, "R/1");
    let extension = ask(
        &city,
        ME,
        asked.id,
        AskWhat::Extend,
        AskReason::Investigation,
    );
    let id = asks(&city, &extension).unwrap();
    let log = city.dir.path().join("data/log");
    std::fs::rename(log.join("tile"), log.join("tile.away")).unwrap();
    std::fs::write(log.join("tile"), b"in the way").unwrap();
    assert!(agree(&city, APPROVER, id, AskWhat::Extend).is_err());
    std::fs::remove_file(log.join("tile")).unwrap();
    std::fs::rename(log.join("tile.away"), log.join("tile")).unwrap();
    city.restart();
    for _ in 0..3 {
        pass(&city, Duration::from_secs(10));
    }
    let n = city
        .kinds()
        .iter()
        .filter(|k| **k == "disclosure_extended")
        .count();
    assert_eq!(n, 1);
    let now = city.policy.disclosure(&city.actor(ME), asked.id).unwrap();
    assert_eq!(now.date.disclose_at.secs(), extension.until);
    assert_eq!(now.date.asks[0].state, AskState::Done);
}

#[test]
fn the_oversight_body_sees_all_at_once_and_its_look_is_a_line() {
    let city = city();
    let asked = opened(&city, "R/1");
    let see = |who: &str| city.policy.disclosure(&city.actor(who), asked.id);
    for who in [AUDITOR, APPROVER, "a.korhonen", ME] {
        assert_eq!(see(who).unwrap().cameras, [CAMERA.0], "{who}");
        assert_eq!(city.policy.disclosures(&city.actor(who)).unwrap().len(), 1);
    }
    for who in [
        "r.heikkila",
        "k.virtanen",
        "o.saarinen",
        "t.laine",
        "s.makela",
    ] {
        assert!(matches!(see(who), Err(Error::NotFound(_))), "{who}");
        assert!(
            city.policy
                .disclosures(&city.actor(who))
                .unwrap()
                .is_empty()
        );
    }
    let mut colleague = city.actor(ME);
    colleague.person = PersonId("another.investigator".into());
    assert!(colleague.has(Role::Investigator));
    assert!(city.policy.disclosure(&colleague, asked.id).is_err());
    let looks = Looks {
        act: Some("delay".into()),
        ..Looks::default()
    };
    let lines = city
        .policy
        .access_log(&city.actor(AUDITOR), &looks)
        .unwrap();
    let who: Vec<_> = lines.iter().rev().map(|l| l.person.0.as_str()).collect();
    assert_eq!(who, [AUDITOR, APPROVER, "a.korhonen"]);
}

#[test]
fn the_date_stands_in_the_log_before_the_request() {
    let city = city();
    let asked = city.investigate();
    let entries = city.log.entries(0, 1_000).unwrap();
    let kinds: Vec<_> = entries.iter().map(|(_, e)| e.event.kind()).collect();
    assert!(kinds.ends_with(&["freeze", "disclosure_due", "request_filed"]));
    let due = entries.iter().rev().find_map(|(_, e)| match &e.event {
        Event::DisclosureDue(d) => Some(d.clone()),
        _ => None,
    });
    let due = due.unwrap();
    assert_eq!(due.request, asked.id);
    assert!(due.place != due.day && due.day != due.hour);
}
