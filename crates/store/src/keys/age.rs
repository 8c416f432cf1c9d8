//! How old the key store is, in time that really passed: monotonic while the machine runs, and
//! across a restart only what is certain. Never believes a wall clock that leaps; asks a person.

use std::path::{Path, PathBuf};
use std::time::Duration;

use loggia_model::{At, Clock};
use serde::{Deserialize, Serialize};

use crate::{Error, FileLayer};

/// A wall clock that disagrees by more is not believed: a reboot with firmware checks takes up to
/// ten minutes; a quarter of an hour is a two-hundredth of the usual 72 h of retention.
const BELIEVED_US: i64 = 15 * 60 * 1_000_000;

/// The wall clock claims that more (or less) time has passed than the machine knows of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// Microseconds that the wall claims beyond what is certain; negative when it went back.
    pub by_us: i64,
}

/// A person's answer to a [`Dispute`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// The time did pass (the machine was off): keys age by it.
    TimeDidPass,
    /// It did not (the clock was wrong): keys stay as old as they are.
    ClockWasWrong,
}

#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    age_us: u64,
    boot_id: String,
    mono_us: u64,
    /// What the wall should show at `mono_us`.
    wall_us: i64,
    dispute: Option<Dispute>,
}

#[derive(Debug)]
pub(super) struct Age {
    path: PathBuf,
    boot_id: String,
    /// Age at `mono`, when the wall should show `wall`.
    age_us: u64,
    mono: Duration,
    wall: At,
    dispute: Option<Dispute>,
}

impl Age {
    pub(super) fn open(
        path: &Path,
        layer: &FileLayer,
        clock: &dyn Clock,
        boot_id: String,
    ) -> Result<Self, Error> {
        let (mono, wall) = (clock.mono(), clock.now());
        let mut age = Self {
            path: path.to_owned(),
            boot_id,
            age_us: 0,
            mono,
            wall,
            dispute: None,
        };
        if let Some(bytes) = layer.read(path)? {
            let saved: Saved = serde_json::from_slice(&bytes)
                .map_err(|e| Error::malformed(path, e.to_string()))?;
            age.carry_over(&saved);
        }
        age.save(layer)?;
        Ok(age)
    }

    /// Adds what has certainly passed since `saved`, and asks about the rest.
    fn carry_over(&mut self, saved: &Saved) {
        let mono_us = us(self.mono);
        let same_boot = saved.boot_id == self.boot_id && mono_us >= saved.mono_us;
        // The boot-time clock counts while we are not running and while the machine sleeps. After
        // another boot it tells at least how long ago that boot was.
        let certain_us = if same_boot {
            mono_us - saved.mono_us
        } else {
            mono_us
        };
        let claimed_us = self.wall.0.saturating_sub(saved.wall_us);
        let rest_us = claimed_us.saturating_sub_unsigned(certain_us);
        self.age_us = saved.age_us.saturating_add(certain_us);
        self.dispute = saved.dispute;
        if rest_us.saturating_abs() > BELIEVED_US {
            self.ask(rest_us);
        } else if !same_boot {
            self.age_us = self
                .age_us
                .saturating_add(u64::try_from(rest_us).unwrap_or(0));
        }
    }

    fn ask(&mut self, by_us: i64) {
        let before = self.dispute.map_or(0, |d| d.by_us);
        self.dispute = Some(Dispute {
            by_us: before.saturating_add(by_us),
        });
        tracing::error!(
            by_s = by_us / 1_000_000,
            "the wall clock is disputed: keys wait"
        );
    }

    pub(super) fn age_us(&self, clock: &dyn Clock) -> u64 {
        self.age_us
            .saturating_add(us(clock.mono().saturating_sub(self.mono)))
    }

    /// What the wall should show now.
    pub(super) fn steady(&self, clock: &dyn Clock) -> At {
        self.wall.after(clock.mono().saturating_sub(self.mono))
    }

    pub(super) const fn dispute(&self) -> Option<Dispute> {
        self.dispute
    }

    /// Looks at the clocks and writes the age down.
    pub(super) fn tick(&mut self, layer: &FileLayer, clock: &dyn Clock) -> Result<(), Error> {
        let off = clock.now().0.saturating_sub(self.steady(clock).0);
        self.age_us = self.age_us(clock);
        self.wall = self.steady(clock);
        self.mono = clock.mono();
        if off.saturating_abs() > BELIEVED_US {
            self.ask(off);
            self.wall = clock.now();
        }
        self.save(layer)
    }

    pub(super) fn confirm(
        &mut self,
        says: Says,
        layer: &FileLayer,
        clock: &dyn Clock,
    ) -> Result<(), Error> {
        self.tick(layer, clock)?;
        let by_us = self.dispute.take().map_or(0, |d| d.by_us);
        if says == Says::TimeDidPass {
            self.age_us = self
                .age_us
                .saturating_add(u64::try_from(by_us).unwrap_or(0));
        }
        self.save(layer)
    }

    fn save(&self, layer: &FileLayer) -> Result<(), Error> {
        let saved = Saved {
            age_us: self.age_us,
            boot_id: self.boot_id.clone(),
            mono_us: us(self.mono),
            wall_us: self.wall.0,
            dispute: self.dispute,
        };
        let bytes =
            serde_json::to_vec(&saved).map_err(|e| Error::malformed(&self.path, e.to_string()))?;
        layer.write_atomic(&self.path, &bytes)
    }
}

fn us(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}
