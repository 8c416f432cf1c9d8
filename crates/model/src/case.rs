//! Why footage may be opened, and why it may be missing: closed lists, plain in the public log.

use serde::{Deserialize, Serialize};

/// Case types (issue: investigation, subject access, incident live view, audit sample).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A criminal investigation.
    Investigation,
    /// Danger to somebody's life: shorter clock, mandatory review afterwards.
    DangerToLife,
    /// A resident asks for footage of themselves (GDPR Art. 15, LED Art. 14).
    SubjectAccess,
    /// Unblurred live view in a declared incident, at most 15 minutes.
    IncidentLive,
    /// The oversight body samples what was recorded.
    AuditSample,
}

/// A legal basis by its identifier in the city's list, e.g. `fi-plb-2-10`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LegalBasis(pub String);

/// Why seconds of a camera are not there. The numbers are the sealed format's
/// (docs/design/seal.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum GapReason {
    /// The camera does not answer.
    Unreachable = 1,
    /// The camera refuses the password.
    WrongPassword = 2,
    /// The recorder could not keep up and dropped whole GOPs.
    Overload = 3,
    /// The disk is full.
    DiskFull = 4,
    /// The recorder was not running.
    RecorderDown = 5,
    /// The camera sent what is not valid RTSP, RTP or video.
    CameraFault = 6,
    /// The camera offers no codec that can be recorded.
    UnsupportedCodec = 7,
    /// The camera was taken out of service on purpose.
    Disabled = 8,
}

impl GapReason {
    /// Every reason, in number order.
    pub const ALL: [Self; 8] = [
        Self::Unreachable,
        Self::WrongPassword,
        Self::Overload,
        Self::DiskFull,
        Self::RecorderDown,
        Self::CameraFault,
        Self::UnsupportedCodec,
        Self::Disabled,
    ];

    /// The reason with this number in the sealed format.
    #[must_use]
    pub fn from_number(n: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|r| *r as u8 == n)
    }
}
