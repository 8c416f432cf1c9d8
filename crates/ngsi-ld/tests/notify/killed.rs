//! kill -9 of a process that notifies, again and again in one folder (`LOGGIA_SOAK` rounds): each
//! change arrives, in order for each car.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{
    Cars, Receiver, complete, happen, open, quick, setup, start, subscription, until,
};

/// Rounds of `make test`.
const ROUNDS: u64 = 4;
/// Changes after which a child is killed, at most.
const LIFE: u64 = 600;
const FOLDER: &str = "LOGGIA_NOTIFY_KILL";

fn known(cars: &Cars, at: &str) -> Vec<loggia_ngsi_ld::notify::Known> {
    (1..=3)
        .map(|n| subscription(cars, n, &format!("http://{at}/{n}"), ""))
        .collect()
}

/// Not a test by itself: what the killed process runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::print_stdout,
    reason = "how far it has come is said to the parent"
)]
async fn child() {
    let Ok(told) = std::env::var(FOLDER) else {
        return;
    };
    let (dir, at) = told.split_once(' ').expect("a folder and an address");
    let dir = Path::new(dir);
    let (bus, cars) = (open(dir), Cars::new());
    let _notifier = start(setup(dir, &bus, &cars, quick()), known(&cars, at));
    for n in 0.. {
        let seq = happen(&bus, &format!("c{}", n % 5));
        println!("\nack {seq}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_notifier_forgets_nothing() {
    let rounds = std::env::var("LOGGIA_SOAK")
        .ok()
        .and_then(|n| n.parse().ok());
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::slow(Duration::from_millis(2));
    let at = receiver.open("127.0.0.1:0").await.to_string();
    let mut last = 0;
    for round in 0..rounds.unwrap_or(ROUNDS) {
        let told = format!("{} {at}", dir.path().display());
        let life = LIFE / 3 + (round * 137) % LIFE;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "killed::child",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(FOLDER, told)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acks = 0;
        for line in lines {
            let line = line.unwrap();
            if let Some(seq) = line.strip_prefix("ack ") {
                last = seq.parse().unwrap();
                acks += 1;
            }
            if acks >= life {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(acks, life, "round {round}");
    }
    let (bus, cars) = (open(dir.path()), Cars::new());
    let last = bus.durable().max(last);
    let notifier = start(setup(dir.path(), &bus, &cars, quick()), known(&cars, &at));
    // The main cursor comes first to the end, and the others go when they are done.
    let rest = || bus.cursor("notify") == Some(last) && bus.cursors().len() == 1;
    until("all have been told", || {
        rest() && notifier.counts().waiting == 0
    })
    .await;
    for number in 1..=3 {
        complete(&receiver.of(number), last);
    }
}
