//! Fragmented MP4 (ISO/IEC 14496-12): writes one GOP as one self-contained file, reads such a file
//! from anywhere. Never transcodes and never re-orders samples.

mod read;
mod write;

pub use read::{Piece, PieceSample, read};
pub use write::{Fragment, Init, Sample, write};
