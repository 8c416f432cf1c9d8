//! Replies of a time authority (RFC 3161, DER): never a panic, and no other hash's reply passes.
#![no_main]

use loggia_model::Digest;
use loggia_policy::time_stamp_answers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let hash = Digest([7; 32]);
    if time_stamp_answers(bytes, &hash, [0x41; 8]) {
        assert!(bytes.windows(32).any(|w| w == hash.0));
    }
});
