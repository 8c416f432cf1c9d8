//! Packets of an MQTT server: always read or refused, never longer than was to be held.
#![no_main]

#[path = "../../crates/mqtt/tests/packet_feed.rs"]
mod packet_feed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    packet_feed::feed(bytes);
});
