//! Snapshots, what may go and what must stay, copies and the way back.

use std::path::Path;
use std::time::Duration;

use loggia_model::At;

use super::{DIR, Dice, NOT, body, open, put, read_from, small};
use crate::bus::{Bus, Lapse, Retention, State, copy_log, restore_log};
use crate::{Cut, Error, FileLayer, SimDisk};

const ALL_GO: Retention = Retention {
    history: Duration::ZERO,
    history_bytes: 0,
    cursor_bytes: u64::MAX,
};

fn fill(bus: &Bus, records: u64) {
    for _ in 0..records {
        let n = bus.durable();
        put(bus, &body(0, n, &mut Dice(n)));
    }
}

fn state(n: u64) -> impl Iterator<Item = State<Vec<u8>>> {
    (0..n).map(|n| State {
        kind: 9,
        key: n,
        at: At(7),
        body: vec![n as u8; n as usize % 300],
    })
}

fn check_state(bus: &Bus, seq: u64, n: u64) {
    let mut snapshot = bus.snapshot().unwrap().unwrap();
    assert_eq!((snapshot.seq(), snapshot.at()), (seq, At(5)));
    for wanted in state(n) {
        let found = snapshot.record().unwrap().unwrap();
        assert_eq!(
            (found.kind(), found.key(), found.at()),
            (9, wanted.key, At(7))
        );
        assert_eq!(found.body(), wanted.body);
    }
    assert!(snapshot.record().unwrap().is_none());
    assert!(snapshot.record().unwrap().is_none());
}

#[test]
fn a_start_goes_on_from_the_newest_snapshot() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    assert!(bus.snapshot().unwrap().is_none());
    assert!(
        bus.write_snapshot(1, At(5), state(1)).is_err(),
        "nothing is on disk yet"
    );
    fill(&bus, 40);
    bus.write_snapshot(30, At(5), state(0)).unwrap();
    check_state(&bus, 30, 0);
    assert!(
        bus.write_snapshot(30, At(5), state(9)).is_err(),
        "not newer"
    );
    bus.write_snapshot(35, At(5), state(20)).unwrap();
    bus.write_snapshot(40, At(5), state(2_000)).unwrap();
    fill(&bus, 3);
    drop(bus);
    let bus = open(&disk).unwrap();
    check_state(&bus, 40, 2_000);
    assert_eq!(read_from(&bus, 41).unwrap().len(), 3);
    drop(bus);
    damage_snapshot(&disk.cut(Cut::Nothing, 1));
}

/// A damaged snapshot is passed over; the one before it is used.
fn damage_snapshot(disk: &std::sync::Arc<SimDisk>) {
    let layer = FileLayer::Sim(disk.clone());
    let snaps: Vec<_> = layer.list(Path::new(DIR)).unwrap().into_iter().collect();
    let snaps: Vec<_> = snaps.iter().filter(|(n, _)| n.ends_with(".snap")).collect();
    assert_eq!(snaps.len(), 2);
    let path = Path::new(DIR).join(&snaps[1].0);
    let whole = layer.read(&path).unwrap().unwrap();
    let mut dice = Dice(3);
    for n in 0..60 {
        let mut bytes = whole.clone();
        if n % 3 == 0 {
            bytes.truncate(dice.below(whole.len() as u64) as usize);
        } else {
            bytes[dice.below(whole.len() as u64) as usize] ^= 1 << dice.below(8);
        }
        layer.write_atomic(&path, &bytes).unwrap();
        let bus = open(disk).unwrap();
        let snapshot = bus.snapshot().unwrap().unwrap();
        assert_eq!(snapshot.seq(), 35);
        assert_eq!(snapshot.passed_over().len(), 1);
    }
}

#[test]
fn a_snapshot_that_does_not_fit_leaves_nothing() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    fill(&bus, 40);
    bus.write_snapshot(10, At(5), state(10)).unwrap();
    disk.set_capacity(Some(disk.bytes_used() + 1_000));
    let full = bus.write_snapshot(40, At(5), state(5_000));
    assert!(matches!(full, Err(Error::DiskFull)));
    check_state(&bus, 10, 10);
    disk.set_capacity(None);
    bus.write_snapshot(40, At(5), state(5)).unwrap();
    check_state(&bus, 40, 5);
}

#[test]
fn nothing_goes_that_is_needed() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    bus.open_cursor("slow", 0).unwrap();
    fill(&bus, 200);
    let now = At(i64::MAX);
    assert_eq!(
        bus.trim(now, &ALL_GO).unwrap().floor,
        1,
        "no snapshot, no trim"
    );
    bus.write_snapshot(150, At(5), state(1)).unwrap();
    assert_eq!(
        bus.trim(now, &ALL_GO).unwrap().floor,
        1,
        "the cursor has read nothing"
    );
    bus.advance("slow", 90).unwrap();
    let young = Retention {
        history: Duration::MAX,
        history_bytes: u64::MAX,
        ..ALL_GO
    };
    assert_eq!(bus.trim(now, &young).unwrap().floor, 1, "history is kept");
    let trimmed = bus.trim(now, &ALL_GO).unwrap();
    assert!(trimmed.floor > 1 && trimmed.floor <= 91 && trimmed.segments > 0);
    assert_eq!(trimmed.lapsed, []);
    assert_eq!(bus.standing().floor, trimmed.floor);
    let gone = bus.reader(1).next(NOT);
    let to = trimmed.floor - 1;
    assert!(matches!(gone, Err(Error::Lapped { from: 1, to: t }) if t == to));
    assert_eq!(read_from(&bus, 91).unwrap().len(), 110);
    // A cursor that holds too much lapses, and is told what it lost.
    let limit = Retention {
        cursor_bytes: 5_000,
        ..ALL_GO
    };
    let trimmed = bus.trim(now, &limit).unwrap();
    let (from, to) = (91, trimmed.floor - 1);
    let cursor = "slow".to_owned();
    assert_eq!(trimmed.lapsed, [Lapse { cursor, from, to }]);
    assert!(
        trimmed.floor <= 151,
        "what the snapshot does not hold stays"
    );
    let lapped = bus.reader(bus.cursor("slow").unwrap() + 1).next(NOT);
    assert!(matches!(lapped, Err(Error::Lapped { from: 91, to: t }) if t == to));
    assert_eq!(bus.trim(now, &limit).unwrap().lapsed, [], "it is said once");
    drop(bus);
    let bus = open(&disk).unwrap();
    assert_eq!(bus.standing().floor, trimmed.floor);
    check_state(&bus, 150, 1);
    assert_eq!(read_from(&bus, 151).unwrap().len(), 50);
}

#[test]
fn a_reader_in_a_file_that_goes_says_so() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    fill(&bus, 200);
    let mut reader = bus.reader(1);
    reader.next(NOT).unwrap().unwrap();
    bus.write_snapshot(200, At(5), state(1)).unwrap();
    let trimmed = bus.trim(At(i64::MAX), &ALL_GO).unwrap();
    let said = loop {
        match reader.next(NOT) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("records were left out"),
            Err(e) => break e,
        }
    };
    let Error::Lapped { from, to } = said else {
        panic!("{said}")
    };
    assert_eq!((from, to), (reader.position(), trimmed.floor - 1));
    reader.seek(to + 1);
    assert_eq!(reader.next(NOT).unwrap().unwrap().seq(), trimmed.floor);
}

#[test]
fn a_copy_is_a_beginning_of_the_log() {
    let disk = SimDisk::new();
    let layer = FileLayer::Sim(disk.clone());
    let bus = open(&disk).unwrap();
    fill(&bus, 100);
    bus.write_snapshot(80, At(5), state(50)).unwrap();
    bus.open_cursor("c", 60).unwrap();
    bus.trim(At(i64::MAX), &ALL_GO).unwrap();
    let whole = read_from(&bus, bus.standing().floor).unwrap();
    std::thread::scope(|s| {
        s.spawn(|| fill(&bus, 200));
        for n in 0..6 {
            let dest = format!("/copy/{n}");
            let copied = if n % 2 == 0 {
                bus.copy_to(Path::new(&dest)).unwrap()
            } else {
                copy_log(Path::new(DIR), Path::new(&dest), &layer).unwrap()
            };
            assert!(copied.through >= 100 && copied.from > 1);
        }
    });
    assert!(
        bus.copy_to(Path::new("/copy/0")).is_err(),
        "nothing is overwritten"
    );
    fill(&bus, 10);
    drop(bus);
    for n in 0..6 {
        let (copy, back) = (format!("/copy/{n}"), format!("/back/{n}"));
        let copied = restore_log(Path::new(&copy), Path::new(&back), &layer).unwrap();
        let bus = Bus::open(Path::new(&back), small(&disk)).unwrap();
        check_state(&bus, 80, 50);
        assert_eq!(bus.cursor("c").unwrap_or(60), 60);
        let all = read_from(&bus, copied.from).unwrap();
        assert_eq!(all.keys().next_back(), Some(&copied.through));
        assert!(whole.iter().all(|(seq, body)| all.get(seq) == Some(body)));
        fill(&bus, 5);
    }
    let files = layer.list(Path::new("/copy/0")).unwrap();
    let first = files.keys().find(|n| n.ends_with(".seg")).unwrap();
    let file = layer.open(&Path::new("/copy/0").join(first)).unwrap();
    file.write_at(200, &[&[0xff; 9]]).unwrap();
    let bad = restore_log(Path::new("/copy/0"), Path::new("/back/bad"), &layer);
    assert!(matches!(bad, Err(Error::LogDamaged { .. })));
    assert!(layer.list(Path::new("/back/bad")).unwrap().is_empty());
}
