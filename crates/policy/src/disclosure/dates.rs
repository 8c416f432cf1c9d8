//! The date of a request and the three commitments that go with it, made when it is filed. What is
//! committed to here is what will be published: coarse, and apart from spans and case.

use std::collections::BTreeSet;

use loggia_model::{At, Purpose};
use loggia_transparency::{Detail, DetailKind, DisclosureDue, Event, Loggable, commit};
use rusqlite::Transaction;

use crate::request::Request;
use crate::rows::disclosures::{self as rows, DateRow, DetailRow};
use crate::rows::requests::{RequestRow, SpanRow};
use crate::rules::Rules;
use crate::wire::random;
use crate::{Error, Policy};

/// Hours of a day.
const DAY_H: u32 = 24;

/// A request's date with its details, before they are kept.
pub(crate) struct Dated {
    date: DateRow,
    details: Vec<DetailRow>,
    cells: Vec<(DetailKind, u32, u32)>,
}

struct Due(DisclosureDue);

impl Loggable for Due {
    fn event(&self) -> Event {
        Event::DisclosureDue(self.0.clone())
    }
}

impl Dated {
    /// The date by the rules, and details with fresh salts.
    pub(crate) fn of(
        rules: &Rules,
        row: &RequestRow,
        request: &Request,
        spans: &[SpanRow],
    ) -> Result<Self, Error> {
        let delay = u64::from(rules.disclosure.delay_s(row.purpose));
        let date = row.filed_at.after(core::time::Duration::from_secs(delay));
        let cameras: Vec<u32> = request.camera_spans.iter().map(|c| c.camera.0).collect();
        // A live view's own entry says at once when it was: nothing is left to be told later.
        let hours = if row.purpose == Purpose::IncidentLive {
            BTreeSet::new()
        } else {
            hours(spans)
        };
        let days: BTreeSet<u32> = hours.iter().map(|h| h / DAY_H).collect();
        let of = |what| match what {
            DetailKind::Place => cameras.clone(),
            DetailKind::Day => days.iter().copied().collect(),
            DetailKind::Hour => hours.iter().copied().collect(),
        };
        let detail = |what| {
            let numbers = of(what);
            let text = Detail {
                v: 1,
                request: row.id,
                what,
                numbers,
            }
            .to_text()?;
            let salt = random()?;
            Ok(DetailRow {
                what,
                text,
                salt,
                published_at: None,
            })
        };
        let details = DetailKind::ALL
            .into_iter()
            .map(detail)
            .collect::<Result<_, Error>>()?;
        let counted = [DetailKind::Day, DetailKind::Hour];
        // What is published does not say which camera showed which hour: each counts with each.
        let cells = counted
            .into_iter()
            .flat_map(|what| of(what).into_iter().map(move |n| (what, n)))
            .flat_map(|(what, n)| cameras.iter().map(move |c| (what, *c, n)))
            .collect();
        Ok(Self {
            date: DateRow {
                request: row.id,
                filed_at: row.filed_at,
                // Whole seconds, as in the log: the date here is the date there.
                disclose_at: At(date.secs().saturating_mul(1_000_000)),
                withdrawn_at: None,
                erased_at: None,
            },
            details,
            cells,
        })
    }

    /// Keeps them, in the transaction that keeps the request.
    pub(crate) fn put(&self, c: &Transaction<'_>) -> Result<(), Error> {
        Ok(rows::put(c, &self.date, &self.details, &self.cells)?)
    }
}

/// The hours that spans touch: footage of the last instant before one o'clock is of the hour to
/// one.
fn hours(spans: &[SpanRow]) -> BTreeSet<u32> {
    let last = |s: &SpanRow| At(s.end.0.saturating_sub(1).max(s.begin.0)).hour().0;
    spans
        .iter()
        .flat_map(|s| s.begin.hour().0..=last(s))
        .collect()
}

impl Policy {
    /// Names the date in the log, before the request itself. A request of before dates has none.
    pub(crate) fn tell_date(&self, row: &RequestRow) -> Result<(), Error> {
        let (date, details) =
            self.read(|c| Ok((rows::date(c, row.id)?, rows::details(c, row.id)?)))?;
        let Some(date) = date else {
            return Ok(());
        };
        let commitment = |what| {
            let found = details.iter().find(|d: &&DetailRow| d.what == what);
            found
                .map(|d| commit(&d.salt, d.text.as_bytes()))
                .ok_or_else(|| Error::Damaged("a date without its details".into()))
        };
        let logged = self.tell(Due(DisclosureDue {
            request: row.id,
            disclose_at: date.disclose_at.secs(),
            place: commitment(DetailKind::Place)?,
            day: commitment(DetailKind::Day)?,
            hour: commitment(DetailKind::Hour)?,
        }))?;
        let index = logged.index();
        self.write(|c| {
            let kind = "disclosure_due";
            Ok(crate::rows::requests::put_log(c, row.id, index, kind)?)
        })
    }
}

#[cfg(test)]
mod tests {
    use loggia_model::{CameraId, HOUR_US, SpanId};

    use super::*;

    #[test]
    fn hours_are_those_that_footage_is_of() {
        let span = |begin: i64, end: i64| SpanRow {
            camera: CameraId(1),
            span: SpanId(1),
            begin: At(begin),
            end: At(end),
            hour: At(begin).hour(),
        };
        let of = |spans: &[SpanRow]| hours(spans).into_iter().collect::<Vec<_>>();
        assert_eq!(of(&[span(5, HOUR_US)]), [0]);
        assert_eq!(of(&[span(5, HOUR_US + 1)]), [0, 1]);
        assert_eq!(of(&[span(HOUR_US, HOUR_US)]), [1]);
        assert_eq!(
            of(&[span(0, 9), span(3 * HOUR_US, 3 * HOUR_US + 9)]),
            [0, 3]
        );
        assert!(of(&[]).is_empty());
    }
}
