//! How each camera fares, for the operator's page. Figures only: never a picture, never a key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use loggia_model::{At, CameraId, GapReason};
use serde::Serialize;
use utoipa::ToSchema;

use crate::session::Timed;

/// What a camera is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Pieces come in.
    Recording,
    /// The session has just broken and is being opened again.
    Reconnecting,
    /// Nothing comes; the reason says why.
    Gap,
    /// Nothing has ever come.
    Never,
}

/// One camera's health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    /// Which camera.
    #[schema(value_type = u32)]
    pub id: CameraId,
    /// What it is doing.
    pub state: State,
    /// Since when.
    #[schema(value_type = i64)]
    pub since: At,
    /// Media bits per second over the last GOPs.
    pub bitrate_bps: u64,
    /// When its last GOP began.
    #[schema(value_type = Option<i64>)]
    pub last_key_frame: Option<At>,
    /// Its clock minus ours, microseconds.
    pub clock_offset_us: Option<i64>,
    /// Sessions that broke since the recorder started.
    pub restarts: u64,
    /// Video codec and its RFC 6381 name.
    pub codec: Option<String>,
    /// Codec string for a browser.
    pub rfc6381: Option<String>,
    /// Pixels.
    pub width: Option<u16>,
    /// Pixels.
    pub height: Option<u16>,
    /// Whether an H.264 sub-stream is recorded beside an H.265 main stream.
    pub sub_stream: bool,
    /// Why nothing comes, if nothing comes.
    #[schema(value_type = Option<String>)]
    pub reason: Option<GapReason>,
    /// What to look at, for a technician.
    pub detail: Option<String>,
    /// GOPs dropped because the recorder or the disk could not keep up.
    pub gops_dropped: u64,
    /// RTP packets lost on the way.
    pub packets_lost: u64,
    /// Pieces sealed since the recorder started.
    pub pieces: u64,
    /// Bytes of media sealed since the recorder started.
    pub media_bytes: u64,
}

impl Health {
    fn new(id: CameraId, since: At) -> Self {
        Self {
            id,
            state: State::Never,
            since,
            bitrate_bps: 0,
            last_key_frame: None,
            clock_offset_us: None,
            restarts: 0,
            codec: None,
            rfc6381: None,
            width: None,
            height: None,
            sub_stream: false,
            reason: None,
            detail: None,
            gops_dropped: 0,
            packets_lost: 0,
            pieces: 0,
            media_bytes: 0,
        }
    }

    fn turn(&mut self, state: State, at: At) {
        if self.state != state {
            self.state = state;
            self.since = at;
        }
    }
}

/// A camera's health as its tasks write it.
#[derive(Debug)]
pub struct Pulse(Mutex<Health>);

impl Pulse {
    fn lock(&self) -> MutexGuard<'_, Health> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A GOP of the main stream was sealed.
    pub(crate) fn beat(&self, timed: &Timed) {
        let mut h = self.lock();
        let gop = &timed.gop;
        let us = u64::try_from(gop.end.since(gop.begin).as_micros())
            .unwrap_or(u64::MAX)
            .max(1);
        let bps = u64::try_from(gop.media_bytes)
            .unwrap_or(0)
            .saturating_mul(8_000_000)
            / us;
        // A quarter of the new figure: the last four GOPs count most.
        h.bitrate_bps = if h.bitrate_bps == 0 {
            bps
        } else {
            (h.bitrate_bps / 4) * 3 + bps / 4
        };
        h.last_key_frame = Some(gop.begin);
        h.clock_offset_us = timed.clock_offset_us;
        h.packets_lost = h.packets_lost.saturating_add(u64::from(timed.lost));
        if h.rfc6381.as_deref() != Some(gop.init.rfc6381.as_str()) {
            h.rfc6381 = Some(gop.init.rfc6381.clone());
            h.codec = Some(gop.init.codec.name().to_owned());
        }
        h.width = Some(gop.init.picture.width);
        h.height = Some(gop.init.picture.height);
        h.reason = None;
        h.detail = None;
        h.turn(State::Recording, gop.end);
    }

    /// So many bytes of media were sealed as a piece.
    pub(crate) fn sealed(&self, media_bytes: usize) {
        let mut h = self.lock();
        h.pieces += 1;
        h.media_bytes += u64::try_from(media_bytes).unwrap_or(0);
    }

    /// The sub-stream is being recorded.
    pub(crate) fn sub_stream(&self) {
        self.lock().sub_stream = true;
    }

    /// A whole GOP was dropped.
    pub(crate) fn dropped(&self, reason: GapReason) {
        let mut h = self.lock();
        h.gops_dropped += 1;
        h.reason = Some(reason);
    }

    /// The session broke, or could not be opened for the `attempt`-th time.
    pub(crate) fn down(&self, at: At, reason: GapReason, detail: String, attempt: u32) {
        /// Attempts until a camera that answered before counts as gone.
        const PATIENCE: u32 = 2;
        let mut h = self.lock();
        h.restarts += u64::from(attempt == 0);
        h.reason = Some(reason);
        h.detail = Some(detail);
        let passing = matches!(reason, GapReason::Unreachable | GapReason::CameraFault);
        let state = match h.last_key_frame {
            Some(_) if passing && attempt < PATIENCE => State::Reconnecting,
            Some(_) => State::Gap,
            None => State::Never,
        };
        h.turn(state, at);
        if state != State::Recording {
            h.bitrate_bps = 0;
        }
    }

    /// As it stands.
    #[must_use]
    pub fn read(&self) -> Health {
        self.lock().clone()
    }
}

/// Every watched camera's health.
#[derive(Debug, Default)]
pub struct Ward(RwLock<BTreeMap<CameraId, Arc<Pulse>>>);

impl Ward {
    pub(crate) fn admit(&self, camera: CameraId, at: At) -> Arc<Pulse> {
        let pulse = Arc::new(Pulse(Mutex::new(Health::new(camera, at))));
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(camera, Arc::clone(&pulse));
        pulse
    }

    pub(crate) fn discharge(&self, camera: CameraId) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&camera);
    }

    /// Every camera's health, by number.
    #[must_use]
    pub fn all(&self) -> Vec<Health> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.values().map(|p| p.read()).collect()
    }

    /// One camera's health.
    #[must_use]
    pub fn of(&self, camera: CameraId) -> Option<Health> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&camera)
            .map(|p| p.read())
    }
}
