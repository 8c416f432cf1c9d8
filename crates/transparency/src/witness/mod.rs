//! Witnesses (C2SP tlog-witness): bodies outside the city that cosign a checkpoint only if it
//! continues what they cosigned before. Never sees an entry, never forgets the largest tree it saw.

mod wire;

pub use wire::{ADD_CHECKPOINT_BYTES_MAX, AddCheckpoint, SIZE_TYPE, WitnessAnswer};
