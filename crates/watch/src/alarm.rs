//! An alarm: where it comes from, how urgent it is and in which state of ISA-18.2 it stands.
//! Never a fact about a person: a source is a piece of equipment.

use core::fmt;
use core::str::FromStr;

use loggia_model::{At, CameraId, PersonId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Error;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The store has stopped: nothing is recorded anywhere.
    StoreStopped,
    /// The disk is full: nothing is recorded until there is room.
    DiskFull,
    /// Too few witnesses outside the city answer, or none are set up: nothing can be opened.
    WitnessesAway,
    /// One camera gives nothing.
    CameraDown,
    /// Little room is left for footage.
    StorageLow,
    /// Wall time disagrees with the time that surely passed.
    ClockDisputed,
}

/// How urgent (ISA-18.2-2016 clause 9: by consequence and by the time left to act).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// The whole city is concerned; act within minutes.
    High,
    /// One place is not recorded, or will not be in hours.
    Medium,
    /// Somebody has to see to it in days.
    Low,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::StoreStopped,
        Self::DiskFull,
        Self::WitnessesAway,
        Self::CameraDown,
        Self::StorageLow,
        Self::ClockDisputed,
    ];

    /// Its word in tables, names and answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::StoreStopped => "store_stopped",
            Self::DiskFull => "disk_full",
            Self::WitnessesAway => "witnesses_away",
            Self::CameraDown => "camera_down",
            Self::StorageLow => "storage_low",
            Self::ClockDisputed => "clock_disputed",
        }
    }

    /// How urgent it is.
    #[must_use]
    pub const fn priority(self) -> Priority {
        match self {
            Self::StoreStopped | Self::DiskFull | Self::WitnessesAway => Priority::High,
            Self::CameraDown | Self::StorageLow => Priority::Medium,
            Self::ClockDisputed => Priority::Low,
        }
    }
}

/// Which piece of equipment: the alarm's key. Written `camera_down-14`, `disk_full`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// What is wrong.
    pub kind: Kind,
    /// With which camera, for alarms of cameras.
    pub camera: Option<CameraId>,
}

impl Source {
    /// A camera's.
    #[must_use]
    pub const fn camera(camera: CameraId) -> Self {
        Self {
            kind: Kind::CameraDown,
            camera: Some(camera),
        }
    }

    /// The whole house's.
    #[must_use]
    pub const fn house(kind: Kind) -> Self {
        Self { kind, camera: None }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.camera {
            Some(camera) => write!(f, "{}-{}", self.kind.word(), camera.0),
            None => f.write_str(self.kind.word()),
        }
    }
}

impl FromStr for Source {
    type Err = Error;
    fn from_str(s: &str) -> Result<Self, Error> {
        let (word, camera) = match s.split_once('-') {
            Some((word, id)) => {
                // One spelling a name: no sign, no leading zeros.
                let id: u32 = id.parse().map_err(|_| Error::Name)?;
                (word, Some(CameraId(id)))
            }
            None => (s, None),
        };
        let kind = Kind::ALL.into_iter().find(|k| k.word() == word);
        let source = Self {
            kind: kind.ok_or(Error::Name)?,
            camera,
        };
        let of_camera = source.kind == Kind::CameraDown;
        if of_camera != camera.is_some() || source.to_string() != s {
            return Err(Error::Name);
        }
        Ok(source)
    }
}

/// The states of ISA-18.2-2016 clause 5.4 that are on the list. A normal alarm is not on it, and
/// nothing is suppressed by design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is so, and nobody has said that they know.
    Unacknowledged,
    /// It is over, and nobody has said that they know.
    Returned,
    /// It is so, and somebody knows.
    Acknowledged,
    /// Set aside until a time, for a reason.
    Shelved,
}

/// Who did it, when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Deed {
    /// Who.
    #[schema(value_type = String)]
    pub by: PersonId,
    /// When.
    #[schema(value_type = i64)]
    pub at: At,
}

/// Why an alarm is set aside, by whom and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Shelf {
    /// Who.
    #[schema(value_type = String)]
    pub by: PersonId,
    /// When.
    #[schema(value_type = i64)]
    pub at: At,
    /// When it ends by itself.
    #[schema(value_type = i64)]
    pub until: At,
    /// Why, in words.
    pub reason: String,
}

/// One alarm as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Alarm {
    /// Its name, for acknowledging and shelving.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub id: Source,
    /// What is wrong.
    pub kind: Kind,
    /// With which camera.
    #[schema(value_type = Option<u32>)]
    pub camera: Option<CameraId>,
    /// How urgent.
    pub priority: Priority,
    /// In which state.
    pub state: State,
    /// Whether it is so now: a shelved alarm's condition is followed too.
    pub active: bool,
    /// The word that the equipment gave, e.g. `unreachable`.
    pub detail: Option<String>,
    /// When it was raised last.
    #[schema(value_type = i64)]
    pub raised_at: At,
    /// Since when it is not so any more.
    #[schema(value_type = Option<i64>)]
    pub returned_at: Option<At>,
    /// Who said that they know.
    pub acknowledged: Option<Deed>,
    /// Why it is set aside.
    pub shelved: Option<Shelf>,
}

fn as_text<S: serde::Serializer>(source: &Source, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_one_name() {
        for kind in Kind::ALL {
            let camera = (kind == Kind::CameraDown).then_some(CameraId(14));
            let source = Source { kind, camera };
            assert_eq!(source.to_string().parse::<Source>().unwrap(), source);
        }
        for bad in [
            "",
            "-",
            "camera_down",
            "camera_down-",
            "camera_down-014",
            "camera_down-+4",
            "camera_down--4",
            "disk_full-1",
            "Disk_full",
            "camera_down-4294967296",
        ] {
            assert!(matches!(bad.parse::<Source>(), Err(Error::Name)), "{bad}");
        }
    }
}
