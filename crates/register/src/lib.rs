//! The public pages' data: what is declared, how often footage was opened, and the base map.
//! Never tells more than the declarations and the public log do, and never needs a session.

pub mod basemap;
mod declared;
mod routes;
mod tally;

pub use declared::{Declared, Source};
pub use routes::{City, OpenApi, Register, Summary, routes};
pub use tally::{Month, Statistics, Tally};
