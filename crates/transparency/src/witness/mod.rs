//! Witnesses (C2SP tlog-witness): bodies outside the city that cosign a checkpoint only if it
//! continues what they cosigned before. Never sees an entry, never forgets the largest tree it saw.

mod http;
mod judge;
mod keeper;
mod kept;
mod wire;

pub use http::router;
pub use judge::Refusal;
pub use keeper::{Witness, init, learn, learnt};
pub use wire::{ADD_CHECKPOINT_BYTES_MAX, AddCheckpoint, SIZE_TYPE, WitnessAnswer};
