//! Custodians come and go: what is kept is handed on to those who came, by their own group alone
//! and only to keys of the roster in force; those who left get nothing more.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;
#[cfg(test)]
mod newcomer;

use city::{CAMERA, City, b64};
use loggia_model::{Body, SpanId};
use loggia_policy::{Error, HANDED_MAX, HandedOn, State};
use loggia_seal::{CustodianPublic, WrappedShares};
use loggia_store::HoldId;
use newcomer::{Newcomer, clear_pieces, hand_on_all, hold, rotate, sealed_on};

#[test]
fn who_came_later_opens_what_was_sealed_before() {
    let city = City::new();
    city.record(CAMERA, 6);
    let new = Newcomer::new("n.police", Body::Police);
    rotate(&city, &[&new], &[]);
    let asked = city.investigate();
    city.approve("a.korhonen", asked.id);
    let before = city.policy.desk_shares(&new.actor(), asked.id);
    assert!(matches!(before, Err(Error::Conflict(_))), "{before:?}");

    assert_eq!(hand_on_all(&city, "k.virtanen"), 6);
    assert_eq!(
        city.kinds()
            .iter()
            .filter(|k| **k == "roster_changed")
            .count(),
        2
    );
    assert_eq!(new.release(&city, &asked), State::Released);
    city.release("s.makela", &asked);
    assert_eq!(clear_pieces(&city, &asked), 10);
    // What is recorded from now on is sealed to them by the recorder, and there is nothing to do.
    city.record(CAMERA, 1);
    assert_eq!(hand_on_all(&city, "k.virtanen"), 0);
    let page = city.policy.kept_page(&new.actor(), None).unwrap();
    assert!(page.shares.is_empty() && page.next.is_none() && page.left == 0);
}

#[test]
fn a_request_that_runs_through_a_rotation_is_released_by_old_and_new() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.investigate();
    city.approve("a.korhonen", asked.id);
    city.release("s.makela", &asked);
    let new = Newcomer::new("n.police", Body::Police);
    rotate(&city, &[&new], &[]);
    hand_on_all(&city, "k.virtanen");
    rotate(&city, &[], &["k.virtanen", "s.makela"]);
    assert_eq!(new.release(&city, &asked), State::Open);
    assert_eq!(clear_pieces(&city, &asked), 10);
}

#[test]
fn what_was_cut_short_is_done_again_and_nothing_twice() {
    let city = City::new();
    city.record(CAMERA, 6);
    let new = Newcomer::new("n.police", Body::Police);
    rotate(&city, &[&new], &[]);
    let by = city.actor("k.virtanen");
    let page = city.policy.kept_page(&by, None).unwrap();
    assert_eq!(page.shares.len(), 6);
    // Killed after two spans: the others are still to be done, these two are not.
    let two = sealed_on(&city, "k.virtanen", &page.shares[..2]);
    assert_eq!(city.policy.hand_on(&by, &two).unwrap(), 2);
    assert_eq!(city.policy.hand_on(&by, &two).unwrap(), 0);
    let rest = city.policy.kept_page(&by, None).unwrap().shares;
    let of = |k: &loggia_policy::KeptShare| k.share.span;
    assert_eq!(
        rest.iter().map(of).collect::<Vec<_>>(),
        [3, 4, 5, 6].map(SpanId)
    );
    assert_eq!(hand_on_all(&city, "k.virtanen"), 4);
    assert_eq!(hand_on_all(&city, "k.virtanen"), 0);
    // Nobody takes a share away from whoever has one, not even from themselves.
    let mut junk = two;
    for s in &mut junk.shares {
        s.ct = b64(&[0; 48]);
    }
    assert_eq!(city.policy.hand_on(&by, &junk).unwrap(), 0);
    let asked = city.investigate();
    city.approve("a.korhonen", asked.id);
    assert_eq!(new.release(&city, &asked), State::Released);
}

#[test]
fn nothing_is_kept_for_a_key_that_the_roster_does_not_name_in_the_own_group() {
    let city = City::new();
    city.record(CAMERA, 2);
    let (new, stranger) = (
        Newcomer::new("n.police", Body::Police),
        Newcomer::new("x.stranger", Body::Police),
    );
    rotate(&city, &[&new], &[]);
    let by = city.actor("k.virtanen");
    let page = city.policy.kept_page(&by, None).unwrap();
    let good = sealed_on(&city, "k.virtanen", &page.shares);
    let other_group = CustodianPublic(city.people["s.makela"].custodian.public().0).key_id();
    for wrong in [stranger.key.custodian.key_id(), other_group] {
        let mut bad = good.clone();
        bad.shares[0].custodian = wrong;
        let refused = city.policy.hand_on(&by, &bad);
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    let old = HandedOn {
        version: 1,
        ..good.clone()
    };
    assert!(matches!(
        city.policy.hand_on(&by, &old),
        Err(Error::Conflict(_))
    ));
    let many = HandedOn {
        shares: vec![good.shares[0].clone(); HANDED_MAX + 1],
        ..good.clone()
    };
    assert!(matches!(
        city.policy.hand_on(&by, &many),
        Err(Error::Invalid(_))
    ));
    for person in ["r.heikkila", "m.niemi", "t.laine", "p.lindqvist"] {
        let who = city.actor(person);
        assert!(city.policy.kept_page(&who, None).is_err(), "{person}");
        assert!(city.policy.hand_on(&who, &good).is_err(), "{person}");
    }
    // The other group lacks nobody: its custodian is shown nothing at all.
    let other = city
        .policy
        .kept_page(&city.actor("s.makela"), None)
        .unwrap();
    assert!(other.shares.is_empty());
    assert!(city.policy.kept_page(&by, Some("h/1/2")).is_err());
    // All of that has kept nothing.
    assert_eq!(city.policy.kept_page(&by, None).unwrap().shares.len(), 2);
    assert_eq!(city.policy.hand_on(&by, &good).unwrap(), 2);
}

#[test]
fn whoever_left_is_shown_nothing_and_stands_in_no_hold() {
    let city = City::new();
    city.record(CAMERA, 6);
    hold(&city);
    let new = Newcomer::new("n.police", Body::Police);
    let left = city.actor("k.virtanen");
    // In one roster: nobody is left who could hand on, so the one who leaves does so before.
    rotate(&city, &[&new], &[]);
    hand_on_all(&city, "k.virtanen");
    let asked = city.investigate();
    city.approve("a.korhonen", asked.id);
    rotate(&city, &[], &["k.virtanen"]);
    assert!(city.policy.desk_shares(&left, asked.id).is_err());
    assert!(city.policy.kept_page(&left, None).is_err());

    // A second newcomer: the hold's table is written anew, without whoever left.
    let second = Newcomer::new("o.police", Body::Police);
    let now = city.policy.roster().unwrap();
    let mut next = now.roster().clone();
    next.version += 1;
    next.prev = now.hash();
    next.members.push(second.member());
    let json = next.to_json().unwrap();
    let hash = loggia_policy::Roster::hash_of(&json);
    let message = loggia_policy::Roster::to_be_signed(hash);
    let sign = |key: &loggia_seal::PersonKey| loggia_policy::RosterSignature {
        person: key.person.clone(),
        signature: b64(&key.signing.sign(&message).unwrap()),
    };
    let signatures = vec![sign(&new.key), sign(&city.people["s.makela"])];
    let signed = loggia_policy::SignedRoster {
        roster: json,
        signatures,
    };
    city.policy.change_roster(signed).unwrap();
    assert_eq!(new.hand_on_all(&city), 6);
    let key = city.keys.take_hold(HoldId(1)).unwrap().unwrap();
    let opening = city.blobs.span(CAMERA, SpanId(2)).unwrap().unwrap();
    let bytes = city.blobs.read_record(CAMERA, opening.first_seq).unwrap();
    let record = loggia_seal::Record::parse_whole(&bytes).unwrap();
    let loggia_seal::Body::SpanOpen(open) = record.body().unwrap() else {
        panic!("no span begins there");
    };
    let body: Vec<u8> = city
        .db
        .read(|c| {
            let sql = "SELECT body FROM policy_hold_span WHERE span = 2";
            Ok::<_, loggia_store::Error>(c.query_row(sql, [], |r| r.get(0))?)
        })
        .unwrap();
    let table = WrappedShares::parse(&body, open.wrapped.span, open.wrapped.hour);
    let table = table.unwrap().unwrap(&key).unwrap();
    let stands = |k: CustodianPublic| table.of(k.key_id()).next().is_some();
    assert!(!stands(city.people["k.virtanen"].custodian.public()));
    for key in [&new.key, &second.key, &city.people["s.makela"]] {
        assert!(stands(key.custodian.public()), "{}", key.person);
    }
    assert_eq!(table.roster_version, 4);
}
