//! The end of a case, and what the oversight body's auditor is told to ask about.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use core::time::Duration;

use city::{CAMERA, City};
use loggia_model::{At, Clock, MANUAL_START, OwnFootage, Purpose};
use loggia_policy::{Error, Retention, State};

const AUDITOR: &str = "m.niemi";
const POLICE: &str = "p.lindqvist";
const OPENING_LASTS: Duration = Duration::from_secs(40 * 86_400);

#[test]
fn a_case_with_an_opening_is_asked_about_until_somebody_closes_it() {
    let city = City::new();
    city.record(CAMERA, 6);
    let (police, auditor) = (city.actor(POLICE), city.actor(AUDITOR));
    let asked = city.investigate();
    let of = |city: &City| city.policy.unexplained(&auditor).unwrap().cases;
    assert!(of(&city).is_empty(), "nothing was opened yet");
    city.approve("a.korhonen", asked.id);
    city.release("k.virtanen", &asked);
    city.release("a.korhonen", &asked);
    let [open] = <[_; 1]>::try_from(of(&city)).unwrap();
    assert_eq!((open.openings, open.running), (1, true));
    assert_eq!(open.opened_by, police.person);

    let still = city.policy.close_case(&police, open.id);
    assert!(matches!(still, Err(Error::Conflict(_))), "its request runs");
    city.clock.pass(OPENING_LASTS);
    city.policy.tick().unwrap();
    let view = city.policy.request_view(&police, asked.id).unwrap();
    assert_eq!(view.state, State::Expired);
    assert!(!of(&city)[0].running);

    let entries = city.kinds().len();
    let closed = city.policy.close_case(&police, open.id).unwrap();
    assert_eq!(closed.closed_at, Some(city.clock.now()));
    assert_eq!(
        city.kinds().len(),
        entries,
        "the public log has no kind for it"
    );
    assert!(of(&city).is_empty());
    let twice = city.policy.close_case(&police, open.id);
    assert!(matches!(twice, Err(Error::Conflict(_))));
    assert!(city.policy.cases(&police).unwrap()[0].closed_at.is_some());
}

#[test]
fn who_opened_a_case_closes_it_or_the_auditor_and_nobody_files_in_it_then() {
    let city = City::new();
    city.record(CAMERA, 6);
    let case = city.case("p.lindqvist", Purpose::Investigation);
    for (who, hidden) in [("a.korhonen", true), ("r.heikkila", false)] {
        let not = city.policy.close_case(&city.actor(who), case.id);
        match not {
            Err(Error::NotFound(_)) => assert!(hidden, "{who}"),
            Err(Error::Forbidden(_)) => assert!(!hidden, "{who}"),
            other => panic!("{who}: {other:?}"),
        }
    }
    let none = city.policy.close_case(&city.actor(AUDITOR), 999);
    assert!(matches!(none, Err(Error::NotFound(_))));
    city.policy
        .close_case(&city.actor(AUDITOR), case.id)
        .unwrap();
    let asked = city.ask_in(&case, "p.lindqvist", Purpose::Investigation, "fi-pkl-7");
    let filed = city.file_text(POLICE, &asked.json, case.id, city::WHY);
    assert!(matches!(filed, Err(Error::Conflict(_))));
}

#[test]
fn keys_past_their_time_are_told_with_what_keeps_them() {
    let city = City::new();
    city.record(CAMERA, 6);
    let auditor = city.actor(AUDITOR);
    let keys = |city: &City| city.policy.unexplained(&auditor).unwrap().keys;
    assert_eq!(keys(&city), None, "retention has not run");
    let _asked = city.investigate();
    city.clock.pass(Duration::from_secs(5 * 3_600));
    let retention = Retention {
        default_h: 1,
        ..Retention::default()
    };
    city.policy.retention_tick(&retention).unwrap();
    let [late] = <[_; 1]>::try_from(keys(&city).unwrap()).unwrap();
    assert_eq!((late.hour, late.keys), (MANUAL_START.hour().0, 1));
    assert!(late.kept, "a request keeps it");
    let not = city.policy.unexplained(&city.actor(POLICE));
    assert!(matches!(not, Err(Error::Forbidden(_))));
}

#[test]
fn whoever_decides_sees_what_was_asked_before_in_the_case_and_its_requester_does_not() {
    let city = City::new();
    city.record(CAMERA, 6);
    let first = city.investigate();
    city.clock.pass(Duration::from_secs(60));
    let second = city.ask_in(&first.case, POLICE, Purpose::Investigation, "fi-pkl-7");
    city.file_text(POLICE, &second.json, second.case.id, city::WHY)
        .unwrap();
    let seen = |who: &str| {
        city.policy
            .request_view(&city.actor(who), second.id)
            .unwrap()
            .before
    };
    for who in ["a.korhonen", AUDITOR] {
        let before = seen(who);
        assert_eq!(
            before.iter().map(|b| b.id).collect::<Vec<_>>(),
            [first.id],
            "{who}"
        );
        assert_eq!(
            (before[0].cameras.as_slice(), before[0].length_us),
            (&[CAMERA][..], 30_000_000)
        );
    }
    assert!(seen(POLICE).is_empty());
    let of_first = city
        .policy
        .request_view(&city.actor("a.korhonen"), first.id)
        .unwrap();
    assert!(of_first.before.is_empty(), "what came later is not before");
}

#[test]
fn a_case_in_which_a_resident_waits_is_closed_by_the_answer() {
    let city = City::new();
    city.record(CAMERA, 6);
    let ask = OwnFootage {
        name: "A resident".into(),
        contact: "by post".into(),
        cameras: vec![CAMERA],
        from: MANUAL_START,
        to: At(MANUAL_START.0 + 20_000_000),
        told: String::new(),
    };
    city.policy.ask_for_oneself(&ask).unwrap();
    let auditor = city.actor(AUDITOR);
    let one = city.policy.resident_asks(&auditor).unwrap().remove(0);
    let mine = || city.policy.cases(&city.actor(POLICE)).unwrap().remove(0);
    let early = city.policy.close_case(&auditor, mine().id);
    assert!(matches!(early, Err(Error::Conflict(_))), "{early:?}");
    let said = "Nothing of you was recorded there.";
    city.policy.answer_resident(&auditor, one.id, said).unwrap();
    assert!(mine().closed_at.is_some());
}
