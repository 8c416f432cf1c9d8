//! `loggia key release`: a custodian at a terminal, with no page that the city serves. The same
//! checks as the desk's; nothing is signed by a dry run, nor without the log policy.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::city::{City, Ground, PASSPHRASE, loggia, now_us, said};
use crate::opening::Requester;

fn release(keys: &Path, city: &City, person: &str, more: &[&str]) -> (bool, String) {
    let mut command: Command = loggia();
    command
        .args(["key", "release", "--keys"])
        .arg(keys)
        .args(["--server", &city.console(""), "--person", person])
        .args(more)
        .env("LOGGIA_PASSPHRASE", PASSPHRASE);
    said(&command.output().unwrap())
}

#[test]
fn a_custodian_releases_at_a_terminal_what_their_own_machine_has_checked() {
    let ground = Ground::new();
    let started_at = now_us();
    let city = ground.start();
    let keys = ground.data().join("keys-of-everybody");
    let asked = Requester::file(&city, started_at, 1);
    let id = asked.id.to_string();
    let state = || city.get(&asked.cookie, &asked.path("")).json()["state"].clone();

    let (ok, words) = release(&keys, &city, "k.virtanen", &[]);
    assert!(
        ok && words.contains("nothing waits for `release`"),
        "{words}"
    );
    let (ok, words) = release(&keys, &city, "a.korhonen", &["--approve", "--dry-run"]);
    assert!(
        ok && words.contains(&id) && words.contains("ok  witnesses"),
        "{words}"
    );
    assert_eq!(state(), json!("asked"), "a dry run signs nothing");
    let (ok, words) = release(&keys, &city, "a.korhonen", &["--approve", "--yes"]);
    assert!(!ok && words.contains("--request"), "{words}");
    // Nobody is at this terminal.
    let (ok, words) = release(&keys, &city, "a.korhonen", &["--approve"]);
    assert!(!ok && words.contains("nobody is at a terminal"), "{words}");
    let yes = ["--yes", "--request", &id[..12]];
    let (ok, words) = release(
        &keys,
        &city,
        "a.korhonen",
        &[&["--approve"], &yes[..]].concat(),
    );
    assert!(
        ok && words.contains("`approve` was signed and sent"),
        "{words}"
    );
    assert_eq!(state(), json!("approved"));

    // Without the policy nothing is even looked at; with the policy of other witnesses it is
    // refused.
    let own = ground.root().join("own-keys");
    std::fs::create_dir(&own).unwrap();
    let file = "k.virtanen.loggia-key";
    std::fs::copy(keys.join(file), own.join(file)).unwrap();
    let (ok, words) = release(&own, &city, "k.virtanen", &yes);
    assert!(!ok && words.contains("tlog-policy"), "{words}");
    let policy = std::fs::read_to_string(keys.join("tlog-policy")).unwrap();
    let (key, _) = loggia_transparency::CosignerKey::generate(
        loggia_transparency::CosignerKind::Ed25519,
        "stranger.example",
    )
    .unwrap();
    let strangers = format!(
        "{}\nwitness stranger {}\nquorum stranger\n",
        policy.lines().next().unwrap(),
        key.public()
    );
    std::fs::write(own.join("tlog-policy"), strangers).unwrap();
    let (ok, words) = release(&own, &city, "k.virtanen", &yes);
    assert!(!ok && words.contains("NO  witnesses"), "{words}");
    assert!(words.contains("is not the quorum"), "{words}");
    assert_eq!(state(), json!("approved"), "nothing was sent");

    std::fs::write(own.join("tlog-policy"), policy).unwrap();
    let (ok, words) = release(&own, &city, "k.virtanen", &yes);
    assert!(ok, "{words}");
    assert_eq!(state(), json!("released"));
    let (ok, words) = release(&keys, &city, "a.korhonen", &yes);
    assert!(ok, "{words}");
    assert!(asked.released().is_some());
    // It could be released again, but nobody waits for it.
    for person in ["k.virtanen", "a.korhonen"] {
        let (ok, words) = release(&keys, &city, person, &["--dry-run"]);
        assert!(ok && words.contains("nothing waits"), "{words}");
    }
}
