//! A city in memory: a log, receivers of every mood, crashes. Never decides what is right but in
//! `check`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use loggia_model::At;

use super::super::again::Late;
use super::super::core::{Core, key};
use super::super::job::{Failure, FailureKind, Now, Outcome, What};
use super::super::lane::Buried;
use super::super::limits::Limits;
use super::super::settle::Send;
use crate::Recorded;
use crate::subscription::Subscription;
use crate::update::{How, Touched};
use crate::{Context, Contexts, Entity, Json, Representation, Time};

pub(super) const START_US: i64 = 1_795_435_200_000_000;

pub(super) fn limits() -> Limits {
    Limits {
        retry_min: Duration::from_millis(100),
        retry_max: Duration::from_secs(2),
        failures_to_open: 3,
        give_up_failures: 4,
        give_up_after: Duration::from_secs(60),
        lane_jobs: 8,
        jobs: 24,
        ..Limits::default()
    }
}

pub(super) fn subscription(number: u64, uri: &str, more: &str) -> Arc<Subscription> {
    let core = Contexts::new().core().expect("the core");
    let body = format!(
        r#"{{"id": "urn:x:s{number}", "type": "Subscription", {more}
            "entities": [{{"type": "Car"}}], "notification": {{"endpoint": {{"uri": "{uri}"}}}}}}"#
    );
    let json = Json::read(body.as_bytes()).expect("JSON");
    let mut compile = |_: &Json| Ok(core.clone());
    let now = Time::of_micros(START_US);
    Arc::new(Subscription::read(&json, &core, "", &mut compile, now).expect("a subscription"))
}

pub(super) fn change(core: &Context, seq: u64, car: u64, at: At) -> Arc<Recorded> {
    let at = Time::of_micros(at.0);
    let one = |speed: u64| {
        let body = format!(r#"{{"id": "urn:x:{car}", "type": "Car", "speed": {speed}}}"#);
        let json = Json::read(body.as_bytes()).expect("JSON");
        Entity::read(json, core, Representation::Detected, at).expect("a car")
    };
    let entity = one(seq);
    let touched = Touched::Attribute {
        name: entity.attributes[0].name.clone(),
        dataset_id: None,
        how: How::Updated,
    };
    Arc::new(Recorded {
        seq,
        tenant: Box::default(),
        at,
        before: Some(one(0)),
        after: Some(Arc::new(entity)),
        touched: vec![touched],
    })
}

/// How a receiver is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    Slow,
    Dead,
    /// Takes no change whose number ends with 3.
    Contrary,
}

pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

pub(super) struct World {
    pub(super) core: Core,
    pub(super) names: Arc<Context>,
    pub(super) log: Vec<Arc<Recorded>>,
    pub(super) subs: BTreeMap<u64, Arc<Subscription>>,
    pub(super) moods: Vec<Mood>,
    pub(super) now: Now,
    pub(super) under_way: Vec<(Duration, Send)>,
    pub(super) got: HashMap<u64, Vec<(u64, u64)>>,
    pub(super) letters: BTreeSet<(u64, u64)>,
    /// What a crash leaves.
    pub(super) kept: (u64, BTreeMap<u64, u64>),
    pub(super) most: usize,
    pub(super) crashed: bool,
    pub(super) rng: Rng,
}

impl World {
    pub(super) fn new(seed: u64, moods: &[Mood], of_each: u64, more: &str) -> Self {
        let now = Now {
            wall: At(START_US),
            mono: Duration::from_secs(1_000),
        };
        let mut world = Self {
            core: Core::new(limits(), 1),
            names: Contexts::new().core().expect("the core"),
            log: Vec::new(),
            subs: BTreeMap::new(),
            moods: moods.to_vec(),
            now,
            under_way: Vec::new(),
            got: HashMap::new(),
            letters: BTreeSet::new(),
            kept: (0, BTreeMap::new()),
            most: 0,
            crashed: false,
            rng: Rng(seed),
        };
        for endpoint in 0..moods.len() as u64 {
            for n in 0..of_each {
                let number = endpoint * of_each + n + 1;
                let uri = format!("http://h{endpoint}.example/n");
                world.subs.insert(number, subscription(number, &uri, more));
            }
        }
        world.begin();
        world
    }

    /// From what was kept, as after a crash.
    pub(super) fn begin(&mut self) {
        let (main, cursors) = &self.kept;
        self.core = Core::new(limits(), main + 1);
        self.under_way.clear();
        for (number, s) in &self.subs {
            let from = cursors.get(number).unwrap_or(main) + 1;
            self.core.insert(*number, "", s.clone(), from, self.now);
        }
    }

    pub(super) fn happen(&mut self, cars: u64) {
        let seq = self.log.len() as u64 + 1;
        let car = self.rng.below(cars);
        self.log.push(change(&self.names, seq, car, self.now.wall));
    }

    /// Reads what is new, at most so many.
    pub(super) fn news(&mut self, most: usize) {
        let from = usize::try_from(self.core.live - 1).expect("few");
        for change in self.log.iter().skip(from).take(most) {
            self.core.offer(change, self.now);
        }
    }

    pub(super) fn again(&mut self, most: u64) {
        let Some(from) = self.core.begin_again(self.now) else {
            return;
        };
        let end = self.core.live.min(from + most);
        for seq in from..end {
            let change = self.log[seq as usize - 1].clone();
            let mut late = Vec::new();
            self.core.offer_again(&change, self.now, &mut late);
            for Late { number, change } in late {
                self.letters.insert((number, change.seq));
            }
            // In life others send and fail meanwhile.
            if self.rng.below(3) == 0 {
                self.pass(20);
                self.send();
                self.settle();
            }
        }
        self.core.end_again(end);
    }

    pub(super) fn send(&mut self) {
        let (sends, _) = self.core.due(self.now);
        for send in sends {
            let mood = self.moods[endpoint_of(&send)];
            let takes = match mood {
                Mood::Slow => 900,
                Mood::Dead => 300,
                _ => 5,
            };
            let takes = takes + self.rng.below(20);
            self.under_way
                .push((self.now.mono + Duration::from_millis(takes), send));
        }
        self.most = self.most.max(self.core.jobs);
    }

    pub(super) fn settle(&mut self) {
        let now = self.now;
        let (done, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.under_way)
            .into_iter()
            .partition(|(at, _)| *at <= now.mono);
        self.under_way = left;
        for (_, send) in done {
            let outcome = self.outcome(&send);
            let jitter = self.rng.below(1_000) as f64 / 1e3;
            if let Some(job) = self.core.done(send.lane, send.slot, &outcome, now, jitter) {
                // A disk that is full now and then.
                let kept = if self.rng.below(4) == 0 {
                    Buried::NotKept
                } else {
                    Buried::Kept
                };
                if kept == Buried::Kept {
                    let seqs = job.what.seqs();
                    self.letters.extend(seqs.map(|seq| (job.number, seq)));
                }
                self.core.buried(send.lane, send.slot, kept, now);
            }
        }
    }

    pub(super) fn outcome(&mut self, send: &Send) -> Outcome {
        let What::Changes { changes, .. } = &send.job.what else {
            return Outcome::Moot;
        };
        let refused = changes.iter().any(|c| c.seq % 10 == 3);
        match self.moods[endpoint_of(send)] {
            Mood::Dead => Outcome::Failed(Failure::unavailable("dead")),
            Mood::Contrary if refused => Outcome::Failed(Failure {
                kind: FailureKind::Refused,
                ..Failure::unavailable("contrary")
            }),
            _ => {
                let got = self.got.entry(send.job.number).or_default();
                let told = changes.iter().map(|c| (key(0, c.entity_id()), c.seq));
                got.extend(told);
                Outcome::Delivered
            }
        }
    }

    pub(super) fn sweep(&mut self) {
        self.kept = (self.core.live - 1, self.core.places());
    }

    pub(super) fn pass(&mut self, ms: u64) {
        self.now.mono += Duration::from_millis(ms);
        self.now.wall = self.now.wall.after(Duration::from_millis(ms));
    }

    pub(super) fn turn(&mut self, ms: u64) {
        self.news(16);
        self.again(16);
        self.send();
        self.settle();
        self.pass(ms);
    }

    /// Until nothing waits, or for so many turns.
    pub(super) fn calm(&mut self, turns: usize) -> bool {
        for _ in 0..turns {
            self.turn(50);
            let caught_up = self.core.live as usize == self.log.len() + 1;
            if caught_up && self.core.jobs == 0 && self.core.places().is_empty() {
                return true;
            }
        }
        false
    }

    /// Each change was told to, or given up for, each subscription; in order for each car.
    pub(super) fn check(&self) {
        for number in self.subs.keys() {
            let got = self.got.get(number).map_or(&[][..], |g| g);
            let seen: BTreeSet<u64> = got.iter().map(|(_, seq)| *seq).collect();
            for seq in 1..=self.log.len() as u64 {
                let there = seen.contains(&seq) || self.letters.contains(&(*number, seq));
                assert!(there, "change {seq} never came to {number}");
            }
            let mut last: HashMap<u64, u64> = HashMap::new();
            let mut first = BTreeSet::new();
            for (car, seq) in got {
                // One that was given up may still come after a crash that forgot so.
                let given_up = self.letters.contains(&(*number, *seq));
                if first.insert(*seq) && !given_up {
                    let before = last.insert(*car, *seq);
                    assert!(before < Some(*seq), "{number}: {before:?} before {seq}");
                }
            }
        }
        assert!(self.most <= limits().jobs, "{} waited", self.most);
        for (number, sub) in &self.core.subs {
            let told = self.log.len() as u64;
            assert!(sub.tally.times_failed <= sub.tally.times_sent, "{number}");
            assert!(
                self.crashed || sub.tally.times_sent <= told,
                "{number}: {:?}",
                sub.tally
            );
        }
    }
}

pub(super) fn endpoint_of(send: &Send) -> usize {
    let host = &send.job.subscription.notification.endpoint.host;
    host.trim_start_matches('h')
        .split('.')
        .next()
        .expect("a host")
        .parse()
        .expect("a number")
}
