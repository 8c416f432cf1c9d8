//! What can go wrong between a camera and its pieces, one variant per thing to be done about it.

use loggia_model::{Fault, GapReason};

/// Why a session, a piece or a look-up failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The camera did not answer, or the connection broke.
    #[error("the camera does not answer: {0}")]
    Unreachable(String),
    /// The camera refused user or password.
    #[error("the camera refuses the user or the password")]
    WrongPassword,
    /// The camera offers no video that can be recorded.
    #[error("the camera offers {0}; set it to H.264 or H.265")]
    UnsupportedCodec(String),
    /// The camera sent what is not valid RTSP.
    #[error("the camera does not keep to the protocol: {0}")]
    Protocol(String),
    /// A malformed RTP payload.
    #[error("{0}")]
    Packet(&'static str),
    /// A parameter set that cannot be read.
    #[error("{0}")]
    Bitstream(&'static str),
    /// MP4 boxes that are not as they must be.
    #[error("not a piece of video: {0}")]
    Boxes(&'static str),
    /// An ONVIF answer that is not as it must be.
    #[error("the ONVIF answer cannot be used: {0}")]
    Onvif(String),
    /// The question is wrong; the text says what to ask instead.
    #[error("{0}")]
    Asked(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The recorder's threads are gone.
    #[error("the recorder has stopped")]
    Stopped,
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] loggia_seal::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] loggia_store::Error),
    /// The public log failed.
    #[error(transparent)]
    Log(#[from] loggia_transparency::Error),
    /// The inventory did not admit.
    #[error(transparent)]
    Shield(#[from] loggia_shield::Error),
    /// A thread could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Error {
    /// The reason that a gap's record gives.
    #[must_use]
    pub fn gap_reason(&self) -> GapReason {
        match self {
            Self::Unreachable(_) => GapReason::Unreachable,
            Self::WrongPassword => GapReason::WrongPassword,
            Self::UnsupportedCodec(_) => GapReason::UnsupportedCodec,
            Self::Shield(_) => GapReason::Disabled,
            Self::Protocol(_)
            | Self::Packet(_)
            | Self::Bitstream(_)
            | Self::Boxes(_)
            | Self::Onvif(_) => GapReason::CameraFault,
            Self::Asked(_)
            | Self::NotFound(_)
            | Self::Stopped
            | Self::Seal(_)
            | Self::Store(_)
            | Self::Log(_)
            | Self::Thread(_) => GapReason::RecorderDown,
        }
    }
}

impl From<mp4_atom::Error> for Error {
    fn from(_: mp4_atom::Error) -> Self {
        Self::Boxes("a box could not be written")
    }
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        match e {
            Error::Asked(text) => Self::Invalid(text),
            Error::NotFound(text) => Self::NotFound(text),
            Error::Stopped => Self::Busy(e.to_string()),
            Error::Seal(e) => e.into(),
            Error::Store(e) => e.into(),
            Error::Log(e) => e.into(),
            Error::Shield(e) => e.into(),
            Error::Thread(_) => Self::Broken("the recorder could not start a thread".to_owned()),
            Error::Unreachable(_)
            | Error::WrongPassword
            | Error::UnsupportedCodec(_)
            | Error::Protocol(_)
            | Error::Packet(_)
            | Error::Bitstream(_)
            | Error::Boxes(_)
            | Error::Onvif(_) => Self::Conflict(e.to_string()),
        }
    }
}
