//! What the store and the log do to a recording: the minute's root over the stored chains, a slow
//! store, a disk that fills and empties under a running recorder. Whole GOPs are dropped of the
//! camera concerned, with a signed gap and its reason, and nothing that was sealed is lost.
//! Never asserts how long anything takes.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail the test")]

#[expect(dead_code, reason = "each test file uses its own part of the house")]
mod house;

use core::time::Duration;
use std::sync::Arc;

use house::{House, camera, city, film, finish, fixture, is_exact, is_of, pieces_of, stop, until};
use loggia_model::{CameraId, GapReason};
use loggia_seal::Track as SealTrack;
use loggia_sim::{CameraFault, ParameterSets, Track};
use loggia_store::{FileLayer, Health, SimDisk, rusqlite};
use loggia_transparency::{Event, HeadLine, Heads, heads_proof, heads_root, verify_head};
use loggia_video::{Recorder, fmp4};

fn dropped(recorder: &Recorder, camera: CameraId) -> u64 {
    recorder.ward().of(camera).unwrap().gops_dropped
}

fn reason(recorder: &Recorder, camera: CameraId) -> Option<GapReason> {
    recorder.ward().of(camera).unwrap().reason
}

fn logged_heads(house: &House) -> Vec<Heads> {
    let all = house.log.entries(0, 10_000).unwrap().into_iter();
    all.filter_map(|(_, e)| match e.event {
        Event::Heads(heads) => Some(heads),
        _ => None,
    })
    .collect()
}

/// Every line that a camera's chain, as it is stored, could have had in a minute.
fn lines(house: &House, camera: CameraId) -> Vec<HeadLine> {
    let reasons = [
        None,
        Some(GapReason::Unreachable),
        Some(GapReason::CameraFault),
    ];
    let line = |row: loggia_store::RecordRow| {
        reasons.map(|gap| HeadLine {
            camera,
            seq: row.seq,
            hash: row.hash,
            gap,
        })
    };
    house.rows(camera).into_iter().flat_map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_minutes_root_in_the_log_is_the_root_over_the_stored_chains() {
    let house = House::open();
    let cameras = vec![
        camera("a", "small.h264", ParameterSets::Both),
        camera("b", "small.h264", ParameterSets::Both),
    ];
    let city = city(cameras, |_| {}).await;
    let ids = house.enrol(&city, "correct horse");
    let recorder = house.recorder(&ids, |c| c.heads_every = Duration::from_millis(400));
    let whole = |gaps| {
        let heads = logged_heads(&house);
        heads.iter().any(|h| h.cameras == 2 && h.gaps == gaps)
    };
    until("a root over two chains", || whole(0)).await;
    city.set_fault("a", CameraFault::Reboot).unwrap();
    until("a root that says that one is in a gap", || whole(1)).await;
    stop(recorder).await;

    let (of_a, of_b) = (lines(&house, ids[0]), lines(&house, ids[1]));
    let mut seen = 0;
    for heads in logged_heads(&house).iter().filter(|h| h.cameras == 2) {
        let pairs = of_a.iter().flat_map(|a| of_b.iter().map(move |b| [*a, *b]));
        let found = pairs.into_iter().find(|p| heads_root(p).root == heads.root);
        let pair = found.expect("a root that no two stored records have");
        assert_eq!(heads_root(&pair).gaps, heads.gaps);
        for line in pair {
            let (place, proof) = heads_proof(&pair, line.camera).unwrap();
            assert!(verify_head(&line, place, &proof, heads));
            let other = HeadLine {
                seq: line.seq + 1,
                ..line
            };
            assert!(!verify_head(&other, place, &proof, heads));
        }
        seen += 1;
    }
    assert!(seen >= 2, "{seen} roots over both cameras");
}

/// A film of ten pictures in a tenth of a second, 3 MB of them filler (H.264 NAL unit type 12).
fn flood() -> Arc<loggia_sim::Film> {
    const PICTURES: u32 = 10;
    const TICKS: u32 = 900;
    let mut film = (*fixture("small.h264")).clone();
    film.units.truncate(PICTURES as usize);
    let mut filler = vec![0xff; 300_000];
    filler[0] = 12;
    *filler.last_mut().unwrap() = 0x80;
    for (n, unit) in (0..).zip(&mut film.units) {
        unit.send_ticks = n * TICKS;
        unit.show_ticks = n * TICKS;
        unit.nals.push(filler.clone().into());
    }
    film.length_ticks = PICTURES * TICKS;
    Arc::new(film)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_slow_costs_the_loud_camera_whole_gops_and_the_others_nothing() {
    let house = House::open();
    let mut loud = camera("loud", "small.h264", ParameterSets::Both);
    loud.film = flood();
    let cameras = vec![loud, camera("quiet", "small.h264", ParameterSets::Both)];
    let city = city(cameras, |_| {}).await;
    let ids = house.enrol(&city, "correct horse");
    let recorder = house.recorder(&ids, |_| {});
    until("both are recorded", || {
        ids.iter().all(|id| pieces_of(&recorder, *id) >= 1)
    })
    .await;
    // The index is locked by somebody else: the store takes nothing in, and its queue fills.
    let index = rusqlite::Connection::open(house.dir.path().join("index.sqlite")).unwrap();
    index.execute_batch("BEGIN IMMEDIATE").unwrap();
    until("GOPs are dropped", || dropped(&recorder, ids[0]) >= 2).await;
    assert_eq!(reason(&recorder, ids[0]), Some(GapReason::Overload));
    index.execute_batch("ROLLBACK").unwrap();
    let back = pieces_of(&recorder, ids[0]);
    until("the loud one is recorded again", || {
        pieces_of(&recorder, ids[0]) > back + 2
    })
    .await;
    assert_eq!(dropped(&recorder, ids[1]), 0);
    finish(&city, recorder, &ids).await;

    assert_eq!(house.blobs.health(), Health::Ok);
    let gaps = house.gaps_between(ids[0]);
    assert!(
        !gaps.is_empty() && gaps.iter().all(|g| *g == GapReason::Overload),
        "{gaps:?}"
    );
    let flood = film(&city, "loud", flood().units.len());
    let pieces = house.pieces(ids[0]);
    for (n, (_, clear)) in pieces.iter().enumerate() {
        let piece = fmp4::read(clear).unwrap();
        assert!(
            is_of(&piece, &flood),
            "piece {n} is no whole GOP of the loud camera"
        );
    }
    let told = city.sent("loud", Track::Main).unwrap();
    assert!(
        (pieces.len() as u64) < told.gops,
        "{} of {}",
        pieces.len(),
        told.gops
    );
    assert_eq!(
        house.gaps_between(ids[1]),
        [],
        "the quiet one lost something"
    );
    is_exact(&house, &city, ids[1], "quiet", &[SealTrack::Main]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_recording_with_an_alarm_and_a_gap_until_there_is_room_again() {
    let disk = SimDisk::new();
    let house = House::open_with(|b| b.layer = FileLayer::Sim(disk.clone()));
    let cameras = vec![
        camera("a", "small.h264", ParameterSets::Both),
        camera("b", "baseline.h264", ParameterSets::Both),
    ];
    let city = city(cameras, |_| {}).await;
    let ids = house.enrol(&city, "correct horse");
    let recorder = house.recorder(&ids, |c| c.heads_every = Duration::from_millis(200));
    until("both are recorded", || {
        ids.iter().all(|id| pieces_of(&recorder, *id) >= 2)
    })
    .await;
    disk.set_capacity(Some(disk.bytes_used() + 10_000));
    until("both lose GOPs to the full disk", || {
        ids.iter().all(|id| dropped(&recorder, *id) >= 2)
    })
    .await;
    assert_eq!(house.blobs.health(), Health::DiskFull, "the alarm");
    for id in &ids {
        assert_eq!(reason(&recorder, *id), Some(GapReason::DiskFull));
    }
    let durable: Vec<_> = ids.iter().map(|id| house.durable_rows(*id)).collect();
    let size = house.log.size();
    until("the log goes on and says that both are in a gap", || {
        let heads = logged_heads(&house);
        house.log.size() > size && heads.last().is_some_and(|h| h.gaps == 2)
    })
    .await;
    disk.set_capacity(None);
    until("the alarm is over", || house.blobs.health() == Health::Ok).await;
    let back: Vec<_> = ids.iter().map(|id| pieces_of(&recorder, *id)).collect();
    until("both are recorded again", || {
        let more = ids.iter().zip(&back);
        more.into_iter()
            .all(|(id, back)| pieces_of(&recorder, *id) > back + 1)
    })
    .await;
    for id in &ids {
        let health = recorder.ward().of(*id).unwrap();
        assert_eq!(
            (health.restarts, health.reason),
            (0, None),
            "the sessions went on"
        );
    }
    finish(&city, recorder, &ids).await;

    let films = [("a", "small.h264"), ("b", "baseline.h264")];
    for ((id, before), (name, fixture_name)) in ids.iter().zip(durable).zip(films) {
        let gaps = house.gaps_between(*id);
        assert!(
            !gaps.is_empty() && gaps.iter().all(|g| *g == GapReason::DiskFull),
            "{name}: {gaps:?}"
        );
        let after = house.rows(*id);
        assert!(
            after.starts_with(&before),
            "{name}: what was sealed is still there"
        );
        assert!(after.len() > before.len());
        let film = film(&city, name, fixture(fixture_name).units.len());
        for (n, (_, clear)) in house.pieces(*id).iter().enumerate() {
            assert!(
                is_of(&fmp4::read(clear).unwrap(), &film),
                "{name}: piece {n}"
            );
        }
    }
    assert_eq!(house.blobs.audit().unwrap(), []);
    house.log_holds();
}
