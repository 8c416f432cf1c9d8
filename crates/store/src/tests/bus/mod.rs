//! The log tried as a whole: power cuts, full disks, damage, readers that are late, cursors,
//! snapshots, copies. Never asserts how long anything takes.

mod crash;
mod damage;
mod flow;
mod keep;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loggia_model::At;

use crate::bus::{Bus, BusConfig, Entry, Record};
use crate::{Error, FileLayer, SimDisk};

const DIR: &str = "/data/bus";
const LONG: Duration = Duration::from_secs(60);
const NOT: Duration = Duration::ZERO;

/// SplitMix64, as the disk uses.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }
}

/// Small enough that a few dozen records fill several segments.
fn small(disk: &Arc<SimDisk>) -> BusConfig {
    BusConfig {
        segment_bytes: 4_096,
        queue_bytes: 4_000,
        queue_records: 64,
        memory_bytes: 2_048,
        cursor_interval: Duration::from_millis(1),
        ..BusConfig::new(0xc17e, FileLayer::Sim(disk.clone()))
    }
}

fn open(disk: &Arc<SimDisk>) -> Result<Bus, Error> {
    Bus::open(Path::new(DIR), small(disk))
}

fn entry(body: &[u8]) -> Entry<'_> {
    Entry {
        kind: 3,
        key: body.len() as u64,
        at: At(body.len() as i64),
        body,
    }
}

fn check_form(record: &Record) {
    let body = record.body();
    assert_eq!(record.kind(), 3);
    assert_eq!(record.key(), body.len() as u64);
    assert_eq!(record.at(), At(body.len() as i64));
}

/// Says who sent it and which of theirs it is; as long as chance will have it.
fn body(who: u64, n: u64, dice: &mut Dice) -> Vec<u8> {
    let mut body = [who.to_le_bytes(), n.to_le_bytes()].concat();
    let long = if dice.below(20) == 0 { 1_200 } else { 90 };
    body.resize(16 + dice.below(long) as usize, (who ^ n) as u8);
    body
}

fn who_and_n(body: &[u8]) -> (u64, u64) {
    let (who, rest) = body.split_first_chunk().unwrap();
    let (n, _) = rest.split_first_chunk().unwrap();
    (u64::from_le_bytes(*who), u64::from_le_bytes(*n))
}

fn put(bus: &Bus, body: &[u8]) -> u64 {
    loop {
        match bus.append(entry(body)) {
            Ok(ticket) => return ticket.wait(LONG).unwrap(),
            Err(Error::Busy { .. }) => std::thread::yield_now(),
            Err(e) => panic!("{e}"),
        }
    }
}

/// All records from `from` on, which are dense.
fn read_from(bus: &Bus, from: u64) -> Result<BTreeMap<u64, Vec<u8>>, Error> {
    let (mut reader, mut all) = (bus.reader(from), BTreeMap::new());
    while let Some(record) = reader.next(NOT)? {
        check_form(&record);
        assert_eq!(record.seq(), from + all.len() as u64);
        all.insert(record.seq(), record.body().to_vec());
    }
    Ok(all)
}

/// What the world knows of a log.
#[derive(Default)]
struct Ledger {
    sent: Mutex<BTreeSet<Vec<u8>>>,
    /// Acknowledged as on disk, or seen by a reader.
    known: Mutex<BTreeMap<u64, Vec<u8>>>,
}

impl Ledger {
    fn know(&self, seq: u64, body: &[u8]) {
        let mut known = self.known.lock().unwrap();
        let was = known.insert(seq, body.to_vec());
        assert!(was.is_none_or(|w| w == body), "record {seq} has changed");
    }

    /// Nothing known is lost, nothing is invented, each sender's order is kept.
    fn check(&self, bus: &Bus, known: &BTreeMap<u64, Vec<u8>>, why: &str) {
        let floor = bus.standing().floor;
        let all = read_from(bus, floor).unwrap();
        for (seq, body) in known.range(floor..) {
            assert_eq!(all.get(seq), Some(body), "{why}: record {seq}");
        }
        let newest = known.keys().next_back().copied().unwrap_or(0);
        assert!(bus.durable() >= newest, "{why}: {newest} is lost");
        let sent = self.sent.lock().unwrap().clone();
        let mut last = BTreeMap::new();
        for (seq, body) in &all {
            assert!(sent.contains(body), "{why}: record {seq} was never sent");
            let (who, n) = who_and_n(body);
            let before = last.insert(who, n);
            assert!(before.is_none_or(|b| b < n), "{why}: {who} out of order");
            self.know(*seq, body);
        }
    }
}
