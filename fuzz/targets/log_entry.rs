//! Entries of logs that are not ours: what is read is written back byte for byte.
#![no_main]

use loggia_transparency::Entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::parse(bytes, "fuzz") {
        assert_eq!(entry.to_bytes().ok().as_deref(), Some(bytes));
    }
});
