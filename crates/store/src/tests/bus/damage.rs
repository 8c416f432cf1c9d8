//! Bits that flip and files that are cut short: a log says where it is damaged, or is whole up to
//! its end; it never serves another record, and never leaves one out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::{DIR, Dice, body, entry, open, put, read_from};
use crate::bus::{HEADER_LEN, Tail, scan};
use crate::{Cut, Error, FileLayer, SimDisk};

const RECORDS: u64 = 120;

type Known = BTreeMap<u64, Vec<u8>>;

/// A log of several segments, closed in order, and what is in it.
static WHOLE: LazyLock<(Arc<SimDisk>, Known)> = LazyLock::new(|| {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    let mut known = Known::new();
    for n in 0..RECORDS {
        let body = body(n % 3, n, &mut Dice(n));
        known.insert(put(&bus, &body), body);
    }
    drop(bus);
    (disk, known)
});

fn segments(disk: &Arc<SimDisk>) -> Vec<(PathBuf, u64)> {
    let files = FileLayer::Sim(disk.clone()).list(Path::new(DIR)).unwrap();
    let segments = files.into_iter().filter(|(n, _)| n.ends_with(".seg"));
    segments
        .map(|(n, len)| (Path::new(DIR).join(n), len.unwrap()))
        .collect()
}

fn flip(disk: &Arc<SimDisk>, path: &Path, bit: u64) {
    let file = FileLayer::Sim(disk.clone()).open(path).unwrap();
    let byte = file.read_at(bit / 8, 1).unwrap()[0] ^ (1 << (bit % 8));
    file.write_at(bit / 8, &[&[byte]]).unwrap();
}

/// Opens and reads everything: how many records there are before it says where it is damaged.
fn outcome(disk: &Arc<SimDisk>, known: &Known) -> Result<u64, Error> {
    let bus = open(disk)?;
    let mut reader = bus.reader(1);
    let mut n = 0;
    loop {
        match reader.next(super::NOT) {
            Ok(Some(record)) => {
                n += 1;
                assert_eq!(record.seq(), n);
                assert_eq!(record.body(), known[&n]);
            }
            Ok(None) => return Ok(n),
            Err(e) => {
                let again = reader.next(super::NOT).unwrap_err();
                assert_eq!(
                    e.to_string(),
                    again.to_string(),
                    "it does not go on behind it"
                );
                return Err(e);
            }
        }
    }
}

/// Damage is named with its place.
fn named(e: &Error) -> bool {
    matches!(e, Error::LogDamaged { .. } | Error::Malformed { .. })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_flipped_bit_is_found(at in any::<prop::sample::Index>(), bit in any::<u64>()) {
        let (disk, known) = &*WHOLE;
        let disk = disk.cut(Cut::Nothing, 1);
        let files = segments(&disk);
        let (path, len) = &files[at.index(files.len())];
        flip(&disk, path, bit % (len * 8));
        let e = outcome(&disk, known).unwrap_err();
        prop_assert!(named(&e), "{e}");
        if let Error::LogDamaged { path: named, offset, .. } = e {
            prop_assert_eq!(&named, path);
            prop_assert!(offset <= bit % (len * 8) / 8, "not behind the damage");
        }
    }

    #[test]
    fn any_shorter_file_is_found(at in any::<prop::sample::Index>(), to in any::<u64>()) {
        let (disk, known) = &*WHOLE;
        let disk = disk.cut(Cut::Nothing, 1);
        let files = segments(&disk);
        let (path, len) = &files[at.index(files.len())];
        let file = FileLayer::Sim(disk.clone()).open(path).unwrap();
        file.set_len(to % len).unwrap();
        let e = outcome(&disk, known).unwrap_err();
        prop_assert!(named(&e), "{e}");
    }

    /// Without the file that says how far the log reached, the last group may be taken for torn;
    /// never more than that.
    #[test]
    fn without_a_mark_only_the_last_group_is_in_doubt(bit in any::<u64>()) {
        let (disk, known) = &*WHOLE;
        let disk = disk.cut(Cut::Nothing, 1);
        let layer = FileLayer::Sim(disk.clone());
        layer.remove(&Path::new(DIR).join("cursors")).unwrap();
        let (path, len) = segments(&disk).pop().unwrap();
        flip(&disk, &path, bit % (len * 8));
        match outcome(&disk, known) {
            Ok(n) => prop_assert_eq!(n, RECORDS - 1, "each group was one record"),
            Err(e) => prop_assert!(named(&e), "{e}"),
        }
    }

    #[test]
    fn any_bytes_are_read_to_an_end(mut bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (disk, _) = &*WHOLE;
        let (path, _) = segments(disk).remove(0);
        let good = FileLayer::Sim(disk.clone()).read(&path).unwrap().unwrap();
        drop(scan(&bytes, |_, _| {}));
        bytes.splice(0..0, good.iter().copied());
        let read = scan(&bytes, |_, _| {}).unwrap();
        prop_assert_eq!(read.end, good.len() as u64);
        prop_assert!(read.tail == Tail::Torn || bytes.len() == good.len());
    }
}

#[test]
fn a_missing_segment_is_found() {
    let (disk, known) = &*WHOLE;
    let files = segments(disk);
    assert!(files.len() > 3);
    for (n, (path, _)) in files.iter().enumerate() {
        let disk = disk.cut(Cut::Nothing, 1);
        FileLayer::Sim(disk.clone()).remove(path).unwrap();
        let e = outcome(&disk, known).unwrap_err();
        assert!(named(&e), "segment {n}: {e}");
    }
}

/// A body that looks like a record of a later group does not pass for one: whoever wrote it does
/// not know the log's number.
#[test]
fn a_forged_record_in_a_body_is_a_body() {
    let disk = SimDisk::new();
    let bus = open(&disk).unwrap();
    put(&bus, &[7; 16]);
    let strangers = SimDisk::new();
    let mut other = super::small(&strangers);
    other.log_id = 1;
    let other = crate::bus::Bus::open(Path::new(DIR), other).unwrap();
    for n in 0..9 {
        put(&other, &body(9, n, &mut Dice(n)));
    }
    let (path, _) = segments(&strangers).remove(0);
    let forged = FileLayer::Sim(strangers.clone())
        .read(&path)
        .unwrap()
        .unwrap();
    let forged = &forged[HEADER_LEN..];
    put(&bus, forged);
    drop(bus);
    FileLayer::Sim(disk.clone())
        .remove(&Path::new(DIR).join("cursors"))
        .unwrap();
    let (path, _) = segments(&disk).remove(0);
    // The head of the record whose body is forged is torn.
    flip(&disk, &path, (HEADER_LEN as u64 + 56 + 3) * 8);
    let bus = open(&disk).unwrap();
    assert_eq!(read_from(&bus, 1).unwrap().len(), 1);
    assert!(bus.cut_off().unwrap().bytes > forged.len() as u64);
    assert_eq!(
        bus.append(entry(&[1])).unwrap().wait(super::LONG).unwrap(),
        2
    );
}
