//! Enrolment against simulated cameras: what is declared of privacy masks is what the camera says
//! over ONVIF, asked for real. Never records.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail the test")]

#[expect(dead_code, reason = "each test file uses its own part of the client")]
mod client;

use std::sync::Arc;

use client::{account, fixture};
use loggia_model::{LegalBasis, ManualClock};
use loggia_shield::{CameraDecl, Enrolled, Error, Mask, MaskCheck, Probe, Shield};
use loggia_sim::{
    CameraAddress, CameraConfig, CameraFault, Enabled, Mask as SimMask, MaskService, SimCity,
};
use loggia_store::{Db, FileLayer, Secrets};
use loggia_transparency::{Event, Log, LogKey};
use loggia_video::onvif;

struct House {
    _dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    log: Arc<Log>,
    shield: Shield,
}

impl House {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::default());
        let (key, _) = LogKey::generate().unwrap();
        let log = Log::open(
            &dir.path().join("log"),
            key,
            "test.example/log",
            clock.clone(),
        );
        let log = Arc::new(log.unwrap());
        let db = Arc::new(Db::open(&dir.path().join("city.sqlite")).unwrap());
        let secrets = Secrets::open(&dir.path().join("secrets"), FileLayer::Real).unwrap();
        let shield = Shield::open(db, Arc::new(secrets), log.clone(), clock.clone()).unwrap();
        Self {
            _dir: dir,
            clock,
            log,
            shield,
        }
    }

    /// As the server enrols: the camera is asked through a probe.
    fn enrol(&self, decl: &CameraDecl) -> Result<Enrolled, Error> {
        let ask = |probe: &Probe, url: &str| onvif::masks_of(probe, url, self.clock.as_ref());
        tokio::task::block_in_place(|| self.shield.enroll(decl, &ask))
    }
}

fn sim(name: &str, masks: &[Enabled], service: MaskService) -> CameraConfig {
    let mut camera = CameraConfig::new(name, fixture("main.h265"));
    camera.sub = Some(fixture("small.h264"));
    camera.credentials = Some(account());
    // An hour fast: the token must still be accepted.
    camera.clock_offset_us = 3_600_000_000;
    camera.masks = (0..)
        .zip(masks)
        .map(|(n, enabled)| SimMask {
            token: format!("m{n}"),
            corners: vec![(-1.0, 1.0), (-0.5, 1.0), (-0.5, 0.5)],
            enabled: *enabled,
        })
        .collect();
    camera.mask_service = service;
    camera
}

fn decl(at: &CameraAddress, mask: Mask) -> CameraDecl {
    CameraDecl {
        label: at.name.clone(),
        make: "Loggia".into(),
        model: "Simulated camera".into(),
        firmware: "1".into(),
        origin: "test".into(),
        rtsp_url: at.rtsp_url.clone(),
        sub_rtsp_url: at.sub_url.clone(),
        onvif_url: at.onvif_url.clone(),
        username: "admin".into(),
        password: "correct horse".into(),
        lat: 60.17,
        lon: 24.94,
        heading_deg: 0.0,
        purpose: "a test".into(),
        legal_basis: LegalBasis("test-1".into()),
        accountable: "nobody".into(),
        retention_h: 72,
        place: "here".into(),
        mask,
        mask_seen_by: None,
    }
}

async fn city() -> (SimCity, [CameraAddress; 5]) {
    use Enabled::{No, Yes};
    let cameras = vec![
        sim("masked", &[No, Yes], MaskService::Media2),
        sim("off", &[No, No], MaskService::Media2),
        sim("bare", &[], MaskService::Media2),
        sim("maskless", &[], MaskService::NoMasks),
        sim("old", &[Yes], MaskService::NoMedia2),
    ];
    let city = client::city(cameras, |c| c.onvif = Some("127.0.0.1:0".parse().unwrap())).await;
    let at = city.cameras().try_into().unwrap();
    (city, at)
}

/// The refusal's words.
#[track_caller]
fn refused(enrolled: Result<Enrolled, Error>) -> String {
    let error = enrolled.unwrap_err();
    assert!(matches!(error, Error::Masks(_)), "{error:?}");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_camera_is_asked_for_its_masks_and_must_say_what_is_declared() {
    let house = House::open();
    let (city, [masked, off, bare, maskless, old]) = city().await;

    let text = refused(house.enrol(&decl(&bare, Mask::Present)));
    assert!(
        text.contains("says that none is on: set them in the camera"),
        "{text}"
    );
    let text = refused(house.enrol(&decl(&off, Mask::Present)));
    assert!(text.contains("switch them on"), "{text}");
    let text = refused(house.enrol(&decl(&masked, Mask::Absent)));
    assert!(text.contains("says that 1 are on"), "{text}");
    for camera in [&maskless, &old] {
        for mask in [Mask::Present, Mask::Absent] {
            let text = refused(house.enrol(&decl(camera, mask)));
            assert!(
                text.contains("cannot say") && text.contains("`mask_seen_by`"),
                "{text}"
            );
        }
    }
    assert_eq!(house.log.size(), 0, "who is refused is not in the log");

    for (camera, mask) in [
        (&masked, Mask::Present),
        (&off, Mask::Absent),
        (&bare, Mask::Absent),
    ] {
        let enrolled = house.enrol(&decl(camera, mask)).unwrap();
        assert_eq!(
            (enrolled.mask, enrolled.mask_check),
            (mask, MaskCheck::Camera)
        );
        assert_eq!(enrolled.mask_seen_by, None);
    }
    for camera in [&maskless, &old] {
        let mut seen = decl(camera, Mask::Present);
        seen.mask_seen_by = Some("A. Berg, technician".into());
        let enrolled = house.enrol(&seen).unwrap();
        assert_eq!(enrolled.mask_check, MaskCheck::Person);
        // Kept in the table and, by its commitment, in the public log.
        let kept = house.shield.get(enrolled.id).unwrap();
        assert_eq!(kept.mask_seen_by.as_deref(), Some("A. Berg, technician"));
        let (_, entry) = house.log.entries(kept.log_index, 1).unwrap().remove(0);
        let Event::CameraEnrolled(logged) = entry.event else {
            unreachable!("{entry:?}")
        };
        assert_eq!(logged.camera_commitment, kept.commitment);
    }
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_cannot_be_asked_is_not_enrolled_on_anybodys_word() {
    let house = House::open();
    let (city, [masked, ..]) = city().await;
    let mut declared = decl(&masked, Mask::Present);
    declared.mask_seen_by = Some("A. Berg".into());

    declared.password = "wrong".into();
    let text = refused(house.enrol(&declared));
    assert!(text.contains("wrong user or password"), "{text}");
    declared.password = "correct horse".into();
    city.set_fault("masked", CameraFault::Reboot).unwrap();
    let text = refused(house.enrol(&declared));
    assert!(text.contains("unreachable"), "{text}");
    city.lift("masked", None).unwrap();
    let enrolled = house.enrol(&declared).unwrap();
    // The camera said so itself: nobody's word was needed, and none is kept.
    assert_eq!(
        (enrolled.mask_check, enrolled.mask_seen_by),
        (MaskCheck::Camera, None)
    );
    city.stop().await;
}
