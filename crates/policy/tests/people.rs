//! Accounts, sessions, desk calls, the roster and the demo's mark.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use core::time::Duration;

use city::City;
use loggia_api::Doorkeeper;
use loggia_model::{At, Clock, PersonId, Role};
use loggia_policy::{
    Act, DemoMode, DeskCall, Error, Policy, Roster, SESSION_IDLE, SESSION_LONGEST, Standing,
};

fn id(p: &str) -> PersonId {
    PersonId(p.into())
}

#[tokio::test]
async fn sessions_begin_end_and_time_out() {
    let city = City::new();
    let p = &city.policy;
    p.add_account(&id("p.lindqvist"), "a long enough phrase")
        .unwrap();
    assert!(
        p.add_account(&id("p.lindqvist"), "another long phrase")
            .is_err()
    );
    let token = p
        .sign_in(&id("p.lindqvist"), "a long enough phrase")
        .await
        .unwrap()
        .token;
    assert_eq!(p.session(&token).unwrap().person, id("p.lindqvist"));
    assert!(p.session(&"0".repeat(64)).is_none());
    p.sign_out(&token).unwrap();
    assert!(p.session(&token).is_none());

    let token = p
        .sign_in(&id("p.lindqvist"), "a long enough phrase")
        .await
        .unwrap()
        .token;
    city.clock.pass(SESSION_IDLE - Duration::from_secs(1));
    assert!(p.session(&token).is_some());
    city.clock.pass(SESSION_IDLE);
    assert!(p.session(&token).is_none());

    let token = p
        .sign_in(&id("p.lindqvist"), "a long enough phrase")
        .await
        .unwrap()
        .token;
    let mut lived = Duration::ZERO;
    while p.session(&token).is_some() {
        city.clock.pass(Duration::from_secs(20 * 60));
        lived += Duration::from_secs(20 * 60);
    }
    assert_eq!(lived, SESSION_LONGEST);
}

#[tokio::test]
async fn wrong_and_unknown_look_the_same_and_back_off() {
    let city = City::new();
    let p = &city.policy;
    p.add_account(&id("p.lindqvist"), "a long enough phrase")
        .unwrap();
    for name in ["p.lindqvist", "n.obody"] {
        for n in 0..5 {
            let got = p.sign_in(&id(name), "wrong").await;
            assert!(matches!(got, Err(Error::Unauthenticated)), "{name} {n}");
        }
        let right = p.sign_in(&id(name), "a long enough phrase").await;
        assert!(matches!(right, Err(Error::Busy(_))), "{name}");
    }
    city.clock.pass(Duration::from_secs(3));
    assert!(
        p.sign_in(&id("p.lindqvist"), "a long enough phrase")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn the_administrator_disables_and_does_nothing_else() {
    let city = City::new();
    let (p, admin) = (&city.policy, city.actor("t.laine"));
    p.add_account(&id("p.lindqvist"), "a long enough phrase")
        .unwrap();
    let token = p
        .sign_in(&id("p.lindqvist"), "a long enough phrase")
        .await
        .unwrap()
        .token;
    assert!(
        p.set_standing(
            &city.actor("o.saarinen"),
            &id("m.niemi"),
            Standing::Disabled
        )
        .is_err()
    );
    assert!(
        p.set_standing(&admin, &id("t.laine"), Standing::Disabled)
            .is_err()
    );
    p.set_standing(&admin, &id("p.lindqvist"), Standing::Disabled)
        .unwrap();
    assert!(p.session(&token).is_none());
    assert!(
        p.sign_in(&id("p.lindqvist"), "a long enough phrase")
            .await
            .is_err()
    );
    p.set_standing(&admin, &id("p.lindqvist"), Standing::Enabled)
        .unwrap();
    assert!(
        p.sign_in(&id("p.lindqvist"), "a long enough phrase")
            .await
            .is_ok()
    );
    assert!(
        p.open_case(&admin, "1", loggia_model::Purpose::Investigation)
            .is_err()
    );
}

#[tokio::test]
async fn a_password_is_reset_by_both_groups_alone() {
    let city = City::new();
    let p = &city.policy;
    p.add_account(&id("p.lindqvist"), "a long enough phrase")
        .unwrap();
    let subject = Policy::credential_subject(&id("p.lindqvist"));
    let say = |by| city.say(by, subject, Act::ResetCredential);
    let reset = |said: &[_]| p.reset_credential(&id("p.lindqvist"), "another long phrase", said);
    assert!(reset(&[say("k.virtanen")]).is_err());
    assert!(reset(&[say("s.makela"), say("a.korhonen")]).is_err());
    assert!(reset(&[say("k.virtanen"), say("m.niemi")]).is_err());
    city.clock.pass(Duration::from_secs(1));
    let both = [say("k.virtanen"), say("a.korhonen")];
    reset(&both).unwrap();
    assert!(reset(&both).is_err());
    assert!(
        p.sign_in(&id("p.lindqvist"), "a long enough phrase")
            .await
            .is_err()
    );
    assert!(
        p.sign_in(&id("p.lindqvist"), "another long phrase")
            .await
            .is_ok()
    );
}

#[test]
fn a_desk_call_counts_once_while_fresh_and_unaltered() {
    let city = City::new();
    let path = "/api/v1/desk/requests";
    let call = |person: &str, at: At| {
        let signed = DeskCall::to_be_signed("GET", path, at, [1; 32]);
        let signature = city.people[person].signing.sign(&signed).unwrap();
        DeskCall {
            person: id(person),
            at,
            signature,
        }
        .header()
    };
    let knock = |h: &str, path: &str, body| city.policy.roster_key(h, "GET", path, body);
    let now = city.clock.now();
    let good = call("k.virtanen", now);
    assert_eq!(
        knock(&good, path, [1; 32]).unwrap().person,
        id("k.virtanen")
    );
    assert!(knock(&good, path, [1; 32]).is_err(), "replayed");
    let late = call("k.virtanen", At(now.0 - 121_000_000));
    assert!(knock(&late, path, [1; 32]).is_err(), "stale");
    let fresh = call("k.virtanen", At(now.0 + 1));
    assert!(
        knock(&fresh, "/api/v1/desk/holds", [1; 32]).is_err(),
        "another path"
    );
    assert!(knock(&fresh, path, [2; 32]).is_err(), "another body");
    let borrowed = fresh.replace("k.virtanen", "a.korhonen");
    assert!(knock(&borrowed, path, [1; 32]).is_err(), "another person");
    for junk in [
        "",
        "Loggia-Key",
        "Loggia-Key person=x",
        "Basic abc",
        "Loggia-Key a=b,c=d",
    ] {
        assert!(knock(junk, path, [1; 32]).is_err(), "{junk}");
    }
    // Who has no desk key, and who is disabled.
    assert!(knock(&call("p.lindqvist", now), path, [1; 32]).is_err());
    let admin = city.actor("t.laine");
    city.policy
        .set_standing(&admin, &id("k.virtanen"), Standing::Disabled)
        .unwrap();
    assert!(knock(&fresh, path, [1; 32]).is_err(), "disabled");
}

#[test]
fn a_roster_takes_both_groups_of_the_one_before() {
    let mut city = City::without_roster();
    assert!(city.policy.custodians().is_err());
    let first = city.first_roster();
    let mut one_sided = first.clone();
    one_sided.signatures.remove(0);
    assert!(city.policy.change_roster(one_sided).is_err());
    let one = city.policy.change_roster(first).unwrap();
    assert_eq!(city.kinds(), ["roster_changed"]);

    let mut members = city.members();
    members
        .iter_mut()
        .find(|m| m.person == id("m.niemi"))
        .unwrap()
        .roles
        .insert(Role::Operator);
    let next = Roster {
        v: 1,
        version: 2,
        prev: one.hash(),
        members,
        at: city.clock.now(),
    };
    for by in [
        &["k.virtanen"][..],
        &["a.korhonen", "s.makela"],
        &["r.heikkila", "a.korhonen"],
    ] {
        assert!(
            city.policy
                .change_roster(city.signed_roster(&next, by))
                .is_err(),
            "{by:?}"
        );
    }
    let mut skipped = next.clone();
    skipped.version = 3;
    let both = ["k.virtanen", "s.makela"];
    assert!(
        city.policy
            .change_roster(city.signed_roster(&skipped, &both))
            .is_err()
    );
    city.policy
        .change_roster(city.signed_roster(&next, &both))
        .unwrap();
    assert_eq!(city.policy.custodians().unwrap().roster_version(), 2);
    city.restart();
    assert_eq!(city.policy.custodians().unwrap().roster_version(), 2);

    let mut bad = next.clone();
    bad.members[7].roles.insert(Role::Investigator);
    assert!(bad.to_json().is_err(), "an administrator investigates");
    let mut bad = next;
    let theirs = bad.members[1].hpke_key.clone();
    bad.members[2].hpke_key = theirs;
    assert!(bad.to_json().is_err(), "one key twice");
}

#[test]
fn a_demo_is_a_demo_for_good_and_nothing_else_becomes_one() {
    let city = City::new();
    assert!(city.policy.become_person(&id("p.lindqvist")).is_ok());
    assert!(city.policy.become_person(&id("n.obody")).is_err());
    let plain = tempfile::tempdir().unwrap();
    std::fs::write(plain.path().join("index.sqlite"), b"x").unwrap();
    assert!(DemoMode::of(plain.path()).is_none());
    assert!(DemoMode::mark(plain.path()).is_err());
    // Without its marker the folder does not open as a city's.
    let reopened = Policy::open(loggia_policy::Parts {
        db: city.db.clone(),
        blobs: city.blobs.clone(),
        keys: city.keys.clone(),
        log: city.log.clone(),
        witnesses: city.witnesses.clone(),
        clock: city.clock.clone(),
        rules: loggia_policy::Rules::default(),
        demo: None,
        gateways: loggia_policy::Gateways::default(),
        secrets: city::secrets(plain.path()),
        time_authority: None,
    });
    assert!(reopened.is_err());
}
