//! When wall time and the time that surely passed disagree: the log is told, and the oversight body
//! says which is right. Never the administrator, who could then destroy footage by setting a clock.

use loggia_model::{Actor, Body, Role};
use loggia_store::{Dispute, Says};
use loggia_transparency::ClockDisputed;

use crate::{Error, Policy};

impl Policy {
    /// A dispute that is new goes to the public log once. Keys age without this
    /// ([`loggia_store::KeyStore::tick`]), so a log that hangs keeps no footage alive.
    ///
    /// # Errors
    /// When the log does not take the entry; the next call tries again.
    pub fn tell_clock_dispute(&self) -> Result<Option<Dispute>, Error> {
        let dispute = self.keys.dispute();
        let mut told = self
            .disputed
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match dispute {
            Some(dispute) if !*told => {
                // Nothing acts on it: the dispute itself already keeps keys from ageing.
                let by_s = dispute.by_us / 1_000_000;
                drop(self.tell(ClockDisputed { by_s })?);
                *told = true;
            }
            None => *told = false,
            Some(_) => {}
        }
        Ok(dispute)
    }

    /// What is disputed now.
    #[must_use]
    pub fn clock_dispute(&self) -> Option<Dispute> {
        self.keys.dispute()
    }

    /// The oversight body's auditor settles the dispute.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for anybody else; [`Error::Conflict`] when nothing is disputed.
    pub fn settle_clock(&self, by: &Actor, says: Says) -> Result<(), Error> {
        if by.body != Body::Oversight || !by.has(Role::Auditor) {
            return Err(Error::Forbidden(
                "the oversight body's auditor settles the clock".into(),
            ));
        }
        if self.keys.dispute().is_none() {
            return Err(Error::Conflict(
                "nothing is disputed: the clocks agree".into(),
            ));
        }
        Ok(self.keys.confirm(says)?)
    }
}
