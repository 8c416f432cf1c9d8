//! kill -9 of the recorder at seeded random moments, again and again in one folder (`LOGGIA_SOAK`
//! rounds): what was written stays, at most one piece of a camera is lost beyond the sync interval,
//! the gap is signed, and nothing torn is left.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use loggia_model::{CameraId, GapReason};
use loggia_seal::{Kind, Track};
use loggia_store::{Blobs, BlobsConfig, SYNC_INTERVAL};

use crate::chains::{self, Link};
use crate::city::{Ground, now_us, until, verify};

/// Rounds of `make test`; `make soak` asks for 200.
const ROUNDS: u32 = 4;
/// Longest that a recorder lives in a round before it is killed.
const LIFE_MS: u64 = 4_000;

type Chains = BTreeMap<CameraId, Vec<Link>>;

/// xorshift64*: moments from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Longest piece of the main stream, microseconds.
fn longest_piece(chain: &[Link]) -> i64 {
    let pieces = chain.iter().filter(|l| is_picture(l));
    pieces.map(|l| l.end - l.begin).max().unwrap_or(0)
}

fn is_picture(link: &Link) -> bool {
    link.kind == Kind::Piece && link.track == Track::Main
}

/// The signed gap that the next recorder left over the moment of the kill.
fn bridge(chain: &[Link], killed_at: i64) -> Option<&Link> {
    chain.iter().find(|l| {
        l.gap == Some(GapReason::RecorderDown) && l.begin <= killed_at && l.end >= killed_at
    })
}

/// Whole pieces that are missing before the kill beyond the sync interval and the one piece that
/// was still being filmed, which nobody could have kept.
fn whole_pieces_lost(chain: &[Link], gap: &Link, killed_at: i64) -> i64 {
    let piece = longest_piece(chain);
    let sync = i64::try_from(SYNC_INTERVAL.as_micros()).unwrap();
    let beyond = (killed_at - gap.begin - sync - piece).max(0);
    beyond / piece
}

fn check(before: &Chains, after: &Chains, killed_at: i64, (seed, round): (u64, u32)) {
    for (camera, chain) in after {
        let numbers: Vec<u64> = chain.iter().map(|l| l.seq).collect();
        let wanted: Vec<u64> = (1..=chain.len() as u64).collect();
        assert_eq!(
            numbers, wanted,
            "round {round}, {camera}: no hole, none twice"
        );
        let was = before.get(camera).map_or(&[][..], Vec::as_slice);
        assert_eq!(
            &chain[..was.len()],
            was,
            "round {round}, {camera}: what was written before the kill is still there"
        );
        if let Some(gap) = bridge(chain, killed_at) {
            let lost = whole_pieces_lost(chain, gap, killed_at);
            assert_eq!(
                lost, 0,
                "round {round}, seed {seed}, {camera}: whole pieces lost"
            );
        }
    }
}

#[test]
fn killed_at_any_moment_it_loses_at_most_a_piece_and_serves_nothing_torn() {
    let ground = Ground::new();
    let rounds = number("LOGGIA_SOAK").map_or(ROUNDS, |n| u32::try_from(n).unwrap());
    let seed = number("LOGGIA_SEED").unwrap_or(2026);
    let mut dice = Dice(seed.max(1));
    states_its_sync_interval(&ground);
    for round in 0..rounds {
        let started_at = now_us();
        let city = ground.start();
        let films = |c: &Chains| {
            let fresh = |l: &&Link| is_picture(l) && l.begin >= started_at;
            c.values()
                .filter(|chain| chain.iter().any(|l| fresh(&l)))
                .count()
        };
        // Most cameras film again; one that fails on purpose need not.
        until("the cameras are recorded", || {
            let chains = chains::read(&ground.data());
            (films(&chains) >= 13).then_some(())
        });
        sleep(Duration::from_millis(dice.below(LIFE_MS)));
        let before = chains::read(&ground.data());
        let killed_at = now_us();
        city.kill();

        let city = ground.start();
        let bridged = |c: &Chains| {
            let over = |chain: &&Vec<Link>| bridge(chain, killed_at).is_some();
            c.values().filter(over).count()
        };
        until("the next recorder signs the gap", || {
            let chains = chains::read(&ground.data());
            (bridged(&chains) >= 13).then_some(())
        });
        city.stop();
        check(
            &before,
            &chains::read(&ground.data()),
            killed_at,
            (seed, round),
        );
        let (holds, words) = verify(&ground.data(), None);
        assert!(holds, "round {round}, seed {seed}: {words}");
        index_agrees(&ground, round);
    }
}

/// The interval that the page states is the one that the losses are counted against.
fn states_its_sync_interval(ground: &Ground) {
    let city = ground.start();
    let operator = city.become_person("o.saarinen");
    let storage = city.get(&operator, "/api/v1/storage").json();
    assert_eq!(
        u128::from(storage["sync_interval_ms"].as_u64().unwrap()),
        SYNC_INTERVAL.as_millis()
    );
}

/// Also used on a folder that was stopped in another way: index and segments say the same.
pub fn index_agrees(ground: &Ground, round: u32) {
    let public = std::fs::read(ground.data().join("public.json")).unwrap();
    let public: serde_json::Value = serde_json::from_slice(&public).unwrap();
    let recorders = serde_json::from_value(public["recorders"].clone()).unwrap();
    let config = BlobsConfig {
        recorders,
        ..BlobsConfig::default()
    };
    let blobs = Blobs::open(&ground.data(), config).unwrap();
    let wrong = blobs.audit().unwrap();
    assert!(wrong.is_empty(), "round {round}: {wrong:?}");
}
