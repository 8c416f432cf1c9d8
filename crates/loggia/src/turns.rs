//! What must not be forgotten while a house is open, on threads of their own: retention, calls to
//! people on duty, and all that time does to cameras, rosters and requests. Never lets one delay
//! another.

use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;

use loggia_policy::Retention;
use loggia_video::Recorder;
use tokio::sync::watch;

use crate::house::House;

/// How often retention, deadlines and the key store's age are looked at.
const TICK: Duration = Duration::from_secs(10);

/// The custodians that the recorder follows.
pub type Followed = watch::Sender<Arc<loggia_seal::Custodians>>;

/// The three threads that must not be forgotten. Each ends when this is dropped. A log that hangs
/// stops the one of the deadlines; it must neither keep footage alive nor a night's call from going
/// out, so those have threads of their own.
pub struct Turns {
    _ends: [mpsc::Sender<()>; 3],
}

impl Turns {
    /// Starts them.
    pub fn start(
        house: &Arc<House>,
        recorder: Weak<Recorder>,
        custodians: Followed,
    ) -> anyhow::Result<Self> {
        let of_retention = Arc::clone(house);
        let of_calls = Arc::clone(house);
        let of_requests = Arc::clone(house);
        let retention = turn("retention", move || retention(&of_retention))?;
        let calls = turn("calls", move || Ok(of_calls.policy.alert_tick()?))?;
        let requests = turn("deadlines", move || {
            let Some(recorder) = recorder.upgrade() else {
                return Ok(());
            };
            deadlines(&of_requests, &recorder, &custodians)
        })?;
        Ok(Self {
            _ends: [retention, calls, requests],
        })
    }
}

/// Does `work` at once and then every [`TICK`] on a thread of this name, until the sender is
/// dropped.
fn turn(
    name: &'static str,
    work: impl Fn() -> anyhow::Result<()> + Send + 'static,
) -> anyhow::Result<mpsc::Sender<()>> {
    let (end, ended) = mpsc::channel();
    let work = move || {
        loop {
            if let Err(error) = work() {
                tracing::warn!(name, "a turn was not finished: {error:#}");
            }
            if ended.recv_timeout(TICK) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)?;
    Ok(end)
}

/// The key store's age, and the destruction of what is due. Waits for no log and for no person, and
/// an age that cannot be written down (a full disk) does not keep footage alive either.
fn retention(house: &House) -> anyhow::Result<()> {
    if let Err(error) = house.keys.tick() {
        tracing::warn!("the key store's age was not kept: {error}");
    }
    let cameras = house.shield.list_all()?;
    let by_camera = cameras.into_iter().map(|c| (c.id, c.retention_h)).collect();
    let retention = Retention {
        by_camera,
        ..Retention::default()
    };
    house.policy.retention_tick(&retention)?;
    Ok(())
}

/// Cameras that came or went, a new roster for the recorder, a clock that disagrees, and the
/// deadlines of requests.
fn deadlines(house: &House, recorder: &Recorder, custodians: &Followed) -> anyhow::Result<()> {
    for camera in house.shield.list_all()? {
        if camera.retired_at.is_none() {
            recorder.watch(camera.id)?;
        } else {
            recorder.unwatch(camera.id);
        }
    }
    let now = house.policy.custodians()?;
    if custodians.borrow().roster_version() != now.roster_version() {
        custodians.send_replace(Arc::new(now));
    }
    if let Some(dispute) = house.policy.tell_clock_dispute()? {
        let by_s = dispute.by_us / 1_000_000;
        tracing::warn!(
            by_s,
            "wall time disagrees: it destroys nothing until it is settled"
        );
    }
    house.policy.tick()?;
    Ok(())
}
