//! Power cuts at random moments: what was acknowledged is there, nothing torn is served, and index
//! and segments agree. 50 seeds; `LOGGIA_SOAK=200` for more.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::street::Street;
use crate::{Blobs, Cut, FileLayer, SimDisk, rusqlite};
use loggia_model::{At, Hour};
use loggia_seal::Header;

const DATA: &str = "/data";

fn seeds() -> u64 {
    std::env::var("LOGGIA_SOAK")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(50)
}

fn copy_index(from: &Path, to: &Path) {
    let conn = rusqlite::Connection::open(from).unwrap();
    conn.execute("VACUUM INTO ?1", [to.to_str().unwrap()])
        .unwrap();
}

/// What became of the index, which lies on a file system of its own in this test.
#[derive(Debug, Clone, Copy, PartialEq)]
enum IndexIs {
    AtTheCut,
    Older,
    Lost,
}

#[test]
fn power_cuts_lose_nothing_acknowledged() {
    for seed in 1..=seeds() {
        one_cut(seed);
    }
}

/// A street that records until its power is cut.
struct Before {
    street: Street,
    blobs: Blobs,
    disk: Arc<SimDisk>,
    /// The last hour that was deleted.
    deleted: Hour,
}

impl Before {
    fn new(seed: u64, index: &Path) -> Self {
        let (street, disk) = (Street::new(3, seed), SimDisk::new());
        let config = street.config(FileLayer::Sim(disk.clone()), index);
        let blobs = Blobs::open(Path::new(DATA), config).unwrap();
        Self {
            street,
            blobs,
            disk,
            deleted: Hour(0),
        }
    }

    fn step(&mut self, is_last: bool) {
        let n = 1 + self.street.below(25) as usize;
        self.street.put_some(&self.blobs, n);
        match self.street.below(5) {
            0 => self.blobs.flush().unwrap(),
            1 => self.street.pass_hour(),
            2 => {
                self.blobs.flush().unwrap();
                let now = self.street.now.hour();
                let hours = self.blobs.hours().unwrap();
                if let Some(oldest) = hours.first().filter(|h| h.0 + 1 < now.0) {
                    self.blobs.delete_hour(*oldest, &[]).unwrap();
                    self.deleted = *oldest;
                }
            }
            3 if is_last => {
                self.disk.die_after(self.street.below(6));
                self.street.put_some(&self.blobs, 10);
                let _ = self.blobs.flush();
            }
            _ => {}
        }
    }
}

fn one_cut(seed: u64) {
    let tmp = tempfile::tempdir().unwrap();
    let (live, found) = (
        tmp.path().join("live.sqlite"),
        tmp.path().join("found.sqlite"),
    );
    let mut before = Before::new(seed, &live);
    let index_is = [IndexIs::AtTheCut, IndexIs::Older, IndexIs::Lost][(seed % 3) as usize];
    let steps = 3 + before.street.below(12);
    let copy_at = before.street.below(steps);
    for step in 0..steps {
        before.step(step + 1 == steps);
        if index_is == IndexIs::Older && step == copy_at {
            copy_index(&live, &found);
        }
    }
    let acked: BTreeMap<_, _> = before
        .blobs
        .heads()
        .into_iter()
        .map(|h| (h.camera, h))
        .collect();
    let how = if seed.is_multiple_of(5) {
        Cut::Nothing
    } else {
        Cut::Torn
    };
    let after = before.disk.cut(how, seed);
    if index_is == IndexIs::AtTheCut {
        copy_index(&live, &found);
    }
    drop(before.blobs);

    let (mut street, deleted) = (before.street, before.deleted);
    let why = format!("seed {seed}, index {index_is:?}");
    let config = street.config(FileLayer::Sim(after), &found);
    let blobs = Blobs::open(Path::new(DATA), config.clone()).unwrap();
    let gone = |at: At| at.hour() <= deleted;
    for (camera, head) in &acked {
        // A span lies in the hour in which it began, however long this street makes it.
        let span = street.spans.get(&(*camera, head.span));
        let first = span.map_or(head.seq, |(first, _)| *first);
        let began = Header::parse(&street.sent[&(*camera, first)])
            .unwrap()
            .begin;
        if index_is == IndexIs::Lost && gone(began) {
            // All its footage was deleted and its head went with the index: nothing here knows
            // the camera any more (the public log has its head).
            continue;
        }
        let now = blobs.durable(*camera).map_or(0, |h| h.seq);
        assert!(now >= head.seq, "{why}: {camera} {now} < {}", head.seq);
    }
    street.check_served(&blobs, gone, &why);
    assert_eq!(blobs.audit().unwrap(), [], "{why}");
    street.resume(&blobs);
    street.put_some(&blobs, 30);
    blobs.flush().unwrap();
    street.check_served(&blobs, gone, &why);
    assert_eq!(blobs.audit().unwrap(), [], "{why}, recording on");
    drop(blobs);
    let again = Blobs::open(Path::new(DATA), config).unwrap();
    assert_eq!(
        again.recovery(),
        &Default::default(),
        "{why}: an orderly stop leaves nothing"
    );
}
