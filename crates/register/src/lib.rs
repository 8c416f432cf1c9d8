//! The public square: its pages, their data, and the base map.
//! Never tells more than the declarations and the public log do, and never needs a session.

pub mod basemap;
mod declared;
mod disclosures;
mod finder;
mod forms;
mod gazetteer;
mod routes;
mod rules;
mod square;
mod tally;
mod words;

pub use declared::{Declared, Source};
pub use disclosures::{
    Board, DISCLOSURES_MAX, DisclosurePage, Disclosures, Line, PlaceCount, Publications, Standings,
};
pub use forms::{Forms, Promise, REFERENCE_MAX, Stage, Standing};
pub use gazetteer::Gazetteer;
pub use routes::{City, OpenApi, Register, Summary, routes};
pub use rules::{Activated, InForce, Proved, Rules};
pub use square::{Dress, Offices, Setting, Square, pages};
pub use tally::{Month, NEWS_MAX, Statistics, Tally};
pub use words::{Lang, Zone};
