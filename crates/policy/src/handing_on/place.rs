//! Where a page of kept spans begins: a place among the hours' keys, then among held spans. Read
//! strictly; never says what is there.

use core::fmt::Write as _;

use loggia_model::{CameraId, Hour, SpanId};

use crate::Error;

/// Where a page begins: `h/HOUR/CAMERA/SPAN` among the hours, `k/CAMERA/SPAN` among held spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Hour(Hour, CameraId, SpanId),
    Held(CameraId, SpanId),
}

impl Place {
    pub(super) const FIRST: Self = Self::Hour(Hour(0), CameraId(0), SpanId(0));

    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let bad = || Error::Invalid("`after` is no place of an earlier page".into());
        let mut parts = text.split('/');
        let kind = parts.next();
        let mut number = || {
            parts
                .next()
                .and_then(|n| n.parse::<u64>().ok())
                .ok_or_else(bad)
        };
        let small = |n: u64| u32::try_from(n).map_err(|_| bad());
        match kind {
            Some("h") => Ok(Self::Hour(
                Hour(small(number()?)?),
                CameraId(small(number()?)?),
                SpanId(number()?),
            )),
            Some("k") => Ok(Self::Held(CameraId(small(number()?)?), SpanId(number()?))),
            _ => Err(bad()),
        }
    }

    pub(super) fn text(self) -> String {
        let mut out = String::new();
        let _infallible = match self {
            Self::Hour(h, c, s) => write!(out, "h/{}/{}/{}", h.0, c.0, s.0),
            Self::Held(c, s) => write!(out, "k/{}/{}", c.0, s.0),
        };
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back_and_nothing_else_does() {
        for place in [
            Place::FIRST,
            Place::Hour(Hour(7), CameraId(8), SpanId(u64::MAX)),
            Place::Held(CameraId(u32::MAX), SpanId(9)),
        ] {
            assert_eq!(Place::parse(&place.text()).unwrap(), place);
        }
        for bad in [
            "",
            "h",
            "h/1/2",
            "h/1/2/x",
            "k/1",
            "z/1/2/3",
            "h/4294967296/1/1",
            "h/-1/1/1",
        ] {
            assert!(Place::parse(bad).is_err(), "{bad}");
        }
    }
}
