//! When a subscription was silent: from which record to which (clause 5.8.6: only while its status
//! is `active`). The notifier may come to a change long after it was made, so that what holds then
//! says nothing. Never tells of a change out of a silence, however late it is read.

use crate::Recorded;
use crate::json::{Emit, Json};
use crate::time::Time;

/// Silences that are remembered. One who pauses more often within what a receiver lags behind may
/// be told of changes out of the oldest.
pub const SILENCES_MAX: usize = 32;

/// One silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// With what it began.
    pub from: Begin,
    /// The record that ended it; nothing while it lasts.
    pub to: Option<u64>,
}

/// With what a silence begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// The record that paused the subscription.
    Record(u64),
    /// `expiresAt`.
    Time(Time),
}

impl Silence {
    /// Whether a change is out of it.
    #[must_use]
    pub fn covers(&self, change: &Recorded) -> bool {
        let begun = match self.from {
            Begin::Record(seq) => change.seq > seq,
            Begin::Time(at) => change.at.micros() >= at.micros(),
        };
        begun && self.to.is_none_or(|to| change.seq < to)
    }

    /// Reads what [`Self::write_all`] wrote. A record that does not know its number yet has 0 in
    /// its place, which is `own`.
    #[must_use]
    pub fn read_all(list: Option<&Json>, own: u64) -> Vec<Self> {
        let number = |value: Option<&Json>| match value {
            Some(Json::Number(n)) => n.as_u64().map(|n| if n == 0 { own } else { n }),
            _ => None,
        };
        let read = |one: &Json| {
            let time = one.get("fromTime").and_then(Json::as_str);
            let from = match (number(one.get("from")), time.and_then(Time::read)) {
                (Some(seq), _) => Begin::Record(seq),
                (None, Some(at)) => Begin::Time(at),
                (None, None) => return None,
            };
            let to = number(one.get("to"));
            Some(Self { from, to })
        };
        list.map_or(&[][..], Json::as_list)
            .iter()
            .filter_map(read)
            .collect()
    }

    /// Writes a list of them.
    pub(crate) fn write_all(list: &[Self], out: &mut Vec<u8>) {
        let mut array = Emit::array(out);
        for one in list {
            let mut object = Emit::object(array.item());
            match one.from {
                Begin::Record(seq) => object.json("from", &Json::Number(seq.into())),
                Begin::Time(at) => object.time("fromTime", at),
            }
            if let Some(to) = one.to {
                object.json("to", &Json::Number(to.into()));
            }
            object.end();
        }
        array.end();
    }

    /// The silences of a subscription once this record has changed what it is.
    #[must_use]
    pub fn after(mut list: Vec<Self>, was: Heard, is: Heard, seq: u64) -> Vec<Self> {
        let open = list.iter_mut().find(|s| s.to.is_none());
        match (was, is, open) {
            (_, Heard::Always, Some(open)) => open.to = Some(seq),
            (Heard::Until(at), Heard::Always, None) => list.push(Self {
                from: Begin::Time(at),
                to: Some(seq),
            }),
            (was, Heard::Never, None) => list.push(Self {
                from: match was {
                    Heard::Until(at) => Begin::Time(at),
                    _ => Begin::Record(seq),
                },
                to: None,
            }),
            _ => {}
        }
        let over = list.len().saturating_sub(SILENCES_MAX);
        list.drain(..over);
        list
    }
}

/// Whether a subscription hears of changes that are made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It does.
    Always,
    /// It has expired, then.
    Until(Time),
    /// It is paused.
    Never,
}

#[cfg(test)]
mod tests {
    use super::{Begin, Heard, SILENCES_MAX, Silence};
    use crate::json::Json;
    use crate::time::Time;

    #[test]
    fn silences_begin_and_end_with_records() {
        let (always, never) = (Heard::Always, Heard::Never);
        let at = Time::of_micros(7_000);
        let list = Silence::after(Vec::new(), always, always, 3);
        assert_eq!(list, []);
        let list = Silence::after(list, always, never, 4);
        let list = Silence::after(list, never, never, 5);
        let list = Silence::after(list, never, always, 6);
        let list = Silence::after(list, Heard::Until(at), always, 9);
        let expected = [
            Silence {
                from: Begin::Record(4),
                to: Some(6),
            },
            Silence {
                from: Begin::Time(at),
                to: Some(9),
            },
        ];
        assert_eq!(list, expected);
        let mut out = Vec::new();
        Silence::write_all(&list, &mut out);
        let json = Json::read(&out).expect("JSON");
        assert_eq!(Silence::read_all(Some(&json), 1), expected);
        assert_eq!(Silence::read_all(None, 1), []);
    }

    #[test]
    fn a_record_knows_its_number_when_it_is_read() {
        let list = Silence::after(Vec::new(), Heard::Always, Heard::Never, 0);
        let mut out = Vec::new();
        Silence::write_all(&list, &mut out);
        let json = Json::read(&out).expect("JSON");
        let read = Silence::read_all(Some(&json), 12);
        assert_eq!(read[0].from, Begin::Record(12));
    }

    #[test]
    fn silences_are_bounded() {
        let mut list = Vec::new();
        for n in 1..100 {
            list = Silence::after(list, Heard::Always, Heard::Never, 2 * n);
            list = Silence::after(list, Heard::Never, Heard::Always, 2 * n + 1);
        }
        assert_eq!(list.len(), SILENCES_MAX);
        assert_eq!(list[SILENCES_MAX - 1].from, Begin::Record(198));
    }
}
