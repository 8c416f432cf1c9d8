//! Facts at random: people, roles and states that need not fit together. Never an answer to them.

use loggia_charter::{Ask, Basis, Facts, Party, Standing, State};
use loggia_model::{At, Body, PersonId, Purpose, Role, Roles};
use proptest::prelude::*;

fn any_body() -> impl Strategy<Value = Body> {
    prop_oneof![Just(Body::Police), Just(Body::Oversight), Just(Body::City)]
}

fn any_roles() -> impl Strategy<Value = Roles> {
    let all = [
        Role::Operator,
        Role::Investigator,
        Role::Approver,
        Role::Custodian,
        Role::Auditor,
        Role::Administrator,
    ];
    prop::sample::subsequence(all.to_vec(), 0..=6).prop_map(|r| r.into_iter().collect())
}

prop_compose! {
    fn any_party()(
        n in 0u8..4, body in any_body(), roles in any_roles(), on in any::<bool>(),
    ) -> Party {
        Party {
            person: PersonId(format!("person-{n}")),
            body,
            roles,
            standing: if on { Standing::Enabled } else { Standing::Disabled },
        }
    }
}

prop_compose! {
    pub fn any_facts()(
        ask in prop::sample::select(vec![
            Ask::File, Ask::Decide, Ask::Release, Ask::Open, Ask::Live]),
        who in any_party(),
        purpose in prop::sample::select(vec![
            Purpose::Investigation, Purpose::DangerToLife, Purpose::SubjectAccess,
            Purpose::IncidentLive, Purpose::AuditSample]),
        listed in any::<bool>(),
        requester in any_party(),
        state in prop::sample::select(State::ALL.to_vec()),
        approver in prop::option::of(any_party()),
        police in prop::option::of(0u8..4),
        oversight in prop::option::of(0u8..4),
        now in 0i64..4,
        until in 0i64..4,
    ) -> Facts {
        let person = |n| PersonId(format!("person-{n}"));
        Facts {
            ask, who, purpose, requester, state, approver,
            basis: if listed { Basis::Listed } else { Basis::NotListed },
            police_custodian: police.map(person),
            oversight_custodian: oversight.map(person),
            now: At(now), until: At(until),
        }
    }
}
