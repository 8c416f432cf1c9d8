//! Another access policy comes into force: both bodies, the proof by the real solver, the log
//! first. What is refuted changes nothing.
#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use std::path::Path;

use city::City;
use loggia_charter::Texts;
use loggia_model::{Digest, Purpose};
use loggia_policy::{Act, Agreement, Ask, Error, Standing};
use loggia_transparency::Event;

const SOLVER: &str = "cvc5";

/// This release's policies and one more rule, which the charter allows.
fn stricter() -> String {
    Texts::of_this_release().policies
        + "\n// The city reads nothing.\n@id(\"city-never-opens\")\n\
           @reason(\"purpose_not_of_body\")\n\
           forbid (principal, action == Action::\"open\", resource)\n\
           when { principal.body == Body::\"city\" };\n"
}

fn vendors() -> String {
    Texts::of_this_release().policies
        + "\n@id(\"maintenance\")\npermit (principal, action == Action::\"live\", resource)\n\
           when { principal.roles.contains(Role::\"vendor\") };\n"
}

fn agree(city: &City, by: &str, policy: Digest) -> Result<Agreement, Error> {
    let said = city.say(by, policy, Act::ActivatePolicy);
    let solver = Path::new(SOLVER);
    city.policy
        .agree_to_policy(&city.actor(by), policy, &said, solver)
}

fn propose(city: &City, policies: &str) -> Digest {
    let by = city.actor("r.heikkila");
    city.policy.propose_policy(&by, policies).unwrap()
}

fn activated(city: &City) -> Vec<(u64, Digest, Digest)> {
    let entries = city.log.entries(0, 1_000).unwrap();
    entries
        .iter()
        .filter_map(|(index, e)| match &e.event {
            Event::PolicyActivated(p) => Some((*index, p.policy, p.proof)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_change_takes_both_bodies_the_proof_and_the_log() {
    let mut city = City::new();
    city.record(city::CAMERA, 4);
    let before = city.policy.policy_hash().unwrap();
    assert!(city.policy.policy_now().unwrap().activated.is_none());
    let running = city.open();
    let me = city.actor("p.lindqvist");
    let _ = city.policy.footage_permit(running.id, &me).unwrap();

    let policy = propose(&city, &stricter());
    assert_eq!(
        agree(&city, "r.heikkila", policy).unwrap(),
        Agreement::Waits
    );
    assert_eq!(city.policy.policy_hash().unwrap(), before);
    assert!(activated(&city).is_empty());
    let waits = city.policy.proposed_policies().unwrap();
    assert_eq!((waits[0].policy, waits[0].agreed.len()), (policy, 1));
    assert_eq!(agree(&city, "j.salo", policy).unwrap(), Agreement::InForce);

    let now = city.policy.policy_now().unwrap();
    let how = now.activated.clone().unwrap();
    assert_eq!(activated(&city), [(how.log_index, policy, how.proof)]);
    assert_eq!(
        (now.policy, now.texts["policies.cedar"].as_str()),
        (policy, &*stricter())
    );
    assert_ne!(now.policy_hash, before);
    assert!(city.policy.proposed_policies().unwrap().is_empty());
    // The transcript hashes to what the log says, and names the policy.
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, how.transcript.as_bytes());
    assert_eq!(sum.as_ref(), how.proof.0);
    assert!(how.transcript.contains(&format!("policy {policy}\n")));
    assert!(how.transcript.ends_with("verdict proved\n"));

    // What was filed under the policy before runs no further, and keeps its freeze.
    let stopped = city.policy.footage_permit(running.id, &me).unwrap_err();
    assert!(
        matches!(&stopped, Error::Conflict(s) if s.contains("file it again")),
        "{stopped}"
    );
    assert!(city.policy.facts_of(Ask::Open, &me, running.id).is_err());
    city.policy.withdraw(&me, running.id).unwrap();
    // What is filed now runs.
    let anew = city.open();
    let _ = city.policy.footage_permit(anew.id, &me).unwrap();

    // A crash between the log's entry and the row: the next start finishes it.
    let crashed: Result<usize, Error> = city.db.write(|c| {
        Ok(c.execute(
            "UPDATE policy_statute SET stage = 'proposed', log_index = NULL",
            [],
        )?)
    });
    assert_eq!(crashed.unwrap(), 1);
    city.restart_log();
    assert!(city.policy.proposed_policies().unwrap().is_empty());
    assert_eq!(city.policy.policy_now().unwrap().policy, policy);
    assert_eq!(city.policy.policy_hash().unwrap(), now.policy_hash);
    let _ = city.policy.footage_permit(anew.id, &me).unwrap();
}

#[test]
fn a_refuted_change_is_rejected_and_nothing_changes() {
    let city = City::new();
    city.record(city::CAMERA, 4);
    let before = city.policy.policy_now().unwrap();
    let policy = propose(&city, &vendors());
    assert_eq!(
        agree(&city, "r.heikkila", policy).unwrap(),
        Agreement::Waits
    );
    let refuted = agree(&city, "j.salo", policy).unwrap_err();
    let Error::Refuted(words) = &refuted else {
        panic!("{refuted}")
    };
    assert!(
        words.contains("-never-reads") && words.contains("allowed by"),
        "{words}"
    );
    assert!(activated(&city).is_empty());
    assert_eq!(
        city.policy.policy_now().unwrap().policy_hash,
        before.policy_hash
    );
    assert!(city.policy.proposed_policies().unwrap().is_empty());
    assert!(matches!(
        agree(&city, "r.heikkila", policy),
        Err(Error::NotFound(_))
    ));
    city.open();
}

#[test]
fn without_a_solver_nothing_is_activated_and_everything_else_runs() {
    let city = City::new();
    city.record(city::CAMERA, 4);
    let policy = propose(&city, &stricter());
    agree(&city, "r.heikkila", policy).unwrap();
    let said = city.say("j.salo", policy, Act::ActivatePolicy);
    let none = city.dir.path().join("cvc5");
    let by = city.actor("j.salo");
    let missing = city
        .policy
        .agree_to_policy(&by, policy, &said, &none)
        .unwrap_err();
    assert!(
        missing.to_string().contains("apt-get install cvc5"),
        "{missing}"
    );
    assert!(activated(&city).is_empty());
    city.open();
    // Once it is there, the same words count.
    let done = city
        .policy
        .agree_to_policy(&by, policy, &said, Path::new(SOLVER));
    assert_eq!(done.unwrap(), Agreement::InForce);
}

#[test]
fn nobody_else_and_nobody_twice() {
    let city = City::new();
    for by in [
        "t.laine",
        "p.lindqvist",
        "k.virtanen",
        "m.niemi",
        "o.saarinen",
    ] {
        let refused = city.policy.propose_policy(&city.actor(by), &stricter());
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{by}");
    }
    let policy = propose(&city, &stricter());
    let refused = agree(&city, "k.virtanen", policy);
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    // One body, twice or by two people, is one body.
    agree(&city, "a.korhonen", policy).unwrap();
    city.clock.pass(core::time::Duration::from_secs(1));
    assert_eq!(
        agree(&city, "a.korhonen", policy).unwrap(),
        Agreement::Waits
    );
    assert_eq!(agree(&city, "j.salo", policy).unwrap(), Agreement::Waits);
    // Words about something else, or made with another key, are none.
    let by = city.actor("r.heikkila");
    let solver = Path::new(SOLVER);
    for said in [
        city.say("r.heikkila", Digest([7; 32]), Act::ActivatePolicy),
        city.say("r.heikkila", policy, Act::Approve),
        city.say_with(
            &city.people["j.salo"].signing,
            "r.heikkila",
            policy,
            Act::ActivatePolicy,
            loggia_model::Clock::now(&*city.clock),
        ),
    ] {
        city.policy
            .agree_to_policy(&by, policy, &said, solver)
            .unwrap_err();
    }
    // An approver who was disabled has not agreed.
    for who in ["a.korhonen", "j.salo"] {
        let who = loggia_model::PersonId(who.into());
        let chief = city.actor("t.laine");
        city.policy
            .set_standing(&chief, &who, Standing::Disabled)
            .unwrap();
    }
    assert_eq!(
        agree(&city, "r.heikkila", policy).unwrap(),
        Agreement::Waits
    );
    assert!(activated(&city).is_empty());
}

#[test]
fn what_waits_is_bounded_and_lapses() {
    let city = City::new();
    let waiting = || city.policy.proposed_policies().unwrap();
    let own = |n: u32| {
        city.clock.pass(core::time::Duration::from_secs(1));
        propose(&city, &format!("{}// {n}\n", stricter()))
    };
    let (_, second, third) = (own(0), own(1), own(2));
    let hashes: Vec<Digest> = waiting().iter().map(|p| p.policy).collect();
    // A third has taken the place of one's first.
    assert_eq!(hashes, [second, third]);
    // Nobody keeps the others from proposing.
    let theirs = format!("{}// theirs\n", stricter());
    let salo = city.actor("j.salo");
    city.policy.propose_policy(&salo, &theirs).unwrap();
    assert_eq!(waiting().len(), 3);
    city.clock
        .pass(core::time::Duration::from_secs(31 * 86_400));
    own(9);
    assert_eq!(waiting().len(), 1);
}

/// A proof takes a core for seconds: agreements that come meanwhile start no other.
#[test]
fn one_policy_is_proved_at_a_time() {
    let city = City::new();
    let policy = propose(&city, &stricter());
    agree(&city, "r.heikkila", policy).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (solver, gate) = (dir.path().join("cvc5"), dir.path().join("gate"));
    // The true solver, once somebody opens the gate.
    let script = format!(
        "#!/bin/sh\ntouch {0}.begun\nwhile ! [ -e {0} ]; do sleep 0.05; done\n\
         exec {SOLVER} \"$@\"\n",
        gate.display()
    );
    std::fs::write(&solver, script).unwrap();
    std::fs::set_permissions(&solver, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let agreed = |solver: &Path| {
        let said = city.say("j.salo", policy, Act::ActivatePolicy);
        let by = city.actor("j.salo");
        city.policy.agree_to_policy(&by, policy, &said, solver)
    };
    std::thread::scope(|s| {
        let first = s.spawn(|| agreed(&solver));
        while !gate.with_extension("begun").exists() {
            std::thread::sleep(core::time::Duration::from_millis(5));
        }
        assert!(matches!(agreed(&solver), Err(Error::Busy(_))));
        std::fs::write(&gate, "").unwrap();
        assert_eq!(first.join().unwrap().unwrap(), Agreement::InForce);
    });
}

#[test]
fn a_text_that_was_changed_in_the_tables_decides_nothing() {
    let mut city = City::new();
    city.record(city::CAMERA, 4);
    let policy = propose(&city, &stricter());
    agree(&city, "r.heikkila", policy).unwrap();
    agree(&city, "j.salo", policy).unwrap();
    let opened = city.open();
    let me = city.actor("p.lindqvist");
    let put = |city: &City, sql: &str, text: &str| {
        let written: Result<usize, Error> = city.db.write(|c| Ok(c.execute(sql, [text])?));
        assert_eq!(written.unwrap(), 1);
    };
    put(&city, "UPDATE policy_statute SET policies = ?1", &vendors());
    city.restart();
    let suspended = city.policy.footage_permit(opened.id, &me).unwrap_err();
    assert!(matches!(suspended, Error::Conflict(_)), "{suspended}");
    assert!(city.policy.policy_now().unwrap().suspended.is_some());
    // Put back, it is the one that the log names.
    put(
        &city,
        "UPDATE policy_statute SET policies = ?1",
        &stricter(),
    );
    city.restart();
    let _ = city.policy.footage_permit(opened.id, &me).unwrap();
    // With its own hash beside it, it is not the one in the log either.
    let forged = Texts::with_policies(vendors()).hash();
    let sql = "UPDATE policy_statute SET policies = ?1, hash = unhex('HASH')";
    put(&city, &sql.replace("HASH", &forged.to_string()), &vendors());
    city.restart();
    city.policy.footage_permit(opened.id, &me).unwrap_err();
    // Nor does taking it away bring the release's own back: the log knows of it.
    put(
        &city,
        "DELETE FROM policy_statute WHERE policies = ?1",
        &vendors(),
    );
    city.restart();
    city.policy.footage_permit(opened.id, &me).unwrap_err();
    // Both bodies can put one in force again; what they said before does not count again.
    city.clock.pass(core::time::Duration::from_secs(300));
    let anew = propose(&city, &stricter());
    assert_eq!(agree(&city, "a.korhonen", anew).unwrap(), Agreement::Waits);
    assert_eq!(
        agree(&city, "r.heikkila", anew).unwrap(),
        Agreement::InForce
    );
    let asked = city.file("p.lindqvist", Purpose::Investigation, "fi-pkl-7");
    city.approve("a.korhonen", asked.id);
}
