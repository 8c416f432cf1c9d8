//! How long a decision takes, entities included, and how long the proof of the charter. Prints one
//! JSON line, which bench/run.py puts beside its limits. Never part of a test: a time is no
//! verdict.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench program prints and stops"
)]

use std::hint::black_box;
use std::time::Instant;

use loggia_charter::{Ask, Basis, Facts, Party, Solver, Standing, State, Statute, Texts, prove};
use loggia_model::{At, Body, PersonId, Purpose, Role};

const ROUNDS: usize = 200_000;

fn party(name: &str, body: Body, roles: &[Role]) -> Party {
    Party {
        person: PersonId(name.into()),
        body,
        roles: roles.iter().copied().collect(),
        standing: Standing::Enabled,
    }
}

fn facts(ask: Ask, state: State) -> Facts {
    let requester = party("p.lindqvist", Body::Police, &[Role::Investigator]);
    let overseer = party(
        "a.korhonen",
        Body::Oversight,
        &[Role::Approver, Role::Custodian],
    );
    let keeper = party("k.virtanen", Body::Police, &[Role::Custodian]);
    Facts {
        ask,
        who: match ask {
            Ask::Decide => overseer.clone(),
            Ask::Release => keeper.clone(),
            Ask::File | Ask::Open | Ask::Live => requester.clone(),
        },
        purpose: match ask {
            Ask::Live => Purpose::IncidentLive,
            _ => Purpose::Investigation,
        },
        basis: Basis::Listed,
        requester,
        state,
        approver: state.agreed().then(|| overseer.clone()),
        police_custodian: state.agreed().then(|| keeper.person.clone()),
        oversight_custodian: state.agreed().then(|| overseer.person.clone()),
        now: At(10),
        until: At(20),
    }
}

/// Microseconds of each decision, sorted: facts to entities, entities looked up, all policies
/// asked.
fn times(statute: &Statute, asked: &[Facts]) -> Vec<f64> {
    let mut us: Vec<f64> = (0..ROUNDS)
        .map(|n| {
            let facts = &asked[n % asked.len()];
            let begun = Instant::now();
            black_box(statute.decide(black_box(facts)).expect("a decision"));
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    us.sort_by(f64::total_cmp);
    us
}

fn at(us: &[f64], share: f64) -> f64 {
    let n = ((us.len() - 1) as f64 * share) as usize;
    (us[n] * 100.0).round() / 100.0
}

fn main() {
    let statute = Statute::of_this_release().expect("this release's policy");
    let yes = [
        facts(Ask::File, State::Filing),
        facts(Ask::Decide, State::Asked),
        facts(Ask::Release, State::Released),
        facts(Ask::Open, State::Open),
        facts(Ask::Live, State::Approved),
    ];
    let no = [
        facts(Ask::Open, State::Asked),
        facts(Ask::Live, State::Refused),
        facts(Ask::Release, State::Asked),
    ];
    times(&statute, &yes);
    let (yes, no) = (times(&statute, &yes), times(&statute, &no));
    let bare = "@id(\"all\") permit (principal, action, resource);".to_owned();
    let bare = Statute::read(Texts::with_policies(bare)).expect("one policy");
    let bare = times(&bare, &[facts(Ask::Open, State::Open)]);
    let solver = Solver::find().expect("cvc5");
    let begun = Instant::now();
    let proof = prove(&statute, &solver).expect("an answer");
    let proof_s = begun.elapsed().as_secs_f64();
    assert!(proof.holds());
    println!(
        "{{\"yes_us_p50\":{},\"yes_us_p99\":{},\"no_us_p50\":{},\"no_us_p99\":{},\
         \"one_policy_us_p50\":{},\"one_policy_us_p99\":{},\"proof_s\":{:.2},\"checks\":{}}}",
        at(&yes, 0.5),
        at(&yes, 0.99),
        at(&no, 0.5),
        at(&no, 0.99),
        at(&bare, 0.5),
        at(&bare, 0.99),
        proof_s,
        proof.transcript.checks.len(),
    );
}
