//! What the public square shows of the access policy in force.
//! Never shows a policy that `policy` does not decide by.

use std::sync::Arc;

use loggia_model::Fault;
use loggia_policy::Policy;
use loggia_register::{Activated, InForce, Proved, Rules};

/// The port between the two.
pub fn of(policy: &Arc<Policy>) -> Rules {
    let policy = Arc::clone(policy);
    Rules(Box::new(move || {
        let mut now = policy.policy_now().map_err(Fault::from)?;
        let mut text = |file: &str| now.texts.remove(file).unwrap_or_default();
        Ok(InForce {
            policies: text("policies.cedar"),
            charter: text("charter.cedar"),
            policy: now.policy,
            activated: now.activated.map(|a| Activated {
                at: a.at,
                log_index: a.log_index,
                proof: a.proof,
            }),
            suspended: now.suspended.is_some(),
            promises: now
                .promises
                .into_iter()
                .map(|p| Proved {
                    always: p.always,
                    en: p.says,
                    sr: p.says_sr,
                })
                .collect(),
        })
    }))
}
