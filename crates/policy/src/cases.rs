//! Cases: what every request names. The number stays inside; the public log has its commitment.
//! Never tells a case number to another body.

use core::time::Duration;

use loggia_model::{Actor, At, Digest, PersonId, Purpose, is_line};
use loggia_transparency::{CaseOpened, Event, Loggable, commit_fresh};
use serde::{Deserialize, Serialize};

use crate::decide::{Reason, filing_rule};
use crate::rows::cases as rows;
use crate::unexplained::is_auditor;
use crate::{Error, Policy};

/// What daily limits count over.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
/// Longest case number, characters.
pub const NUMBER_CHARS_MAX: usize = 64;
/// Cases that one person opens in 24 hours: one every five minutes of a working day. Each is an
/// entry in the public log for good, so it cannot be had freely.
pub const CASES_PER_DAY_MAX: u64 = 100;
/// Cases in one answer.
const CASES_MAX: u32 = 500;

/// A case as its own body sees it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Case {
    /// Number in the table.
    pub id: u64,
    /// The body's own case number.
    pub number: String,
    /// What for.
    #[schema(value_type = String)]
    pub purpose: Purpose,
    /// SHA-256 of salt and number: goes into each request.
    #[schema(value_type = String)]
    pub commitment: Digest,
    /// Who opened it.
    #[schema(value_type = String)]
    pub opened_by: PersonId,
    /// When, microseconds.
    #[schema(value_type = i64)]
    pub opened_at: At,
    /// Its entry in the public log.
    pub log_index: u64,
    /// When it was closed, microseconds; none while it is open.
    #[schema(value_type = Option<i64>)]
    pub closed_at: Option<At>,
}

struct Opened {
    case: Digest,
    purpose: Purpose,
}

impl Loggable for Opened {
    fn event(&self) -> Event {
        Event::CaseOpened(CaseOpened {
            case: self.case,
            purpose: self.purpose,
        })
    }
}

impl From<rows::CaseRow> for Case {
    fn from(r: rows::CaseRow) -> Self {
        Self {
            id: r.id,
            number: r.number,
            purpose: r.purpose,
            commitment: r.commitment,
            opened_by: r.opened_by,
            opened_at: r.opened_at,
            log_index: r.log_index,
            closed_at: r.closed_at,
        }
    }
}

impl Policy {
    /// Opens a case: logged with a salted commitment, then kept.
    ///
    /// # Errors
    /// [`Error::Denied`] for a person who cannot file for the purpose; [`Error::Invalid`];
    /// [`Error::Busy`] when the person opened [`CASES_PER_DAY_MAX`] in the last 24 hours.
    pub fn open_case(&self, by: &Actor, number: &str, purpose: Purpose) -> Result<Case, Error> {
        let number = number.trim();
        let ok = (1..=NUMBER_CHARS_MAX).contains(&number.chars().count()) && is_line(number);
        if !ok {
            return Err(Error::Invalid(format!(
                "a case number has 1–{NUMBER_CHARS_MAX} characters"
            )));
        }
        let (bodies, role) = filing_rule(purpose);
        if !bodies.contains(&by.body) {
            return Err(Error::Denied(vec![Reason::PurposeNotOfBody]));
        }
        if !by.has(role) {
            return Err(Error::Denied(vec![Reason::RoleMissing]));
        }
        let _step = self.one_step();
        let day = self.clock.now().before(DAY);
        if self.read(|c| Ok(rows::opened_since(c, &by.person, day)?))? >= CASES_PER_DAY_MAX {
            return Err(Error::Busy(format!(
                "you opened {CASES_PER_DAY_MAX} cases in the last 24 hours, which is the most; \
                 open the next one later, or ask a colleague"
            )));
        }
        let (commitment, salt) = commit_fresh(number.as_bytes())?;
        let logged = self.tell(Opened {
            case: commitment,
            purpose,
        })?;
        let mut row = rows::CaseRow {
            id: 0,
            number: number.to_owned(),
            purpose,
            salt,
            commitment: logged.get().case,
            opened_by: by.person.clone(),
            body: by.body,
            opened_at: self.clock.now(),
            log_index: logged.index(),
            closed_at: None,
        };
        row.id = self.write(|c| Ok(rows::put_case(c, &row)?))?;
        Ok(row.into())
    }

    /// Ends a case, as the one who opened it or as the oversight body's auditor. Kept inside: the
    /// public log has no kind for it, since nothing is opened by it. Nothing more can be asked for
    /// in the case.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a case of another body; [`Error::Forbidden`] for a colleague's;
    /// [`Error::Conflict`] while a request of it runs, or when it is closed already.
    pub fn close_case(&self, who: &Actor, id: u64) -> Result<Case, Error> {
        let _step = self.one_step();
        let auditor = is_auditor(who);
        let mut row = self
            .read(|c| rows::case(c, id))?
            .filter(|c| auditor || c.body == who.body)
            .ok_or(Error::NotFound("case"))?;
        if !auditor && row.opened_by != who.person {
            return Err(Error::Forbidden(
                "whoever opened a case closes it, or the oversight body's auditor".into(),
            ));
        }
        if row.closed_at.is_some() {
            return Err(Error::Conflict("this case is closed".into()));
        }
        if self.read(|c| Ok(rows::runs(c, id)?))? {
            return Err(Error::Conflict(
                "a request of this case still runs; withdraw it or wait for its end, then close \
                 the case"
                    .into(),
            ));
        }
        if self.read(|c| Ok(rows::waited_for(c, id)?))? {
            return Err(Error::Conflict(
                "a resident waits for an answer in this case; answer, then the case closes".into(),
            ));
        }
        let now = self.clock.now();
        self.write(|c| Ok(rows::close(c, id, &who.person, now)?))?;
        row.closed_at = Some(now);
        Ok(row.into())
    }

    /// The cases of the person's own body, open ones first, then the newest.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn cases(&self, who: &Actor) -> Result<Vec<Case>, Error> {
        let rows = self.read(|c| rows::cases_of(c, who.body, CASES_MAX))?;
        Ok(rows.into_iter().map(Case::from).collect())
    }
}
