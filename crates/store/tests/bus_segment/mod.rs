//! What holds for any bytes that are taken for a segment; the fuzz target and the corpus share it.

use loggia_store::bus::{HEADER_LEN, Tail, scan};

/// Reads `bytes`, and checks that what was whole is read the same when only that much is there.
pub fn check(bytes: &[u8]) {
    let mut places = Vec::new();
    let Ok(read) = scan(bytes, |seq, at| places.push((seq, at))) else {
        return;
    };
    let end = usize::try_from(read.end).unwrap_or(usize::MAX);
    assert!((HEADER_LEN..=bytes.len()).contains(&end));
    assert_eq!(read.tail == Tail::Whole, end == bytes.len());
    assert_eq!(read.next - read.first, places.len() as u64);
    let numbers = places.iter().map(|(seq, _)| *seq);
    assert!(numbers.eq(read.first..read.next), "dense");
    assert!(places.windows(2).all(|w| w[0].1 < w[1].1));
    let again = scan(&bytes[..end], |_, _| {});
    let same =
        again.is_ok_and(|a| a.tail == Tail::Whole && (a.end, a.next) == (read.end, read.next));
    assert!(same, "what is whole stays whole without what follows");
}
