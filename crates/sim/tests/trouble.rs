//! What goes wrong between a camera and the recorder: lossy ways, a new resolution, clocks that
//! jump, and every fault that the simulator knows. What was sent is stored byte for byte, what is
//! missing is a signed gap with its reason, and the neighbours lose nothing.
//! Never asserts how long anything takes.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail the test")]

#[expect(dead_code, reason = "each test file uses its own part of the house")]
mod house;

use house::{House, camera, city, film, finish, fixture, is_exact, is_of, nals, pieces_of, until};
use loggia_model::{CameraId, GapReason};
use loggia_seal::{Record, Track as SealTrack};
use loggia_sim::{CameraFault, ParameterSets, SimCity, Track};
use loggia_video::{Recorder, Transport, fmp4};

const MAIN: &[SealTrack] = &[SealTrack::Main];

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
