//! The erasable store of hour keys and hold keys: made, frozen, aged on time that really passed,
//! and destroyed by overwriting. Never in a backup, never decides alone that a leap of the clock
//! makes a key old.

mod age;
mod slots;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use loggia_model::{CameraId, Clock, Hour, RequestId};
use loggia_seal::{HoldKey, HourKey};
use serde::{Deserialize, Serialize};

use age::Age;
pub use age::{Dispute, Says};
use slots::{For, Slots};

use crate::{Error, FileLayer};

/// An hour's youngest piece ends this long after the hour at the latest: a span begun in its last
/// moment runs 60 s, and its last piece may stretch by 4 s.
const YOUNGEST_AFTER_US: u64 = 64_000_000;
/// A key is made at most this long before its hour ends (in the hour before it begins).
const MADE_BEFORE_END_MAX: Duration = Duration::from_secs(2 * 3_600);
/// Requests that may freeze hours at a time; each is decided within days.
const FREEZES_MAX: usize = 4_096;
/// Hours that one request may freeze: 100 cameras for a day.
const FREEZE_HOURS_MAX: usize = 2_400;

/// A hold by its number in the policy's books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HoldId(pub u64);

/// A key whose time has come. Made only by [`KeyStore::due`], from time that really passed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Due {
    /// Whose.
    pub camera: CameraId,
    /// Of which hour.
    pub hour: Hour,
    /// For how long it has been due.
    pub over: Duration,
    /// A pending request keeps it: [`KeyStore::destroy`] leaves it alone.
    pub frozen: bool,
}

/// What [`KeyStore::destroy`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Destroyed {
    /// Overwritten, synced, forgotten.
    pub destroyed: Vec<(CameraId, Hour)>,
    /// Left alone: frozen by a request.
    pub frozen: Vec<(CameraId, Hour)>,
}

type Hours = BTreeSet<(CameraId, Hour)>;

#[derive(Debug)]
struct State {
    slots: Slots,
    age: Age,
    freezes: BTreeMap<RequestId, Hours>,
}

/// The key store.
pub struct KeyStore {
    state: Mutex<State>,
    freezes_path: PathBuf,
    layer: FileLayer,
    clock: Arc<dyn Clock>,
}

impl core::fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("KeyStore")
            .field("freezes", &self.freezes_path)
            .finish_non_exhaustive()
    }
}

impl KeyStore {
    /// Opens or makes the store in `dir` (the data folder's `keys/`). `clock.mono` is the time
    /// since boot that counts through sleep (CLOCK_BOOTTIME), `boot_id` names this boot
    /// (`/proc/sys/kernel/random/boot_id`).
    pub fn open(
        dir: &Path,
        layer: FileLayer,
        clock: Arc<dyn Clock>,
        boot_id: String,
    ) -> Result<Self, Error> {
        layer.make_dirs(dir)?;
        let age = Age::open(&dir.join("age.json"), &layer, clock.as_ref(), boot_id)?;
        let slots = Slots::open(&dir.join("slots"), &layer)?;
        let freezes_path = dir.join("freezes.json");
        let freezes = match layer.read(&freezes_path)? {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|e| Error::malformed(&freezes_path, e.to_string()))?,
            None => BTreeMap::new(),
        };
        let state = Mutex::new(State {
            slots,
            age,
            freezes,
        });
        Ok(Self {
            state,
            freezes_path,
            layer,
            clock,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of a camera's hour, made durably if there is none. One sync when made; see
    /// [`Self::prepare`].
    pub fn get_or_make(&self, camera: CameraId, hour: Hour) -> Result<HourKey, Error> {
        self.prepare(&[camera], hour)?;
        self.take(camera, hour)?
            .ok_or(Error::KeyGone { camera, hour })
    }

    /// Makes the missing keys of an hour for many cameras with one sync: call it some minutes
    /// before the hour, so that the turn of the hour costs no syncs.
    pub fn prepare(&self, cameras: &[CameraId], hour: Hour) -> Result<(), Error> {
        let mut s = self.state();
        let clock = self.clock.as_ref();
        let to_end = hour
            .end()
            .since(s.age.steady(clock))
            .min(MADE_BEFORE_END_MAX);
        let to_end_us = u64::try_from(to_end.as_micros()).unwrap_or(0);
        let ends_us = s.age.age_us(clock) + to_end_us + YOUNGEST_AFTER_US;
        let wanted: Vec<_> = cameras
            .iter()
            .map(|c| (For::Hour(*c, hour), ends_us))
            .collect();
        s.slots.make(&wanted)
    }

    /// The key of a camera's hour, if it is still there.
    pub fn take(&self, camera: CameraId, hour: Hour) -> Result<Option<HourKey>, Error> {
        self.state().slots.get(For::Hour(camera, hour))
    }

    /// Whether the key of a camera's hour is still there.
    #[must_use]
    pub fn has(&self, camera: CameraId, hour: Hour) -> bool {
        self.state().slots.has(For::Hour(camera, hour))
    }

    /// The first cameras' hours from this one on whose keys are still there, in order, at most
    /// `limit` (≥ 1) of them; and how many there are.
    #[must_use]
    pub fn hours_from(
        &self,
        from: (Hour, CameraId),
        limit: usize,
    ) -> (Vec<(Hour, CameraId)>, usize) {
        let s = self.state();
        let hour = |(what, _)| match what {
            For::Hour(camera, hour) => Some((hour, camera)).filter(|h| *h >= from),
            For::Hold(_) => None,
        };
        let mut out: Vec<_> = s.slots.meta().filter_map(hour).collect();
        let many = out.len();
        if many > limit {
            out.select_nth_unstable(limit);
            out.truncate(limit);
        }
        out.sort_unstable();
        (out, many)
    }

    /// How many hour keys there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.state()
            .slots
            .meta()
            .filter(|(w, _)| matches!(w, For::Hour(..)))
            .count()
    }

    /// The key of a hold, made durably if there is none.
    pub fn hold_key(&self, hold: HoldId) -> Result<HoldKey, Error> {
        let mut s = self.state();
        s.slots.make(&[(For::Hold(hold), u64::MAX)])?;
        let made = s.slots.get(For::Hold(hold))?;
        made.ok_or_else(|| Error::Refused(format!("no key for hold {}", hold.0)))
    }

    /// The key of a hold, if it is still there.
    pub fn take_hold(&self, hold: HoldId) -> Result<Option<HoldKey>, Error> {
        self.state().slots.get(For::Hold(hold))
    }

    /// Destroys the key of a hold that has ended. Returns whether there was one.
    pub fn destroy_hold(&self, hold: HoldId) -> Result<bool, Error> {
        let mut s = self.state();
        let had = s.slots.has(For::Hold(hold));
        s.slots.destroy(&[For::Hold(hold)])?;
        Ok(had)
    }

    /// Keeps these hours' keys for a request until it is thawed, durably. Gives back the hours
    /// whose keys are gone already. A second call for the same request adds to the first.
    pub fn freeze(
        &self,
        request: RequestId,
        hours: &[(CameraId, Hour)],
    ) -> Result<Vec<(CameraId, Hour)>, Error> {
        let mut s = self.state();
        let (here, gone): (Vec<_>, Vec<_>) = hours
            .iter()
            .copied()
            .partition(|(c, h)| s.slots.has(For::Hour(*c, *h)));
        let mut freezes = s.freezes.clone();
        let own = freezes.entry(request).or_default();
        own.extend(here);
        if own.len() > FREEZE_HOURS_MAX {
            let why = format!("a request may freeze at most {FREEZE_HOURS_MAX} camera hours");
            return Err(Error::Refused(why));
        }
        if freezes.len() > FREEZES_MAX {
            return Err(Error::Refused(format!(
                "{FREEZES_MAX} requests are pending already"
            )));
        }
        self.save_freezes(&mut s, freezes)?;
        Ok(gone)
    }

    /// Ends a request's freeze: its hours age on as if it had not been. Returns whether there was
    /// one.
    pub fn thaw(&self, request: RequestId) -> Result<bool, Error> {
        let mut s = self.state();
        let mut freezes = s.freezes.clone();
        let had = freezes.remove(&request).is_some();
        if had {
            self.save_freezes(&mut s, freezes)?;
        }
        Ok(had)
    }

    /// The hours that each pending request keeps.
    #[must_use]
    pub fn frozen(&self) -> BTreeMap<RequestId, BTreeSet<(CameraId, Hour)>> {
        self.state().freezes.clone()
    }

    fn save_freezes(&self, s: &mut State, to: BTreeMap<RequestId, Hours>) -> Result<(), Error> {
        let bytes = serde_json::to_vec(&to)
            .map_err(|e| Error::malformed(&self.freezes_path, e.to_string()))?;
        self.layer.write_atomic(&self.freezes_path, &bytes)?;
        s.freezes = to;
        Ok(())
    }

    /// Age of the store: time that certainly passed since it was made.
    #[must_use]
    pub fn age(&self) -> Duration {
        Duration::from_micros(self.state().age.age_us(self.clock.as_ref()))
    }

    /// Looks at the clocks and writes the age down; call it about once a minute. Returns the
    /// dispute, if there is one.
    pub fn tick(&self) -> Result<Option<Dispute>, Error> {
        let mut s = self.state();
        s.age.tick(&self.layer, self.clock.as_ref())?;
        Ok(s.age.dispute())
    }

    /// Whether wall time is disputed. Keys age on by monotonic time meanwhile: a key that is due
    /// then is due for certain.
    #[must_use]
    pub fn dispute(&self) -> Option<Dispute> {
        self.state().age.dispute()
    }

    /// A person settles the dispute.
    pub fn confirm(&self, says: Says) -> Result<(), Error> {
        self.state()
            .age
            .confirm(says, &self.layer, self.clock.as_ref())
    }

    /// The keys whose hour's youngest piece has reached its camera's retention, longest due first.
    pub fn due(&self, retention: impl Fn(CameraId) -> Duration) -> Vec<Due> {
        let s = self.state();
        let age_us = s.age.age_us(self.clock.as_ref());
        let frozen: BTreeSet<_> = s.freezes.values().flatten().copied().collect();
        let mut out: Vec<Due> = s
            .slots
            .meta()
            .filter_map(|(what, kept)| {
                let For::Hour(camera, hour) = what else {
                    return None;
                };
                let kept_us = u64::try_from(retention(camera).as_micros()).unwrap_or(u64::MAX);
                let over_us = age_us.checked_sub(kept.ends_us.saturating_add(kept_us))?;
                let (over, frozen) = (
                    Duration::from_micros(over_us),
                    frozen.contains(&(camera, hour)),
                );
                Some(Due {
                    camera,
                    hour,
                    over,
                    frozen,
                })
            })
            .collect();
        out.sort_by(|a, b| {
            b.over
                .cmp(&a.over)
                .then((a.hour, a.camera).cmp(&(b.hour, b.camera)))
        });
        out
    }

    /// Overwrites due keys, syncs, and forgets them; what a request has frozen meanwhile is left.
    /// On an error some may be destroyed: ask [`Self::due`] again.
    pub fn destroy(&self, due: &[Due]) -> Result<Destroyed, Error> {
        let mut s = self.state();
        let mut out = Destroyed::default();
        for d in due {
            let key = (d.camera, d.hour);
            if s.freezes.values().any(|hours| hours.contains(&key)) {
                out.frozen.push(key);
            } else if s.slots.has(For::Hour(d.camera, d.hour)) {
                out.destroyed.push(key);
            }
        }
        let what: Vec<For> = out
            .destroyed
            .iter()
            .map(|(c, h)| For::Hour(*c, *h))
            .collect();
        s.slots.destroy(&what)?;
        Ok(out)
    }
}
