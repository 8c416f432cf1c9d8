//! The decision's table, its laws under random facts, and the same answers, reasons included, as
//! the decision had when it was Rust.
#![cfg(test)]

mod chance;
mod oracle;

use std::sync::LazyLock;

use loggia_charter::{Ask, Basis, Decision, Facts, Party, Reason, Standing, State, Statute};
use loggia_model::{At, Body, PersonId, Purpose, Role};
use proptest::prelude::*;

use chance::any_facts;

static STATUTE: LazyLock<Statute> = LazyLock::new(|| Statute::of_this_release().unwrap());

fn decide(facts: &Facts) -> Decision {
    STATUTE.decide(facts).unwrap()
}

fn party(name: &str, body: Body, roles: &[Role]) -> Party {
    Party {
        person: PersonId(name.into()),
        body,
        roles: roles.iter().copied().collect(),
        standing: Standing::Enabled,
    }
}

fn requester() -> Party {
    party("p.lindqvist", Body::Police, &[Role::Investigator])
}

fn overseer() -> Party {
    party(
        "a.korhonen",
        Body::Oversight,
        &[Role::Approver, Role::Custodian],
    )
}

fn keeper() -> Party {
    party("k.virtanen", Body::Police, &[Role::Custodian])
}

fn facts(ask: Ask, who: Party, state: State) -> Facts {
    let agreed = state.agreed();
    let open = matches!(state, State::Open | State::Exported);
    Facts {
        ask,
        who,
        purpose: Purpose::Investigation,
        basis: Basis::Listed,
        requester: requester(),
        state,
        approver: agreed.then(overseer),
        police_custodian: open.then(|| keeper().person),
        oversight_custodian: open.then(|| overseer().person),
        now: At(10),
        until: At(20),
    }
}

fn why(f: &Facts) -> Vec<Reason> {
    match decide(f) {
        Decision::Allow => Vec::new(),
        Decision::Deny(reasons) => reasons,
    }
}

#[test]
fn the_straight_line_is_allowed() {
    assert!(why(&facts(Ask::File, requester(), State::Filing)).is_empty());
    assert!(why(&facts(Ask::Decide, overseer(), State::Asked)).is_empty());
    assert!(why(&facts(Ask::Release, keeper(), State::Approved)).is_empty());
    // Within oversight one person may approve and release.
    assert!(why(&facts(Ask::Release, overseer(), State::Released)).is_empty());
    assert!(why(&facts(Ask::Open, requester(), State::Open)).is_empty());
    assert!(why(&facts(Ask::Open, requester(), State::Exported)).is_empty());
}

fn but(ask: Ask, who: Party, state: State, change: impl FnOnce(&mut Facts)) -> Facts {
    let mut f = facts(ask, who, state);
    change(&mut f);
    f
}

fn also(mut who: Party, role: Role) -> Party {
    who.roles.insert(role);
    who
}

fn check(table: Vec<(&str, Facts, Reason)>) {
    for (name, f, reason) in table {
        assert!(why(&f).contains(&reason), "{name}: {:?}", why(&f));
    }
}

#[test]
fn every_deviation_on_the_way_has_its_reason() {
    let approver = |name, body| party(name, body, &[Role::Approver]);
    let oversight = party(
        "m.niemi",
        Body::Oversight,
        &[Role::Auditor, Role::Investigator],
    );
    check(vec![
        (
            "own request",
            facts(Ask::Decide, also(requester(), Role::Approver), State::Asked),
            Reason::OwnRequest,
        ),
        (
            "police approve police",
            facts(
                Ask::Decide,
                approver("r.heikkila", Body::Police),
                State::Asked,
            ),
            Reason::SameBody,
        ),
        (
            "city approves",
            facts(Ask::Decide, approver("c", Body::City), State::Asked),
            Reason::SameBody,
        ),
        (
            "administrator",
            facts(
                Ask::Decide,
                also(overseer(), Role::Administrator),
                State::Asked,
            ),
            Reason::Administrator,
        ),
        (
            "basis not listed",
            but(Ask::File, requester(), State::Filing, |f| {
                f.basis = Basis::NotListed
            }),
            Reason::BasisNotListed,
        ),
        (
            "oversight investigates",
            but(Ask::File, oversight.clone(), State::Filing, |f| {
                f.requester = oversight
            }),
            Reason::PurposeNotOfBody,
        ),
    ]);
}

#[test]
fn every_deviation_at_a_desk_has_its_reason() {
    let both = party(
        "k.virtanen",
        Body::Police,
        &[Role::Approver, Role::Custodian],
    );
    check(vec![
        (
            "before approval",
            facts(Ask::Release, keeper(), State::Asked),
            Reason::WrongState,
        ),
        (
            "without approver",
            but(Ask::Release, keeper(), State::Approved, |f| {
                f.approver = None
            }),
            Reason::NotApproved,
        ),
        (
            "requester as police custodian",
            facts(
                Ask::Release,
                also(requester(), Role::Custodian),
                State::Approved,
            ),
            Reason::OwnRequest,
        ),
        (
            "police approver releases (audit sample)",
            but(Ask::Release, keeper(), State::Approved, |f| {
                f.purpose = Purpose::AuditSample;
                f.requester = party("m.niemi", Body::Oversight, &[Role::Auditor]);
                f.approver = Some(both);
            }),
            Reason::PoliceApproverReleases,
        ),
        (
            "one person for both groups",
            but(Ask::Release, keeper(), State::Released, |f| {
                f.oversight_custodian = Some(keeper().person);
            }),
            Reason::BothGroups,
        ),
        (
            "disabled",
            but(Ask::Release, keeper(), State::Approved, |f| {
                f.who.standing = Standing::Disabled;
            }),
            Reason::Disabled,
        ),
    ]);
}

#[test]
fn every_deviation_at_the_player_has_its_reason() {
    check(vec![
        (
            "somebody else",
            facts(Ask::Open, keeper(), State::Open),
            Reason::NotTheRequester,
        ),
        (
            "approver disabled since",
            but(Ask::Open, requester(), State::Open, |f| {
                f.approver.as_mut().unwrap().standing = Standing::Disabled;
            }),
            Reason::NotApproved,
        ),
        (
            "one group",
            but(Ask::Open, requester(), State::Open, |f| {
                f.police_custodian = None
            }),
            Reason::NotReleased,
        ),
        (
            "live outside an incident",
            facts(Ask::Live, requester(), State::Approved),
            Reason::WrongPurpose,
        ),
    ]);
}

#[test]
fn live_is_denied_at_its_last_instant_and_after() {
    let mut f = facts(Ask::Live, requester(), State::Approved);
    f.purpose = Purpose::IncidentLive;
    f.now = At(19);
    assert!(why(&f).is_empty());
    for now in [20, 21, i64::MAX] {
        f.now = At(now);
        assert_eq!(why(&f), [Reason::TooLate]);
    }
}

proptest! {
    // Each takes Cedar's authorizer some milliseconds when it is not optimised.
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn cedars_own_authorizer_says_the_same_of_the_whole_text(f in any_facts()) {
        prop_assert_eq!(decide(&f), STATUTE.answer(&f).unwrap().decision);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn no_facts_get_round_the_rules(f in any_facts()) {
        let said = decide(&f);
        prop_assert_eq!(&said, &oracle::decide(&f));
        if said != Decision::Allow {
            return Ok(());
        }
        prop_assert_eq!(f.who.standing, Standing::Enabled);
        prop_assert!(!f.who.roles.contains(&Role::Administrator));
        prop_assert!(f.now < f.until);
        match f.ask {
            Ask::Decide => {
                prop_assert_ne!(&f.who.person, &f.requester.person);
                prop_assert_ne!(f.who.body, f.requester.body);
                prop_assert_ne!(f.who.body, Body::City);
            }
            Ask::Release => {
                prop_assert_ne!(&f.who.person, &f.requester.person);
                let approver = f.approver.clone().unwrap();
                prop_assert_ne!(approver.body, f.requester.body);
                if f.who.person == approver.person {
                    prop_assert_eq!(f.who.body, Body::Oversight);
                }
            }
            Ask::Open => {
                prop_assert_eq!(&f.who.person, &f.requester.person);
                let approver = f.approver.clone().unwrap();
                let police = f.police_custodian.clone().unwrap();
                let oversight = f.oversight_custodian.clone().unwrap();
                prop_assert_ne!(&police, &oversight);
                prop_assert_ne!(&police, &f.requester.person);
                prop_assert_ne!(&oversight, &f.requester.person);
                prop_assert_ne!(&police, &approver.person);
                prop_assert_ne!(&approver.person, &f.requester.person);
            }
            Ask::Live => {
                prop_assert_eq!(f.purpose, Purpose::IncidentLive);
                prop_assert!(f.approver.is_some());
            }
            Ask::File => prop_assert_eq!(f.basis, Basis::Listed),
        }
    }
}

/// Random facts seldom fit together. These begin on the straight line and stray from it in up to
/// three places, so that most of the line's own corners are met.
fn near_the_line() -> impl Strategy<Value = Facts> {
    let start = prop::sample::select(vec![
        facts(Ask::File, requester(), State::Filing),
        facts(Ask::Decide, overseer(), State::Asked),
        facts(Ask::Release, keeper(), State::Approved),
        facts(Ask::Release, overseer(), State::Released),
        facts(Ask::Open, requester(), State::Open),
        facts(Ask::Open, requester(), State::Exported),
        but(Ask::Live, requester(), State::Approved, |f| {
            f.purpose = Purpose::IncidentLive;
        }),
    ]);
    (start, any_facts(), prop::collection::vec(0u8..12, 0..=3)).prop_map(|(mut f, g, swaps)| {
        for swap in swaps {
            match swap {
                0 => f.who = g.who.clone(),
                1 => f.purpose = g.purpose,
                2 => f.basis = g.basis,
                3 => f.requester = g.requester.clone(),
                4 => f.state = g.state,
                5 => f.approver = g.approver.clone(),
                6 => f.police_custodian = g.police_custodian.clone(),
                7 => f.oversight_custodian = g.oversight_custodian.clone(),
                8 => f.until = f.now,
                9 => f.who.roles = g.who.roles.clone(),
                10 => f.police_custodian = f.approver.clone().map(|a| a.person),
                _ => f.oversight_custodian = f.police_custodian.clone(),
            }
        }
        f
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn text_and_rust_answer_alike_near_the_line(f in near_the_line()) {
        prop_assert_eq!(decide(&f), oracle::decide(&f));
    }
}
