//! Custodians who come and go: the next roster drawn, signed and sent, and what is kept handed on
//! to those who came. Never seals a share to a key that the verified and logged roster does not
//! name, whatever the city says, and never to another group.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{KeyId, PersonId, Role};
use loggia_policy::{HANDED_MAX, HandedOn, HandedShare, KeptPage, Member, Roster, SignedRoster};
use loggia_seal::{CustodianPublic, Group, PersonKey, Randomness, SealedShare, Share, SpanRef};
use serde::{Deserialize, Serialize};

use super::log_view::Patience;
use super::{Desk, bytes};
use crate::{files, roster};

const PATH: &str = "/api/v1/desk/kept-shares";
/// Beside the keys: how far handing on has come, so that a run that was cut short goes on there.
const PROGRESS: &str = "handing-on.json";

/// How far handing on to the newcomers of one roster has come.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Progress {
    person: PersonId,
    version: u32,
    after: String,
}

/// What a run of handing on did, or has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Handed {
    /// Spans looked at.
    pub spans: u64,
    /// Shares that are new to somebody.
    pub new: u64,
    /// Cameras' hours still to come.
    pub left: u64,
}

/// One person who is in one of two rosters only, or not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Who.
    pub person: PersonId,
    /// As they stood, if they did.
    pub before: Option<Member>,
    /// As they will stand, if they will.
    pub after: Option<Member>,
}

/// What the second roster changes.
pub fn changes(before: &Roster, after: &Roster) -> Vec<Change> {
    let everybody: BTreeSet<&PersonId> = before
        .members
        .iter()
        .chain(&after.members)
        .map(|m| &m.person)
        .collect();
    everybody
        .into_iter()
        .map(|p| Change {
            person: p.clone(),
            before: before.member(p).cloned(),
            after: after.member(p).cloned(),
        })
        .filter(|c| c.before != c.after)
        .collect()
}

/// The name of a member's key for shares, as `loggia key show` prints it.
pub fn key_name(member: &Member) -> Option<KeyId> {
    let key = member.hpke_public().ok()?;
    Some(CustodianPublic(key).key_id())
}

impl Desk {
    /// The roster in force: its chain verified, and its newest version found in the cosigned log.
    pub fn roster_in_force(&self, person: &PersonId) -> anyhow::Result<Roster> {
        let grounds = self.grounds(self.keys.key(person)?, Patience::Some)?;
        for held in [&grounds.roster_logged, &grounds.fresh] {
            if let Err(why) = held {
                bail!("{why}: nothing is sealed to its members");
            }
        }
        Ok(grounds.roster)
    }

    /// Draws the version after the one in force, signed by this person.
    pub fn draw_next(
        &self,
        person: &PersonId,
        add: Vec<Member>,
        remove: &[PersonId],
    ) -> anyhow::Result<(Roster, SignedRoster)> {
        let before = self.roster_in_force(person)?;
        let mut next = before.clone();
        for gone in remove {
            let had = next.members.len();
            next.members.retain(|m| m.person != *gone);
            if next.members.len() == had {
                bail!("{gone} is not in the roster");
            }
        }
        for new in add {
            next.members.retain(|m| m.person != new.person);
            next.members.push(new);
        }
        next.version += 1;
        next.prev = Roster::hash_of(&before.to_json()?);
        next.at = self.clock.now();
        let drawn = SignedRoster {
            roster: next.to_json()?,
            signatures: Vec::new(),
        };
        Ok((before, drawn))
    }

    /// The roster in force and the one that is proposed, when it is the next.
    pub fn proposed(
        &self,
        person: &PersonId,
        signed: &SignedRoster,
    ) -> anyhow::Result<(Roster, Roster)> {
        let before = self.roster_in_force(person)?;
        let next: Roster =
            serde_json::from_str(&signed.roster).context("the proposed roster does not read")?;
        if next.to_json()? != signed.roster {
            bail!("the proposed roster is not in its canonical form");
        }
        let prev = Roster::hash_of(&before.to_json()?);
        if next.version != before.version + 1 || next.prev != prev {
            bail!(
                "the proposed roster is not the one after version {}, which is in force",
                before.version
            );
        }
        Ok((before, next))
    }

    /// Adds this person's signature, as a custodian of the roster in force.
    pub fn sign_roster(
        &self,
        person: &PersonId,
        before: &Roster,
        signed: &mut SignedRoster,
    ) -> anyhow::Result<()> {
        let me = before.member(person);
        if !me.is_some_and(|m| m.roles.contains(&Role::Custodian)) {
            bail!("{person} is no custodian of roster {}", before.version);
        }
        let key = self.keys.key(person)?;
        let hash = Roster::hash_of(&signed.roster);
        signed.signatures.retain(|s| s.person != *person);
        signed
            .signatures
            .push(roster::signature(key, &Roster::to_be_signed(hash))?);
        Ok(())
    }

    /// Hands a roster that both groups have signed to the city.
    pub fn send_roster(&self, person: &PersonId, signed: &SignedRoster) -> anyhow::Result<()> {
        let key = self.keys.key(person)?;
        self.city.post(key, "/api/v1/desk/roster", signed)
    }

    /// Hands on, page by page, what is kept to those of the own group who have no share of it.
    /// Goes on where a run that was cut short had come to.
    pub fn hand_on(
        &self,
        person: &PersonId,
        mut told: impl FnMut(Handed),
    ) -> anyhow::Result<Handed> {
        let key = self.keys.key(person)?;
        let mut randomness = Randomness::machine();
        let mut done = Handed::default();
        let first: KeptPage = self.city.get(key, PATH)?;
        let roster = self.roster_in_force(person)?;
        let mine = Newcomers::of(&roster, person, key)?;
        let mut page = match self.progress(person, roster.version)? {
            Some(after) => self.page(key, &after)?,
            None => first,
        };
        loop {
            if page.version != roster.version {
                bail!("the roster has changed meanwhile; run this again");
            }
            let shares = mine.seal(key, &page, &mut randomness)?;
            for part in shares.chunks(HANDED_MAX) {
                let given = HandedOn {
                    version: roster.version,
                    shares: part.to_vec(),
                };
                let count: NewShares = self.city.post_for(key, PATH, &given)?;
                done.new += count.new;
            }
            done.spans += page.shares.len() as u64;
            done.left = page.left;
            told(done);
            let Some(after) = page.next else {
                return self.forget_progress().map(|()| done);
            };
            self.keep_progress(person, roster.version, &after)?;
            page = self.page(key, &after)?;
        }
    }

    fn page(&self, key: &PersonKey, after: &str) -> anyhow::Result<KeptPage> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'/';
        if !after.bytes().all(plain) {
            bail!("the city names a place that this desk does not understand");
        }
        self.city.get(key, &format!("{PATH}?after={after}"))
    }

    fn progress_file(&self) -> PathBuf {
        self.folder.join(PROGRESS)
    }

    fn progress(&self, person: &PersonId, version: u32) -> anyhow::Result<Option<String>> {
        match std::fs::read(self.progress_file()) {
            Ok(text) => {
                // Whatever else stands there only costs the way from the beginning.
                let kept = serde_json::from_slice::<Progress>(&text).ok();
                let same = |p: &Progress| p.person == *person && p.version == version;
                Ok(kept.filter(same).map(|p| p.after))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).context("the progress of handing on cannot be read"),
        }
    }

    fn keep_progress(&self, person: &PersonId, version: u32, after: &str) -> anyhow::Result<()> {
        let progress = Progress {
            person: person.clone(),
            version,
            after: after.to_owned(),
        };
        files::replace(&self.progress_file(), &serde_json::to_vec(&progress)?)
    }

    fn forget_progress(&self) -> anyhow::Result<()> {
        match std::fs::remove_file(self.progress_file()) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
            _ => Ok(()),
        }
    }
}

#[derive(Deserialize)]
struct NewShares {
    new: u64,
}

/// The custodians of the own group, as the verified roster names them.
struct Newcomers {
    group: Group,
    keys: BTreeMap<KeyId, CustodianPublic>,
}

impl Newcomers {
    fn of(roster: &Roster, person: &PersonId, key: &PersonKey) -> anyhow::Result<Self> {
        let me = roster
            .member(person)
            .filter(|m| m.roles.contains(&Role::Custodian))
            .with_context(|| format!("{person} is no custodian of roster {}", roster.version))?;
        if key_name(me) != Some(key.custodian.key_id()) {
            bail!("the roster names another key of {person} than this file holds");
        }
        let group = Group::of(me.body).context("the city has no group")?;
        let mut keys = BTreeMap::new();
        for m in roster.custodians_of(me.body) {
            let public = CustodianPublic(m.hpke_public()?);
            keys.insert(public.key_id(), public);
        }
        Ok(Self { group, keys })
    }

    /// Opens each own share and seals it to those who lack it. The keys are the roster's; the city
    /// says only which of them lack one, and a key that the roster does not name stops everything.
    fn seal(
        &self,
        key: &PersonKey,
        page: &KeptPage,
        randomness: &mut Randomness,
    ) -> anyhow::Result<Vec<HandedShare>> {
        let mut out = Vec::new();
        for kept in &page.shares {
            let (camera, span) = (kept.share.camera, kept.share.span);
            let to = kept.lacking.iter().map(|id| {
                self.keys.get(id).with_context(|| {
                    format!(
                        "the city names the key {id} for {camera} {span}, which no custodian of \
                         your group has in the roster that both groups signed: nothing was sealed"
                    )
                })
            });
            let to = to.collect::<anyhow::Result<Vec<_>>>()?;
            let at = SpanRef {
                camera,
                span,
                commitment: kept.share.commitment,
            };
            let sealed = SealedShare {
                group: self.group,
                custodian: key.custodian.key_id(),
                enc: bytes(&kept.share.enc)?,
                ct: bytes(&kept.share.ct)?,
            };
            let opened = Share::open(&key.custodian, &sealed, &at).with_context(|| {
                format!("what the city offers as your share of {camera} {span} does not open")
            })?;
            for public in to {
                let sealed = opened.seal_to(&at, public, randomness)?;
                out.push(HandedShare {
                    camera,
                    span,
                    custodian: sealed.custodian,
                    enc: STANDARD.encode(sealed.enc),
                    ct: STANDARD.encode(sealed.ct),
                });
            }
        }
        Ok(out)
    }
}
