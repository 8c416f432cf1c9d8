//! The decision as it was written in Rust before the access policy was text: the tests' second
//! opinion. Never shipped.

use loggia_charter::{Ask, Basis, Decision, Facts, Party, Reason, Standing, State};
use loggia_model::{Body, PersonId, Purpose, Role};

/// The body whose approver decides what `requester` asks for (custody.md: "a person of the other
/// body"). Who is not of oversight is decided by oversight; oversight is decided by the police.
fn deciding_body(requester: Body) -> Body {
    match requester {
        Body::Police | Body::City => Body::Oversight,
        Body::Oversight => Body::Police,
    }
}

/// Which body files for a purpose, with which role.
fn filing_rule(purpose: Purpose) -> (&'static [Body], Role) {
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
