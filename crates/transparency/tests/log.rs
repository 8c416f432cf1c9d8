//! The log on real files: append, recover, prove, verify from outside, and what must be refused.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use loggia_model::{Digest, ManualClock};
use loggia_transparency::*;

const ORIGIN: &str = "city.example/log";

struct City {
    dir: tempfile::TempDir,
    key: Vec<u8>,
}

impl City {
    fn new() -> Self {
        let (_, key) = LogKey::generate().unwrap();
        Self {
            dir: tempfile::tempdir().unwrap(),
            key,
        }
    }
    fn try_open(&self) -> Result<Log, Error> {
        let key = LogKey::from_pkcs8(&self.key).unwrap();
        Log::open(
            self.dir.path(),
            key,
            ORIGIN,
            Arc::new(ManualClock::default()),
        )
    }
    fn open(&self) -> Log {
        self.try_open().unwrap()
    }
    fn verifier(&self) -> Verifier {
        LogKey::from_pkcs8(&self.key)
            .unwrap()
            .verifier(ORIGIN)
            .unwrap()
    }
    fn verify(&self) -> Result<verify::Report, Error> {
        verify::folder(self.dir.path(), &self.verifier(), None)
    }
    fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.dir.path().join(name)).unwrap()
    }
    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.dir.path().join(name), bytes).unwrap();
    }
}

fn key_due(n: u32) -> KeyDue {
    KeyDue {
        hour: n,
        keys: n % 7,
    }
}

fn fill(log: &Log, range: core::ops::Range<u32>) {
    let all: Vec<_> = range.map(key_due).collect();
    for some in all.chunks(900) {
        log.append_many(some.to_vec()).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for f in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let there = to.join(f.file_name());
        if f.path().is_dir() {
            copy(&f.path(), &there)
        } else {
            drop(fs::copy(f.path(), there))
        }
    }
}

#[test]
fn what_is_appended_is_there_after_a_restart() {
    let city = City::new();
    let log = city.open();
    assert_eq!(log.size(), 0);
    let one = log.append(key_due(7)).unwrap();
    assert_eq!(
        (one.index(), one.get().hour, one.at()),
        (0, 7, 1_795_435_200)
    );
    assert_eq!(city.verify().unwrap().kinds["key_due"], 1);
    let more = log.append_many(vec![key_due(8), key_due(9)]).unwrap();
    assert_eq!(more.iter().map(Logged::index).collect::<Vec<_>>(), [1, 2]);
    let before = log.checkpoint();
    drop(log);
    let log = city.open();
    assert_eq!(
        log.checkpoint(),
        before,
        "an unchanged log is not signed anew"
    );
    let entries = log.entries(0, 10).unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[2].1.event, key_due(9).event());
    assert_eq!(log.append(key_due(10)).unwrap().index(), 3);
    assert_eq!(*log.watch_size().borrow(), 4);
}

#[test]
fn proofs_hold_at_every_size_on_the_way() {
    let city = City::new();
    let log = city.open();
    let mut kept: Vec<SignedCheckpoint> = vec![log.checkpoint()];
    for size in [1u32, 2, 3, 255, 256, 257, 511, 512, 700, 1_030] {
        fill(&log, log.size() as u32..size);
        kept.push(log.checkpoint());
    }
    let now = log.checkpoint();
    for (n, old) in kept.iter().enumerate() {
        let proof = log.consistency_proof(old.size(), now.size()).unwrap();
        verify::consistency(old.checkpoint(), now.checkpoint(), &proof).unwrap();
        assert_eq!(log.root_at(old.size()).unwrap(), old.root());
        if n > 1 {
            let mut bad = old.checkpoint().clone();
            bad.root.0[0] ^= 1;
            let e = verify::consistency(&bad, now.checkpoint(), &proof).unwrap_err();
            assert!(
                matches!(e, Error::WrongProof(_) | Error::Fork { .. }),
                "{e}"
            );
        }
        for index in (0..old.size()).step_by(37) {
            let (_, entry) = log.raw_entries(index, 1).unwrap().swap_remove(0);
            let proof = log.inclusion_proof(index, old.size()).unwrap();
            verify::inclusion(&entry, index, &proof, old).unwrap();
            assert!(verify::inclusion(&entry, index + 1, &proof, old).is_err());
        }
    }
    let e = verify::consistency(now.checkpoint(), kept[3].checkpoint(), &[]).unwrap_err();
    assert_eq!(
        e,
        Error::Rollback {
            signed: 1_030,
            found: 3
        }
    );
    let receipt = log.receipt(600).unwrap();
    verify::receipt(&receipt, &city.verifier()).unwrap();
    assert!(
        verify::receipt(
            &Receipt {
                index: 601,
                ..receipt
            },
            &city.verifier()
        )
        .is_err()
    );
    assert!(log.inclusion_proof(5_000, 5_001).is_err());
    assert!(log.consistency_proof(3, 5_001).is_err());
    assert!(log.receipt(1_030).is_err());
}

#[test]
fn many_threads_share_syncs_and_each_gets_its_own_place() {
    let city = City::new();
    let log = city.open();
    let places: Vec<u64> = std::thread::scope(|s| {
        let threads: Vec<_> = (0..16u32)
            .map(|t| {
                let log = log.clone();
                s.spawn(move || {
                    (0..20)
                        .map(|n| log.append(key_due(t * 100 + n)).unwrap())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let all = threads.into_iter().flat_map(|t| t.join().unwrap());
        all.map(|l| {
            let (index, entry) = log.entries(l.index(), 1).unwrap().swap_remove(0);
            assert_eq!((index, &entry.event), (l.index(), &l.get().event()));
            index
        })
        .collect()
    });
    let mut sorted = places;
    sorted.sort_unstable();
    assert_eq!(sorted, (0..320).collect::<Vec<_>>());
    city.verify().unwrap();
}

#[tokio::test]
async fn async_callers_wait_without_blocking() {
    let city = City::new();
    let log = city.open();
    let (a, b) = tokio::join!(log.append_async(key_due(1)), log.append_async(key_due(2)));
    assert_eq!(a.unwrap().index() + b.unwrap().index(), 1);
}

#[test]
fn yesterday_s_copy_is_named_as_rollback() {
    let city = City::new();
    let log = city.open();
    fill(&log, 0..400);
    let yesterday = tempfile::tempdir().unwrap();
    copy(city.dir.path(), yesterday.path());
    fill(&log, 400..420);
    let kept = log.checkpoint();
    drop(log);
    // Only the checkpoint is newer: the log refuses to start.
    fs::copy(
        city.dir.path().join("checkpoint"),
        yesterday.path().join("checkpoint"),
    )
    .unwrap();
    let key = LogKey::from_pkcs8(&city.key).unwrap();
    let e = Log::open(
        yesterday.path(),
        key,
        ORIGIN,
        Arc::new(ManualClock::default()),
    )
    .unwrap_err();
    assert_eq!(
        e,
        Error::Rollback {
            signed: 420,
            found: 400
        }
    );
    assert!(
        e.to_string().contains("older than what was published"),
        "{e}"
    );

    // The whole folder is yesterday's: only a kept checkpoint tells.
    let city = City {
        dir: yesterday,
        ..city
    };
    let other = City::new();
    let log = City {
        dir: other.dir,
        key: city.key.clone(),
    };
    copy_over(&log, &city);
    let e = verify::folder(log.dir.path(), &log.verifier(), Some(kept.checkpoint())).unwrap_err();
    assert_eq!(
        e,
        Error::Rollback {
            signed: 420,
            found: 400
        }
    );
    // And once it has grown past the kept size with other entries, it is a fork.
    let forked = log.open();
    fill(&forked, 1_000..1_030);
    log.verify().unwrap();
    let e = verify::folder(log.dir.path(), &log.verifier(), Some(kept.checkpoint())).unwrap_err();
    assert!(matches!(e, Error::Fork { size: 420, .. }), "{e}");
}

/// Yesterday's copy as it was: its journal holds 400 entries; sign them again.
fn copy_over(to: &City, from: &City) {
    copy(from.dir.path(), to.dir.path());
    fs::remove_file(to.dir.path().join("checkpoint")).unwrap();
    let fresh = City {
        dir: tempfile::tempdir().unwrap(),
        key: from.key.clone(),
    };
    let log = fresh.open();
    fill(&log, 0..400);
    to.put("checkpoint", &fresh.file("checkpoint"));
}

#[test]
fn another_key_another_origin_and_missing_files_are_refused() {
    let city = City::new();
    let log = city.open();
    fill(&log, 0..3);
    drop(log);
    let clock = || Arc::new(ManualClock::default());
    let (stranger, _) = LogKey::generate().unwrap();
    let e = Log::open(city.dir.path(), stranger, ORIGIN, clock()).unwrap_err();
    assert!(matches!(e, Error::BadSignature { .. }), "{e}");
    let key = || LogKey::from_pkcs8(&city.key).unwrap();
    let e = Log::open(city.dir.path(), key(), "other.example", clock()).unwrap_err();
    assert!(matches!(e, Error::BadSignature { .. }), "{e}");
    assert!(Log::open(city.dir.path(), key(), "two words", clock()).is_err());
    for name in ["journal", "checkpoint"] {
        let bytes = city.file(name);
        fs::remove_file(city.dir.path().join(name)).unwrap();
        let e = city.try_open().unwrap_err();
        assert!(e.to_string().contains(name), "{e}");
        city.put(name, &bytes);
    }
    city.open();
}

#[test]
fn a_changed_entry_in_the_journal_is_a_fork() {
    let city = City::new();
    let log = city.open();
    fill(&log, 0..5);
    drop(log);
    let other = City {
        dir: tempfile::tempdir().unwrap(),
        key: city.key.clone(),
    };
    let log = other.open();
    fill(&log, 1..6);
    drop(log);
    city.put("journal", &other.file("journal"));
    let e = city.try_open().unwrap_err();
    assert!(matches!(e, Error::Fork { size: 5, .. }), "{e}");
    assert!(e.to_string().contains("entry below 5"), "{e}");
}

#[test]
fn lost_tiles_are_made_again_from_the_journal() {
    let city = City::new();
    let log = city.open();
    fill(&log, 0..600);
    drop(log);
    let tile = city.file("tile/0/001");
    fs::remove_dir_all(city.dir.path().join("tile/0")).unwrap();
    city.put("tile/entries/000", b"\0\0torn");
    assert!(city.verify().is_err());
    drop(city.open());
    assert_eq!(city.file("tile/0/001"), tile);
    city.verify().unwrap();
}

/// One flipped bit in any file is found by the verifier, which names the file or the entry.
#[test]
fn any_flipped_byte_in_any_public_file_is_named() {
    let city = City::new();
    let log = city.open();
    fill(&log, 0..300);
    drop(log);
    let names = [
        "checkpoint",
        "tile/entries/000",
        "tile/entries/001.p/44",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
    ];
    for name in names {
        let good = city.file(name);
        for at in (0..good.len()).step_by(good.len() / 25 + 1) {
            let mut bad = good.clone();
            bad[at] ^= 0x04;
            city.put(name, &bad);
            let e = city.verify().unwrap_err();
            let text = e.to_string();
            let named = match name {
                "checkpoint" => text.contains("checkpoint") || text.contains("note"),
                // A changed entry that still reads well shows in its hash tile.
                n if n.starts_with("tile/entries") => {
                    text.contains("entry") || text.contains("entries")
                }
                n => text.contains(n.split(".p").next().unwrap()),
            };
            assert!(named, "{name} byte {at}: {text}");
        }
        city.put(name, &good);
        fs::remove_file(city.dir.path().join(name)).unwrap();
        assert!(city.verify().is_err());
        city.put(name, &good);
    }
    city.verify().unwrap();
    let e = {
        let mut tile = city.file("tile/0/000");
        tile[32 * 17] ^= 1;
        city.put("tile/0/000", &tile);
        city.verify().unwrap_err()
    };
    assert_eq!(
        e,
        Error::WrongTile {
            path: "tile/0/000".to_owned(),
            why: "the hash of entry 17 is another".to_owned()
        }
    );
}

#[test]
fn old_partial_tiles_go_and_any_width_is_still_served() {
    let city = City::new();
    let log = city.open();
    for n in 0..12 {
        fill(&log, n * 25..(n + 1) * 25);
    }
    let left: Vec<_> = fs::read_dir(city.dir.path().join("tile/0/001.p"))
        .unwrap()
        .collect();
    assert!(left.len() <= 2, "{left:?}");
    for width in [1, 17, 44] {
        let tile: TilePath = format!("tile/0/001.p/{width}").parse().unwrap();
        assert_eq!(log.tile(&tile).unwrap().len(), 32 * width);
    }
    let tile: TilePath = "tile/entries/000.p/3".parse().unwrap();
    assert_eq!(
        parse_bundle(&log.tile(&tile).unwrap(), "b")
            .unwrap()
            .0
            .len(),
        3
    );
    let beyond: TilePath = "tile/0/001.p/45".parse().unwrap();
    assert!(matches!(log.tile(&beyond), Err(Error::NotThere(_))));
    drop(log);
    drop(city.open());
    let left: Vec<_> = fs::read_dir(city.dir.path().join("tile/0/001.p"))
        .unwrap()
        .collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn limits_are_said() {
    let city = City::new();
    let log = city.open();
    let e = log
        .append_many((0..1_025).map(key_due).collect())
        .unwrap_err();
    assert_eq!(
        e,
        Error::TooMany {
            given: 1_025,
            max: 1_024
        }
    );
    assert!(log.append_many(Vec::<KeyDue>::new()).unwrap().is_empty());
    assert_eq!(log.size(), 0);
    assert_eq!(log.root_at(0).unwrap(), root_of_leaves(&[]));
    assert_ne!(log.root_at(0).unwrap(), Digest::default());
}

#[test]
fn a_recorder_key_is_found_at_the_first_entry_that_names_it() {
    let city = City::new();
    let log = city.open();
    let key = |n| loggia_model::KeyId([n; 8]);
    let started = |n| RecorderStarted { recorder: key(n) };
    assert_eq!(log.recorder_named(key(1)).unwrap(), None);
    // More than one page stands before it.
    for from in [0, 1000] {
        log.append_many((from..from + 1000).map(key_due).collect())
            .unwrap();
    }
    let first = log.append(started(1)).unwrap().index();
    assert_eq!(log.recorder_named(key(1)).unwrap(), Some(first));
    assert_eq!(log.recorder_named(key(2)).unwrap(), None);
    let again = log.append(started(1)).unwrap().index();
    assert!(again > first);
    let second = log.append(started(2)).unwrap().index();
    assert_eq!(log.recorder_named(key(2)).unwrap(), Some(second));
    drop(log);
    let log = city.open();
    assert_eq!(log.recorder_named(key(1)).unwrap(), Some(first));
}
