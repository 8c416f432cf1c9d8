//! What a desk knows of the city after checking it: the roster with its chain and its entry in the
//! log, and one look at the log. Never keeps a claim that was not checked.

use std::collections::BTreeMap;

use anyhow::Context;
use loggia_model::{Digest, PersonId};
use loggia_policy::{Member, RequestView, Roster, SignedRoster, VerifiedRoster};
use loggia_seal::PersonKey;
use loggia_transparency::{Event, verify};
use serde::Deserialize;

use super::checks::{Found, Proven};
use super::log_view::{Look, Patience, consistency};
use super::{Desk, hashes};

/// Entries about a request that a desk has to see for itself.
const KINDS: [&str; 2] = ["request_filed", "decision"];

#[derive(Deserialize)]
struct EntryPage {
    entries: Vec<Placed>,
}

#[derive(Deserialize)]
struct Placed {
    entry: Box<serde_json::value::RawValue>,
}

#[derive(Deserialize)]
struct ProofPage {
    proof: Vec<String>,
}

/// What the desk knows of the city after checking it.
pub struct Grounds {
    /// The roster in force.
    pub roster: Roster,
    /// Whether the log holds it, in words.
    pub roster_logged: Result<String, String>,
    /// One look at the log.
    pub look: Look,
    /// Whether the witnesses' view is fresh, in words.
    pub fresh: Result<String, String>,
}

impl Grounds {
    /// Names of everybody in the roster.
    pub fn names(&self) -> BTreeMap<PersonId, String> {
        let of = |m: &Member| (m.person.clone(), m.name.clone());
        self.roster.members.iter().map(of).collect()
    }
}

impl Desk {
    /// Looks at the city anew.
    pub(super) fn grounds(&self, key: &PersonKey, patience: Patience) -> anyhow::Result<Grounds> {
        let chain: Vec<SignedRoster> = self.city.get(key, "/api/v1/desk/roster")?;
        // In this order: the head covers what was cosigned.
        let cosigned = self.log.cosigned(&self.city);
        let note = self.city.text("/log/checkpoint")?;
        let (roster, head) = self
            .pinned
            .check(chain, self.log.policy(), &note, |from, to| {
                consistency(&self.city, from, to)
            })?;
        let look = Look::at(head, cosigned);
        if let Ok(cosigned) = &look.cosigned {
            self.log
                .same_log(&self.city, &look, cosigned.signed().checkpoint())?;
        }
        let roster_logged = self
            .roster_entry(key, &look, &roster, patience)
            .map_err(|e| format!("the roster in force is not in the cosigned log: {e:#}"));
        Ok(Grounds {
            fresh: self.log.fresh(&look, self.clock.now()),
            roster: roster.roster().clone(),
            roster_logged,
            look,
        })
    }

    /// The entry in which the log took this version of the roster.
    fn roster_entry(
        &self,
        key: &PersonKey,
        look: &Look,
        roster: &VerifiedRoster,
        patience: Patience,
    ) -> anyhow::Result<String> {
        let (version, hash) = (roster.roster().version, roster.hash());
        let places: Vec<u64> = self.city.get(key, "/api/v1/desk/roster/entries")?;
        let at = usize::try_from(version.saturating_sub(1))?;
        let Some(index) = places.get(at) else {
            anyhow::bail!("the city names no entry of version {version}");
        };
        let proven = self.log.proven(&self.city, look, *index, patience)?;
        match proven.entry()?.event {
            Event::RosterChanged(c) if c.roster == hash && c.version == version => Ok(format!(
                "version {version} of the roster is entry {index} of the log, signed by both groups"
            )),
            _ => anyhow::bail!("entry {index} is about something else"),
        }
    }

    /// The entries about a request that this desk could see for itself.
    pub(super) fn found(&self, view: &RequestView, look: &Look, patience: Patience) -> Found {
        let mut found = Found::default();
        for entry in view
            .log_entries
            .iter()
            .filter(|e| KINDS.contains(&e.kind.as_str()))
        {
            match self.log.proven(&self.city, look, entry.index, patience) {
                Ok(proven) => found.proven.push(proven),
                Err(e) => found.missing.push(format!("{e:#}")),
            }
        }
        found
    }

    /// An entry under the log's own head: what must not wait for witnesses (holds) rests on it.
    pub(super) fn under_head(&self, index: u64, look: &Look) -> anyhow::Result<Proven> {
        let (bytes, proof) = self.placed(index, look.head.size())?;
        verify::inclusion(&bytes, index, &proof, &look.head)?;
        Ok(Proven { index, bytes })
    }

    /// What the city says stands at a place of its log, with the proof in the tree of that size.
    pub(super) fn placed(&self, index: u64, size: u64) -> anyhow::Result<(Vec<u8>, Vec<Digest>)> {
        let page: EntryPage = self
            .city
            .open(&format!("/api/v1/log/entries?from={index}&limit=1"))?;
        let found = page.entries.into_iter().next();
        let found = found.context("the log page is empty")?;
        let path = format!("/api/v1/log/proof?index={index}&size={size}");
        let proof: ProofPage = self.city.open(&path)?;
        let bytes = found.entry.get().as_bytes().to_vec();
        Ok((bytes, hashes(&proof.proof)?))
    }
}
