//! Checkpoints of logs that are not ours: never a panic.
#![no_main]

use loggia_transparency::{Checkpoint, Note};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = Note::parse(bytes) {
        let _ = Checkpoint::parse(&note.text);
    }
});
