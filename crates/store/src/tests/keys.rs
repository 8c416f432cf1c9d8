//! The key store: ageing, freezing, destruction that leaves nothing behind, power cuts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::{Cut, FileLayer, Footage, HoldId, KeyStore, Says, SimDisk, backup};
use loggia_model::{CameraId, Clock, Digest, Hour, MANUAL_START, ManualClock};

const DIR: &str = "/data/keys";
const KEPT: Duration = Duration::from_secs(72 * 3_600);
const HOUR_S: u64 = 3_600;

fn hours(n: u64) -> Duration {
    Duration::from_secs(n * HOUR_S)
}

fn open(disk: &Arc<SimDisk>, clock: &Arc<ManualClock>, boot: &str) -> KeyStore {
    KeyStore::open(
        Path::new(DIR),
        FileLayer::Sim(disk.clone()),
        clock.clone(),
        boot.into(),
    )
    .unwrap()
}

fn now() -> Hour {
    MANUAL_START.hour()
}

fn bytes_of(keys: &KeyStore, camera: u32, hour: Hour) -> Option<[u8; 32]> {
    keys.take(CameraId(camera), hour)
        .unwrap()
        .map(|k| **k.bytes())
}

#[test]
fn keys_come_back_and_are_made_once() {
    let (disk, clock) = (SimDisk::new(), Arc::new(ManualClock::default()));
    let keys = open(&disk, &clock, "a");
    keys.prepare(&[CameraId(1), CameraId(2)], now()).unwrap();
    let one = bytes_of(&keys, 1, now()).unwrap();
    assert_eq!(**keys.get_or_make(CameraId(1), now()).unwrap().bytes(), one);
    assert_ne!(bytes_of(&keys, 2, now()).unwrap(), one);
    assert!(bytes_of(&keys, 3, now()).is_none());
    let hold = **keys.hold_key(HoldId(7)).unwrap().bytes();
    drop(keys);
    let keys = open(&disk, &clock, "a");
    assert_eq!(bytes_of(&keys, 1, now()).unwrap(), one);
    assert_eq!(**keys.take_hold(HoldId(7)).unwrap().unwrap().bytes(), hold);
    assert_eq!(keys.count(), 2);
    assert!(keys.destroy_hold(HoldId(7)).unwrap());
    assert!(keys.take_hold(HoldId(7)).unwrap().is_none());
}

#[test]
fn a_key_is_due_when_its_youngest_piece_is_old_enough() {
    let (disk, clock) = (SimDisk::new(), Arc::new(ManualClock::default()));
    let keys = open(&disk, &clock, "a");
    keys.get_or_make(CameraId(1), now()).unwrap();
    keys.get_or_make(CameraId(2), now()).unwrap();
    clock.pass(hours(1) + KEPT);
    assert_eq!(
        keys.due(|_| KEPT).len(),
        0,
        "a span begun in the hour's last second still runs"
    );
    clock.pass(Duration::from_secs(64));
    let longer = |c: CameraId| if c.0 == 2 { KEPT + hours(1) } else { KEPT };
    let due = keys.due(longer);
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].camera, due[0].over), (CameraId(1), Duration::ZERO));
}

#[test]
fn a_leap_of_the_wall_clock_destroys_nothing() {
    let (disk, clock) = (SimDisk::new(), Arc::new(ManualClock::default()));
    let keys = open(&disk, &clock, "a");
    keys.get_or_make(CameraId(1), now()).unwrap();
    clock.set_wall(clock.now().after(hours(24 * 365)));
    assert!(keys.due(|_| KEPT).is_empty());
    let dispute = keys.tick().unwrap().unwrap();
    assert_eq!(dispute.by_us, 365 * 24 * 3_600_000_000);
    assert!(keys.due(|_| KEPT).is_empty());
    // A key made meanwhile for the recorder's own hour ages as it should.
    keys.get_or_make(CameraId(2), now()).unwrap();
    keys.confirm(Says::ClockWasWrong).unwrap();
    assert_eq!(keys.dispute(), None);
    assert!(keys.due(|_| KEPT).is_empty());
    clock.pass(KEPT + hours(1) + Duration::from_secs(64));
    assert_eq!(keys.tick().unwrap(), None);
    assert_eq!(keys.due(|_| KEPT).len(), 2);
}

#[test]
fn a_restart_counts_what_is_certain_and_asks_about_the_rest() {
    let (disk, clock) = (SimDisk::new(), Arc::new(ManualClock::default()));
    let keys = open(&disk, &clock, "a");
    keys.get_or_make(CameraId(1), now()).unwrap();
    drop(keys);
    // Same boot: the boot-time clock counted while the program was down.
    clock.pass(hours(10));
    let keys = open(&disk, &clock, "a");
    assert_eq!((keys.age(), keys.dispute()), (hours(10), None));
    drop(keys);

    // Another boot 12 minutes later, 2 of them up: believed.
    let rebooted = Arc::new(ManualClock::default());
    let up = rebooted.mono();
    rebooted.set_wall(clock.now().after(up + Duration::from_secs(600)));
    let keys = open(&disk, &rebooted, "b");
    assert_eq!(keys.dispute(), None);
    assert_eq!(keys.age(), hours(10) + up + Duration::from_secs(600));
    drop(keys);

    // Off for a week, says the wall: ask.
    let before = keys_age(&disk, &rebooted, "b");
    let week = Arc::new(ManualClock::default());
    week.set_wall(rebooted.now().after(up + hours(7 * 24)));
    let keys = open(&disk, &week, "c");
    assert_eq!(keys.dispute().unwrap().by_us, 7 * 24 * 3_600_000_000);
    assert_eq!(keys.age(), before + up);
    assert!(keys.due(|_| KEPT).is_empty(), "it waits for an answer");
    drop(keys);
    let keys = open(&disk, &week, "c");
    assert!(keys.dispute().is_some(), "the question outlives a restart");
    keys.confirm(Says::TimeDidPass).unwrap();
    assert_eq!(keys.age(), before + up + hours(7 * 24));
    assert_eq!(keys.due(|_| KEPT).len(), 1);
}

fn keys_age(disk: &Arc<SimDisk>, clock: &Arc<ManualClock>, boot: &str) -> Duration {
    open(disk, clock, boot).age()
}

#[test]
fn a_frozen_hour_waits_and_is_destroyed_after_the_thaw() {
    let (disk, clock) = (SimDisk::new(), Arc::new(ManualClock::default()));
    let keys = open(&disk, &clock, "a");
    keys.prepare(&[CameraId(1), CameraId(2)], now()).unwrap();
    clock.pass(KEPT + hours(2));
    let due = keys.due(|_| KEPT);
    let request = Digest([5; 32]);
    let gone = keys
        .freeze(request, &[(CameraId(1), now()), (CameraId(9), now())])
        .unwrap();
    assert_eq!(gone, [(CameraId(9), now())], "what is gone is said at once");
    drop(keys);
    let keys = open(&disk, &clock, "a");
    let done = keys.destroy(&due).unwrap();
    assert_eq!(
        done.frozen,
        [(CameraId(1), now())],
        "frozen after the list was made"
    );
    assert_eq!(done.destroyed, [(CameraId(2), now())]);
    assert!(keys.due(|_| KEPT)[0].frozen);
    assert!(keys.thaw(request).unwrap() && !keys.thaw(request).unwrap());
    let done = keys.destroy(&keys.due(|_| KEPT)).unwrap();
    assert_eq!(done.destroyed, [(CameraId(1), now())]);
    assert_eq!(keys.count(), 0);
}

#[test]
fn images_taken_after_destruction_hold_no_key() {
    let (disk, clock) = (SimDisk::new(), Arc::new(ManualClock::default()));
    let keys = open(&disk, &clock, "a");
    let cameras: Vec<CameraId> = (1..=20).map(CameraId).collect();
    keys.prepare(&cameras, now()).unwrap();
    let secret: Vec<[u8; 32]> = (1..=20)
        .map(|c| bytes_of(&keys, c, now()).unwrap())
        .collect();
    let holds = |disk: &SimDisk, key: &[u8; 32]| {
        disk.image()
            .iter()
            .any(|file| file.windows(32).any(|w| w == key))
    };
    assert!(
        secret.iter().all(|k| holds(&disk, k)),
        "the search finds what is there"
    );
    clock.pass(hours(1));
    keys.prepare(&cameras, Hour(now().0 + 1)).unwrap();
    clock.pass(KEPT + Duration::from_secs(64));
    let due = keys.due(|_| KEPT);
    assert_eq!(keys.destroy(&due).unwrap().destroyed.len(), 20);
    assert!(
        secret.iter().all(|k| !holds(&disk, k)),
        "neither synced nor unsynced"
    );
    drop(keys);
    let keys = open(&disk, &clock, "a");
    assert_eq!(keys.count(), 20, "the next hour's are there");
    assert!(cameras.iter().all(|c| !keys.has(*c, now())));
    keys.prepare(&cameras, Hour(now().0 + 2)).unwrap();
    let slots = FileLayer::Sim(disk)
        .read(&Path::new(DIR).join("slots"))
        .unwrap()
        .unwrap();
    assert_eq!(slots.len(), 40 * 64, "slots are used again");
}

#[test]
fn real_files_and_backups_hold_no_destroyed_key() {
    let tmp = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let data = tmp.path().join("data");
    let keys = KeyStore::open(
        &data.join("keys"),
        FileLayer::Real,
        clock.clone(),
        "a".into(),
    )
    .unwrap();
    keys.prepare(&[CameraId(1)], now()).unwrap();
    let secret = bytes_of(&keys, 1, now()).unwrap();
    let copy = tmp.path().join("copy");
    backup(&data, &copy, Footage::Include, clock.now()).unwrap();
    clock.pass(KEPT + hours(2));
    keys.destroy(&keys.due(|_| KEPT)).unwrap();
    let mut folders = vec![tmp.path().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                !bytes.windows(32).any(|w| w == secret),
                "{}",
                path.display()
            );
        }
    }
    assert!(files >= 3);
}

#[test]
fn a_power_cut_keeps_every_key_that_was_handed_out() {
    for seed in 0..100 {
        let (disk, clock) = (SimDisk::new(), Arc::new(ManualClock::default()));
        let keys = open(&disk, &clock, "a");
        let mut known = Vec::new();
        for c in 1..=10 {
            let key = keys.get_or_make(CameraId(c), now()).unwrap();
            known.push((c, **key.bytes()));
        }
        clock.pass(KEPT + hours(2));
        let due = keys.due(|_| KEPT);
        disk.die_after(seed % 7);
        let destroyed = keys.destroy(&due[..4]).is_ok();
        let after = disk.cut(
            if seed % 2 == 0 {
                Cut::Torn
            } else {
                Cut::Nothing
            },
            seed,
        );
        let keys = open(&after, &clock, "a");
        for (c, key) in known {
            let going = due[..4].iter().any(|d| d.camera == CameraId(c));
            match bytes_of(&keys, c, now()) {
                Some(found) => assert!(found == key && !(going && destroyed), "seed {seed}"),
                None => assert!(going, "seed {seed}: camera {c}"),
            }
        }
    }
}
