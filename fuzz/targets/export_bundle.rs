//! The reader of export bundles: ZIP, JSON, records and MP4 boxes of somebody else's file. Never a
//! panic, and never more memory than the file itself warrants.
#![no_main]

mod verify {
    /// What `loggia verify` prints is of no interest here.
    pub fn say(_: &str) {}

    pub fn broken(what: impl core::fmt::Display) -> anyhow::Error {
        anyhow::anyhow!("seal broken: {what}")
    }

    #[path = "../../../crates/loggia/src/verify/archive.rs"]
    mod archive;
    #[path = "../../../crates/loggia/src/verify/bundle.rs"]
    #[expect(dead_code, reason = "files are opened by the binary alone")]
    pub mod bundle;
    #[path = "../../../crates/loggia/src/verify/clip.rs"]
    mod clip;
    #[path = "../../../crates/loggia/src/verify/receipt.rs"]
    mod receipt;
    #[path = "../../../crates/loggia/src/verify/spans.rs"]
    mod spans;
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = verify::bundle::whole(std::io::Cursor::new(bytes), None);
});
