//! The whole way of a frame: simulated cameras, the recorder, sealed pieces on disk, and back with
//! the custodians' keys. What comes back is what the camera sent, byte for byte; what is missing is
//! a signed gap with its reason.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail the test")]

#[expect(dead_code, reason = "each test file uses its own part of the house")]
mod house;

use core::time::Duration;

use house::{House, camera, city, finish, fixture, is_exact, pieces_of, stop, until};
use loggia_model::GapReason;
use loggia_seal::Track as SealTrack;
use loggia_sim::{AUDIO_MARK, Audio, CameraFault, Codec, ParameterSets, Track};
use loggia_video::{Recorder, State, fmp4};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_is_what_the_camera_sent_byte_for_byte() {
    let house = House::open();
    let mut sound = camera("sound", "sei.h264", ParameterSets::Both);
    sound.audio = Audio::Pcma;
    let mut hevc = camera("hevc", "main.h265", ParameterSets::InBand);
    hevc.sub = Some(fixture("small.h264"));
    let cameras = vec![
        camera("in", "baseline.h264", ParameterSets::InBand),
        camera("out", "baseline.h264", ParameterSets::OutOfBand),
        sound,
        hevc,
        camera("b", "bframes.mp4", ParameterSets::Both),
    ];
    let names: Vec<_> = cameras.iter().map(|c| c.name.clone()).collect();
    let films: Vec<_> = cameras.iter().map(|c| c.film.codec).collect();
    let city = city(cameras, |_| {}).await;
    let ids = house.enrol(&city, "correct horse");
    let recorder = house.recorder(&ids, |c| c.span = Duration::from_secs(10));
    until("four pieces of each camera", || {
        ids.iter().all(|id| pieces_of(&recorder, *id) >= 4)
    })
    .await;
    finish(&city, recorder, &ids).await;

    for ((id, name), codec) in ids.iter().zip(&names).zip(films) {
        let mut tracks = vec![SealTrack::Main];
        if name == "hevc" {
            tracks.push(SealTrack::Sub);
        }
        is_exact(&house, &city, *id, name, &tracks);
        let pieces = house.pieces(*id);
        for (track, clear) in &pieces {
            let piece = fmp4::read(clear).unwrap();
            assert!(
                piece.samples[0].key,
                "{name}: a piece does not begin with a key picture"
            );
            assert!(
                piece.samples[1..].iter().all(|s| !s.key),
                "{name}: two GOPs in one piece"
            );
            let hevc = codec == Codec::H265 && *track == SealTrack::Main;
            assert_eq!(piece.codec == loggia_video::Codec::H265, hevc);
            assert!(
                !clear.windows(AUDIO_MARK.len()).any(|w| w == AUDIO_MARK),
                "sound in {name}"
            );
        }
        assert_eq!(city.sent(name, Track::Main).unwrap().audio_setups, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_cameras_fault_is_its_own_signed_gap() {
    let house = House::open();
    let cameras = vec![
        camera("a", "small.h264", ParameterSets::InBand),
        camera("b", "small.h264", ParameterSets::InBand),
    ];
    let city = city(cameras, |_| {}).await;
    let ids = house.enrol(&city, "correct horse");
    let recorder = house.recorder(&ids, |_| {});
    until("both record", || {
        ids.iter().all(|id| pieces_of(&recorder, *id) >= 1)
    })
    .await;

    city.set_fault("a", CameraFault::Reboot).unwrap();
    until("a is down", || {
        recorder.ward().of(ids[0]).unwrap().state != State::Recording
    })
    .await;
    let before = (pieces_of(&recorder, ids[0]), pieces_of(&recorder, ids[1]));
    until("b goes on", || pieces_of(&recorder, ids[1]) >= before.1 + 2).await;
    city.lift("a", None).unwrap();
    until("a is back", || pieces_of(&recorder, ids[0]) > before.0 + 1).await;
    assert!(recorder.ward().of(ids[0]).unwrap().restarts >= 1);

    city.set_fault("a", CameraFault::Garbage { per_mille: 300 })
        .unwrap();
    until("garbage breaks a's session", || {
        recorder.ward().of(ids[0]).unwrap().restarts >= 2
    })
    .await;
    city.lift("a", None).unwrap();
    let back = pieces_of(&recorder, ids[0]);
    until("a is back again", || {
        pieces_of(&recorder, ids[0]) > back + 1
    })
    .await;
    stop(recorder).await;

    let gaps = house.gaps(ids[0]);
    assert!(
        gaps.contains(&GapReason::Unreachable) || gaps.contains(&GapReason::CameraFault),
        "{gaps:?}"
    );
    assert_eq!(house.gaps(ids[1]), [], "b has a gap");
    for id in ids {
        for (_, clear) in house.pieces(id) {
            fmp4::read(&clear).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_and_a_stopped_recorder_are_gaps_with_their_reason() {
    let house = House::open();
    let city = city(vec![camera("a", "small.h264", ParameterSets::Both)], |_| {}).await;
    let ids = house.enrol(&city, "correct horse");
    city.set_fault("a", CameraFault::WrongCredentials).unwrap();
    let recorder = house.recorder(&ids, |_| {});
    let reason = |recorder: &Recorder| recorder.ward().of(ids[0]).unwrap().reason;
    until("the password is refused", || {
        reason(&recorder) == Some(GapReason::WrongPassword)
    })
    .await;
    city.lift("a", None).unwrap();
    until("it records", || pieces_of(&recorder, ids[0]) >= 1).await;
    stop(recorder).await;
    assert_eq!(house.gaps(ids[0]), [GapReason::WrongPassword]);

    let recorder = house.recorder(&ids, |_| {});
    until("it records again", || pieces_of(&recorder, ids[0]) >= 1).await;
    recorder.unwatch(ids[0]);
    until("it is out", || recorder.ward().of(ids[0]).is_none()).await;
    stop(recorder).await;
    let gaps = house.gaps(ids[0]);
    assert!(
        gaps.starts_with(&[GapReason::WrongPassword, GapReason::RecorderDown]),
        "{gaps:?}"
    );
    assert_eq!(gaps.last(), Some(&GapReason::Disabled));
    house.pieces(ids[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_technician_is_told_what_to_do() {
    use loggia_video::onvif::{Finding, check_admitted, check_probe, discover};
    let house = House::open();
    let mut late = camera("late", "baseline.h264", ParameterSets::Both);
    late.clock_offset_us = 75_000_000;
    let city = city(vec![late], |c| {
        c.onvif = Some("127.0.0.1:0".parse().unwrap());
        c.discovery = loggia_sim::Discovery::Unicast("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let found = discover(city.discovery_addr().unwrap(), Duration::from_secs(2))
        .await
        .unwrap();
    let address = city.cameras().remove(0);
    assert_eq!(found[0].onvif_url, *address.onvif_url.as_ref().unwrap());

    let probe = |scheme, url: &str, password| house.shield.probe(url, scheme, "admin", password);
    let (rtsp, onvif) = (loggia_shield::Scheme::Rtsp, loggia_shield::Scheme::Http);
    for password in ["correct horse", "wrong"] {
        let stream = probe(rtsp, &address.rtsp_url, password).unwrap();
        let device = probe(onvif, &found[0].onvif_url, password).unwrap();
        let report = check_probe(Some(&stream), Some(device), house.clock.clone()).await;
        if password == "wrong" {
            assert!(
                report.findings.contains(&Finding::WrongPassword),
                "{report:?}"
            );
            continue;
        }
        assert_eq!(report.codec.as_deref(), Some("H.264"), "{report:?}");
        let wrong_by = report.findings.iter().find_map(|f| match f {
            Finding::TimeWrong { by_s } => Some(*by_s),
            _ => None,
        });
        assert!(
            wrong_by.is_some_and(|s| (70..80).contains(&s)),
            "{report:?}"
        );
        let device = report.device.unwrap();
        assert_eq!(device.information.make, "Loggia");
        assert!(
            device.profiles[0]
                .1
                .as_ref()
                .unwrap()
                .ends_with("/cam/late"),
            "{device:?}"
        );
    }
    let nobody = probe(rtsp, "rtsp://127.0.0.1:1/x", "").unwrap();
    let report = check_probe(Some(&nobody), None, house.clock.clone()).await;
    assert!(
        matches!(report.findings[..], [Finding::Unreachable { .. }]),
        "{report:?}"
    );
    let ids = house.enrol(&city, "correct horse");
    let report = check_admitted(house.shield.admit(ids[0]).unwrap(), house.clock.clone()).await;
    assert!(report.findings.iter().all(|f| !f.text().is_empty()));
}
