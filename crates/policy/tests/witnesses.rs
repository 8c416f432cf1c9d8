//! Openings wait for the witnesses: without their quorum no custodian is shown a share and nothing
//! is opened; everything else goes on, and what waited goes on by itself.
#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use std::sync::atomic::Ordering;

use city::{CAMERA, City, LONG};
use loggia_policy::{Act, Error, Retention, State};
use loggia_transparency::{SeenBy, Unseen};

fn away(city: &City, bodies: usize, away: bool) {
    for body in &city.bodies[..bodies] {
        body.away.store(away, Ordering::SeqCst);
    }
}

fn state(city: &City, asked: &city::Asked) -> (State, SeenBy) {
    let me = city.actor("p.lindqvist");
    let view = city.policy.request_view(&me, asked.id).unwrap();
    (view.state, view.witnesses)
}

#[test]
fn a_decision_that_no_quorum_saw_shows_no_custodian_a_share() {
    let city = City::new();
    city.record(CAMERA, 6);
    away(&city, 3, true);
    let asked = city.investigate();
    city.approve("a.korhonen", asked.id);
    assert_eq!(state(&city, &asked), (State::Approved, SeenBy::Gone));
    let custodian = city.actor("k.virtanen");
    let shown = city.policy.desk_shares(&custodian, asked.id);
    assert!(
        matches!(shown, Err(Error::Unwitnessed(Unseen::Gone))),
        "{shown:?}"
    );
    let said = city.say("k.virtanen", asked.id, Act::Release);
    let released = city.policy.release(&custodian, asked.id, &said, &[]);
    assert!(
        matches!(released, Err(Error::Unwitnessed(_))),
        "{released:?}"
    );
    // Keys wait, deadlines pass and retention runs all the same; a request is taken back.
    assert_eq!(city.keys.frozen().len(), 1);
    city.policy.tick().unwrap();
    city.policy.retention_tick(&Retention::default()).unwrap();
    let other = city.investigate();
    city.policy
        .withdraw(&city.actor("p.lindqvist"), other.id)
        .unwrap();
    // A minority away changes nothing.
    away(&city, 1, false);
    assert!(
        city.witnesses.wait(city.log.size() - 1, LONG) || {
            // The lanes rest a moment after a failure.
            while city.witnesses.seen_by(city.log.size() - 1) != SeenBy::Quorum {
                std::thread::sleep(core::time::Duration::from_millis(20));
            }
            true
        }
    );
    city.release("k.virtanen", &asked);
    city.release("a.korhonen", &asked);
    assert_eq!(state(&city, &asked), (State::Open, SeenBy::Quorum));
}

#[test]
fn an_opening_that_no_quorum_saw_opens_once_they_are_back() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.investigate();
    city.approve("a.korhonen", asked.id);
    city.release("k.virtanen", &asked);
    away(&city, 5, true);
    city.release("a.korhonen", &asked);
    let me = city.actor("p.lindqvist");
    let opening = || city.kinds().iter().filter(|k| **k == "opening").count();
    for _ in 0..3 {
        city.policy.finish_openings().unwrap();
        assert_eq!(state(&city, &asked).0, State::Released);
        assert!(city.policy.footage_permit(asked.id, &me).is_err());
        assert!(city.policy.released(&me, asked.id).is_err());
        assert_eq!(opening(), 1, "it is logged once, and waits");
    }
    away(&city, 5, false);
    while state(&city, &asked).0 != State::Open {
        std::thread::sleep(core::time::Duration::from_millis(20));
        city.policy.finish_openings().unwrap();
    }
    assert_eq!(opening(), 1);
    let permit = city.policy.footage_permit(asked.id, &me).unwrap();
    assert!(permit.decision().size() > permit.opening_index());
    // What is open stays open when they leave again.
    away(&city, 5, true);
    assert!(city.policy.footage_permit(asked.id, &me).is_ok());
}
