//! What a city hands to a key desk: requests, roster chain, shares, log entries and proofs. Never a
//! panic, and nothing is approved that no key of the roster has signed.
#![no_main]

use loggia_model::{At, Digest};
use loggia_policy::{
    DeskShare, KeptPage, RequestView, Roster, SignedLogKey, SignedRoster, VerifiedRoster,
};
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
    // As if every entry had a proof: what it says is still held against the request.
    let proven = |(index, entry, _): &(u64, String, Vec<Digest>)| checks::Proven {
        index: *index,
        bytes: entry.clone().into_bytes(),
    };
    let found = checks::Found {
        proven: answers.entries.iter().map(proven).collect(),
        missing: Vec::new(),
    };
    let no = Err("nobody vouches here".to_owned());
    for view in &answers.requests {
        let evidence = checks::Evidence {
            view,
            roster: &roster,
            roster_logged: &no,
            fresh: &no,
            found: &found,
            now: At(0),
        };
        let all = checks::all(&evidence);
        // No key of this target has signed a request.
        assert!(all.iter().any(|c| c.name == "signed" && !c.ok));
        assert!(all.iter().any(|c| c.name == "witnesses" && !c.ok));
    }
    let hash = Roster::hash_of(&answers.roster.last().map(|r| r.roster.clone()).unwrap_or_default());
    for signed in &answers.log_keys {
        let _ = signed.verify(&roster, hash);
    }
    drop((answers.shares, answers.kept));
});
