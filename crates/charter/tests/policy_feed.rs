//! One text of policies out of bytes, as the fuzz target and the corpus have it. Never asserts more
//! than that reading ends, that what is read reads the same again, and that it decides as Cedar's
//! own authorizer does.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "the fuzz target takes `feed` alone"
)]

use loggia_charter::{Ask, Basis, Facts, Party, Standing, State, Statute, Texts};
use loggia_model::{At, Body, PersonId, Purpose, Role};

fn party(name: &str, body: Body, roles: &[Role]) -> Party {
    Party {
        person: PersonId(name.to_owned()),
        body,
        roles: roles.iter().copied().collect(),
        standing: Standing::Enabled,
    }
}

/// Each action in each state: by who may, and by somebody of everything.
fn all_facts() -> impl Iterator<Item = Facts> {
    let asks = Ask::ALL.into_iter();
    asks.flat_map(|ask| State::ALL.map(|state| facts(ask, state)))
}

fn facts(ask: Ask, state: State) -> Facts {
    let requester = party("p.lindqvist", Body::Police, &[Role::Investigator]);
    let overseer = party(
        "a.korhonen",
        Body::Oversight,
        &[Role::Approver, Role::Custodian],
    );
    let who = match ask {
        Ask::Decide | Ask::Release => overseer.clone(),
        Ask::File | Ask::Open | Ask::Live => requester.clone(),
    };
    let agreed = state.agreed();
    Facts {
        ask,
        who,
        purpose: Purpose::Investigation,
        basis: Basis::Listed,
        requester,
        state,
        police_custodian: agreed.then(|| PersonId("k.virtanen".to_owned())),
        oversight_custodian: agreed.then(|| overseer.person.clone()),
        approver: agreed.then_some(overseer),
        now: At(10),
        until: At(20),
    }
}

/// Reads one input; whether it is a policy.
pub fn feed(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(statute) = Statute::read(Texts::with_policies(text.to_owned())) else {
        return false;
    };
    let again = Statute::read(statute.texts().clone());
    assert!(again.is_ok_and(|a| a.hash() == statute.hash() && a.clauses() == statute.clauses()));
    for facts in all_facts() {
        match (statute.decide(&facts), statute.answer(&facts)) {
            (Ok(own), Ok(theirs)) => assert_eq!(own, theirs.decision, "{facts:?}"),
            (own, theirs) => assert_eq!(own.is_err(), theirs.is_err(), "{facts:?}"),
        }
    }
    true
}

#[test]
fn the_corpus_replays() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/policy");
    let mut replayed = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let read = feed(&std::fs::read(&path).expect("bytes"));
        assert!(!name.starts_with("ok-") || read, "{name} is not read");
        assert!(!name.starts_with("bad-") || !read, "{name} is read");
        replayed += 1;
    }
    assert!(replayed >= 20, "{replayed} inputs");
    assert!(feed(Texts::of_this_release().policies.as_bytes()));
}
