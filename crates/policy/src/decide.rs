//! Who is asked for what, and the way to the access policy's answer (`loggia-charter`). Never
//! decides: these rules only choose whom a page shows a request to and whom an alert calls.

pub use loggia_charter::{Ask, Basis, Decision, Facts, Party, Reason, Standing, State, sentence};
use loggia_model::{Body, Purpose, Role};

use crate::{Error, Policy};

/// Longest unblurred live view: 15 minutes (custody.md, "Live").
pub const LIVE_MAX_S: u64 = 15 * 60;

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

impl Policy {
    /// The answer of the access policy in force. One that cannot be evaluated allows nothing.
    ///
    /// # Errors
    /// [`Error::Denied`] with every reason.
    pub(crate) fn require(&self, facts: &Facts) -> Result<(), Error> {
        self.not_suspended()?;
        match self.statute().decide(facts)? {
            Decision::Allow => Ok(()),
            Decision::Deny(reasons) => Err(Error::Denied(reasons)),
        }
    }
}
