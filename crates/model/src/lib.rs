//! The words the city speaks: ids, times, readings and units, people's roles, purposes and faults.
//! Never does I/O, never reads a clock, never draws randomness.

mod actor;
mod case;
mod clock;
mod fault;
mod id;
mod reading;
mod resident;
mod text;
mod unit;

pub use actor::{Actor, Body, PersonId, Role, Roles};
pub use case::{GapReason, LegalBasis, Purpose};
pub use clock::{At, Clock, DisciplinedClock, HOUR_US, Hour, Jump, MANUAL_START, ManualClock};
pub use fault::Fault;
pub use id::{CameraId, Digest, KeyId, NameError, RequestId, SpanId};
pub use reading::{Doubt, Measured, Quality, Reading};
pub use resident::{
    ASK_CAMERAS_MAX, ASK_HOURS_MAX, CONTACT_CHARS_MAX, Complaint, NAME_CHARS_MAX, OwnFootage,
    TOLD_CHARS_MAX, TOLD_CHARS_MIN,
};
pub use text::{is_line, is_prose, unseen};
pub use unit::{Conversion, Quantity, Unit, UnitError};
