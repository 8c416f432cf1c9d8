//! The words the city speaks: ids, times, people's roles, purposes and faults.
//! Never does I/O, never reads a clock, never draws randomness.

mod actor;
mod case;
mod clock;
mod fault;
mod id;
mod text;

pub use actor::{Actor, Body, PersonId, Role, Roles};
pub use case::{GapReason, LegalBasis, Purpose};
pub use clock::{At, Clock, DisciplinedClock, HOUR_US, Hour, Jump, MANUAL_START, ManualClock};
pub use fault::Fault;
pub use id::{CameraId, Digest, KeyId, NameError, RequestId, SpanId};
pub use text::{is_line, is_prose, unseen};
