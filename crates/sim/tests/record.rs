//! The whole way of a frame: simulated cameras, the recorder, sealed pieces on disk, and back with the
//! custodians' keys. What comes back is what the camera sent, byte for byte; what is missing is a
//! signed gap with its reason.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail the test")]

use core::time::Duration;
use std::sync::Arc;

use loggia_model::{At, CameraId, Clock, GapReason, LegalBasis};
use loggia_seal::{
    Body, ChainChecker, CustodianKey, CustodianPublic, Custodians, Randomness, Record, RecorderKey,
    RecorderPublic, SpanKey, Track as SealTrack,
};
use loggia_shield::{CameraDecl, Mask, Probe, Shield};
use loggia_sim::{
    AUDIO_MARK, Audio, CameraConfig, CameraFault, Codec, Join, ParameterSets, SimCity, SimConfig,
    Track,
};
use loggia_store::{Blobs, BlobsConfig, Db, FileLayer, KeyStore, RecordRow, Secrets};
use loggia_transparency::{Log, LogKey};
use loggia_video::{Recorder, RecorderConfig, State, fmp4, onvif};
use tokio::sync::watch;

/// Nothing here takes this long; a test that hangs must end.
const PATIENCE: Duration = Duration::from_secs(90);

/// Time as it passes, from a fixed day.
struct TestClock(std::time::Instant);

impl Clock for TestClock {
    fn now(&self) -> At {
        loggia_model::MANUAL_START.after(self.0.elapsed())
    }
    fn mono(&self) -> Duration {
        Duration::from_secs(1_000) + self.0.elapsed()
    }
}

struct House {
    _dir: tempfile::TempDir,
    clock: Arc<dyn Clock>,
    shield: Arc<Shield>,
    blobs: Arc<Blobs>,
    keys: Arc<KeyStore>,
    log: Log,
    key: Arc<RecorderKey>,
    public: RecorderPublic,
    police: CustodianKey,
    oversight: CustodianKey,
}

impl House {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let clock: Arc<dyn Clock> = Arc::new(TestClock(std::time::Instant::now()));
        let mut random = Randomness::machine();
        let (key, _) = RecorderKey::generate(&mut random).unwrap();
        let (log_key, _) = LogKey::generate().unwrap();
        let log = Log::open(&at("log"), log_key, "test.example/log", clock.clone()).unwrap();
        let db = Arc::new(Db::open(&at("city.sqlite")).unwrap());
        let secrets = Arc::new(Secrets::open(&at("secrets"), FileLayer::Real).unwrap());
        let shield = Shield::open(db, secrets, Arc::new(log.clone()), clock.clone()).unwrap();
        let blobs = BlobsConfig {
            sync_interval: Duration::from_millis(50),
            recorders: vec![key.public()],
            reserve_bytes: 0,
            ..BlobsConfig::default()
        };
        let keys =
            KeyStore::open(&at("keys"), FileLayer::Real, clock.clone(), "boot".into()).unwrap();
        Self {
            clock,
            shield: Arc::new(shield),
            blobs: Arc::new(Blobs::open(dir.path(), blobs).unwrap()),
            keys: Arc::new(keys),
            log,
            public: key.public(),
            key: Arc::new(key),
            police: CustodianKey::generate(&mut random).unwrap(),
            oversight: CustodianKey::generate(&mut random).unwrap(),
            _dir: dir,
        }
    }

    fn recorder(&self, cameras: &[CameraId], change: impl FnOnce(&mut RecorderConfig)) -> Recorder {
        let public = |key: &CustodianKey| -> Vec<CustodianPublic> { vec![key.public()] };
        let custodians = Custodians::new(1, public(&self.police), public(&self.oversight)).unwrap();
        let (_, custodians) = watch::channel(Arc::new(custodians));
        let parts = loggia_video::Parts {
            shield: self.shield.clone(),
            blobs: self.blobs.clone(),
            keys: self.keys.clone(),
            log: Arc::new(self.log.clone()),
            key: self.key.clone(),
            custodians,
            clock: self.clock.clone(),
        };
        let mut config = RecorderConfig {
            back_off_min: Duration::from_millis(50),
            back_off_max: Duration::from_millis(200),
            read_pause: Duration::from_millis(2),
            ..RecorderConfig::default()
        };
        change(&mut config);
        Recorder::start(parts, config, cameras).unwrap()
    }

    /// Enrols every camera of the city, in its order.
    fn enrol(&self, city: &SimCity, password: &str) -> Vec<CameraId> {
        let enrol = |camera: loggia_sim::CameraAddress| {
            let decl = CameraDecl {
                label: camera.name.clone(),
                make: "Loggia".into(),
                model: "Simulated camera".into(),
                firmware: "1".into(),
                origin: "test".into(),
                rtsp_url: camera.rtsp_url,
                sub_rtsp_url: camera.sub_url,
                onvif_url: camera.onvif_url,
                username: "admin".into(),
                password: password.into(),
                lat: 60.17,
                lon: 24.94,
                heading_deg: 0.0,
                purpose: "a test".into(),
                legal_basis: LegalBasis("test-1".into()),
                accountable: "nobody".into(),
                retention_h: 72,
                place: "here".into(),
                mask: Mask::Absent,
                mask_seen_by: Some("a test".into()),
            };
            let clock = &self.clock;
            let ask = |probe: &Probe, url: &str| onvif::masks_of(probe, url, clock.as_ref());
            tokio::task::block_in_place(|| self.shield.enroll(&decl, &ask))
                .unwrap()
                .id
        };
        city.cameras().into_iter().map(enrol).collect()
    }

    fn rows(&self, camera: CameraId) -> Vec<RecordRow> {
        self.blobs.flush().unwrap();
        self.blobs.records(camera, 1, u64::from(u32::MAX)).unwrap()
    }

    /// Checks the whole chain as a stranger would and opens every piece with a share of each group:
    /// the pieces in order, with their tracks.
    fn pieces(&self, camera: CameraId) -> Vec<(SealTrack, Vec<u8>)> {
        let mut checker = ChainChecker::after(camera, Default::default(), vec![self.public]);
        let mut key = None;
        let mut pieces = Vec::new();
        for row in self.rows(camera) {
            let bytes = self.blobs.read(&row).unwrap();
            let record = checker.feed(&bytes).unwrap();
            match record.body().unwrap() {
                Body::SpanOpen(opening) => key = Some(self.unlock(&record, &opening)),
                Body::Piece(_) => {
                    let sealed = loggia_seal::Sealed::verify(bytes.clone(), &self.public).unwrap();
                    let clear = key.as_ref().unwrap().open_piece(&sealed).unwrap();
                    pieces.push((row.track, clear));
                }
                Body::Gap(_) | Body::Manifest(_) => {}
            }
        }
        pieces
    }

    fn unlock(&self, record: &Record<'_>, opening: &loggia_seal::SpanOpening) -> SpanKey {
        let header = record.header();
        let hour_key = self
            .keys
            .take(header.camera, header.begin.hour())
            .unwrap()
            .unwrap();
        let table = opening.wrapped.unwrap(&hour_key).unwrap();
        let span = opening.wrapped.span;
        let [one, other] = [&self.police, &self.oversight].map(|custodian| {
            let sealed = table.of(custodian.key_id()).next().unwrap();
            loggia_seal::Share::open(custodian, sealed, &span).unwrap()
        });
        SpanKey::combine(&one, &other, &span).unwrap()
    }

    fn gaps(&self, camera: CameraId) -> Vec<GapReason> {
        let rows = self.rows(camera);
        rows.iter().filter_map(|r| r.reason).collect()
    }
}

fn fixture(name: &str) -> Arc<loggia_sim::Film> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    Arc::new(loggia_sim::Film::load(&path, 25).unwrap())
}

fn account() -> loggia_sim::Credentials {
    loggia_sim::Credentials {
        username: "admin".into(),
        password: "correct horse".into(),
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(std::time::Instant::now() < end, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn stop(recorder: Recorder) {
    tokio::task::spawn_blocking(move || recorder.stop())
        .await
        .unwrap();
}

fn camera(name: &str, film: &str, sets: ParameterSets) -> CameraConfig {
    let mut camera = CameraConfig::new(name, fixture(film));
    camera.sets = sets;
    camera.credentials = Some(account());
    camera
}

async fn city(cameras: Vec<CameraConfig>, change: impl FnOnce(&mut SimConfig)) -> SimCity {
    let clock = Arc::new(TestClock(std::time::Instant::now()));
    let mut config = SimConfig::new(7, clock, cameras);
    config.join = Join::FilmStart;
    change(&mut config);
    SimCity::start(config).await.unwrap()
}

fn nals(pieces: &[(SealTrack, Vec<u8>)], track: SealTrack) -> Vec<Vec<Vec<u8>>> {
    let of_track = pieces.iter().filter(|(t, _)| *t == track);
    of_track
        .flat_map(|(_, clear)| {
            let piece = fmp4::read(clear).unwrap();
            let units = piece.samples.iter().map(|s| s.nals().unwrap());
            units
                .map(|u| u.into_iter().map(<[u8]>::to_vec).collect())
                .collect::<Vec<_>>()
        })
        .collect()
}

fn pieces_of(recorder: &Recorder, camera: CameraId) -> u64 {
    recorder.ward().of(camera).map_or(0, |h| h.pieces)
}

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
    assert_eq!(city.finish_gops(PATIENCE).await, 0);
    until("all sessions ended", || {
        ids.iter()
            .all(|id| recorder.ward().of(*id).unwrap().state != State::Recording)
    })
    .await;
    stop(recorder).await;

    for ((id, name), codec) in ids.iter().zip(&names).zip(films) {
        let pieces = house.pieces(*id);
        let mut tracks = vec![(SealTrack::Main, Track::Main)];
        if name == "hevc" {
            tracks.push((SealTrack::Sub, Track::Sub));
        }
        for (sealed, sent) in tracks {
            let stored = nals(&pieces, sealed);
            let told = city.sent(name, sent).unwrap();
            assert_eq!(stored.len() as u64, told.frames, "{name} {sent:?}");
            for (n, unit) in (0u64..).zip(&stored) {
                let wanted: Vec<Vec<u8>> = city
                    .nals(name, sent, n)
                    .unwrap()
                    .iter()
                    .map(|b| b.to_vec())
                    .collect();
                assert!(*unit == wanted, "{name} {sent:?}: picture {n} differs");
            }
            let bytes: usize = stored.iter().flatten().map(Vec::len).sum();
            assert_eq!(bytes as u64, told.nal_bytes, "{name} {sent:?}");
        }
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
