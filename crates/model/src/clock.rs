//! Time as an argument: instants, hours, the `Clock` contract and the recorder's disciplined clock.
//! Never reads the machine's clock itself; the binary hands one in.

use core::fmt;
use core::time::Duration;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// Microseconds in an hour.
pub const HOUR_US: i64 = 3_600_000_000;

/// An instant: microseconds since 1970-01-01T00:00:00Z (UTC, leap seconds smeared away).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct At(pub i64);

impl At {
    /// The hour this instant lies in.
    #[must_use]
    pub fn hour(self) -> Hour {
        Hour(u32::try_from(self.0.div_euclid(HOUR_US)).unwrap_or(0))
    }

    /// This instant later by `d`, saturating.
    #[must_use]
    pub fn after(self, d: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(d.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// Time from `earlier` to this instant; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This instant, `d` earlier.
    #[must_use]
    pub fn before(self, d: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(d.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

/// RFC 3339 in UTC with seconds, e.g. `2026-11-23T14:05:09Z`.
impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.secs();
        let (days, day_s) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
        // Days to civil date: H. Hinnant, "chrono-compatible low-level date algorithms".
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let (d, m) = (
            doy - (153 * mp + 2) / 5 + 1,
            if mp < 10 { mp + 3 } else { mp - 9 },
        );
        let y = yoe + era * 400 + i64::from(m <= 2);
        let (h, min, s) = (day_s / 3_600, day_s / 60 % 60, day_s % 60);
        write!(f, "{y:04}-{m:02}-{d:02}T{h:02}:{min:02}:{s:02}Z")
    }
}

/// Hours since 1970: the unit in which hour keys live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hour(pub u32);

impl Hour {
    /// First instant of the hour.
    #[must_use]
    pub fn begin(self) -> At {
        At(i64::from(self.0) * HOUR_US)
    }
    /// First instant after the hour.
    #[must_use]
    pub fn end(self) -> At {
        At((i64::from(self.0) + 1) * HOUR_US)
    }
}

/// Where time comes from. Contract: `mono` never goes back and keeps counting while the machine
/// sleeps (CLOCK_BOOTTIME); `now` may jump in either direction at any call.
pub trait Clock: Send + Sync + 'static {
    /// Wall time as the machine believes it.
    fn now(&self) -> At;
    /// Time since some fixed moment of this boot.
    fn mono(&self) -> Duration;
}

/// How far wall time stands from the disciplined clock when they part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// Wall minus disciplined time, microseconds.
    pub by_us: i64,
}

/// The recorder's clock: starts from wall time, runs on monotonic time, follows the wall by at most
/// [`Self::SLEW_PPM`]. A wall clock that leaves by more than [`Self::STEP_US`] is reported, not
/// obeyed, until [`Self::accept`] is called.
#[derive(Debug, Clone)]
pub struct DisciplinedClock {
    at: At,
    mono: Duration,
}

impl DisciplinedClock {
    /// Fastest correction: 500 parts per million, the limit of RFC 5905 clocks.
    pub const SLEW_PPM: i64 = 500;
    /// A difference beyond this is a jump and is never slewed.
    pub const STEP_US: i64 = 1_000_000;

    /// Starts at the clock's present reading.
    #[must_use]
    pub fn start(clock: &dyn Clock) -> Self {
        Self {
            at: clock.now(),
            mono: clock.mono(),
        }
    }

    /// Reads the clock: disciplined time, and the jump if the wall has left.
    pub fn read(&mut self, clock: &dyn Clock) -> (At, Option<Jump>) {
        let (wall, mono) = (clock.now(), clock.mono());
        let elapsed_us =
            i64::try_from(mono.saturating_sub(self.mono).as_micros()).unwrap_or(i64::MAX);
        let steady = self.at.0.saturating_add(elapsed_us);
        let off = wall.0.saturating_sub(steady);
        self.mono = mono;
        if off.saturating_abs() > Self::STEP_US {
            self.at = At(steady);
            return (self.at, Some(Jump { by_us: off }));
        }
        let limit = elapsed_us / (1_000_000 / Self::SLEW_PPM);
        self.at = At(steady + off.clamp(-limit, limit));
        (self.at, None)
    }

    /// Takes the wall clock as right after all (a person said so).
    pub fn accept(&mut self, clock: &dyn Clock) {
        *self = Self::start(clock);
    }
}

/// 2026-11-23T12:00:00Z, where [`ManualClock`] starts.
pub const MANUAL_START: At = At(1_795_435_200_000_000);

/// A clock that moves only when told: for tests and replays.
#[derive(Debug)]
pub struct ManualClock(Mutex<(At, Duration)>);

impl Default for ManualClock {
    fn default() -> Self {
        Self(Mutex::new((MANUAL_START, Duration::from_secs(1_000))))
    }
}

impl ManualClock {
    /// Both wall and monotonic time pass.
    pub fn pass(&self, d: Duration) {
        let mut g = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *g = (g.0.after(d), g.1 + d);
    }
    /// Only the wall clock is set.
    pub fn set_wall(&self, at: At) {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .0 = at;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> At {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .0
    }
    fn mono(&self) -> Duration {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instants_read_as_rfc3339() {
        assert_eq!(MANUAL_START.to_string(), "2026-11-23T12:00:00Z");
        assert_eq!(At(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(At(951_782_400_000_000).to_string(), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn a_jump_is_reported_and_not_obeyed() {
        let clock = ManualClock::default();
        let mut d = DisciplinedClock::start(&clock);
        clock.pass(Duration::from_secs(10));
        clock.set_wall(clock.now().after(Duration::from_secs(86_400)));
        let (at, jump) = d.read(&clock);
        assert_eq!(at, MANUAL_START.after(Duration::from_secs(10)));
        assert_eq!(
            jump,
            Some(Jump {
                by_us: 86_400_000_000
            })
        );
    }

    proptest! {
        #[test]
        fn disciplined_time_never_goes_back(steps in prop::collection::vec((0u64..5_000, -900_000i64..900_000), 1..50)) {
            let clock = ManualClock::default();
            let mut d = DisciplinedClock::start(&clock);
            let mut last = d.read(&clock).0;
            for (ms, skew_us) in steps {
                clock.pass(Duration::from_millis(ms));
                clock.set_wall(At(clock.now().0 + skew_us / 50));
                let (at, _) = d.read(&clock);
                prop_assert!(at >= last);
                last = at;
            }
        }
    }
}
