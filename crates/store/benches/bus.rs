//! What a durable write of the log costs beside one sync of the same disk, and what replay and
//! cursors cost. Prints one JSON line. Never part of a test: a time is no verdict.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench program prints and stops"
)]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use loggia_model::At;
use loggia_store::bus::{Bus, BusConfig, Entry};
use loggia_store::{FileLayer, SimDisk};
use rustix::time::{ClockId, clock_gettime};

/// An update of a Vehicle with five attributes.
const BODY: [u8; 600] = [0x61; 600];
const RUN: Duration = Duration::from_secs(4);
const LONG: Duration = Duration::from_secs(60);
const SYNCS: u64 = 200;
const REPLAYED: u64 = 500_000;
const CURSORS: u64 = 100_000;

fn entry(key: u64) -> Entry<'static> {
    Entry {
        kind: 1,
        key,
        at: At(1),
        body: &BODY,
    }
}

fn open(dir: &Path) -> Bus {
    Bus::open(dir, BusConfig::new(1, FileLayer::Real)).expect("a log")
}

/// A disk whose sync takes as long as parts of the city's machines were measured to take.
const SLOW: Duration = Duration::from_millis(7);

/// A log on a slow disk in memory. Its segments are small, for that disk copies a whole file at
/// each sync.
fn slow() -> Bus {
    let disk = SimDisk::new();
    disk.set_sync_time(SLOW);
    let config = BusConfig {
        segment_bytes: 2 << 20,
        queue_bytes: 1 << 20,
        ..BusConfig::new(1, FileLayer::Sim(disk))
    };
    Bus::open(Path::new("/bus"), config).expect("a log")
}

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(t.tv_sec).unwrap_or(0),
        u32::try_from(t.tv_nsec).unwrap_or(0),
    )
}

/// Milliseconds of one append of `len` bytes with its `fdatasync`, the median.
fn sync_ms(dir: &Path, len: usize) -> f64 {
    let file = File::create(dir.join("sync")).expect("a file");
    let mut all: Vec<f64> = (0..SYNCS)
        .map(|n| {
            let begun = Instant::now();
            file.write_all_at(&vec![7; len], n * len as u64)
                .expect("written");
            file.sync_data().expect("synced");
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

struct Rate {
    per_s: f64,
    cpu_us: f64,
    groups_per_s: f64,
}

/// Producers that each wait for their record before they send the next.
fn waiting(bus: &Bus, producers: u64) -> Rate {
    let written = AtomicU64::new(0);
    let groups = AtomicU64::new(0);
    let (begun, before) = (Instant::now(), cpu());
    std::thread::scope(|s| {
        for who in 0..producers {
            let written = &written;
            s.spawn(move || {
                while begun.elapsed() < RUN {
                    let ticket = bus.append(entry(who)).expect("room");
                    ticket.wait(LONG).expect("durable");
                    written.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        s.spawn(|| {
            let mut seen = 0;
            while begun.elapsed() < RUN {
                seen = bus.wait_newer(seen, RUN);
                groups.fetch_add(1, Ordering::Relaxed);
            }
        });
    });
    let (s, n) = (begun.elapsed().as_secs_f64(), written.into_inner() as f64);
    Rate {
        per_s: n / s,
        cpu_us: (cpu() - before).as_secs_f64() * 1e6 / n,
        groups_per_s: groups.into_inner() as f64 / s,
    }
}

/// One producer that keeps `window` records on their way, as an asynchronous edge does.
fn pipelined(bus: &Bus, window: u64) -> Rate {
    let (begun, before, mut n) = (Instant::now(), cpu(), 0);
    while begun.elapsed() < RUN {
        let tickets: Vec<_> = (0..window)
            .map(|key| bus.append(entry(key)).expect("room"))
            .collect();
        for ticket in &tickets {
            ticket.wait(LONG).expect("durable");
        }
        n += window;
    }
    let s = begun.elapsed().as_secs_f64();
    Rate {
        per_s: n as f64 / s,
        cpu_us: (cpu() - before).as_secs_f64() * 1e6 / n as f64,
        groups_per_s: n as f64 / window as f64 / s,
    }
}

/// Writes a long log, opens it again and reads it through; records a second and the opening's ms.
fn replay(dir: &Path) -> (f64, f64) {
    let bus = open(&dir.join("replay"));
    let many = vec![entry(1); 10_000];
    for _ in 0..REPLAYED / 10_000 {
        bus.append_all(&many)
            .expect("room")
            .wait(LONG)
            .expect("durable");
    }
    drop(bus);
    let begun = Instant::now();
    let bus = open(&dir.join("replay"));
    let opened = begun.elapsed().as_secs_f64() * 1e3;
    let (begun, mut reader, mut bytes) = (Instant::now(), bus.reader(1), 0);
    while let Some(record) = reader.next(Duration::ZERO).expect("whole") {
        bytes += record.body().len();
    }
    assert_eq!(bytes as u64, REPLAYED * BODY.len() as u64);
    (REPLAYED as f64 / begun.elapsed().as_secs_f64(), opened)
}

fn rss() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("/proc");
    let pages = text.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok());
    pages.expect("pages") * 4_096
}

/// Bytes of memory for each cursor with a name of 45 bytes, and ms to write all of them.
fn cursors(dir: &Path) -> (f64, f64) {
    let bus = open(&dir.join("cursors"));
    bus.append(entry(1))
        .expect("room")
        .wait(LONG)
        .expect("durable");
    let before = rss();
    for n in 0..CURSORS {
        let name = format!("urn:ngsi-ld:Subscription:city:{n:015}");
        bus.open_cursor(&name, 0).expect("a cursor");
    }
    let each = rss().saturating_sub(before) as f64 / CURSORS as f64;
    let begun = Instant::now();
    bus.keep_cursors().expect("kept");
    (each, begun.elapsed().as_secs_f64() * 1e3)
}

fn main() {
    let at = std::env::var("LOGGIA_BENCH_DIR");
    let at = at.unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned());
    std::fs::create_dir_all(&at).expect("a folder");
    let tmp = tempfile::tempdir_in(at).expect("a folder");
    let dir = tmp.path();
    let (cursor_bytes, cursor_ms) = cursors(dir);
    let begun = Instant::now();
    drop(open(&dir.join("empty")));
    let empty_ms = begun.elapsed().as_secs_f64() * 1e3;
    let (sync, sync_256) = (sync_ms(dir, 640), sync_ms(dir, 256 * 640));
    let mut out = format!("\"sync_ms\":{sync:.2},\"sync_160k_ms\":{sync_256:.2}");
    for producers in [1, 64, 256] {
        let r = waiting(&open(&dir.join(format!("p{producers}"))), producers);
        out += &format!(
            ",\"p{producers}_per_s\":{:.0},\"p{producers}_cpu_us\":{:.1},\
             \"p{producers}_groups_per_s\":{:.0}",
            r.per_s, r.cpu_us, r.groups_per_s
        );
    }
    for producers in [1, 64, 256] {
        let r = waiting(&slow(), producers);
        let share = r.per_s * SLOW.as_secs_f64() / producers as f64;
        out += &format!(
            ",\"slow_p{producers}_per_s\":{:.0},\"slow_p{producers}_cpu_us\":{:.1},\
             \"slow_p{producers}_of_producers_by_sync\":{share:.2},\
             \"slow_p{producers}_in_a_group\":{:.0}",
            r.per_s,
            r.cpu_us,
            r.per_s / r.groups_per_s
        );
    }
    for window in [64, 4_096] {
        let r = pipelined(&open(&dir.join(format!("w{window}"))), window);
        out += &format!(
            ",\"window{window}_per_s\":{:.0},\"window{window}_cpu_us\":{:.2}",
            r.per_s, r.cpu_us
        );
    }
    for window in [64, 256] {
        let share = pipelined(&slow(), window).per_s * SLOW.as_secs_f64() / window as f64;
        out += &format!(",\"slow_window{window}_of_window_by_sync\":{share:.2}");
    }
    let (replayed, opened) = replay(dir);
    println!(
        "{{{out},\"replay_per_s\":{replayed:.0},\"open_full_segment_ms\":{opened:.1},\
         \"open_empty_ms\":{empty_ms:.1},\"cursor_bytes\":{cursor_bytes:.0},\
         \"cursors_100k_write_ms\":{cursor_ms:.0}}}"
    );
}
