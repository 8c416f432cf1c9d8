//! Where readings go: the data plane, as this room sees it. Never acknowledges for it.

use std::pin::Pin;

use loggia_model::{At, Measured, Quality, Reading};

/// What becomes of one entity by one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The tenant; empty for the default one.
    pub tenant: Box<str>,
    /// The entity's id, a URI.
    pub entity: Box<str>,
    /// Its type.
    pub kind: Box<str>,
    /// Attributes by name.
    pub attributes: Vec<(Box<str>, Said)>,
    /// Whether it is news or late.
    pub when: When,
}

/// What is said of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A reading takes the place of the last one.
    Reading(Reading),
    /// The last reading's value and time stay; from this time on its quality is another.
    Quality(Quality, At),
}

/// Where a change belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It is how things are now.
    Now,
    /// It came late: something newer is known. It belongs to the history alone.
    Past,
}

/// How an attribute stands, as the data plane has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The entity's id.
    pub entity: Box<str>,
    /// The attribute's name, as the map has it.
    pub attribute: Box<str>,
    /// Its value.
    pub value: Measured,
    /// When it was so.
    pub at: At,
    /// Its quality.
    pub quality: Quality,
}

/// Resolves when a change is on disk, or says why it will not be.
pub type Kept = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Why a change is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Too much waits for the disk: the same again in a moment.
    Busy,
    /// It can never be taken.
    Wrong(String),
    /// Nothing can be taken any more.
    Broken(String),
}

/// Where readings go. Contract:
/// 1. `write` does not block; what it took is seen at once and on disk when [`Kept`] says so.
/// 2. Changes come to disk in the order in which they were written.
/// 3. The same change twice leaves what it left once.
/// 4. `standing` says what was written, after a restart too.
pub trait Sink: Send + Sync + 'static {
    /// Takes a change.
    ///
    /// # Errors
    /// [`Refused`]; nothing of it was taken.
    fn write(&self, change: &Change) -> Result<Kept, Refused>;

    /// How the named attributes of all entities of a type stand.
    fn standing(&self, tenant: &str, kind: &str, attributes: &[&str]) -> Vec<Standing>;
}
