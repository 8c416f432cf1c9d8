//! How an entity evolved: instances of attributes in time, as requests bring them and as answers
//! show them (clauses 4.5.6 to 4.5.9, 4.5.19, 4.11). Never stores an instance, never reads a clock.

mod aggregate;
mod form;
mod older;
mod page;
mod period;
mod read;
mod sample;
mod shown;
mod view;
mod window;

use std::fmt;

use crate::entity::{Attribute, Kind};
use crate::iri::Iri;
use crate::time::Time;

pub use aggregate::{Aggregated, Aggregation, Aggregator, Method, PERIODS_MAX, Span};
pub use form::TemporalForm;
pub use page::Partial;
pub use period::Period;
pub use read::{INSTANCES_MAX, TemporalFragment, read_instance};
pub use sample::{Class, Sample};
pub use shown::Shown;
pub use view::TemporalView;
pub use window::Window;

/// The name under which scopes evolve: clause 4.5.6 shows them as instances of a Property.
pub const SCOPE: &str = "https://uri.etsi.org/ngsi-ld/scope";

/// `instanceId`: the record that brought the instance, and its place in it. Records have numbers
/// that are never used twice, so that the same log always gives the same identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(i64);

const INSTANCE: &str = "urn:ngsi-ld:Instance:";
/// Bits of the place: 65,536 instances in one record.
const PLACE_BITS: u32 = 16;

impl InstanceId {
    /// Of record `seq`. Numbers up to 2^47 − 1 are told apart: 700 years of 6,000 a second.
    #[must_use]
    pub fn of(seq: u64, place: u16) -> Self {
        let seq = i64::try_from(seq & ((1 << 47) - 1)).unwrap_or(0);
        Self((seq << PLACE_BITS) | i64::from(place))
    }

    /// Reads what `Display` writes; nothing for anything else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(INSTANCE)?;
        let plain = !digits.is_empty()
            && digits.len() <= 16
            && !digits.starts_with('0')
            && digits
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        plain.then(|| i64::from_str_radix(digits, 16).ok().map(Self))?
    }

    /// As a number, for whoever stores it.
    #[must_use]
    pub const fn to_bits(self) -> i64 {
        self.0
    }

    /// From the number.
    #[must_use]
    pub const fn from_bits(bits: i64) -> Self {
        Self(bits)
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{INSTANCE}{:x}", self.0)
    }
}

/// One instance of an attribute at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// `instanceId`.
    pub id: InstanceId,
    /// What was so. Where the attribute was deleted only its name, datasetId and times count.
    pub attribute: Attribute,
    /// Whether this tells that the attribute was deleted (clause 4.5.7).
    pub gone: Option<Gone>,
}

/// That an attribute was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone {
    /// What it was.
    pub kind: Kind,
    /// `deletedAt`.
    pub at: Time,
}

/// The instances of one attribute that have the same datasetId, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The expanded name.
    pub name: Iri,
    /// Nothing for the default instance (clause 4.5.5).
    pub dataset_id: Option<Box<str>>,
    /// In the order of time. Empty if all of them are on another page (clause 6.3.10): then the
    /// attribute is shown without instances, so that the reader knows that there are some.
    pub instances: Vec<Instance>,
}

/// How an entity evolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalEntity {
    /// `id`.
    pub id: Box<str>,
    /// `type`.
    pub types: Box<[Iri]>,
    /// When its history began.
    pub created_at: Time,
    /// When its history went on last.
    pub modified_at: Time,
    /// When the entity was deleted, if it was and is not there again.
    pub deleted_at: Option<Time>,
    /// How its scopes evolved.
    pub scope: Option<Series>,
    /// How its attributes evolved; series of one attribute stand next to each other.
    pub attributes: Vec<Series>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_id_is_a_uri_and_comes_back() {
        for (seq, place) in [(1, 0), (7, 65_535), ((1 << 47) - 1, 3)] {
            let id = InstanceId::of(seq, place);
            let text = id.to_string();
            assert!(crate::iri::is_uri(&text), "{text}");
            assert_eq!(InstanceId::read(&text), Some(id));
            assert_eq!(InstanceId::from_bits(id.to_bits()), id);
        }
        assert_ne!(InstanceId::of(1, 1), InstanceId::of(2, 1));
        for bad in [
            "",
            "urn:ngsi-ld:Instance:",
            "urn:ngsi-ld:Instance:01",
            "urn:ngsi-ld:Instance:A",
            "urn:ngsi-ld:Instance:-1",
            "urn:ngsi-ld:Instance:fffffffffffffffff",
            "urn:ngsi-ld:Instance:ffffffffffffffff",
        ] {
            assert_eq!(InstanceId::read(bad), None, "{bad}");
        }
    }
}
