//! Where the public square's forms go: what a resident files is `policy`'s to keep and answer.
//! Never looks into what is filed.

use std::sync::Arc;

use loggia_model::Fault;
use loggia_policy::{Error, Policy, State, SubjectState, SubjectView};
use loggia_register::{Forms, Promise, Stage, Standing};

/// The port between the two.
pub fn of(policy: &Arc<Policy>) -> Forms {
    let (asks, looks) = (policy.clone(), policy.clone());
    let (complains, filed) = (policy.clone(), policy.clone());
    Forms {
        ask: Box::new(move |ask| {
            let kept = asks.ask_for_oneself(&ask).map_err(Fault::from)?;
            Ok(Promise {
                reference: kept.reference,
            })
        }),
        look: Box::new(move |reference| match looks.subject_state(reference) {
            Ok(view) => Ok(Some(standing(view))),
            Err(Error::NotFound(_)) => Ok(None),
            Err(e) => Err(e.into()),
        }),
        complain: Box::new(move |c| complains.complain(&c).map_err(Fault::from)),
        complained: Box::new(move |number| filed.has_complaint(number).map_err(Fault::from)),
    }
}

fn standing(view: SubjectView) -> Standing {
    Standing {
        stage: match (view.state, view.request) {
            (SubjectState::Answered, _) => Stage::Answered,
            (SubjectState::Overdue, _) => Stage::Ended,
            (SubjectState::Waiting, Some(State::Open | State::Exported)) => Stage::Opened,
            (SubjectState::Waiting, Some(s)) if s.agreed() => Stage::Agreed,
            (SubjectState::Waiting, Some(_)) => Stage::Asked,
            (SubjectState::Waiting, None) => Stage::Frozen,
        },
        number: view.number,
        filed_at: view.asked_at,
        cameras: view.cameras,
        from: view.from,
        to: view.to,
        answer_by: view.answer_by,
        kept_until: view.kept_until,
        answer: view.answer,
    }
}
