//! Who is to be told, what waits for whom, and how far each has come. Pure: it is handed changes,
//! the time and what came of sending. Never holds more than its limits: what does not fit is in
//! the log, and it knows from which record on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::job::{Job, Now, What};
use super::lane::{Lane, LaneState};
use super::limits::Limits;
use super::silence::Silence;
use super::sub::{Pause, Sub, job};
use crate::Recorded;
use crate::subscription::{Index, Subscription, Tally};
use crate::time::Time;

/// All that is known of deliveries.
pub(super) struct Core {
    pub limits: Limits,
    pub subs: HashMap<u64, Sub>,
    pub indexes: HashMap<Box<str>, Index>,
    pub lanes: HashMap<u32, Lane>,
    names: HashMap<Box<str>, u32>,
    next_lane: u32,
    /// The next record that is new to all.
    pub live: u64,
    /// Subscriptions that have to read records again.
    pub behind: BTreeSet<u64>,
    /// Those of them that are reading now.
    pub scanning: HashSet<u64>,
    /// Notifications in all lanes.
    pub jobs: usize,
    /// Lanes that may have something to send.
    pub ready: Vec<u32>,
    pub timers: BTreeSet<(Duration, Timer)>,
    /// When the interval of a subscription has passed next, by the wall, microseconds.
    pub ticks: BTreeSet<(i64, u64)>,
    /// Dead letters that are on their way again, and whose.
    pub resending: HashMap<i64, u64>,
    /// Cursors that are in the log.
    pub cursors: HashSet<u64>,
    pub counts: Counts,
    scratch: Vec<u64>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A lane may send again.
    Lane(u32),
    /// The pause of a throttled subscription is over.
    Pause(u64),
}

/// What was done since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Notifications that were taken.
    pub delivered: u64,
    /// Tries that failed.
    pub failed: u64,
    /// Notifications that went to the dead letters.
    pub given_up: u64,
    /// Records that were no longer in the log when somebody had to read them again.
    pub lost: u64,
    /// Notifications that wait in memory.
    pub waiting: usize,
    /// Subscriptions that read the log again.
    pub behind: usize,
}

impl Core {
    pub fn new(limits: Limits, live: u64) -> Self {
        Self {
            limits,
            subs: HashMap::new(),
            indexes: HashMap::new(),
            lanes: HashMap::new(),
            names: HashMap::new(),
            next_lane: 0,
            live,
            behind: BTreeSet::new(),
            scanning: HashSet::new(),
            jobs: 0,
            ready: Vec::new(),
            timers: BTreeSet::new(),
            ticks: BTreeSet::new(),
            resending: HashMap::new(),
            cursors: HashSet::new(),
            counts: Counts::default(),
            scratch: Vec::new(),
        }
    }

    /// A subscription is new, or known from before: it is told of changes from `from` on.
    pub fn insert(&mut self, number: u64, tenant: &str, s: Arc<Subscription>, from: u64, now: Now) {
        self.remove(number);
        let index = self.indexes.entry(tenant.into()).or_default();
        index.insert(number, &s);
        let lane = self.join(&s);
        let behind = from < self.live && s.time_interval.is_none();
        if behind {
            self.behind.insert(number);
        }
        let sub = Sub {
            tenant: tenant.into(),
            version: 0,
            lane,
            from,
            outstanding: BTreeSet::new(),
            counted: BTreeSet::new(),
            ahead: BTreeSet::new(),
            next: behind.then_some(from),
            silences: Vec::new(),
            pause: Pause::default(),
            ticking: false,
            tally: s.tally,
            tally_changed: false,
            subscription: s,
        };
        self.schedule_tick(number, &sub.subscription, now);
        self.subs.insert(number, sub);
    }

    /// A subscription has changed: what waits for it is looked at again.
    pub fn update(&mut self, number: u64, s: Arc<Subscription>, now: Now) {
        let lane = self.join(&s);
        let Some(sub) = self.subs.get_mut(&number) else {
            self.leave(lane);
            return;
        };
        if let Some(index) = self.indexes.get_mut(&*sub.tenant) {
            index.remove(number, &sub.subscription);
            index.insert(number, &s);
        }
        let left = std::mem::replace(&mut sub.lane, lane);
        sub.version = sub.version.wrapping_add(1);
        let first = sub.outstanding.first().copied();
        sub.next = match (first, sub.next) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        sub.outstanding.clear();
        sub.pause = Pause::default();
        sub.ticking = false;
        sub.subscription = s.clone();
        if sub.next.is_some() {
            self.behind.insert(number);
        }
        self.scanning.remove(&number);
        self.resending.retain(|_, n| *n != number);
        self.leave(left);
        self.mark(left);
        self.schedule_tick(number, &s, now);
    }

    /// When a subscription was silent.
    pub fn silence(&mut self, number: u64, silences: Vec<Silence>) {
        if let Some(sub) = self.subs.get_mut(&number) {
            sub.silences = silences;
        }
    }

    /// A subscription is no more.
    pub fn remove(&mut self, number: u64) {
        let Some(sub) = self.subs.remove(&number) else {
            return;
        };
        if let Some(index) = self.indexes.get_mut(&*sub.tenant) {
            index.remove(number, &sub.subscription);
        }
        self.behind.remove(&number);
        self.scanning.remove(&number);
        self.ticks.retain(|(_, n)| *n != number);
        self.resending.retain(|_, n| *n != number);
        self.leave(sub.lane);
        self.mark(sub.lane);
    }

    fn join(&mut self, s: &Subscription) -> u32 {
        let name = lane_name(s);
        let id = *self.names.entry(name.into()).or_insert_with(|| {
            self.next_lane = self.next_lane.wrapping_add(1);
            self.next_lane
        });
        self.lanes.entry(id).or_default().members += 1;
        id
    }

    fn leave(&mut self, lane: u32) {
        if let Some(found) = self.lanes.get_mut(&lane) {
            found.members = found.members.saturating_sub(1);
        }
        self.sweep(lane);
    }

    /// Lanes behind a name, in the order of names, `most` at most.
    pub fn lane_states(&self, after: &str, most: usize) -> Vec<LaneState> {
        let behind = self.names.iter().filter(|(name, _)| &***name > after);
        let mut behind: Vec<_> = behind.collect();
        behind.sort_unstable();
        let each = behind.into_iter().take(most);
        each.filter_map(|(name, id)| Some(self.lanes.get(id)?.state(name)))
            .collect()
    }

    /// A lane that nobody uses goes.
    pub fn sweep(&mut self, lane: u32) {
        let unused = |l: &Lane| l.members == 0 && l.jobs == 0;
        if self.lanes.get(&lane).is_some_and(unused) {
            self.lanes.remove(&lane);
            self.names.retain(|_, id| *id != lane);
        }
    }

    /// A lane may have something to send.
    pub fn mark(&mut self, lane: u32) {
        if let Some(found) = self.lanes.get_mut(&lane)
            && !std::mem::replace(&mut found.marked, true)
        {
            self.ready.push(lane);
        }
    }

    fn schedule_tick(&mut self, number: u64, s: &Subscription, now: Now) {
        self.ticks.retain(|(_, n)| *n != number);
        if let Some(every) = s.time_interval.as_ref().map(|i| i.micros().max(1)) {
            let age = (now.wall.0 - s.created_at.micros()).max(0);
            let next = s.created_at.micros() + (age / every + 1) * every;
            self.ticks.insert((next, number));
        }
    }

    /// A change that is new to all. Those that read again come to it later.
    pub fn offer(&mut self, change: &Arc<Recorded>, now: Now) {
        self.live = change.seq + 1;
        for number in self.candidates(change) {
            let wanted = self.subs.get(&number);
            let Some(sub) = wanted.filter(|s| s.next.is_none() && s.hears(change)) else {
                continue;
            };
            // What was made before a pause is told after it.
            if sub.is_paused() || self.take(number, change, now) == Room::None {
                self.fall_behind(number, change.seq);
            }
        }
    }

    /// A record that is no change of an entity.
    pub fn pass(&mut self, seq: u64) {
        self.live = seq + 1;
    }

    pub fn candidates(&mut self, change: &Recorded) -> Vec<u64> {
        let mut found = std::mem::take(&mut self.scratch);
        match self.indexes.get(&*change.tenant) {
            Some(index) => index.candidates(change, &mut found),
            None => found.clear(),
        }
        let list = found.clone();
        self.scratch = found;
        list
    }

    /// Puts a change in the way of one subscriber.
    pub fn take(&mut self, number: u64, change: &Arc<Recorded>, now: Now) -> Room {
        let Some(sub) = self.subs.get_mut(&number) else {
            return Room::Some;
        };
        if sub.subscription.throttling.is_some() {
            return self.hold(number, change, now);
        }
        let mut job = job(number, sub, What::one(change.clone()));
        job.attempts = u32::from(sub.counted.contains(&change.seq));
        let lane = sub.lane;
        let key = key(number, change.entity_id());
        if self.push(lane, job, key, now) == Room::None {
            return Room::None;
        }
        if let Some(sub) = self.subs.get_mut(&number) {
            sub.outstanding.insert(change.seq);
            sub.counted.remove(&change.seq);
        }
        Room::Some
    }

    pub fn push(&mut self, lane: u32, job: Job, key: u64, now: Now) -> Room {
        let full = self.jobs >= self.limits.jobs;
        match self.lanes.get_mut(&lane) {
            Some(found) if !full && found.has_room(&self.limits, now) => {
                found.push(job, key);
                self.jobs += 1;
                self.mark(lane);
                Room::Some
            }
            _ => Room::None,
        }
    }

    /// From this record on it reads again. If it is reading now, from a later one, it stops there.
    pub fn fall_behind(&mut self, number: u64, seq: u64) {
        self.scanning.remove(&number);
        if let Some(sub) = self.subs.get_mut(&number) {
            sub.next = Some(sub.next.map_or(seq, |n| n.min(seq)));
            self.behind.insert(number);
        }
    }

    /// How far each subscription has come that is not done with all before `live`.
    pub fn places(&self) -> BTreeMap<u64, u64> {
        let mut places = BTreeMap::new();
        for (number, sub) in &self.subs {
            if let Some(first) = sub.first_undone() {
                places.insert(*number, first.saturating_sub(1));
            }
        }
        places
    }

    /// Tallies that have changed since they were asked for last.
    pub fn changed_tallies(&mut self) -> Vec<(u64, Tally)> {
        let changed = self.subs.iter_mut().filter(|(_, s)| s.tally_changed);
        let taken = changed.map(|(n, s)| {
            s.tally_changed = false;
            (*n, s.tally)
        });
        taken.collect()
    }
}

/// Whether something had room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Some,
    None,
}

/// Which lane an endpoint is in. Receivers of one host fail apart from each other; topics of one
/// MQTT server do not.
fn lane_name(s: &Subscription) -> String {
    let endpoint = &s.notification.endpoint;
    let authority = endpoint.authority();
    if endpoint.scheme.is_mqtt() {
        return format!("{authority} {:?}", endpoint.protocol());
    }
    let path = endpoint.path.split('?').next().unwrap_or_default();
    format!("{authority}{path}")
}

/// What keeps its order: one entity's notifications to one subscriber. FNV-1a, which needs no
/// secret here: who sends all entities to one slot slows their own lane.
pub(super) fn key(number: u64, entity: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ number;
    let hash = entity.bytes().fold(start, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

/// Wall time as it is written.
pub(super) fn time(now: Now) -> Time {
    Time::of_micros(now.wall.0)
}
