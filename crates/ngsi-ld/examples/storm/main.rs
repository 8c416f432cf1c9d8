//! A city's notifications at once, over HTTP, with a kill in the middle: 500 changes a second,
//! 10,000 subscriptions of which 18 want each, 500 endpoints of which one in ten is dead or slow.
//! At the end the dead come back and the slow hurry, and every change must have come to everybody
//! who wants it. Prints one JSON line. Never part of a test: `make bench` runs it.
//!
//! usage: storm FOLDER [SECONDS]; beside it stands the example `serve`, which it starts and kills.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "a program of its own that prints, and stops when something breaks"
)]

mod city;
mod receivers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use city::City;
use receivers::Receivers;

const SUBSCRIPTIONS: u32 = 10_000;
const ENDPOINTS: u32 = 500;
const ENTITIES: u32 = 2_000;
const TYPES: u32 = 80;
const ATTRIBUTES: u32 = 7;
const CHANGES_PER_S: u32 = 500;
/// Devices that write at once.
const WRITERS: u32 = 32;
/// When all are well again, what is missing may take so long between two notifications.
const PATIENCE: Duration = Duration::from_secs(90);

/// What one change is about; its number is the value that is written.
#[derive(Debug, Clone, Copy)]
struct Change(u32);

impl Change {
    fn entity(self) -> u32 {
        self.0 % ENTITIES
    }
    fn attribute(self) -> u32 {
        self.0 % ATTRIBUTES
    }
    /// Subscription `s` asks for type `s` mod 80 and attribute `s / 80` mod 7.
    fn wanted_by(self) -> impl Iterator<Item = u32> {
        let first = self.0 % TYPES + TYPES * self.attribute();
        let all = (first..=SUBSCRIPTIONS).step_by((TYPES * ATTRIBUTES) as usize);
        all.filter(|s| *s > 0)
    }
}

/// How an endpoint is until the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Well,
    Slow,
    Dead,
}

fn health(subscription: u32) -> Health {
    match subscription % ENDPOINTS {
        e if !e.is_multiple_of(10) => Health::Well,
        e if e.is_multiple_of(20) => Health::Dead,
        _ => Health::Slow,
    }
}

/// Writes at an even pace until the time is over; every number is written, whatever happens.
fn drive(city: &City, receivers: &Receivers, run: Duration) -> u32 {
    let begun = Instant::now();
    let all = u32::try_from(run.as_secs()).unwrap_or(u32::MAX / 1_000) * CHANGES_PER_S;
    let next = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= all {
                        return;
                    }
                    let due = Duration::from_secs_f64(f64::from(n) / f64::from(CHANGES_PER_S));
                    std::thread::sleep(due.saturating_sub(begun.elapsed()));
                    receivers.written(n);
                    city.write(Change(n));
                }
            });
        }
    });
    all
}

/// How many of the subscriptions that `of` picks have not had all of the first `all` changes.
fn missing(receivers: &Receivers, all: u32, of: impl Fn(Health) -> bool) -> u64 {
    let wanted = (0..all).flat_map(|n| Change(n).wanted_by().map(move |s| (s, n)));
    let not = wanted.filter(|&(s, n)| of(health(s)) && !receivers.has(s, n));
    not.count() as u64
}

/// Waits until nothing is missing, or nothing has come for a while.
fn settle(receivers: &Receivers, all: u32, of: impl Fn(Health) -> bool + Copy) -> (u64, Duration) {
    let begun = Instant::now();
    loop {
        let before = receivers.taken();
        let left = missing(receivers, all, of);
        if left == 0 {
            return (0, begun.elapsed());
        }
        eprintln!("  {left} on their way");
        let quiet = Instant::now();
        while receivers.taken() == before {
            if quiet.elapsed() > PATIENCE {
                return (left, begun.elapsed());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let folder = args.next().expect("usage: storm FOLDER [SECONDS]");
    let run = args.next().map_or(300, |s| s.parse().expect("seconds"));
    let run = Duration::from_secs(run);
    let receivers = Arc::new(Receivers::open());
    let city = City::start(&folder);
    city.make_entities();
    city.subscribe_all(&receivers);
    eprintln!("{SUBSCRIPTIONS} subscriptions; {CHANGES_PER_S} changes/s for {run:?}");

    let (all, downtime) = std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            std::thread::sleep(run / 2);
            eprintln!("kill -9");
            city.kill_and_start()
        });
        let all = drive(&city, &receivers, run);
        (all, killer.join().expect("the killer"))
    });
    let (well, late) = settle(&receivers, all, |h| h == Health::Well);
    let (p50, p99) = receivers.latency_ms();
    let before = receivers.taken();
    eprintln!("the dead come back, the slow hurry");
    receivers.all_well();
    let (rest, caught_up) = settle(&receivers, all, |_| true);
    let due: u64 = (0..all).map(|n| Change(n).wanted_by().count() as u64).sum();
    println!(
        "{{\"changes\": {all}, \"due\": {due}, \"missing_to_the_well\": {well}, \
         \"missing\": {rest}, \"again\": {}, \"out_of_order\": {}, \
         \"writes_lost\": {}, \"tries_of_writes\": {}, \
         \"down_s\": {:.2}, \"p50_ms\": {p50:.1}, \"p99_ms\": {p99:.1}, \"late_s\": {:.2}, \
         \"had_before_the_end\": {before}, \"caught_up_s\": {:.1}}}",
        receivers.again(),
        receivers.out_of_order(),
        city.lost(all),
        city.tries(),
        downtime.as_secs_f64(),
        late.as_secs_f64(),
        caught_up.as_secs_f64(),
    );
    if rest > 0 || well > 0 || city.lost(all) > 0 {
        std::process::exit(1);
    }
}
