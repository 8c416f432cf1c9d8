//! What did not become a reading, and why: counted by kind, with one example, and said. Never a
//! payload's content, and never a key.

use std::collections::BTreeMap;
use std::time::Duration;

use loggia_model::At;
use thiserror::Error;

/// Why something that came is no reading.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Lost {
    /// No map names such a topic.
    #[error("no map has this topic")]
    UnknownTopic,
    /// No map takes anything of what this device says.
    #[error("no map takes anything of this device")]
    Unmapped,
    /// The FIWARE key is none that is known.
    #[error("the API key is none of the configuration's")]
    WrongKey,
    /// The payload does not read.
    #[error("the payload does not read: {0}")]
    Broken(Box<str>),
    /// It is longer than what is taken.
    #[error("the payload is longer than 256 kB")]
    TooLong,
    /// A value is not of the kind that the map says.
    #[error("{0}")]
    WrongKind(Box<str>),
    /// There are more devices than are watched.
    #[error("there are 100,000 readings under watch already: maps take too much")]
    TooMany,
    /// A Sparkplug node speaks of metrics of a birth that was not heard.
    #[error("the node's birth was not heard; it is asked for one")]
    NoBirth,
    /// Messages of a Sparkplug node are missing.
    #[error("messages of the node are missing; it is asked for a birth")]
    Gap,
    /// An old message that the server retains, for what is known better.
    #[error("retained, without a time of its own, and something newer is known")]
    Retained,
    /// The data plane does not take it.
    #[error("the data plane refuses it: {0}")]
    Refused(Box<str>),
}

impl Lost {
    /// A payload that does not read.
    #[must_use]
    pub fn broken(why: &str) -> Self {
        Self::Broken(why.into())
    }

    /// A name for the kind, as counters have it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::UnknownTopic => "unknown topic",
            Self::Unmapped => "unmapped device",
            Self::WrongKey => "wrong key",
            Self::Broken(_) => "broken payload",
            Self::TooLong => "too long",
            Self::WrongKind(_) => "wrong kind of value",
            Self::TooMany => "too many readings",
            Self::NoBirth => "no birth",
            Self::Gap => "messages missing",
            Self::Retained => "retained",
            Self::Refused(_) => "refused by the data plane",
        }
    }
}

/// How often one kind is said again.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// Counters by kind: as many as there are kinds.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    kinds: BTreeMap<&'static str, Kind>,
}

#[derive(Debug, Clone)]
struct Kind {
    count: u64,
    unsaid: u64,
    said: At,
}

impl Tally {
    /// Counts one. Gives how many were not said yet, if it is time to say it: the first at once,
    /// the next ones together once a minute.
    pub fn count(&mut self, lost: &Lost, now: At) -> Option<u64> {
        let kind = self.kinds.entry(lost.kind()).or_insert(Kind {
            count: 0,
            unsaid: 0,
            said: At(i64::MIN),
        });
        kind.count += 1;
        kind.unsaid += 1;
        // A clock that was set back does not silence it for longer.
        let apart = At(now.0.max(kind.said.0)).since(At(now.0.min(kind.said.0)));
        if apart < SAID_EVERY {
            return None;
        }
        kind.said = now;
        Some(std::mem::take(&mut kind.unsaid))
    }

    /// How many, by kind.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.kinds.iter().map(|(name, kind)| (*name, kind.count))
    }

    /// How many of one kind.
    #[must_use]
    pub fn of(&self, kind: &str) -> u64 {
        self.kinds.get(kind).map_or(0, |k| k.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_at_once_and_the_next_together() {
        let mut tally = Tally::default();
        let at = |s| At(1_700_000_000_000_000).after(Duration::from_secs(s));
        assert_eq!(tally.count(&Lost::UnknownTopic, at(0)), Some(1));
        assert_eq!(tally.count(&Lost::UnknownTopic, at(10)), None);
        assert_eq!(tally.count(&Lost::broken("x"), at(11)), Some(1));
        assert_eq!(tally.count(&Lost::broken("y"), at(12)), None);
        assert_eq!(tally.count(&Lost::UnknownTopic, at(61)), Some(2));
        let counts: Vec<_> = tally.counts().collect();
        assert_eq!(counts, [("broken payload", 2), ("unknown topic", 3)]);
    }
}
