//! Footage in the store on real and simulated disks: questions, full disks, deletion, damage.

use std::path::Path;
use std::time::{Duration, Instant};

use super::street::{HOUR, Street};
use crate::{
    Blobs, BlobsConfig, Disagreement, Error, FileLayer, Health, NoRoom, SimDisk, SpanState,
};
use loggia_model::{At, CameraId, Hour};

fn real(street: &Street, dir: &Path) -> BlobsConfig {
    BlobsConfig {
        index: None,
        ..street.config(FileLayer::Real, dir)
    }
}

/// Waits for a state that must come; the limit is only there to end a broken test.
fn until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "never came: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn questions_are_answered_from_the_index() {
    let tmp = tempfile::tempdir().unwrap();
    let mut street = Street::new(2, 1);
    let blobs = Blobs::open(tmp.path(), real(&street, tmp.path())).unwrap();
    let mut commits = blobs.commits();
    assert!(!commits.has_changed().unwrap());
    street.put_some(&blobs, 300);
    blobs.flush().unwrap();
    assert!(commits.has_changed().unwrap());
    commits.mark_unchanged();
    street.check_served(&blobs, |_| false, "real files");
    let camera = CameraId(1);
    let last = street.chains[&camera].head();
    assert_eq!(blobs.resume(camera).0, last);
    assert_eq!(
        blobs.records(camera, 1, u64::MAX).unwrap().len() as u64,
        last.seq
    );
    let spans = blobs.spans(camera, HOUR.begin(), street.now).unwrap();
    assert_eq!(
        spans.len(),
        street.spans.keys().filter(|(c, _)| *c == camera).count()
    );
    // A span that was closed without a piece has no length and overlaps nothing.
    for s in spans.iter().filter(|s| s.end > s.begin) {
        assert_eq!(street.spans[&(camera, s.span)], (s.first_seq, s.last_seq));
        let overlap = blobs.spans(camera, At(s.end.0 - 1), s.end).unwrap();
        assert!(overlap.iter().any(|o| o.span == s.span));
    }
    let closed = spans
        .iter()
        .filter(|s| s.state == SpanState::Closed)
        .count();
    assert!(closed >= spans.len() - 1);
    let gaps = blobs.gaps(camera, HOUR.begin(), At(i64::MAX)).unwrap();
    assert!(!gaps.is_empty() && gaps.is_sorted_by_key(|g| g.begin));
    let totals = blobs.totals().unwrap();
    let sent: usize = street.sent.values().map(Vec::len).sum();
    assert_eq!(totals.bytes_used, sent as u64);
    assert!(
        totals.oldest.unwrap() >= HOUR.begin()
            && totals.newest.unwrap() <= At(street.now.0 + 1_000_000)
    );
    assert!(matches!(
        blobs.record(camera, last.seq + 1),
        Err(Error::NoRecord { .. })
    ));
    assert_eq!(blobs.audit().unwrap(), []);
    drop(blobs);
    let blobs = Blobs::open(tmp.path(), real(&street, tmp.path())).unwrap();
    assert_eq!(blobs.recovery(), &Default::default());
    assert_eq!(blobs.resume(camera).0, last);
}

#[test]
fn a_full_disk_stops_recording_and_nothing_is_lost() {
    let tmp = tempfile::tempdir().unwrap();
    let mut street = Street::new(2, 2);
    let disk = SimDisk::new();
    let config = street.config(FileLayer::Sim(disk.clone()), &tmp.path().join("i.sqlite"));
    let blobs = Blobs::open(Path::new("/data"), config).unwrap();
    street.put_some(&blobs, 50);
    blobs.flush().unwrap();
    disk.set_capacity(Some(disk.bytes_used() + 5_000));
    let taken = street.put_some(&blobs, 20);
    assert_eq!(taken, 20, "what was put before the alarm waits");
    assert_eq!(blobs.flush(), Err(NoRoom::DiskFull));
    assert_eq!(blobs.health(), Health::DiskFull);
    assert_eq!(blobs.room(CameraId(1), 100), Err(NoRoom::DiskFull));
    assert_eq!(
        blobs.audit().unwrap(),
        [],
        "the torn write is not in the index"
    );
    disk.set_capacity(None);
    until("space is noticed", || blobs.health() == Health::Ok);
    blobs.flush().unwrap();
    street.put_some(&blobs, 20);
    blobs.flush().unwrap();
    for (camera, chain) in &street.chains {
        assert_eq!(blobs.resume(*camera).0, chain.head());
    }
    street.check_served(&blobs, |_| false, "after the alarm");
    assert_eq!(blobs.audit().unwrap(), []);
}

#[test]
fn a_quota_ends_when_an_hour_is_deleted() {
    let tmp = tempfile::tempdir().unwrap();
    let mut street = Street::new(1, 3);
    let config = BlobsConfig {
        quota_bytes: Some(60_000),
        ..real(&street, tmp.path())
    };
    let blobs = Blobs::open(tmp.path(), config).unwrap();
    while blobs.totals().unwrap().bytes_used < 45_000 {
        street.put_some(&blobs, 1);
        blobs.flush().unwrap();
    }
    street.pass_hour();
    let mut refused = None;
    while refused.is_none() {
        let record = street.next(CameraId(1));
        refused = blobs.put(record).err();
        let _ = blobs.flush();
    }
    let refused = refused.unwrap();
    assert_eq!(refused.why, NoRoom::DiskFull);
    blobs.delete_hour(HOUR, &[]).unwrap();
    until("space is noticed", || blobs.health() == Health::Ok);
    blobs.put(*refused.record).unwrap();
    blobs.flush().unwrap();
    assert_eq!(
        blobs.resume(CameraId(1)).0,
        street.chains[&CameraId(1)].head()
    );
    assert!(!tmp.path().join(format!("blobs/{}", HOUR.0)).exists());
}

#[test]
fn the_queue_is_bounded_and_gives_back_what_does_not_fit() {
    let tmp = tempfile::tempdir().unwrap();
    let mut street = Street::new(1, 4);
    let config = BlobsConfig {
        sync_interval: Duration::from_secs(3_600),
        queue_bytes: 20_000,
        ..real(&street, tmp.path())
    };
    let blobs = Blobs::open(tmp.path(), config).unwrap();
    let mut first_no = None;
    let back = loop {
        if first_no.is_none() && blobs.room(CameraId(1), 3_000).is_err() {
            first_no = Some(blobs.queued_bytes());
        }
        let record = street.next(CameraId(1));
        if let Err(back) = blobs.put(record) {
            break back;
        }
    };
    assert_eq!(back.why, NoRoom::Full);
    assert!(
        first_no.unwrap() <= 17_500,
        "room says no while put still takes"
    );
    assert_eq!(blobs.durable(CameraId(1)), None, "nothing was written yet");
    blobs.flush().unwrap();
    assert!(blobs.queued_bytes() == 0);
    blobs.put(*back.record).unwrap();
    drop(blobs);
    let blobs = Blobs::open(tmp.path(), real(&street, tmp.path())).unwrap();
    assert_eq!(
        blobs.resume(CameraId(1)).0,
        street.chains[&CameraId(1)].head()
    );
    street.check_served(&blobs, |_| false, "dropping writes what waits");
}

#[test]
fn held_spans_outlive_their_hour() {
    let tmp = tempfile::tempdir().unwrap();
    let mut street = Street::new(2, 5);
    let config = real(&street, tmp.path());
    let blobs = Blobs::open(tmp.path(), config.clone()).unwrap();
    street.put_some(&blobs, 120);
    street.pass_hour();
    street.put_some(&blobs, 40);
    blobs.flush().unwrap();
    let camera = CameraId(2);
    let held = blobs.spans(camera, HOUR.begin(), HOUR.end()).unwrap()[1].clone();
    let done = blobs.delete_hour(HOUR, &[(camera, held.span)]).unwrap();
    assert_eq!(
        (done.held_spans, blobs.hours().unwrap()),
        (1, vec![Hour(HOUR.0 + 1)])
    );
    let check = |blobs: &Blobs| {
        let row = blobs.span(camera, held.span).unwrap().unwrap();
        assert!(row.aside && row.bytes == held.bytes);
        for seq in held.first_seq..=held.last_seq {
            assert_eq!(
                blobs.read_record(camera, seq).unwrap(),
                street.sent[&(camera, seq)]
            );
        }
        assert_eq!(
            blobs
                .spans(camera, HOUR.begin(), At(HOUR.end().0 - 60_000_000))
                .unwrap()
                .len(),
            1
        );
        assert_eq!(blobs.audit().unwrap(), []);
    };
    check(&blobs);
    let used = blobs.totals().unwrap().bytes_used;
    drop(blobs);
    let blobs = Blobs::open(tmp.path(), config.clone()).unwrap();
    assert_eq!(blobs.recovery(), &Default::default());
    assert_eq!(blobs.totals().unwrap().bytes_used, used);
    check(&blobs);
    drop(blobs);
    for file in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        let _ = std::fs::remove_file(tmp.path().join(file));
    }
    let blobs = Blobs::open(tmp.path(), config).unwrap();
    check(&blobs);
    assert!(blobs.drop_held(camera, held.span).unwrap());
    assert!(!blobs.drop_held(camera, held.span).unwrap());
    assert_eq!(
        std::fs::read_dir(tmp.path().join("held")).unwrap().count(),
        0
    );
    assert_eq!(blobs.audit().unwrap(), []);
    street.resume(&blobs);
    street.put_some(&blobs, 10);
    blobs.flush().unwrap();
}

#[test]
fn damaged_bytes_are_named_and_not_served() {
    let tmp = tempfile::tempdir().unwrap();
    let mut street = Street::new(1, 6);
    let blobs = Blobs::open(tmp.path(), real(&street, tmp.path())).unwrap();
    street.put_some(&blobs, 6);
    blobs.flush().unwrap();
    let row = blobs.record(CameraId(1), 3).unwrap();
    let path = tmp
        .path()
        .join(format!("blobs/{}/{}.seg", HOUR.0, row.place.segment));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[usize::try_from(row.place.offset).unwrap() + 120] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(
        blobs.read(&row),
        Err(Error::Damaged { seq: 3, .. })
    ));
    assert!(blobs.read_record(CameraId(1), 4).is_ok());
    let found = blobs.audit().unwrap();
    assert!(
        matches!(found[0], Disagreement::NoRecord { .. }),
        "{found:?}"
    );
}

#[test]
fn footage_of_an_unknown_recorder_is_not_cut() {
    let tmp = tempfile::tempdir().unwrap();
    let mut street = Street::new(1, 7);
    let config = real(&street, tmp.path());
    let blobs = Blobs::open(tmp.path(), config.clone()).unwrap();
    street.put_some(&blobs, 6);
    drop(blobs);
    std::fs::remove_file(tmp.path().join("index.sqlite")).unwrap();
    let stranger = BlobsConfig {
        recorders: vec![],
        ..config.clone()
    };
    let refused = Blobs::open(tmp.path(), stranger);
    assert!(matches!(refused, Err(Error::UnknownRecorder { .. })));
    let blobs = Blobs::open(tmp.path(), config).unwrap();
    assert_eq!(blobs.recovery().added, 6);
    street.check_served(&blobs, |_| false, "with the key");
}

#[test]
fn a_failing_disk_stops_the_writer_with_an_alarm() {
    let tmp = tempfile::tempdir().unwrap();
    let mut street = Street::new(1, 8);
    let disk = SimDisk::new();
    let config = street.config(FileLayer::Sim(disk.clone()), &tmp.path().join("i.sqlite"));
    let blobs = Blobs::open(Path::new("/data"), config).unwrap();
    street.put_some(&blobs, 5);
    blobs.flush().unwrap();
    disk.set_sync_fails(true);
    street.put_some(&blobs, 5);
    assert_eq!(blobs.flush(), Err(NoRoom::Stopped));
    assert!(matches!(blobs.health(), Health::Stopped(_)));
    let record = street.next(CameraId(1));
    assert_eq!(blobs.put(record).unwrap_err().why, NoRoom::Stopped);
    assert_eq!(
        blobs.durable(CameraId(1)).unwrap().seq,
        5,
        "never acknowledged"
    );
}
