//! What devices publish: always changes of entities or a reason, never anything else, and nothing
//! good that has no value. The input's first line is the topic.
#![no_main]

#[path = "../../crates/field/tests/message_feed.rs"]
mod message_feed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    message_feed::feed(bytes);
});
