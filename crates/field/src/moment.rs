//! Times as devices write them: ISO 8601 with any offset, or a number since 1970. Never guesses a
//! time zone.

use loggia_model::{At, Measured};

/// Seconds since 1970 beyond which a number is one of milliseconds, then of microseconds: the year
/// 5138, which is 1973 in milliseconds.
const SECONDS_MAX: f64 = 1e11;

/// Reads a time written as text.
#[must_use]
pub fn read(text: &str) -> Option<At> {
    let time: jiff::Timestamp = text.trim().parse().ok()?;
    Some(At(time.as_microsecond()))
}

/// A time out of what a device says.
#[must_use]
pub fn of(value: &Measured) -> Option<At> {
    match value {
        Measured::Text(text) => read(text),
        Measured::Number(n) if *n >= 0.0 && *n < SECONDS_MAX * 1e6 => {
            let us = if *n < SECONDS_MAX {
                n * 1e6
            } else if *n < SECONDS_MAX * 1e3 {
                n * 1e3
            } else {
                *n
            };
            #[expect(clippy::cast_possible_truncation, reason = "below 10^17, see above")]
            Some(At(us.round() as i64))
        }
        _ => None,
    }
}

/// A time as NGSI-LD writes it (clause 4.6.3): UTC, with the digits that it has.
#[must_use]
pub fn written(at: At) -> String {
    let whole = at.to_string();
    match at.0.rem_euclid(1_000_000) {
        0 => whole,
        us if us % 1_000 == 0 => format!("{}.{:03}Z", whole.trim_end_matches('Z'), us / 1_000),
        us => format!("{}.{us:06}Z", whole.trim_end_matches('Z')),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn devices_write_times_in_many_ways() {
        let same = At(1_764_489_600_000_000);
        for text in [
            "2025-11-30T08:00:00Z",
            "2025-11-30T10:00:00+02:00",
            "2025-11-30T08:00:00.000Z",
            " 2025-11-30 08:00:00Z\n",
        ] {
            assert_eq!(of(&Measured::Text(text.into())), Some(same), "{text}");
        }
        for number in [
            1_764_489_600.0,
            1_764_489_600_000.0,
            1_764_489_600_000_000.0,
        ] {
            assert_eq!(of(&Measured::Number(number)), Some(same), "{number}");
        }
        for text in ["2025-11-30T08:00:00", "30.11.2025", "", "now"] {
            assert_eq!(read(text), None, "{text}: no offset, no time");
        }
        assert_eq!(of(&Measured::Number(-1.0)), None);
        assert_eq!(of(&Measured::Number(1e40)), None);
        assert_eq!(written(At(same.0 + 120_000)), "2025-11-30T08:00:00.120Z");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(us in 0..253_402_200_000_000_000_i64) {
            prop_assert_eq!(read(&written(At(us))), Some(At(us)));
        }
    }
}
