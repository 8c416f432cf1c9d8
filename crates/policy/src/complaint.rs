//! Complaints of residents, for the oversight body's auditor. Never shown to those complained of.

use loggia_model::{Actor, At, Body, CameraId, Complaint, PersonId, Role, TOLD_CHARS_MIN};
use serde::Serialize;

use crate::cases::DAY;
use crate::reference::fresh_number;
use crate::residents::{LISTED_MAX, Written};
use crate::rows::residents::{self as rows, ComplaintRow, Of};
use crate::{Error, Policy};

/// Complaints that may wait for an answer, in all: about 9 kB each at most, so 2 MB.
pub const COMPLAINTS_WAITING_MAX: u64 = 200;
/// Complaints that are taken in 24 hours, in all.
pub const COMPLAINTS_PER_DAY_MAX: u64 = 40;

/// A complaint as the auditor sees it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ResidentComplaint {
    /// Number in the table.
    pub id: u64,
    /// Number for letters.
    pub number: String,
    /// When it came.
    #[schema(value_type = i64)]
    pub at: At,
    /// The name given.
    pub name: String,
    /// How they are reached; may be empty, then nobody is answered.
    pub contact: String,
    /// Their words.
    pub about: String,
    /// Which camera.
    #[schema(value_type = Option<u32>)]
    pub camera: Option<CameraId>,
    /// When it was answered.
    #[schema(value_type = Option<i64>)]
    pub answered_at: Option<At>,
    /// By whom.
    #[schema(value_type = Option<String>)]
    pub answered_by: Option<PersonId>,
    /// In which words.
    pub answer: Option<String>,
}

impl Policy {
    /// Takes a complaint and gives the number that the resident names when writing again.
    ///
    /// # Errors
    /// [`Error::Invalid`] for its words; [`Error::Busy`] when too many wait or came today.
    pub fn complain(&self, complaint: &Complaint) -> Result<String, Error> {
        let about = &complaint.about;
        let written = Written::checked(&complaint.name, &complaint.contact, about, 0)?;
        if written.told.chars().count() < TOLD_CHARS_MIN {
            return Err(Error::Invalid(
                "say what it is about, in at least 10 characters".into(),
            ));
        }
        let number = fresh_number("C")?;
        let now = self.clock.now();
        let row = ComplaintRow {
            id: 0,
            sealed: self.seal_written(&number, &written)?,
            number,
            camera: complaint.camera,
            at: now,
            answered_at: None,
            answered_by: None,
            answer: None,
        };
        self.write(|c| {
            let (waiting, today) = rows::complaint_load(c, now.before(DAY))?;
            if waiting >= COMPLAINTS_WAITING_MAX || today >= COMPLAINTS_PER_DAY_MAX {
                return Err(Error::Busy(
                    "too many complaints wait at the moment; try again tomorrow, or write to the \
                     oversight body"
                        .into(),
                ));
            }
            Ok(rows::put_complaint(c, &row)?)
        })?;
        Ok(row.number)
    }

    /// Whether a complaint has this number: whoever filed it is told so, and no forged link is.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn has_complaint(&self, number: &str) -> Result<bool, Error> {
        self.read(|c| Ok(rows::has_complaint(c, number)?))
    }

    /// Complaints: those that wait first.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everybody but the oversight body's auditor.
    pub fn complaints(&self, who: &Actor) -> Result<Vec<ResidentComplaint>, Error> {
        may_read(who)?;
        self.read(|c| Ok(rows::complaints(c, LISTED_MAX)?))?
            .into_iter()
            .map(|r| {
                let written = self.unseal_written(&r.number, &r.sealed)?;
                let answer = r.answer.as_ref();
                Ok(ResidentComplaint {
                    id: r.id,
                    at: r.at,
                    name: written.name,
                    contact: written.contact,
                    about: written.told,
                    camera: r.camera,
                    answered_at: r.answered_at,
                    answered_by: r.answered_by,
                    answer: answer
                        .map(|a| self.unseal_answer(&r.number, a))
                        .transpose()?,
                    number: r.number,
                })
            })
            .collect()
    }

    /// Marks a complaint answered.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] for the words,
    /// [`Error::Conflict`] when it was answered before.
    pub fn answer_complaint(&self, by: &Actor, id: u64, words: &str) -> Result<(), Error> {
        may_read(by)?;
        let all = self.read(|c| Ok(rows::complaints(c, LISTED_MAX)?))?;
        let row = all.into_iter().find(|r| r.id == id);
        let row = row.ok_or(Error::NotFound("complaint"))?;
        let answer = self.seal_answer(&row.number, words)?;
        let now = self.clock.now();
        let done = self.write(|c| {
            Ok(rows::set_answered(
                c,
                Of::Complaint,
                id,
                &by.person,
                now,
                &answer,
            )?)
        })?;
        if !done {
            return Err(Error::Conflict("it was answered before".into()));
        }
        Ok(())
    }
}

fn may_read(who: &Actor) -> Result<(), Error> {
    if who.body == Body::Oversight && who.has(Role::Auditor) {
        return Ok(());
    }
    Err(Error::Forbidden(
        "complaints are read by the oversight body's auditor".into(),
    ))
}
