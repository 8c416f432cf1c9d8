//! Requests with a date, opened; what is published of them, and what a stranger computes of it.
//! Never a stand-in for the city's own parts.

use core::time::Duration;

use loggia_model::{At, Clock, Digest, PersonId, Purpose, RequestId};
use loggia_policy::{AskReason, AskState, AskWhat, DisclosureAsk, Error, Request};
use loggia_seal::Randomness;
use loggia_transparency::{Calendar, DetailKind, DisclosureState};

use crate::city::{Asked, CAMERA, City};

pub const ME: &str = "p.lindqvist";
pub const AUDITOR: &str = "m.niemi";
pub const APPROVER: &str = "j.salo";
pub const DAY: Duration = Duration::from_secs(86_400);

pub fn city() -> City {
    let city = City::new();
    city.record(CAMERA, 6);
    city
}

/// An opened request in a case of this number.
pub fn opened(city: &City, number: &str) -> Asked {
    let me = city.actor(ME);
    let case = city.policy.open_case(&me, number, Purpose::Investigation);
    let mut asked = city.ask_in(&case.unwrap(), ME, Purpose::Investigation, "fi-pkl-7");
    let why = "the bicycle of Mrs Example was taken";
    let mut request = Request::parse(&asked.json).unwrap();
    request.necessity = Some(Request::necessity_hash(why));
    asked.json = request.to_json().unwrap();
    asked.id = Request::id_of(&asked.json);
    city.file_text(ME, &asked.json, asked.case.id, why).unwrap();
    city.approve("a.korhonen", asked.id);
    city.release("k.virtanen", &asked);
    city.release("s.makela", &asked);
    asked
}

pub fn pass(city: &City, time: Duration) {
    city.clock.pass(time);
    city.policy.tick().unwrap();
}

/// What is published of a request: which details.
pub fn published(city: &City, id: RequestId) -> Vec<DetailKind> {
    let all = city.policy.published().unwrap();
    let of = all.get(&id).map(|d| d.details.iter().map(|o| o.what));
    of.map(Iterator::collect).unwrap_or_default()
}

pub fn calendar(city: &City) -> Calendar {
    let mut calendar = Calendar::default();
    for (index, entry) in city.log.entries(0, 1_000).unwrap() {
        calendar.add(index, &entry);
    }
    calendar
}

/// What a stranger computes from the log and from what is published.
pub fn state(city: &City, id: RequestId) -> DisclosureState {
    let all = city.policy.published().unwrap();
    let calendar = calendar(city);
    let told = calendar.of(&id).unwrap();
    told.state(city.clock.now().secs(), all.get(&id))
}

pub fn ask(
    city: &City,
    by: &str,
    id: RequestId,
    what: AskWhat,
    reason: AskReason,
) -> DisclosureAsk {
    let mut nonce = [0; 32];
    Randomness::machine().fill(&mut nonce).unwrap();
    let date = city.policy.disclosure(&city.actor(AUDITOR), id);
    let later = date.map_or(At(0), |d| d.date.disclose_at.after(DAY * 30));
    DisclosureAsk {
        v: 1,
        request: id,
        what,
        reason,
        until: if what == AskWhat::Extend {
            later.secs()
        } else {
            0
        },
        court: String::new(),
        asked_by: PersonId(by.into()),
        nonce: Digest(nonce),
    }
}

pub fn asks(city: &City, ask: &DisclosureAsk) -> Result<Digest, Error> {
    let by = city.actor(&ask.asked_by.0);
    city.policy.ask_disclosure(&by, &ask.to_json().unwrap())
}

pub fn agree(city: &City, by: &str, id: Digest, what: AskWhat) -> Result<AskState, Error> {
    let said = city.say(by, id, what.act());
    city.policy.agree_disclosure(&city.actor(by), id, &said)
}
