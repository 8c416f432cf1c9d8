//! What a posted request for one's own footage says: every field checked, all faults told at once.
//! Never guesses a day or a camera.

use std::collections::BTreeSet;

use loggia_model::{ASK_CAMERAS_MAX, ASK_HOURS_MAX, At, CameraId, HOUR_US, OwnFootage};

use super::form::{Fields, Wrong};
use crate::declared::Declared;
use crate::words::{Tongue, forms as w};

/// What a posted form asks for, or what is wrong with it.
pub(super) fn asked(
    t: &Tongue,
    fields: &Fields,
    cameras: &[Declared],
    now: At,
) -> Result<OwnFootage, Wrong> {
    let mut wrong = Wrong::default();
    let chosen = chosen(t, fields, cameras, &mut wrong);
    let span = span(t, fields, now, &mut wrong);
    if let Some((_, to)) = span {
        let kept = cameras.iter().filter(|c| chosen.contains(&c.id));
        let longest = kept.map(|c| c.retention_h).max();
        let gone = |h: &u32| now.0 - to.0 > i64::from(*h) * HOUR_US;
        if let Some(hours) = longest.filter(gone) {
            wrong.add("day", t.count(w::E_EXPIRED, u64::from(hours)));
        }
    }
    wrong.prose(t, fields, "told", None);
    wrong.line(t, fields, "name", Some(w::E_NAME));
    wrong.line(t, fields, "contact", Some(w::E_CONTACT));
    match span {
        Some((from, to)) if wrong.none() => Ok(OwnFootage {
            name: fields.get("name").to_owned(),
            contact: fields.get("contact").to_owned(),
            cameras: chosen,
            from,
            to,
            told: fields.get("told").to_owned(),
        }),
        _ => Err(wrong),
    }
}

fn chosen(t: &Tongue, fields: &Fields, cameras: &[Declared], wrong: &mut Wrong) -> Vec<CameraId> {
    let ticked: BTreeSet<Option<CameraId>> = fields
        .all("camera")
        .map(|c| c.parse().ok().map(CameraId))
        .collect();
    let known = |c: &Option<CameraId>| c.is_some_and(|id| cameras.iter().any(|d| d.id == id));
    if ticked.is_empty() {
        wrong.add("cameras", t.say(w::E_CAMERAS));
    } else if ticked.len() > ASK_CAMERAS_MAX {
        wrong.add(
            "cameras",
            t.count(w::E_CAMERAS_MANY, ASK_CAMERAS_MAX as u64),
        );
    } else if !ticked.iter().all(known) {
        wrong.add("cameras", t.say(w::E_CAMERA_GONE));
    }
    ticked.into_iter().flatten().collect()
}

fn span(t: &Tongue, fields: &Fields, now: At, wrong: &mut Wrong) -> Option<(At, At)> {
    let (day, from, to) = (fields.get("day"), fields.get("from"), fields.get("to"));
    let midnight = t.zone.moment(day, "00:00");
    let at = |time: &str| t.zone.moment(day, time);
    // The time is looked at even where the day is wrong, so that all is said at once.
    let reads = |time: &str| t.zone.moment("2026-06-15", time).is_some();
    if midnight.is_none() {
        wrong.add("day", t.say(w::E_DAY));
    }
    if !reads(from) {
        wrong.add("from", t.say(w::E_FROM));
    }
    if !reads(to) {
        wrong.add("to", t.say(w::E_TO));
    }
    let (Some(begin), Some(mut end)) = (at(from), at(to)) else {
        if wrong.none() {
            wrong.add("day", t.say(w::E_DAY));
        }
        return None;
    };
    if begin == end {
        wrong.add("to", t.say(w::E_SAME));
        return None;
    }
    if end < begin {
        // Past midnight: the next day's time. A day has 23, 24 or 25 hours.
        end = t.zone.moment_after(day, to)?;
    }
    if end > now {
        wrong.add(if begin > now { "day" } else { "to" }, t.say(w::E_FUTURE));
        return None;
    }
    if end.0 - begin.0 > ASK_HOURS_MAX * HOUR_US {
        wrong.add("to", t.count(w::E_LONG, ASK_HOURS_MAX.unsigned_abs()));
        return None;
    }
    Some((begin, end))
}

#[cfg(test)]
mod tests {
    use loggia_model::MANUAL_START;

    use super::*;
    use crate::words::{Lang, Zone};

    fn wrong(day: &str, from: &str, to: &str) -> Vec<&'static str> {
        let zone = Zone::named("Europe/Helsinki").unwrap();
        let t = Tongue {
            lang: Lang::En,
            zone,
        };
        let fields = [("day", day), ("from", from), ("to", to)];
        let fields = Fields::filled(fields.map(|(n, v)| (n.to_owned(), v.to_owned())));
        let mut wrong = Wrong::default();
        // 14:00 in Helsinki on 23 November 2026.
        let read = span(&t, &fields, MANUAL_START, &mut wrong);
        assert_eq!(read.is_some(), wrong.none(), "{day} {from} {to}");
        let names = ["day", "from", "to"].into_iter();
        names.filter(|n| wrong.of(n).is_some()).collect()
    }

    #[test]
    fn times_are_the_citys_and_every_fault_is_told() {
        assert!(wrong("2026-11-23", "13:00", "13:05").is_empty());
        assert!(
            wrong("2026-11-22", "23:50", "00.10").is_empty(),
            "past midnight"
        );
        // The night of the change has an hour more; the next day begins after it.
        assert!(wrong("2026-10-25", "23:30", "00:30").is_empty());
        assert_eq!(wrong("2026-10-25", "22:45", "01:30"), ["to"]);
        assert_eq!(wrong("9999-12-31", "00:00", "00:01"), ["day"]);
        assert_eq!(wrong("", "", ""), ["day", "from", "to"]);
        assert_eq!(wrong("23.11.2026", "13:00", "25:00"), ["day", "to"]);
        assert_eq!(wrong("2026-11-23", "13:00", "13:00"), ["to"]);
        assert_eq!(
            wrong("2026-11-23", "13:59", "14:01"),
            ["to"],
            "not over yet"
        );
        assert_eq!(wrong("2026-11-24", "13:00", "13:05"), ["day"]);
        assert_eq!(wrong("2026-11-22", "11:00", "13:01"), ["to"], "too long");
    }
}
