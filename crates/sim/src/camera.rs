//! One camera: how it is configured, what it shows, what is wrong with it, what it has sent.
//! Never touches a socket.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loggia_model::{At, Clock};
use serde::Serialize;
use tokio::sync::watch;

use crate::digest::Credentials;
use crate::fault::CameraFault;
use crate::film::Film;
use crate::packet::{PackedFilm, ParameterSets, SmallNals};

/// Whether the camera offers sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audio {
    /// No sound track.
    #[default]
    None,
    /// G.711 A-law. Its packets carry [`AUDIO_MARK`] over and over, so that a recorder which
    /// stores any of it is found out.
    Pcma,
}

/// What the packets of the sound track hold.
pub const AUDIO_MARK: &[u8; 16] = b"LOGGIA-SIM-SOUND";

/// What the camera says of itself over ONVIF (GetDeviceInformation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Manufacturer.
    pub make: String,
    /// Model.
    pub model: String,
    /// Firmware version.
    pub firmware: String,
    /// Serial number.
    pub serial: String,
    /// Hardware identity.
    pub hardware: String,
}

/// A privacy mask as the camera holds it (Media2 GetMasks): corners in −1…1, y upwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// Its token.
    pub token: String,
    /// Its corners.
    pub corners: Vec<(f32, f32)>,
    /// Whether it covers anything now.
    pub enabled: Enabled,
}

/// What the camera can say of its masks over ONVIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaskService {
    /// Media2 with `GetMasks`.
    #[default]
    Media2,
    /// Media2 that knows no masks: the capability says so, and the call is refused.
    NoMasks,
    /// The first media service only, as older cameras have it.
    NoMedia2,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enabled {
    /// On.
    Yes,
    /// Off.
    No,
}

/// How a camera is set up.
#[derive(Debug, Clone)]
pub struct CameraConfig {
    /// Its name, the last part of its path: `rtsp://host/cam/<name>`, of letters, digits and `-`.
    pub name: String,
    /// What it shows.
    pub film: Arc<Film>,
    /// What its sub-stream `/cam/<name>/sub` shows, if it has one.
    pub sub: Option<Arc<Film>>,
    /// What it shows under [`CameraFault::OtherFilm`]: same codec, another resolution.
    pub other: Option<Arc<Film>>,
    /// Where parameter sets go.
    pub sets: ParameterSets,
    /// How small NAL units travel.
    pub small: SmallNals,
    /// The account; none lets everybody in.
    pub credentials: Option<Credentials>,
    /// Sound.
    pub audio: Audio,
    /// How far the camera's clock is off, microseconds.
    pub clock_offset_us: i64,
    /// What it says of itself.
    pub device: Device,
    /// Its privacy masks.
    pub masks: Vec<Mask>,
    /// What it can say of them.
    pub mask_service: MaskService,
}

impl CameraConfig {
    /// A camera without account, sound, sub-stream, masks or clock error.
    #[must_use]
    pub fn new(name: impl Into<String>, film: Arc<Film>) -> Self {
        let name = name.into();
        let device = Device {
            make: "Loggia".into(),
            model: "Simulated camera".into(),
            firmware: env!("CARGO_PKG_VERSION").into(),
            serial: format!("SIM-{name}"),
            hardware: "sim".into(),
        };
        Self {
            name,
            film,
            sub: None,
            other: None,
            sets: ParameterSets::default(),
            small: SmallNals::default(),
            credentials: None,
            audio: Audio::default(),
            clock_offset_us: 0,
            device,
            masks: Vec::new(),
            mask_service: MaskService::default(),
        }
    }
}

/// What a stream has sent since the city's start. Only whole, unharmed frames that were handed to
/// the network count in `frames`, `gops` and `nal_bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Sent {
    /// Frames.
    pub frames: u64,
    /// Key frames, each the start of a GOP.
    pub gops: u64,
    /// Bytes of NAL units without start codes, lengths and packet headers.
    pub nal_bytes: u64,
    /// Bytes of RTP, RTCP and interleaving.
    pub wire_bytes: u64,
    /// Frames left out because the client did not read.
    pub skipped: u64,
    /// Frames that a fault has harmed or withheld.
    pub harmed: u64,
    /// PLAY requests granted.
    pub plays: u64,
    /// SETUP requests for the sound track granted.
    pub audio_setups: u64,
    /// Requests refused for a missing or wrong password, the first unproven one of each connection
    /// included.
    pub refused: u64,
}

/// Counters behind [`Sent`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub frames: AtomicU64,
    pub gops: AtomicU64,
    pub nal_bytes: AtomicU64,
    pub wire_bytes: AtomicU64,
    pub skipped: AtomicU64,
    pub harmed: AtomicU64,
    pub plays: AtomicU64,
    pub audio_setups: AtomicU64,
    pub refused: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> Sent {
        Sent {
            frames: self.frames.load(Relaxed),
            gops: self.gops.load(Relaxed),
            nal_bytes: self.nal_bytes.load(Relaxed),
            wire_bytes: self.wire_bytes.load(Relaxed),
            skipped: self.skipped.load(Relaxed),
            harmed: self.harmed.load(Relaxed),
            plays: self.plays.load(Relaxed),
            audio_setups: self.audio_setups.load(Relaxed),
            refused: self.refused.load(Relaxed),
        }
    }
}

/// One of a camera's streams.
#[derive(Debug)]
pub(crate) struct Stream {
    pub packed: Arc<PackedFilm>,
    pub other: Option<Arc<PackedFilm>>,
    pub counters: Counters,
}

/// Names a fault that was set, so that it can be lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultId(u64);

/// A running camera.
#[derive(Debug)]
pub(crate) struct Camera {
    pub number: u64,
    pub config: CameraConfig,
    pub main: Stream,
    pub sub: Option<Stream>,
    /// Counts reboots; connections of the camera watch it.
    pub reboots: watch::Sender<u64>,
    faults: Mutex<Vec<(FaultId, CameraFault)>>,
    /// Whether `faults` holds anything: lets the sending path skip the lock.
    faulty: AtomicBool,
    next_fault: AtomicU64,
}

impl Camera {
    pub(crate) fn new(
        number: u64,
        config: CameraConfig,
        main: Stream,
        sub: Option<Stream>,
    ) -> Self {
        Self {
            number,
            config,
            main,
            sub,
            reboots: watch::Sender::new(0),
            faults: Mutex::default(),
            faulty: AtomicBool::new(false),
            next_fault: AtomicU64::new(0),
        }
    }

    pub(crate) fn stream(&self, track: Track) -> Option<&Stream> {
        match track {
            Track::Main => Some(&self.main),
            Track::Sub => self.sub.as_ref(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(FaultId, CameraFault)>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_fault(&self, fault: CameraFault) -> FaultId {
        let id = FaultId(self.next_fault.fetch_add(1, Relaxed));
        let reboots = fault == CameraFault::Reboot;
        let mut faults = self.lock();
        faults.push((id, fault));
        self.faulty.store(true, Relaxed);
        drop(faults);
        if reboots {
            self.reboots.send_modify(|n| *n += 1);
        }
        id
    }

    pub(crate) fn lift(&self, id: Option<FaultId>) {
        let mut faults = self.lock();
        faults.retain(|(i, _)| id.is_some_and(|id| id != *i));
        self.faulty.store(!faults.is_empty(), Relaxed);
    }

    /// The faults of this moment; none costs no lock.
    pub(crate) fn faults(&self) -> Vec<CameraFault> {
        if !self.faulty.load(Relaxed) {
            return Vec::new();
        }
        self.lock().iter().map(|(_, f)| f.clone()).collect()
    }

    pub(crate) fn suffers(&self, fault: &CameraFault) -> bool {
        self.faulty.load(Relaxed) && self.lock().iter().any(|(_, f)| f == fault)
    }

    /// The camera's own time.
    pub(crate) fn now(&self, clock: &dyn Clock) -> At {
        let jumped: i64 = self
            .faults()
            .iter()
            .map(|f| {
                if let CameraFault::ClockJump { by_us } = f {
                    *by_us
                } else {
                    0
                }
            })
            .sum();
        At(clock
            .now()
            .0
            .saturating_add(self.config.clock_offset_us)
            .saturating_add(jumped))
    }
}

/// Which of a camera's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Track {
    /// The main stream.
    Main,
    /// The sub-stream.
    Sub,
}
