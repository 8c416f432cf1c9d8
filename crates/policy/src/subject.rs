//! An ask for one's own footage as the resident sees it: the receipt, and what its reference opens.
//! Never shows name, contact or words: a reference may be seen by others.

use loggia_model::{At, CameraId, RequestId};
use serde::Serialize;

use crate::decide::State;
use crate::reference::Reference;
use crate::residents::cameras_of;
use crate::rows::residents::{self as rows, AskRow};
use crate::{Error, Policy};

/// What a resident takes home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SubjectReceipt {
    /// Opens the state of the ask; 80 random bits, known to nobody else.
    pub reference: String,
    /// The case's number, for letters.
    pub number: String,
    /// The cameras of which footage was frozen.
    #[schema(value_type = Vec<u32>)]
    pub cameras: Vec<CameraId>,
    /// First instant that is frozen, microseconds.
    #[schema(value_type = i64)]
    pub from: At,
    /// Last instant that is frozen.
    #[schema(value_type = i64)]
    pub to: At,
    /// When it is answered at the latest.
    #[schema(value_type = i64)]
    pub answer_by: At,
}

/// How far an ask is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectState {
    /// Frozen, and waits for its answer.
    Waiting,
    /// Not answered within its month; the freeze is over.
    Overdue,
    /// Answered; the freeze stands for [`ANSWER_DISPUTED`] at most.
    Answered,
}

/// An ask as the resident who holds its reference sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SubjectView {
    /// How far.
    pub state: SubjectState,
    /// The case's number.
    pub number: String,
    /// When it was asked.
    #[schema(value_type = i64)]
    pub asked_at: At,
    /// When it is answered at the latest.
    #[schema(value_type = i64)]
    pub answer_by: At,
    /// The cameras of which footage is frozen.
    #[schema(value_type = Vec<u32>)]
    pub cameras: Vec<CameraId>,
    /// From when, as asked.
    #[schema(value_type = i64)]
    pub from: At,
    /// Until when, as asked.
    #[schema(value_type = i64)]
    pub to: At,
    /// When it was answered.
    #[schema(value_type = Option<i64>)]
    pub answered_at: Option<At>,
    /// In which words.
    pub answer: Option<String>,
    /// Until when the footage stays frozen; none when the freeze is over.
    #[schema(value_type = Option<i64>)]
    pub kept_until: Option<At>,
    /// How far the newest request in its case is that has not ended; none while nobody has asked.
    #[schema(value_type = Option<String>)]
    pub request: Option<State>,
}

impl Policy {
    /// How far an ask is, for whoever holds its reference.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a reference that names none.
    pub fn subject_state(&self, reference: &str) -> Result<SubjectView, Error> {
        let hash = Reference::parse(reference).ok_or(Error::NotFound("reference"))?;
        let row = self
            .read(|c| rows::ask_by(c, hash.hash()))?
            .ok_or(Error::NotFound("reference"))?;
        self.subject_view(&row)
    }

    pub(crate) fn subject_view(&self, row: &AskRow) -> Result<SubjectView, Error> {
        let spans = self.read(|c| Ok(rows::kept(c, row.id)?))?;
        let filed = self.filed_for(row)?;
        Ok(SubjectView {
            state: match (row.answered_at, row.frozen) {
                (Some(_), _) => SubjectState::Answered,
                (None, true) => SubjectState::Waiting,
                (None, false) => SubjectState::Overdue,
            },
            number: row.number.clone(),
            asked_at: row.asked_at,
            answer_by: row.answer_by,
            cameras: cameras_of(&spans),
            from: row.from,
            to: row.to,
            answered_at: row.answered_at,
            kept_until: row.frozen.then_some(row.frozen_until),
            request: filed.into_iter().map(|(_, s)| s).find(|s| !s.ended()),
            answer: row
                .answer
                .as_ref()
                .map(|a| self.unseal_answer(&row.number, a))
                .transpose()?,
        })
    }

    /// Requests filed in the ask's case, newest first.
    pub(crate) fn filed_for(&self, row: &AskRow) -> Result<Vec<(RequestId, State)>, Error> {
        row.case.map_or(Ok(Vec::new()), |case| {
            self.read(|c| rows::filed_in(c, case))
        })
    }
}
