//! Replays the corpus of the fuzz target `bus_segment`. Files named `good-*` are whole segments,
//! all others are not. They were written in Python after docs/design/store.md, not by this crate.

use std::path::Path;

use loggia_store::bus::{Tail, record_len, scan};

#[path = "bus_segment/mod.rs"]
mod bus_segment;

#[test]
fn segments() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/bus-segment");
    let mut files = 0;
    for file in std::fs::read_dir(&dir).unwrap().map(Result::unwrap) {
        let name = file.file_name().to_string_lossy().into_owned();
        let bytes = std::fs::read(file.path()).unwrap();
        let read = scan(&bytes, |_, _| {});
        let whole = matches!(&read, Ok(s) if s.tail == Tail::Whole);
        assert_eq!(whole, name.starts_with("good-"), "{name}: {read:?}");
        if name.starts_with("torn-") {
            assert_eq!(read.unwrap().tail, Tail::Torn, "{name}");
        } else if name.starts_with("damaged-") {
            let named = read.map_or(true, |s| matches!(s.tail, Tail::Damaged(_)));
            assert!(named, "{name}");
        }
        for end in 0..=bytes.len() {
            bus_segment::check(&bytes[..end]);
        }
        files += 1;
    }
    assert!(files >= 10);
    assert_eq!(record_len(0), 40);
}
