//! What a resident files at the city's open doors, and how much of it: the form that asks and the
//! room that keeps it hold to the same bounds. Never a picture, never how somebody looks.

use crate::{At, CameraId};

/// Most cameras that one ask names.
pub const ASK_CAMERAS_MAX: usize = 4;
/// Longest time that one ask names, hours.
pub const ASK_HOURS_MAX: i64 = 2;
/// Longest name, characters.
pub const NAME_CHARS_MAX: usize = 100;
/// Longest contact, characters.
pub const CONTACT_CHARS_MAX: usize = 200;
/// Longest words of a resident, or of an answer, characters: sealed, at most 8 kB.
pub const TOLD_CHARS_MAX: usize = 2_000;
/// Shortest complaint, and shortest answer, that says anything, characters.
pub const TOLD_CHARS_MIN: usize = 10;

/// Somebody asks for footage of themselves (GDPR (2016/679) Art. 15, LED (2016/680) Art. 14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFootage {
    /// Their name, one line of at most [`NAME_CHARS_MAX`].
    pub name: String,
    /// Where the answer goes, one line of at most [`CONTACT_CHARS_MAX`]: a postal or e-mail
    /// address.
    pub contact: String,
    /// Cameras that they passed, 1 to [`ASK_CAMERAS_MAX`].
    pub cameras: Vec<CameraId>,
    /// From when, microseconds.
    pub from: At,
    /// Until when: past, and at most [`ASK_HOURS_MAX`] later.
    pub to: At,
    /// What helps to find the minutes, in their words, at most [`TOLD_CHARS_MAX`]; may be empty.
    pub told: String,
}

/// Somebody complains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Who, as in [`OwnFootage`]; may be empty.
    pub name: String,
    /// How they are reached; may be empty, then nobody is answered.
    pub contact: String,
    /// Of what, in their words: [`TOLD_CHARS_MIN`] to [`TOLD_CHARS_MAX`].
    pub about: String,
    /// Which camera, where it is about one.
    pub camera: Option<CameraId>,
}
