//! Entry bundles by C2SP tlog-tiles: up to 256 entries, each after its length as a big-endian u16.
//! Never reads beyond its bytes; never judges what an entry says.

use crate::Error;
use crate::tile::{BUNDLE_BYTES_MAX, ENTRY_BYTES_MAX, TILE_WIDTH};

/// The entries of a bundle, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle<'a>(pub Vec<&'a [u8]>);

/// Appends one entry to a bundle.
pub(crate) fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), Error> {
    let len = u16::try_from(entry.len()).map_err(|_| Error::TooLarge { bytes: entry.len() })?;
    bundle.extend_from_slice(&len.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Cuts the next entry off `bytes`; none at the end or if the rest is torn.
pub(crate) fn next_entry<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    *bytes = rest;
    Some(entry)
}

/// Reads a bundle; `what` names it in the error.
///
/// # Errors
/// [`Error::Malformed`] if it is empty, torn, or has more than 256 entries.
pub fn parse_bundle<'a>(bytes: &'a [u8], what: &str) -> Result<Bundle<'a>, Error> {
    const { assert!(ENTRY_BYTES_MAX == u16::MAX as usize) };
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(Error::malformed(what, "longer than 256 entries can be"));
    }
    let (mut rest, mut entries) = (bytes, Vec::new());
    while !rest.is_empty() {
        if entries.len() == usize::from(TILE_WIDTH) {
            return Err(Error::malformed(what, "more than 256 entries"));
        }
        let n = entries.len();
        let entry = next_entry(&mut rest).ok_or_else(|| {
            Error::malformed(what, format!("ends inside entry {n} of the bundle"))
        })?;
        entries.push(entry);
    }
    if entries.is_empty() {
        return Err(Error::malformed(what, "holds no entry"));
    }
    Ok(Bundle(entries))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bundles_read_back(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..40)) {
            let mut bytes = Vec::new();
            for e in &entries { push_entry(&mut bytes, e).unwrap(); }
            prop_assert_eq!(&parse_bundle(&bytes, "b").unwrap().0, &entries);
            if bytes.last().is_some() {
                let cut = parse_bundle(&bytes[..bytes.len() - 1], "b");
                prop_assert!(cut.is_err() || entries.last().unwrap().is_empty());
            }
        }
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_bundle(&bytes, "b");
        }
    }

    #[test]
    fn limits_hold() {
        assert!(parse_bundle(b"", "b").is_err());
        assert!(parse_bundle(&[0; 2 * 256], "b").is_ok());
        assert!(parse_bundle(&[0; 2 * 257], "b").is_err());
        assert!(push_entry(&mut Vec::new(), &[0; 65_536]).is_err());
    }
}
