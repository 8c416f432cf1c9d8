//! A recorder's house for tests: inventory, store, log, keys and both custodians, and what comes
//! back with their keys. Never skips a check that a stranger would make.

use core::time::Duration;
use std::sync::Arc;

use loggia_model::{At, CameraId, Clock, GapReason, LegalBasis};
use loggia_seal::{
    Body, ChainChecker, CustodianKey, CustodianPublic, Custodians, Kind, Randomness, Record,
    RecorderKey, RecorderPublic, SpanKey, Track as SealTrack,
};
use loggia_shield::{CameraDecl, Mask, Probe, Shield};
use loggia_sim::{CameraConfig, Join, ParameterSets, SimCity, SimConfig, Track};
use loggia_store::{Blobs, BlobsConfig, Db, FileLayer, KeyStore, RecordRow, Secrets};
use loggia_transparency::{Log, LogKey};
use loggia_video::{Recorder, RecorderConfig, State, fmp4, onvif};
use tokio::sync::watch;

/// Nothing here takes this long; a test that hangs must end.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Time as it passes, from a fixed day.
pub struct TestClock(std::time::Instant);

impl Clock for TestClock {
    fn now(&self) -> At {
        loggia_model::MANUAL_START.after(self.0.elapsed())
    }
    fn mono(&self) -> Duration {
        Duration::from_secs(1_000) + self.0.elapsed()
    }
}

pub struct House {
    pub dir: tempfile::TempDir,
    pub clock: Arc<dyn Clock>,
    pub shield: Arc<Shield>,
    pub blobs: Arc<Blobs>,
    pub keys: Arc<KeyStore>,
    pub log: Log,
    pub key: Arc<RecorderKey>,
    pub public: RecorderPublic,
    pub police: CustodianKey,
    pub oversight: CustodianKey,
}

impl House {
    pub fn open() -> Self {
        Self::open_with(|_| {})
    }

    /// A house whose footage is kept in another way.
    pub fn open_with(change: impl FnOnce(&mut BlobsConfig)) -> Self {
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
        let mut blobs = BlobsConfig {
            sync_interval: Duration::from_millis(50),
            recorders: vec![key.public()],
            reserve_bytes: 0,
            ..BlobsConfig::default()
        };
        change(&mut blobs);
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
            dir,
        }
    }

    pub fn recorder(
        &self,
        cameras: &[CameraId],
        change: impl FnOnce(&mut RecorderConfig),
    ) -> Recorder {
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
    pub fn enrol(&self, city: &SimCity, password: &str) -> Vec<CameraId> {
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

    pub fn rows(&self, camera: CameraId) -> Vec<RecordRow> {
        self.blobs.flush().unwrap();
        self.blobs.records(camera, 1, u64::from(u32::MAX)).unwrap()
    }

    /// What is durable now, without waiting for more.
    pub fn durable_rows(&self, camera: CameraId) -> Vec<RecordRow> {
        self.blobs.records(camera, 1, u64::from(u32::MAX)).unwrap()
    }

    /// The log as it lies in its folder is whole, read as a stranger reads it.
    pub fn log_holds(&self) {
        let key = &self.log.verifier();
        let report = loggia_transparency::verify::folder(&self.dir.path().join("log"), key, None);
        assert!(report.unwrap().heads.len() > 1);
    }

    /// Checks the whole chain as a stranger would and opens every piece with a share of each group:
    /// the pieces in order, with their tracks.
    pub fn pieces(&self, camera: CameraId) -> Vec<(SealTrack, Vec<u8>)> {
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

    pub fn unlock(&self, record: &Record<'_>, opening: &loggia_seal::SpanOpening) -> SpanKey {
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

    /// Gaps before the last piece: what follows it is the end of the test.
    pub fn gaps_between(&self, camera: CameraId) -> Vec<GapReason> {
        let mut rows = self.rows(camera);
        let last = rows.iter().rposition(|r| r.kind == Kind::Piece);
        rows.truncate(last.unwrap_or(0));
        rows.iter().filter_map(|r| r.reason).collect()
    }

    pub fn gaps(&self, camera: CameraId) -> Vec<GapReason> {
        let rows = self.rows(camera);
        rows.iter().filter_map(|r| r.reason).collect()
    }
}

pub fn fixture(name: &str) -> Arc<loggia_sim::Film> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    Arc::new(loggia_sim::Film::load(&path, 25).unwrap())
}

pub fn account() -> loggia_sim::Credentials {
    loggia_sim::Credentials {
        username: "admin".into(),
        password: "correct horse".into(),
    }
}

pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(std::time::Instant::now() < end, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn stop(recorder: Recorder) {
    tokio::task::spawn_blocking(move || recorder.stop())
        .await
        .unwrap();
}

pub fn camera(name: &str, film: &str, sets: ParameterSets) -> CameraConfig {
    let mut camera = CameraConfig::new(name, fixture(film));
    camera.sets = sets;
    camera.credentials = Some(account());
    camera
}

pub async fn city(cameras: Vec<CameraConfig>, change: impl FnOnce(&mut SimConfig)) -> SimCity {
    let clock = Arc::new(TestClock(std::time::Instant::now()));
    let mut config = SimConfig::new(7, clock, cameras);
    config.join = Join::FilmStart;
    change(&mut config);
    SimCity::start(config).await.unwrap()
}

pub fn nals(pieces: &[(SealTrack, Vec<u8>)], track: SealTrack) -> Vec<Vec<Vec<u8>>> {
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

pub fn pieces_of(recorder: &Recorder, camera: CameraId) -> u64 {
    recorder.ward().of(camera).map_or(0, |h| h.pieces)
}

/// Every picture that the camera sent is stored, in order, byte for byte, and nothing else is.
#[track_caller]
pub fn is_exact(house: &House, city: &SimCity, id: CameraId, name: &str, tracks: &[SealTrack]) {
    let pieces = house.pieces(id);
    for sealed in tracks {
        let sent = match sealed {
            SealTrack::Main => Track::Main,
            SealTrack::Sub => Track::Sub,
        };
        let stored = nals(&pieces, *sealed);
        let told = city.sent(name, sent).unwrap();
        assert_eq!(stored.len() as u64, told.frames, "{name} {sent:?}");
        for (n, unit) in (0u64..).zip(&stored) {
            let wanted = city.nals(name, sent, n).unwrap();
            assert!(*unit == wanted, "{name} {sent:?}: picture {n} differs");
        }
        let bytes: usize = stored.iter().flatten().map(Vec::len).sum();
        assert_eq!(bytes as u64, told.nal_bytes, "{name} {sent:?}");
    }
}

/// Lets every camera end with a whole GOP, waits until all of it is sealed, and stops.
pub async fn finish(city: &SimCity, recorder: Recorder, ids: &[CameraId]) {
    assert_eq!(city.finish_gops(PATIENCE).await, 0);
    until("all sessions ended", || {
        ids.iter()
            .all(|id| recorder.ward().of(*id).unwrap().state != State::Recording)
    })
    .await;
    stop(recorder).await;
}

/// The pictures of a simulated camera's film, in the order of their sending.
pub fn film(city: &SimCity, name: &str, pictures: usize) -> Vec<Vec<Vec<u8>>> {
    let all = (0..pictures as u64).map(|n| city.nals(name, Track::Main, n).unwrap());
    all.map(|units| units.iter().map(|u| u.to_vec()).collect())
        .collect()
}

/// Whether a piece is the beginning of a GOP of this film, picture by picture.
pub fn is_of(piece: &fmp4::Piece<'_>, film: &[Vec<Vec<u8>>]) -> bool {
    let pictures: Vec<Vec<&[u8]>> = piece.samples.iter().map(|s| s.nals().unwrap()).collect();
    let first = film.iter().position(|p| *p == pictures[0]);
    first.is_some_and(|at| {
        piece.samples[0].key
            && piece.samples[1..].iter().all(|s| !s.key)
            && film[at..].len() >= pictures.len()
            && pictures.iter().zip(&film[at..]).all(|(p, f)| p == f)
    })
}
