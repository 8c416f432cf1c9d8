//! Faults come as the plan and the seed say, and harm only the camera they are meant for.
//! Never measures time.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail the test")]

#[expect(dead_code, reason = "each test file uses its own part of the client")]
mod client;

use std::time::Duration;

use client::{City, Frame, fixture, pull, url};
use loggia_sim::{CameraConfig, CameraFault, FaultPlan, FaultStep, Track};
use retina::client::Transport;

async fn two_cameras(seed: u64) -> City {
    let cameras = ["1", "2"].map(|n| {
        let mut camera = CameraConfig::new(n, fixture("baseline.h264"));
        camera.other = Some(fixture("small.h264"));
        camera
    });
    client::city(cameras.into(), |c| c.seed = seed).await
}

async fn frames(city: &City, camera: &str, n: usize) -> Vec<Frame> {
    pull(&url(city, camera), Transport::default(), None, n)
        .await
        .unwrap()
        .frames
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_loses_and_cuts_the_same_packets() {
    for fault in [
        CameraFault::Drop { per_mille: 150 },
        CameraFault::Truncate { per_mille: 150 },
    ] {
        let mut got = Vec::new();
        for seed in [5, 5, 6] {
            let city = two_cameras(seed).await;
            city.set_fault("1", fault.clone()).unwrap();
            let pulled = pull(&url(&city, "1"), Transport::default(), None, 60)
                .await
                .unwrap();
            let other = frames(&city, "2", 20).await;
            assert!(
                other.iter().all(|f| f.loss == 0),
                "the other camera is untouched"
            );
            assert_eq!(city.sent("2", Track::Main).unwrap().harmed, 0);
            got.push(pulled.frames);
            city.stop().await;
        }
        assert_eq!(got[0], got[1], "{fault:?}");
        assert_ne!(got[0], got[2], "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_ends_the_session_and_a_new_one_is_clean() {
    let city = two_cameras(1).await;
    let fault = city
        .set_fault("1", CameraFault::Garbage { per_mille: 200 })
        .unwrap();
    let pulled = pull(&url(&city, "1"), Transport::default(), None, 200)
        .await
        .unwrap();
    assert!(pulled.ended.is_some() && pulled.frames.len() < 200);
    city.lift("1", Some(fault)).unwrap();
    assert_eq!(frames(&city, "1", 30).await.len(), 30);
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reboot_breaks_sessions_and_refuses_until_it_is_over() {
    let city = two_cameras(1).await;
    let (one, two) = (url(&city, "1"), url(&city, "2"));
    let running = tokio::spawn(async move { pull(&one, Transport::default(), None, 5_000).await });
    let other = tokio::spawn(async move { pull(&two, Transport::default(), None, 50).await });
    while city.playing() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let fault = city.set_fault("1", CameraFault::Reboot).unwrap();
    assert!(running.await.unwrap().unwrap().ended.is_some());
    assert!(
        pull(&url(&city, "1"), Transport::default(), None, 1)
            .await
            .is_err()
    );
    city.lift("1", Some(fault)).unwrap();
    assert_eq!(frames(&city, "1", 3).await.len(), 3);
    assert_eq!(other.await.unwrap().unwrap().ended, None);
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_resolution_changes_at_a_key_frame_and_changes_back() {
    let city = two_cameras(1).await;
    let address = url(&city, "1");
    let running =
        tokio::spawn(async move { pull(&address, Transport::default(), None, 120).await });
    let sent = |n| {
        let city = &city;
        async move {
            while city.sent("1", Track::Main).unwrap().frames < n {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    sent(10).await;
    let fault = city.set_fault("1", CameraFault::OtherFilm).unwrap();
    sent(40).await;
    city.lift("1", Some(fault)).unwrap();
    let pulled = running.await.unwrap().unwrap();
    assert_eq!(pulled.sizes, [(160, 96), (128, 80), (160, 96)]);
    let steps = pulled.frames.windows(2).map(|w| w[1].ticks - w[0].ticks);
    assert!(
        steps.into_iter().all(|s| s == 3_600),
        "one time line through both films"
    );
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jump_of_the_cameras_clock_shows_in_its_reports() {
    let city = two_cameras(1).await;
    let report = async || {
        let pulled = pull(&url(&city, "1"), Transport::default(), None, 3)
            .await
            .unwrap();
        (pulled.reports[0] >> 32) as i64
    };
    let right = report().await;
    city.set_fault(
        "1",
        CameraFault::ClockJump {
            by_us: -3_600_000_000,
        },
    )
    .unwrap();
    assert_eq!(right - report().await, 3_600);
    city.lift("1", None).unwrap();
    assert_eq!(right, report().await);
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_camera_keeps_its_session_and_sends_nothing() {
    let city = two_cameras(1).await;
    let fault = city.set_fault("1", CameraFault::Stall).unwrap();
    let address = url(&city, "1");
    let running = tokio::spawn(async move { pull(&address, Transport::default(), None, 5).await });
    while city.sent("1", Track::Main).unwrap().harmed < 10 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(city.sent("1", Track::Main).unwrap().frames, 0);
    city.lift("1", Some(fault)).unwrap();
    let pulled = running.await.unwrap().unwrap();
    assert_eq!((pulled.frames.len(), pulled.ended), (5, None));
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scripted_plan_sets_and_lifts_its_faults() {
    let what = CameraFault::Stall;
    let step = FaultStep {
        camera: "1".into(),
        at_ms: 0,
        for_ms: 400,
        what,
    };
    let camera = CameraConfig::new("1", fixture("baseline.h264"));
    let plan = FaultPlan {
        steps: vec![step.clone()],
    };
    let city = client::city(vec![camera.clone()], |c| c.plan = plan).await;
    assert_eq!(frames(&city, "1", 5).await.len(), 5);
    city.stop().await;
    let unknown = FaultPlan {
        steps: vec![FaultStep {
            camera: "9".into(),
            ..step
        }],
    };
    let clock = std::sync::Arc::new(loggia_model::ManualClock::default());
    let mut config = loggia_sim::SimConfig::new(1, clock, vec![camera]);
    config.plan = unknown;
    let error = loggia_sim::SimCity::start(config)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains('9'), "{error}");
}
