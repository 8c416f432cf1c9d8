//! This machine's clock: wall time, and time since boot that counts through sleep.
//! The one place in Loggia where a clock is read.

use std::time::Duration;

use loggia_model::{At, Clock};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// CLOCK_REALTIME and CLOCK_BOOTTIME (clock_gettime(2)).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> At {
        let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::Realtime);
        At(tv_sec
            .saturating_mul(1_000_000)
            .saturating_add(tv_nsec / 1_000))
    }

    fn mono(&self) -> Duration {
        let t = clock_gettime(ClockId::Boottime);
        let secs = u64::try_from(t.tv_sec).unwrap_or(0);
        Duration::new(secs, u32::try_from(t.tv_nsec).unwrap_or(0))
    }
}

/// Names this boot of the machine, so that the key store knows whether its time went on.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|s| s.trim().to_owned())
        .unwrap_or_default()
}
