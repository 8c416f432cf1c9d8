//! Complaints: who reads them, how many are taken, when they are forgotten.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use core::time::Duration;

use city::{CAMERA, City};
use loggia_model::Complaint;
use loggia_policy::{ANSWERED_KEPT, COMPLAINTS_PER_DAY_MAX, COMPLAINTS_WAITING_MAX, Error};

const AUDITOR: &str = "m.niemi";
const POLICE: &str = "p.lindqvist";

#[cfg(test)]
fn complaint() -> Complaint {
    Complaint {
        name: "Anna Berg".into(),
        contact: "by post, Kaivokatu 1".into(),
        about: "The camera at the corner looks into my window.".into(),
        camera: Some(CAMERA),
    }
}

#[test]
fn a_complaint_reaches_the_auditor_alone_and_is_forgotten_after_its_answer() {
    let city = City::new();
    let number = city.policy.complain(&complaint()).unwrap();
    let auditor = city.actor(AUDITOR);
    for who in [POLICE, "a.korhonen", "k.virtanen", "o.saarinen", "t.laine"] {
        assert!(city.policy.complaints(&city.actor(who)).is_err(), "{who}");
    }
    let one = city.policy.complaints(&auditor).unwrap().remove(0);
    assert_eq!(
        one.number, number,
        "what was given is what the auditor finds"
    );
    assert_eq!(
        (one.about.as_str(), one.camera),
        (complaint().about.as_str(), Some(CAMERA))
    );
    assert!(one.answered_at.is_none());
    let said = "The camera was turned away from the window.";
    let id = one.id;
    assert!(
        city.policy
            .answer_complaint(&city.actor(POLICE), id, said)
            .is_err()
    );
    assert!(city.policy.answer_complaint(&auditor, id, "no").is_err());
    city.policy.answer_complaint(&auditor, id, said).unwrap();
    assert!(city.policy.answer_complaint(&auditor, id, said).is_err());
    let one = city.policy.complaints(&auditor).unwrap().remove(0);
    assert_eq!(
        one.number, number,
        "what was given is what the auditor finds"
    );
    assert_eq!(one.answer.as_deref(), Some(said));
    city.clock.pass(ANSWERED_KEPT + Duration::from_secs(1));
    city.policy.tick().unwrap();
    assert!(city.policy.complaints(&auditor).unwrap().is_empty());
}

#[test]
fn complaints_are_bounded_by_the_day_and_in_all() {
    let city = City::new();
    let mut short = complaint();
    short.about = "bad".into();
    let refused = city.policy.complain(&short);
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let mut nameless = complaint();
    nameless.name.clear();
    nameless.contact.clear();
    city.policy.complain(&nameless).unwrap();
    let mut taken = 1;
    for _ in 0..10 {
        for _ in 0..COMPLAINTS_PER_DAY_MAX {
            if city.policy.complain(&complaint()).is_ok() {
                taken += 1;
            }
        }
        let more = city.policy.complain(&complaint());
        assert!(matches!(more, Err(Error::Busy(_))), "{more:?}");
        city.clock.pass(Duration::from_secs(86_401));
    }
    assert_eq!(taken, COMPLAINTS_WAITING_MAX);
}
