//! A data folder put back to an older copy: a checkpoint kept from later names it, and a history
//! that was written anew from there as well.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::city::{City, Ground, verify};

/// Each case is an entry of the log.
fn open_cases(city: &City, word: &str, count: u32) {
    let me = city.become_person("p.lindqvist");
    for n in 0..count {
        let case = json!({ "number": format!("{word}/{n}"), "purpose": "investigation" });
        assert_eq!(city.post(&me, "/api/v1/cases", &case).status, 201);
    }
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(done.unwrap().success());
}

fn keep(city: &City, path: &Path) -> u64 {
    let note = city.get("", "/log/checkpoint").text();
    std::fs::write(path, &note).unwrap();
    note.lines().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_folder_put_back_to_yesterday_is_named_by_a_kept_checkpoint() {
    let ground = Ground::new();
    let (old, kept): (PathBuf, PathBuf) = (ground.root().join("old"), ground.root().join("kept"));
    let city = ground.start();
    open_cases(&city, "A", 3);
    let then = keep(&city, &kept);
    city.stop();
    copy(&ground.data(), &old);

    let city = ground.start();
    open_cases(&city, "B", 3);
    let now = keep(&city, &kept);
    assert!(now > then);
    city.stop();
    let (holds, words) = verify(&ground.data(), Some(&kept));
    assert!(holds, "{words}");
    assert!(
        words.contains(&format!("the {now} entries of the kept checkpoint")),
        "{words}"
    );

    let (holds, words) = verify(&old, None);
    assert!(holds, "alone, an old copy is sound: {words}");
    let (holds, words) = verify(&old, Some(&kept));
    assert!(!holds && words.contains("rollback: "), "{words}");

    // The old copy goes on recording as if nothing had been: another history of the same length.
    let city = ground.start_at(&old);
    open_cases(&city, "C", 12);
    city.stop();
    let (holds, words) = verify(&old, Some(&kept));
    assert!(!holds && words.contains("fork: "), "{words}");
}
