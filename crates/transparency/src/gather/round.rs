//! One round: a checkpoint that all witnesses are asked for, and what they have answered so far.
//! Pure but for the time it is told; never mixes cosignatures of two checkpoints.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use loggia_model::At;

use super::Lane;
use super::state::WitnessStanding;
use crate::checkpoint::SignedCheckpoint;
use crate::note::NoteSignature;

/// Without need a grown log is shown to the witnesses this often: 17,280 calls a day to each.
pub(super) const EVERY: Duration = Duration::from_secs(5);
/// A log that does not grow is cosigned anew after this long, so that its witnesses' times tell a
/// custodian that the view is fresh (desks refuse one older than ten minutes).
pub(super) const ANEW: Duration = Duration::from_secs(4 * 60);
/// A round without a quorum gives way to a newer checkpoint after this long.
const PATIENCE: Duration = Duration::from_secs(2);
/// First pause after a failure; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(500);
/// Longest pause: a quorum that comes back is noticed within it.
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// How one witness fares.
pub(super) struct LaneState {
    pub(super) name: String,
    url: String,
    /// Size that it cosigned last, as far as is known.
    pub(super) old: Option<u64>,
    told: Option<(u64, At)>,
    pub(super) failing: Option<String>,
    failures: u32,
    not_before: Option<Instant>,
    /// Round that it has answered.
    answered: u64,
}

impl LaneState {
    pub(super) fn told(&self) -> WitnessStanding {
        WitnessStanding {
            name: self.name.clone(),
            url: self.url.clone(),
            last_size: self.told.map(|t| t.0),
            last_at: self.told.map(|t| t.1.secs()),
            failing: self.failing.clone(),
        }
    }

    pub(super) fn cosigned(&mut self, round: u64, size: u64, at: At) {
        self.old = Some(size);
        self.told = Some((size, at));
        (self.failing, self.failures, self.not_before) = (None, 0, None);
        self.answered = round;
    }

    pub(super) fn failed(&mut self, why: String, now: Instant) {
        let pause = PAUSE
            .saturating_mul(1 << self.failures.min(10))
            .min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now + pause);
        self.failing = Some(why);
    }
}

/// The checkpoint that is being cosigned.
pub(super) struct Asked {
    pub(super) number: u64,
    pub(super) signed: SignedCheckpoint,
    /// Checked lines, by the name of their witness in the policy.
    pub(super) lines: BTreeMap<String, NoteSignature>,
    begun: Instant,
    pub(super) has_quorum: bool,
}

/// What the lanes work on.
pub(super) struct Round {
    /// Entries that somebody waits for.
    pub(super) wanted: u64,
    pub(super) asked: Option<Asked>,
    pub(super) lanes: Vec<LaneState>,
    pub(super) stop: bool,
}

impl Round {
    pub(super) fn of(lanes: &[Lane]) -> Self {
        let state = |l: &Lane| LaneState {
            name: l.name.clone(),
            url: l.url.clone(),
            old: None,
            told: None,
            failing: None,
            failures: 0,
            not_before: None,
            answered: 0,
        };
        Self {
            wanted: 0,
            asked: None,
            lanes: lanes.iter().map(state).collect(),
            stop: false,
        }
    }

    /// Begins the next round if one is due. `size`: the log's; `newest`: what the quorum cosigned.
    pub(super) fn turn(
        &mut self,
        size: u64,
        newest: u64,
        now: Instant,
        checkpoint: impl FnOnce() -> SignedCheckpoint,
    ) {
        let due = match &self.asked {
            None => true,
            Some(a) => {
                let since = now.saturating_duration_since(a.begun);
                let grown = size > a.signed.size();
                if a.has_quorum {
                    let needed = self.wanted > newest.max(a.signed.size());
                    (grown && (needed || since >= EVERY)) || since >= ANEW
                } else {
                    grown && since >= PATIENCE
                }
            }
        };
        if due {
            self.begin(checkpoint(), now);
        }
    }

    /// Asks for this checkpoint from now on.
    pub(super) fn begin(&mut self, signed: SignedCheckpoint, now: Instant) {
        self.asked = Some(Asked {
            number: self.asked.as_ref().map_or(1, |a| a.number + 1),
            signed,
            lines: BTreeMap::new(),
            begun: now,
            has_quorum: false,
        });
    }

    /// What a lane has to do now: the round's number, its checkpoint, and the size to start from.
    pub(super) fn work(&self, lane: usize, now: Instant) -> Option<(u64, SignedCheckpoint, u64)> {
        let (asked, lane) = (self.asked.as_ref()?, self.lanes.get(lane)?);
        let rests = lane.not_before.is_some_and(|t| now < t);
        let done = lane.answered == asked.number;
        (!rests && !done).then(|| (asked.number, asked.signed.clone(), lane.old.unwrap_or(0)))
    }
}
