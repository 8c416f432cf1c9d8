//! kill -9 of a process that writes the log, again and again in one folder (`LOGGIA_SOAK` rounds):
//! what it said was on disk is there, numbers are dense, and its cursor never ran ahead.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use loggia_model::At;
use loggia_store::FileLayer;
use loggia_store::bus::{Bus, BusConfig, Entry, Retention, State};

const LONG: Duration = Duration::from_secs(60);
/// Rounds of `make test`.
const ROUNDS: u64 = 4;
/// Acknowledgements after which a child is killed, at most.
const LIFE: u64 = 400;
const FOLDER: &str = "LOGGIA_BUS_KILL";

fn open(dir: &Path) -> Bus {
    let config = BusConfig {
        segment_bytes: 64 << 10,
        queue_bytes: 32 << 10,
        cursor_interval: Duration::from_millis(5),
        ..BusConfig::new(7, FileLayer::Real)
    };
    Bus::open(dir, config).unwrap()
}

/// Not a test by itself: what the killed process runs.
#[test]
fn child() {
    let Ok(dir) = std::env::var(FOLDER) else {
        return;
    };
    let bus = open(Path::new(&dir));
    bus.open_cursor("c", 0).unwrap();
    std::thread::scope(|s| {
        for who in 0..8_u64 {
            let bus = &bus;
            s.spawn(move || {
                for n in 0.. {
                    let body = format!("{who} {n} {}", "x".repeat((n % 90) as usize));
                    let entry = Entry {
                        kind: 1,
                        key: who,
                        at: At(0),
                        body: body.as_bytes(),
                    };
                    let seq = bus.append(entry).unwrap().wait(LONG).unwrap();
                    // Not `println`: the test harness would keep it.
                    let line = format!("ack {seq} {body}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            });
        }
        let (bus, mut reader) = (&bus, bus.reader(bus.cursor("c").unwrap() + 1));
        s.spawn(move || {
            while let Some(record) = reader.next(LONG).unwrap() {
                let seq = record.seq();
                let line = format!("done {seq}\n");
                std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                bus.advance("c", seq).unwrap();
                if seq.is_multiple_of(150) {
                    let body = seq.to_le_bytes();
                    let (kind, key, at) = (1, 0, At(0));
                    let state = State {
                        kind,
                        key,
                        at,
                        body,
                    };
                    // Refused where a life before this one has been.
                    drop(bus.write_snapshot(seq, at, [state]));
                    let keep = Retention {
                        history: Duration::ZERO,
                        history_bytes: 300_000,
                        cursor_bytes: u64::MAX,
                    };
                    assert!(bus.trim(at, &keep).unwrap().lapsed.is_empty());
                }
            }
        });
    });
}

#[derive(Default)]
struct Said {
    acked: BTreeMap<u64, String>,
    done: u64,
}

/// Lets a child write until it has acknowledged `acks` records, then kills it.
fn live_and_die(dir: &Path, acks: u64, said: &mut Said) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(FOLDER, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut left, mut killed) = (acks, false);
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    // What is in the pipe when the child dies had been said before.
    while lines.read_line(&mut line).unwrap() > 0 {
        if let Some(ack) = line.strip_suffix('\n').and_then(|l| l.strip_prefix("ack ")) {
            let (seq, body) = ack.split_once(' ').unwrap();
            said.acked.insert(seq.parse().unwrap(), body.to_owned());
            left = left.saturating_sub(1);
        } else if let Some(done) = line
            .strip_suffix('\n')
            .and_then(|l| l.strip_prefix("done "))
        {
            said.done = said.done.max(done.parse().unwrap());
        }
        if left == 0 && !killed {
            child.kill().unwrap();
            killed = true;
        }
        line.clear();
    }
    child.wait().unwrap();
    assert!(killed, "it ended by itself");
}

#[test]
fn killed_at_any_moment_it_keeps_what_it_acknowledged() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("bus");
    let rounds = std::env::var("LOGGIA_SOAK").ok();
    let rounds = rounds.and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let mut said = Said::default();
    for round in 0..rounds {
        live_and_die(&dir, 1 + (round * 7_919 + 137) % LIFE, &mut said);
        let bus = open(&dir);
        let newest = *said.acked.keys().next_back().unwrap();
        assert!(bus.durable() >= newest, "round {round}");
        let floor = bus.standing().floor;
        let place = bus.cursor("c").unwrap_or(0);
        assert!(
            place <= said.done && place + 1 >= floor,
            "round {round}: {place}"
        );
        let mut reader = bus.reader(floor);
        for seq in floor..=bus.durable() {
            let record = reader.next(Duration::ZERO).unwrap().unwrap();
            assert_eq!(record.seq(), seq, "round {round}");
            if let Some(body) = said.acked.get(&seq) {
                assert_eq!(record.body(), body.as_bytes(), "round {round}");
            }
        }
        if let Some(mut snapshot) = bus.snapshot().unwrap() {
            let state = snapshot.record().unwrap().unwrap();
            assert_eq!(state.body(), snapshot.seq().to_le_bytes());
        }
    }
}
