//! A witness process over 1,000 checkpoints with both kinds of cosignature: its memory, and how
//! long an answer takes. Run by `make bench` only; prints one line of JSON. Never part of the
//! tests.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench program prints and stops"
)]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "the tests use the rest of these rooms"
)]

#[path = "../../transparency/tests/forge/mod.rs"]
mod forge;
#[path = "../tests/witness/peer.rs"]
mod peer;

use std::time::Instant;

const CHECKPOINTS: usize = 1_000;

fn main() {
    let log = forge::Forge::of(CHECKPOINTS);
    let peer = peer::Peer::of(peer::Maker::Loggia, &log);
    let running = peer.start();
    let mut answer_us: Vec<u128> = Vec::new();
    for old in 0..CHECKPOINTS {
        let asked = log.ask(old, old + 1);
        let start = Instant::now();
        assert_eq!(running.status(&asked), 200);
        answer_us.push(start.elapsed().as_micros());
    }
    answer_us.sort_unstable();
    println!(
        "{{\"vm_hwm_kb\":{},\"answer_us_p50\":{},\"answer_us_p95\":{}}}",
        running.vm_hwm_kb(),
        answer_us[CHECKPOINTS / 2],
        answer_us[CHECKPOINTS * 95 / 100]
    );
}
