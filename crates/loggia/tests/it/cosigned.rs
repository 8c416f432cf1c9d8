//! What bodies outside the city vouch for in an export bundle: `loggia verify --policy` and a
//! checker in Python take it by the policy of whoever checks, and refuse each part that is missing
//! or another's.

use std::path::{Path, PathBuf};
use std::process::Command;

use loggia_transparency::{CosignerKey, CosignerKind};
use serde_json::{Value, json};

use crate::bundle::{file_of, zipped};
use crate::city::{Ground, loggia, said};
use crate::forge;

fn checked(bundle: &Path, policy: &Path) -> [(&'static str, (bool, String)); 2] {
    let own = loggia()
        .arg("verify")
        .arg(bundle)
        .arg("--policy")
        .arg(policy)
        .output();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = here.join("../../.cache/venv/bin/python");
    let python = std::env::var_os("LOGGIA_PYTHON").map_or(venv, PathBuf::from);
    let script = here.join("tests/check_proofs.py");
    let other = Command::new(python)
        .arg(script)
        .args([bundle, policy])
        .output();
    [
        ("loggia", said(&own.unwrap())),
        ("python", said(&other.unwrap())),
    ]
}

/// A recorder's key is taken from under the receipt: with a policy that must be of its log.
fn receipt_of_another_log(export: &Value, files: &[(String, Vec<u8>)], path: &Path, policy: &Path) {
    let forged = forge::Forge::of(3);
    let mut export = export.clone();
    export["log_key"] = json!(forged.key().to_string());
    export["checkpoint"] = json!(forged.note(3));
    let mut files = files.to_vec();
    let at = files.iter().position(|f| f.0 == "export.json").unwrap();
    files[at].1 = serde_json::to_vec(&export).unwrap();
    zipped(&files, path);
    let [(_, (holds, words)), _] = checked(path, policy);
    assert!(!holds, "{words}");
}

/// The bundle's proofs hold by the demo's policy and by no other; each lie about them is named.
pub fn proofs_are_checked(files: &[(String, Vec<u8>)], ground: &Ground) {
    let policy = ground.data().join("keys-of-everybody/tlog-policy");
    let path = ground.root().join("cosigned.zip");
    zipped(files, &path);
    for (who, (holds, words)) in checked(&path, &policy) {
        assert!(holds && words.contains(" is entry "), "{who}: {words}");
    }
    let export: Value = serde_json::from_slice(&file_of(files, "export.json")).unwrap();
    let proofs: Vec<String> = serde_json::from_value(export["proofs"].clone()).unwrap();
    assert_eq!(proofs.len(), 4, "filed, approved, opened, exported");
    let refused = |altered: Vec<String>, policy: &Path, word: &str| {
        let mut export = export.clone();
        export["proofs"] = json!(altered);
        let mut files = files.to_vec();
        let at = files.iter().position(|f| f.0 == "export.json").unwrap();
        files[at].1 = serde_json::to_vec(&export).unwrap();
        zipped(&files, &path);
        for (who, (holds, words)) in checked(&path, policy) {
            assert!(
                !holds && words.contains(word),
                "{who} should name {word}: {words}"
            );
        }
    };
    let without = |n: usize| {
        let mut kept = proofs.clone();
        kept.remove(n);
        kept
    };
    refused(without(1), &policy, "decision");
    refused(without(3), &policy, "export");
    refused(Vec::new(), &policy, "request_filed");
    receipt_of_another_log(&export, files, &path, &policy);
    // Two of the five witnesses, with both keys each, are not the quorum.
    let cut = |proof: &String| {
        let (text, lines) = proof.rsplit_once("\n\n").unwrap();
        let kept: String = lines.split_inclusive('\n').take(5).collect();
        format!("{text}\n\n{kept}")
    };
    refused(proofs.iter().map(cut).collect(), &policy, "not the quorum");
    // Nor are the true ones, by the policy of somebody who believes others.
    let text = std::fs::read_to_string(&policy).unwrap();
    let (stranger, _) = CosignerKey::generate(CosignerKind::Ed25519, "s.example").unwrap();
    let log = text.lines().next().unwrap();
    let theirs = ground.root().join("their-policy");
    let lines = format!("{log}\nwitness s {}\nquorum s\n", stranger.public());
    std::fs::write(&theirs, lines).unwrap();
    refused(proofs.clone(), &theirs, "not the quorum");
    std::fs::remove_file(&path).unwrap();
}
