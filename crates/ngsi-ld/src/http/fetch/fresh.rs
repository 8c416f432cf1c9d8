//! How long an @context that was fetched is fresh (clause 5.13.1, RFC 9111). Never looks at the
//! document.

use axum::http::{HeaderMap, header};

use crate::time::Time;

/// What its server says nothing of is asked for again after a day: vocabularies change by months.
const UNSAID_S: i64 = 86_400;
/// However short its server says: a device that sends each second would else fetch each second.
const LEAST_S: i64 = 60;
/// However long.
const MOST_S: i64 = 30 * 86_400;

/// Until when it is fresh.
pub(super) fn until(headers: &HeaderMap, now: Time) -> Time {
    let seconds = said(headers, now).unwrap_or(UNSAID_S);
    let micros = seconds.clamp(LEAST_S, MOST_S) * 1_000_000;
    Time::of_micros(now.micros().saturating_add(micros))
}

/// What the server says, in seconds.
fn said(headers: &HeaderMap, now: Time) -> Option<i64> {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let mut directives = text(header::CACHE_CONTROL).unwrap_or_default().split(',');
    let (mut never, mut max_age) = (false, None);
    directives.by_ref().map(str::trim).for_each(|one| {
        never |= one.eq_ignore_ascii_case("no-store") || one.eq_ignore_ascii_case("no-cache");
        if let Some((name, value)) = one.split_once('=')
            && name.eq_ignore_ascii_case("max-age")
        {
            max_age = value.trim_matches('"').parse::<i64>().ok();
        }
    });
    if never {
        return Some(0);
    }
    if let Some(seconds) = max_age {
        // What lay in a cache on the way is as old as that says.
        let age = text(header::AGE).and_then(|age| age.parse::<i64>().ok());
        return Some(seconds.saturating_sub(age.unwrap_or(0)));
    }
    // A time that does not read is over (RFC 9111, 5.3).
    let expires = text(header::EXPIRES)?;
    let from = text(header::DATE).and_then(date).unwrap_or(now);
    let left = |at: Time| (at.micros() - from.micros()) / 1_000_000;
    Some(date(expires).map_or(0, left))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, as HTTP writes times (RFC 9110, 5.6.7).
fn date(text: &str) -> Option<Time> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = text.split_once(", ")?;
    let mut parts = rest.strip_suffix(" GMT")?.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let clock = parts.next()?;
    let month = MONTHS.iter().position(|m| *m == month)? + 1;
    Time::read(&format!("{year}-{month:02}-{day}T{clock}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_server_says_for_how_long() {
        let now = Time::read("2026-11-30T12:00:00Z").expect("a time");
        let date = ("date", "Mon, 30 Nov 2026 12:00:00 GMT");
        for (headers, seconds) in [
            (&[][..], UNSAID_S),
            (&[("cache-control", "max-age=3600")], 3_600),
            (&[("cache-control", "public, Max-Age=\"600\"")], 600),
            (&[("cache-control", "max-age=600"), ("age", "400")], 200),
            (&[("cache-control", "max-age=600"), ("age", "900")], LEAST_S),
            (&[("cache-control", "no-cache, max-age=600")], LEAST_S),
            (&[("cache-control", "no-store")], LEAST_S),
            (&[("cache-control", "max-age=99999999999")], MOST_S),
            (&[("cache-control", "max-age=soon")], UNSAID_S),
            (&[date, ("expires", "Mon, 30 Nov 2026 13:00:00 GMT")], 3_600),
            (&[("expires", "Mon, 30 Nov 2026 12:10:00 GMT")], 600),
            (&[("expires", "Sun, 06 Nov 1994 08:49:37 GMT")], LEAST_S),
            (&[("expires", "0")], LEAST_S),
            (&[("cache-control", "max-age=90"), ("expires", "0")], 90),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_static(value));
            }
            let got = (until(&map, now).micros() - now.micros()) / 1_000_000;
            assert_eq!(got, seconds, "{headers:?}");
        }
    }
}
