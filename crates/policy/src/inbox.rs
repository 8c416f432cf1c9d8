//! Those who answer residents: their inbox, what was written in clear for them alone, and the
//! answer. Never sends anything anywhere.

use loggia_model::{
    Actor, At, Body, PersonId, RequestId, Role, TOLD_CHARS_MAX, TOLD_CHARS_MIN, is_prose,
};
use serde::Serialize;

use crate::decide::State;
use crate::residents::{ANSWER_DISPUTED, LISTED_MAX, Written};
use crate::rows::residents::{self as rows, AskRow, Of};
use crate::subject::SubjectView;
use crate::{Error, Policy};

/// An ask as whoever answers it sees it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ResidentAsk {
    /// Number in the table.
    pub id: u64,
    /// What the resident may see as well.
    #[serde(flatten)]
    pub ask: SubjectView,
    /// The body whose investigators answer it.
    #[schema(value_type = String)]
    pub body: Body,
    /// The name given.
    pub name: String,
    /// How they are reached.
    pub contact: String,
    /// Their words.
    pub told: String,
    /// Until when the spans are frozen.
    #[schema(value_type = i64)]
    pub frozen_until: At,
    /// Who answered.
    #[schema(value_type = Option<String>)]
    pub answered_by: Option<PersonId>,
    /// Requests filed in its case, newest first.
    pub requests: Vec<FiledInCase>,
}

/// A request filed in a case.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FiledInCase {
    /// Hash of its bytes.
    #[schema(value_type = String)]
    pub id: RequestId,
    /// How far.
    #[schema(value_type = String)]
    pub state: State,
}

impl Policy {
    /// Asks for whoever answers them: investigators of the answering body, and the oversight body's
    /// auditor, who sees all.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everybody else.
    pub fn resident_asks(&self, who: &Actor) -> Result<Vec<ResidentAsk>, Error> {
        may_read(who)?;
        self.read(|c| rows::asks(c, LISTED_MAX))?
            .into_iter()
            .filter(|r| may_answer(who, r.body))
            .map(|r| self.resident_ask(r))
            .collect()
    }

    fn resident_ask(&self, row: AskRow) -> Result<ResidentAsk, Error> {
        let written = self.unseal_written(&row.number, &row.sealed)?;
        let filed = self.filed_for(&row)?;
        Ok(ResidentAsk {
            id: row.id,
            ask: self.subject_view(&row)?,
            body: row.body,
            name: written.name,
            contact: written.contact,
            told: written.told,
            frozen_until: row.frozen_until,
            answered_by: row.answered_by,
            requests: filed
                .into_iter()
                .map(|(id, state)| FiledInCase { id, state })
                .collect(),
        })
    }

    /// Marks an ask answered, in words that whoever holds the reference can read. The freeze stands
    /// for [`ANSWER_DISPUTED`] more, so that whoever is asked about cannot end it alone; an answer
    /// of the oversight body's auditor ends it at once. A request that runs in its case keeps its
    /// own.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] for the words,
    /// [`Error::Conflict`] when it was answered before.
    pub fn answer_resident(&self, by: &Actor, id: u64, words: &str) -> Result<(), Error> {
        may_read(by)?;
        let row = self
            .read(|c| rows::ask(c, id))?
            .filter(|r| may_answer(by, r.body))
            .ok_or(Error::NotFound("ask"))?;
        let answer = self.seal_answer(&row.number, words)?;
        let now = self.clock.now();
        let at_once = audits(by);
        let until = if at_once {
            now
        } else {
            now.after(ANSWER_DISPUTED)
        };
        self.write(|c| {
            if !rows::set_answered(c, Of::Ask, id, &by.person, now, &answer)? {
                return Err(Error::Conflict("it was answered before".into()));
            }
            Ok(rows::set_frozen_until(c, id, until)?)
        })?;
        if at_once {
            self.thaw_ask(&row)?;
        }
        Ok(())
    }

    pub(crate) fn seal_written(&self, number: &str, w: &Written) -> Result<Vec<u8>, Error> {
        let json = serde_json::to_vec(w).map_err(|e| Error::Invalid(e.to_string()))?;
        Ok(self.secrets.seal(&format!("resident {number}"), &json)?)
    }

    pub(crate) fn unseal_written(&self, number: &str, sealed: &[u8]) -> Result<Written, Error> {
        let json = self.secrets.unseal(&format!("resident {number}"), sealed)?;
        serde_json::from_slice(&json).map_err(|e| Error::Damaged(e.to_string()))
    }

    pub(crate) fn seal_answer(&self, number: &str, words: &str) -> Result<Vec<u8>, Error> {
        let words = words.trim();
        let fits =
            (TOLD_CHARS_MIN..=TOLD_CHARS_MAX).contains(&words.chars().count()) && is_prose(words);
        if !fits {
            return Err(Error::Invalid(
                "say in 10 to 2,000 characters what was answered".into(),
            ));
        }
        Ok(self.secrets.seal_text(&format!("answer {number}"), words)?)
    }

    pub(crate) fn unseal_answer(&self, number: &str, sealed: &[u8]) -> Result<String, Error> {
        let text = self
            .secrets
            .unseal_text(&format!("answer {number}"), sealed)?;
        Ok(text.to_string())
    }
}

/// Residents' words are for those who answer them.
fn may_read(who: &Actor) -> Result<(), Error> {
    let answers = who.body != Body::Oversight && who.has(Role::Investigator);
    if audits(who) || answers {
        return Ok(());
    }
    Err(Error::Forbidden(
        "residents are answered by investigators and the oversight body's auditor".into(),
    ))
}

fn audits(who: &Actor) -> bool {
    who.body == Body::Oversight && who.has(Role::Auditor)
}

fn may_answer(who: &Actor, body: Body) -> bool {
    audits(who) || (who.has(Role::Investigator) && who.body == body)
}
