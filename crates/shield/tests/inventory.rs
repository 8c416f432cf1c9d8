//! The inventory from outside: enrolment is logged first, admission is for what is enrolled, and no
//! password lies in the clear.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use loggia_model::{CameraId, Clock, LegalBasis, ManualClock};
use loggia_shield::{
    CameraDecl, Error, Mask, MaskAnswer, MaskCheck, PROBE_LIFE, Probe, Scheme, Shield,
};
use loggia_store::{Db, FileLayer, Secrets};
use loggia_transparency::{Event, Log, LogKey, commit};

type Spoil = fn(&mut CameraDecl);

struct City {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    log: Arc<Log>,
    shield: Arc<Shield>,
}

fn city() -> City {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let (key, _) = LogKey::generate().unwrap();
    let log = Log::open(
        &dir.path().join("log"),
        key,
        "test.example/log",
        clock.clone(),
    )
    .unwrap();
    let log = Arc::new(log);
    let db = Arc::new(Db::open(&dir.path().join("city.sqlite")).unwrap());
    let secrets = Secrets::open(&dir.path().join("secrets"), FileLayer::Real).unwrap();
    let shield = Shield::open(db, Arc::new(secrets), Arc::clone(&log), clock.clone()).unwrap();
    City {
        dir,
        clock,
        log,
        shield: Arc::new(shield),
    }
}

/// A camera that answers that one mask is on.
fn masked(_: &Probe, _: &str) -> MaskAnswer {
    MaskAnswer::On(1)
}

fn decl(host: u8) -> CameraDecl {
    CameraDecl {
        label: format!("Kauppatori {host}"),
        make: "Example".into(),
        model: "X1".into(),
        firmware: "1.2.3".into(),
        origin: "FI, Example Oy".into(),
        rtsp_url: format!("rtsp://192.0.2.{host}/stream1"),
        sub_rtsp_url: Some(format!("rtsp://192.0.2.{host}/stream2")),
        onvif_url: Some(format!("http://192.0.2.{host}:8000/onvif/device_service")),
        username: "loggia".into(),
        password: "hunter2-and-more".into(),
        lat: 60.1675,
        lon: 24.9527,
        heading_deg: 90.0,
        purpose: "safety of the market square".into(),
        legal_basis: LegalBasis("fi-plb-2-10".into()),
        accountable: "City of Helsinki, streets".into(),
        retention_h: 72,
        place: "Kauppatori, north corner".into(),
        mask: Mask::Present,
        mask_seen_by: None,
    }
}

#[test]
fn enrolment_is_logged_then_admitted_and_bound_by_its_commitment() {
    let city = city();
    let camera = city.shield.enroll(&decl(10), &masked).unwrap();
    assert_eq!(camera.id, CameraId(1));
    let (_, entry) = city.log.entries(camera.log_index, 1).unwrap().remove(0);
    let Event::CameraEnrolled(logged) = entry.event else {
        panic!("{entry:?}")
    };
    assert_eq!(logged.camera_commitment, camera.commitment);
    let (commitment, salt) = city.shield.opening_of(camera.id).unwrap();
    let salt: [u8; 32] = salt.try_into().unwrap();
    let declared = serde_json::json!([
        "loggia/camera/v2",
        1,
        "Kauppatori 10",
        "Example",
        "X1",
        "1.2.3",
        "FI, Example Oy",
        "rtsp://192.0.2.10/stream1",
        "rtsp://192.0.2.10/stream2",
        "http://192.0.2.10:8000/onvif/device_service",
        "loggia",
        60.1675,
        24.9527,
        90.0,
        "safety of the market square",
        "fi-plb-2-10",
        "City of Helsinki, streets",
        72,
        "Kauppatori, north corner",
        "present",
        "camera",
        null,
    ]);
    assert_eq!(commit(&salt, declared.to_string().as_bytes()), commitment);

    let admitted = city.shield.admit(camera.id).unwrap();
    assert_eq!(admitted.camera(), camera.id);
    assert_eq!(admitted.rtsp().socket(), "192.0.2.10:554".parse().unwrap());
    assert_eq!(
        admitted.onvif().unwrap().socket(),
        "192.0.2.10:8000".parse().unwrap()
    );
    assert_eq!(admitted.credentials().password(), "hunter2-and-more");
    assert!(!format!("{admitted:?}").contains("hunter2"));
}

#[test]
fn what_is_not_in_service_is_not_admitted() {
    let city = city();
    assert!(matches!(
        city.shield.admit(CameraId(1)),
        Err(Error::Unknown(CameraId(1)))
    ));
    let camera = city.shield.enroll(&decl(10), &masked).unwrap();
    assert!(matches!(
        city.shield.enroll(&decl(10), &masked),
        Err(Error::AddressTaken { .. })
    ));
    let retired = city.shield.retire(camera.id).unwrap();
    assert!(retired.retired_at.is_some());
    assert!(matches!(
        city.shield.admit(camera.id),
        Err(Error::Retired(_))
    ));
    assert!(matches!(
        city.shield.retire(camera.id),
        Err(Error::Retired(_))
    ));
    assert!(city.shield.list().unwrap().is_empty());
    assert_eq!(
        city.shield.enroll(&decl(10), &masked).unwrap().id,
        CameraId(2)
    );
    let kinds: Vec<_> = city
        .log
        .entries(0, 10)
        .unwrap()
        .into_iter()
        .map(|(_, e)| e.event.kind())
        .collect();
    assert_eq!(
        kinds,
        ["camera_enrolled", "camera_retired", "camera_enrolled"]
    );
}

#[test]
fn a_wrong_declaration_is_named_and_not_logged() {
    let city = city();
    let wrong: [(&str, Spoil); 6] = [
        ("label", |d| d.label.clear()),
        ("lat", |d| d.lat = f64::NAN),
        ("retention_h", |d| d.retention_h = 0),
        ("pinned", |d| d.rtsp_url = "rtsp://camera.example/1".into()),
        ("one IP address", |d| {
            d.onvif_url = Some("http://192.0.2.99/onvif".into())
        }),
        ("own fields", |d| {
            d.rtsp_url = "rtsp://a:b@192.0.2.10/1".into()
        }),
    ];
    for (word, spoil) in wrong {
        let mut declared = decl(10);
        spoil(&mut declared);
        let e = city.shield.enroll(&declared, &masked).unwrap_err();
        assert!(e.to_string().contains(word), "{word}: {e}");
    }
    assert_eq!(city.log.size(), 0);
}

#[test]
fn what_is_declared_of_masks_is_what_the_camera_says_or_what_a_named_person_saw() {
    use MaskAnswer::{CannotSay, Failed, On};
    let city = city();
    let cannot = || CannotSay("it has no ONVIF Media2 service".into());
    // Declared, who looked, what the camera answers; who confirmed it, or what the refusal says.
    let cases = [
        (Mask::Present, None, On(2), Ok(MaskCheck::Camera)),
        (Mask::Absent, None, On(0), Ok(MaskCheck::Camera)),
        (Mask::Present, None, On(0), Err("says that none is on")),
        // A person's word does not stand against the camera's.
        (
            Mask::Present,
            Some("A. Berg"),
            On(0),
            Err("says that none is on"),
        ),
        (Mask::Absent, None, On(3), Err("says that 3 are on")),
        (Mask::Absent, None, cannot(), Err("`mask_seen_by`")),
        (
            Mask::Present,
            Some(" "),
            cannot(),
            Err("no ONVIF Media2 service"),
        ),
        (
            Mask::Present,
            Some("A. Berg"),
            cannot(),
            Ok(MaskCheck::Person),
        ),
        (
            Mask::Absent,
            Some("A. Berg"),
            Failed("wrong password".into()),
            Err("wrong password"),
        ),
    ];
    for (host, (mask, seen_by, answer, wanted)) in (10..).zip(cases) {
        let mut declared = decl(host);
        declared.mask = mask;
        declared.mask_seen_by = seen_by.map(Into::into);
        let size = city.log.size();
        let ask = |probe: &Probe, stream: &str| {
            assert_eq!(stream, format!("rtsp://192.0.2.{host}/stream1"));
            let at = probe.socket(city.clock.as_ref()).unwrap();
            assert_eq!(at, format!("192.0.2.{host}:8000").parse().unwrap());
            answer.clone()
        };
        match (city.shield.enroll(&declared, &ask), wanted) {
            (Ok(camera), Ok(check)) => {
                assert_eq!((camera.mask, camera.mask_check), (mask, check));
                let kept = seen_by.filter(|_| check == MaskCheck::Person);
                assert_eq!(camera.mask_seen_by.as_deref(), kept);
            }
            (Err(Error::Masks(text)), Err(words)) => {
                assert!(text.contains(words), "{text}");
                assert_eq!(city.log.size(), size, "a refused camera is not in the log");
            }
            (got, wanted) => panic!("{mask:?} {answer:?}: {got:?}, wanted {wanted:?}"),
        }
    }
    let mut unpinned = decl(30);
    unpinned.onvif_url = None;
    let e = city.shield.enroll(&unpinned, &masked).unwrap_err();
    assert!(e.to_string().contains("no `onvif_url` is declared"), "{e}");
}

#[test]
fn no_file_holds_a_password_in_the_clear() {
    let city = city();
    city.shield.enroll(&decl(10), &masked).unwrap();
    let mut folders = vec![city.dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(7).any(|w| w == b"hunter2");
            assert!(!found, "{}", path.display());
        }
    }
}

#[test]
fn a_probe_expires() {
    let city = city();
    let probe = city
        .shield
        .probe("rtsp://192.0.2.10/1", Scheme::Rtsp, "loggia", "secret")
        .unwrap();
    assert!(probe.address(city.clock.as_ref() as &dyn Clock).is_ok());
    city.clock.pass(PROBE_LIFE * 2);
    assert!(matches!(
        probe.socket(city.clock.as_ref()),
        Err(Error::ProbeExpired)
    ));
}
