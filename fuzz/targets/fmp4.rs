//! Pieces of fragmented MP4 as an export reads them: never a panic.
#![no_main]

use loggia_video::fmp4;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fmp4::read(bytes);
});
