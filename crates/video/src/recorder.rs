//! Records every watched camera: one task each, back-off when it breaks, a heads root a minute.
//! Never lets one camera's fault touch another, never waits for the public log.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use loggia_model::{At, CameraId, Clock};
use loggia_seal::{Custodians, RecorderKey, Track};
use loggia_shield::Shield;
use loggia_store::{Blobs, KeyStore};
use loggia_transparency::{HeadLine, Log, RecorderStarted};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::health::Ward;
use crate::keeper::Keeper;
use crate::lane::Kit;
use crate::live::Gallery;
use crate::sealing::{Inlet, Sealing};
use crate::session::Transport;
use crate::time::RecorderClock;
use crate::{Error, Health};

/// Hour keys are made so long before their hour.
const KEYS_AHEAD: Duration = Duration::from_secs(300);

/// What a recorder needs from the rest of the house.
pub struct Parts {
    /// The inventory: admits cameras.
    pub shield: Arc<Shield>,
    /// Where sealed records go.
    pub blobs: Arc<Blobs>,
    /// Where hour keys live.
    pub keys: Arc<KeyStore>,
    /// The public log.
    pub log: Arc<Log>,
    /// Signs every record.
    pub key: Arc<RecorderKey>,
    /// To whom spans are sealed; the roster in force.
    pub custodians: watch::Receiver<Arc<Custodians>>,
    /// Wall and monotonic time.
    pub clock: Arc<dyn Clock>,
}

/// How a recorder works.
#[derive(Debug, Clone)]
pub struct RecorderConfig {
    /// Length of a span, 10–60 s; it ends with the GOP that reaches it.
    pub span: Duration,
    /// How RTP comes in.
    pub transport: Transport,
    /// Threads that read from cameras.
    pub read_threads: usize,
    /// Threads that seal.
    pub seal_threads: usize,
    /// A reading thread that has nothing to do waits so long before it looks again: packets then
    /// come in batches, at one wake-up for many. Adds this much delay; recording has no hurry.
    pub read_pause: Duration,
    /// First wait before a broken session is opened again.
    pub back_off_min: Duration,
    /// Longest wait.
    pub back_off_max: Duration,
    /// How often all chain heads go to the public log.
    pub heads_every: Duration,
    /// Seed of the jitter in the waits.
    pub seed: u64,
}

impl Default for RecorderConfig {
    fn default() -> Self {
        Self {
            span: Duration::from_secs(20),
            transport: Transport::Tcp,
            read_threads: 1,
            seal_threads: 1,
            read_pause: Duration::from_millis(40),
            back_off_min: Duration::from_millis(500),
            back_off_max: Duration::from_secs(60),
            heads_every: Duration::from_secs(60),
            seed: 0,
        }
    }
}

struct Watched {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    inlet: Inlet,
}

/// The recorder of one machine.
pub struct Recorder {
    parts: Arc<Parts>,
    config: RecorderConfig,
    clock: Arc<RecorderClock>,
    ward: Arc<Ward>,
    gallery: Arc<Gallery>,
    runtime: Option<Runtime>,
    sealing: Option<Sealing>,
    watched: Mutex<BTreeMap<CameraId, Watched>>,
}

impl core::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Recorder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// Starts reading, sealing and the minute's heads, and watches `cameras`.
    ///
    /// # Errors
    /// [`Error::Thread`] when a thread cannot be started.
    pub fn start(
        parts: Parts,
        config: RecorderConfig,
        cameras: &[CameraId],
    ) -> Result<Self, Error> {
        let parts = Arc::new(parts);
        let clock = Arc::new(RecorderClock::start(Arc::clone(&parts.clock)));
        let gallery = Arc::new(Gallery::new(Arc::clone(&clock)));
        let kit = Arc::new(Kit {
            blobs: Arc::clone(&parts.blobs),
            keys: Arc::clone(&parts.keys),
            key: Arc::clone(&parts.key),
            custodians: parts.custodians.clone(),
            span: config
                .span
                .clamp(Duration::from_secs(10), Duration::from_secs(60)),
            gallery: Arc::clone(&gallery),
        });
        let sealing = Sealing::start(&kit, &clock, config.seal_threads)?;
        let pause = config.read_pause;
        let runtime = Builder::new_multi_thread()
            .worker_threads(config.read_threads.max(1))
            .thread_name("loggia-read")
            .on_thread_park(move || std::thread::sleep(pause))
            .enable_all()
            .build()?;
        let ward = Arc::new(Ward::default());
        let recorder = Self {
            parts,
            config,
            clock,
            ward,
            gallery,
            runtime: Some(runtime),
            sealing: Some(sealing),
            watched: Mutex::default(),
        };
        recorder.report_heads()?;
        prepare(&recorder.parts, cameras, recorder.clock.now());
        for camera in cameras {
            recorder.watch(*camera)?;
        }
        Ok(recorder)
    }

    /// Starts to record a camera; does nothing if it is being recorded.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn watch(&self, camera: CameraId) -> Result<(), Error> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.contains_key(&camera) {
            return Ok(());
        }
        let runtime = self.runtime.as_ref().ok_or(Error::Stopped)?;
        let sealing = self.sealing.as_ref().ok_or(Error::Stopped)?;
        let pulse = self.ward.admit(camera, self.clock.now());
        let inlet = sealing.join(camera, Arc::clone(&pulse))?;
        let (stop, stopped) = watch::channel(false);
        let keeper = |track| Keeper {
            camera,
            track,
            parts: Arc::clone(&self.parts),
            clock: Arc::clone(&self.clock),
            config: self.config.clone(),
            pulse: Arc::clone(&pulse),
            inlet: inlet.clone(),
            stop: stopped.clone(),
        };
        let tasks = [Track::Main, Track::Sub].map(|track| runtime.spawn(keeper(track).keep()));
        watched.insert(
            camera,
            Watched {
                stop,
                tasks: tasks.into(),
                inlet,
            },
        );
        Ok(())
    }

    /// Stops recording a camera, with a gap of reason `disabled` from here on.
    pub fn unwatch(&self, camera: CameraId) {
        let gone = self
            .watched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&camera);
        let (Some(gone), Some(runtime)) = (gone, self.runtime.as_ref()) else {
            return;
        };
        let ward = Arc::clone(&self.ward);
        runtime.spawn(async move {
            end(gone.stop, gone.tasks).await;
            gone.inlet.leave();
            ward.discharge(camera);
        });
    }

    /// Every watched camera's health, by number.
    #[must_use]
    pub fn health(&self) -> Vec<Health> {
        self.ward.all()
    }

    /// Every watched camera's health, shared: what the routes read.
    #[must_use]
    pub fn ward(&self) -> &Arc<Ward> {
        &self.ward
    }

    /// Who watches live: where the routes seat those who hold a permit.
    #[must_use]
    pub fn gallery(&self) -> &Arc<Gallery> {
        &self.gallery
    }

    /// The recorder's time.
    #[must_use]
    pub fn clock(&self) -> &Arc<RecorderClock> {
        &self.clock
    }

    /// Ends every session, seals what is complete, closes the spans, and waits until all of it is
    /// durable. Blocks; never call it on an async thread.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        let watched =
            core::mem::take(&mut *self.watched.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(runtime) = self.runtime.take() {
            let (done, all_done) = std::sync::mpsc::channel();
            runtime.spawn(async move {
                for gone in watched.values() {
                    // A camera whose tasks are gone needs no telling.
                    let _ = gone.stop.send(true);
                }
                for (_, gone) in watched {
                    end(gone.stop, gone.tasks).await;
                }
                let _ = done.send(());
            });
            // An answer or a runtime that is gone: either way nothing reads any more.
            let _ = all_done.recv_timeout(Duration::from_secs(10));
            runtime.shutdown_background();
        }
        if let Some(sealing) = self.sealing.take() {
            sealing.stop();
            if let Err(e) = self.parts.blobs.flush() {
                tracing::warn!(error = %e, "the last records are not durable");
            }
        }
    }

    /// Once a minute all chain heads go to the log; an unreachable log stops nothing.
    fn report_heads(&self) -> Result<(), Error> {
        let runtime = self.runtime.as_ref().ok_or(Error::Stopped)?;
        let (parts, ward) = (Arc::clone(&self.parts), Arc::clone(&self.ward));
        let clock = Arc::clone(&self.clock);
        let every = self.config.heads_every;
        runtime.spawn(async move {
            let mut named = name(&parts).await;
            let mut turn = tokio::time::interval(every);
            turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            turn.tick().await;
            loop {
                turn.tick().await;
                if !named {
                    named = name(&parts).await;
                }
                let (keys, soon) = (Arc::clone(&parts), clock.now().after(KEYS_AHEAD));
                let cameras: Vec<_> = ward.all().iter().map(|h| h.id).collect();
                // Failing here costs a sync per camera at the turn of the hour, and no more.
                let _ = tokio::task::spawn_blocking(move || prepare(&keys, &cameras, soon)).await;
                let (log, heads) = (Arc::clone(&parts.log), lines(&parts, &ward));
                let told = tokio::task::spawn_blocking(move || log.append_heads(&heads)).await;
                if let Ok(Err(e)) = told {
                    tracing::warn!(error = %e, "the heads are not in the log; recording goes on");
                }
            }
        });
        Ok(())
    }
}

/// Names the recorder's key in the public log: without that nobody accepts what it signs.
async fn name(parts: &Parts) -> bool {
    let started = RecorderStarted {
        recorder: parts.key.key_id(),
    };
    match parts.log.append_async(started).await {
        Ok(_) => true,
        Err(e) => {
            tracing::warn!(error = %e, "the recorder's start is not in the log; tried again soon");
            false
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.halt();
    }
}

/// Makes the hour keys of many cameras with one sync.
fn prepare(parts: &Parts, cameras: &[CameraId], at: At) {
    if let Err(e) = parts.keys.prepare(cameras, at.hour()) {
        tracing::warn!(error = %e, "hour keys could not be made ahead");
    }
}

/// Where every camera's durable chain stands, and whether it is in a gap now.
fn lines(parts: &Parts, ward: &Ward) -> Vec<HeadLine> {
    let heads = parts.blobs.heads().into_iter().map(|h| HeadLine {
        camera: h.camera,
        seq: h.seq,
        hash: h.hash,
        gap: ward.of(h.camera).and_then(|health| health.reason),
    });
    heads.collect()
}

async fn end(stop: watch::Sender<bool>, tasks: Vec<JoinHandle<()>>) {
    // A task that is gone does not listen, and need not.
    let _ = stop.send(true);
    for task in tasks {
        if task.await.is_err() {
            tracing::error!("a camera's task had panicked");
        }
    }
}
