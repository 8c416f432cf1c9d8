//! Lies about the public log and about who vouches for it. Never about an entry alone.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{At, ManualClock};
use loggia_transparency::{
    ConfigChanged, CosignerKey, CosignerKind, Log, LogKey, SignedCheckpoint, TlogProof, Verifier,
};
use serde_json::json;

use super::Scene;
use crate::between::Lie;
use crate::city::{Ground, now_us};

/// Alters the notes of cosigned checkpoints, alone and in proofs.
fn notes(alter: impl Fn(&str) -> String + Send + Sync + 'static) -> Lie {
    Lie::tell(move |path, body| {
        let text = String::from_utf8_lossy(&body).into_owned();
        if path == "/log/cosigned" {
            return alter(&text).into_bytes();
        }
        if !path.starts_with("/log/proof/") {
            return body;
        }
        let (head, note) = text.split_once("\n\n").unwrap();
        format!("{head}\n\n{}", alter(note)).into_bytes()
    })
}

/// A note with the log's signature and the first so many lines of witnesses.
fn cut(note: &str, lines: usize) -> String {
    let (text, signatures) = note.split_once("\n\n").unwrap();
    let kept: String = signatures.split_inclusive('\n').take(1 + lines).collect();
    format!("{text}\n\n{kept}")
}

/// The demo's witnesses' keys: a demo holds everything.
fn witness_keys(ground: &Ground, bodies: usize) -> Vec<CosignerKey> {
    let mut names: Vec<_> = std::fs::read_dir(ground.data().join("witnesses"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut keys = Vec::new();
    for name in names.iter().take(bodies) {
        let dir = ground.data().join("witnesses").join(name).join("secrets");
        let secrets = loggia_store::Secrets::open(&dir, loggia_store::FileLayer::Real).unwrap();
        for (kind, file) in [
            (CosignerKind::Ed25519, "witness-ed25519"),
            (CosignerKind::MlDsa44, "witness-ml-dsa-44"),
        ] {
            let pkcs8 = secrets.kept(file).unwrap().unwrap();
            keys.push(CosignerKey::from_pkcs8(kind, name, &pkcs8).unwrap());
        }
    }
    keys
}

/// A note with these keys' cosignatures in the place of any others.
fn cosigned_by(note: &str, log: &Verifier, keys: &[CosignerKey], at: At) -> String {
    let bare = cut(note, 0);
    let signed = SignedCheckpoint::verify(bare.as_bytes(), log).unwrap();
    let lines: Vec<_> = keys
        .iter()
        .map(|k| k.cosign(&signed, at).unwrap())
        .collect();
    signed.with_lines(&lines)
}

/// Lies about who vouches for the log, and when they did.
pub fn about_witnesses(scene: &Scene<'_>) {
    let word = "is not the quorum";
    scene.refuses(notes(|note| cut(note, 0)), word);
    // Two of five, with both keys each.
    scene.refuses(notes(|note| cut(note, 4)), word);
    // Strangers under the witnesses' names, whatever policy the city proposes with them.
    let log: Verifier = scene
        .city
        .get("", "/log/key")
        .text()
        .trim()
        .parse()
        .unwrap();
    let names = ["court.example", "university.example", "newspaper.example"];
    let strangers: Vec<CosignerKey> = names
        .iter()
        .map(|n| CosignerKey::generate(CosignerKind::Ed25519, n).unwrap().0)
        .collect();
    let mut policy = format!("log {log}\n");
    for (n, key) in strangers.iter().enumerate() {
        policy += &format!("witness w{n} {}\n", key.public());
    }
    policy += "group enough 3 w0 w1 w2\nquorum enough\n";
    let verifier = log.clone();
    let by_strangers = move |note: &str| cosigned_by(note, &verifier, &strangers, At(now_us()));
    let swapped = {
        let notes = notes(by_strangers);
        Lie::tell(move |path, body| match path {
            "/log/policy" => policy.clone().into_bytes(),
            _ => (notes.tell)(path, body),
        })
    };
    scene.refuses(swapped, word);
    // Truly cosigned by all five, an hour ago.
    let all = witness_keys(scene.ground, 5);
    let hour_ago = At(now_us() - 3_600_000_000);
    let verifier = log.clone();
    let old = move |note: &str| cosigned_by(note, &verifier, &all, hour_ago);
    let word = "is 60 minutes old, which is too old";
    scene.refuses(notes(old), word);
    let all = witness_keys(scene.ground, 5);
    let ahead = move |note: &str| cosigned_by(note, &log, &all, At(now_us() + 3_600_000_000));
    scene.refuses(notes(ahead), "clocks and this machine's disagree");
    // The newest checkpoint held back.
    let gone = Lie::ask(|path| path.replace("/log/cosigned", "/log/no-such-thing"));
    scene.refuses(gone, "the city");
}

/// A log of its own with so many entries.
fn log_of(dir: &Path, key: &[u8], name: &str, entries: u8) -> Log {
    let key = LogKey::from_pkcs8(key).unwrap();
    let log = Log::open(dir, key, name, Arc::new(ManualClock::default())).unwrap();
    let entry = |n| ConfigChanged {
        hash: loggia_model::Digest([n; 32]),
    };
    let logged = log.append_many((0..entries).map(entry).collect()).unwrap();
    assert_eq!(logged.len(), usize::from(entries));
    log
}

/// Which part of the log is another one.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    /// All of it.
    Everything,
    /// What the witnesses vouch for; the head is the true one.
    Cosigned,
}

/// The city's log is this one, with its proofs, cosigned by these keys.
fn shows(log: &Log, keys: Vec<CosignerKey>, shown: Shown) -> Lie {
    let log = log.clone();
    Lie::tell(move |path, body| {
        let cosigned = || {
            let note = log.checkpoint().note().to_owned();
            cosigned_by(&note, &log.verifier(), &keys, At(now_us()))
        };
        match path {
            "/log/checkpoint" if shown == Shown::Everything => {
                return log.checkpoint().note().to_owned().into_bytes();
            }
            "/log/cosigned" => return cosigned().into_bytes(),
            _ => {}
        }
        if let Some(index) = path.strip_prefix("/log/proof/") {
            let index: u64 = index.parse().unwrap();
            let index = index.min(log.size() - 1);
            let proof = TlogProof {
                extra: Some(log.raw_entries(index, 1).unwrap()[0].1.clone()),
                index,
                path: log.inclusion_proof(index, log.size()).unwrap(),
                checkpoint: cosigned(),
            };
            return proof.text().into_bytes();
        }
        let Some(query) = path.strip_prefix("/api/v1/log/consistency?from=") else {
            return body;
        };
        let (from, to) = query.split_once("&to=").unwrap();
        let Ok(proof) = log.consistency_proof(from.parse().unwrap(), to.parse().unwrap()) else {
            return body;
        };
        let proof: Vec<_> = proof.iter().map(|h| STANDARD.encode(h.0)).collect();
        serde_json::to_vec(&json!({ "proof": proof })).unwrap()
    })
}

/// Another log: under another key, and, worse, under the city's own, with few or many witnesses.
pub fn about_the_log(scene: &Scene<'_>) {
    let dir = |name: &str| scene.ground.root().join(name);
    let secrets = scene.ground.data().join("secrets");
    let secrets = loggia_store::Secrets::open(&secrets, loggia_store::FileLayer::Real).unwrap();
    let true_key = secrets.kept("log-key").unwrap().unwrap();
    let key = scene.city.get("", "/log/key").text();
    let name = key.split('+').next().unwrap();
    let (_, own) = LogKey::generate().unwrap();
    let witnesses = |bodies| witness_keys(scene.ground, bodies);
    let other_key = log_of(&dir("other-key"), &own, name, 200);
    let word = "is not signed by a key of your log policy";
    scene.refuses(shows(&other_key, witnesses(5), Shown::Everything), word);
    let word = "the public log is not the one that this desk has seen before";
    let fork = log_of(&dir("fork"), &true_key, name, 200);
    // With a minority of the witnesses the fork is nothing; with all of them this desk's own memory
    // names it.
    scene.refuses(
        shows(&fork, witnesses(2), Shown::Cosigned),
        "is not the quorum",
    );
    scene.refuses(shows(&fork, witnesses(5), Shown::Cosigned), word);
    scene.refuses(shows(&fork, witnesses(5), Shown::Everything), word);
    let back = log_of(&dir("rolled-back"), &true_key, name, 3);
    scene.refuses(shows(&back, witnesses(5), Shown::Everything), word);
}
