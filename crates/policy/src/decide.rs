//! The decision: a pure function from facts to yes or no, with every reason for a no.
//! Never reads a clock, a table or the network; whoever calls it brings the facts.

use loggia_model::{At, Body, PersonId, Purpose, Role, Roles};
use serde::{Deserialize, Serialize};

/// Longest unblurred live view: 15 minutes (custody.md, "Live").
pub const LIVE_MAX_S: u64 = 15 * 60;

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
    /// Every rule holds.
    Allow,
    /// At least one does not; never empty.
    Deny(Vec<Reason>),
}

impl Decision {
    /// Turns a denial into an error.
    ///
    /// # Errors
    /// [`crate::Error::Denied`] with every reason.
    pub fn require(self) -> Result<(), crate::Error> {
        match self {
            Self::Allow => Ok(()),
            Self::Deny(reasons) => Err(crate::Error::Denied(reasons)),
        }
    }
}

/// The body whose approver decides what `requester` asks for (custody.md: "a person of the other
/// body"). Who is not of oversight is decided by oversight; oversight is decided by the police.
#[must_use]
pub fn deciding_body(requester: Body) -> Body {
    match requester {
        Body::Police | Body::City => Body::Oversight,
        Body::Oversight => Body::Police,
    }
}

/// Which body files for a purpose, with which role.
#[must_use]
pub fn filing_rule(purpose: Purpose) -> (&'static [Body], Role) {
    match purpose {
        Purpose::Investigation | Purpose::DangerToLife | Purpose::IncidentLive => {
            (&[Body::Police], Role::Investigator)
        }
        // A resident's own footage is asked for by whoever answers residents: police or city.
        Purpose::SubjectAccess => (&[Body::Police, Body::City], Role::Investigator),
        Purpose::AuditSample => (&[Body::Oversight], Role::Auditor),
    }
}

/// Decides. Pure: the same facts give the same answer, always.
#[must_use]
pub fn decide(facts: &Facts) -> Decision {
    let mut no = Vec::new();
    if facts.who.standing == Standing::Disabled {
        no.push(Reason::Disabled);
    }
    if facts.who.roles.contains(&Role::Administrator) {
        no.push(Reason::Administrator);
    }
    if facts.now >= facts.until {
        no.push(Reason::TooLate);
    }
    match facts.ask {
        Ask::File => filing(facts, &mut no),
        Ask::Decide => deciding(facts, &mut no),
        Ask::Release => releasing(facts, &mut no),
        Ask::Open => opening(facts, &mut no),
        Ask::Live => live(facts, &mut no),
    }
    if no.is_empty() {
        Decision::Allow
    } else {
        no.sort_unstable();
        no.dedup();
        Decision::Deny(no)
    }
}

fn need(holds: Option<()>, reason: Reason, no: &mut Vec<Reason>) {
    if holds.is_none() {
        no.push(reason);
    }
}

fn when(condition: bool) -> Option<()> {
    condition.then_some(())
}

fn filing(f: &Facts, no: &mut Vec<Reason>) {
    let (bodies, role) = filing_rule(f.purpose);
    need(
        when(bodies.contains(&f.who.body)),
        Reason::PurposeNotOfBody,
        no,
    );
    need(when(f.who.roles.contains(&role)), Reason::RoleMissing, no);
    need(when(f.basis == Basis::Listed), Reason::BasisNotListed, no);
    need(
        when(f.who.person == f.requester.person),
        Reason::NotTheRequester,
        no,
    );
    need(when(f.state == State::Filing), Reason::WrongState, no);
}

fn deciding(f: &Facts, no: &mut Vec<Reason>) {
    need(when(f.state == State::Asked), Reason::WrongState, no);
    second_person(&f.who, f, no);
}

/// The rules for whoever approves: also asked again, of the approver on record, at each later step.
fn second_person(approver: &Party, f: &Facts, no: &mut Vec<Reason>) {
    need(
        when(approver.roles.contains(&Role::Approver)),
        Reason::RoleMissing,
        no,
    );
    need(
        when(approver.person != f.requester.person),
        Reason::OwnRequest,
        no,
    );
    let other =
        approver.body == deciding_body(f.requester.body) && approver.body != f.requester.body;
    need(when(other), Reason::SameBody, no);
}

/// The approval on record must still stand: approver enabled, of the other body, in the role.
fn approved(f: &Facts, no: &mut Vec<Reason>) {
    let Some(approver) = &f.approver else {
        no.push(Reason::NotApproved);
        return;
    };
    let mut flaws = Vec::new();
    if approver.standing == Standing::Disabled || approver.roles.contains(&Role::Administrator) {
        flaws.push(Reason::NotApproved);
    }
    second_person(approver, f, &mut flaws);
    if !flaws.is_empty() {
        no.push(Reason::NotApproved);
    }
}

fn releasing(f: &Facts, no: &mut Vec<Reason>) {
    need(
        when(f.purpose != Purpose::IncidentLive),
        Reason::WrongPurpose,
        no,
    );
    need(when(f.state.agreed()), Reason::WrongState, no);
    need(
        when(f.who.roles.contains(&Role::Custodian)),
        Reason::RoleMissing,
        no,
    );
    need(when(f.who.body != Body::City), Reason::RoleMissing, no);
    approved(f, no);
    custodian(&f.who.person, f.who.body, f, no);
    let other = match f.who.body {
        Body::Police => &f.oversight_custodian,
        Body::Oversight | Body::City => &f.police_custodian,
    };
    need(
        when(other.as_ref() != Some(&f.who.person)),
        Reason::BothGroups,
        no,
    );
}

/// Requester ≠ police custodian ≠ oversight approver or custodian; within oversight one person may
/// approve and release, within the police never (custody.md, "Who must be different people").
fn custodian(person: &PersonId, body: Body, f: &Facts, no: &mut Vec<Reason>) {
    need(when(*person != f.requester.person), Reason::OwnRequest, no);
    if let Some(approver) = &f.approver
        && approver.person == *person
    {
        match (body, approver.body) {
            (Body::Oversight, Body::Oversight) => {}
            (Body::Police, Body::Police) => no.push(Reason::PoliceApproverReleases),
            _ => no.push(Reason::BothGroups),
        }
    }
}

fn opening(f: &Facts, no: &mut Vec<Reason>) {
    need(
        when(f.purpose != Purpose::IncidentLive),
        Reason::WrongPurpose,
        no,
    );
    need(
        when(f.who.person == f.requester.person),
        Reason::NotTheRequester,
        no,
    );
    need(
        when(matches!(f.state, State::Open | State::Exported)),
        Reason::WrongState,
        no,
    );
    let (bodies, role) = filing_rule(f.purpose);
    need(when(f.who.roles.contains(&role)), Reason::RoleMissing, no);
    need(
        when(bodies.contains(&f.who.body)),
        Reason::PurposeNotOfBody,
        no,
    );
    approved(f, no);
    match (&f.police_custodian, &f.oversight_custodian) {
        (Some(p), Some(o)) => {
            need(when(p != o), Reason::BothGroups, no);
            custodian(p, Body::Police, f, no);
            custodian(o, Body::Oversight, f, no);
        }
        _ => no.push(Reason::NotReleased),
    }
}

fn live(f: &Facts, no: &mut Vec<Reason>) {
    need(
        when(f.purpose == Purpose::IncidentLive),
        Reason::WrongPurpose,
        no,
    );
    need(
        when(f.who.person == f.requester.person),
        Reason::NotTheRequester,
        no,
    );
    need(when(f.state == State::Approved), Reason::WrongState, no);
    need(
        when(f.who.roles.contains(&Role::Investigator)),
        Reason::RoleMissing,
        no,
    );
    approved(f, no);
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
