//! The classes of attack: each takes one agreement out of a plot in which all others truly stand,
//! and names the check that alone stops it. Never used outside tests.

use loggia_model::{At, Body, Clock, Digest};
use loggia_policy::{Act, Member, Request, Roster};
use loggia_seal::{PersonKey, Randomness};
use loggia_sim::Dice;

use super::altered::{Door, altered_page};
use super::logs::{
    cosignature_downgraded, fork_with_minority, not_logged, old_log, rolled_back, rows_deleted,
};
use super::plot::{Plot, bytes, sign, stated};
use super::scene::{CUSTODIANS, Scene, person, roster_entry, signed};
use super::shown::shown_one_signed_another;

/// What an attacker tries (issue: rows deleted, decisions forged, forked and rolled-back log, clock
/// set back, replayed approvals, swapped pieces, substituted public keys, downgraded formats,
/// altered pages served to the browser).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    KeySubstituted,
    ApprovalForged,
    ApprovalReplayed,
    NotLogged,
    RowsDeleted,
    ForkWithMinority,
    CosignatureDowngraded,
    OldLog,
    RolledBack,
    CaseSwapped,
    ReasonSwapped,
    TextSwapped,
    WrongRequester,
    RosterReplaced,
    RosterUnlogged,
    SharesSwapped,
    FormatDowngraded,
    AlteredPage,
    ShownOneSignedAnother,
    Several,
}

/// What stops a class, so that a control can take it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The desk's check of this name.
    Check(&'static str),
    /// The quorum of the policy file: the control's file asks for so many, with ML-DSA or without.
    Policy(usize, bool),
    /// What the desk has seen before.
    Pins,
    /// The share is sealed to its own span: the control opens it as what it is.
    Binding,
    /// What the desk's server asks of whoever calls it.
    Door(Door),
    /// The true words of the request, which its holder reads before they agree.
    Words,
    /// More than one thing.
    Several,
}

impl Class {
    pub const ALL: [Self; 20] = [
        Self::KeySubstituted,
        Self::ApprovalForged,
        Self::ApprovalReplayed,
        Self::NotLogged,
        Self::RowsDeleted,
        Self::ForkWithMinority,
        Self::CosignatureDowngraded,
        Self::OldLog,
        Self::RolledBack,
        Self::CaseSwapped,
        Self::ReasonSwapped,
        Self::TextSwapped,
        Self::WrongRequester,
        Self::RosterReplaced,
        Self::RosterUnlogged,
        Self::SharesSwapped,
        Self::FormatDowngraded,
        Self::AlteredPage,
        Self::ShownOneSignedAnother,
        Self::Several,
    ];

    /// A plot of this class, and what stops it.
    pub fn plot(self, scene: &Scene, dice: &mut Dice) -> (Plot, Stop) {
        let mut plot = Plot::agreed(scene, dice);
        let stop = match self {
            Self::KeySubstituted => key_substituted(&mut plot, scene, dice),
            Self::ApprovalForged => approval_forged(&mut plot, scene, dice),
            Self::ApprovalReplayed => approval_replayed(&mut plot, scene, dice),
            Self::NotLogged => not_logged(&mut plot, dice),
            Self::RowsDeleted => rows_deleted(&mut plot, dice),
            Self::ForkWithMinority => fork_with_minority(&mut plot, scene, dice),
            Self::CosignatureDowngraded => cosignature_downgraded(&mut plot, dice),
            Self::OldLog => old_log(&mut plot, scene, dice),
            Self::RolledBack => rolled_back(&mut plot, scene, dice),
            Self::CaseSwapped => case_swapped(&mut plot, dice),
            Self::ReasonSwapped => {
                plot.reason = format!("Somebody was killed; report {}.", dice.below(1_000_000));
                Stop::Check("necessity")
            }
            Self::TextSwapped => text_swapped(&mut plot, scene, dice),
            Self::WrongRequester => wrong_requester(&mut plot, scene, dice),
            Self::RosterReplaced => roster_replaced(&mut plot, scene),
            Self::RosterUnlogged => roster_unlogged(&mut plot, scene, dice),
            Self::SharesSwapped => shares_swapped(&mut plot, scene, dice),
            Self::FormatDowngraded => format_downgraded(&mut plot, scene, dice),
            Self::AlteredPage => altered_page(&mut plot, dice),
            Self::ShownOneSignedAnother => shown_one_signed_another(&mut plot, scene, dice),
            Self::Several => several(&mut plot, scene, dice),
        };
        (plot, stop)
    }
}

fn stranger() -> PersonKey {
    PersonKey::generate(person("x.stranger"), &mut Randomness::machine()).unwrap()
}

/// The requester has not signed the key that the footage would go to.
fn key_substituted(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    let tbs = Request::to_be_signed(&plot.shown_text());
    let by = |name: &str| Some(sign(&scene.people[name].key, &tbs));
    plot.signature = match dice.below(6) {
        0 => None,
        1 => Some(sign(&stranger(), &tbs)),
        2 => by("r.heikkila"),
        3 => by("a.korhonen"),
        4 => by("k.virtanen"),
        // Of another request of theirs.
        _ => {
            let other = bytes::<32>(dice);
            Some(sign(&scene.people["p.lindqvist"].key, &other))
        }
    };
    Stop::Check("signed")
}

/// Nobody who may has approved.
fn approval_forged(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    let (id, now) = (plot.shown_id(), scene.clock.now());
    let by = |name: &str, signer: &PersonKey| stated(signer, &person(name), id, Act::Approve, now);
    let own = |name: &str| by(name, &scene.people[name].key);
    let approval = match dice.below(6) {
        0 => by("a.korhonen", &stranger()),
        1 => by("a.korhonen", &scene.people["s.makela"].key),
        // The requester's own body; a custodian who is no approver; the requester; the city.
        2 => own("r.heikkila"),
        3 => own("s.makela"),
        4 => own("p.lindqvist"),
        _ => by("x.stranger", &stranger()),
    };
    plot.approve(approval, id);
    Stop::Check("approval")
}

/// The approver truly said something, but not this.
fn approval_replayed(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    let (id, now) = (plot.shown_id(), scene.clock.now());
    let (who, key) = (person("a.korhonen"), &scene.people["a.korhonen"].key);
    let days = |n: u64| core::time::Duration::from_secs(n * 86_400);
    let approval = match dice.below(5) {
        0 => stated(key, &who, Digest(bytes(dice)), Act::Approve, now),
        // Long ago, when the city held the answer back; or before the act, with a clock set back.
        3 => {
            let ago = days(38 + dice.below(300)).as_micros() as i64;
            stated(key, &who, id, Act::Approve, At(now.0 - ago))
        }
        4 => {
            let later = now.after(days(1 + dice.below(300)));
            stated(key, &who, id, Act::Approve, later)
        }
        1 => stated(key, &who, id, Act::Refuse, now),
        _ => stated(key, &who, id, Act::Hold, now),
    };
    plot.approve(approval, id);
    Stop::Check("approval")
}

fn case_swapped(plot: &mut Plot, dice: &mut Dice) -> Stop {
    if dice.happens(500) {
        plot.case_number = format!("5500/R/{}/25", dice.below(1_000_000));
    } else {
        plot.case_salt = bytes(dice);
    }
    Stop::Check("case")
}

/// The log and the approver know one text; the desk is shown another, that releases elsewhere.
fn text_swapped(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    let id = plot.shown_id();
    let mut other = plot.request.clone();
    other.nonce = Digest(bytes(dice));
    let text = other.to_json().unwrap();
    plot.signature = Some(sign(
        &scene.people["p.lindqvist"].key,
        &Request::to_be_signed(&text),
    ));
    plot.text = Some(text);
    plot.id = Some(id);
    Stop::Check("hash")
}

/// Somebody asks who may not, or the city says that somebody else does.
fn wrong_requester(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    match dice.below(3) {
        0 => {
            plot.request.requester = person("r.heikkila");
            plot.requester = person("r.heikkila");
            plot.agree(scene);
        }
        1 => plot.requester = person("a.korhonen"),
        _ => {
            plot.body = Body::City;
            plot.agree(scene);
        }
    }
    Stop::Check("requester")
}

/// A version after the scene's first, with the approver's key replaced by the attacker's.
fn next_roster(scene: &Scene, thief: &PersonKey) -> Roster {
    let first: Roster = serde_json::from_str(&scene.chain[0].roster).unwrap();
    let mut next = Roster {
        version: 2,
        prev: Roster::hash_of(&scene.chain[0].roster),
        ..first
    };
    give_key(&mut next.members, "a.korhonen", thief);
    next
}

fn give_key(members: &mut [Member], name: &str, key: &PersonKey) {
    let row = members.iter_mut().find(|m| m.person.0 == name).unwrap();
    let mine = crate::roster::member(key, name, row.body, &[loggia_model::Role::Approver]);
    row.sign_key = mine.sign_key;
}

/// A whole roster of the attacker's own, with the true custodians' rows in it.
fn roster_replaced(plot: &mut Plot, scene: &Scene) -> Stop {
    let thief = stranger();
    let mut first: Roster = serde_json::from_str(&scene.chain[0].roster).unwrap();
    give_key(&mut first.members, "a.korhonen", &thief);
    let r = &mut Randomness::machine();
    let mut signers = Vec::new();
    for (name, body) in [("x.one", Body::Police), ("x.two", Body::Oversight)] {
        let key = PersonKey::generate(person(name), r).unwrap();
        let roles = [loggia_model::Role::Custodian];
        first
            .members
            .push(crate::roster::member(&key, name, body, &roles));
        signers.push(key);
    }
    first.members.sort_by(|a, b| a.person.cmp(&b.person));
    plot.chain = vec![signed(&first, &signers.iter().collect::<Vec<_>>())];
    plot.roster_entries = vec![roster_entry(&scene.clock, 1, &plot.chain[0].roster)];
    plot.places = vec![scene.base.entries.len() as u64];
    let id = plot.shown_id();
    let at = scene.clock.now();
    plot.approve(
        stated(&thief, &person("a.korhonen"), id, Act::Approve, at),
        id,
    );
    Stop::Pins
}

/// A change of the roster that both groups signed, and the log never heard of.
fn roster_unlogged(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    let thief = stranger();
    let next = next_roster(scene, &thief);
    plot.chain
        .push(signed(&next, &CUSTODIANS.map(|c| &scene.people[c].key)));
    match dice.below(3) {
        0 => {}
        1 => plot.places.push(0),
        _ => plot.places.push(1 + dice.below(8)),
    }
    let (id, at) = (plot.shown_id(), scene.clock.now());
    plot.approve(
        stated(&thief, &person("a.korhonen"), id, Act::Approve, at),
        id,
    );
    Stop::Check("roster")
}

/// Another camera's shares in the place of those that were asked for.
fn shares_swapped(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    let (asked, other) = (scene.spans[0].at, &scene.spans[1]);
    let mut named = asked;
    if dice.happens(500) {
        named.commitment = other.at.commitment;
    }
    plot.shares = scene.shares(other, named);
    Stop::Binding
}

/// Forms of versions before, which bound less.
fn format_downgraded(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    match dice.below(4) {
        // Before requests were signed.
        0 => {
            plot.signature = None;
            Stop::Check("signed")
        }
        // Before they named their reason.
        1 => {
            plot.request.necessity = None;
            plot.agree(scene);
            Stop::Check("necessity")
        }
        // Before the log named the statement.
        2 => {
            plot.decision.as_mut().unwrap().statement = None;
            Stop::Check("log")
        }
        // A form that no version had.
        _ => {
            let text = plot.shown_text();
            let text = match dice.below(3) {
                0 => text.replacen("\"v\":1", "\"v\":0", 1),
                1 => text.replacen("{\"v\":1,", "{\"v\":1, ", 1),
                _ => text.replacen("{\"v\":1,", "{\"v\":1,\"v\":1,", 1),
            };
            plot.text = Some(text);
            Stop::Several
        }
    }
}

/// Two or three of the others at once, the substituted key among them.
fn several(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    key_substituted(plot, scene, dice);
    for _ in 0..1 + dice.below(2) {
        match dice.below(6) {
            0 => approval_forged(plot, scene, dice),
            1 => rows_deleted(plot, dice),
            2 => fork_with_minority(plot, scene, dice),
            3 => old_log(plot, scene, dice),
            4 => case_swapped(plot, dice),
            _ => rolled_back(plot, scene, dice),
        };
    }
    Stop::Several
}
