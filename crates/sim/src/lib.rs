//! A city to run against: cameras that speak real RTSP and ONVIF from real films, thousands in one
//! process, what goes wrong with them by plan, and things that measure. Never part of a city that
//! records real streets.

mod camera;
mod city;
mod connection;
mod dice;
mod digest;
mod discovery;
mod fault;
mod film;
mod flow;
pub mod junction;
mod mp4_film;
mod nal;
mod onvif;
mod outlet;
mod pacer;
mod packet;
mod rtcp;
mod rtsp;
mod sdp;
mod soap;
mod sps;
mod town;

use std::net::SocketAddr;

pub use city::{
    AUDIO_MARK, Audio, CAMERAS_MAX, CameraAddress, CameraConfig, Device, Discovery, Enabled,
    FaultId, Join, Mask, MaskService, Sent, SimCity, SimConfig, Track, WriteMode,
};
pub use dice::Dice;
pub use digest::Credentials;
pub use fault::{CameraFault, Fate, FaultPlan, FaultStep, fate};
pub use film::{AccessUnit, FILM_BYTES_MAX, Film, TICKS_PER_S};
pub use nal::{Codec, Kind, access_units, split_annex_b};
pub use packet::{PackedFilm, PackedFrame, ParameterSets, SmallNals};
pub use town::{SOURCE, Town};

/// Why the simulator cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A film cannot be read.
    #[error("film {name}: {why}")]
    Film {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// A camera is configured wrongly.
    #[error("camera {camera}: {why}")]
    Config {
        /// Which.
        camera: String,
        /// Why.
        why: String,
    },
    /// An address cannot be had.
    #[error("cannot listen at {address}: {why}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        why: std::io::Error,
    },
    /// A fault plan cannot be read.
    #[error("fault plan: {why}")]
    Plan {
        /// Why.
        why: String,
    },
    /// There is no such camera or stream.
    #[error("there is no camera {0}")]
    NoCamera(String),
    /// A client's request cannot be read.
    #[error("request: {0}")]
    Request(String),
}

impl From<Error> for loggia_model::Fault {
    fn from(e: Error) -> Self {
        match e {
            Error::NoCamera(_) => Self::NotFound(e.to_string()),
            Error::Bind { .. } => Self::Broken(e.to_string()),
            _ => Self::Invalid(e.to_string()),
        }
    }
}
