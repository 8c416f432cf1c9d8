//! The access policy's text: a policy or an error, never anything else; what is read decides as
//! Cedar's own authorizer does over the text as it stands.
#![no_main]

#[path = "../../crates/charter/tests/policy_feed.rs"]
mod policy_feed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    policy_feed::feed(bytes);
});
