//! A key file that somebody hands to the desk: never a panic.
#![no_main]

use loggia_seal::Keyfile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Keyfile::parse(bytes);
});
