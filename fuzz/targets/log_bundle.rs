//! Bundles of entries: never a panic, never more than a tile holds.
#![no_main]

use loggia_transparency::parse_bundle;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(bundle) = parse_bundle(bytes, "fuzz") {
        assert!(bundle.0.len() <= 256);
    }
});
