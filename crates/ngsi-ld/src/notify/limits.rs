//! How much waits, how long is tried, and when it is enough: in one place and with the arithmetic.

use std::time::Duration;

/// Requests under way to one endpoint, each for other entities. At 20 ms an answer they are 200 a
/// second, ten times what an endpoint of 500 gets at 9,000 notifications a second.
pub const SLOTS: usize = 4;
/// Notifications that wait for one endpoint. The rest is in the log and read again; 128 are half a
/// second's work for a fast receiver, so that it never waits for the reading.
pub const LANE_JOBS: usize = 128;
/// Notifications that wait for all endpoints: 32,768 that share nothing hold as many entities of
/// 2 kB, 64 MB. A dead endpoint holds one, so that they cannot keep the others out.
pub const JOBS_MAX: usize = 32_768;
/// Notifications under way at once. Each is a socket; a process has 1,024 unless told otherwise,
/// and this is half of them. A dead address takes one for the time of a connect in each minute.
pub const UNDER_WAY_MAX: usize = 512;
/// Entities of one throttled subscription that wait for its pause to end; the rest is read again.
pub const HELD_MAX: usize = 100;
/// Entities in a notification by interval; a city's widest have some thousands, of 700 B.
pub const PERIODIC_MAX: usize = 1_000;
/// Records read at once before others have their turn: 256 of 30 µs are 8 ms.
pub const BATCH: usize = 256;
/// Connections that wait for the next notification, of all endpoints: a quarter of a process's
/// sockets. Beyond it a connection ends with its notification.
pub const KEPT_MAX: usize = 256;
/// Bytes of a receiver's answer that are read before its connection is given up. Most answer with
/// nothing; a page of an error is some kilobytes.
pub const ANSWER_BYTES_MAX: usize = 65_536;
/// Longest time that a subscription may ask us to wait for an answer.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// Connections of one endpoint that wait for the next notification are closed after this.
pub const IDLE_MAX: Duration = Duration::from_secs(30);

/// What an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// First pause after a failure. It doubles with each.
    pub retry_min: Duration,
    /// Longest pause.
    pub retry_max: Duration,
    /// Failures in a row after which an endpoint is asked by one notification at a time.
    pub failures_to_open: u32,
    /// How often a notification that the receiver refuses is tried.
    pub refused_max: u32,
    /// An endpoint must have failed so often …
    pub give_up_failures: u32,
    /// … and for so long, and the change be as old, before it goes to the dead letters.
    pub give_up_after: Duration,
    /// How long an answer is waited for, unless the subscription says.
    pub timeout: Duration,
    /// How long a connection is waited for.
    pub connect: Duration,
    /// Notifications that wait for one endpoint.
    pub lane_jobs: usize,
    /// Notifications that wait for all.
    pub jobs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            retry_min: Duration::from_secs(1),
            retry_max: Duration::from_secs(60),
            failures_to_open: 5,
            refused_max: 3,
            give_up_failures: 10,
            // A weekend: who is on duty on Monday finds what was sent on Friday.
            give_up_after: Duration::from_secs(72 * 3_600),
            timeout: Duration::from_secs(10),
            connect: Duration::from_secs(3),
            lane_jobs: LANE_JOBS,
            jobs: JOBS_MAX,
        }
    }
}
