//! Night duty: who has the turn, who is called next, and who keeps the rota.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use core::time::Duration;

use city::{CAMERA, City};
use loggia_model::{At, Clock, PersonId, Purpose};
use loggia_policy::{Alert, AlertStage, ESCALATE, ESCALATE_DANGER, Error, TURNS_MAX, Watch};

const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
fn person(p: &str) -> PersonId {
    PersonId(p.to_owned())
}

#[cfg(test)]
fn city() -> City {
    let city = City::new();
    city.record(CAMERA, 6);
    city
}

#[cfg(test)]
fn turn(city: &City, p: &str, from_min: i64, to_min: i64, rank: u32) -> Watch {
    let at = |min: i64| At(city.clock.now().0 + min * 60_000_000);
    Watch {
        person: person(p),
        from: at(from_min),
        to: at(to_min),
        rank,
    }
}

#[cfg(test)]
fn due(city: &City) -> Vec<(AlertStage, u32, Vec<String>)> {
    let line = |a: Alert| (a.stage, a.rank, a.people.into_iter().map(|p| p.0).collect());
    city.policy
        .alerts_due()
        .unwrap()
        .into_iter()
        .map(line)
        .collect()
}

#[cfg(test)]
fn names(people: &[&str]) -> Vec<String> {
    people.iter().map(|p| (*p).to_owned()).collect()
}

#[test]
fn each_rank_is_called_after_its_time_and_danger_to_life_sooner() {
    for (purpose, basis, wait) in [
        (Purpose::Investigation, "fi-pkl-7", ESCALATE),
        (Purpose::DangerToLife, "fi-poll-2-6", ESCALATE_DANGER),
    ] {
        let city = city();
        let rota = [
            turn(&city, "j.salo", 0, 600, 0),
            turn(&city, "a.korhonen", 0, 600, 1),
        ];
        city.policy
            .set_rota(&city.actor("a.korhonen"), &rota)
            .unwrap();
        city.file("p.lindqvist", purpose, basis);
        let called = |rank, people: &[&str]| vec![(AlertStage::Approve, rank, names(people))];
        assert_eq!(due(&city), called(0, &["j.salo"]));
        assert_eq!(due(&city), []);
        city.clock.pass(wait - Duration::from_micros(1));
        assert_eq!(due(&city), []);
        city.clock.pass(Duration::from_micros(1));
        assert_eq!(due(&city), called(1, &["a.korhonen", "j.salo"]));
        city.clock.pass(wait);
        assert_eq!(due(&city), called(2, &["a.korhonen", "j.salo"]));
        city.clock.pass(wait);
        assert_eq!(due(&city), [], "there is no fourth rank");
    }
    assert!(ESCALATE_DANGER < ESCALATE);
}

#[test]
fn turns_may_overlap_and_a_gap_calls_the_next_rank_then_everybody() {
    let city = city();
    let rota = [
        turn(&city, "j.salo", -60, 10, 0),
        turn(&city, "a.korhonen", 5, 30, 0),
        turn(&city, "j.salo", 20, 40, 1),
    ];
    city.policy
        .set_rota(&city.actor("a.korhonen"), &rota)
        .unwrap();
    let mut called = Vec::new();
    for pass in [0, 5, 5, 20, 10] {
        city.clock.pass(MINUTE * pass);
        // A new request of each moment; earlier ones are not asked again.
        let asked = city.investigate();
        let all = city.policy.alerts_due().unwrap();
        let alert = all.into_iter().find(|a| a.request == asked.id).unwrap();
        called.push(alert.people.into_iter().map(|p| p.0).collect::<Vec<_>>());
    }
    let both = names(&["a.korhonen", "j.salo"]);
    let want = [
        names(&["j.salo"]),
        both.clone(),
        // A turn ends where it ends: at its last instant it is over.
        names(&["a.korhonen"]),
        // Nobody of the first rank: the second is called at once.
        names(&["j.salo"]),
        // Nobody at all: everybody who could.
        both,
    ];
    assert_eq!(called, want);
}

#[test]
fn who_asks_who_is_disabled_and_who_answered_is_not_called() {
    let city = city();
    let administrator = city.actor("t.laine");
    let disabled = loggia_policy::Standing::Disabled;
    city.policy
        .set_standing(&administrator, &person("j.salo"), disabled)
        .unwrap();
    let asked = city.investigate();
    let only = |stage, p| vec![(stage, 0, names(p))];
    assert_eq!(due(&city), only(AlertStage::Approve, &["a.korhonen"]));
    city.approve("a.korhonen", asked.id);
    let want = [
        (AlertStage::ReleasePolice, 0, names(&["k.virtanen"])),
        (
            AlertStage::ReleaseOversight,
            0,
            names(&["a.korhonen", "s.makela"]),
        ),
    ];
    assert_eq!(due(&city), want);
    city.release("k.virtanen", &asked);
    city.clock.pass(ESCALATE);
    let again = vec![(
        AlertStage::ReleaseOversight,
        1,
        names(&["a.korhonen", "s.makela"]),
    )];
    assert_eq!(due(&city), again);
    city.release("s.makela", &asked);
    city.clock.pass(ESCALATE);
    assert_eq!(due(&city), []);
}

#[test]
fn a_rota_is_kept_by_its_own_body_within_bounds() {
    let city = city();
    let (ours, theirs) = (city.actor("a.korhonen"), city.actor("k.virtanen"));
    let good = [turn(&city, "s.makela", 0, 60, 2)];
    city.policy.set_rota(&ours, &good).unwrap();
    city.policy
        .set_rota(&theirs, &[turn(&city, "k.virtanen", 0, 60, 0)])
        .unwrap();
    assert_eq!(
        city.policy.rota(&ours).unwrap(),
        good,
        "another body's rota leaves ours"
    );
    assert_eq!(city.policy.rota(&theirs).unwrap().len(), 1);
    let refused = |rota: &[Watch]| {
        let said = city.policy.set_rota(&ours, rota).unwrap_err();
        assert!(matches!(said, Error::Invalid(_)), "{said}");
    };
    refused(&[turn(&city, "k.virtanen", 0, 60, 0)]);
    refused(&[turn(&city, "m.niemi", 0, 60, 0)]);
    refused(&[turn(&city, "s.makela", 60, 60, 0)]);
    refused(&[turn(&city, "s.makela", 0, 60, 3)]);
    refused(&[
        turn(&city, "s.makela", 0, 60, 0),
        turn(&city, "s.makela", 0, 30, 1),
    ]);
    refused(&vec![good[0].clone(); TURNS_MAX + 1]);
    let auditor = city.policy.set_rota(&city.actor("m.niemi"), &good);
    assert!(matches!(auditor, Err(Error::Forbidden(_))));
    assert_eq!(city.policy.rota(&ours).unwrap(), good);
}

/// Nothing of the case, the place, the reason or who asks.

#[test]
fn a_call_that_nobody_took_falls_due_again_after_a_restart() {
    let mut city = city();
    city.investigate();
    assert_eq!(due(&city).len(), 1);
    assert_eq!(due(&city), []);
    city.restart();
    assert_eq!(due(&city).len(), 1);
}
