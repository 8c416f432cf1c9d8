//! Durable entries per second in batches, and proof times in a log of 10⁶ entries. Run by
//! `make bench` only; prints one line of JSON. Never part of the tests: it asserts no time.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench program prints and stops"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use loggia_model::{Body, Digest, LegalBasis, ManualClock, Purpose};
use loggia_transparency::{Log, LogKey, RequestFiled};

const ENTRIES: u64 = 1_000_000;
const BATCH: usize = 1_000;
const THREADS: usize = 4;
const PROOFS: u64 = 20_000;

fn entry(n: u64) -> RequestFiled {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    RequestFiled {
        request: Digest(bytes),
        case: Digest([1; 32]),
        body: Body::Police,
        purpose: Purpose::Investigation,
        legal_basis: LegalBasis("fi-plb-2-10".to_owned()),
        cameras: 1,
        length_s: 120,
        span_commitment: Digest([2; 32]),
        place_commitment: Digest([3; 32]),
        danger_to_life: false,
    }
}

fn fill(log: &Log) -> Duration {
    let start = Instant::now();
    std::thread::scope(|s| {
        for t in 0..THREADS as u64 {
            s.spawn(move || {
                let share = ENTRIES / THREADS as u64;
                for first in (0..share).step_by(BATCH) {
                    let some = (first..first + BATCH as u64)
                        .map(|n| entry(t * share + n))
                        .collect();
                    drop(log.append_many(some).unwrap());
                }
            });
        }
    });
    start.elapsed()
}

fn main() {
    // `cargo test --benches` passes no arguments that mean a run; `cargo bench` passes --bench.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let parent =
        std::env::var_os("LOGGIA_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(parent).unwrap();
    let (key, _) = LogKey::generate().unwrap();
    let clock = Arc::new(ManualClock::default());
    let log = Log::open(dir.path(), key, "bench.example/log", clock).unwrap();
    let filled = fill(&log);
    let mut times: Vec<Duration> = (0..PROOFS)
        .map(|n| {
            // A multiplicative step visits indexes all over the log.
            let index = n.wrapping_mul(2_654_435_761) % ENTRIES;
            let start = Instant::now();
            let proof = log.inclusion_proof(index, ENTRIES).unwrap();
            let took = start.elapsed();
            assert!(!proof.is_empty());
            took
        })
        .collect();
    times.sort_unstable();
    let us = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e6;
    let single = {
        let start = Instant::now();
        for n in 0..50 {
            drop(log.append(entry(ENTRIES + n)).unwrap());
        }
        start.elapsed().as_secs_f64() / 50.0 * 1e3
    };
    println!(
        "{{\"bench\":\"log\",\"entries\":{ENTRIES},\"batch\":{BATCH},\"callers\":{THREADS},\
         \"durable_entries_per_s\":{:.0},\"single_append_ms\":{single:.2},\
         \"proof_us_p50\":{:.0},\"proof_us_p99\":{:.0},\"proof_us_max\":{:.0}}}",
        ENTRIES as f64 / filled.as_secs_f64(),
        us(50),
        us(99),
        us(100),
    );
}
