//! The reference implementation (golang.org/x/mod/sumdb, Debian golang-golang-x-mod-dev) checks
//! our checkpoints, tiles and proofs from the folder on disk, and catches a flipped byte.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{At, Digest, ManualClock};
use loggia_transparency::*;
use serde_json::json;

mod forge;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/go");

fn build(source: &str, name: &str) -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let out = tmp.join(name);
    let built = Command::new("go")
        .args(["build", "-o"])
        .arg(&out)
        .arg(Path::new(SOURCES).join(source))
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOCACHE", tmp.join("go-cache"))
        .env("GOFLAGS", "-mod=mod")
        .output()
        .expect("`go` is missing: `make test` installs golang-go and golang-golang-x-mod-dev");
    assert!(
        built.status.success(),
        "go build failed (is golang-golang-x-mod-dev installed? `make test` installs it):\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    out
}

fn b64(h: &Digest) -> String {
    STANDARD.encode(h.0)
}

fn proofs(log: &Log, sizes: &[u64]) -> serde_json::Value {
    let now = log.size();
    let (mut inclusion, mut consistency) = (Vec::new(), Vec::new());
    for &size in sizes {
        let root = b64(&log.root_at(size).unwrap());
        for index in (0..size).step_by(1 + size as usize / 60).chain([size - 1]) {
            let (_, entry) = log.raw_entries(index, 1).unwrap().swap_remove(0);
            let proof: Vec<_> = log
                .inclusion_proof(index, size)
                .unwrap()
                .iter()
                .map(b64)
                .collect();
            let entry = STANDARD.encode(entry);
            inclusion.push(json!({
                "Index": index, "Size": size, "Root": root, "Entry": entry, "Proof": proof
            }));
        }
        let proof: Vec<_> = log
            .consistency_proof(size, now)
            .unwrap()
            .iter()
            .map(b64)
            .collect();
        consistency.push(json!({
            "From": size, "To": now, "FromRoot": root,
            "ToRoot": b64(&log.root_at(now).unwrap()), "Proof": proof
        }));
    }
    json!({ "Inclusion": inclusion, "Consistency": consistency })
}

fn run(go: &Path, dir: &Path, key: &str, proofs: &Path) -> Output {
    Command::new(go)
        .arg(dir)
        .arg(key)
        .arg(proofs)
        .output()
        .unwrap()
}

#[test]
fn the_reference_implementation_agrees() {
    let go = build("main.go", "sumdb-check");
    let dir = tempfile::tempdir().unwrap();
    let (key, _) = LogKey::generate().unwrap();
    let clock = Arc::new(ManualClock::default());
    let log = Log::open(dir.path(), key, "city.example/log", clock).unwrap();
    let verifier = log.verifier().to_string();
    let file = dir.path().join("proofs.json");
    let mut sizes = Vec::new();
    // 66,000 entries make two levels of full tiles and a third begun.
    for size in [1u64, 2, 255, 256, 257, 1_000, 66_000] {
        while log.size() < size {
            let some = (log.size()..size.min(log.size() + 1_024))
                .map(|n| KeyDestroyed {
                    hour: n as u32,
                    keys: 1,
                })
                .collect();
            drop(log.append_many(some).unwrap());
        }
        sizes.push(size);
        fs::write(&file, proofs(&log, &sizes).to_string()).unwrap();
        let out = run(&go, dir.path(), &verifier, &file);
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "size {size}: {said}");
    }
    drop(log);

    let mut names = vec![
        "checkpoint",
        "tile/entries/000",
        "tile/entries/257.p/208",
        "tile/0/100",
        "tile/1/000",
        "tile/1/001.p/1",
        "tile/2/000.p/1",
    ];
    names.retain(|n| dir.path().join(n).exists());
    assert_eq!(names.len(), 7, "{names:?}");
    for name in names {
        let path = dir.path().join(name);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let at = bad.len() / 2;
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        let out = run(&go, dir.path(), &verifier, &file);
        assert!(
            !out.status.success(),
            "a flipped byte in {name} was not caught by Go"
        );
        let ours = verify::folder(dir.path(), &verifier.parse().unwrap(), None);
        assert!(
            ours.is_err(),
            "a flipped byte in {name} was not caught by us"
        );
        fs::write(&path, &good).unwrap();
    }
}

/// What a stranger does with a proof and a policy of their own: three of five witnesses, in Go.
#[test]
fn the_reference_implementation_checks_a_cosigned_proof() {
    let go = build(
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../loggia/tests/go/check_proof.go"
        ),
        "check-proof",
    );
    let dir = tempfile::tempdir().unwrap();
    let log = forge::Forge::of(21);
    let signed = SignedCheckpoint::verify(log.note(21).as_bytes(), &log.key()).unwrap();
    let witness = |n: u8| {
        let name = format!("w{n}.example/w");
        let kinds = [CosignerKind::Ed25519, CosignerKind::MlDsa44];
        kinds.map(|k| CosignerKey::generate(k, &name).unwrap().0)
    };
    let witnesses: Vec<_> = (1..=5).map(witness).collect();
    let lines = |(n, keys): (usize, &[CosignerKey; 2])| {
        let line =
            |(kind, key): (&str, &CosignerKey)| format!("witness w{n}-{kind} {}\n", key.public());
        [line(("ed25519", &keys[0])), line(("ml-dsa", &keys[1]))].concat()
    };
    let of_witnesses: String = witnesses.iter().enumerate().map(lines).collect();
    let now = At(1_764_417_600_000_000);
    let says = |entry: &[u8], checkpoint: String, log_key: &str| {
        let proof = TlogProof {
            extra: Some(entry.to_vec()),
            index: 13,
            path: log.path(13, 21),
            checkpoint,
        };
        let (file, policy) = (dir.path().join("13.tlog-proof"), dir.path().join("policy"));
        fs::write(&file, proof.text()).unwrap();
        fs::write(&policy, format!("log {log_key}\n{of_witnesses}")).unwrap();
        let mut check = Command::new(&go);
        let out = check.arg(&policy).arg("3").arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
        (out.status.success(), said.into_owned())
    };
    let by = |some: &[usize]| {
        let both = some.iter().flat_map(|w| &witnesses[*w]);
        let lines: Vec<_> = both.map(|k| k.cosign(&signed, now).unwrap()).collect();
        signed.with_lines(&lines)
    };
    let refuses = |entry: &[u8], checkpoint: String, log_key: &str, why: &str| {
        let (good, said) = says(entry, checkpoint, log_key);
        assert!(!good && said.contains(why), "{why}: {said}");
    };
    let (key, entry) = (log.key().to_string(), &log.entries[13]);
    let (good, said) = says(entry, by(&[0, 2, 4]), &key);
    assert!(
        good && said.contains("entry 13 of 21, cosigned by 3 bodies"),
        "{said}"
    );
    refuses(entry, by(&[0, 2]), &key, "by 2 of the policy's witnesses");
    let other = forge::Forge::of(1).key().to_string();
    refuses(entry, by(&[0, 2, 4]), &other, "not signed by a log");
    let later = witnesses[0][0]
        .cosign(&signed, At(now.0 + 1_000_000))
        .unwrap()
        .to_string();
    let first = witnesses[0][0].cosign(&signed, now).unwrap().to_string();
    let swapped = by(&[0, 2, 4]).replace(&first[..33], &later[..33]);
    // Another time under the same signature.
    refuses(entry, swapped, &key, "invalid signature");
    refuses(b"another entry", by(&[0, 1, 2, 3, 4]), &key, "");
}
