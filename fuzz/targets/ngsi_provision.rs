//! What the temporal API and @contexts as a resource take: always something that reads the same
//! from the log, or a refusal. The input's first line says which of the two it is.
#![no_main]

#[path = "../../crates/ngsi-ld/tests/provision_feed.rs"]
mod provision_feed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    provision_feed::feed(bytes);
});
