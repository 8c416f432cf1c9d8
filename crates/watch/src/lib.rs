//! What the people at the wall work with: the alarm list after ISA-18.2, the shift's notes and each
//! person's saved views. Equipment only: never a hazard of the scene, a picture or a person.

mod alarm;
mod board;
mod error;
mod room;
mod routes;
mod rows;

pub use alarm::{Alarm, Deed, Kind, Priority, Shelf, Source, State};
pub use board::{
    Board, Change, OFF_DELAY_MAX, RAISES_IN_AN_HOUR_MAX, SHELF_MAX, Seen, Shelving, What,
};
pub use error::Error;
pub use room::{MANAGEABLE_PER_10_MIN, Note, Rate, SLOTS, View, Watch, low_on_room};
pub use routes::{OpenApi, routes};
