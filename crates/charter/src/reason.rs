//! The answer: yes, or no with every reason. Never a sentence that the policy's text could write.

use serde::{Deserialize, Serialize};

/// Why not. A closed list, each with its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The account is disabled.
    Disabled,
    /// An administrator acts on no request.
    Administrator,
    /// The role that this takes is missing.
    RoleMissing,
    /// The legal basis is not in the list for this purpose.
    BasisNotListed,
    /// This body cannot file for this purpose.
    PurposeNotOfBody,
    /// Only the requester may do this.
    NotTheRequester,
    /// The requester cannot be the second person.
    OwnRequest,
    /// The second person must be of the other body.
    SameBody,
    /// Nobody has approved, or whoever did may no longer.
    NotApproved,
    /// Within the police, approver and custodian are two people.
    PoliceApproverReleases,
    /// One person cannot act for both groups.
    BothGroups,
    /// The request is not at the point where this can happen.
    WrongState,
    /// The time is over.
    TooLate,
    /// Not both groups have released.
    NotReleased,
    /// The purpose knows no such act (live view outside an incident, release in one).
    WrongPurpose,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 15] = [
        Self::Disabled,
        Self::Administrator,
        Self::RoleMissing,
        Self::BasisNotListed,
        Self::PurposeNotOfBody,
        Self::NotTheRequester,
        Self::OwnRequest,
        Self::SameBody,
        Self::NotApproved,
        Self::PoliceApproverReleases,
        Self::BothGroups,
        Self::WrongState,
        Self::TooLate,
        Self::NotReleased,
        Self::WrongPurpose,
    ];

    /// The name in the policy's `@reason`, and in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Administrator => "administrator",
            Self::RoleMissing => "role_missing",
            Self::BasisNotListed => "basis_not_listed",
            Self::PurposeNotOfBody => "purpose_not_of_body",
            Self::NotTheRequester => "not_the_requester",
            Self::OwnRequest => "own_request",
            Self::SameBody => "same_body",
            Self::NotApproved => "not_approved",
            Self::PoliceApproverReleases => "police_approver_releases",
            Self::BothGroups => "both_groups",
            Self::WrongState => "wrong_state",
            Self::TooLate => "too_late",
            Self::NotReleased => "not_released",
            Self::WrongPurpose => "wrong_purpose",
        }
    }

    /// The reason of this name.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }

    /// The reason in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Disabled => "the account is disabled or no longer in the roster",
            Self::Administrator => "an administrator acts on no request",
            Self::RoleMissing => "the role that this takes is missing",
            Self::BasisNotListed => "the legal basis is not in the city's list for this purpose",
            Self::PurposeNotOfBody => "this body cannot file for this purpose",
            Self::NotTheRequester => "only the requester may do this",
            Self::OwnRequest => "nobody decides or releases their own request",
            Self::SameBody => "the second person must be of the other body",
            Self::NotApproved => "no approval stands",
            Self::PoliceApproverReleases => {
                "within the police, approver and custodian must be two people"
            }
            Self::BothGroups => "one person cannot act for both groups",
            Self::WrongState => "the request is not at this point of the line",
            Self::TooLate => "the time for this is over",
            Self::NotReleased => "not both groups have released",
            Self::WrongPurpose => "the purpose of this request does not know this act",
        }
    }
}

/// Reasons as one sentence.
#[must_use]
pub fn sentence(reasons: &[Reason]) -> String {
    reasons
        .iter()
        .map(|r| r.words())
        .collect::<Vec<_>>()
        .join("; ")
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A permission says yes and nothing forbids it.
    Allow,
    /// Something forbids it, or nothing permits it; never empty.
    Deny(Vec<Reason>),
}
