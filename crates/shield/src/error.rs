//! What can go wrong in the inventory, one variant per thing that the caller can do differently.

use loggia_model::{CameraId, Fault};

/// Why an enrolment, an admission or a look-up failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the declaration is wrong; the text names it and says what would do.
    #[error("{0}")]
    Declaration(String),
    /// There is no such camera.
    #[error("{0} is not in the inventory; `loggia camera add` enrols it")]
    Unknown(CameraId),
    /// The camera was taken out of service.
    #[error("{0} was retired; enrol it again to record it")]
    Retired(CameraId),
    /// Another camera has this stream address.
    #[error("{taken_by} already has the address {url}")]
    AddressTaken {
        /// Whose it is.
        taken_by: CameraId,
        /// The address.
        url: String,
    },
    /// The camera does not bear out what is declared of its privacy masks, or does not answer; the
    /// text says what to do.
    #[error("{0}")]
    Masks(String),
    /// The probe is older than [`crate::PROBE_LIFE`].
    #[error("the probe has expired; ask again")]
    ProbeExpired,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] loggia_store::Error),
    /// The public log failed; nothing was done.
    #[error(transparent)]
    Log(#[from] loggia_transparency::Error),
    /// A row could not be written or read back.
    #[error("the inventory's table: {0}")]
    Row(String),
}

impl From<rusqlite::Error> for Error {
    fn from(e: rusqlite::Error) -> Self {
        Self::Store(e.into())
    }
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        match e {
            Error::Declaration(_) => Self::Invalid(e.to_string()),
            Error::Unknown(_) => Self::NotFound(e.to_string()),
            Error::Retired(_)
            | Error::AddressTaken { .. }
            | Error::Masks(_)
            | Error::ProbeExpired => Self::Conflict(e.to_string()),
            Error::Store(e) => e.into(),
            Error::Log(e) => e.into(),
            Error::Row(_) => Self::Broken("the inventory could not be read".to_owned()),
        }
    }
}
