//! Retention is provable: an hour after it, all custodians together, with an image of the disk and
//! backups of any age, open nothing but what is held. The attacker here is stronger than any: every
//! 32 bytes of the image are tried as a key on every share table of every copy.
#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;
#[expect(dead_code, reason = "each test file uses its own part of it")]
mod newcomer;
mod thief;

use core::time::Duration;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use city::{CAMERA, City, PEOPLE};
use loggia_model::{Body, CameraId, Clock, Hour, MANUAL_START, Role, SpanId};
use loggia_policy::{Retention, State};
use loggia_seal::CustodianKey;
use loggia_store::{Footage, backup, restore};
use newcomer::{Newcomer, hold};
use thief::{Loot, Spans, files, found_in};

/// A camera whose footage lives a day; [`CAMERA`]'s lives three.
const BRIEF: CameraId = CameraId(8);
const KEPT_H: u64 = 72;
const BRIEF_H: u32 = 24;

fn retention() -> Retention {
    Retention {
        default_h: KEPT_H as u32,
        by_camera: BTreeMap::from([(BRIEF, BRIEF_H)]),
    }
}

/// Lets so many hours pass as the recorder would: its ticks each hour, none of them early.
fn hours_pass(city: &City, hours: u64) {
    for _ in 0..hours {
        city.clock.pass(Duration::from_secs(3_600));
        city.keys.tick().unwrap();
        city.policy.tick().unwrap();
        city.policy.retention_tick(&retention()).unwrap();
    }
}

/// The whole data folder, file by file, as a thief of the disk has it.
fn image(city: &City, to: &Path) -> PathBuf {
    let data = city.dir.path().join("data");
    for from in files(&data) {
        let copy = to.join(from.strip_prefix(&data).unwrap());
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(&from, copy).unwrap();
    }
    to.to_owned()
}

/// A backup by the code that makes backups, put back by the code that restores them.
fn aged_backup(city: &City, copies: &Path, name: &str) -> PathBuf {
    let (made, back) = (copies.join(name), copies.join(format!("{name}-restored")));
    let data = city.dir.path().join("data");
    let done = backup(&data, &made, Footage::Include, city.clock.now()).unwrap();
    assert!(done.left_out.iter().any(|l| l.name == "keys"), "{done:?}");
    restore(&made, &back).unwrap();
    back
}

/// What the attack needs to know of the city before its keys are gone.
struct Before {
    all: Spans,
    hour_keys: Vec<[u8; 32]>,
}

/// Two cameras through two hours, a hold, and custodians who came later in both groups.
fn live(city: &City) -> (Before, [Newcomer; 2]) {
    for _ in 0..2 {
        city.record(CAMERA, 3);
        city.record(BRIEF, 3);
        city.clock.pass(Duration::from_secs(3_600));
    }
    hold(city);
    let came = [
        Newcomer::new("n.police", Body::Police),
        Newcomer::new("n.oversight", Body::Oversight),
    ];
    newcomer::rotate(city, &came.each_ref(), &[]);
    for (by, many) in [("k.virtanen", 12), ("s.makela", 12)] {
        // The held spans once more, from the table that the hold keeps.
        assert!(newcomer::hand_on_all(city, by) >= many);
    }
    let (mut all, mut hour_keys) = (Spans::new(), Vec::new());
    for camera in [CAMERA, BRIEF] {
        all.extend((1..=6).map(|n| (camera, SpanId(n))));
        for hour in [MANUAL_START.hour(), Hour(MANUAL_START.hour().0 + 1)] {
            let key = city.keys.take(camera, hour).unwrap().unwrap();
            hour_keys.push(**key.bytes());
        }
    }
    (Before { all, hour_keys }, came)
}

/// The whole law, on a city wherever it lies. Gives the keys that were destroyed.
fn an_hour_after_retention_only_what_is_held_opens(city: &City, copies: &Path) -> Vec<[u8; 32]> {
    let (before, came) = live(city);
    let recorder = city.recorder.public();
    let everybody: Vec<&CustodianKey> = PEOPLE
        .iter()
        .filter(|(_, _, roles)| roles.contains(&Role::Custodian))
        .map(|(p, _, _)| &city.people[p].custodian)
        .chain(came.iter().map(|n| &n.key.custodian))
        .collect();
    assert_eq!(everybody.len(), 5);
    let keys_of = |image: &Path| files(&image.join("keys"));

    // The attack works: with an image from before, one of each group sees everything, and so do
    // those two who came only after all of it was sealed.
    let early = image(city, &copies.join("early"));
    let loot = Loot::of(core::slice::from_ref(&early), &recorder);
    for two in [
        [
            &city.people["k.virtanen"].custodian,
            &city.people["s.makela"].custodian,
        ],
        [&came[0].key.custodian, &came[1].key.custodian],
    ] {
        assert_eq!(loot.seen_by(&two, &keys_of(&early)), before.all);
        assert!(loot.seen_by(&two[..1], &keys_of(&early)).is_empty());
    }
    assert_eq!(found_in(&before.hour_keys, &files(&early)).len(), 1);

    let mut backups = vec![aged_backup(city, copies, "fresh")];
    hours_pass(city, 22);
    backups.push(aged_backup(city, copies, "a-day"));
    hours_pass(city, KEPT_H - 24);
    backups.push(aged_backup(city, copies, "three-days"));
    // The second hour ended four minutes before the first of these ticks; with the youngest piece's
    // minute, retention and one hour more it is three minutes over.
    hours_pass(city, 3);

    let late = image(city, &copies.join("late"));
    let mut everything = vec![late.clone()];
    everything.extend(backups);
    let loot = Loot::of(&everything, &recorder);
    assert_eq!(
        loot.pieces.len(),
        12,
        "the backups still hold every sealed span"
    );
    let held = Spans::from([(CAMERA, SpanId(2)), (CAMERA, SpanId(3))]);
    assert_eq!(loot.seen_by(&everybody, &keys_of(&late)), held);
    let mut all_files = files(&late);
    for name in ["fresh", "a-day", "three-days"] {
        all_files.extend(files(&copies.join(name)));
        all_files.extend(files(&copies.join(format!("{name}-restored"))));
    }
    let found = found_in(&before.hour_keys, &all_files);
    assert!(found.is_empty(), "destroyed keys stand in {found:?}");

    // What is held is opened through the line, by those who were there and those who came.
    for with_newcomers in [false, true] {
        let asked = city.investigate();
        city.approve("a.korhonen", asked.id);
        if with_newcomers {
            for n in &came {
                n.release(city, &asked);
            }
        } else {
            city.release("k.virtanen", &asked);
            city.release("s.makela", &asked);
        }
        let me = city.actor("p.lindqvist");
        let view = city.policy.request_view(&me, asked.id).unwrap();
        assert_eq!(view.state, State::Open);
        assert_eq!(newcomer::clear_pieces(city, &asked), 10);
        city.policy.withdraw(&me, asked.id).unwrap();
    }
    before.hour_keys
}

#[test]
fn an_hour_after_retention_no_copy_of_any_age_opens_but_what_is_held() {
    let copies = tempfile::tempdir().unwrap();
    an_hour_after_retention_only_what_is_held_opens(&City::new(), copies.path());
}

/// Runs a command of the system, which must do well.
fn run(words: &[&str]) {
    let mut command = std::process::Command::new(words[0]);
    let done = command.args(&words[1..]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{words:?}: {said}");
}

/// An ext4 file system in a file, mounted until this goes.
struct Ext4 {
    disk: PathBuf,
    at: PathBuf,
}

impl Ext4 {
    fn mount(root: &Path) -> Self {
        let (disk, at) = (root.join("disk"), root.join("mount"));
        // The store keeps 1 GiB free for its database and log.
        let file = std::fs::File::create(&disk).unwrap();
        file.set_len(1_500 << 20).unwrap();
        std::fs::create_dir(&at).unwrap();
        run(&["mkfs.ext4", "-q", disk.to_str().unwrap()]);
        let words = ["mount", "-o", "loop"];
        run(&[&words[..], &[disk.to_str().unwrap(), at.to_str().unwrap()]].concat());
        Self { disk, at }
    }
}

impl Drop for Ext4 {
    fn drop(&mut self) {
        let _gone = std::process::Command::new("umount").arg(&self.at).status();
    }
}

/// The same on a file system of its own, whose raw bytes are searched afterwards: journal, free
/// blocks and all.
#[test]
#[ignore = "mounts a loop device, so it needs root: cargo nextest run --run-ignored only"]
fn the_raw_bytes_of_an_ext4_disk_hold_no_destroyed_key() {
    let root = tempfile::tempdir().unwrap();
    let ext4 = Ext4::mount(root.path());
    let copies = root.path().join("copies");
    std::fs::create_dir(&copies).unwrap();
    let city = City::at(tempfile::tempdir_in(&ext4.at).unwrap());
    let destroyed = an_hour_after_retention_only_what_is_held_opens(&city, &copies);
    let living = city.keys.hold_key(loggia_store::HoldId(1)).unwrap();
    run(&["sync"]);
    let image = [ext4.disk.clone()];
    let held = found_in(&[**living.bytes()], &image);
    assert_eq!(held.len(), 1, "the search finds a key that lives");
    assert!(
        found_in(&destroyed, &image).is_empty(),
        "a destroyed key stands on the disk"
    );
    drop(city);
    run(&["umount", ext4.at.to_str().unwrap()]);
    assert!(
        found_in(&destroyed, &image).is_empty(),
        "nor after the disk was unmounted"
    );
}
