//! Delay, not darkness: the date on which place and hour of an opening become public, what is asked
//! about it (later, down, erased), and what is published. Never publishes a word that somebody
//! wrote: numbers of cameras, days and hours, and nothing else.

mod asking;
mod course;
mod dates;
mod publish;
mod view;

use loggia_model::{Actor, At, Body, Digest, PersonId, RequestId, Role};
use loggia_transparency::WithdrawalReason;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::statement::Act;
use crate::wire::sha256;

pub(crate) use dates::Dated;
pub use publish::Published;
pub use view::{AskView, DisclosureDetails, DisclosureView};

/// Before an ask's bytes in its hash.
pub const DISCLOSURE_ASK_CONTEXT: &[u8] = b"loggia/disclosure-ask/v1\n";
/// Longest ask: two hashes, two names and a date.
const ASK_BYTES_MAX: usize = 1_024;
/// Asks of one person that may wait at once: the oversight body reads each.
pub const ASKS_WAITING_MAX: u64 = 20;
/// Dates and asks in one answer.
const LISTED_MAX: u32 = 500;
/// Longest name of a court's decision.
const COURT_CHARS_MAX: usize = 64;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskWhat {
    /// A later date, before the present one has come.
    Extend,
    /// What is published is taken down.
    Withdraw,
    /// The records of a request that is over are erased, the salts with them.
    Erase,
}

impl AskWhat {
    /// The word in asks and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Extend => "extend",
            Self::Withdraw => "withdraw",
            Self::Erase => "erase",
        }
    }

    /// What has this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Extend, Self::Withdraw, Self::Erase]
            .into_iter()
            .find(|w| w.word() == word)
    }

    /// The act of the statement that agrees.
    #[must_use]
    pub fn act(self) -> Act {
        match self {
            Self::Extend => Act::ExtendDelay,
            Self::Withdraw => Act::WithdrawDisclosure,
            Self::Erase => Act::EraseRecords,
        }
    }
}

/// Why, by a closed list: what is written in words stays on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskReason {
    /// The investigation runs still (extend).
    Investigation,
    /// It would endanger somebody (extend, withdraw).
    Danger,
    /// A court decided so (extend, withdraw).
    Court,
    /// A person can be recognised by it, or asked for erasure (withdraw, erase).
    Privacy,
    /// The time for which the law lets the records be kept is over (erase).
    Expired,
}

impl AskReason {
    fn fits(self, what: AskWhat) -> bool {
        match what {
            AskWhat::Extend => matches!(self, Self::Investigation | Self::Danger | Self::Court),
            AskWhat::Withdraw => matches!(self, Self::Danger | Self::Court | Self::Privacy),
            AskWhat::Erase => matches!(self, Self::Privacy | Self::Expired),
        }
    }

    fn of_withdrawal(self) -> WithdrawalReason {
        match self {
            Self::Court => WithdrawalReason::Court,
            Self::Privacy => WithdrawalReason::Privacy,
            Self::Investigation | Self::Danger | Self::Expired => WithdrawalReason::Danger,
        }
    }
}

/// How far an ask is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskState {
    /// Waits for an approver of the oversight body.
    Asked,
    /// Agreed to; its entry is on its way to the log.
    Agreed,
    /// It has taken effect.
    Done,
    /// It came to nothing: its time was over before anybody agreed.
    Lapsed,
}

impl AskState {
    /// The word in tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Agreed => "agreed",
            Self::Done => "done",
            Self::Lapsed => "lapsed",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Asked, Self::Agreed, Self::Done, Self::Lapsed]
            .into_iter()
            .find(|s| s.word() == word)
    }
}

/// An ask: these fields, in this order, without white space. Its hash is what the approver signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosureAsk {
    /// Format, 1.
    pub v: u8,
    /// About which request.
    pub request: RequestId,
    /// What is asked.
    pub what: AskWhat,
    /// Why.
    pub reason: AskReason,
    /// The new date, Unix seconds; 0 but for `extend`.
    pub until: i64,
    /// The court's decision by an identifier such as `hel-2026-1234`; empty where there is none. It
    /// stays inside: the log holds a commitment to these bytes.
    pub court: String,
    /// Who asks.
    pub asked_by: PersonId,
    /// Random.
    pub nonce: Digest,
}

impl DisclosureAsk {
    /// The exact bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a field cannot be written.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|e| Error::Invalid(e.to_string()))
    }

    /// The hash that statements name.
    #[must_use]
    pub fn id_of(json: &str) -> Digest {
        sha256(&[DISCLOSURE_ASK_CONTEXT, json.as_bytes()])
    }

    /// Reads the one exact form.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming what is wrong.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let bad = |s: &str| Err(Error::Invalid(s.to_owned()));
        if json.len() > ASK_BYTES_MAX {
            return bad("an ask about a disclosure is at most 1 KiB");
        }
        let ask: Self = serde_json::from_str(json)
            .map_err(|e| Error::Invalid(format!("the ask does not read: {e}")))?;
        if ask.v != 1 || ask.to_json()? != json {
            return bad("the ask is not version 1 in its canonical form");
        }
        if !ask.reason.fits(ask.what) {
            return bad("this reason is not one for what is asked");
        }
        if (ask.what == AskWhat::Extend) != (ask.until > 0) {
            return bad("an extension names its new date; nothing else has one");
        }
        let court = ask.court.as_bytes();
        let word = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
        if court.len() > COURT_CHARS_MAX || !court.iter().all(word) {
            return bad(
                "a court's decision is an identifier of a–z, 0–9 and -, such as hel-2026-12",
            );
        }
        if (ask.reason == AskReason::Court) == ask.court.is_empty() {
            return bad("the reason `court` names the decision, and no other reason has one");
        }
        if !crate::roster::person_form(&ask.asked_by) {
            return bad("asked_by is not in its form");
        }
        Ok(ask)
    }

    /// The new date.
    fn new_date(&self) -> At {
        At(self.until.saturating_mul(1_000_000))
    }
}

/// Approvers of the oversight body agree, whoever asks.
fn agrees(who: &Actor) -> bool {
    who.body == Body::Oversight && who.has(Role::Approver)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask() -> DisclosureAsk {
        DisclosureAsk {
            v: 1,
            request: Digest([1; 32]),
            what: AskWhat::Extend,
            reason: AskReason::Investigation,
            until: 1_803_211_200,
            court: String::new(),
            asked_by: PersonId("p.lindqvist".into()),
            nonce: Digest([2; 32]),
        }
    }

    #[test]
    fn an_ask_has_one_form_and_no_free_text() {
        assert!(DisclosureAsk::parse(&ask().to_json().unwrap()).is_ok());
        let turned = |change: fn(&mut DisclosureAsk)| {
            let mut a = ask();
            change(&mut a);
            DisclosureAsk::parse(&a.to_json().unwrap())
        };
        assert!(turned(|a| a.until = 0).is_err());
        assert!(turned(|a| a.reason = AskReason::Privacy).is_err());
        assert!(
            turned(|a| a.reason = AskReason::Court).is_err(),
            "no court named"
        );
        assert!(turned(|a| a.court = "hel-2026-12".into()).is_err());
        assert!(turned(|a| a.v = 2).is_err());
        for court in ["Judge Dredd said so", "HEL-1", &"a".repeat(65)] {
            let mut a = ask();
            (a.reason, a.court) = (AskReason::Court, court.to_owned());
            assert!(
                DisclosureAsk::parse(&a.to_json().unwrap()).is_err(),
                "{court}"
            );
        }
        let spaced = ask().to_json().unwrap().replace(':', ": ");
        assert!(DisclosureAsk::parse(&spaced).is_err());
        for what in [AskWhat::Extend, AskWhat::Withdraw, AskWhat::Erase] {
            assert_eq!(AskWhat::of(what.word()), Some(what));
        }
    }
}
