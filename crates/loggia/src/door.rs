//! Who knows whom: people and roster keys are the policy's, keys of devices the data plane's. Never
//! decides anything itself.

use std::sync::Arc;

use loggia_api::{Device, Doorkeeper};
use loggia_model::{Actor, Fault};
use loggia_ngsi_ld::broker::Broker;
use loggia_policy::Policy;

/// The house's one door.
pub struct Door {
    /// Knows people.
    pub policy: Arc<Policy>,
    /// Knows devices.
    pub broker: Arc<Broker>,
}

impl Doorkeeper for Door {
    fn session(&self, token: &str) -> Option<Actor> {
        self.policy.session(token)
    }

    fn roster_key(
        &self,
        header: &str,
        method: &str,
        path_and_query: &str,
        body_sha256: [u8; 32],
    ) -> Result<Actor, Fault> {
        self.policy
            .roster_key(header, method, path_and_query, body_sha256)
    }

    fn watched(&self, actor: &Actor) -> bool {
        self.policy.watched(actor)
    }

    fn note(&self, actor: &Actor, method: &str, path: &str) -> Result<(), Fault> {
        self.policy.note(actor, method, path)
    }

    fn device(&self, key: &str) -> Result<Device, Fault> {
        let key = self.broker.admit(key).map_err(Fault::from)?;
        Ok(Device(key.number))
    }

    fn demo(&self) -> bool {
        self.policy.demo()
    }
}
