//! `notificationTrigger`: which kinds of change notify (table 5.2.12-1). Never looks at an entity.

use super::{Error, bad};
use crate::json::Json;

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// An entity is new.
    EntityCreated,
    /// Something of an entity changed: any of the three below, or its types or scopes.
    EntityUpdated,
    /// An entity is gone.
    EntityDeleted,
    /// An attribute is new, those of a new entity included.
    AttributeCreated,
    /// An attribute was written, with the same value too.
    AttributeUpdated,
    /// An attribute is gone, those of a deleted entity included.
    AttributeDeleted,
}

impl Trigger {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::EntityCreated,
        Self::EntityUpdated,
        Self::EntityDeleted,
        Self::AttributeCreated,
        Self::AttributeUpdated,
        Self::AttributeDeleted,
    ];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EntityCreated => "entityCreated",
            Self::EntityUpdated => "entityUpdated",
            Self::EntityDeleted => "entityDeleted",
            Self::AttributeCreated => "attributeCreated",
            Self::AttributeUpdated => "attributeUpdated",
            Self::AttributeDeleted => "attributeDeleted",
        }
    }
}

/// A set of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triggers(u8);

impl Triggers {
    /// None.
    pub const NONE: Self = Self(0);

    /// With one more.
    #[must_use]
    pub const fn with(self, trigger: Trigger) -> Self {
        Self(self.0 | 1 << trigger as u8)
    }

    /// Whether one is in it, as it was sent.
    #[must_use]
    pub const fn has(self, trigger: Trigger) -> bool {
        self.0 & (1 << trigger as u8) != 0
    }

    /// Which trigger of the set a kind of change meets, if any. `entityUpdated` stands for the
    /// three of attributes.
    #[must_use]
    pub const fn met_by(self, kind: Trigger) -> Option<Trigger> {
        let by_attribute = matches!(
            kind,
            Trigger::AttributeCreated | Trigger::AttributeUpdated | Trigger::AttributeDeleted
        );
        if self.has(kind) {
            Some(kind)
        } else if by_attribute && self.has(Trigger::EntityUpdated) {
            Some(Trigger::EntityUpdated)
        } else {
            None
        }
    }

    /// Those in it.
    pub fn iter(self) -> impl Iterator<Item = Trigger> {
        Trigger::ALL.into_iter().filter(move |t| self.has(*t))
    }

    /// Reads `notificationTrigger`.
    pub(super) fn read(value: &Json) -> Result<Self, Error> {
        let names = value.items().filter(|names| !names.is_empty());
        let names = names.ok_or_else(|| bad("", "a list of one trigger at least is needed"))?;
        names.iter().try_fold(Self::NONE, |set, name| {
            let known = |t: &Trigger| name.as_str() == Some(t.name());
            match Trigger::ALL.into_iter().find(known) {
                Some(trigger) => Ok(set.with(trigger)),
                None => {
                    let all: Vec<&str> = Trigger::ALL.iter().map(|t| t.name()).collect();
                    let what = format!("{name} is no trigger; there are {}", all.join(", "));
                    Err(bad("", what))
                }
            }
        })
    }
}

impl Default for Triggers {
    /// What holds if nothing is said.
    fn default() -> Self {
        Self::NONE
            .with(Trigger::AttributeCreated)
            .with(Trigger::AttributeUpdated)
    }
}
