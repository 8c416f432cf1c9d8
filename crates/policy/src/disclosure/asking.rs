//! Asking for a later date, for a disclosure to be taken down, or for records to be erased.
//! Never does any of it: that takes an approver of the oversight body.

use loggia_model::{Actor, At, Digest, Role};

use super::{ASKS_WAITING_MAX, AskState, AskWhat, DisclosureAsk};
use crate::rows::disclosure_asks::{self as ask_rows, AskRow};
use crate::rows::disclosures::{self as rows, DateRow};
use crate::rows::requests;
use crate::unexplained::is_auditor;
use crate::wire::random;
use crate::{Error, Policy};

impl Policy {
    /// Keeps an ask; nothing changes by it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for whoever may not ask; [`Error::Invalid`] for the bytes;
    /// [`Error::Conflict`] when it cannot be any more; [`Error::Busy`] when too many wait.
    pub fn ask_disclosure(&self, by: &Actor, json: &str) -> Result<Digest, Error> {
        let ask = DisclosureAsk::parse(json)?;
        if ask.asked_by != by.person {
            return Err(Error::Invalid("the ask names another person".into()));
        }
        let _step = self.one_step();
        self.may_ask(by, &ask)?;
        self.fits(&ask)?;
        let row = AskRow {
            id: DisclosureAsk::id_of(json),
            request: ask.request,
            what: ask.what,
            json: json.to_owned(),
            salt: random()?,
            asked_by: by.person.clone(),
            asked_at: self.clock.now(),
            state: AskState::Asked,
            agreed_by: None,
            log_index: None,
        };
        self.write(|c| {
            let waits = |a: &AskRow| {
                a.what == ask.what && matches!(a.state, AskState::Asked | AskState::Agreed)
            };
            if ask_rows::asks_of(c, ask.request)?.iter().any(waits) {
                return Err(Error::Conflict(
                    "the same is asked about this request already and waits".into(),
                ));
            }
            if ask_rows::waiting_of(c, &by.person)? >= ASKS_WAITING_MAX {
                return Err(Error::Busy(format!(
                    "{ASKS_WAITING_MAX} of your asks wait for the oversight body"
                )));
            }
            ask_rows::put_ask(c, &row)
        })?;
        Ok(row.id)
    }

    /// The requester asks for a later date; the requester or the auditor to take down; the auditor
    /// to erase (as the data-protection officer's hand).
    fn may_ask(&self, by: &Actor, ask: &DisclosureAsk) -> Result<(), Error> {
        let auditor = is_auditor(by);
        let row = self.read(|c| requests::request(c, ask.request))?;
        let own = row.is_some_and(|r| {
            r.requester == by.person && (by.has(Role::Investigator) || by.has(Role::Auditor))
        });
        let may = match ask.what {
            AskWhat::Extend => own,
            AskWhat::Withdraw => own || auditor,
            AskWhat::Erase => auditor,
        };
        if may {
            return Ok(());
        }
        Err(Error::Forbidden(
            match ask.what {
                AskWhat::Extend => "whoever filed a request asks for a later date",
                AskWhat::Withdraw => "whoever filed it, or the oversight body's auditor, asks",
                AskWhat::Erase => "the oversight body's auditor asks for erasure",
            }
            .into(),
        ))
    }

    /// Whether it can be done now: asked when it is asked for, and again when it is agreed to.
    pub(super) fn fits(&self, ask: &DisclosureAsk) -> Result<(), Error> {
        let (date, place_out, state) = self.read(|c| {
            let details = rows::details(c, ask.request)?;
            let out = details.iter().any(|d| d.published_at.is_some());
            let state = requests::request(c, ask.request)?.map(|r| r.state);
            Ok::<_, Error>((rows::date(c, ask.request)?, out, state))
        })?;
        let conflict = |s: &str| Err(Error::Conflict(s.to_owned()));
        let over = date.is_some_and(|d| d.erased_at.is_some());
        if over {
            return conflict("the records of this request are erased");
        }
        match ask.what {
            AskWhat::Extend => {
                let date = date.ok_or(Error::NotFound("date of this request"))?;
                if self.clock.now() >= date.disclose_at || place_out {
                    return conflict("the date has come; what is public can only be taken down");
                }
                self.date_fits(ask, &date)
            }
            AskWhat::Withdraw if date.is_some_and(|d| d.withdrawn_at.is_some()) => {
                conflict("it is taken down already")
            }
            AskWhat::Withdraw if !place_out => {
                conflict("nothing is public yet; ask for a later date")
            }
            AskWhat::Withdraw => Ok(()),
            AskWhat::Erase => match state {
                None => Err(Error::NotFound("request")),
                Some(s) if !s.ended() => {
                    conflict("the request runs still; records are erased when it is over")
                }
                Some(_) => Ok(()),
            },
        }
    }

    fn date_fits(&self, ask: &DisclosureAsk, date: &DateRow) -> Result<(), Error> {
        let bad = |s: String| Err(Error::Invalid(s));
        let until = ask.new_date();
        if until <= date.disclose_at {
            return bad("the new date is later than the present one".into());
        }
        let rules = &self.rules.disclosure;
        let (longest_s, whose) = if ask.court.is_empty() {
            (rules.longest_s, "without a court")
        } else {
            (rules.court_longest_s, "with a court's decision")
        };
        let longest = core::time::Duration::from_secs(u64::from(longest_s));
        let latest: At = date.filed_at.after(longest);
        if until > latest {
            return bad(format!(
                "{whose} place and hour stay closed until {latest} at the longest"
            ));
        }
        Ok(())
    }
}
