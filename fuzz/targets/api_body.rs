//! Bodies of every endpoint, past the door, in front of a real city: always an answer, never that
//! something broke. The input's first line names the endpoint and who calls.
#![no_main]

use std::sync::LazyLock;

#[path = "../../crates/policy/tests/bodies/mod.rs"]
#[expect(dead_code, reason = "the replay test uses the rest")]
mod bodies;
#[path = "../../crates/policy/tests/city/mod.rs"]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

static BODIES: LazyLock<std::sync::Mutex<bodies::Bodies>> =
    LazyLock::new(|| std::sync::Mutex::new(bodies::Bodies::new()));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(bodies) = BODIES.lock() {
        bodies.send(bytes);
    }
});
