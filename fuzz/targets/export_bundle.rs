//! The reader of export bundles: ZIP, JSON, records and MP4 boxes of somebody else's file. Never a
//! panic, and never more memory than the file itself warrants.
#![no_main]

#[path = "../../crates/loggia/src/verify"]
mod verify {
    /// What `loggia verify` prints is of no interest here.
    pub fn say(_: &str) {}

    pub fn bounded(path: &std::path::Path, _: u64) -> anyhow::Result<Vec<u8>> {
        Ok(std::fs::read(path)?)
    }

    pub fn broken(what: impl core::fmt::Display) -> anyhow::Error {
        anyhow::anyhow!("seal broken: {what}")
    }

    mod archive;
    #[expect(dead_code, reason = "files are opened by the binary alone")]
    pub mod bundle;
    mod clip;
    #[expect(dead_code, reason = "policies are read from files by the binary alone")]
    mod cosigned;
    mod receipt;
    mod spans;
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = verify::bundle::whole(std::io::Cursor::new(bytes), None, None);
});
