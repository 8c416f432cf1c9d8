//! Retention, freezes and holds: what is destroyed, what waits, and what is kept.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use core::time::Duration;

use city::{CAMERA, City};
use loggia_model::{At, Body, Clock, Digest, MANUAL_START, PersonId, SpanId};
use loggia_policy::{Act, CameraSpans, Error, HoldAsk, HoldState, Retention, Standing, State};

fn one_hour() -> Retention {
    Retention {
        default_h: 1,
        ..Retention::default()
    }
}

fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3_600)
}

#[test]
fn a_freeze_makes_destruction_wait_and_its_end_lets_it_happen() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.investigate();
    let hour = MANUAL_START.hour();
    city.clock.pass(hours(3));
    let tick = city.policy.retention_tick(&one_hour()).unwrap();
    assert!(tick.destroyed.is_empty());
    assert_eq!(tick.frozen, [(CAMERA, hour)]);
    assert!(city.keys.has(CAMERA, hour));

    city.policy
        .withdraw(&city.actor("p.lindqvist"), asked.id)
        .unwrap();
    let tick = city.policy.retention_tick(&one_hour()).unwrap();
    assert_eq!(tick.destroyed, [(CAMERA, hour)]);
    assert_eq!(tick.deleted, [hour]);
    assert!(!city.keys.has(CAMERA, hour));
    let kinds = city.kinds();
    assert_eq!(
        kinds[kinds.len() - 3..],
        ["request_ended", "key_due", "key_destroyed"]
    );
    let to = At(MANUAL_START.0 + 60_000_000);
    let cover = city.policy.cover(&[CAMERA], MANUAL_START, to);
    assert!(matches!(cover, Err(Error::Conflict(_))));
    let again = city.policy.retention_tick(&one_hour()).unwrap();
    assert_eq!(again, loggia_policy::Tick::default());
}

#[test]
fn an_approved_request_outlives_retention_and_opens() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.investigate();
    city.clock.pass(hours(30));
    city.policy.retention_tick(&one_hour()).unwrap();
    city.approve("a.korhonen", asked.id);
    city.release("k.virtanen", &asked);
    city.policy.retention_tick(&one_hour()).unwrap();
    city.release("s.makela", &asked);
    let me = city.actor("p.lindqvist");
    assert_eq!(
        city.policy.request_view(&me, asked.id).unwrap().state,
        State::Open
    );
}

#[test]
fn a_clock_set_forward_destroys_nothing() {
    let city = City::new();
    city.record(CAMERA, 6);
    city.clock.set_wall(city.clock.now().after(hours(1_000)));
    city.keys.tick().unwrap();
    let tick = city.policy.retention_tick(&one_hour()).unwrap();
    assert!(tick.destroyed.is_empty());
    assert!(city.keys.has(CAMERA, MANUAL_START.hour()));
}

#[cfg(test)]
fn hold_of(city: &City) -> (String, Digest) {
    let now = city.clock.now();
    let ask = HoldAsk {
        v: 1,
        camera_spans: vec![CameraSpans {
            camera: CAMERA,
            first: SpanId(2),
            last: SpanId(3),
        }],
        reason: "a court has asked for these minutes".into(),
        until: now.after(hours(30 * 24)),
        review: now.after(hours(10 * 24)),
        asked_by: PersonId("p.lindqvist".into()),
        nonce: Digest([4; 32]),
    };
    let json = serde_json::to_string(&ask).unwrap();
    let id = HoldAsk::id_of(&json);
    (json, id)
}

#[test]
fn asking_for_a_hold_is_told_bounded_and_lapses_in_the_log() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asker = city.actor("p.lindqvist");
    let (json, _) = hold_of(&city);
    city.policy.ask_hold(&asker, &json).unwrap();
    assert_eq!(city.kinds().last(), Some(&"freeze"));
    let again = |n: u8| json.replace(&"04".repeat(32), &hex::encode([n; 32]));
    for n in 20..39 {
        city.policy.ask_hold(&asker, &again(n)).unwrap();
    }
    let one_more = city.policy.ask_hold(&asker, &again(39));
    assert!(matches!(one_more, Err(Error::Busy(_))), "{one_more:?}");
    city.clock.pass(hours(72));
    city.policy.tick().unwrap();
    assert!(city.keys.frozen().is_empty());
    let lapsed = city.kinds().iter().filter(|k| **k == "hold_ended").count();
    assert_eq!(lapsed, 20);
}

#[test]
fn a_hold_that_both_bodies_ended_waits_for_a_running_request_and_no_longer() {
    let city = City::new();
    city.record(CAMERA, 6);
    let (json, id) = hold_of(&city);
    city.policy
        .ask_hold(&city.actor("p.lindqvist"), &json)
        .unwrap();
    let say = |p: &str, act| {
        city.policy
            .state_hold(&city.actor(p), id, &city.say(p, id, act))
            .unwrap()
    };
    say("k.virtanen", Act::Hold);
    assert_eq!(say("s.makela", Act::Hold), HoldState::Held);
    let asked = city.open();
    say("k.virtanen", Act::EndHold);
    assert_eq!(say("s.makela", Act::EndHold), HoldState::Held);
    city.policy.tick().unwrap();
    let state = || city.policy.holds(&city.actor("m.niemi")).unwrap()[0].state;
    assert_eq!(state(), HoldState::Held, "a request still runs");
    city.policy
        .withdraw(&city.actor("p.lindqvist"), asked.id)
        .unwrap();
    city.policy.tick().unwrap();
    assert_eq!(state(), HoldState::Ended);
    assert_eq!(city.kinds().last(), Some(&"hold_ended"));
}

#[test]
fn a_hold_needs_both_bodies_keeps_named_spans_and_ends() {
    let city = City::new();
    city.record(CAMERA, 6);
    let (json, id) = hold_of(&city);
    assert!(
        city.policy
            .ask_hold(&city.actor("o.saarinen"), &json)
            .is_err()
    );
    city.policy
        .ask_hold(&city.actor("p.lindqvist"), &json)
        .unwrap();
    assert_eq!(city.keys.frozen().len(), 1);
    let agree = |p: &str, act| {
        city.policy
            .state_hold(&city.actor(p), id, &city.say(p, id, act))
            .unwrap()
    };
    assert_eq!(agree("k.virtanen", Act::Hold), HoldState::Asked);
    // A second person of the same body is no second body.
    assert_eq!(agree("r.heikkila", Act::Hold), HoldState::Asked);
    assert_eq!(agree("s.makela", Act::Hold), HoldState::Held);
    assert!(city.keys.frozen().is_empty());
    assert_eq!(city.kinds().last(), Some(&"hold"));
    let seen = &city.policy.holds(&city.actor("m.niemi")).unwrap()[0];
    assert_eq!(seen.agreed, [Body::Police, Body::Oversight]);
    assert!(seen.ending.is_empty() && seen.begin < seen.end);
    // What the salt opens is what the log holds.
    let salt: [u8; 32] = hex::decode(&seen.salt).unwrap().try_into().unwrap();
    let committed = loggia_transparency::commit(&salt, json.as_bytes()).to_string();
    let entries = city.log.entries(0, 1_000).unwrap();
    assert!(format!("{:?}", entries.last().unwrap().1).contains(&committed));

    city.clock.pass(hours(3));
    let tick = city.policy.retention_tick(&one_hour()).unwrap();
    assert_eq!(tick.destroyed.len(), 1);
    assert_eq!(tick.deleted.len(), 1);
    assert!(city.blobs.span(CAMERA, SpanId(1)).unwrap().is_none());

    // The held spans can still be asked for and opened by both groups.
    let asked = city.open();
    let early = city.policy.state_hold(
        &city.actor("k.virtanen"),
        id,
        &city.say("k.virtanen", id, Act::EndHold),
    );
    assert_eq!(early.unwrap(), HoldState::Held);
    let seen = &city.policy.holds(&city.actor("m.niemi")).unwrap()[0];
    assert_eq!(seen.ending, [Body::Police]);
    city.policy
        .withdraw(&city.actor("p.lindqvist"), asked.id)
        .unwrap();

    city.clock.pass(hours(11 * 24));
    city.policy.tick().unwrap();
    assert_eq!(city.kinds().last(), Some(&"review_due"));
    city.clock.pass(hours(20 * 24));
    city.policy.tick().unwrap();
    assert_eq!(city.kinds().last(), Some(&"hold_ended"));
    let over = &city.policy.holds(&city.actor("m.niemi")).unwrap()[0];
    let last = u64::try_from(city.kinds().len() - 1).unwrap();
    assert_eq!(over.ended_index, Some(last));
    assert!(city.blobs.span(CAMERA, SpanId(2)).unwrap().is_none());
    let to = At(MANUAL_START.0 + 60_000_000);
    assert!(city.policy.cover(&[CAMERA], MANUAL_START, to).is_err());
}

#[test]
fn what_a_disabled_person_said_of_a_hold_does_not_count() {
    let city = City::new();
    city.record(CAMERA, 6);
    let (json, id) = hold_of(&city);
    city.policy
        .ask_hold(&city.actor("p.lindqvist"), &json)
        .unwrap();
    let agree = |p: &str, act| {
        city.policy
            .state_hold(&city.actor(p), id, &city.say(p, id, act))
            .unwrap()
    };
    let stand = |p: &str, standing| {
        city.policy
            .set_standing(&city.actor("t.laine"), &PersonId(p.into()), standing)
            .unwrap();
    };
    let seen = || city.policy.holds(&city.actor("m.niemi")).unwrap().remove(0);
    assert_eq!(agree("s.makela", Act::Hold), HoldState::Asked);
    stand("s.makela", Standing::Disabled);
    assert!(seen().agreed.is_empty());
    assert_eq!(agree("k.virtanen", Act::Hold), HoldState::Asked);
    city.policy.tick().unwrap();
    assert_eq!(seen().state, HoldState::Asked);
    assert_eq!(agree("a.korhonen", Act::Hold), HoldState::Held);
    // In force, it stays in force.
    stand("a.korhonen", Standing::Disabled);
    assert_eq!(seen().agreed, [Body::Police, Body::Oversight]);
    stand("s.makela", Standing::Enabled);
    assert_eq!(agree("s.makela", Act::EndHold), HoldState::Held);
    stand("s.makela", Standing::Disabled);
    assert_eq!(agree("k.virtanen", Act::EndHold), HoldState::Held);
    assert_eq!(seen().ending, [Body::Police]);
    stand("a.korhonen", Standing::Enabled);
    assert_eq!(agree("a.korhonen", Act::EndHold), HoldState::Ended);
}

#[test]
fn a_hold_names_spans_that_exist_and_says_how_many_it_keeps() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asker = city.actor("p.lindqvist");
    let (json, _) = hold_of(&city);
    let entries = city.kinds().len();
    for (from, to) in [(2, 900), (7, 9), (9, 900)] {
        let named = json.replace(
            "\"first\":2,\"last\":3",
            &format!("\"first\":{from},\"last\":{to}"),
        );
        assert_ne!(named, json);
        let refused = city.policy.ask_hold(&asker, &named);
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
    assert_eq!(city.kinds().len(), entries, "nothing is logged");
    assert!(city.keys.frozen().is_empty());
    city.policy.ask_hold(&asker, &json).unwrap();
    let seen = city.policy.holds(&city.actor("m.niemi")).unwrap().remove(0);
    assert_eq!(seen.spans, 2);
}

#[test]
fn an_unanswered_hold_lapses() {
    let city = City::new();
    city.record(CAMERA, 6);
    let (json, id) = hold_of(&city);
    city.policy
        .ask_hold(&city.actor("p.lindqvist"), &json)
        .unwrap();
    city.clock.pass(hours(72));
    city.policy.tick().unwrap();
    assert!(city.keys.frozen().is_empty());
    let said = city.say("k.virtanen", id, Act::Hold);
    assert!(
        city.policy
            .state_hold(&city.actor("k.virtanen"), id, &said)
            .is_err()
    );
}
