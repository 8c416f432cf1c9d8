//! What is kept of the instances of one period. Never knows when they were.

use std::collections::HashSet;

use serde_json::Number;

use super::Method;
use crate::json::Json;
use crate::temporal::{Class, Sample};

const DAY_US: i64 = 86_400_000_000;

/// The state of all methods for one period.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// Instances of any class.
    total: u64,
    distinct: HashSet<Key>,
    /// Values of the series' class.
    values: u64,
    sum: Sum,
    squares: Sum,
    /// The integers' sum, as long as all are integers.
    whole: Option<i128>,
    /// Mean and sum of squared distances from it (Welford).
    mean: f64,
    spread: f64,
    least: Option<Sample>,
    most: Option<Sample>,
}

/// A value as it is told from others; 1 and 1.0 are one.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Int(i64),
    Float(u64),
    Bool(bool),
    Bytes(Box<[u8]>),
}

/// A sum that does not lose small numbers beside large ones (Neumaier).
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let next = self.total + value;
        self.lost += if self.total.abs() >= value.abs() {
            (self.total - next) + value
        } else {
            (value - next) + self.total
        };
        self.total = next;
    }

    fn get(self) -> f64 {
        let all = self.total + self.lost;
        // What overflowed has no correction.
        if all.is_nan() { self.total } else { all }
    }
}

impl Bucket {
    /// Counts an instance, of whatever class.
    pub(super) fn count(&mut self, sample: &Sample, distinct: bool) {
        self.total += 1;
        if distinct {
            self.distinct.insert(key(sample));
        }
    }

    /// Takes a value of the series' class.
    pub(super) fn add(&mut self, sample: &Sample) {
        let first = self.values == 0;
        self.values += 1;
        if let Some((number, whole)) = number(sample) {
            self.sum.add(number);
            self.squares.add(number * number);
            self.whole = match (self.whole, whole) {
                (None, Some(n)) if first => Some(i128::from(n)),
                (Some(sum), Some(n)) => Some(sum + i128::from(n)),
                _ => None,
            };
            #[expect(clippy::cast_precision_loss, reason = "2^53 instances do not come")]
            let n = self.values as f64;
            let off = number - self.mean;
            self.mean += off / n;
            self.spread += off * (number - self.mean);
        }
        if self.least.as_ref().is_none_or(|l| before(sample, l)) {
            self.least = Some(sample.clone());
        }
        if self.most.as_ref().is_none_or(|m| before(m, sample)) {
            self.most = Some(sample.clone());
        }
    }

    /// What a method gives; nothing where it gives none.
    #[expect(clippy::cast_precision_loss, reason = "2^53 instances do not come")]
    pub(super) fn value(&self, method: Method, class: Class) -> Option<Json> {
        let n = self.values as f64;
        match method {
            Method::TotalCount => Some(Json::Number(self.total.into())),
            Method::DistinctCount => Some(Json::Number(self.distinct.len().into())),
            _ if self.values == 0 => None,
            Method::Avg if class == Class::TimeOfDay => Some(clock(self.sum.get() / n)),
            Method::Avg => float(self.sum.get() / n),
            Method::Min => self.least.as_ref().and_then(shown),
            Method::Max => self.most.as_ref().and_then(shown),
            Method::Sum => match self.whole.and_then(|w| i64::try_from(w).ok()) {
                Some(whole) => Some(Json::Number(whole.into())),
                None => float(self.sum.get()),
            },
            Method::Sumsq => float(self.squares.get()),
            Method::Stddev if self.values > 1 => float((self.spread / (n - 1.0)).max(0.0).sqrt()),
            Method::Stddev => None,
        }
    }
}

/// What a sample counts as, and the integer that it is, if one.
#[expect(
    clippy::cast_precision_loss,
    reason = "JSON numbers are doubles to most readers; integers are summed apart"
)]
fn number(sample: &Sample) -> Option<(f64, Option<i64>)> {
    let whole = |n: i64| (n as f64, Some(n));
    Some(match sample {
        Sample::Int(n) => whole(*n),
        Sample::Float(n) => (*n, None),
        Sample::Bool(b) => whole(i64::from(*b)),
        Sample::Array(size, _) => whole(i64::try_from(*size).unwrap_or(i64::MAX)),
        Sample::TimeOfDay(us, _) => whole(*us),
        _ => return None,
    })
}

/// Whether one value of a class comes before another.
fn before(a: &Sample, b: &Sample) -> bool {
    match (a, b) {
        (Sample::Int(a), Sample::Int(b)) => a < b,
        (Sample::Text(a), Sample::Text(b)) | (Sample::Moment(a), Sample::Moment(b)) => a < b,
        _ => match (number(a), number(b)) {
            (Some((a, _)), Some((b, _))) => a < b,
            _ => false,
        },
    }
}

fn shown(sample: &Sample) -> Option<Json> {
    Some(match sample {
        Sample::Int(n) => Json::Number((*n).into()),
        Sample::Float(n) => return float(*n),
        Sample::Bool(b) => Json::Number(i64::from(*b).into()),
        Sample::Array(size, _) => Json::Number((*size).into()),
        Sample::Text(text) | Sample::Moment(text) | Sample::TimeOfDay(_, text) => {
            Json::String(text.clone())
        }
        Sample::Other(_) => return None,
    })
}

fn float(n: f64) -> Option<Json> {
    Number::from_f64(n).map(Json::Number)
}

/// A time of day.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a day's microseconds are under 2^53"
)]
fn clock(us: f64) -> Json {
    let at = crate::time::Time::of_micros((us.round() as i64).clamp(0, DAY_US - 1));
    let text = at.to_string();
    let of_day = text.split_once('T').map_or("", |(_, t)| t);
    Json::String(of_day.replace(".000Z", "Z").into())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "only numbers that are the same on both sides"
)]
fn key(sample: &Sample) -> Key {
    match sample {
        Sample::Int(n) => Key::Int(*n),
        Sample::Float(n) if n.fract() == 0.0 && n.abs() < 9e15 => Key::Int(*n as i64),
        Sample::Float(n) => Key::Float(n.to_bits()),
        Sample::Bool(b) => Key::Bool(*b),
        Sample::Text(t) | Sample::Moment(t) | Sample::TimeOfDay(_, t) => {
            Key::Bytes(t.as_bytes().into())
        }
        Sample::Array(_, all) | Sample::Other(all) => Key::Bytes(all.clone()),
    }
}
