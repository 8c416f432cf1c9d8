//! What an approver of the oversight body agrees to, and what follows: kept, logged, then done. A
//! kill in between leaves an agreed ask, and the next tick finishes it.

use loggia_model::{Actor, Digest};
use loggia_transparency::{
    Court, DisclosureExtended, DisclosureWithdrawn, Event, Loggable, RecordsErased, commit,
};

use super::{AskState, AskWhat, DisclosureAsk, agrees};
use crate::rows::desk;
use crate::rows::disclosure_asks::{self as ask_rows, AskRow};
use crate::rows::disclosures as rows;
use crate::rows::requests;
use crate::statement::SignedStatement;
use crate::{Error, Policy};

struct Told(Event);

impl Loggable for Told {
    fn event(&self) -> Event {
        self.0.clone()
    }
}

fn entry(row: &AskRow, ask: &DisclosureAsk) -> Told {
    let request = ask.request;
    Told(match ask.what {
        AskWhat::Extend => Event::DisclosureExtended(DisclosureExtended {
            request,
            until: ask.until,
            court: if ask.court.is_empty() {
                Court::None
            } else {
                Court::Decision
            },
            extension: commit(&row.salt, row.json.as_bytes()),
        }),
        AskWhat::Withdraw => Event::DisclosureWithdrawn(DisclosureWithdrawn {
            request,
            reason: ask.reason.of_withdrawal(),
        }),
        AskWhat::Erase => Event::RecordsErased(RecordsErased { request }),
    })
}

impl Policy {
    /// An approver of the oversight body agrees to what somebody else asked, by signature: kept,
    /// then logged, then done.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Signature`], [`Error::Conflict`] when it cannot be any more.
    pub fn agree_disclosure(
        &self,
        by: &Actor,
        id: Digest,
        signed: &SignedStatement,
    ) -> Result<AskState, Error> {
        if !agrees(by) {
            return Err(Error::Forbidden(
                "an approver of the oversight body agrees".into(),
            ));
        }
        let _step = self.one_step();
        let row = self
            .read(|c| ask_rows::ask(c, id))?
            .ok_or(Error::NotFound("ask"))?;
        if row.asked_by == by.person {
            return Err(Error::Forbidden("nobody agrees to their own ask".into()));
        }
        if row.state != AskState::Asked {
            return Err(Error::Conflict(format!("this ask is {}", row.state.word())));
        }
        let stated = self.stated(by, id, signed, &[row.what.act()])?;
        self.fits(&DisclosureAsk::parse(&row.json)?)?;
        let now = self.clock.now();
        self.write(|c| {
            desk::put_statement(c, &stated, by.body)?;
            Ok::<_, Error>(ask_rows::set_agreed(c, id, &by.person, now)?)
        })?;
        self.finish_ask(&row)?;
        Ok(AskState::Done)
    }

    /// Logs what was agreed to, then does it.
    fn finish_ask(&self, row: &AskRow) -> Result<(), Error> {
        let ask = DisclosureAsk::parse(&row.json)?;
        let logged = self.tell(entry(row, &ask))?;
        let (index, now) = (logged.index(), self.clock.now());
        self.write(|c| {
            match ask.what {
                AskWhat::Extend => {
                    rows::set_date(c, ask.request, ask.new_date())?;
                    requests::put_log(c, ask.request, index, "disclosure_extended")?;
                }
                AskWhat::Withdraw => {
                    rows::set_withdrawn(c, ask.request, now)?;
                    requests::put_log(c, ask.request, index, "disclosure_withdrawn")?;
                }
                AskWhat::Erase => rows::erase(c, ask.request, row.id, now)?,
            }
            Ok::<_, Error>(ask_rows::set_ask(c, row.id, AskState::Done, Some(index))?)
        })?;
        self.forget_published();
        if ask.what == AskWhat::Erase {
            // What was overwritten in the tables stands in the write-ahead log until this.
            self.db.checkpoint()?;
        }
        Ok(())
    }

    /// Finishes what was agreed to when the machine or the log failed, publishes what is due, and
    /// lets go of asks that nobody agreed to in time.
    ///
    /// # Errors
    /// The first failure; the next tick tries again.
    pub(crate) fn disclosure_tick(&self) -> Result<(), Error> {
        let _step = self.one_step();
        let mut outcome = Ok(());
        for row in self.read(|c| ask_rows::agreed(c))? {
            outcome = outcome.and(self.finish_ask(&row));
        }
        let published = self.publish_due();
        for row in self.read(|c| ask_rows::asks(c, super::LISTED_MAX))? {
            if row.state != AskState::Asked {
                continue;
            }
            // Tables that do not answer are no reason to let go.
            let over = |e: &Error| {
                matches!(
                    e,
                    Error::Conflict(_) | Error::Invalid(_) | Error::NotFound(_)
                )
            };
            if self
                .fits(&DisclosureAsk::parse(&row.json)?)
                .is_err_and(|e| over(&e))
            {
                self.write(|c| {
                    Ok::<_, Error>(ask_rows::set_ask(c, row.id, AskState::Lapsed, None)?)
                })?;
            }
        }
        outcome.and(published.map(drop))
    }
}
