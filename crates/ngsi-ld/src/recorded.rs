//! What happened to an entity, as the log has it: the state, the history and the notifications all
//! go by it. Never holds more of the entity before than what was touched.

use std::sync::Arc;

use crate::entity::Entity;
use crate::time::Time;
use crate::update::Touched;

/// One change of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its number in the log.
    pub seq: u64,
    /// Whose; empty for the default tenant.
    pub tenant: Box<str>,
    /// When.
    pub at: Time,
    /// What was touched, as it was; nothing of an entity that is new. Of one that is deleted, all.
    pub before: Option<Entity>,
    /// The whole entity as it is now; nothing once it is deleted.
    pub after: Option<Arc<Entity>>,
    /// What was touched.
    pub touched: Vec<Touched>,
}

impl Recorded {
    /// The entity, as it is or as it last was.
    #[must_use]
    pub fn entity(&self) -> Option<&Entity> {
        self.after.as_deref().or(self.before.as_ref())
    }

    /// Which entity.
    #[must_use]
    pub fn entity_id(&self) -> &str {
        self.entity().map_or("", |e| &e.id)
    }

    /// Whether the entity is new.
    #[must_use]
    pub const fn is_creation(&self) -> bool {
        self.before.is_none()
    }

    /// Whether the entity is gone.
    #[must_use]
    pub const fn is_deletion(&self) -> bool {
        self.after.is_none()
    }
}
