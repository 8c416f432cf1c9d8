//! Packets out of bytes, as the fuzz target and the corpus have them, read until they end. Never
//! asserts more than that reading ends and holds no more than it may.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "the fuzz target takes `feed` alone"
)]

use loggia_mqtt::{Version, read};

/// Bytes of a packet that are held.
const HELD_MAX: usize = 512;

/// Takes one input; gives how many packets were read.
pub fn feed(mut bytes: &[u8]) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let Ok(runtime) = runtime else { return 0 };
    let mut count = 0;
    while let Ok(packet) = runtime.block_on(read(&mut bytes, HELD_MAX)) {
        count += 1;
        assert!(packet.body.len() <= HELD_MAX);
        let _ = (packet.id(), packet.reason(), packet.is_session_present());
        for version in [Version::V311, Version::V5] {
            let _ = packet.granted(version);
            if let Ok(message) = packet.message(version) {
                assert!(message.topic.len() + message.payload.len() <= packet.body.len());
            }
        }
    }
    count
}

#[test]
fn the_corpus_is_taken() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/packet");
    let mut taken = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        let packets = feed(&std::fs::read(&path).expect("bytes"));
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        assert_eq!(packets > 0, name.starts_with("ok-"), "{name}");
        taken += 1;
    }
    assert!(taken >= 8, "{taken} inputs");
}
