//! `loggia policy` by hand: proves, refutes with a file that can be replayed, and says what is
//! missing where no solver is installed.

use std::path::Path;
use std::process::{Command, Output};

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
