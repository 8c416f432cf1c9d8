//! kill -9 at seeded moments, again and again in one folder (`LOGGIA_SOAK` rounds): no witness ever
//! cosigns two roots for one size, or a smaller tree than before.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use loggia_model::Digest;
use loggia_transparency::witness::WitnessAnswer;

use crate::forge::Forge;
use crate::peer::{Maker, Peer, Running};

/// Rounds of `make test`; `make soak` asks for 200.
const ROUNDS: u32 = 6;
/// Longest that a witness lives in a round before it is killed.
const LIFE_MS: u64 = 400;

/// xorshift64*: moments from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// What ever left the witness: each size's root, and the largest size.
#[derive(Default)]
struct Record(BTreeMap<usize, Digest>);

impl Record {
    fn largest(&self) -> usize {
        self.0.last_key_value().map_or(0, |(size, _)| *size)
    }

    fn left(&mut self, size: usize, root: Digest, round: u32) {
        assert!(
            size >= self.largest(),
            "round {round}: it went back to {size}"
        );
        let before = *self.0.entry(size).or_insert(root);
        assert_eq!(before, root, "round {round}: two roots for {size} entries");
    }
}

/// Where it says that it stands.
fn stands(running: &Running, log: &Forge) -> usize {
    // Nobody signed a tree above this size, so the answer is the size cosigned last.
    match running.ask(&log.ask(log.entries.len(), log.entries.len())) {
        WitnessAnswer::AskFrom(size) => usize::try_from(size).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Grows the log entry by entry until the witness is killed.
fn grow_until_killed(peer: &Peer, log: &Forge, record: &mut Record, round: u32, life: Duration) {
    let running = peer.start();
    let killed = AtomicBool::new(false);
    let mut at = stands(&running, log);
    assert!(
        at >= record.largest(),
        "round {round}: it forgot what had left"
    );
    let pid = rustix::process::Pid::from_raw(i32::try_from(running.pid()).unwrap()).unwrap();
    scope(|s| {
        s.spawn(|| {
            sleep(life);
            killed.store(true, Ordering::SeqCst);
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        });
        loop {
            let asked = log.ask(at, at + 1);
            match running.send(asked.body().as_bytes()) {
                Some((200, _, lines)) => {
                    // A torn answer is no cosignature.
                    let note = [asked.checkpoint.as_bytes(), &lines].concat();
                    if peer.policy(log).check(&note).is_ok() {
                        at += 1;
                        record.left(at, log.root(at), round);
                    }
                }
                Some((status, _, said)) => {
                    panic!("round {round}: {status} {}", String::from_utf8_lossy(&said))
                }
                None if killed.load(Ordering::SeqCst) => break,
                None => sleep(Duration::from_millis(1)),
            }
            assert!(
                at + 1 < log.entries.len(),
                "the forged log is too short for this machine"
            );
        }
    });
}

/// A log that lies about its past, from every size near what the witness may remember.
fn lies_are_refused(running: &Running, log: &Forge, record: &mut Record, round: u32) {
    let mut lie = log.again();
    lie.change(0);
    let stood = record.largest();
    for old in stood.saturating_sub(2)..=stood + 2 {
        for new in [old, old + 1, old + 5] {
            let status = running.status(&lie.ask(old, new));
            assert!(
                status == 409 || status == 422,
                "round {round}: {old} to {new}: {status}"
            );
        }
    }
    for (old, new) in [(0, 1), (0, stood), (stood, stood)] {
        assert_eq!(
            running.status(&lie.ask(old, new)),
            409,
            "round {round}: {old} to {new}"
        );
    }
}

#[expect(clippy::print_stdout, reason = "the figure is for who runs it")]
fn killed_again_and_again(maker: Maker) {
    let rounds = number("LOGGIA_SOAK").map_or(ROUNDS, |n| u32::try_from(n).unwrap());
    let seed = number("LOGGIA_SEED").unwrap_or(2026);
    let mut dice = Dice(seed.max(1));
    let mut log = Forge::of(400);
    let peer = Peer::of(maker, &log);
    let mut record = Record::default();
    for round in 0..rounds {
        let life = Duration::from_millis(dice.below(LIFE_MS));
        // Room for what a fast machine cosigns in a life.
        log.grow(record.largest() + 400);
        grow_until_killed(&peer, &log, &mut record, round, life);
        let running = peer.start();
        let at = stands(&running, &log);
        assert!(
            at >= record.largest(),
            "round {round}, seed {seed}: it forgot what had left"
        );
        if at > 0 {
            // What it kept before the kill may not have left; it stands by it all the same.
            assert_eq!(running.status(&log.ask(at, at)), 200);
            record.left(at, log.root(at), round);
            lies_are_refused(&running, &log, &mut record, round);
        }
        assert_eq!(
            running.status(&log.ask(at, at + 1)),
            200,
            "round {round}: it goes on"
        );
        record.left(at + 1, log.root(at + 1), round);
        running.kill();
    }
    println!(
        "{maker:?}: {rounds} kills, {} checkpoints cosigned, seed {seed}",
        record.0.len()
    );
}

#[test]
fn loggia_signs_one_history() {
    killed_again_and_again(Maker::Loggia);
}

#[test]
fn python_signs_one_history() {
    killed_again_and_again(Maker::Python);
}
