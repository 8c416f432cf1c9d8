//! Who is disabled, which is all that an administrator may do to a person; and whom the break-glass
//! account must leave alone, so that nobody can lock the city out with it. Grants nothing.

use std::collections::BTreeSet;

use loggia_model::{Actor, Body, PersonId, Role};
use loggia_transparency::{BreakGlassUsed, Event, GlassUse, Loggable, commit_fresh};

use crate::break_glass::{BREAK_GLASS, GlassNow};
use crate::decide::Standing;
use crate::roster::{Member, Roster};
use crate::rows::{break_glass as glass_rows, people as rows};
use crate::{Error, Policy};

/// What a city cannot do without. The account takes none of these away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needed {
    /// Without one nothing is opened, and the account neither.
    Custodian(Body),
    /// Without one nothing is decided for the other body.
    Approver(Body),
    /// Nobody approves and releases within the police: two people, or no audit sample.
    PoliceTwo,
    /// Whoever asks what the account was used for.
    Auditor,
    /// Whoever undoes what the account did.
    Administrator,
}

impl Needed {
    /// What somebody does who is needed so.
    fn words(self) -> &'static str {
        match self {
            Self::Custodian(Body::Police) => "keeps a key of the police",
            Self::Custodian(_) => "keeps a key of the oversight body",
            Self::Approver(Body::Police) => "approves for the police",
            Self::Approver(_) => "approves for the oversight body",
            Self::PoliceTwo => "is the second person of the police",
            Self::Auditor => "audits for the oversight body",
            Self::Administrator => "administers",
        }
    }
}

/// What these people, all enabled, can do between them.
fn have<'a>(people: impl Iterator<Item = &'a Member> + Clone) -> BTreeSet<Needed> {
    let of = |body: Body, role: Role| {
        let fits = move |m: &&Member| m.body == body && m.roles.contains(&role);
        people.clone().filter(fits)
    };
    let mut have = BTreeSet::new();
    for body in [Body::Police, Body::Oversight] {
        if of(body, Role::Custodian).next().is_some() {
            have.insert(Needed::Custodian(body));
        }
        if of(body, Role::Approver).next().is_some() {
            have.insert(Needed::Approver(body));
        }
    }
    let two = |a: &Member| of(Body::Police, Role::Custodian).any(|c| c.person != a.person);
    if of(Body::Police, Role::Approver).any(two) {
        have.insert(Needed::PoliceTwo);
    }
    if of(Body::Oversight, Role::Auditor).next().is_some() {
        have.insert(Needed::Auditor);
    }
    let runs = |m: &Member| m.roles.contains(&Role::Administrator);
    if people.clone().any(runs) {
        have.insert(Needed::Administrator);
    }
    have
}

/// What the city could do no more without this person, while `off` are disabled already.
fn last(roster: &Roster, off: &BTreeSet<PersonId>, person: &PersonId) -> Option<Needed> {
    let enabled = roster.members.iter().filter(|m| !off.contains(&m.person));
    let without = have(enabled.clone().filter(|m| m.person != *person));
    have(enabled).difference(&without).next().copied()
}

/// The weightiest of somebody's roles: what the public log says of whose account it was.
fn weightiest(member: &Member) -> Option<Role> {
    let order = [
        Role::Custodian,
        Role::Approver,
        Role::Auditor,
        Role::Administrator,
        Role::Investigator,
        Role::Operator,
    ];
    order.into_iter().find(|r| member.roles.contains(r))
}

/// Whom the account must leave alone: who opened it, and the last of their kind.
fn spared(
    roster: &Roster,
    opening: &GlassNow,
    off: &BTreeSet<PersonId>,
    person: &PersonId,
) -> Result<(), Error> {
    if off.contains(person) {
        return Ok(());
    }
    if opening.by.contains(person) {
        return Err(Error::Conflict(format!(
            "{person} opened the break-glass account, which cannot disable them"
        )));
    }
    match last(roster, off, person) {
        None => Ok(()),
        Some(needed) => Err(Error::Conflict(format!(
            "{person} is the last enabled one who {}; the break-glass account cannot disable them",
            needed.words()
        ))),
    }
}

/// The account is about to disable or enable somebody.
struct AccountUse(BreakGlassUsed);

impl Loggable for AccountUse {
    fn event(&self) -> Event {
        Event::BreakGlassUsed(self.0.clone())
    }
}

impl Policy {
    /// Disables or enables an account: all that an administrator may do to a person. Takes effect
    /// with the next call of any session or desk. By the break-glass account it stands in the
    /// public log first, and whoever the city cannot do without is left alone.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for anybody but an administrator, and for their own account;
    /// [`Error::NotFound`] for who is not in the roster; by the break-glass account
    /// [`Error::Conflict`] for who opened it and for the last of their kind, [`Error::Log`] when
    /// the log does not take the entry.
    pub fn set_standing(
        &self,
        by: &Actor,
        person: &PersonId,
        standing: Standing,
    ) -> Result<(), Error> {
        if !by.has(Role::Administrator) {
            return Err(Error::Forbidden(
                "only an administrator disables accounts".into(),
            ));
        }
        if by.person == *person {
            return Err(Error::Forbidden("nobody disables their own account".into()));
        }
        if self.roster_actor(person).is_none() {
            return Err(Error::NotFound("person"));
        }
        if by.person.0 == BREAK_GLASS {
            return self.stand_by_glass(by, person, standing);
        }
        let now = self.clock.now();
        self.write(|c| match standing {
            Standing::Enabled => Ok(rows::enable(c, person)?),
            Standing::Disabled => {
                rows::end_sessions_of(c, person)?;
                Ok(rows::disable(c, person, &by.person, now)?)
            }
        })?;
        // An administrator's own word is the last one: such a custodian ends no opening any more.
        self.glass_heard(person, Standing::Enabled);
        Ok(())
    }

    /// The same by the break-glass account.
    fn stand_by_glass(&self, by: &Actor, person: &PersonId, to: Standing) -> Result<(), Error> {
        let _step = self.one_step();
        let opening = self.glass_opening().ok_or(Error::Unauthenticated)?;
        let roster = self.roster()?;
        let member = roster.roster().member(person);
        let member = member.ok_or(Error::NotFound("person"))?;
        let spared = |off: &BTreeSet<PersonId>| match to {
            Standing::Disabled => spared(roster.roster(), &opening, off, person),
            Standing::Enabled => Ok(()),
        };
        let off = self.read(|c| Ok(rows::all_disabled(c)?))?;
        // It is so already, by whoever's word: nothing is done, and nothing is told.
        if off.contains(person) == (to == Standing::Disabled) {
            return Ok(());
        }
        spared(&off)?;
        let (account, salt) = commit_fresh(person.0.as_bytes())?;
        let logged = self.tell(AccountUse(BreakGlassUsed {
            what: match to {
                Standing::Disabled => GlassUse::AccountDisabled,
                Standing::Enabled => GlassUse::AccountEnabled,
            },
            account: Some(account),
            body: Some(member.body),
            role: weightiest(member),
        }))?;
        // It may have been shut while the log was written.
        if self
            .glass_opening()
            .is_none_or(|o| o.index != opening.index)
        {
            return Err(Error::Unauthenticated);
        }
        // Before the row: at no moment is a custodian silenced who could end the opening.
        self.glass_heard(person, to);
        let now = self.clock.now();
        self.write(|c| {
            let act = glass_rows::ActRow {
                log_index: logged.index(),
                opening: opening.index,
                at: now,
                disabled: to == Standing::Disabled,
                person,
                salt,
            };
            glass_rows::put_act(c, &act)?;
            if to == Standing::Enabled {
                return Ok(rows::enable(c, person)?);
            }
            // Again: an administrator may have disabled somebody else meanwhile.
            spared(&rows::all_disabled(c)?)?;
            rows::end_sessions_of(c, person)?;
            Ok(rows::disable(c, person, &by.person, now)?)
        })
    }

    /// Every account and whether it is disabled.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn accounts(&self) -> Result<Vec<(PersonId, bool)>, Error> {
        self.read(|c| Ok(rows::accounts(c)?))
    }

    /// Whether somebody who was let in earlier would still be: enabled, and for the break-glass
    /// account open. Whatever goes on for long asks again.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn still_here(&self, who: &Actor) -> Result<bool, Error> {
        Ok(self.actor_enabled(&who.person)?.is_some())
    }

    /// The person as an actor, if in the roster and not disabled. A roster member needs no account
    /// for that (a custodian who only uses a desk has none).
    pub(crate) fn actor_enabled(&self, person: &PersonId) -> Result<Option<Actor>, Error> {
        if person.0 == BREAK_GLASS {
            return Ok(self.glass_actor());
        }
        let disabled = self.read(|c| Ok(rows::disabled(c, person)?))?;
        Ok(if disabled {
            None
        } else {
            self.roster_actor(person)
        })
    }

    /// What the desk key of a disabled custodian may still do, and nothing else: end an opening in
    /// which the account itself disabled them, and carry a roster, which counts by the signatures
    /// of both groups and not by who brings it. So the account cannot outlast its recall, and no
    /// administrator can keep both groups from naming other people.
    pub(crate) fn heard_though_disabled(
        &self,
        person: &PersonId,
        method: &str,
        path: &str,
    ) -> Option<Actor> {
        let may = match (method, path) {
            ("DELETE", "/api/v1/desk/break-glass") => self.glass_silenced(person),
            ("POST", "/api/v1/desk/roster") => true,
            _ => false,
        };
        self.roster_actor(person)
            .filter(|a| may && a.has(Role::Custodian))
    }
}

#[cfg(test)]
mod tests {
    use loggia_model::{At, Digest};

    use super::*;

    fn member(person: &str, body: Body, roles: &[Role]) -> Member {
        Member {
            person: PersonId(person.into()),
            name: person.into(),
            body,
            roles: roles.iter().copied().collect(),
            sign_key: None,
            hpke_key: None,
            passkeys: Vec::new(),
        }
    }

    #[test]
    fn whoever_is_the_last_of_their_kind_is_needed() {
        let (p, o) = (Body::Police, Body::Oversight);
        let (both, one) = ([Role::Approver, Role::Custodian], [Role::Custodian]);
        let roster = Roster {
            v: 1,
            version: 1,
            prev: Digest::default(),
            members: vec![
                member("p1", p, &both),
                member("p2", p, &both),
                member("p3", p, &[Role::Investigator]),
                member("o1", o, &one),
                member("o2", o, &[Role::Approver]),
                member("o3", o, &[Role::Auditor]),
                member("o4", o, &both),
                member("c1", Body::City, &[Role::Administrator]),
                member("c2", Body::City, &[Role::Administrator]),
            ],
            at: At(0),
        };
        let last = |off: &[&str], person: &str| {
            let off = off.iter().map(|p| PersonId((*p).into())).collect();
            super::last(&roster, &off, &PersonId(person.into()))
        };
        // Two who approve and hold a key: one alone could do neither for the other.
        assert_eq!(last(&[], "p1"), Some(Needed::PoliceTwo));
        assert_eq!(last(&["p1"], "p2"), Some(Needed::Custodian(p)));
        assert_eq!(last(&[], "p3"), None);
        assert_eq!(last(&[], "o1"), None);
        assert_eq!(last(&["o4"], "o1"), Some(Needed::Custodian(o)));
        assert_eq!(last(&["o4"], "o2"), Some(Needed::Approver(o)));
        assert_eq!(last(&[], "o3"), Some(Needed::Auditor));
        assert_eq!(last(&[], "c1"), None);
        assert_eq!(last(&["c1"], "c2"), Some(Needed::Administrator));
        // What is gone already is nobody's fault.
        assert_eq!(last(&["p1", "p2"], "p3"), None);
        assert_eq!(last(&["c1", "c2"], "o1"), None);
    }
}
