//! Aggregates of instances, period by period (clause 4.5.19). Never holds the instances: each is
//! taken once, in any order, and what is kept is one bucket for each period that has some.

mod bucket;

use std::collections::BTreeMap;

use super::{Class, Period, Sample};
use crate::entity::Kind;
use crate::error::{Error, Problem};
use crate::iri::Iri;
use crate::json::Json;
use crate::query::Fault;
use crate::time::Time;

use bucket::Bucket;

/// Periods in one series of an answer. A year of five minutes has 105,120; each is a bucket of 200
/// bytes, so 20 MB, and 100 bytes of answer for each method.
pub const PERIODS_MAX: usize = 110_000;

/// A method of aggregation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The mean.
    Avg,
    /// How many values there are, equal ones once.
    DistinctCount,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// The standard deviation of a sample, as PostgreSQL and with it the open brokers compute it;
    /// a single value has none.
    Stddev,
    /// The sum.
    Sum,
    /// The sum of squares.
    Sumsq,
    /// How many instances there are.
    TotalCount,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Avg,
        Self::DistinctCount,
        Self::Max,
        Self::Min,
        Self::Stddev,
        Self::Sum,
        Self::Sumsq,
        Self::TotalCount,
    ];

    /// Its name, in requests and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avg => "avg",
            Self::DistinctCount => "distinctCount",
            Self::Max => "max",
            Self::Min => "min",
            Self::Stddev => "stddev",
            Self::Sum => "sum",
            Self::Sumsq => "sumsq",
            Self::TotalCount => "totalCount",
        }
    }
}

/// What is to be computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregation {
    /// The methods, each once, in the order asked for.
    pub methods: Box<[Method]>,
    /// How long each period is.
    pub period: Period,
}

impl Aggregation {
    /// Reads `aggrMethods` and `aggrPeriodDuration` (clause 5.2.44).
    ///
    /// # Errors
    /// If there is no method, or a word is none.
    pub fn read(methods: Option<&str>, period: Option<&str>) -> Result<Self, Fault> {
        let mut found = Vec::new();
        for (n, word) in methods.unwrap_or("").split(',').enumerate() {
            let known = Method::ALL.into_iter().find(|m| m.name() == word.trim());
            let Some(method) = known else {
                return Err(Fault {
                    parameter: "aggrMethods",
                    at: n + 1,
                    what: "expected one or more of avg, distinctCount, max, min, stddev, sum, \
                           sumsq, totalCount"
                        .to_owned(),
                    problem: Problem::BadRequestData,
                });
            };
            if !found.contains(&method) {
                found.push(method);
            }
        }
        Ok(Self {
            methods: found.into(),
            period: period.map_or(Ok(Period::WHOLE), Period::read)?,
        })
    }

    /// Whether distinct values have to be told apart, which takes memory.
    fn wants(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }
}

/// Takes the instances of one series.
#[derive(Debug)]
pub struct Aggregator<'a> {
    wanted: &'a Aggregation,
    distinct: Distinct,
    origin: i64,
    /// What the first value was. Values of another class are only counted.
    class: Option<Class>,
    kind: Option<Kind>,
    /// The period that the last instance lay in, and those before.
    now: Option<(i64, Bucket)>,
    done: BTreeMap<i64, Bucket>,
    newest: i64,
}

/// Whether values are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Distinct {
    Counted,
    NotAsked,
}

impl<'a> Aggregator<'a> {
    /// Periods are counted from `origin`: where the query's range begins or, if that is open, the
    /// oldest instance.
    #[must_use]
    pub fn new(wanted: &'a Aggregation, origin: Time) -> Self {
        let distinct = if wanted.wants(Method::DistinctCount) {
            Distinct::Counted
        } else {
            Distinct::NotAsked
        };
        Self {
            wanted,
            distinct,
            origin: origin.micros(),
            class: None,
            kind: None,
            now: None,
            done: BTreeMap::new(),
            newest: origin.micros(),
        }
    }

    /// Takes one instance.
    ///
    /// # Errors
    /// If there are more than [`PERIODS_MAX`] periods.
    pub fn take(&mut self, at: Time, kind: Kind, sample: &Sample) -> Result<(), Fault> {
        let us = at.micros();
        let near = self.now.as_ref().map_or(0, |(n, _)| *n);
        let n = self.wanted.period.index(self.origin, us, near);
        self.newest = self.newest.max(us);
        let class = *self.class.get_or_insert(sample.class());
        self.kind.get_or_insert(kind);
        if self.now.as_ref().is_none_or(|(now, _)| *now != n) {
            self.turn_to(n)?;
        }
        if let Some((_, bucket)) = &mut self.now {
            bucket.count(sample, self.distinct == Distinct::Counted);
            if sample.class() == class {
                bucket.add(sample);
            }
        }
        Ok(())
    }

    fn turn_to(&mut self, n: i64) -> Result<(), Fault> {
        if let Some((before, bucket)) = self.now.take() {
            self.done.insert(before, bucket);
        }
        if self.done.len() >= PERIODS_MAX {
            return Err(Fault {
                parameter: "aggrPeriodDuration",
                at: 1,
                what: format!("more than {PERIODS_MAX} periods: a longer one, or a shorter range"),
                problem: Problem::TooComplexQuery,
            });
        }
        self.now = Some((n, self.done.remove(&n).unwrap_or_default()));
        Ok(())
    }

    /// Whether all methods are defined for these values, which they have to be where a client
    /// asked for this attribute by its name (clause 5.7.4.4).
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] with the method that is not.
    pub fn is_eligible(&self, name: &str) -> Result<(), Error> {
        let refused = self.class.and_then(|class| {
            let mut methods = self.wanted.methods.iter();
            methods.find(|m| !class.allows(**m))
        });
        refused.map_or(Ok(()), |method| {
            let method = method.name();
            let what = "is not defined for the values of";
            Err(Error::InvalidRequest(format!("{method} {what} {name}")))
        })
    }

    /// What came out; nothing if there were no instances, or no method is defined for them. Where
    /// the range is one period it ends at `end`, or at the newest instance.
    #[must_use]
    pub fn finish(
        mut self,
        name: Iri,
        dataset_id: Option<Box<str>>,
        end: Option<Time>,
    ) -> Option<Aggregated> {
        let (class, kind) = (self.class?, self.kind?);
        if let Some((n, bucket)) = self.now.take() {
            self.done.insert(n, bucket);
        }
        let period = self.wanted.period;
        let newest = end.map_or(self.newest, Time::micros);
        let bounds = |n: i64| match period.is_whole() {
            true => (instant(self.origin), instant(newest)),
            false => (
                instant(period.start(self.origin, n)),
                instant(period.start(self.origin, n + 1)),
            ),
        };
        let mut methods = Vec::new();
        for method in self.wanted.methods.iter().filter(|m| class.allows(**m)) {
            let values = self.done.iter().filter_map(|(n, bucket)| {
                let (start, end) = bounds(*n);
                let value = bucket.value(*method, class)?;
                Some(Span { value, start, end })
            });
            methods.push((*method, values.collect()));
        }
        (!methods.is_empty()).then_some(Aggregated {
            name,
            dataset_id,
            kind,
            methods,
        })
    }
}

/// The aggregates of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregated {
    /// The attribute.
    pub name: Iri,
    /// Which instances of it.
    pub dataset_id: Option<Box<str>>,
    /// What the attribute is.
    pub kind: Kind,
    /// For each method the periods that have instances: value, beginning, end.
    pub methods: Vec<(Method, Vec<Span>)>,
}

/// What a method gave for one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// The value.
    pub value: Json,
    /// When the period began.
    pub start: Time,
    /// When it ended; the next begins with it.
    pub end: Time,
}

/// A point in time, written without a fraction where it has none.
fn instant(us: i64) -> Time {
    let whole = us.rem_euclid(1_000_000) == 0;
    whole
        .then(|| Time::from_bits((us << 3) | 1))
        .flatten()
        .unwrap_or_else(|| Time::of_micros(us))
}
