//! What the log is told of residents' asks: case, freeze and end, each once and in this order.
//! Never makes an ask wait for the log.

use loggia_model::{PersonId, Purpose};
use loggia_transparency::{CaseOpened, Event, Freeze, Loggable, RequestEnd, RequestEnded};

use crate::rows::cases::{self, CaseRow};
use crate::rows::residents::{self as rows, AskRow, End};
use crate::{Error, Policy};

/// Who opened a resident's case: no account can have this name.
pub(crate) const RESIDENT: &str = "(resident)";

struct Entry(Event);

impl Loggable for Entry {
    fn event(&self) -> Event {
        self.0.clone()
    }
}

impl Policy {
    /// Tells the log of case, freeze and end, each once and in this order, without waiting for it.
    pub(crate) fn tell_ask(&self, id: u64) -> Result<(), Error> {
        self.tell_ask_case(id)?;
        self.tell_ask_freeze(id, End::Begun)?;
        self.tell_ask_freeze(id, End::Over)
    }

    fn tell_ask_case(&self, id: u64) -> Result<(), Error> {
        let Some(row) = self.read(|c| rows::ask(c, id))? else {
            return Ok(());
        };
        let entry = || {
            let now = self.read(|c| rows::ask(c, id))?;
            let untold = now.filter(|r| r.case.is_none());
            Ok(untold.map(|r| {
                Entry(Event::CaseOpened(CaseOpened {
                    case: r.commitment,
                    purpose: Purpose::SubjectAccess,
                }))
            }))
        };
        self.tell_aside(entry, move |c, log_index| {
            let case = CaseRow {
                id: 0,
                number: row.number,
                purpose: Purpose::SubjectAccess,
                salt: row.salt,
                commitment: row.commitment,
                opened_by: PersonId(RESIDENT.to_owned()),
                body: row.body,
                opened_at: row.asked_at,
                log_index,
                closed_at: None,
            };
            let case = cases::put_case(c, &case)?;
            Ok(rows::set_case(c, id, case)?)
        })
    }

    fn tell_ask_freeze(&self, id: u64, end: End) -> Result<(), Error> {
        let entry = || {
            let spans = self.read(|c| Ok(rows::kept(c, id)?))?.len();
            let row = self.read(|c| rows::ask(c, id))?;
            Ok(row.and_then(|r| entry_of(&r, end, spans)).map(Entry))
        };
        self.tell_aside(entry, move |c, i| Ok(rows::set_told(c, id, end, i)?))
    }
}

/// What the log has not been told yet of a freeze, or of its end.
fn entry_of(row: &AskRow, end: End, spans: usize) -> Option<Event> {
    let request = row.commitment;
    match end {
        End::Begun => row.freeze_index.is_none().then(|| {
            let spans = u32::try_from(spans).unwrap_or(u32::MAX);
            Event::Freeze(Freeze { request, spans })
        }),
        End::Over => (!row.frozen && row.ended_index.is_none()).then_some({
            let how = match row.answered_at {
                Some(_) => RequestEnd::Answered,
                None => RequestEnd::Expired,
            };
            Event::RequestEnded(RequestEnded { request, how })
        }),
    }
}
