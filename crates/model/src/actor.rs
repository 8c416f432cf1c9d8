//! Who acts: people by id, the body they belong to and the roles they hold.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A person's short name in accounts and roster, e.g. `p.lindqvist`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub String);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The bodies that hold each other in check. Police and oversight are the two custodian groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// The police: asks for footage, holds the first share.
    Police,
    /// The oversight body (data-protection office, ombudsman): approves, holds the second share.
    Oversight,
    /// The city that runs the machines: holds no share.
    City,
}

/// What a person may do. Rights are listed, never inherited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Watches camera health and storage; sees no stored footage.
    Operator,
    /// Files access requests and plays what was opened for them.
    Investigator,
    /// Approves or refuses requests of the other body.
    Approver,
    /// Holds a key of their body's group.
    Custodian,
    /// Reads the log, the access log and the statistics.
    Auditor,
    /// Runs the machines: enrols cameras, disables accounts. Reads no footage, approves nothing,
    /// grants no role.
    Administrator,
}

/// The roles of one person.
pub type Roles = std::collections::BTreeSet<Role>;

/// A person who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who.
    pub person: PersonId,
    /// Name as shown on pages and watermarks.
    pub name: String,
    /// For which body.
    pub body: Body,
    /// With which roles.
    pub roles: Roles,
}

impl Actor {
    /// Whether the person holds `role`.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
