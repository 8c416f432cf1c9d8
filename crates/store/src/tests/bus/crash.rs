//! Power cuts, kills and full disks at seeded moments, several lives of one log: what was
//! acknowledged or read stays, nothing is invented, numbers are dense, cursors repeat and never
//! skip. 60 seeds; `LOGGIA_SOAK=500` for more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use loggia_model::At;

use super::{Dice, Ledger, NOT, body, entry, open};
use crate::bus::{Bus, Retention, State};
use crate::{Cut, Error, SimDisk};

const SENDERS: u64 = 3;
const LIVES: u64 = 4;

/// What outlives the log in this test.
#[derive(Default)]
struct World {
    ledger: Ledger,
    sent: AtomicU64,
    /// The last record that the reader behind the cursor has done.
    done: AtomicU64,
    stop: AtomicBool,
}

fn seeds() -> u64 {
    let asked = std::env::var("LOGGIA_SOAK").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(60)
}

#[test]
fn nothing_acknowledged_is_lost() {
    for seed in 1..=seeds() {
        let (mut disk, world) = (SimDisk::new(), World::default());
        let mut dice = Dice(seed);
        for life in 0..LIVES {
            disk = one_life(
                &disk,
                &world,
                &mut dice,
                &format!("seed {seed}, life {life}"),
            );
        }
        let bus = open(&disk).unwrap();
        let known = world.ledger.known.lock().unwrap().clone();
        world
            .ledger
            .check(&bus, &known, &format!("seed {seed}, at the end"));
    }
}

fn one_life(disk: &Arc<SimDisk>, world: &World, dice: &mut Dice, why: &str) -> Arc<SimDisk> {
    let bus = open(disk).unwrap_or_else(|e| panic!("{why}: {e}"));
    let known = world.ledger.known.lock().unwrap().clone();
    world.ledger.check(&bus, &known, why);
    state_is_whole(&bus, &known, why);
    cursor_repeats(&bus, world, why);
    world.stop.store(false, Ordering::Release);
    match dice.below(3) {
        0 => disk.die_after(3 + dice.below(120)),
        1 => disk.set_capacity(Some(disk.bytes_used() + 2_000 + dice.below(20_000))),
        _ => {}
    }
    let seeds: Vec<u64> = (0..SENDERS).map(|_| dice.below(u64::MAX)).collect();
    let after = std::thread::scope(|s| {
        for (who, seed) in (0..).zip(seeds) {
            let bus = &bus;
            s.spawn(move || send(bus, world, who, Dice(seed)));
        }
        s.spawn(|| follow(&bus, world));
        owner(&bus, dice);
        // What is known before the cut has to be there after it.
        let known = world.ledger.known.lock().unwrap().clone();
        let how = [Cut::Torn, Cut::Torn, Cut::Nothing][dice.below(3) as usize];
        let after = disk.cut(how, dice.below(u64::MAX));
        world.stop.store(true, Ordering::Release);
        disk.set_capacity(None);
        (after, known)
    });
    drop(bus);
    *world.ledger.known.lock().unwrap() = after.1;
    after.0
}

/// Hands in records, one or a few at a time, and notes what was acknowledged.
fn send(bus: &Bus, world: &World, who: u64, mut dice: Dice) {
    while !world.stop.load(Ordering::Acquire) {
        let many = 1 + dice.below(3);
        let bodies: Vec<Vec<u8>> = (0..many)
            .map(|_| body(who, world.sent.fetch_add(1, Ordering::Relaxed), &mut dice))
            .collect();
        world.ledger.sent.lock().unwrap().extend(bodies.clone());
        let entries: Vec<_> = bodies.iter().map(|b| entry(b)).collect();
        match bus.append_all(&entries) {
            Ok(ticket) => {
                let wait = Duration::from_millis(dice.below(20));
                if let Ok(last) = ticket.wait(wait) {
                    for (seq, body) in (last + 1 - many..).zip(&bodies) {
                        world.ledger.know(seq, body);
                    }
                }
            }
            Err(Error::Busy { .. }) => std::thread::yield_now(),
            Err(Error::WriterStopped(_)) => return,
            Err(e) => panic!("{e}"),
        }
    }
}

/// A reader with a cursor: does each record, then says so.
fn follow(bus: &Bus, world: &World) {
    let mut reader = bus.reader(bus.cursor("c").unwrap() + 1);
    while !world.stop.load(Ordering::Acquire) {
        match reader.next(Duration::from_millis(5)) {
            Ok(Some(record)) => {
                world.ledger.know(record.seq(), record.body());
                world.done.fetch_max(record.seq(), Ordering::AcqRel);
                bus.advance("c", record.seq()).unwrap();
            }
            Ok(None) => {}
            Err(e) => panic!("{e}"),
        }
    }
}

/// Writes snapshots and trims at some moments, then leaves.
fn owner(bus: &Bus, dice: &mut Dice) {
    for _ in 0..dice.below(6) {
        std::thread::sleep(Duration::from_micros(dice.below(3_000)));
        let at = bus.durable();
        let count = std::iter::once(State {
            kind: 1,
            key: 0,
            at: At(0),
            body: at.to_le_bytes(),
        });
        // Fails on a dead disk, and is refused when nothing is new.
        drop(bus.write_snapshot(at, At(0), count));
        let keep = Retention {
            history: Duration::ZERO,
            history_bytes: dice.below(20_000),
            cursor_bytes: u64::MAX,
        };
        if let Ok(trimmed) = bus.trim(At(i64::MAX), &keep) {
            assert_eq!(trimmed.lapsed, []);
        }
    }
}

/// The newest snapshot and the log after it are the whole state: nothing lies between them.
fn state_is_whole(bus: &Bus, known: &BTreeMap<u64, Vec<u8>>, why: &str) {
    let snapshot = bus.snapshot().unwrap();
    let from = match snapshot {
        Some(mut s) => {
            assert_eq!(s.passed_over(), &[] as &[String], "{why}");
            let state = s.record().unwrap().unwrap();
            assert_eq!(state.body(), s.seq().to_le_bytes(), "{why}");
            assert!(s.record().unwrap().is_none());
            s.seq() + 1
        }
        None => 1,
    };
    let replayed = super::read_from(bus, from).unwrap();
    let newest = known.keys().next_back().copied().unwrap_or(0);
    assert!(from + replayed.len() as u64 > newest, "{why}");
    assert_eq!(from + replayed.len() as u64, bus.durable() + 1, "{why}");
}

/// After a crash the cursor is where it was or earlier, and can be read on from there.
fn cursor_repeats(bus: &Bus, world: &World, why: &str) {
    let place = bus.open_cursor("c", 0).unwrap();
    let done = world.done.load(Ordering::Acquire);
    assert!(
        place <= done,
        "{why}: the cursor is at {place}, done is {done}"
    );
    let next = bus.reader(place + 1).next(NOT);
    let next = next.unwrap_or_else(|e| panic!("{why}: {e}"));
    assert!(place == bus.durable() || next.unwrap().seq() == place + 1);
}
