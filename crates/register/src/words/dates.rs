//! Dates and times as each language writes them, in the city's own time zone.
//! Never asks what zone the reader is in: a figure has one date for everybody.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use loggia_model::{At, Fault};

use super::{Lang, Tongue, words};

words! {
    MONTHS = "January,February,March,April,May,June,July,August,September,October,November,\
        December"
        / "јануар,фебруар,март,април,мај,јун,јул,август,септембар,октобар,новембар,децембар";
}

const SHORT: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec",
];

/// A time zone of the IANA database.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of that name, such as `Europe/Belgrade`.
    ///
    /// # Errors
    /// [`Fault::Invalid`] where no zone has the name.
    pub fn named(name: &str) -> Result<Self, Fault> {
        TimeZone::get(name)
            .map(Self)
            .map_err(|_| Fault::Invalid(format!("`{name}` is no time zone, see IANA's list")))
    }

    /// The machine's own.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self(TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }

    /// `Europe/Helsinki (UTC+2)` at that moment.
    pub(crate) fn name_at(&self, at: At) -> String {
        let seconds = self.0.to_offset(stamp(at)).seconds();
        let (hours, minutes) = (seconds.abs() / 3_600, seconds.abs() / 60 % 60);
        let sign = if seconds < 0 { '-' } else { '+' };
        let offset = match (hours, minutes) {
            (0, 0) => "UTC".to_owned(),
            (h, 0) => format!("UTC{sign}{h}"),
            (h, m) => format!("UTC{sign}{h}:{m:02}"),
        };
        match self.0.iana_name() {
            Some(name) if name != "UTC" => format!("{name} ({offset})"),
            _ => offset,
        }
    }

    /// The moment of a date (`2026-11-23`) and time of day (`14:05`) here; of two, the first.
    pub(crate) fn moment(&self, date: &str, time: &str) -> Option<At> {
        let date: Date = date.trim().parse().ok()?;
        let (hour, minute) = time.trim().split_once([':', '.'])?;
        let time = Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?;
        let zoned = DateTime::from_parts(date, time)
            .to_zoned(self.0.clone())
            .ok()?;
        Some(At(zoned.timestamp().as_microsecond()))
    }

    /// The moment of that time of day on the day after `date`.
    pub(crate) fn moment_after(&self, date: &str, time: &str) -> Option<At> {
        let date: Date = date.trim().parse().ok()?;
        self.moment(&date.tomorrow().ok()?.to_string(), time)
    }

    /// `2026-11-23` and `14:05` of a moment.
    pub(crate) fn parts(&self, at: At) -> (String, String) {
        let t = self.0.to_datetime(stamp(at));
        (
            t.date().to_string(),
            format!("{:02}:{:02}", t.hour(), t.minute()),
        )
    }
}

fn stamp(at: At) -> Timestamp {
    Timestamp::from_microsecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Tongue {
    fn local(&self, at: At) -> DateTime {
        self.zone.0.to_datetime(stamp(at))
    }

    /// `23 Nov 2026`, `23. 11. 2026.`
    pub fn day(&self, at: At) -> String {
        self.date(self.local(at).date())
    }

    fn date(&self, d: Date) -> String {
        if self.lang == Lang::En {
            let month = usize::try_from(d.month() - 1)
                .ok()
                .and_then(|m| SHORT.get(m));
            return format!("{} {} {}", d.day(), month.unwrap_or(&""), d.year());
        }
        format!("{}. {}. {}.", d.day(), d.month(), d.year())
    }

    /// Hours and minutes.
    pub fn time(&self, at: At) -> String {
        let t = self.local(at);
        format!("{:02}:{:02}", t.hour(), t.minute())
    }

    /// Day and time.
    pub fn date_time(&self, at: At) -> String {
        let parted = if self.lang == Lang::En { ", " } else { " " };
        format!("{}{parted}{}", self.day(at), self.time(at))
    }

    /// From and to; the date stands at both ends where the days differ.
    pub fn range(&self, from: At, to: At) -> String {
        let end = if self.day(from) == self.day(to) {
            self.time(to)
        } else {
            self.date_time(to)
        };
        format!("{} – {end}", self.date_time(from))
    }

    /// `November 2026`, `новембар 2026.` of `2026-11`.
    pub fn month(&self, month: &str) -> String {
        let named = || {
            let (year, number) = month.split_once('-')?;
            let names = self.say(MONTHS);
            let name = names
                .split(',')
                .nth(number.parse::<usize>().ok()?.checked_sub(1)?)?;
            let dot = if self.lang == Lang::En { "" } else { "." };
            Some(format!("{name} {year}{dot}"))
        };
        named().unwrap_or_else(|| month.to_owned())
    }

    /// RFC 822 as RSS 2.0 wants it, in UTC.
    pub fn rfc822(at: At) -> String {
        stamp(at)
            .strftime("%a, %d %b %Y %H:%M:%S +0000")
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use loggia_model::MANUAL_START;

    use super::*;

    fn tongue(lang: Lang) -> Tongue {
        let zone = Zone::named("Europe/Helsinki").unwrap();
        Tongue { lang, zone }
    }

    #[test]
    fn dates_are_the_citys_in_each_language() {
        assert_eq!(
            tongue(Lang::En).date_time(MANUAL_START),
            "23 Nov 2026, 14:00"
        );
        assert_eq!(
            tongue(Lang::Sr).date_time(MANUAL_START),
            "23. 11. 2026. 14:00"
        );
        assert_eq!(tongue(Lang::En).month("2026-11"), "November 2026");
        assert_eq!(tongue(Lang::Sr).month("2026-11"), "новембар 2026.");
        assert_eq!(tongue(Lang::SrLatn).month("2026-01"), "januar 2026.");
        let later = At(MANUAL_START.0 + 12 * 3_600_000_000);
        let said = tongue(Lang::En).range(MANUAL_START, later);
        assert_eq!(said, "23 Nov 2026, 14:00 – 24 Nov 2026, 02:00");
        assert_eq!(
            Tongue::rfc822(MANUAL_START),
            "Mon, 23 Nov 2026 12:00:00 +0000"
        );
    }

    #[test]
    fn zones_are_named_and_read_back() {
        let zone = Zone::named("Europe/Belgrade").unwrap();
        assert_eq!(zone.name_at(MANUAL_START), "Europe/Belgrade (UTC+1)");
        assert!(Zone::named("Europe/Nowhere").is_err());
        assert_eq!(zone.moment("2026-11-23", "13:00"), Some(MANUAL_START));
        assert_eq!(zone.moment("2026-11-23", "13.00"), Some(MANUAL_START));
        let (date, time) = zone.parts(MANUAL_START);
        assert_eq!((date.as_str(), time.as_str()), ("2026-11-23", "13:00"));
        for (date, time) in [("", ""), ("2026-13-01", "10:00"), ("2026-11-23", "24:00")] {
            assert_eq!(zone.moment(date, time), None, "{date} {time}");
        }
    }
}
