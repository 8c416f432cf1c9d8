//! What one person may have in a day: cases, requests and exports are entries in the public log for
//! good.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use core::time::Duration;

use city::{CAMERA, City};
use loggia_model::{Clock, Digest, Purpose};
use loggia_policy::{
    CASES_PER_DAY_MAX, EXPORTS_PER_DAY_MAX, Error, Exported, REQUESTS_PER_DAY_MAX,
};

#[cfg(test)]
fn busy<T: std::fmt::Debug>(got: Result<T, Error>) -> String {
    match got {
        Err(Error::Busy(why)) => why,
        other => panic!("not too many: {other:?}"),
    }
}

#[test]
fn cases_of_a_day_are_bounded_for_each_person() {
    let city = City::new();
    let open = |who: &str, purpose| city.policy.open_case(&city.actor(who), "1/26", purpose);
    for _ in 0..CASES_PER_DAY_MAX {
        open("p.lindqvist", Purpose::Investigation).unwrap();
    }
    let entries = city.kinds().len();
    let why = busy(open("p.lindqvist", Purpose::Investigation));
    assert!(why.contains("100 cases in the last 24 hours"), "{why}");
    assert_eq!(city.kinds().len(), entries, "nothing is logged");
    open("m.niemi", Purpose::AuditSample).unwrap();
    city.clock.pass(Duration::from_secs(86_399));
    busy(open("p.lindqvist", Purpose::Investigation));
    city.clock.pass(Duration::from_secs(1));
    open("p.lindqvist", Purpose::Investigation).unwrap();
}

#[test]
fn requests_of_a_day_are_bounded_for_each_person_also_when_each_is_withdrawn() {
    let city = City::new();
    city.record(CAMERA, 6);
    let day = Duration::from_secs(86_400);
    let case = city.case("p.lindqvist", Purpose::Investigation);
    let file = || {
        let asked = city.ask_in(&case, "p.lindqvist", Purpose::Investigation, "fi-pkl-7");
        let me = city.actor("p.lindqvist");
        let filed = city.file_text("p.lindqvist", &asked.json, case.id, city::WHY);
        if let Ok(id) = &filed {
            city.policy.withdraw(&me, *id).unwrap();
        }
        filed
    };
    let again = city.clock.now().after(day);
    file().unwrap();
    city.clock.pass(Duration::from_secs(1));
    for _ in 1..REQUESTS_PER_DAY_MAX {
        file().unwrap();
    }
    let entries = city.log.checkpoint().size();
    let why = busy(file());
    assert!(why.contains("100 requests in the last 24 hours"), "{why}");
    assert!(why.contains(&again.to_string()), "{why}");
    assert_eq!(city.log.checkpoint().size(), entries, "nothing is logged");
    city.clock.pass(day - Duration::from_secs(2));
    busy(file());
    // The first is a day old, the others are not: one more.
    city.clock.pass(Duration::from_secs(1));
    file().unwrap();
    busy(file());
}

#[test]
fn exports_of_a_day_are_bounded_for_each_person() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.open();
    let me = city.actor("p.lindqvist");
    let export = || {
        let export = Exported {
            sha256: Digest([7; 32]),
            recipient: "district court".to_owned(),
            exhibit: "A 1".to_owned(),
        };
        city.policy.export(&me, asked.id, &export)
    };
    for _ in 0..EXPORTS_PER_DAY_MAX {
        export().unwrap();
    }
    let entries = city.kinds().len();
    let why = busy(export());
    assert!(why.contains("exported 100 times"), "{why}");
    assert_eq!(city.kinds().len(), entries, "nothing is logged");
}
