//! What a field device measured: value, unit, quality, time. Never good because nobody looked: a
//! reading says why it is not, or somebody has checked it.

use core::fmt;

use crate::clock::At;
use crate::unit::Unit;

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured {
    /// A number; finite.
    Number(f64),
    /// Yes or no: a contact, an alarm.
    Flag(bool),
    /// A state in words.
    Text(Box<str>),
}

/// One reading of one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What was measured.
    pub value: Measured,
    /// In what; a flag and a text have none.
    pub unit: Option<Unit>,
    /// How far it may be relied on.
    pub quality: Quality,
    /// When it was so.
    pub at: At,
}

/// How far a reading may be relied on (the three classes of OPC UA part 8 and of the PLC world).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quality {
    /// Every check was passed.
    Good,
    /// It may be right: fit for people to look at, not to act on alone.
    Uncertain(Doubt),
    /// It is no statement about the world: nothing acts on it.
    Bad(Doubt),
}

/// Why a reading is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// Nothing newer came in time, or the device is known to be away.
    Stale,
    /// It has not moved for so long that the sensor may be stuck.
    Frozen,
    /// It is outside of what can be there.
    OutOfRange,
    /// The device's time cannot be right; the time is that of arrival.
    ClockWrong,
    /// The device itself says that it does not stand by it.
    DeviceSaysSo,
}

impl Doubt {
    /// The word for it, as entities carry it (`qualityReason`).
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Frozen => "frozen",
            Self::OutOfRange => "outOfRange",
            Self::ClockWrong => "clockWrong",
            Self::DeviceSaysSo => "deviceSaysSo",
        }
    }
}

impl Quality {
    /// The word for it, as entities carry it (`quality`).
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Uncertain(_) => "uncertain",
            Self::Bad(_) => "bad",
        }
    }

    /// Why it is not good.
    #[must_use]
    pub const fn doubt(self) -> Option<Doubt> {
        match self {
            Self::Good => None,
            Self::Uncertain(doubt) | Self::Bad(doubt) => Some(doubt),
        }
    }

    /// The quality that two words name; nothing if they name none.
    #[must_use]
    pub fn of(word: &str, reason: Option<&str>) -> Option<Self> {
        const DOUBTS: [Doubt; 5] = [
            Doubt::Stale,
            Doubt::Frozen,
            Doubt::OutOfRange,
            Doubt::ClockWrong,
            Doubt::DeviceSaysSo,
        ];
        let doubt = DOUBTS.into_iter().find(|d| Some(d.word()) == reason);
        match (word, doubt) {
            ("good", None) if reason.is_none() => Some(Self::Good),
            ("uncertain", Some(doubt)) => Some(Self::Uncertain(doubt)),
            ("bad", Some(doubt)) => Some(Self::Bad(doubt)),
            _ => None,
        }
    }

    /// The worse of two; of two that are equally bad the first, which somebody saw first.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Uncertain(_) => 1,
            Self::Bad(_) => 2,
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.doubt() {
            None => f.write_str(self.word()),
            Some(doubt) => write!(f, "{} ({})", self.word(), doubt.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quality() -> impl Strategy<Value = Quality> {
        let doubt = prop_oneof![
            Just(Doubt::Stale),
            Just(Doubt::Frozen),
            Just(Doubt::OutOfRange),
            Just(Doubt::ClockWrong),
            Just(Doubt::DeviceSaysSo),
        ];
        (doubt, 0..3_u8).prop_map(|(doubt, rank)| match rank {
            0 => Quality::Good,
            1 => Quality::Uncertain(doubt),
            _ => Quality::Bad(doubt),
        })
    }

    proptest! {
        #[test]
        fn it_comes_back_from_its_words(q in quality()) {
            prop_assert_eq!(Quality::of(q.word(), q.doubt().map(Doubt::word)), Some(q));
        }

        #[test]
        fn two_checks_never_make_it_better(a in quality(), b in quality(), c in quality()) {
            prop_assert!(a.and(b).rank() >= a.rank().max(b.rank()));
            prop_assert_eq!(a.and(b).and(c), a.and(b.and(c)));
            prop_assert_eq!(a.and(Quality::Good), a);
        }
    }

    #[test]
    fn half_a_quality_is_none() {
        assert_eq!(Quality::of("bad", None), None);
        assert_eq!(Quality::of("good", Some("stale")), None);
        assert_eq!(Quality::of("excellent", None), None);
        assert_eq!(
            Quality::Bad(Doubt::OutOfRange).to_string(),
            "bad (outOfRange)"
        );
    }
}
