//! The query languages of NGSI-LD: `q`, `type`, `id`, `scopeQ`, `geoQ`, projection, temporal
//! queries and ordering (clauses 4.9 to 4.11, 4.17, 4.19, 4.21, 4.23). Each is read once with the
//! request's @context and asked of many entities. Never does I/O and never reads a clock.

mod collation;
mod fault;
mod filter;
mod geo;
mod ids;
pub mod limits;
mod order;
mod project;
mod q;
mod scan;
mod scope;
mod sorted;
mod temporal;
mod types;

pub use collation::Collation;
pub use fault::Fault;
pub use filter::Filter;
pub use geo::{GeoQuery, Georel, SPHERE_RADIUS_M, Shape};
pub use ids::{IdPattern, Ids};
pub use order::{By, Order, OrderKey, Sense};
pub use project::{Picked, Projection};
pub use q::{
    Find, LinkedPath, Literal, Operand, Operator, Path, Pattern, Query, Step, System, Term, Wanted,
};
pub use scan::Tree;
pub use scope::{ScopePattern, ScopeQuery};
pub use temporal::{LastN, TemporalQuery, TimeProperty, Timerel};
pub use types::{TypeName, TypeQuery};
