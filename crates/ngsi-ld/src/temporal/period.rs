//! How long a period of an aggregation is: ISO 8601 durations (clause 4.5.19.1). Never knows a time
//! zone: days have 24 hours, months and years are the calendar's in UTC.

use crate::error::Problem;
use crate::query::Fault;
use crate::time::Time;

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;
/// The longest period: what four digits of a year can hold.
const YEARS_MAX: i64 = 10_000;

/// A duration; of nothing, it stands for the whole range of the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    months: i64,
    micros: i64,
}

impl Period {
    /// The whole range of the query.
    pub const WHOLE: Self = Self {
        months: 0,
        micros: 0,
    };

    /// Reads `P[n]Y[n]M[n]DT[n]H[n]M[n]S` or `P[n]W`. A second may have a fraction.
    ///
    /// # Errors
    /// If it is no such duration, or longer than time is written here.
    pub fn read(text: &str) -> Result<Self, Fault> {
        parse(text).ok_or_else(|| Fault {
            parameter: "aggrPeriodDuration",
            at: 1,
            what: "expected a duration like P1D, PT15M or P2W (clause 4.5.19.1)".to_owned(),
            problem: Problem::BadRequestData,
        })
    }

    /// Whether it stands for the whole range.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.months == 0 && self.micros == 0
    }

    /// So much later than a microsecond.
    pub(crate) fn after(self, us: i64) -> i64 {
        self.start(us, 1)
    }

    /// Which period, counted from the one that begins at `origin`, a microsecond lies in. `near`
    /// is a period that is not behind it, to begin looking at where months are counted.
    pub(super) fn index(self, origin: i64, at: i64, near: i64) -> i64 {
        if self.is_whole() {
            return 0;
        }
        if self.months == 0 {
            return at.saturating_sub(origin).div_euclid(self.micros);
        }
        let mut n = near;
        while self.start(origin, n) > at {
            n -= 1;
        }
        while self.start(origin, n + 1) <= at {
            n += 1;
        }
        n
    }

    /// When period `n` begins, in microseconds.
    pub(super) fn start(self, origin: i64, n: i64) -> i64 {
        let moved = if self.months == 0 {
            origin
        } else {
            months_later(origin, self.months.saturating_mul(n))
        };
        moved.saturating_add(self.micros.saturating_mul(n))
    }
}

/// So many months later, on the same day or the month's last.
fn months_later(us: i64, months: i64) -> i64 {
    let text = Time::of_micros(us).to_string();
    let (Some(date), Some(of_day)) = (text.get(..10), text.get(10..)) else {
        return us;
    };
    let mut parts = date.split('-').map(|p| p.parse::<i64>().unwrap_or(1));
    let (year, month, day) = (
        parts.next().unwrap_or(0),
        parts.next().unwrap_or(1),
        parts.next().unwrap_or(1),
    );
    let count = (year * 12 + month - 1).saturating_add(months);
    let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
    (day - 3..=day)
        .rev()
        .find_map(|d| Time::read(&format!("{year:04}-{month:02}-{d:02}{of_day}")))
        // Beyond the years that four digits write.
        .map_or(if months < 0 { i64::MIN } else { i64::MAX }, Time::micros)
}

fn parse(text: &str) -> Option<Period> {
    let body = text.strip_prefix('P')?;
    let (date, time) = match body.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (body, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let mut period = Period::WHOLE;
    if let Some(weeks) = date.strip_suffix('W') {
        if !time.is_empty() {
            return None;
        }
        period.micros = whole(weeks)?.checked_mul(7 * DAY_US)?;
    } else {
        let [years, months, days] = fields(date, ['Y', 'M', 'D'])?;
        let [hours, minutes, seconds] = fields(time, ['H', 'M', 'S'])?;
        period.months = whole(years)?.checked_mul(12)?.checked_add(whole(months)?)?;
        period.micros = whole(days)?
            .checked_mul(DAY_US)?
            .checked_add(whole(hours)?.checked_mul(3_600 * SECOND_US)?)?
            .checked_add(whole(minutes)?.checked_mul(60 * SECOND_US)?)?
            .checked_add(fraction(seconds)?)?;
    }
    let fits = period.months <= YEARS_MAX * 12 && period.micros <= YEARS_MAX * 366 * DAY_US;
    fits.then_some(period)
}

/// The numbers before three designators, which stand in this order; `0` for one that is missing.
fn fields(mut text: &str, designators: [char; 3]) -> Option<[&str; 3]> {
    let mut found = ["0"; 3];
    for (place, designator) in found.iter_mut().zip(designators) {
        if let Some((number, rest)) = text.split_once(designator) {
            if number.is_empty() {
                return None;
            }
            (*place, text) = (number, rest);
        }
    }
    text.is_empty().then_some(found)
}

fn whole(digits: &str) -> Option<i64> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

/// Seconds in microseconds; with a point or a comma and six digits at most behind it.
fn fraction(text: &str) -> Option<i64> {
    let (seconds, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let micros = match part.len() {
        0 if text.len() == seconds.len() => 0,
        n @ 1..=6 => whole(part)?.checked_mul(10_i64.pow(u32::try_from(6 - n).ok()?))?,
        _ => return None,
    };
    whole(seconds)?.checked_mul(SECOND_US)?.checked_add(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(text: &str) -> i64 {
        Time::read(text).expect("a time").micros()
    }

    #[test]
    fn clause_4_5_19_1_durations_are_read() {
        for (text, months, seconds) in [
            ("PT0S", 0, 0),
            ("P0D", 0, 0),
            ("PT1H", 0, 3_600),
            ("P1D", 0, 86_400),
            ("PT4M", 0, 240),
            ("P2W", 0, 14 * 86_400),
            ("P1M", 1, 0),
            (
                "P3Y6M4DT12H30M5S",
                42,
                4 * 86_400 + 12 * 3_600 + 30 * 60 + 5,
            ),
        ] {
            let period = Period::read(text).expect(text);
            assert_eq!(
                (period.months, period.micros),
                (months, seconds * SECOND_US)
            );
        }
        assert_eq!(Period::read("PT0.25S").expect("a quarter").micros, 250_000);
        for bad in [
            "",
            "P",
            "PT",
            "1D",
            "P1",
            "PD",
            "P1D1M",
            "P1WT1H",
            "P-1D",
            "P1.5D",
            "PT1.S",
            "bogus",
            "P1Y2W",
            "PT1H1H",
            "P99999999999999999999Y",
            "P20000Y",
        ] {
            assert!(Period::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn months_end_where_the_calendar_has_them() {
        let month = Period::read("P1M").expect("a month");
        let origin = us("2024-01-31T12:00:00Z");
        let starts: Vec<String> = (0..4)
            .map(|n| Time::of_micros(month.start(origin, n)).to_string())
            .collect();
        assert_eq!(starts[1], "2024-02-29T12:00:00.000Z");
        assert_eq!(starts[2], "2024-03-31T12:00:00.000Z");
        assert_eq!(starts[3], "2024-04-30T12:00:00.000Z");
        for (at, n) in [
            ("2024-01-31T12:00:00Z", 0),
            ("2024-02-29T11:59:59Z", 0),
            ("2024-02-29T12:00:00Z", 1),
            ("2025-01-31T12:00:00Z", 12),
            ("2023-12-31T12:00:00Z", -1),
        ] {
            assert_eq!(month.index(origin, us(at), 0), n, "{at}");
        }
    }
}
