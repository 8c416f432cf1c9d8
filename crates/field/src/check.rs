//! The checks of one value: unit, range, time. Never lets a value through in another unit than the
//! attribute's.

use std::time::Duration;

use loggia_model::{At, Doubt, Measured, Quality};

use crate::lost::Lost;
use crate::plan::Attribute;

/// A device's clock may be ahead of ours so far.
pub const CLOCK_AHEAD_MAX: Duration = Duration::from_secs(60);
/// And so far behind: a logger that is read once a month.
pub const CLOCK_BEHIND_MAX: Duration = Duration::from_secs(32 * 86_400);

/// A value in the attribute's unit.
pub(crate) fn in_unit(attribute: &Attribute, value: &Measured) -> Result<Measured, Lost> {
    let wrong = |what: &str| {
        let name: String = attribute.name.chars().take(64).collect();
        Lost::WrongKind(format!("attribute `{name}` {what}").into())
    };
    let needs_number = attribute.unit.is_some() || attribute.range.is_some();
    match (value, attribute.unit) {
        (Measured::Number(x), Some((_, Some(way)))) => {
            let y = way.of(*x);
            match y.is_finite() {
                true => Ok(Measured::Number(y)),
                false => Err(wrong("is too large a number in its unit")),
            }
        }
        // Many devices write numbers as texts in JSON.
        (Measured::Text(text), _) if needs_number => match text.trim().parse::<f64>() {
            Ok(x) if x.is_finite() => in_unit(attribute, &Measured::Number(x)),
            _ => Err(wrong(
                "has a unit or a range and needs a number, not a text",
            )),
        },
        (Measured::Flag(_), _) if needs_number => Err(wrong(
            "has a unit or a range and needs a number, not yes or no",
        )),
        (value, _) => Ok(value.clone()),
    }
}

/// Whether a number can be there.
pub(crate) fn in_range(attribute: &Attribute, value: &Measured) -> Quality {
    match (attribute.range, value) {
        (Some([least, greatest]), Measured::Number(x)) if *x < least || *x > greatest => {
            Quality::Bad(Doubt::OutOfRange)
        }
        _ => Quality::Good,
    }
}

/// The time of a reading: the device's own if it can be right, else ours.
pub(crate) fn time(sent: Option<Result<At, ()>>, now: At) -> (At, Quality) {
    match sent {
        None => (now, Quality::Good),
        Some(Ok(at)) if at <= now.after(CLOCK_AHEAD_MAX) && at >= now.before(CLOCK_BEHIND_MAX) => {
            (at, Quality::Good)
        }
        Some(_) => (now, Quality::Uncertain(Doubt::ClockWrong)),
    }
}
