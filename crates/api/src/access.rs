//! Who may call a route. Every route has exactly one `Access`; there is no default.

use loggia_model::{Actor, Role};

/// A route's statement of who may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a session.
    Public,
    /// Anybody who is signed in.
    SignedIn,
    /// A signed-in person with at least one of these roles.
    AnyOf(&'static [Role]),
    /// The holder of a key in the roster, who signs each call (`Authorization: Loggia-Key …`).
    RosterKey,
    /// Who may use the data plane: a signed-in operator, a device with a key as far as the key
    /// goes; on a demo installation anybody.
    Data,
    /// Anybody, but only on a demo installation; elsewhere the route does not exist.
    DemoOnly,
}

impl Access {
    /// Whether a signed-in `actor` (or none) passes, for the accesses that sessions decide.
    #[must_use]
    pub fn admits(self, actor: Option<&Actor>) -> bool {
        match self {
            Self::Public | Self::DemoOnly => true,
            Self::SignedIn => actor.is_some(),
            Self::Data => actor.is_some_and(|a| a.has(Role::Operator)),
            Self::AnyOf(roles) => actor.is_some_and(|a| roles.iter().any(|r| a.has(*r))),
            Self::RosterKey => false,
        }
    }
}
