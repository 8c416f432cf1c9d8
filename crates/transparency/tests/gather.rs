//! Cosignatures are gathered: a quorum makes `Witnessed`, a minority away changes nothing, a quorum
//! away stops it and nothing else, and what was cosigned is kept.
#![cfg(test)]

mod body;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use body::{five, lanes, policy_of, witnesses};
use loggia_model::{Digest, ManualClock};
use loggia_transparency::{ConfigChanged, Log, LogKey, Logged, SeenBy, Unseen, Witnesses};

/// Long enough for any machine; nothing here is timed.
const LONG: Duration = Duration::from_secs(120);

fn log(dir: &std::path::Path, key: &[u8]) -> Log {
    let key = LogKey::from_pkcs8(key).unwrap();
    Log::open(
        dir,
        key,
        "test.example/log",
        Arc::new(ManualClock::default()),
    )
    .unwrap()
}

fn say(log: &Log, n: u8) -> Logged<ConfigChanged> {
    log.append(ConfigChanged {
        hash: Digest([n; 32]),
    })
    .unwrap()
}

fn fresh() -> (tempfile::TempDir, Vec<u8>, Log) {
    let dir = tempfile::tempdir().unwrap();
    let (_, key) = LogKey::generate().unwrap();
    let log = log(dir.path(), &key);
    (dir, key.to_vec(), log)
}

#[test]
fn an_entry_is_witnessed_once_three_of_five_have_cosigned() {
    let (_dir, _, log) = fresh();
    let bodies = five(&log);
    bodies[1].away.store(true, Ordering::SeqCst);
    bodies[4].away.store(true, Ordering::SeqCst);
    let all = witnesses(&log, &bodies);
    for n in 0..20 {
        let logged = say(&log, n);
        let index = logged.index();
        assert!(all.wait(index, LONG));
        let seen = all.witnessed(logged).unwrap();
        assert_eq!((seen.index(), seen.get().hash), (index, Digest([n; 32])));
        assert!(seen.size() > index);
        // The proof holds against the policy, with the entry in it.
        let proof = all.proof(index).unwrap();
        let policy = all.policy_text().unwrap().parse().unwrap();
        let entry = proof.extra.clone().unwrap();
        let (at, cosigned) = proof.verify(&policy, &entry).unwrap();
        assert_eq!(at, index);
        assert_eq!(cosigned.cosigned().len(), 3);
    }
    let standing = all.standing();
    assert_eq!(standing.quorum, SeenBy::Quorum);
    let failing = standing.witnesses.iter().filter(|w| w.failing.is_some());
    assert_eq!(failing.count(), 2);
}

#[test]
fn a_quorum_that_is_gone_stops_what_needs_it_and_comes_back_by_itself() {
    let (_dir, _, log) = fresh();
    let bodies = five(&log);
    let all = witnesses(&log, &bodies);
    assert!(all.wait(say(&log, 0).index(), LONG));
    for body in &bodies[..3] {
        body.away.store(true, Ordering::SeqCst);
    }
    let logged = say(&log, 1);
    let index = logged.index();
    assert!(
        !all.wait(index, LONG),
        "it says that the quorum is gone, and does not wait"
    );
    assert_eq!(all.seen_by(index), SeenBy::Gone);
    assert_eq!(all.standing().quorum, SeenBy::Gone);
    assert_eq!(all.witnessed(logged).unwrap_err(), Unseen::Gone);
    assert!(all.proof(index).is_err());
    // The log goes on, and what was cosigned stays so.
    for n in 2..50 {
        assert!(say(&log, n).index() > index);
    }
    assert!(all.proof(0).is_ok());
    bodies[0].away.store(false, Ordering::SeqCst);
    while all.seen_by(index) != SeenBy::Quorum {
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_was_cosigned_is_kept_and_believed_only_if_it_still_counts() {
    let (dir, key, first) = fresh();
    let bodies = five(&first);
    let all = witnesses(&first, &bodies);
    let index = say(&first, 0).index();
    assert!(all.wait(index, LONG));
    drop((all, first));
    for body in &bodies {
        body.away.store(true, Ordering::SeqCst);
    }
    let again = log(dir.path(), &key);
    let all = witnesses(&again, &bodies);
    assert_eq!(all.seen_by(index), SeenBy::Quorum, "it was kept");
    // Under a policy with other witnesses it is nothing.
    let others = five(&again);
    for body in &others {
        body.away.store(true, Ordering::SeqCst);
    }
    assert!(witnesses(&again, &others).newest().is_none());
    // Nor is another log's.
    let (_elsewhere, _, other) = fresh();
    let policy = policy_of(&other, &bodies, 3);
    assert!(Witnesses::start(again.clone(), &policy, lanes(&bodies)).is_err());
    let none = format!("log {}\nquorum none\n", again.verifier());
    assert!(Witnesses::start(again, &none, Vec::new()).is_err());
}

#[test]
fn witnesses_that_saw_another_log_say_so_and_cosign_nothing() {
    let (_dir, key, true_log) = fresh();
    let bodies = five(&true_log);
    let all = witnesses(&true_log, &bodies);
    assert!(all.wait(say(&true_log, 0).index(), LONG));
    drop(all);
    // The same key signs another log: longer, and shorter.
    for entries in [5, 1] {
        let dir = tempfile::tempdir().unwrap();
        let fork = log(dir.path(), &key);
        for n in 0..entries {
            assert!(say(&fork, 100 + n).index() < 5);
        }
        let all = witnesses(&fork, &bodies);
        assert!(!all.wait(0, LONG));
        assert!(all.newest().is_none());
        // Three are enough to know; which three came first is the machine's.
        let failing = all.standing().witnesses.into_iter().find_map(|w| w.failing);
        let why = failing.unwrap();
        let named = ["does not continue", "another", "put back"];
        assert!(named.iter().any(|w| why.contains(w)), "{why}");
    }
}

#[test]
fn without_witnesses_nothing_is_witnessed() {
    let (_dir, _, log) = fresh();
    let all = Witnesses::none(log.clone());
    let logged = say(&log, 0);
    assert!(!all.wait(0, LONG));
    assert_eq!(all.witnessed(logged).unwrap_err(), Unseen::Missing);
    assert_eq!(all.standing().quorum, SeenBy::Missing);
}
