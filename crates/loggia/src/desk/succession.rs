//! The log's key has a successor: followed from the pinned key to the present one, each step under
//! a checkpoint that both keys signed and a statement that both groups signed. Never takes a key
//! because the city shows it.

use anyhow::{Context, bail};
use loggia_model::{Digest, PersonId, Role};
use loggia_policy::{LogKeyStatement, LogKeys, Roster, SignedLogKey, SignedRoster, VerifiedRoster};
use loggia_seal::PersonKey;
use loggia_transparency::{SUCCESSIONS_MAX, Succession, Verifier, verify};
use serde::Deserialize;

use super::Desk;
use super::pinned::Known;
use crate::roster;

const PATH: &str = "/api/v1/desk/log-key";

#[derive(Deserialize)]
struct HandedOver {
    log_index: u64,
}

impl Desk {
    /// Follows the log from a key of the policy file to the one that signs now, and adds that one
    /// to the file. Gives it, or nothing if the file names it already.
    pub fn follow_log(&self, person: &PersonId) -> anyhow::Result<Option<Verifier>> {
        let key = self.keys.key(person)?;
        let note = self.city.text("/log/checkpoint")?;
        if self.log.policy().log_signed(note.as_bytes()).is_ok() {
            return Ok(None);
        }
        let chain: Vec<SignedRoster> = self.city.get(key, "/api/v1/desk/roster")?;
        let shown = self.city.text("/log/key")?.parse()?;
        let known = self
            .pinned
            .known()?
            .context("this desk has pinned nothing")?;
        for log in self.log.policy().logs() {
            if let Some(next) = self.succeeded(key, &log.key, &known, &shown, &chain)? {
                self.log.believe(&self.folder, &next)?;
                return Ok(Some(next));
            }
        }
        bail!(
            "the public log is not signed by a key of your log policy, nor handed over to one that is shown"
        )
    }

    /// The key that counts now, when the city can show the way from `first` to it. `None` when
    /// there is no such way: what the other key signed is then not believed.
    fn succeeded(
        &self,
        key: &PersonKey,
        first: &Verifier,
        known: &Known,
        shown: &Verifier,
        chain: &[SignedRoster],
    ) -> anyhow::Result<Option<Verifier>> {
        let mut now = first.clone();
        for n in 1..=SUCCESSIONS_MAX {
            let Ok(note) = self.city.text(&format!("/log/succession/{n}")) else {
                return Ok(None);
            };
            // One from before this desk's time is signed by keys that it never knew.
            let Ok(closing) = verify::checkpoint(note.as_bytes(), &now) else {
                continue;
            };
            let size = closing.size();
            let (last, proof) = self.last_under(size)?;
            // The first checkpoint of a key is the last of the one before: no step from it.
            let Ok(step) = Succession::check(note.as_bytes(), &now, &last, &proof) else {
                continue;
            };
            self.both_groups_agreed(key, known, &now, &step, chain)?;
            now = step.next;
            if now == *shown {
                return Ok(Some(now));
            }
        }
        Ok(None)
    }

    /// The statement that the log's entry names is signed by both groups of a roster of the chain,
    /// no older than the newest that this desk knows: who has left agrees to nothing.
    fn both_groups_agreed(
        &self,
        key: &PersonKey,
        known: &Known,
        before: &Verifier,
        step: &Succession,
        chain: &[SignedRoster],
    ) -> anyhow::Result<()> {
        let keys: LogKeys = self.city.get(key, PATH)?;
        let named = |s: &&SignedLogKey| LogKeyStatement::hash_of(&s.statement) == step.statement;
        let signed = keys.statements.iter().find(named).context(
            "the public log changes its key, and the city does not show that both groups signed it",
        )?;
        let mut last: Option<VerifiedRoster> = None;
        let mut may = known.newest_roster == Digest::default();
        for version in chain {
            let next = version.clone().verify(last.as_ref())?;
            may |= next.hash() == known.newest_roster;
            if may && next.hash() == signed.read()?.roster {
                let said = signed.verify(next.roster(), next.hash())?;
                if said.old != before.to_string() || said.new != step.next.to_string() {
                    bail!("what both groups signed names other keys than the public log");
                }
                return Ok(());
            }
            last = Some(next);
        }
        bail!("who signed for the log's new key is in no roster since the one that this desk knows")
    }

    /// The last entry of the first `size`, with its proof in the tree of that size.
    fn last_under(&self, size: u64) -> anyhow::Result<(Vec<u8>, Vec<Digest>)> {
        let index = size
            .checked_sub(1)
            .context("an empty log is not handed over")?;
        self.placed(index, size)
    }

    /// Draws the statement that hands the log over to the key that the recorder has drawn.
    pub fn draw_log_key(&self, person: &PersonId) -> anyhow::Result<SignedLogKey> {
        let (roster, now) = self.custodian_now(person)?;
        let (key, path) = (self.keys.key(person)?, format!("{PATH}/next"));
        let keys: LogKeys = self.city.post_for(key, &path, &serde_json::json!({}))?;
        if keys.now != now.to_string() {
            bail!("the city names another key in force than the one that this desk trusts");
        }
        let statement = LogKeyStatement {
            v: 1,
            old: keys.now,
            new: keys.next.context("the city has drawn no key")?,
            roster: Roster::hash_of(&roster.to_json()?),
            at: self.clock.now(),
        };
        Ok(SignedLogKey {
            statement: statement.to_json()?,
            signatures: Vec::new(),
        })
    }

    /// Reads a statement that somebody else has drawn: of the key that this desk trusts, under the
    /// roster in force.
    pub fn proposed_log_key(
        &self,
        person: &PersonId,
        signed: &SignedLogKey,
    ) -> anyhow::Result<LogKeyStatement> {
        let (roster, now) = self.custodian_now(person)?;
        let statement = signed.read()?;
        if statement.old != now.to_string() {
            bail!("the statement ends another key than the one that this desk trusts");
        }
        if statement.roster != Roster::hash_of(&roster.to_json()?) {
            bail!("the statement was drawn under another roster than the one in force");
        }
        Ok(statement)
    }

    fn custodian_now(&self, person: &PersonId) -> anyhow::Result<(Roster, Verifier)> {
        let roster = self.roster_in_force(person)?;
        let me = roster.member(person);
        if !me.is_some_and(|m| m.roles.contains(&Role::Custodian)) {
            bail!("{person} is no custodian of roster {}", roster.version);
        }
        let note = self.city.text("/log/checkpoint")?;
        let signs = |key: &&Verifier| verify::checkpoint(note.as_bytes(), key).is_ok();
        let mut keys = self.log.policy().logs().iter().map(|l| &l.key);
        let now = keys.find(signs);
        let now = now.context("the public log is not signed by a key of your log policy")?;
        Ok((roster, now.clone()))
    }

    /// Adds this person's signature.
    pub fn sign_log_key(&self, person: &PersonId, signed: &mut SignedLogKey) -> anyhow::Result<()> {
        let hash = LogKeyStatement::hash_of(&signed.statement);
        let message = LogKeyStatement::to_be_signed(hash);
        let signature = roster::signature(self.keys.key(person)?, &message)?;
        signed.signatures.retain(|s| s.person != *person);
        signed.signatures.push(signature);
        Ok(())
    }

    /// Sends the statement, and follows the log to its new key. Gives the entry's place.
    pub fn hand_over_log(&self, person: &PersonId, signed: &SignedLogKey) -> anyhow::Result<u64> {
        let key = self.keys.key(person)?;
        let done: HandedOver = self.city.post_for(key, PATH, signed)?;
        let new = signed.read()?.new;
        if self
            .follow_log(person)?
            .is_some_and(|next| next.to_string() != new)
        {
            bail!("the city took the statement, and its log is signed by another key");
        }
        Ok(done.log_index)
    }
}
