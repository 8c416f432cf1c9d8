//! Keeps one stream of one camera being recorded: admission, session, back-off. A fault here ends
//! one session and nothing else; never gives up while the camera is watched.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::sync::Arc;

use futures_util::FutureExt;
use loggia_model::CameraId;
use loggia_seal::Track;
use tokio::sync::watch;

use crate::Error;
use crate::health::Pulse;
use crate::recorder::{Parts, RecorderConfig};
use crate::sealing::Inlet;
use crate::session::Session;
use crate::time::RecorderClock;

/// Keeps one stream of one camera being recorded.
pub(crate) struct Keeper {
    pub(crate) camera: CameraId,
    pub(crate) track: Track,
    pub(crate) parts: Arc<Parts>,
    pub(crate) clock: Arc<RecorderClock>,
    pub(crate) config: RecorderConfig,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) inlet: Inlet,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Keeper {
    pub(crate) async fn keep(mut self) {
        let mut attempt = 0;
        // Cameras do not all knock at once.
        let mut wait = self.jitter(0, Duration::from_secs(1).min(self.config.back_off_min));
        loop {
            tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(wait) => {}
            }
            let mut pieces = 0u64;
            // A fault in a parser must cost one session of one camera and nothing else.
            let ran = AssertUnwindSafe(self.record(&mut pieces))
                .catch_unwind()
                .await;
            let failed = match ran {
                Ok(Ok(())) => return,
                Ok(Err(Error::NotFound(_))) if self.track == Track::Sub => return,
                Ok(Err(Error::Stopped)) => return,
                Ok(Err(e)) => e,
                Err(_) => Error::Protocol("its packets broke a parser".to_owned()),
            };
            attempt = if pieces > 0 { 0 } else { attempt + 1 };
            tracing::info!(camera = %self.camera, track = ?self.track, error = %failed, attempt, "session ended");
            if self.track == Track::Main {
                let (at, reason) = (self.clock.now(), failed.gap_reason());
                self.pulse.down(at, reason, failed.to_string(), attempt);
                if self.inlet.down(at, reason).is_err() {
                    return;
                }
            }
            let longest = self.config.back_off_min * 2u32.saturating_pow(attempt.min(16));
            wait = self.jitter(attempt, longest.min(self.config.back_off_max));
        }
    }

    /// One session from admission to its end.
    async fn record(&mut self, pieces: &mut u64) -> Result<(), Error> {
        let (shield, camera) = (Arc::clone(&self.parts.shield), self.camera);
        let admitted = tokio::task::spawn_blocking(move || shield.admit(camera)).await;
        let admitted = admitted.map_err(|_| Error::Stopped)??;
        let opening = Session::open(&admitted, self.track, self.config.transport);
        let mut session = tokio::select! {
            biased;
            _ = self.stop.wait_for(|stop| *stop) => return Ok(()),
            opened = opening => opened?,
        };
        drop(admitted);
        loop {
            let next = tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => None,
                next = session.next(&self.clock) => Some(next),
            };
            let ended = match next {
                Some(Ok(timed)) => {
                    *pieces += 1;
                    self.inlet.gop(self.track, timed)?;
                    continue;
                }
                Some(Err(e)) => Err(e),
                None => Ok(()),
            };
            if let Some(rest) = session.finish() {
                self.inlet.gop(self.track, rest)?;
            }
            return ended;
        }
    }

    /// Between half of `longest` and all of it, the same for the same seed.
    fn jitter(&self, attempt: u32, longest: Duration) -> Duration {
        let place =
            (u64::from(self.camera.0) << 32) | (u64::from(attempt) << 8) | self.track as u64;
        // SplitMix64's finaliser (Steele, Lea, Flood 2014).
        let mut x = (self.config.seed ^ place).wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let part = u32::try_from((x ^ (x >> 31)) & 0x3ff).unwrap_or(0);
        longest / 2 + longest / 2 * part / 1_024
    }
}
