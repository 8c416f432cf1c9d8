//! What a log sends to a witness and what a witness answers: never a panic, one wire form.
#![no_main]

use loggia_transparency::witness::{AddCheckpoint, SIZE_TYPE, WitnessAnswer};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(asked) = AddCheckpoint::parse(bytes) {
        assert!(asked.proof.len() <= 63);
        assert_eq!(AddCheckpoint::parse(asked.body().as_bytes()).as_ref(), Ok(&asked));
    }
    for status in [200, 409, 422] {
        let _ = WitnessAnswer::parse(status, Some(SIZE_TYPE), bytes);
        let _ = WitnessAnswer::parse(status, None, bytes);
    }
});
