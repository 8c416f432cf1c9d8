//! What is asked of the history, and what it answers. Never holds more instances than the limits
//! say.

use crate::query::{Filter, LastN, Order};
use crate::temporal::{Aggregated, Partial, Shown, TemporalEntity, Window};

/// Instances in one answer, unless the caller says otherwise: 10,000 of 100 bytes are a megabyte.
pub const INSTANCES_PER_ANSWER: usize = 10_000;

/// Instances that one request aggregates: 0.3 µs each, so a second. A day of one a second is
/// 86,400.
pub const AGGREGATED_MAX: usize = 3_000_000;

/// Instances that one request is asked `q` and `geoQ` of: a microsecond each, so a second.
pub const FILTERED_MAX: usize = 1_000_000;

/// Entities that one request looks at: 10 µs each, so a second. A query that finds nothing in a
/// million of them names a type or an attribute that fewer have.
pub const EVALUATED_MAX: usize = 100_000;

/// What is wanted of each entity.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Which instances, by time.
    pub window: Window,
    /// Only so many of each series, the newest.
    pub last_n: Option<LastN>,
    /// Which members.
    pub shown: &'a Shown,
    /// Which datasetIds; all if nothing is said, and `None` in it is the default instance.
    pub datasets: Option<&'a [Option<Box<str>>]>,
    /// Instances in the answer at most.
    pub instances_max: usize,
}

impl<'a> Ask<'a> {
    /// Everything.
    #[must_use]
    pub const fn all(shown: &'a Shown) -> Self {
        Self {
            window: Window::ALL,
            last_n: None,
            shown,
            datasets: None,
            instances_max: INSTANCES_PER_ANSWER,
        }
    }
}

/// Whether all matching entities are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// As far as the page and one more.
    No,
    /// All of them.
    All,
}

/// Which entities.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The conditions, of which one has to be met. `q`, `geo` and `scope` are asked of the
    /// instances in the window.
    pub filters: &'a [Filter],
    /// By their ids, if not in the order in which their histories began (clause 5.7.4.4).
    pub order: Option<&'a Order>,
    /// Passed over.
    pub offset: usize,
    /// At most.
    pub limit: usize,
    /// Whether to count.
    pub count: Count,
}

/// Entities with their instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// In the order in which their histories began, or by their ids.
    pub entities: Vec<TemporalEntity>,
    /// If not all instances had room: the stretch of time that is whole (clause 6.3.10). The
    /// answer is a 206 then.
    pub partial: Option<Partial>,
    /// How many entities there are, if counted.
    pub count: Option<usize>,
    /// Whether more entities follow.
    pub more: bool,
}

/// Entities with their aggregates.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Each entity, without instances, and its series.
    pub entities: Vec<(TemporalEntity, Vec<Aggregated>)>,
    /// How many entities there are, if counted.
    pub count: Option<usize>,
    /// Whether more entities follow.
    pub more: bool,
}
