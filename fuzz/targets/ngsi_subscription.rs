//! Subscriptions as anybody sends them, and fragments that change them: never a panic, and what is
//! kept of one reads as the same one.
#![no_main]

#[path = "../../crates/ngsi-ld/tests/subscription_feed.rs"]
mod subscription_feed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = subscription_feed::feed(bytes);
});
