//! Everything that a decision may depend on. Gathered by `policy` from the roster, the tables and
//! the clock. Never holds what the access policy does not speak about.

use loggia_model::{At, Body, PersonId, Purpose, Roles};
use serde::{Deserialize, Serialize};

/// A person as the roster knows them at the time of the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Who.
    pub person: PersonId,
    /// For which body.
    pub body: Body,
    /// With which roles.
    pub roles: Roles,
    /// Whether the account is enabled.
    pub standing: Standing,
}

/// Whether a person may act at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The account is enabled and the person is in the roster.
    Enabled,
    /// The administrator disabled the account, or the roster no longer names the person.
    Disabled,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ask {
    /// File a request.
    File,
    /// Approve or refuse it, as a person of the other body.
    Decide,
    /// Release one's group's shares.
    Release,
    /// Read the opened footage.
    Open,
    /// View live.
    Live,
}

impl Ask {
    /// Every action, in the order of the line.
    pub const ALL: [Self; 5] = [
        Self::File,
        Self::Decide,
        Self::Release,
        Self::Open,
        Self::Live,
    ];

    /// The action's name in the access policy.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Decide => "decide",
            Self::Release => "release",
            Self::Open => "open",
            Self::Live => "live",
        }
    }
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Being filed: the freeze is set, the log entry is on its way.
    Filing,
    /// Filed, logged, frozen; waits for the second person.
    Asked,
    /// Approved; waits for both custodian groups.
    Approved,
    /// Approved; one group has released.
    Released,
    /// Both groups released; the opening is logged and lasts.
    Open,
    /// Open, and exported at least once.
    Exported,
    /// Refused by the second person.
    Refused,
    /// Withdrawn by the requester.
    Withdrawn,
    /// A deadline passed, or the opening has ended.
    Expired,
}

impl State {
    /// Every state, in the order of the line.
    pub const ALL: [Self; 9] = [
        Self::Filing,
        Self::Asked,
        Self::Approved,
        Self::Released,
        Self::Open,
        Self::Exported,
        Self::Refused,
        Self::Withdrawn,
        Self::Expired,
    ];

    /// Whether nothing can happen to the request any more.
    #[must_use]
    pub fn ended(self) -> bool {
        matches!(self, Self::Refused | Self::Withdrawn | Self::Expired)
    }

    /// Whether the second person has agreed and nothing ended it.
    #[must_use]
    pub fn agreed(self) -> bool {
        matches!(
            self,
            Self::Approved | Self::Released | Self::Open | Self::Exported
        )
    }

    /// The word in tables and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Filing => "filing",
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Released => "released",
            Self::Open => "open",
            Self::Exported => "exported",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// Whether the legal basis is in the city's list for the purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// It is.
    Listed,
    /// It is not, or not for this purpose.
    NotListed,
}

/// Everything a decision may depend on.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What is wanted.
    pub ask: Ask,
    /// Who wants it.
    pub who: Party,
    /// Why footage is to be opened.
    pub purpose: Purpose,
    /// Whether the law named allows it.
    pub basis: Basis,
    /// Who filed the request (for [`Ask::File`] the same as `who`).
    pub requester: Party,
    /// How far the request is.
    pub state: State,
    /// Who approved, if anybody.
    pub approver: Option<Party>,
    /// Custodian who released for the police, if any.
    pub police_custodian: Option<PersonId>,
    /// Custodian who released for oversight, if any.
    pub oversight_custodian: Option<PersonId>,
    /// Now.
    pub now: At,
    /// From when on it is too late.
    pub until: At,
}
