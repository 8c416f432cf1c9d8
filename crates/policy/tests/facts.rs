//! The facts behind a decision, over random histories of real requests on a real database: what the
//! crate gathers equals a recount from the log, the statements that were accepted and the roster.
//! The solver proves the policy for all facts; that these are the true ones is shown here.
#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use city::{Asked, CAMERA, City, LONG, WHY};
use loggia_model::{Actor, At, Body, Clock, PersonId, Purpose, Role, Roles, SpanId};
use loggia_policy::{
    Act, Ask, Basis, Facts, Member, Party, Roster, Rules, Standing, State, VerifiedRoster,
};
use loggia_transparency::{Event, RequestEnd, Verdict};
use proptest::prelude::*;

const FILERS: [(&str, Purpose, &str); 4] = [
    ("p.lindqvist", Purpose::Investigation, "fi-pkl-7"),
    ("p.lindqvist", Purpose::DangerToLife, "fi-poll-2-6"),
    ("p.lindqvist", Purpose::IncidentLive, "fi-poll-2-6"),
    ("m.niemi", Purpose::AuditSample, "led-47"),
];
const APPROVERS: [&str; 3] = ["a.korhonen", "r.heikkila", "j.salo"];
const CUSTODIANS: [&str; 3] = ["a.korhonen", "k.virtanen", "s.makela"];
const EVERYBODY: [&str; 8] = [
    "p.lindqvist",
    "a.korhonen",
    "k.virtanen",
    "r.heikkila",
    "s.makela",
    "m.niemi",
    "o.saarinen",
    "j.salo",
];

/// Something that somebody tries.
#[derive(Debug, Clone)]
enum Step {
    File(usize),
    Decide(usize, usize, Act),
    Release(usize, usize),
    Withdraw(usize),
    Stand(usize, bool),
    Promote(usize, bool),
    Pass(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let act = prop::sample::select(vec![Act::Approve, Act::Approve, Act::Approve, Act::Refuse]);
    prop_oneof![
        3 => (0..4usize).prop_map(Step::File),
        4 => (0..3usize, 0..3usize, act).prop_map(|(r, who, act)| Step::Decide(r, who, act)),
        6 => (0..3usize, 0..3usize).prop_map(|(r, who)| Step::Release(r, who)),
        1 => (0..3usize).prop_map(Step::Withdraw),
        1 => (0..8usize, any::<bool>()).prop_map(|(who, on)| Step::Stand(who, on)),
        1 => (0..8usize, any::<bool>()).prop_map(|(who, on)| Step::Promote(who, on)),
        2 => prop::sample::select(vec![1u64, 60, 900, 7_200, 90_000]).prop_map(Step::Pass),
    ]
}

/// What an onlooker wrote down: which words were accepted, and when. Nothing from the tables.
struct Story {
    city: City,
    asked: Vec<(Asked, &'static str, Purpose, &'static str, At)>,
    approved: BTreeMap<usize, (&'static str, At)>,
    released: BTreeMap<(usize, Body), &'static str>,
    opened: BTreeMap<usize, At>,
    disabled: BTreeSet<&'static str>,
    members: Vec<Member>,
    roster: Option<VerifiedRoster>,
}

impl Story {
    fn begin() -> Self {
        let city = City::new();
        city.record(CAMERA, 4);
        let (members, roster) = (city.members(), city.policy.roster_now());
        Self {
            roster: roster.as_deref().cloned(),
            asked: Vec::new(),
            approved: BTreeMap::new(),
            released: BTreeMap::new(),
            opened: BTreeMap::new(),
            disabled: BTreeSet::new(),
            members,
            city,
        }
    }

    /// Each try uses another second: a statement made twice would count once.
    fn take(&mut self, step: &Step) {
        self.city.clock.pass(Duration::from_secs(1));
        match step {
            Step::File(n) => self.file(*n),
            Step::Decide(r, who, act) => self.decide(*r, APPROVERS[*who], *act),
            Step::Release(r, who) => self.release(*r, CUSTODIANS[*who]),
            Step::Withdraw(r) => {
                if let Some((asked, by, ..)) = self.asked.get(*r) {
                    let _ = self.city.policy.withdraw(&self.city.actor(by), asked.id);
                }
            }
            Step::Stand(who, on) => self.stand(EVERYBODY[*who], *on),
            Step::Promote(who, on) => self.promote(EVERYBODY[*who], *on),
            Step::Pass(s) => {
                self.city.clock.pass(Duration::from_secs(*s));
                self.city.policy.expire_due().unwrap();
            }
        }
    }

    fn file(&mut self, n: usize) {
        let (by, purpose, basis) = FILERS[n];
        if self.asked.len() >= 3 {
            return;
        }
        let asked = match purpose {
            Purpose::IncidentLive => live(&self.city, by, basis),
            _ => self.city.ask(by, purpose, basis),
        };
        let case = asked.case.id;
        if self.city.file_text(by, &asked.json, case, WHY).is_ok() {
            let now = self.city.clock.now();
            self.asked.push((asked, by, purpose, basis, now));
        }
    }

    fn decide(&mut self, r: usize, by: &'static str, act: Act) {
        let Some((asked, ..)) = self.asked.get(r) else {
            return;
        };
        let said = self.city.say(by, asked.id, act);
        let done = self
            .city
            .policy
            .decide_request(&self.city.actor(by), asked.id, &said);
        if done.is_ok() && act == Act::Approve {
            self.city.policy.wait_for_witnesses(asked.id, LONG).unwrap();
            self.approved.insert(r, (by, self.city.clock.now()));
        }
    }

    fn release(&mut self, r: usize, by: &'static str) {
        let Some((asked, ..)) = self.asked.get(r) else {
            return;
        };
        let me = self.city.actor(by);
        if self.city.policy.desk_shares(&me, asked.id).is_err() {
            return;
        }
        let shares = self.city.reseal(&self.city.people[by].custodian, by, asked);
        let said = self.city.say(by, asked.id, Act::Release);
        if self
            .city
            .policy
            .release(&me, asked.id, &said, &shares)
            .is_ok()
        {
            self.city.policy.wait_for_witnesses(asked.id, LONG).unwrap();
            self.released.insert((r, me.body), by);
            let groups = [Body::Police, Body::Oversight];
            if groups.iter().all(|b| self.released.contains_key(&(r, *b))) {
                self.opened.entry(r).or_insert(self.city.clock.now());
            }
        }
    }

    fn stand(&mut self, who: &'static str, on: bool) {
        let standing = if on {
            Standing::Enabled
        } else {
            Standing::Disabled
        };
        let (chief, person) = (self.city.actor("t.laine"), PersonId(who.into()));
        self.city
            .policy
            .set_standing(&chief, &person, standing)
            .unwrap();
        match on {
            true => self.disabled.remove(who),
            false => self.disabled.insert(who),
        };
    }

    /// Both groups grant somebody a role more, or take it away.
    fn promote(&mut self, who: &'static str, on: bool) {
        let mut members = self.members.clone();
        let member = members.iter_mut().find(|m| m.person.0 == who).unwrap();
        match on {
            true => member.roles.insert(Role::Auditor),
            false => member.roles.remove(&Role::Approver),
        };
        let before = self.roster.as_ref().unwrap();
        let roster = Roster {
            v: 1,
            version: before.roster().version + 1,
            prev: before.hash(),
            members: members.clone(),
            at: self.city.clock.now(),
        };
        let signed = self
            .city
            .signed_roster(&roster, &["k.virtanen", "a.korhonen"]);
        let next = self.city.policy.change_roster(signed).unwrap();
        self.roster = Some((*next).clone());
        self.members = members;
    }

    fn party(&self, who: &str) -> Party {
        let member = self.members.iter().find(|m| m.person.0 == who).unwrap();
        Party {
            person: member.person.clone(),
            body: member.body,
            roles: member.roles.iter().copied().collect::<Roles>(),
            standing: match self.disabled.contains(who) {
                true => Standing::Disabled,
                false => Standing::Enabled,
            },
        }
    }

    /// How far the public log and the accepted words say that a request is.
    fn state(&self, r: usize) -> State {
        let id = self.asked[r].0.id;
        let mut state = State::Filing;
        for (_, entry) in self.city.log.entries(0, 1_000).unwrap() {
            state = match entry.event {
                Event::RequestFiled(e) if e.request == id => State::Asked,
                Event::Decision(e) if e.request == id => match e.decision {
                    Verdict::Approve => State::Approved,
                    Verdict::Refuse => State::Refused,
                },
                Event::Opening(e) if e.request == id => State::Open,
                Event::RequestEnded(e) if e.request == id => match e.how {
                    RequestEnd::Withdrawn => State::Withdrawn,
                    RequestEnd::Expired | RequestEnd::Abandoned | RequestEnd::Answered => {
                        State::Expired
                    }
                },
                _ => state,
            };
        }
        let any = self.released.keys().any(|(of, _)| *of == r);
        match state {
            State::Approved if any => State::Released,
            state => state,
        }
    }

    fn recount(&self, ask: Ask, who: &str, r: usize) -> Facts {
        let (_, by, purpose, _, filed) = self.asked[r];
        let rules = Rules::default();
        let hours = |h: u32| Duration::from_secs(u64::from(h) * 3_600);
        let quick = matches!(purpose, Purpose::DangerToLife | Purpose::IncidentLive);
        let waits = if quick {
            rules.danger_deadline_h
        } else {
            rules.deadline_h
        };
        let deadline = filed.after(hours(waits));
        let opened = self
            .opened
            .get(&r)
            .map(|at| at.after(hours(rules.opening_h)));
        let viewed = self
            .approved
            .get(&r)
            .filter(|_| purpose == Purpose::IncidentLive);
        let viewed = viewed.map(|(_, at)| at.after(Duration::from_secs(900)));
        let state = self.state(r);
        let custodian = |body| {
            let name = self.released.get(&(r, body));
            name.map(|n| PersonId((*n).into()))
        };
        Facts {
            ask,
            who: self.party(who),
            purpose,
            basis: Basis::Listed,
            requester: self.party(by),
            state,
            approver: match self.approved.get(&r) {
                Some((name, _)) if state.agreed() => Some(self.party(name)),
                _ => None,
            },
            police_custodian: custodian(Body::Police),
            oversight_custodian: custodian(Body::Oversight),
            now: self.city.clock.now(),
            until: match ask {
                Ask::Open | Ask::Live => opened.or(viewed).unwrap_or(filed),
                Ask::Release => opened.unwrap_or(deadline),
                Ask::File | Ask::Decide => deadline,
            },
        }
    }
}

/// A request for a live view in a declared incident.
fn live(city: &City, by: &str, basis: &str) -> Asked {
    let case = city.case(by, Purpose::IncidentLive);
    let mut asked = city.ask_in(&case, by, Purpose::Investigation, basis);
    let mut request = loggia_policy::Request::parse(&asked.json).unwrap();
    let now = city.clock.now();
    (request.from, request.to) = (now, now.after(Duration::from_secs(900)));
    request.purpose = Purpose::IncidentLive;
    for spans in &mut request.camera_spans {
        (spans.first, spans.last) = (SpanId(0), SpanId(0));
    }
    asked.json = request.to_json().unwrap();
    asked.id = loggia_policy::Request::id_of(&asked.json);
    asked
}

fn actor(story: &Story, who: &str) -> Actor {
    let party = story.party(who);
    Actor {
        person: party.person,
        name: who.to_owned(),
        body: party.body,
        roles: party.roles,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn facts_are_what_log_words_and_roster_say(
        steps in prop::collection::vec(any_step(), 4..28),
    ) {
        let mut story = Story::begin();
        for step in &steps {
            story.take(step);
            for r in 0..story.asked.len() {
                for (n, who) in EVERYBODY.into_iter().enumerate() {
                    let ask = Ask::ALL[(n + r) % Ask::ALL.len()];
                    let (me, id) = (actor(&story, who), story.asked[r].0.id);
                    let found = story.city.policy.facts_of(ask, &me, id);
                    let told = story.recount(ask, who, r);
                    prop_assert_eq!(format!("{:?}", found.unwrap()), format!("{:?}", told));
                }
            }
        }
    }
}

/// The random histories reach the far end of the line: this one does by hand.
#[test]
fn a_whole_line_is_recounted_at_each_step() {
    let mut story = Story::begin();
    let reached: Vec<State> = [
        Step::File(0),
        Step::Decide(0, 0, Act::Approve),
        Step::Release(0, 1),
        Step::Release(0, 0),
        Step::Pass(90_000),
    ]
    .iter()
    .map(|step| {
        story.take(step);
        for ask in Ask::ALL {
            let me = actor(&story, "p.lindqvist");
            let found = story
                .city
                .policy
                .facts_of(ask, &me, story.asked[0].0.id)
                .unwrap();
            let told = story.recount(ask, "p.lindqvist", 0);
            assert_eq!(format!("{found:?}"), format!("{told:?}"));
        }
        story.state(0)
    })
    .collect();
    let line = [
        State::Asked,
        State::Approved,
        State::Released,
        State::Open,
        State::Expired,
    ];
    assert_eq!(reached, line);
}
