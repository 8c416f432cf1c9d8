//! Holds: named spans kept beyond retention, with a reason, an end, a longest term and a review.
//! Needs a statement of both bodies; moves share tables from hour key to hold key, opens nothing.

mod asking;
mod course;
mod told;

use core::time::Duration;

use loggia_model::{At, Body, Digest, PersonId, is_prose};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::request::{CAMERAS_MAX, CameraSpans, SPANS_MAX};
use crate::wire::sha256;

/// Before a hold's bytes in its hash.
pub const HOLD_CONTEXT: &[u8] = b"loggia/hold/v1\n";
/// Longest term of a hold: a year; a longer need is a new hold that both bodies agree to again.
pub const HOLD_LONGEST: Duration = Duration::from_secs(365 * 86_400);
/// A hold is looked at again after at most this long.
pub const REVIEW_LONGEST: Duration = Duration::from_secs(90 * 86_400);
/// How long a hold that was asked for waits for both bodies; its keys wait as long.
pub const HOLD_PATIENCE: Duration = Duration::from_secs(72 * 3_600);
/// Longest hold, bytes.
pub const HOLD_BYTES_MAX: usize = 16 * 1024;
/// Holds of one person that may wait for both bodies at once: each makes keys outlive their
/// retention for up to 72 hours, so it cannot be had freely.
pub const HOLDS_WAITING_MAX: u64 = 20;
/// Holds in one answer.
const HOLDS_MAX: u32 = 500;

/// How far a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// Waits for both bodies; the keys wait with it.
    Asked,
    /// In force: the share tables lie under the hold's own key.
    Held,
    /// Over; the hold key is destroyed.
    Ended,
}

impl HoldState {
    /// The word in tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Held => "held",
            Self::Ended => "ended",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Asked, Self::Held, Self::Ended]
            .into_iter()
            .find(|s| s.word() == word)
    }
}

/// What is to be held: these fields, in this order, without white space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldAsk {
    /// Format, 1.
    pub v: u8,
    /// Whole spans, by camera, ascending.
    pub camera_spans: Vec<CameraSpans>,
    /// Why, in words.
    pub reason: String,
    /// When the hold ends at the latest, microseconds.
    pub until: At,
    /// When it is looked at again, microseconds.
    pub review: At,
    /// Who asks.
    pub asked_by: PersonId,
    /// Random.
    pub nonce: Digest,
}

/// A hold as the bodies see it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hold {
    /// Hash of its bytes: what statements name.
    #[schema(value_type = String)]
    pub id: Digest,
    /// The exact bytes.
    pub hold: String,
    /// Salt of the commitment in the log (hexadecimal): the desk checks that this hold is the entry's.
    pub salt: String,
    /// How many spans it keeps: of the numbers named some may be missing (a torn span is cut away).
    pub spans: u64,
    /// Begin of its first span, microseconds.
    #[schema(value_type = i64)]
    pub begin: At,
    /// End of its last span, microseconds.
    #[schema(value_type = i64)]
    pub end: At,
    /// How far.
    pub state: HoldState,
    /// When it was asked for.
    #[schema(value_type = i64)]
    pub asked_at: At,
    /// Its latest entry in the public log: the freeze, then the hold.
    pub log_index: Option<u64>,
    /// The entry of its end.
    pub ended_index: Option<u64>,
    /// Whether its review has come.
    pub review_due: bool,
    /// Bodies that agreed.
    #[schema(value_type = Vec<String>)]
    pub agreed: Vec<Body>,
    /// Bodies that agreed to end it before its term.
    #[schema(value_type = Vec<String>)]
    pub ending: Vec<Body>,
}

impl HoldAsk {
    fn parse(json: &str, now: At) -> Result<Self, Error> {
        let bad = |s: &str| Err(Error::Invalid(s.to_owned()));
        if json.len() > HOLD_BYTES_MAX {
            return bad("a hold is at most 16 KiB");
        }
        let ask: Self = serde_json::from_str(json)
            .map_err(|e| Error::Invalid(format!("the hold does not read: {e}")))?;
        let again = serde_json::to_string(&ask).map_err(|e| Error::Invalid(e.to_string()))?;
        if again != json || ask.v != 1 {
            return bad("the hold is not version 1 in its canonical form");
        }
        if !(10..=2_000).contains(&ask.reason.trim().chars().count()) || !is_prose(&ask.reason) {
            return bad("give the reason in 10 to 2,000 characters, all of them seen");
        }
        if ask.until <= now || ask.until > now.after(HOLD_LONGEST) {
            return bad("a hold ends within a year");
        }
        if ask.review <= now || ask.review > ask.until || ask.review > now.after(REVIEW_LONGEST) {
            return bad("a hold is reviewed within 90 days and before it ends");
        }
        if ask.camera_spans.is_empty() || ask.camera_spans.len() > CAMERAS_MAX {
            return Err(Error::Invalid(format!("name 1 to {CAMERAS_MAX} cameras")));
        }
        let ascends = ask.camera_spans.is_sorted_by(|a, b| a.camera < b.camera);
        let whole = ask
            .camera_spans
            .iter()
            .all(|c| c.first.0 > 0 && c.first <= c.last);
        let count = ask.camera_spans.iter().fold(0u64, |n, c| {
            n.saturating_add(c.last.0.saturating_sub(c.first.0))
                .saturating_add(1)
        });
        if !ascends || !whole || count > SPANS_MAX {
            return Err(Error::Invalid(format!(
                "cameras ascend; at most {SPANS_MAX} spans"
            )));
        }
        Ok(ask)
    }

    /// The hash that statements name.
    #[must_use]
    pub fn id_of(json: &str) -> Digest {
        sha256(&[HOLD_CONTEXT, json.as_bytes()])
    }
}
