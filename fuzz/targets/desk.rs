//! What a city hands to a key desk: requests, roster chain, shares, log entries and proofs. Never a
//! panic, and nothing is approved that no key of the roster has signed.
#![no_main]

use std::sync::LazyLock;
use std::sync::Arc;

use loggia_model::{Digest, ManualClock};
use loggia_policy::{
    DeskShare, KeptPage, RequestView, Roster, SignedLogKey, SignedRoster, VerifiedRoster,
};
use loggia_transparency::{ConfigChanged, Log, LogKey, SignedCheckpoint};
use serde::Deserialize;

#[path = "../../crates/loggia/src/desk/checks.rs"]
mod checks;

/// One input: the answers that a desk reads before it acts.
#[derive(Deserialize)]
struct Answers {
    requests: Vec<RequestView>,
    roster: Vec<SignedRoster>,
    shares: Vec<DeskShare>,
    /// Pages of a rotation.
    #[serde(default)]
    kept: Vec<KeptPage>,
    /// What both groups are said to have signed about the log's key.
    #[serde(default)]
    log_keys: Vec<SignedLogKey>,
    /// Places, exact bytes and proofs.
    entries: Vec<(u64, String, Vec<Digest>)>,
}

static CHECKPOINT: LazyLock<Option<SignedCheckpoint>> = LazyLock::new(|| {
    let dir = std::env::temp_dir().join(format!("loggia-fuzz-desk-{}", std::process::id()));
    let (key, _) = LogKey::generate().ok()?;
    let log = Log::open(&dir, key, "fuzz.example/log", Arc::new(ManualClock::default())).ok()?;
    let entry = |n| ConfigChanged { hash: Digest([n; 32]) };
    let logged = log.append_many((0..5).map(entry).collect()).ok()?;
    drop(logged);
    let checkpoint = log.checkpoint();
    drop(log);
    let _ = std::fs::remove_dir_all(dir);
    Some(checkpoint)
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(answers) = serde_json::from_slice::<Answers>(bytes) else {
        return;
    };
    let mut last: Option<VerifiedRoster> = None;
    for signed in &answers.roster {
        // Unsigned ones as well, so that the checks behind are reached.
        match signed.clone().verify(last.as_ref()) {
            Ok(verified) => last = Some(verified),
            Err(_) => break,
        }
    }
    let text = answers.roster.last().map(|r| r.roster.clone());
    let Some(roster) = text.and_then(|t| serde_json::from_str::<Roster>(&t).ok()) else {
        return;
    };
    let Some(checkpoint) = CHECKPOINT.as_ref() else {
        return;
    };
    let proven = |(index, entry, proof): &(u64, String, Vec<Digest>)| checks::Proven {
        index: *index,
        bytes: entry.clone().into_bytes(),
        proof: proof.clone(),
    };
    let entries: Vec<_> = answers.entries.iter().map(proven).collect();
    for view in &answers.requests {
        let evidence = checks::Evidence {
            view,
            roster: &roster,
            checkpoint,
            entries: &entries,
        };
        let all = checks::all(&evidence);
        // The log of this target knows no request at all.
        assert!(all.iter().any(|c| c.name == "log" && !c.ok));
    }
    let hash = Roster::hash_of(&answers.roster.last().map(|r| r.roster.clone()).unwrap_or_default());
    for signed in &answers.log_keys {
        let _ = signed.verify(&roster, hash);
    }
    drop((answers.shares, answers.kept));
});
