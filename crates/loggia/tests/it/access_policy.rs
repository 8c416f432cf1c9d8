//! `loggia policy` by hand: proves, refutes with a file that can be replayed, and says what is
//! missing where no solver is installed.

use std::path::Path;
use std::process::{Command, Output};

use crate::city::{Ground, PASSPHRASE, said};

fn loggia(in_folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loggia"));
    command.args(words).current_dir(in_folder);
    command
}

fn run(in_folder: &Path, words: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, .. } = loggia(in_folder, words).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

#[test]
fn a_policy_is_proved_and_a_planted_permit_refuted_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let (code, _) = run(dir.path(), &["policy", "write", "ours"]);
    assert_eq!(code, Some(0));
    let (code, proved) = run(dir.path(), &["policy", "prove", "ours"]);
    assert_eq!(code, Some(0), "{proved}");
    let (code, builtin) = run(dir.path(), &["policy", "prove"]);
    assert_eq!((code, &builtin), (Some(0), &proved));
    assert!(proved.contains("\nverdict proved\ntranscript "), "{proved}");

    let policies = dir.path().join("ours/policies.cedar");
    let mut text = std::fs::read_to_string(&policies).unwrap();
    text.push_str(
        "@id(\"maintenance\")\npermit (principal, action == Action::\"open\", resource)\n\
         when { principal.roles.contains(Role::\"vendor\") };\n",
    );
    std::fs::write(&policies, text).unwrap();
    let (code, refuted) = run(dir.path(), &["policy", "prove", "ours"]);
    assert_eq!(code, Some(2), "{refuted}");
    assert!(
        refuted.contains("refuted never vendor-never-reads open:Person:Request"),
        "{refuted}"
    );
    assert!(refuted.contains(".json ours\n"), "{refuted}");
    let file = "refuted-2-vendor-never-reads.json";
    let (code, replayed) = run(dir.path(), &["policy", "replay", file, "ours"]);
    assert_eq!(code, Some(0));
    assert!(
        replayed.contains(": allowed by maintenance\n"),
        "{replayed}"
    );
    let (_, release) = run(dir.path(), &["policy", "replay", file]);
    assert!(
        release.contains(": denied: no policy permits it"),
        "{release}"
    );
}

#[test]
fn without_cvc5_it_names_the_package() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = loggia(dir.path(), &["policy", "prove"]);
    let answer = command.env("PATH", dir.path()).output().unwrap();
    assert_eq!(answer.status.code(), Some(1));
    let said =
        String::from_utf8(answer.stdout).unwrap() + &String::from_utf8(answer.stderr).unwrap();
    assert!(said.contains("apt-get install cvc5"), "{said}");
}

/// A change that both bodies agree to, at their own machines: each sees what it changes, and
/// nobody's key signs unasked.
#[test]
fn both_bodies_agree_to_a_change_that_they_have_seen() {
    let ground = Ground::new();
    let city = ground.start();
    let dir = tempfile::tempdir().unwrap();
    let keys = ground.data().join("keys-of-everybody");
    let at_city = |words: &[&str], person: &str| {
        let key = keys.join(format!("{person}.loggia-key"));
        let mut command = loggia(dir.path(), &[&["policy"], words].concat());
        command.arg("--key").arg(key);
        command.args(["--server", &city.console("")]);
        said(
            &command
                .env("LOGGIA_PASSPHRASE", PASSPHRASE)
                .output()
                .unwrap(),
        )
    };
    run(dir.path(), &["policy", "write", "ours"]);
    let policies = dir.path().join("ours/policies.cedar");
    let added = "@id(\"never-then\")\n@reason(\"too_late\")\nforbid (principal, \
                 action == Action::\"file\", resource)\nwhen { context.now == 1 && \
                 resource.purpose == Purpose::\"subject_access\" };\n";
    let text = std::fs::read_to_string(&policies).unwrap();
    std::fs::write(&policies, text + added).unwrap();
    let (ok, words) = at_city(&["propose", "ours"], "r.heikkila");
    assert!(ok, "{words}");
    let hash = words.trim().rsplit(' ').next().unwrap().to_owned();
    let in_force = || city.get("", "/api/v1/public/policy").json()["policy"].clone();

    // Nobody is at this terminal.
    let (ok, words) = at_city(&["activate", &hash], "a.korhonen");
    assert!(!ok && words.contains("nothing was signed"), "{words}");
    assert!(words.contains("+@id(\"never-then\")"), "{words}");
    assert!(
        !words.contains("@id(\"may-file\")"),
        "only what differs: {words}"
    );
    assert_ne!(in_force(), hash.as_str());
    let (ok, words) = at_city(&["activate", &hash, "--yes", "--whole"], "a.korhonen");
    assert!(ok && words.contains("@id(\"may-file\")"), "{words}");
    assert!(words.contains("in force"), "{words}");
    assert_eq!(in_force(), hash.as_str());
}
