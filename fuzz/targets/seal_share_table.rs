//! The table of sealed shares after unwrapping: never a panic, one form in bytes.
#![no_main]

use loggia_seal::ShareTable;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = ShareTable::parse(bytes);
});
