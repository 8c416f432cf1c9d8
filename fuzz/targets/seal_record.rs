//! Sealed records as a server, a disk or a bundle hands them over: never a panic.
#![no_main]

use loggia_seal::Record;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    while let Ok((record, after)) = Record::parse(rest) {
        let _ = record.body();
        rest = after;
    }
});
