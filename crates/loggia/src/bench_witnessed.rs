//! What the wait for witnesses costs: from the approval's arrival at the log to the proof that a
//! custodian's machine accepts, with three of five witnesses that are processes of their own.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use loggia_model::{Body, Digest};
use loggia_store::{FileLayer, Secrets};
use loggia_transparency::{Decision, Log, Verdict, Witnesses};

use crate::cli::say;
use crate::clock::SystemClock;
use crate::demo_witnesses::Bodies;
use crate::house::{log_key, log_verifier};

const ORIGIN: &str = "bench.loggia.example/log";
/// Longest wait for one checkpoint; the target is 5 s.
const WITHIN: Duration = Duration::from_secs(30);
/// How many of the five are left running.
const RUNNING: usize = 3;

/// Prints one line of JSON.
pub fn run(data: &Path, rounds: u32) -> anyhow::Result<()> {
    std::fs::create_dir_all(data)?;
    let bodies = Bodies::of(data, &log_verifier(data, ORIGIN)?)?;
    let _running = bodies.start_some(RUNNING)?;
    let secrets = Secrets::open(&data.join("secrets"), FileLayer::Real)?;
    let clock = Arc::new(SystemClock);
    let log = Log::open(&data.join("log"), log_key(&secrets)?, ORIGIN, clock)?;
    let witnesses = Witnesses::ask(log.clone(), &bodies.policy, None)?;
    let policy = bodies.policy.parse()?;
    let decision = |n: u32| Decision {
        request: Digest([u8::try_from(n % 251).unwrap_or(0); 32]),
        decision: Verdict::Approve,
        body: Body::Oversight,
        statement: Some(Digest([1; 32])),
    };
    // They start: the first checkpoint is not measured.
    let first = log.append(decision(0))?.index();
    let begun = Instant::now();
    while !witnesses.wait(first, Duration::from_secs(1)) {
        if begun.elapsed() > WITHIN {
            bail!("the witnesses do not start");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut times_ms = Vec::new();
    for n in 1..=rounds {
        let begun = Instant::now();
        let index = log.append(decision(n))?.index();
        if !witnesses.wait(index, WITHIN) {
            bail!("entry {index} was not cosigned");
        }
        let proof = witnesses.proof(index)?;
        let entry = proof.extra.clone().context("the proof has its entry")?;
        proof.verify(&policy, &entry)?;
        times_ms.push(begun.elapsed().as_secs_f64() * 1_000.0);
        // Entries do not come all at once; a heartbeat of the log lies between them.
        std::thread::sleep(Duration::from_millis(20));
    }
    times_ms.sort_by(f64::total_cmp);
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a short list"
        )]
        let place = (share * (times_ms.len() - 1) as f64).round() as usize;
        times_ms.get(place).copied().unwrap_or_default()
    };
    say(&serde_json::json!({
        "rounds": rounds, "witnesses": 5, "running": RUNNING, "quorum": 3,
        "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99),
    })
    .to_string());
    Ok(())
}
