//! What goes wrong while a camera is recorded: lossy ways, a new resolution, clocks that jump, a slow
//! store, a full disk, and every fault that the simulator knows. What was sent is stored byte for
//! byte, what is missing is a signed gap with its reason, and the neighbours lose nothing.
//! Never asserts how long anything takes.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail the test")]

#[expect(dead_code, reason = "each test file uses its own part of the house")]
mod house;

use core::time::Duration;
use std::sync::Arc;

use house::{House, camera, city, finish, fixture, is_exact, nals, pieces_of, stop, until};
use loggia_model::{CameraId, GapReason};
use loggia_seal::{Record, Track as SealTrack};
use loggia_sim::{CameraFault, ParameterSets, SimCity, Track};
use loggia_store::{FileLayer, Health, SimDisk, rusqlite};
use loggia_transparency::{Event, HeadLine, Heads, heads_proof, heads_root, verify_head};
use loggia_video::{Recorder, Transport, fmp4};

const MAIN: &[SealTrack] = &[SealTrack::Main];

fn dropped(recorder: &Recorder, camera: CameraId) -> u64 {
    recorder.ward().of(camera).unwrap().gops_dropped
}

fn reason(recorder: &Recorder, camera: CameraId) -> Option<GapReason> {
    recorder.ward().of(camera).unwrap().reason
}

/// The pictures of a simulated camera's film, in the order of their sending.
fn film(city: &SimCity, name: &str, pictures: usize) -> Vec<Vec<Vec<u8>>> {
    let all = (0..pictures as u64).map(|n| city.nals(name, Track::Main, n).unwrap());
    all.map(|units| units.iter().map(|u| u.to_vec()).collect())
        .collect()
}

/// Whether a piece is the beginning of a GOP of this film, picture by picture.
fn is_of(piece: &fmp4::Piece<'_>, film: &[Vec<Vec<u8>>]) -> bool {
    let pictures: Vec<Vec<&[u8]>> = piece.samples.iter().map(|s| s.nals().unwrap()).collect();
    let first = film.iter().position(|p| *p == pictures[0]);
    first.is_some_and(|at| {
        piece.samples[0].key
            && piece.samples[1..].iter().all(|s| !s.key)
            && film[at..].len() >= pictures.len()
            && pictures.iter().zip(&film[at..]).all(|(p, f)| p == f)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_udp_too_every_picture_is_stored_byte_for_byte() {
    let house = House::open();
    let cameras = vec![
        camera("in", "baseline.h264", ParameterSets::InBand),
        camera("out", "small.h264", ParameterSets::OutOfBand),
        camera("hevc", "main.h265", ParameterSets::Both),
    ];
    let city = city(cameras, |_| {}).await;
    let ids = house.enrol(&city, "correct horse");
    let recorder = house.recorder(&ids, |c| c.transport = Transport::Udp);
    until("three pieces of each", || {
        ids.iter().all(|id| pieces_of(&recorder, *id) >= 3)
    })
    .await;
    let names = ["in", "out", "hevc"];
    for name in names {
        let told = city.sent(name, Track::Main).unwrap();
        assert_eq!(told.plays, 1, "{name}: one session");
    }
    finish(&city, recorder, &ids).await;
    for (id, name) in ids.iter().zip(names) {
        is_exact(&house, &city, *id, name, MAIN);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_resolution_begins_a_new_piece_with_its_own_parameter_sets() {
    let house = House::open();
    let mut changing = camera("a", "baseline.h264", ParameterSets::Both);
    changing.other = Some(fixture("small.h264"));
    let cameras = vec![changing, camera("b", "small.h264", ParameterSets::Both)];
    let city = city(cameras, |_| {}).await;
    let ids = house.enrol(&city, "correct horse");
    let recorder = house.recorder(&ids, |_| {});
    let width = || recorder.ward().of(ids[0]).unwrap().width;
    until("the first resolution", || width() == Some(160)).await;
    city.set_fault("a", CameraFault::OtherFilm).unwrap();
    until("the other one", || width() == Some(128)).await;
    city.lift("a", None).unwrap();
    until("the first one again", || width() == Some(160)).await;
    finish(&city, recorder, &ids).await;

    assert_eq!(
        house.gaps_between(ids[0]),
        [],
        "no picture was lost at the change"
    );
    let pieces = house.pieces(ids[0]);
    let stored: usize = nals(&pieces, SealTrack::Main)
        .iter()
        .flatten()
        .map(Vec::len)
        .sum();
    assert_eq!(
        stored as u64,
        city.sent("a", Track::Main).unwrap().nal_bytes
    );
    let films = [
        (
            (160, 96),
            film(&city, "a", fixture("baseline.h264").units.len()),
        ),
        (
            (128, 80),
            film(&city, "b", fixture("small.h264").units.len()),
        ),
    ];
    let mut sizes = Vec::new();
    for (n, (_, clear)) in pieces.iter().enumerate() {
        let piece = fmp4::read(clear).unwrap();
        let size = (piece.width, piece.height);
        let (_, film) = films.iter().find(|(s, _)| *s == size).unwrap();
        assert!(
            is_of(&piece, film),
            "piece {n} holds pictures of {size:?} alone"
        );
        if sizes.last() != Some(&size) {
            sizes.push(size);
            plays(&house, clear, size, piece.samples.len());
        }
    }
    assert_eq!(sizes, [(160, 96), (128, 80), (160, 96)]);
    is_exact(&house, &city, ids[1], "b", MAIN);
}

/// A second reader decodes the piece by itself.
fn plays(house: &House, clear: &[u8], size: (u16, u16), pictures: usize) {
    let path = house.dir.path().join("piece.mp4");
    std::fs::write(&path, clear).unwrap();
    let entries = "stream=width,height,nb_read_frames";
    let output = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-show_entries", entries])
        .args(["-of", "csv=p=0"])
        .arg(&path)
        .output();
    let Ok(output) = output else {
        return; // ffprobe is not installed: `fmp4::read` has read it above.
    };
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let wanted = format!("{},{},{pictures}", size.0, size.1);
    assert_eq!((text.trim(), complaint.as_str()), (wanted.as_str(), ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cameras_clock_that_jumps_is_kept_beside_the_recorders_and_costs_nothing() {
    const HOUR_US: i64 = 3_600_000_000;
    let house = House::open();
    let city = city(vec![camera("a", "small.h264", ParameterSets::Both)], |_| {}).await;
    let ids = house.enrol(&city, "correct horse");
    let recorder = house.recorder(&ids, |_| {});
    let offset = || recorder.ward().of(ids[0]).unwrap().clock_offset_us;
    until("its clock is known", || offset().is_some()).await;
    let before = offset().unwrap();
    city.set_fault("a", CameraFault::ClockJump { by_us: -HOUR_US })
        .unwrap();
    until("the jump is seen", || {
        offset().unwrap() - before < -HOUR_US / 2
    })
    .await;
    let jumped = pieces_of(&recorder, ids[0]);
    until("two pieces more", || {
        pieces_of(&recorder, ids[0]) > jumped + 1
    })
    .await;
    finish(&city, recorder, &ids).await;

    assert_eq!(house.gaps_between(ids[0]), []);
    is_exact(&house, &city, ids[0], "a", MAIN);
    let mut offsets = Vec::new();
    let mut last = None;
    for row in house.rows(ids[0]) {
        let bytes = house.blobs.read(&row).unwrap();
        let (record, _) = Record::parse(&bytes).unwrap();
        let header = record.header();
        if let Some(theirs) = header.camera_begin {
            assert!(
                last.is_none_or(|l| l <= header.begin),
                "the recorder's time goes on"
            );
            last = Some(header.begin);
            offsets.push(theirs.0 - header.begin.0);
        }
    }
    let (first, after) = (offsets[0], *offsets.last().unwrap());
    assert!(
        (first - after - HOUR_US).abs() < HOUR_US / 60,
        "{offsets:?}"
    );
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
    is_exact(&house, &city, ids[1], "quiet", MAIN);
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

/// Sets the fault on a camera until its effect shows, then lifts it until it is recorded again.
async fn suffer(
    city: &SimCity,
    recorder: &Recorder,
    (name, id): (&str, CameraId),
    fault: &CameraFault,
) {
    let harmed = || city.sent(name, Track::Main).unwrap().harmed;
    let health = || recorder.ward().of(id).unwrap();
    city.set_fault(name, fault.clone()).unwrap();
    until(&format!("{fault:?} shows"), || match fault {
        CameraFault::Drop { .. } => health().packets_lost > 20,
        CameraFault::Truncate { .. } => harmed() > 20,
        CameraFault::WrongCredentials => {
            // Running sessions go on; a session must be opened anew for the password to matter.
            if health().state == loggia_video::State::Recording {
                let reboot = city.set_fault(name, CameraFault::Reboot).unwrap();
                city.lift(name, Some(reboot)).unwrap();
            }
            health().reason == Some(GapReason::WrongPassword)
        }
        _ => health().restarts > 0,
    })
    .await;
    city.lift(name, None).unwrap();
    let back = pieces_of(recorder, id);
    until(&format!("{name} is back"), || {
        pieces_of(recorder, id) > back + 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_of_one_camera_leaves_its_neighbours_byte_exact() {
    use GapReason::{CameraFault as Broken, Unreachable, WrongPassword};
    // The camera, what befalls it, the reason that must be among its gaps, and those that may.
    let faults = [
        ("drop", CameraFault::Drop { per_mille: 200 }, None, &[][..]),
        (
            "truncate",
            CameraFault::Truncate { per_mille: 200 },
            None,
            &[Broken],
        ),
        (
            "garbage",
            CameraFault::Garbage { per_mille: 300 },
            None,
            &[Broken, Unreachable],
        ),
        ("stall", CameraFault::Stall, Some(Unreachable), &[]),
        ("reboot", CameraFault::Reboot, Some(Unreachable), &[Broken]),
        (
            "wrong",
            CameraFault::WrongCredentials,
            Some(WrongPassword),
            &[Broken, Unreachable],
        ),
    ];
    let house = House::open();
    let mut cameras: Vec<_> = faults
        .iter()
        .map(|(name, ..)| camera(name, "baseline.h264", ParameterSets::Both))
        .collect();
    let mut hevc = camera("hevc", "main.h265", ParameterSets::InBand);
    hevc.sub = Some(fixture("small.h264"));
    cameras.extend([camera("near", "small.h264", ParameterSets::InBand), hevc]);
    let city = city(cameras, |_| {}).await;
    let ids = house.enrol(&city, "correct horse");
    let recorder = house.recorder(&ids, |_| {});
    until("all record", || {
        ids.iter().all(|id| pieces_of(&recorder, *id) >= 1)
    })
    .await;
    let all = faults.iter().zip(&ids);
    futures_util::future::join_all(
        all.map(|((name, fault, ..), id)| suffer(&city, &recorder, (name, *id), fault)),
    )
    .await;
    let (bad, good) = ids.split_at(faults.len());
    for id in good {
        assert_eq!(recorder.ward().of(*id).unwrap().restarts, 0);
    }
    finish(&city, recorder, &ids).await;

    for ((name, _, must, may), id) in faults.iter().zip(bad) {
        let gaps = house.gaps_between(*id);
        assert!(must.is_none_or(|m| gaps.contains(&m)), "{name}: {gaps:?}");
        assert!(
            gaps.iter().all(|g| may.contains(g) || *must == Some(*g)),
            "{name}: {gaps:?}"
        );
        for (_, clear) in house.pieces(*id) {
            fmp4::read(&clear).unwrap();
        }
    }
    let tracks = [MAIN, &[SealTrack::Main, SealTrack::Sub]];
    for ((id, name), tracks) in good.iter().zip(["near", "hevc"]).zip(tracks) {
        assert_eq!(house.gaps_between(*id), [], "{name}");
        let told = city.sent(name, Track::Main).unwrap();
        assert_eq!((told.harmed, told.skipped), (0, 0), "{name}");
        is_exact(&house, &city, *id, name, tracks);
    }
}
