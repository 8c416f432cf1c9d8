//! Details of disclosures, from a city that may lie: what is read is written back byte for byte.
#![no_main]

use loggia_transparency::Detail;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = core::str::from_utf8(bytes)
        && let Ok(detail) = Detail::parse(text)
    {
        assert_eq!(detail.to_text().ok().as_deref(), Some(text));
    }
});
