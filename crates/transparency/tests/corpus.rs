//! Replays the corpora of the fuzz targets through every parser that meets a network byte. Files
//! lie in `corpus/<parser>/`; those named `good-*` must be read, all others must not.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;

use loggia_transparency::*;

fn replay(name: &str, reads: fn(&[u8]) -> bool) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name);
    let mut files = 0;
    for file in fs::read_dir(&dir).unwrap().map(Result::unwrap) {
        let good = file.file_name().to_string_lossy().starts_with("good-");
        let bytes = fs::read(file.path()).unwrap();
        assert_eq!(reads(&bytes), good, "{}", file.path().display());
        // No cut of any input may do worse than be refused.
        for end in 0..bytes.len().min(2_000) {
            reads(&bytes[..end]);
        }
        files += 1;
    }
    assert!(files >= 3, "the corpus {name} has only {files} files");
}

fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or("\u{fffd}")
}

#[test]
fn notes_and_checkpoints() {
    replay("checkpoint", |b| {
        Note::parse(b)
            .and_then(|n| Checkpoint::parse(&n.text))
            .is_ok()
    });
}

#[test]
fn entries() {
    replay("entry", |b| Entry::parse(b, "corpus").is_ok());
}

#[test]
fn details_of_disclosures() {
    replay("detail", |b| Detail::parse(text(b)).is_ok());
}

#[test]
fn bundles() {
    replay("bundle", |b| parse_bundle(b, "corpus").is_ok());
}

#[test]
fn tile_paths() {
    replay("tile-path", |b| text(b).parse::<TilePath>().is_ok());
}

#[test]
fn verifier_keys() {
    replay("key", |b| text(b).parse::<Verifier>().is_ok());
}

#[test]
fn witness_keys() {
    replay("witness-key", |b| text(b).parse::<CosignerPublic>().is_ok());
}

#[test]
fn log_policies() {
    replay("tlog-policy", |b| TlogPolicy::parse(b).is_ok());
}

#[test]
fn log_proofs() {
    replay("tlog-proof", |b| TlogProof::parse(b).is_ok());
}

#[test]
fn requests_to_witnesses() {
    replay("add-checkpoint", |b| {
        witness::AddCheckpoint::parse(b).is_ok()
    });
}

/// Status, content type and body, one after the other.
#[test]
fn answers_of_witnesses() {
    replay("witness-answer", |b| {
        let mut parts = b.splitn(3, |b| *b == b'\n').map(text);
        let status = parts.next().and_then(|s| s.parse().ok()).unwrap_or(0);
        let kind = parts.next();
        let body = parts.next().unwrap_or_default();
        witness::WitnessAnswer::parse(status, kind, body.as_bytes()).is_ok()
    });
}
