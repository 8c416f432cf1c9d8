//! A real installation set up as its guide says: keys, a roster signed by both groups, first
//! passwords, one writer a folder, and no way to turn it into a demo.
#![cfg(test)]

use std::path::Path;
use std::process::{Command, Output};

const PASSPHRASE: &str = "correct horse battery staple";

fn loggia(dir: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loggia"))
        .args(words)
        .current_dir(dir)
        .env("LOGGIA_PASSPHRASE", PASSPHRASE)
        .output()
        .unwrap()
}

fn good(dir: &Path, words: &[&str]) -> String {
    let out = loggia(dir, words);
    assert!(
        out.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap()
}

fn refused(dir: &Path, words: &[&str], why: &str) {
    let out = loggia(dir, words);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(
        !out.status.success() && said.contains(why),
        "{words:?} should say `{why}`: {said}"
    );
}

/// A row of `members.toml` as the person's own machine prints it, filled in.
fn row(dir: &Path, person: &str, body: &str, role: &str) -> String {
    let file = format!("{person}.loggia-key");
    good(dir, &["key", "new", person, "--out", &file]);
    let shown = good(dir, &["key", "show", &file])
        .replace("name = \"\"", &format!("name = \"{person}\""))
        .replace("body = \"\"", &format!("body = \"{body}\""))
        .replace("roles = []", &format!("roles = [\"{role}\"]"));
    let keeps = |line: &&str| role == "custodian" || !line.starts_with("hpke_key");
    shown.lines().filter(keeps).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_city_is_set_up_by_both_groups_and_by_no_less() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let mut members = [
        row(dir, "k.police", "police", "custodian"),
        row(dir, "k.oversight", "oversight", "custodian"),
        row(dir, "a.oversight", "oversight", "approver"),
    ]
    .join("\n");
    members.push_str(
        "\n[[members]]\nperson = \"adm\"\nname = \"Adm\"\nbody = \"city\"\nroles = [\"administrator\"]\n",
    );
    std::fs::write(dir.join("members.toml"), members).unwrap();
    let config = "city = \"Testville\"\ndata = \"data\"\nlisten = \"127.0.0.1:1\"\n\
                  log_origin = \"testville.example/loggia\"\n";
    std::fs::write(dir.join("city.toml"), config).unwrap();
    let init = ["init", "--config", "city.toml", "--roster", "roster.json"];

    good(
        dir,
        &["roster", "draft", "members.toml", "--out", "roster.json"],
    );
    refused(dir, &init, "no custodian");
    good(
        dir,
        &[
            "roster",
            "sign",
            "roster.json",
            "--key",
            "k.police.loggia-key",
        ],
    );
    refused(dir, &init, "no custodian of Oversight");
    assert!(!dir.join("data").exists(), "a refused roster makes nothing");
    good(
        dir,
        &[
            "roster",
            "sign",
            "roster.json",
            "--key",
            "k.oversight.loggia-key",
        ],
    );
    assert!(good(dir, &init).contains("testville.example/loggia+"));
    refused(dir, &init, "in use already");

    good(dir, &["account", "--config", "city.toml", "adm"]);
    refused(dir, &["account", "--config", "city.toml", "adm"], "already");
    refused(
        dir,
        &["account", "--config", "city.toml", "nobody"],
        "nobody",
    );
    refused(dir, &["demo", "--data", "data"], "was not made as a demo");
    assert!(good(dir, &["verify", "data"]).contains("public log: 1 entries"));
    refused(
        dir,
        &["key", "new", "x", "--out", "k.police.loggia-key"],
        "cannot be made",
    );
}
