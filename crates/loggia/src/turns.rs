//! What must not be forgotten while a house is open, on threads of their own: retention, calls to
//! people on duty, the alarm list, and all that time does to cameras, rosters and requests. Never
//! lets one delay another.

use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;

use loggia_model::GapReason;
use loggia_policy::Retention;
use loggia_transparency::SeenBy;
use loggia_video::{Recorder, State};
use loggia_watch::{Kind, Seen, Source, low_on_room};
use tokio::sync::watch;

use crate::house::House;

/// How often retention, deadlines and the key store's age are looked at.
const TICK: Duration = Duration::from_secs(10);

/// How long the thread of openings waits for the witnesses before it looks whether it is to end.
const LOOK: Duration = Duration::from_secs(1);

/// The custodians that the recorder follows.
pub type Followed = watch::Sender<Arc<loggia_seal::Custodians>>;

/// The five threads that must not be forgotten. Each ends when this is dropped. A log that hangs
/// stops the one of the deadlines; it must neither keep footage alive nor a night's call or an
/// alarm from going out, so those have threads of their own.
pub struct Turns {
    _ends: [mpsc::Sender<()>; 5],
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
        let (of_alarms, watched) = (Arc::clone(house), recorder.clone());
        let alarms = turn("alarms", move || match watched.upgrade() {
            Some(recorder) => Ok(of_alarms.watch.see(&look(&of_alarms, &recorder)?)?),
            None => Ok(()),
        })?;
        let requests = turn("deadlines", move || {
            let Some(recorder) = recorder.upgrade() else {
                return Ok(());
            };
            deadlines(&of_requests, &recorder, &custodians)
        })?;
        Ok(Self {
            _ends: [retention, calls, alarms, requests, openings(house)?],
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

/// Opens what both groups have released as soon as the witnesses have cosigned its entry.
fn openings(house: &Arc<House>) -> anyhow::Result<mpsc::Sender<()>> {
    let (house, (end, ended)) = (Arc::clone(house), mpsc::channel());
    let work = move || {
        let mut seen = 0;
        while ended.try_recv() == Err(mpsc::TryRecvError::Empty) {
            let Some(size) = house.witnesses.wait_newer(seen, LOOK) else {
                continue;
            };
            seen = size;
            if let Err(error) = house.policy.finish_openings() {
                tracing::warn!("an opening was not finished: {error:#}");
            }
        }
    };
    std::thread::Builder::new()
        .name("openings".to_owned())
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
/// deadlines of requests. One that fails leaves the others to be done.
fn deadlines(house: &House, recorder: &Recorder, custodians: &Followed) -> anyhow::Result<()> {
    let followed = follow(house, recorder, custodians);
    let told = dispute(house);
    let ended = house.policy.tick();
    followed.and(told)?;
    ended?;
    Ok(())
}

fn follow(house: &House, recorder: &Recorder, custodians: &Followed) -> anyhow::Result<()> {
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
    Ok(())
}

fn dispute(house: &House) -> anyhow::Result<()> {
    if let Some(dispute) = house.policy.tell_clock_dispute()? {
        let by_s = dispute.by_us / 1_000_000;
        tracing::warn!(
            by_s,
            "wall time disagrees: it destroys nothing until it is settled"
        );
    }
    Ok(())
}

/// A reason's word, as the answers of the API have it.
fn word(reason: GapReason) -> Option<String> {
    let value = serde_json::to_value(reason).ok()?;
    value.as_str().map(str::to_owned)
}

/// How all equipment fares, for the alarm list.
fn look(house: &House, recorder: &Recorder) -> anyhow::Result<Vec<Seen>> {
    let (mut full, mut stopped) = (None, None);
    match house.blobs.health() {
        loggia_store::Health::Ok => {}
        loggia_store::Health::DiskFull => full = Some(None),
        loggia_store::Health::Stopped(_) => stopped = Some(None),
    }
    let totals = house.blobs.totals()?;
    let was_low = house.watch.raised(Kind::StorageLow);
    let low = low_on_room(totals.bytes_free, totals.bytes_used, was_low).then_some(None);
    let disputed = house.policy.clock_dispute().map(|_| None);
    let standing = house.witnesses.standing();
    let away = matches!(standing.quorum, SeenBy::Gone | SeenBy::Missing).then_some(None);
    let of_house = [
        (Kind::StoreStopped, stopped),
        (Kind::DiskFull, full),
        (Kind::WitnessesAway, away),
        (Kind::StorageLow, low),
        (Kind::ClockDisputed, disputed),
    ];
    let of_house = of_house.map(|(kind, wrong)| Seen {
        source: Source::house(kind),
        wrong,
    });
    let of_cameras = recorder.ward().all().into_iter().map(|h| Seen {
        source: Source::camera(h.id),
        wrong: (h.state != State::Recording).then(|| h.reason.and_then(word)),
    });
    Ok(of_house.into_iter().chain(of_cameras).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use loggia_model::{CameraId, Clock, MANUAL_START, ManualClock};
    use loggia_policy::DemoMode;
    use loggia_video::RecorderConfig;

    use super::*;
    use crate::city::City;
    use crate::house::Plan;

    const CAMERA: CameraId = CameraId(7);

    fn house(data: &std::path::Path, clock: &Arc<ManualClock>) -> House {
        let city = City::shipped().unwrap();
        let plan = Plan {
            data: data.to_owned(),
            city: city.city.clone(),
            origin: "demo.loggia.example/log".to_owned(),
            demo: Some(DemoMode::mark(data).unwrap()),
            sync_interval: loggia_store::SYNC_INTERVAL,
            quota_bytes: None,
            alerts: crate::alerts::AlertsConfig::default(),
            time_authority: None,
            witnesses: None,
            square: crate::house::SquarePlan::default(),
            reach: crate::data_plane::Reach::default(),
            past: crate::data_plane::Past::default(),
            field: loggia_field::FieldConfig::default(),
        };
        let house = House::open_at(plan, clock.clone()).unwrap();
        crate::demo::people(&house, &city).unwrap();
        house
    }

    /// The writer of the log waits in `open(2)` from its next entry on.
    fn hang(log: &std::path::Path) {
        fs::rename(log.join("tile"), log.join("tile.away")).unwrap();
        fs::write(log.join("tile"), b"in the way").unwrap();
        fs::remove_file(log.join("checkpoint")).unwrap();
        let made = Command::new("mkfifo").arg(log.join("checkpoint")).status();
        assert!(made.unwrap().success());
    }

    #[test]
    fn deadlines_that_hang_in_the_log_during_a_clock_dispute_keep_no_footage_alive() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _inside = runtime.enter();
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::default());
        let house = Arc::new(house(&dir.path().join("data"), &clock));
        let hour = MANUAL_START.hour();
        house.keys.get_or_make(CAMERA, hour).unwrap();
        let custodians = house.custodians().unwrap();
        let before = house.log.size();
        let recorder = house.record(custodians.subscribe(), RecorderConfig::default());
        let recorder = Arc::new(recorder.unwrap());

        // It names its key: the log must not be busy with that when it is made to hang.
        while house.log.size() == before {
            std::thread::sleep(Duration::from_millis(10));
        }

        let month = Duration::from_secs(30 * 86_400);
        clock.set_wall(clock.now().after(month));
        assert!(house.keys.tick().unwrap().is_some());
        clock.pass(Duration::from_secs(80 * 3_600));
        assert!(house.keys.has(CAMERA, hour));
        hang(&house.data.join("log"));
        let size = house.log.size();

        // The first thing that the deadlines do is to tell the log of the dispute: they hang.
        let turns = Turns::start(&house, Arc::downgrade(&recorder), custodians).unwrap();
        while house.keys.has(CAMERA, hour) {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(
            house.policy.clock_dispute().is_some(),
            "it is disputed still"
        );
        assert_eq!(house.log.size(), size, "the log took nothing");
        drop(turns);
        // A pipe opens for writing only when somebody reads it: the log did hang.
        let pipe = house.data.join("log/checkpoint");
        drop(fs::OpenOptions::new().write(true).open(pipe).unwrap());
    }
}
