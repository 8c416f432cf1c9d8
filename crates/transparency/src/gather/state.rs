//! What can be told of the witnesses: each one's last checkpoint and what it fails with, and what
//! an entry still waits for. Never a secret: the same is public.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Witnesses;
use super::round::Round;

/// Why an entry is not cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unseen {
    /// The witnesses are being asked.
    #[error(
        "the witnesses outside the city are being asked for this entry of the log; it takes a \
         moment"
    )]
    Waiting,
    /// Too few witnesses answer.
    #[error(
        "too few witnesses outside the city answer, so nothing is opened now; recording, freezing, \
         holding and destroying go on, and what waits goes on by itself once they are back"
    )]
    Gone,
    /// No witnesses are configured.
    #[error(
        "no witnesses are set up, so nothing is opened here: set `tlog_policy` in the configuration"
    )]
    Missing,
}

/// How far the witnesses are with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeenBy {
    /// The quorum has cosigned it.
    #[default]
    Quorum,
    /// They are being asked.
    Waiting,
    /// Too few answer: what rests on the entry stops, the rest goes on.
    Gone,
    /// None are set up.
    Missing,
}

/// One witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WitnessStanding {
    /// Its name, as its signature lines have it.
    pub name: String,
    /// Where it is asked.
    pub url: String,
    /// Size of the checkpoint that it cosigned last for this server.
    pub last_size: Option<u64>,
    /// When it said so, Unix seconds by the witness's own clock.
    pub last_at: Option<i64>,
    /// What its last call failed with.
    pub failing: Option<String>,
}

/// All witnesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Standing {
    /// Whether openings can take place: `quorum` yes; `waiting` while nothing was cosigned yet.
    pub quorum: SeenBy,
    /// Entries in the log.
    pub log_size: u64,
    /// Entries under the newest checkpoint that the quorum has cosigned.
    pub cosigned_size: Option<u64>,
    /// Each witness.
    pub witnesses: Vec<WitnessStanding>,
}

impl Witnesses {
    /// How far the witnesses are with this entry.
    #[must_use]
    pub fn seen_by(&self, index: u64) -> SeenBy {
        let shared = &self.0.0;
        if shared.cosigned_size() > index {
            return SeenBy::Quorum;
        }
        if shared.policy.is_none() {
            return SeenBy::Missing;
        }
        if self.gone(&shared.round()) {
            return SeenBy::Gone;
        }
        SeenBy::Waiting
    }

    /// Whether those that do not fail are too few.
    pub(super) fn gone(&self, round: &Round) -> bool {
        let Some((policy, _)) = &self.0.0.policy else {
            return true;
        };
        let well = |name: &str| {
            let lane = round.lanes.iter().find(|l| l.name == name);
            lane.is_some_and(|l| l.failing.is_none())
        };
        let names: BTreeSet<&str> = policy
            .witnesses()
            .iter()
            .filter(|w| well(w.key.name()))
            .map(|w| w.name.as_str())
            .collect();
        !policy.is_quorum(&names)
    }

    /// All that can be told.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let shared = &self.0.0;
        let newest = self.newest().map(|n| n.size());
        let round = shared.round();
        let quorum = match (&shared.policy, newest) {
            (None, _) => SeenBy::Missing,
            _ if self.gone(&round) => SeenBy::Gone,
            (_, None) => SeenBy::Waiting,
            _ => SeenBy::Quorum,
        };
        Standing {
            quorum,
            log_size: shared.log.size(),
            cosigned_size: newest,
            witnesses: round.lanes.iter().map(|l| l.told()).collect(),
        }
    }
}
