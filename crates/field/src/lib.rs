//! Field devices: what a wire says → readings with unit, quality and time (docs/design/field.md).
//! Never keeps silently as good what it could not check, never loses without counting.

mod check;
mod config;
pub mod driver;
mod intake;
mod line;
mod lost;
mod moment;
mod ngsi;
mod plan;
mod server;
mod sink;
mod topic;

pub use check::{CLOCK_AHEAD_MAX, CLOCK_BEHIND_MAX};
pub use config::{
    AttributeConfig, ConfigError, FieldConfig, Format, MapConfig, Protocol, QualityConfig,
    ServerConfig, Word,
};
pub use intake::{Intake, Look, Retained, SERIES_MAX, Taken};
pub use line::{Line, Standing as LineStanding, Stop};
pub use lost::{Lost, Tally};
pub use ngsi::{entity, qualities, quality_of, temporal};
pub use plan::{Plan, ReadLine};
pub use server::Server;
pub use sink::{Change, Kept, Refused, Said, Sink, Standing, When};
