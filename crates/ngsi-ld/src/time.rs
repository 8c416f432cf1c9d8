//! Points in time as NGSI-LD writes them: ISO 8601 in UTC (clause 4.6.3). Never reads a clock and
//! never knows a time zone.

use std::fmt;
use std::num::NonZeroI64;

/// Microseconds since 1970, with the number of digits that the second's fraction was written in,
/// so that a time comes back as it was sent. Eight bytes, also as an `Option`.
///
/// The years 0 to 9999 are 3.2e17 µs, under 2^59; three bits hold the digits plus one, which is
/// never zero. The order is that of time; of two writings of one instant the longer is later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(NonZeroI64);

const SECOND_US: i64 = 1_000_000;
const DAY_S: i64 = 86_400;
/// Digits of a fraction that are kept; microseconds are what the specification asks for.
const DIGITS_MAX: usize = 6;
/// 9999-12-31T23:59:59.999999Z, and the year 0: what four digits can write.
const US_MAX: i64 = 253_402_300_799_999_999;
const US_MIN: i64 = -62_167_219_200_000_000;

impl Time {
    /// A time that this machine made, written with milliseconds at least.
    #[must_use]
    pub fn of_micros(us: i64) -> Self {
        let us = us.clamp(US_MIN, US_MAX);
        Self::pack(us, if us % 1_000 == 0 { 3 } else { 6 })
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0.get() >> 3
    }

    /// The packed form, for whoever stores it.
    #[must_use]
    pub const fn to_bits(self) -> i64 {
        self.0.get()
    }

    /// From the packed form; nothing if that was not one.
    #[must_use]
    pub fn from_bits(bits: i64) -> Option<Self> {
        let us = bits >> 3;
        ((1..=7).contains(&(bits & 7)) && (US_MIN..=US_MAX).contains(&us))
            .then(|| NonZeroI64::new(bits).map(Self))
            .flatten()
    }

    fn pack(us: i64, digits: u8) -> Self {
        let bits = (us << 3) | i64::from(digits + 1);
        Self(NonZeroI64::new(bits).unwrap_or(NonZeroI64::MIN))
    }

    /// Reads `YYYY-MM-DDThh:mm:ss[.fraction]Z`. Other offsets than `Z` are refused: clause 4.6.3
    /// has times in UTC. A comma is taken for the fraction's point, as ISO 8601 allows.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        let fixed = b.len() >= 20
            && b[4] == b'-'
            && b[7] == b'-'
            && b[10] == b'T'
            && b[13] == b':'
            && b[16] == b':'
            && b[b.len() - 1] == b'Z';
        if !fixed {
            return None;
        }
        let n = |from: usize, to: usize| digits(&b[from..to]);
        let (year, month, day) = (n(0, 4)?, n(5, 7)?, n(8, 10)?);
        let (hour, minute, second) = (n(11, 13)?, n(14, 16)?, n(17, 19)?);
        let good = (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && hour <= 23
            && minute <= 59
            && second <= 60;
        if !good {
            return None;
        }
        let (fraction, kept) = fraction(&b[19..b.len() - 1])?;
        let seconds =
            days_since_1970(year, month, day) * DAY_S + hour * 3_600 + minute * 60 + second.min(59);
        Some(Self::pack(seconds * SECOND_US + fraction, kept))
    }
}

/// The number that ASCII digits write; nothing for anything else.
fn digits(b: &[u8]) -> Option<i64> {
    b.iter().try_fold(0_i64, |n, d| {
        d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0'))
    })
}

/// Microseconds of a fraction with its point, and how many digits were kept.
fn fraction(b: &[u8]) -> Option<(i64, u8)> {
    let Some((point, rest)) = b.split_first() else {
        return Some((0, 0));
    };
    if !matches!(point, b'.' | b',') || rest.is_empty() || rest.len() > 12 {
        return None;
    }
    digits(rest)?;
    let kept = rest.len().min(DIGITS_MAX);
    let scale = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    Some((
        digits(&rest[..kept])? * scale[kept],
        u8::try_from(kept).ok()?,
    ))
}

const fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day since 1970-01-01: the way back.
const fn date(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let m = (5 * of_year + 2) / 153;
    let day = of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    let year = era * 400 + year;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

/// The longest time as text.
type Text = [u8; "0000-00-00T00:00:00.000000Z".len()];

impl Time {
    /// Appends it as text, without what formatting costs: an answer has several for each entity.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let (text, len) = self.text();
        out.extend_from_slice(&text[..len]);
    }

    fn text(self) -> (Text, usize) {
        let us = self.micros();
        let seconds = us.div_euclid(SECOND_US);
        let (year, month, day) = date(seconds.div_euclid(DAY_S));
        let s = seconds.rem_euclid(DAY_S);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        put(&mut text[0..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..10], day);
        put(&mut text[11..13], s / 3_600);
        put(&mut text[14..16], s / 60 % 60);
        put(&mut text[17..19], s % 60);
        put(&mut text[20..26], us.rem_euclid(SECOND_US));
        let end = match usize::try_from((self.0.get() & 7) - 1).unwrap_or(0) {
            0 => 19,
            kept => 20 + kept.min(DIGITS_MAX),
        };
        text[end] = b'Z';
        (text, end + 1)
    }
}

/// Writes a number's last digits into all of `place`.
fn put(place: &mut [u8], mut n: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(n % 10).unwrap_or(0);
        n /= 10;
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, len) = self.text();
        f.write_str(std::str::from_utf8(&text[..len]).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_4_6_3_times_come_back_as_they_were_written() {
        for text in [
            "2020-09-09T16:40:00.000Z",
            "2017-07-29T12:00:04Z",
            "2024-02-29T23:59:59.123456Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.9Z",
        ] {
            assert_eq!(
                Time::read(text).map(|t| t.to_string()).as_deref(),
                Some(text)
            );
        }
        let t = Time::read("1970-01-02T00:00:00,5Z").expect("a comma is ISO 8601's other point");
        assert_eq!(t.micros(), 86_400_500_000);
        assert_eq!(Time::from_bits(t.to_bits()), Some(t));
        assert_eq!(std::mem::size_of::<Option<Time>>(), 8);
    }

    #[test]
    fn clause_4_6_3_what_is_no_utc_time_is_refused() {
        for text in [
            "not-a-date",
            "2026-08-10T12:00:00+02:00",
            "2026-08-10T12:00:00",
            "2026-08-10",
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T12:00:00.Z",
            "2026-01-01 12:00:00Z",
            "",
        ] {
            assert_eq!(Time::read(text), None, "{text}");
        }
    }
}
