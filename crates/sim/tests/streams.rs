//! A client of another make (retina) pulls films from the city and gets every NAL unit byte for
//! byte. Never needs a network beyond loopback, or ffmpeg.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail the test")]

mod client;

use std::sync::Arc;

use client::{City, Pull, fixture, pull};
use loggia_sim::{
    AUDIO_MARK, Audio, CameraConfig, CameraFault, Codec, Film, Kind, ParameterSets, SimConfig,
    SmallNals, Track, WriteMode,
};
use retina::client::{Transport, UdpTransportOptions};

fn udp() -> Transport {
    Transport::Udp(UdpTransportOptions::default())
}

/// Pulls `frames` frames and compares all but the parameter sets, which retina moves to its own
/// place, with what the city says it has sent.
async fn exact(city: &City, camera: &str, pulled: &Pull, codec: Codec) {
    for (n, frame) in (0u64..).zip(&pulled.frames) {
        assert_eq!(frame.loss, 0, "frame {n} of {camera}");
        let sent = city.nals(camera, Track::Main, n).unwrap();
        let pictures = |nals: &[bytes::Bytes]| {
            let kept = nals.iter().filter(|n| !codec.kind(n).is_parameter_set());
            kept.cloned().collect::<Vec<_>>()
        };
        assert_eq!(
            pictures(&frame.nals),
            pictures(&sent),
            "frame {n} of {camera}"
        );
        let key = sent
            .iter()
            .any(|n| matches!(codec.kind(n), Kind::Slice { key: true, .. }));
        assert_eq!(frame.key, key, "frame {n} of {camera}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_film_both_transports_and_all_places_of_parameter_sets() {
    let films = [
        "baseline.h264",
        "small.h264",
        "sei.h264",
        "bframes.mp4",
        "main.h265",
    ]
    .map(fixture);
    let mut cameras = Vec::new();
    for (i, film) in films.iter().enumerate() {
        for (j, sets) in [
            ParameterSets::OutOfBand,
            ParameterSets::InBand,
            ParameterSets::Both,
        ]
        .iter()
        .enumerate()
        {
            for (k, small) in [SmallNals::Alone, SmallNals::Together].iter().enumerate() {
                let mut camera = CameraConfig::new(format!("{i}{j}{k}"), film.clone());
                (camera.sets, camera.small) = (*sets, *small);
                camera.credentials = Some(client::account());
                cameras.push(camera);
            }
        }
    }
    for write_mode in [WriteMode::Burst, WriteMode::PerPacket] {
        let city = client::city(cameras.clone(), |c| c.write_mode = write_mode).await;
        let mut pulls = tokio::task::JoinSet::new();
        for camera in &cameras {
            for (transport, frames) in [(Transport::default(), 110), (udp(), 30)] {
                let frames = frames.min(camera.film.units.len() + 10);
                let url = client::url(&city, &camera.name);
                let (name, codec) = (camera.name.clone(), camera.film.codec);
                pulls.spawn(async move {
                    (
                        name,
                        codec,
                        pull(&url, transport, Some(client::login()), frames).await,
                    )
                });
            }
        }
        while let Some(done) = pulls.join_next().await {
            let (name, codec, pulled) = done.unwrap();
            exact(&city, &name, &pulled.unwrap(), codec).await;
        }
        city.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_run_on_through_the_loop_and_b_frames_keep_theirs() {
    let film = fixture("bframes.mp4");
    let city = client::city(vec![CameraConfig::new("b", film.clone())], |_| {}).await;
    let pulled = pull(&client::url(&city, "b"), Transport::default(), None, 120)
        .await
        .unwrap();
    let first = i64::from(film.units[0].show_ticks);
    for (n, frame) in pulled.frames.iter().enumerate() {
        let unit = &film.units[n % film.units.len()];
        let round = (n / film.units.len()) as i64 * i64::from(film.length_ticks);
        assert_eq!(
            frame.ticks - first,
            round + i64::from(unit.show_ticks) - first,
            "frame {n}"
        );
    }
    assert!(
        film.units
            .iter()
            .any(|u| u.show_ticks > u.send_ticks + 3_600),
        "it has B-frames"
    );
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_are_exact_when_gops_are_finished() {
    let film = fixture("small.h264");
    let cameras = (0..20)
        .map(|n| CameraConfig::new(format!("{n}"), film.clone()))
        .collect();
    let city = client::city(cameras, |_| {}).await;
    let mut pulls = tokio::task::JoinSet::new();
    for n in 0..20 {
        let url = client::url(&city, &n.to_string());
        pulls.spawn(async move { (n, pull(&url, Transport::default(), None, usize::MAX).await) });
    }
    while city.playing() < 20 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(
        city.finish_gops(std::time::Duration::from_secs(30)).await,
        0
    );
    while let Some(done) = pulls.join_next().await {
        let (n, pulled) = done.unwrap();
        let sent = city.sent(&n.to_string(), Track::Main).unwrap();
        let frames = pulled.unwrap().frames;
        assert_eq!(sent.frames, frames.len() as u64);
        assert_eq!(sent.gops, frames.iter().filter(|f| f.key).count() as u64);
        let bytes: u64 = (0..sent.frames)
            .flat_map(|f| city.nals(&n.to_string(), Track::Main, f).unwrap())
            .map(|n| n.len() as u64)
            .sum();
        assert_eq!((sent.nal_bytes, sent.skipped, sent.harmed), (bytes, 0, 0));
    }
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_and_an_unknown_path_are_refused() {
    let mut camera = CameraConfig::new("1", fixture("baseline.h264"));
    camera.credentials = Some(client::account());
    let city = client::city(vec![camera], |_| {}).await;
    let url = client::url(&city, "1");
    let wrong = retina::client::Credentials {
        username: "admin".into(),
        password: "0000".into(),
    };
    for login in [None, Some(wrong)] {
        let error = pull(&url, Transport::default(), login, 1)
            .await
            .unwrap_err();
        assert!(
            error.contains("nauthorized") || error.contains("401"),
            "{error}"
        );
    }
    assert!(city.sent("1", Track::Main).unwrap().refused >= 2);
    let fault = city.set_fault("1", CameraFault::WrongCredentials).unwrap();
    assert!(
        pull(&url, Transport::default(), Some(client::login()), 1)
            .await
            .is_err()
    );
    city.lift("1", Some(fault)).unwrap();
    assert!(
        pull(&url, Transport::default(), Some(client::login()), 1)
            .await
            .is_ok()
    );
    let error = pull(&client::url(&city, "2"), Transport::default(), None, 1)
        .await
        .unwrap_err();
    assert!(error.contains("404"), "{error}");
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_is_offered_counted_and_marked() {
    let mut camera = CameraConfig::new("1", fixture("baseline.h264"));
    camera.audio = Audio::Pcma;
    let city = client::city(vec![camera], |_| {}).await;
    let url = client::url(&city, "1");
    let silent = pull(&url, Transport::default(), None, 5).await.unwrap();
    assert!(
        silent.media.contains(&"audio".to_owned()),
        "{:?}",
        silent.media
    );
    assert_eq!(city.sent("1", Track::Main).unwrap().audio_setups, 0);
    let sound = client::pull_sound(&url).await.unwrap();
    assert!(sound.windows(AUDIO_MARK.len()).any(|w| w == AUDIO_MARK));
    assert_eq!(city.sent("1", Track::Main).unwrap().audio_setups, 1);
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_signature_in_sei_travels_with_every_gop() {
    let mut cameras = Vec::new();
    for name in ["baseline.h264", "main.h265"] {
        let film = fixture(name);
        let signed = Film::clone(&film).with_signing_sei("not a real signature");
        cameras.push(CameraConfig::new(film.name.clone(), Arc::new(signed)));
    }
    let city = client::city(cameras.clone(), |_| {}).await;
    for camera in &cameras {
        let url = client::url(&city, &camera.name);
        let pulled = pull(&url, Transport::default(), None, 30).await.unwrap();
        exact(&city, &camera.name, &pulled, camera.film.codec).await;
        for frame in pulled.frames.iter().filter(|f| f.key) {
            let marked = |n: &bytes::Bytes| n.windows(20).any(|w| w == b"not a real signature");
            assert_eq!(frame.nals.iter().filter(|n| marked(n)).count(), 1);
        }
    }
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_streams_have_their_own_film() {
    let mut camera = CameraConfig::new("1", fixture("main.h265"));
    camera.sub = Some(fixture("small.h264"));
    let city = client::city(vec![camera], |_: &mut SimConfig| {}).await;
    let address = city.cameras().remove(0);
    let sub = pull(&address.sub_url.unwrap(), Transport::default(), None, 3)
        .await
        .unwrap();
    assert_eq!(sub.size, Some((128, 80)));
    let main = pull(&address.rtsp_url, Transport::default(), None, 3)
        .await
        .unwrap();
    assert_eq!(main.size, Some((160, 96)));
    assert_eq!(city.sent("1", Track::Sub).unwrap().plays, 1);
    city.stop().await;
}
