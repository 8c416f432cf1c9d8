//! Where the public square's forms go: what a resident files is `policy`'s to keep and answer.
//! Never looks into what is filed.

use std::sync::Arc;

use loggia_model::Fault;
use loggia_policy::{Complaint, Error, Policy, SubjectAsk, SubjectState, SubjectView};
use loggia_register::{Forms, Grievance, OwnFootage, Promise, Stage, Standing};

/// The port between the two.
pub fn of(policy: &Arc<Policy>) -> Forms {
    let (asks, looks, complains) = (policy.clone(), policy.clone(), policy.clone());
    Forms {
        ask: Box::new(move |own: OwnFootage| {
            let ask = SubjectAsk {
                name: own.name,
                contact: own.contact,
                cameras: own.cameras,
                from: own.from,
                to: own.to,
                told: own.told,
            };
            let kept = asks.ask_for_oneself(&ask).map_err(Fault::from)?;
            Ok(Promise {
                reference: kept.reference,
            })
        }),
        look: Box::new(
            move |reference: &str| match looks.subject_state(reference) {
                Ok(view) => Ok(Some(standing(view))),
                Err(Error::NotFound(_)) => Ok(None),
                Err(e) => Err(e.into()),
            },
        ),
        complain: Box::new(move |filed: Grievance| {
            let complaint = Complaint {
                name: filed.name,
                contact: filed.contact,
                about: filed.about,
                camera: filed.camera,
            };
            complains.complain(&complaint).map_err(Fault::from)
        }),
    }
}

fn standing(view: SubjectView) -> Standing {
    Standing {
        stage: match view.state {
            SubjectState::Waiting => Stage::Frozen,
            SubjectState::Answered => Stage::Answered,
            SubjectState::Overdue => Stage::Ended,
        },
        filed_at: view.asked_at,
        cameras: view.cameras,
        from: view.from,
        to: view.to,
        answer_by: view.answer_by,
    }
}
