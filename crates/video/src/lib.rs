//! Camera session, pieces, recorder, health and playback bytes; ONVIF.
//! Never decodes a picture, never stores audio, never connects to what is not admitted.

mod bits;
mod codec;
mod depacketize;
mod error;
pub mod fmp4;
mod gop;
mod health;
mod keeper;
mod lane;
mod live;
pub mod onvif;
mod recorder;
mod routes;
mod sealing;
mod session;
mod sps;
mod time;

pub use codec::{Codec, InBand, NalKind, ParameterSets};
pub use depacketize::Depacketizer;
pub use error::Error;
pub use gop::{Assembler, Gop};
pub use health::{Health, State, Ward};
pub use live::Gallery;
pub use recorder::{Parts, Recorder, RecorderConfig};
pub use routes::{OpenApi, Rooms, routes};
pub use session::{Offer, Session, Timed, Transport};
pub use sps::Picture;
pub use time::RecorderClock;
