//! Retention: due hour keys are destroyed, told before and after to the log, then their footage is
//! deleted. Never waits for the log, a full disk or a person; skips what a request or hold keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use core::time::Duration;

use loggia_model::{CameraId, Hour, SpanId};
use loggia_store::Due;
use loggia_transparency::{Event, KeyDestroyed, KeyDue, Loggable};

use crate::rows::{holds, hours as rows};
use crate::{Error, Policy};

/// Default retention: three days.
pub const RETENTION_H_DEFAULT: u32 = 72;

/// How long each camera's footage is kept, hours. `shield`'s inventory says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// For cameras that are not listed.
    pub default_h: u32,
    /// By camera.
    pub by_camera: BTreeMap<CameraId, u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            default_h: RETENTION_H_DEFAULT,
            by_camera: BTreeMap::new(),
        }
    }
}

impl Retention {
    pub(crate) fn of(&self, camera: CameraId) -> Duration {
        let hours = self
            .by_camera
            .get(&camera)
            .copied()
            .unwrap_or(self.default_h);
        Duration::from_secs(u64::from(hours) * 3_600)
    }
}

/// What a tick did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tick {
    /// Keys destroyed.
    pub destroyed: Vec<(CameraId, Hour)>,
    /// Keys that are due but frozen by a request or a hold that was asked for.
    pub frozen: Vec<(CameraId, Hour)>,
    /// Hours whose footage was deleted.
    pub deleted: Vec<Hour>,
}

struct DueEntry(KeyDue);

impl Loggable for DueEntry {
    fn event(&self) -> Event {
        Event::KeyDue(self.0.clone())
    }
}

struct DoneEntry(KeyDestroyed);

impl Loggable for DoneEntry {
    fn event(&self) -> Event {
        Event::KeyDestroyed(self.0.clone())
    }
}

impl Policy {
    /// Destroys what is due; call it about once a minute, on a thread of its own (it waits for the
    /// log for seconds at most, but [`Policy::tick`] waits as long as the log takes). Ages are the
    /// key store's own (time that really passed): a clock set forward destroys nothing by itself.
    ///
    /// # Errors
    /// The first of keys that could not be overwritten or tables that could not be written; all
    /// other hours have been seen to. A log that fails is no error: a later tick writes the entry.
    pub fn retention_tick(&self, retention: &Retention) -> Result<Tick, Error> {
        *self
            .retention
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(retention.clone());
        let mut tick = Tick::default();
        let mut by_hour: BTreeMap<Hour, Vec<Due>> = BTreeMap::new();
        for due in self.keys.due(|camera| retention.of(camera)) {
            if due.frozen {
                tick.frozen.push((due.camera, due.hour));
            } else {
                by_hour.entry(due.hour).or_default().push(due);
            }
        }
        let mut outcome = Ok(());
        for (hour, due) in by_hour {
            outcome = outcome.and(self.destroy_hour(hour, &due, &mut tick));
        }
        outcome
            .and(self.keep_untabled())
            .and(self.tell_destroyed())
            .and(self.delete_hours(&mut tick))?;
        Ok(tick)
    }

    fn destroy_hour(&self, hour: Hour, due: &[Due], tick: &mut Tick) -> Result<(), Error> {
        let keys = u32::try_from(due.len()).unwrap_or(u32::MAX);
        let entry = DueEntry(KeyDue { hour: hour.0, keys });
        self.tell_aside(|| Ok(Some(entry)), |_, _| Ok(()))?;
        // A request that froze the hour since is respected: the store looks again under its lock.
        let done = self.keys.destroy(due)?;
        tick.frozen.extend(done.frozen);
        if !done.destroyed.is_empty() {
            let n = u64::try_from(done.destroyed.len()).unwrap_or(0);
            *self.untabled().entry(hour).or_default() += n;
            tick.destroyed.extend(done.destroyed);
        }
        Ok(())
    }

    fn untabled(&self) -> MutexGuard<'_, BTreeMap<Hour, u64>> {
        self.untabled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps in the tables what was destroyed, also what a full disk kept from them before.
    fn keep_untabled(&self) -> Result<(), Error> {
        let mut untabled = self.untabled();
        if untabled.is_empty() {
            return Ok(());
        }
        self.write(|c| {
            for (hour, keys) in untabled.iter() {
                rows::destroyed(c, *hour, *keys)?;
            }
            Ok(())
        })?;
        untabled.clear();
        Ok(())
    }

    /// Tells the log of every destruction that it has not been told of, this tick's and earlier
    /// ones.
    fn tell_destroyed(&self) -> Result<(), Error> {
        for row in self.read(|c| Ok(rows::hours(c)?))? {
            if row.untold == 0 {
                continue;
            }
            let (hour, keys) = (row.hour, row.untold);
            let entry = || {
                // What was told late in the meantime is not told again.
                let untold = self.read(|c| Ok(rows::untold(c, hour)?))?;
                let keys32 = u32::try_from(keys).unwrap_or(u32::MAX);
                let (hour, keys) = (hour.0, keys32);
                Ok((untold == row.untold).then_some(DoneEntry(KeyDestroyed { hour, keys })))
            };
            self.tell_aside(entry, move |c, _| Ok(rows::told(c, hour, keys)?))?;
        }
        Ok(())
    }

    /// Deletes the footage of hours of which no key is left but those that are frozen; held and
    /// frozen spans are set aside first. An hour that lost its keys otherwise (a key folder that
    /// was not mounted) is never deleted: only what was destroyed here is in the table.
    fn delete_hours(&self, tick: &mut Tick) -> Result<(), Error> {
        let _kept = self.keeping();
        let rows = self.read(|c| Ok(rows::hours(c)?))?;
        let cameras: Vec<CameraId> = self.blobs.heads().iter().map(|h| h.camera).collect();
        let frozen: BTreeSet<_> = tick.frozen.iter().copied().collect();
        let rows = self.with_frozen(rows, &cameras, &frozen)?;
        for row in rows.into_iter().filter(|r| r.on_disk) {
            let living =
                |c: &CameraId| self.keys.has(*c, row.hour) && !frozen.contains(&(*c, row.hour));
            if cameras.iter().any(living) {
                continue;
            }
            let needed: Vec<_> = self.needed_spans()?.into_iter().collect();
            self.blobs.delete_hour(row.hour, &needed)?;
            self.write(|c| Ok(rows::deleted(c, row.hour)?))?;
            self.forget_handed_on(row.hour)?;
            tick.deleted.push(row.hour);
        }
        let frozen: BTreeSet<Hour> = frozen.into_iter().map(|(_, hour)| hour).collect();
        self.write(|c| {
            let all = rows::hours(c)?;
            for row in all.iter().filter(|r| !frozen.contains(&r.hour)) {
                rows::sweep(c, row.hour)?;
            }
            Ok(())
        })
    }

    /// Adds the hours that are due and of which every camera's key is frozen: one minute asked of
    /// each camera must not keep whole hours on the disk.
    fn with_frozen(
        &self,
        mut rows: Vec<rows::HourRow>,
        cameras: &[CameraId],
        frozen: &BTreeSet<(CameraId, Hour)>,
    ) -> Result<Vec<rows::HourRow>, Error> {
        let hours: BTreeSet<Hour> = frozen.iter().map(|(_, hour)| *hour).collect();
        for hour in hours {
            if rows.iter().any(|r| r.hour == hour) {
                continue;
            }
            let mut whole = true;
            for c in cameras.iter().filter(|c| !frozen.contains(&(**c, hour))) {
                whole &= self.blobs.spans(*c, hour.begin(), hour.end())?.is_empty();
            }
            if whole {
                self.write(|c| Ok(rows::due_frozen(c, hour)?))?;
                let (untold, on_disk) = (0, true);
                rows.push(rows::HourRow {
                    hour,
                    untold,
                    on_disk,
                });
            }
        }
        Ok(rows)
    }

    /// Spans that a hold or a running request needs.
    pub(crate) fn needed_spans(&self) -> Result<BTreeSet<(CameraId, SpanId)>, Error> {
        self.read(|c| Ok(holds::needed(c)?))
    }
}
