//! Power cuts and full disks, on the disk in memory: what was acknowledged is there, what was
//! signed stays true, and the log goes on.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;
use std::sync::Arc;

use loggia_model::ManualClock;
use loggia_store::{Cut, FileLayer, SimDisk};
use loggia_transparency::*;

const DIR: &str = "/data/log";
const ORIGIN: &str = "city.example/log";

fn open(disk: &Arc<SimDisk>, key: &[u8]) -> Result<Log, Error> {
    let layer = FileLayer::Sim(Arc::clone(disk));
    let key = LogKey::from_pkcs8(key).unwrap();
    Log::open_on(
        layer,
        Path::new(DIR),
        key,
        ORIGIN,
        Arc::new(ManualClock::default()),
    )
}

fn batch(first: u32, count: u32) -> Vec<KeyDue> {
    (first..first + count)
        .map(|hour| KeyDue { hour, keys: 1 })
        .collect()
}

/// The tree that the entries give is the tree that is signed.
fn check(log: &Log) {
    let mut leaves = Vec::new();
    while (leaves.len() as u64) < log.size() {
        let page = log.raw_entries(leaves.len() as u64, 1_000).unwrap();
        leaves.extend(page.iter().map(|(_, e)| leaf_hash(e)));
    }
    assert_eq!(log.checkpoint().root(), root_of_leaves(&leaves));
    assert_eq!(log.root_at(log.size()).unwrap(), log.checkpoint().root());
}

#[test]
fn two_hundred_power_cuts_lose_nothing_that_was_acknowledged() {
    let (_, key) = LogKey::generate().unwrap();
    let mut recovered_more = 0;
    for seed in 0..200u64 {
        let disk = SimDisk::new();
        let log = open(&disk, &key).unwrap();
        drop(log.append_many(batch(0, 250 + seed as u32 % 20)).unwrap());
        disk.die_after(seed % 60);
        let mut kept = log.checkpoint();
        let mut acked: Vec<Logged<KeyDue>> = Vec::new();
        for n in 0..8 {
            match log.append_many(batch(10_000 + n * 100, 1 + n * 3)) {
                Ok(some) => acked.extend(some),
                Err(_) => break,
            }
            kept = log.checkpoint();
        }
        drop(log);
        let how = if seed.is_multiple_of(4) {
            Cut::Nothing
        } else {
            Cut::Torn
        };
        let after = disk.cut(how, seed);
        let log = open(&after, &key).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        assert!(log.size() >= kept.size(), "seed {seed}");
        recovered_more += u32::from(log.size() > kept.size());
        assert_eq!(
            log.root_at(kept.size()).unwrap(),
            kept.root(),
            "seed {seed}"
        );
        for l in &acked {
            let (_, entry) = log.entries(l.index(), 1).unwrap().swap_remove(0);
            assert_eq!(entry.event, l.get().event(), "seed {seed}");
        }
        check(&log);
        let next = log.append(KeyDue { hour: 1, keys: 1 }).unwrap();
        assert_eq!(next.index() + 1, log.size());
        check(&log);
        // And a second cut right after.
        drop(log);
        check(&open(&after.cut(Cut::Torn, seed + 1), &key).unwrap());
    }
    assert!(
        recovered_more > 0,
        "no cut fell between journal and checkpoint: move the cuts"
    );
}

#[test]
fn a_full_disk_refuses_and_the_log_goes_on_when_there_is_room() {
    let (_, key) = LogKey::generate().unwrap();
    let disk = SimDisk::new();
    let log = open(&disk, &key).unwrap();
    drop(log.append_many(batch(0, 300)).unwrap());
    let (mut refused, mut size) = (0, log.size());
    for room in (0..60_000).step_by(997) {
        disk.set_capacity(Some(disk.bytes_used() + room));
        match log.append_many(batch(5_000, 100)) {
            Ok(_) => size += 100,
            Err(e) => {
                assert_eq!(e, Error::DiskFull, "with {room} bytes");
                refused += 1;
            }
        }
        assert_eq!(log.size(), size);
        check(&log);
    }
    assert!(refused > 3);
    disk.set_capacity(None);
    let next = log.append(KeyDue { hour: 1, keys: 1 }).unwrap();
    assert_eq!(next.index(), size);
    drop(log);
    let log = open(&disk, &key).unwrap();
    assert_eq!(log.size(), size + 1);
    check(&log);
}

#[test]
fn after_a_failed_sync_the_log_stops_until_a_restart() {
    let (_, key) = LogKey::generate().unwrap();
    let disk = SimDisk::new();
    let log = open(&disk, &key).unwrap();
    drop(log.append_many(batch(0, 3)).unwrap());
    disk.set_sync_fails(true);
    assert!(matches!(
        log.append_many(batch(3, 1)),
        Err(Error::Stopped(_))
    ));
    disk.set_sync_fails(false);
    let e = log.append_many(batch(3, 1)).unwrap_err();
    assert!(e.to_string().contains("needs a restart"), "{e}");
    assert_eq!(log.size(), 3);
    drop(log);
    let log = open(&disk.cut(Cut::Nothing, 1), &key).unwrap();
    assert!(log.size() >= 3);
    check(&log);
}

fn file(disk: &Arc<SimDisk>, name: &str) -> Vec<u8> {
    FileLayer::Sim(Arc::clone(disk))
        .read(&Path::new(DIR).join(name))
        .unwrap()
        .unwrap()
}

fn put(disk: &Arc<SimDisk>, name: &str, bytes: &[u8]) {
    FileLayer::Sim(Arc::clone(disk))
        .write_atomic(&Path::new(DIR).join(name), bytes)
        .unwrap();
}

/// A kill or power cut between the journal and the checkpoint: cut at every byte of the last batch.
#[test]
fn a_torn_last_batch_is_cut_and_a_whole_one_is_kept() {
    let (_, key) = LogKey::generate().unwrap();
    let disk = SimDisk::new();
    let log = open(&disk, &key).unwrap();
    drop(log.append_many(batch(0, 300)).unwrap());
    let (journal, checkpoint) = (file(&disk, "journal"), file(&disk, "checkpoint"));
    drop(log.append_many(batch(300, 3)).unwrap());
    drop(log);
    let whole = file(&disk, "journal");
    assert!(whole.len() > journal.len());
    for cut in journal.len()..=whole.len() {
        put(&disk, "journal", &whole[..cut]);
        put(&disk, "checkpoint", &checkpoint);
        let log = open(&disk, &key).unwrap();
        assert_eq!(
            log.size(),
            if cut == whole.len() { 303 } else { 300 },
            "cut at {cut}"
        );
        check(&log);
        let next = log.append(KeyDue { hour: 999, keys: 1 }).unwrap();
        assert_eq!(next.index() + 1, log.size());
        check(&log);
    }
}

/// The same cut when the checkpoint already covers the batch: the folder is refused.
#[test]
fn a_journal_shorter_than_the_checkpoint_is_refused() {
    let (_, key) = LogKey::generate().unwrap();
    let disk = SimDisk::new();
    let log = open(&disk, &key).unwrap();
    drop(log.append_many(batch(0, 5)).unwrap());
    let before = file(&disk, "journal").len();
    drop(log.append_many(batch(5, 3)).unwrap());
    drop(log);
    let whole = file(&disk, "journal");
    for cut in 0..whole.len() {
        put(&disk, "journal", &whole[..cut]);
        let e = open(&disk, &key).unwrap_err();
        if cut == before {
            assert_eq!(
                e,
                Error::Rollback {
                    signed: 8,
                    found: 5
                }
            );
        } else {
            assert!(
                matches!(e, Error::Damaged(_) | Error::Rollback { .. }),
                "{cut}: {e}"
            );
        }
        assert_eq!(
            file(&disk, "journal").len(),
            cut,
            "a refused folder is left as it was"
        );
    }
    put(&disk, "journal", &whole);
    check(&open(&disk, &key).unwrap());
}

/// A long journal is begun anew when its tiles are synced, and the log opens from the tiles.
#[test]
fn a_journal_that_was_begun_anew_recovers_from_the_tiles() {
    let (_, key) = LogKey::generate().unwrap();
    let disk = SimDisk::new();
    let log = open(&disk, &key).unwrap();
    let mut n = 0;
    while file(&disk, "journal").len() < 5 << 20 {
        drop(log.append_many(batch(n, 1_000)).unwrap());
        n += 1_000;
    }
    let long = file(&disk, "journal").len();
    // The writer does it when nobody has asked for a while.
    while file(&disk, "journal").len() == long {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let (old, kept) = (file(&disk, "checkpoint"), log.checkpoint());
    drop(log.append_many(batch(n, 700)).unwrap());
    drop(log);
    // All that was not synced is gone, except the old checkpoint's tiles and the short journal.
    let after = disk.cut(Cut::Nothing, 0);
    assert!(file(&after, "journal").len() < 100_000);
    let log = open(&after, &key).unwrap();
    assert_eq!(log.size(), u64::from(n) + 700);
    assert_eq!(log.root_at(kept.size()).unwrap(), kept.root());
    check(&log);
    drop(log);
    // A checkpoint from before the journal's base is compared with the tiles.
    put(&after, "checkpoint", &old);
    check(&open(&after, &key).unwrap());
    // A damaged tile at the edge below the journal's base is named.
    put(&after, "tile/0/300", &[0; 8_191]);
    let e = open(&after, &key).unwrap_err();
    assert!(
        matches!(&e, Error::WrongTile { path, .. } if path == "tile/0/300"),
        "{e}"
    );
}
