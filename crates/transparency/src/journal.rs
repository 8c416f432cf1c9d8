//! The journal's bytes: what is appended and synced before anything is signed. Pure.
//! A batch counts whole or not at all; never reads past the first byte that is not as written.
//!
//! Layout, all integers big-endian. Head (24 bytes): `LGJ1` ‖ 4 zero bytes ‖ base u64 ‖ first 8
//! bytes of SHA-256 over the 16 before. Batch: `LGJB` ‖ first u64 ‖ count u32 ‖ len u32 ‖
//! SHA-256(the 20 bytes before ‖ body) ‖ body; body = entries as in a bundle, u16 length first.
//! `base` is a multiple of 256: everything before it lies in synced full tiles.

use aws_lc_rs::digest::{SHA256, digest};

use crate::Error;
use crate::bundle::next_entry;

/// Bytes of the journal's head.
pub(crate) const HEAD_BYTES: usize = 24;
/// Bytes of a batch's head.
const BATCH_HEAD_BYTES: usize = 52;
const HEAD_MAGIC: &[u8; 4] = b"LGJ1";
const BATCH_MAGIC: &[u8; 4] = b"LGJB";

/// A journal's head.
pub(crate) fn head(base: u64) -> Vec<u8> {
    let mut out = HEAD_MAGIC.to_vec();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&base.to_be_bytes());
    let sum = digest(&SHA256, &out);
    out.extend_from_slice(&sum.as_ref()[..8]);
    out
}

/// One batch of `count` entries; `body` holds them in the bundle's format.
pub(crate) fn batch(first: u64, count: u32, body: &[u8]) -> Result<Vec<u8>, Error> {
    let len = u32::try_from(body.len()).map_err(|_| Error::TooLarge { bytes: body.len() })?;
    let mut out = Vec::with_capacity(BATCH_HEAD_BYTES + body.len());
    out.extend_from_slice(BATCH_MAGIC);
    out.extend_from_slice(&first.to_be_bytes());
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&len.to_be_bytes());
    let sum = sum(&out, body);
    out.extend_from_slice(&sum);
    out.extend_from_slice(body);
    Ok(out)
}

fn sum(head: &[u8], body: &[u8]) -> [u8; 32] {
    let mut ctx = aws_lc_rs::digest::Context::new(&SHA256);
    ctx.update(head);
    ctx.update(body);
    crate::tree::finish(ctx).0
}

/// What a journal holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scan<'a> {
    /// Entries before the journal's first.
    pub(crate) base: u64,
    /// Entries of all whole batches.
    pub(crate) entries: Vec<&'a [u8]>,
    /// Length of the head and all whole batches.
    pub(crate) end: usize,
    /// Why the bytes after `end` are no batch, if there are any.
    pub(crate) torn: Option<&'static str>,
}

/// Reads a journal up to the first thing that is not as written.
pub(crate) fn scan(bytes: &[u8]) -> Result<Scan<'_>, Error> {
    let bad = |why: &str| Error::Damaged(format!("its journal {why}"));
    let first = bytes
        .first_chunk::<HEAD_BYTES>()
        .ok_or_else(|| bad("has no head"))?;
    let base = u64::from_be_bytes(core::array::from_fn(|i| first[8 + i]));
    if first[..] != head(base)[..] || !base.is_multiple_of(256) {
        return Err(bad("has a head that is not as written"));
    }
    let mut scan = Scan {
        base,
        entries: Vec::new(),
        end: HEAD_BYTES,
        torn: None,
    };
    while scan.end < bytes.len() {
        let next = base + scan.entries.len() as u64;
        match one_batch(&bytes[scan.end..], next, &mut scan.entries) {
            Ok(len) => scan.end += len,
            Err(why) => {
                scan.torn = Some(why);
                break;
            }
        }
    }
    Ok(scan)
}

fn one_batch<'a>(
    bytes: &'a [u8],
    next: u64,
    entries: &mut Vec<&'a [u8]>,
) -> Result<usize, &'static str> {
    let head = bytes
        .first_chunk::<BATCH_HEAD_BYTES>()
        .ok_or("ends inside a batch's head")?;
    let word = |at: usize| u32::from_be_bytes(core::array::from_fn(|i| head[at + i]));
    if head[..4] != *BATCH_MAGIC {
        return Err("has bytes that begin no batch");
    }
    let first = u64::from_be_bytes(core::array::from_fn(|i| head[4 + i]));
    if first != next {
        return Err("has a batch out of order");
    }
    let (count, len) = (word(12) as usize, word(16) as usize);
    let body = bytes
        .get(BATCH_HEAD_BYTES..BATCH_HEAD_BYTES + len)
        .ok_or("ends inside a batch")?;
    if sum(&head[..20], body) != head[20..] {
        return Err("has a batch whose hash does not fit");
    }
    let (mut rest, before) = (body, entries.len());
    while let Some(entry) = next_entry(&mut rest) {
        entries.push(entry);
    }
    if !rest.is_empty() || entries.len() - before != count {
        entries.truncate(before);
        return Err("has a batch with another number of entries than it says");
    }
    Ok(BATCH_HEAD_BYTES + len)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bundle::push_entry;

    fn journal() -> Vec<u8> {
        let mut out = head(512);
        for (first, words) in [(512, vec!["one", "two"]), (514, vec!["three"])] {
            let mut body = Vec::new();
            for w in &words {
                push_entry(&mut body, w.as_bytes()).unwrap();
            }
            out.extend(batch(first, words.len() as u32, &body).unwrap());
        }
        out
    }

    #[test]
    fn cut_at_every_byte_only_whole_batches_count() {
        let whole = journal();
        let second = scan(&whole).unwrap();
        assert_eq!(
            (second.base, second.entries.len(), second.torn),
            (512, 3, None)
        );
        for cut in HEAD_BYTES..whole.len() {
            let s = scan(&whole[..cut]).unwrap();
            assert!(
                s.entries.is_empty() || s.entries == [b"one", b"two"],
                "cut at {cut}"
            );
            assert_eq!(s.torn.is_some(), s.end != cut);
        }
        for cut in 0..HEAD_BYTES {
            assert!(scan(&whole[..cut]).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_noticed(bit in 0usize..8 * 24 + 2 * 8 * 52 + 17 * 8) {
            let whole = journal();
            prop_assert_eq!(whole.len() * 8, 8 * 24 + 2 * 8 * 52 + 17 * 8);
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(s) = scan(&bytes) { prop_assert!(s.torn.is_some()); }
        }
        #[test]
        fn any_bytes_are_read_or_refused(tail in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = head(0);
            bytes.extend(tail);
            let _ = scan(&bytes);
        }
    }
}
