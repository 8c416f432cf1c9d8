//! Opening and shutting: two words make an opening, one ends it. The log hears of an end before it
//! hears of the next opening. Never waits for the log to shut.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use loggia_model::{Actor, At, PersonId, Role};
use loggia_transparency::{BreakGlassEnded, BreakGlassOpened, Event, GlassEnd, Loggable};

use super::{
    BREAK_GLASS, GLASS_OPEN, GLASS_WAIT, Glass, GlassHalf, GlassNow, Opened, Waiting, half_hash,
    new_half,
};
use crate::rows::{break_glass as rows, desk, people};
use crate::statement::{Act, SignedStatement};
use crate::{Error, Policy};

struct Opening(At);

impl Loggable for Opening {
    fn event(&self) -> Event {
        Event::BreakGlassOpened(BreakGlassOpened {
            until: self.0.secs(),
        })
    }
}

struct Ended {
    opening: u64,
    how: GlassEnd,
}

impl Loggable for Ended {
    fn event(&self) -> Event {
        Event::BreakGlassEnded(BreakGlassEnded {
            opening: Some(self.opening),
            how: self.how,
        })
    }
}

impl Policy {
    /// A custodian's word that the account be opened. The first waits [`GLASS_WAIT`] for one of the
    /// other group; with the second it is open, after the log has it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for anybody but a custodian; [`Error::Conflict`] while it is open, and
    /// while a word of the own group waits: a second one would make the first one's half worthless
    /// without anybody being told; [`Error::Signature`], [`Error::Invalid`]; [`Error::Log`] when
    /// the log does not take it: then it stays shut.
    pub fn open_break_glass(
        &self,
        by: &Actor,
        signed: &SignedStatement,
    ) -> Result<GlassHalf, Error> {
        let _step = self.one_step();
        if !by.has(Role::Custodian) {
            return Err(Error::Forbidden(
                "the break-glass account is opened by a custodian of each group".into(),
            ));
        }
        let stated = self.stated(by, Self::glass_subject(), signed, &[Act::OpenBreakGlass])?;
        if let Some(until) = self.glass_until() {
            return Err(Error::Conflict(format!(
                "it is open already, until {until}"
            )));
        }
        // What has run out ends before the next begins, sessions with it.
        if self.glass(|g| g.open.is_some()) {
            self.shut_glass(GlassEnd::Expired)?;
        }
        let first = self.first_word(by)?;
        let half = new_half()?;
        let said = half_hash(&half);
        let word = Waiting {
            body: by.body,
            stated,
            half: said,
            since: self.clock.mono(),
        };
        let until = match first {
            None => {
                self.glass(|g| g.waiting = Some(word));
                None
            }
            Some(first) => Some(self.open_with([first, word])?),
        };
        let half = half.to_string();
        Ok(GlassHalf { half, until })
    }

    /// Takes the other group's word that waits. One that is too old is forgotten, and so is one of
    /// somebody who may not any more.
    fn first_word(&self, by: &Actor) -> Result<Option<Waiting>, Error> {
        let mono = self.clock.mono();
        let Some(first) = self.glass(|g| g.waiting.take()) else {
            return Ok(None);
        };
        if mono.saturating_sub(first.since) >= GLASS_WAIT {
            return Ok(None);
        }
        let first_by = first.stated.statement.by.clone();
        let still = self.actor_enabled(&first_by)?;
        let may = still.is_some_and(|a| a.has(Role::Custodian) && a.body == first.body);
        match (may, first.body == by.body) {
            (true, false) => Ok(Some(first)),
            (true, true) => {
                let left = GLASS_WAIT.saturating_sub(mono.saturating_sub(first.since));
                self.glass(|g| g.waiting = Some(first));
                Err(Error::Conflict(waits(&first_by, left)))
            }
            (false, true) => Ok(None),
            // The first one's standing counts now, as the second's does.
            (false, false) => Err(Error::Forbidden(format!(
                "{first_by}, who spoke first, may not any more; begin again"
            ))),
        }
    }

    /// Both words are there: the log has it, then it is open.
    fn open_with(&self, words: [Waiting; 2]) -> Result<At, Error> {
        // Nobody reads in the log that this one ended when it was the one before.
        self.tell_glass_ends()?;
        let (now, mono) = (self.clock.now(), self.clock.mono());
        let until = now.after(GLASS_OPEN);
        let logged = self.tell(Opening(until))?;
        let [first, second] = &words;
        let by = [first, second].map(|w| w.stated.statement.by.clone());
        let account = PersonId(BREAK_GLASS.to_owned());
        self.write(|c| {
            for word in &words {
                desk::put_statement(c, &word.stated, word.body)?;
            }
            // Whoever was on the way in when the last one was shut is not in this one.
            people::end_sessions_of(c, &account)?;
            Ok(rows::put(c, by.each_ref(), now, until, logged.index())?)
        })?;
        let index = logged.index();
        self.glass(|g| {
            g.open = Some(Opened {
                opening: GlassNow { index, by },
                silenced: BTreeSet::new(),
                until,
                ends: mono + GLASS_OPEN,
                halves: Some(words.map(|w| w.half)),
                read: BTreeMap::new(),
            });
        });
        Ok(until)
    }

    /// A custodian of either group ends the opening at once, or takes back a word that waits; so
    /// does whoever used it by signing out.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for anybody else; [`Error::Conflict`] when it is not open and no word
    /// waits.
    pub fn recall_break_glass(&self, by: &Actor) -> Result<(), Error> {
        if !by.has(Role::Custodian) {
            return Err(Error::Forbidden("a custodian ends the opening".into()));
        }
        if self.glass_until().is_some() {
            return self.shut_glass(GlassEnd::Recalled);
        }
        let mono = self.clock.mono();
        let fresh = |w: Waiting| mono.saturating_sub(w.since) < GLASS_WAIT;
        if self.glass(|g| g.waiting.take()).is_some_and(fresh) {
            return Ok(());
        }
        Err(Error::Conflict(
            "the break-glass account is shut, and nobody's word waits".into(),
        ))
    }

    /// Shuts first and tells the log after: what ends must not wait for a dead log.
    pub(crate) fn shut_glass(&self, how: GlassEnd) -> Result<(), Error> {
        self.glass(|g| *g = Glass::default());
        let person = PersonId(BREAK_GLASS.to_owned());
        self.write(|c| {
            people::end_sessions_of(c, &person)?;
            Ok(rows::end(c, how_word(how))?)
        })
    }

    /// What a restart left open is shut; its end is told with the next tick.
    pub(crate) fn glass_resume(&self) -> Result<(), Error> {
        self.shut_glass(GlassEnd::Restarted)
    }

    /// Ends what has run out, and tells the log of ends that it does not know.
    pub(crate) fn glass_tick(&self) -> Result<(), Error> {
        let _step = self.one_step();
        let over = self.glass_until().is_none() && self.glass(|g| g.open.is_some());
        if over {
            self.shut_glass(GlassEnd::Expired)?;
        }
        self.tell_glass_ends()
    }

    /// Tells the log of ends that it does not know. Whoever calls has [`Policy::one_step`]: each is
    /// told once.
    fn tell_glass_ends(&self) -> Result<(), Error> {
        for end in self.read(|c| Ok(rows::untold(c)?))? {
            let (opening, how) = (end.opening, how_of(&end.how)?);
            let logged = self.tell(Ended { opening, how })?;
            self.write(|c| Ok(rows::told(c, end.id, logged.index())?))?;
        }
        Ok(())
    }
}

fn waits(first: &PersonId, left: Duration) -> String {
    let minutes = left.as_secs().div_ceil(60);
    format!(
        "{first} of your group has spoken already, and that half counts for {minutes} more \
         minutes; a custodian of the other group comes next. If that half is lost, take the word \
         back with `loggia key break-glass --end` and begin again"
    )
}

fn how_word(how: GlassEnd) -> &'static str {
    match how {
        GlassEnd::Expired => "expired",
        GlassEnd::SignedOut => "signed_out",
        GlassEnd::Recalled => "recalled",
        GlassEnd::Restarted => "restarted",
    }
}

fn how_of(word: &str) -> Result<GlassEnd, Error> {
    Ok(match word {
        "expired" => GlassEnd::Expired,
        "signed_out" => GlassEnd::SignedOut,
        "recalled" => GlassEnd::Recalled,
        "restarted" => GlassEnd::Restarted,
        _ => return Err(Error::Damaged(format!("an opening ended as `{word}`"))),
    })
}
