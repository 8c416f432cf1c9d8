//! What the history takes from a record of the log. Never looks at what is in the history already.

use crate::entity::{Attribute, Entity, Kind};
use crate::iri::Iri;
use crate::recorded::Recorded;
use crate::temporal::{InstanceId, TemporalFragment};
use crate::time::Time;
use crate::update::{How, Touched};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryOp {
    /// The record that tells it.
    pub seq: u64,
    /// Its place among what the record tells: no two of one record share it.
    pub place: u16,
    /// When it was recorded.
    pub at: Time,
    /// Whose entity.
    pub tenant: Box<str>,
    /// Which entity.
    pub entity: Box<str>,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The entity is there, with these types and no others. Comes before what else a record tells
    /// of it.
    There {
        /// All of its types.
        types: Box<[Iri]>,
        /// When it was made.
        created_at: Time,
    },
    /// The temporal API named types: those that are new are added (clause 5.6.12).
    TypesAdded(Box<[Iri]>),
    /// These are its scopes from now on; none if it lost them.
    Scopes(Box<[Box<str>]>),
    /// An instance of an attribute was written. One that is there with the same `observedAt` and
    /// datasetId is corrected by it and keeps its instanceId.
    Written(Box<Attribute>),
    /// An attribute was deleted (clause 4.5.7).
    Deleted {
        /// Its name.
        name: Iri,
        /// Which instance.
        dataset_id: Option<Box<str>>,
        /// What it was.
        kind: Kind,
    },
    /// The entity was deleted. Its history stays.
    EntityDeleted,
    /// An instance was replaced (clause 5.6.14): when it came stays.
    InstanceReplaced {
        /// Which.
        id: InstanceId,
        /// By what.
        attribute: Box<Attribute>,
    },
    /// An instance was erased (clause 5.6.15).
    InstanceErased {
        /// Of which attribute.
        name: Iri,
        /// Which.
        id: InstanceId,
    },
    /// An attribute's history was erased (clause 5.6.13).
    AttributeErased {
        /// Which attribute.
        name: Iri,
        /// Which instances of it.
        which: Erased,
    },
    /// The entity's history was erased (clause 5.6.16).
    Erased,
}

/// Which series of an attribute are erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erased {
    /// The default instance's.
    Default,
    /// That of one datasetId.
    Dataset(Box<str>),
    /// All (`deleteAll`).
    All,
}

/// What the history takes from a change that came through the entity API.
#[must_use]
pub fn ops_of(change: &Recorded) -> Vec<HistoryOp> {
    let Some(entity) = change.entity() else {
        return Vec::new();
    };
    let mut whats = Vec::with_capacity(change.touched.len() + 1);
    match (&change.before, change.after.as_deref()) {
        (None, Some(after)) => {
            whats.push(there(after));
            if !after.scopes.is_empty() {
                whats.push(What::Scopes(after.scopes.clone()));
            }
            whats.extend(after.attributes.iter().map(written));
        }
        (Some(before), Some(after)) => {
            whats.push(there(after));
            for touched in &change.touched {
                whats.extend(of_touched(touched, before, after));
            }
        }
        (Some(before), None) => {
            whats.push(there(before));
            if !before.scopes.is_empty() {
                whats.push(What::Scopes(Box::default()));
            }
            whats.extend(before.attributes.iter().map(deleted));
            whats.push(What::EntityDeleted);
        }
        (None, None) => {}
    }
    let op = |(place, what)| HistoryOp {
        seq: change.seq,
        place,
        at: change.at,
        tenant: change.tenant.clone(),
        entity: entity.id.clone(),
        what,
    };
    // An entity has at most 1,000 attributes, so that places never run out.
    (0_u16..).zip(whats).map(op).collect()
}

/// What the history takes from a request of the temporal API that adds instances (clauses 5.6.11
/// and 5.6.12). An entity without a history gets one if the fragment has types.
#[must_use]
pub fn ops_of_fragment(
    (seq, at): (u64, Time),
    tenant: &str,
    entity: &str,
    fragment: &TemporalFragment,
) -> Vec<HistoryOp> {
    let types =
        (!fragment.types.is_empty()).then(|| What::TypesAdded(fragment.types.as_slice().into()));
    let whats = types
        .into_iter()
        .chain(fragment.instances.iter().map(written));
    let op = |(place, what)| HistoryOp {
        seq,
        place,
        at,
        tenant: tenant.into(),
        entity: entity.into(),
        what,
    };
    // A request has at most 10,000 instances.
    (0_u16..).zip(whats).map(op).collect()
}

fn of_touched(touched: &Touched, before: &Entity, after: &Entity) -> Option<What> {
    match touched {
        // Types are told by what comes first, and when it may be forgotten is not history.
        Touched::Types | Touched::Expiry => None,
        Touched::Scopes => Some(What::Scopes(after.scopes.clone())),
        Touched::Attribute {
            name,
            dataset_id,
            how,
        } => match how {
            How::Added | How::Updated => after.instance(name, dataset_id.as_deref()).map(written),
            How::Removed => before.instance(name, dataset_id.as_deref()).map(deleted),
        },
    }
}

fn there(entity: &Entity) -> What {
    What::There {
        types: entity.types.clone(),
        created_at: entity.created_at,
    }
}

fn written(attribute: &Attribute) -> What {
    What::Written(Box::new(attribute.clone()))
}

fn deleted(attribute: &Attribute) -> What {
    What::Deleted {
        name: attribute.name.clone(),
        dataset_id: attribute.dataset_id().map(Into::into),
        kind: attribute.kind(),
    }
}
