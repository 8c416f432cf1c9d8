//! What the public log knew of each chain, minute by minute, held against the records that are
//! there: a chain that was cut, or written anew with the recorder's own key, is named.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use anyhow::bail;
use loggia_model::{CameraId, Digest};
use loggia_transparency::verify::Report;
use loggia_transparency::{HEADS_KEPT_H, minutes};

use super::{broken, say};

/// A head was recorded at most this long before its minute was logged: a piece of 4 s, a sync, and
/// a log that was slow.
const BEFORE_S: i64 = 300;

struct Known {
    hash: Digest,
    at: i64,
    must: Must,
}

#[derive(PartialEq, Eq)]
enum Must {
    /// The log saw the chain reach this record, and the footage of that hour is here.
    BeHere,
    /// It may have been deleted with its hour; if it is here it must be the same.
    BeTheSame,
}

/// The log's heads that are still to be met.
pub struct KnownChains {
    known: HashMap<(CameraId, u64), Known>,
    minutes: u64,
}

fn hour(at: i64) -> u64 {
    u64::try_from(at.div_euclid(3_600)).unwrap_or(0)
}

impl KnownChains {
    /// Reads the lines under the log's heads. `hours`: those of which there is footage.
    pub fn read(dir: &Path, log: &Report, hours: &BTreeSet<u64>) -> anyhow::Result<Self> {
        let mut known = HashMap::new();
        let mut last: BTreeMap<CameraId, u64> = BTreeMap::new();
        let (mut count, mut wrong) = (0, None);
        let missing = minutes(dir, log, |at, heads| {
            count += 1;
            for head in heads.iter().filter(|h| h.seq > 0) {
                let before = last.insert(head.camera, head.seq);
                if before == Some(head.seq) {
                    continue;
                }
                let (from, to) = (hour(at - BEFORE_S), hour(at));
                let here = hours.contains(&from) && hours.contains(&to);
                let destroyed = u32::try_from(to).is_ok_and(|h| log.destroyed.contains(&h));
                if before.is_some() && from == to && !here && !destroyed {
                    wrong.get_or_insert((to, head.camera));
                }
                let must = match before {
                    Some(_) if here => Must::BeHere,
                    _ => Must::BeTheSame,
                };
                let hash = head.hash;
                known.insert((head.camera, head.seq), Known { hash, at, must });
            }
        })?;
        if let Some((hour, camera)) = wrong {
            bail!(
                "footage of {camera} in hour {hour} is gone, and the public log does not say that \
                 its keys were destroyed"
            );
        }
        let newest = log.heads.last().map_or(0, |(at, _)| *at);
        let oldest = newest - i64::from(HEADS_KEPT_H) * 3_600;
        let lost = missing
            .into_iter()
            .find(|at| *at > oldest && hours.contains(&hour(*at)));
        if let Some(at) = lost {
            bail!("the lines under the log's heads of {at} (Unix time) are gone or changed");
        }
        Ok(Self {
            known,
            minutes: count,
        })
    }

    /// A record that is there.
    pub fn meet(&mut self, camera: CameraId, seq: u64, hash: Digest) -> anyhow::Result<()> {
        match self.known.remove(&(camera, seq)) {
            Some(k) if k.hash != hash => Err(broken(format!(
                "{camera} record {seq} is not the one that the public log knew at {} (Unix time)",
                k.at
            ))),
            _ => Ok(()),
        }
    }

    /// After the last record: whatever must be here has been met.
    pub fn finish(self) -> anyhow::Result<()> {
        let gone = self
            .known
            .iter()
            .filter(|(_, k)| k.must == Must::BeHere)
            .min_by_key(|(_, k)| k.at);
        if let Some(((camera, seq), k)) = gone {
            return Err(broken(format!(
                "{camera} lacks record {seq}, which the public log knew at {} (Unix time)",
                k.at
            )));
        }
        say(&format!(
            "footage: every chain holds what the public log knew of it in {} minutes",
            self.minutes
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loggia_model::{MANUAL_START, ManualClock};
    use loggia_transparency::{HeadLine, Log, LogKey, verify};
    use std::sync::Arc;
    use std::time::Duration;

    const CAMERA: CameraId = CameraId(3);

    /// A log of three minutes, ten minutes into the hour, in which the chain reached 5, 9 and 9.
    fn logged(dir: &Path) -> Report {
        let (key, _) = LogKey::generate().unwrap();
        let verifier = key.verifier("x.example/log").unwrap();
        let clock = Arc::new(ManualClock::default());
        clock.pass(Duration::from_secs(600));
        let log = Log::open(dir, key, "x.example/log", clock.clone()).unwrap();
        for seq in [5, 9, 9] {
            let hash = Digest([u8::try_from(seq).unwrap(); 32]);
            let line = HeadLine {
                camera: CAMERA,
                seq,
                hash,
                gap: None,
            };
            let _logged = log.append_heads(&[line]).unwrap();
            clock.pass(Duration::from_secs(60));
        }
        drop(log);
        verify::folder(dir, &verifier, None).unwrap()
    }

    fn said<T>(got: anyhow::Result<T>) -> String {
        got.err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_chain_that_was_cut_or_written_anew_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let report = logged(dir.path());
        let hours = BTreeSet::from([u64::from(MANUAL_START.hour().0)]);
        let open = || KnownChains::read(dir.path(), &report, &hours).unwrap();

        let mut whole = open();
        assert_eq!(whole.minutes, 3);
        whole.meet(CAMERA, 9, Digest([9; 32])).unwrap();
        whole.finish().unwrap();

        assert!(said(open().finish()).contains("lacks record 9"));
        assert!(said(open().meet(CAMERA, 9, Digest([1; 32]))).contains("not the one"));
        // Before the first minute anything may have been deleted; what is there must still fit.
        assert!(said(open().meet(CAMERA, 5, Digest([1; 32]))).contains("not the one"));
    }

    #[test]
    fn lines_or_hours_that_vanish_are_missed() {
        let dir = tempfile::tempdir().unwrap();
        let report = logged(dir.path());
        let none = said(KnownChains::read(dir.path(), &report, &BTreeSet::new()));
        assert!(none.contains("does not say that its keys"), "{none}");

        let hour = MANUAL_START.hour().0;
        let lines = dir.path().join("heads").join(hour.to_string());
        let text = std::fs::read_to_string(&lines).unwrap();
        std::fs::write(&lines, text.replacen("3 9", "3 8", 1)).unwrap();
        let hours = BTreeSet::from([u64::from(hour)]);
        let changed = said(KnownChains::read(dir.path(), &report, &hours));
        assert!(changed.contains("gone or changed"), "{changed}");
    }
}
