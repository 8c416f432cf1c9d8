//! How many instances a second go into the history on one core, and how long a day's aggregate over
//! 100,000 of them takes. Prints one JSON line. Never part of a test: a time is no verdict.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench program prints and stops"
)]

use std::hint::black_box;
use std::time::Instant;

use loggia_ngsi_ld::history::{Ask, History, HistoryOp, What};
use loggia_ngsi_ld::temporal::{Aggregation, Shown, Window};
use loggia_ngsi_ld::{Attribute, Iri, Json, Time, Value};

const TENANT: &str = "town";
/// Instances in the series whose day is aggregated.
const DAY: usize = 100_000;
/// Records that go in together, as the history's thread takes them.
const BATCH: usize = 1_000;
/// Sensors that write in turn, so that their rows stand apart from each other.
const SENSORS: usize = 2_000;
const ROUNDS: usize = 20;

fn op(seq: usize, entity: &str, what: What, at: Time) -> HistoryOp {
    HistoryOp {
        seq: seq as u64,
        place: match what {
            What::There { .. } => 0,
            _ => 1,
        },
        at,
        tenant: TENANT.into(),
        entity: entity.into(),
        what,
    }
}

fn reading(seq: usize, entity: &str, name: &Iri, at: Time) -> [HistoryOp; 2] {
    let number = serde_json::Number::from_f64(20.0 + (seq % 997) as f64 / 10.0);
    let value = Value::Property(Json::Number(number.expect("finite")));
    let mut attribute = Attribute::new(name.clone(), value, at);
    attribute.observed_at = Some(at);
    let there = What::There {
        types: [Iri::new("https://x.example/#Sensor")].into(),
        created_at: at,
    };
    [
        op(seq, entity, there, at),
        op(seq, entity, What::Written(Box::new(attribute)), at),
    ]
}

/// Instances a second, of `total` that come in batches.
fn insert(history: &mut History, total: usize, entity: impl Fn(usize) -> String) -> f64 {
    let name = Iri::new("https://x.example/#temperature");
    let base = Time::read("2026-08-10T00:00:00Z").expect("a time").micros();
    let from = usize::try_from(history.done()).expect("few");
    let mut spent = 0.0;
    for batch in (from + 1..=from + total).collect::<Vec<_>>().chunks(BATCH) {
        let ops: Vec<HistoryOp> = batch
            .iter()
            .flat_map(|seq| {
                let us = i64::try_from(seq - from).expect("few") * 864_000;
                reading(*seq, &entity(*seq), &name, Time::of_micros(base + us))
            })
            .collect();
        let last = batch.last().copied().expect("some") as u64;
        let begun = Instant::now();
        history.apply(&ops, last).expect("applied");
        spent += begun.elapsed().as_secs_f64();
    }
    total as f64 / spent
}

/// Milliseconds, the median of many.
fn median(mut work: impl FnMut()) -> f64 {
    let mut ms: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    ms.sort_by(f64::total_cmp);
    (ms[ROUNDS / 2] * 100.0).round() / 100.0
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.sqlite");
    let mut history = History::open(&path).expect("a history");
    let one = insert(&mut history, DAY, |_| "urn:x:one".to_owned());
    let many = insert(&mut history, DAY, |seq| format!("urn:x:{}", seq % SENSORS));
    let reader = history.reader();
    let shown = Shown::ALL;
    let window = Window::read(
        Some("between"),
        Some("2026-08-10T00:00:00Z"),
        Some("2026-08-11T00:00:01Z"),
        None,
    );
    let ask = Ask {
        window: window.expect("a window"),
        ..Ask::all(&shown)
    };
    let aggregate = |methods, period| {
        let wanted = Aggregation::read(Some(methods), Some(period)).expect("methods");
        median(|| {
            let made = reader.summarize(TENANT, "urn:x:one", &ask, &wanted);
            black_box(made.expect("read").expect("there"));
        })
    };
    let figures = [
        ("day_avg_ms", aggregate("avg", "P1D")),
        ("day_hourly_ms", aggregate("avg,min,max", "PT1H")),
        (
            "day_all_methods_ms",
            aggregate(
                "totalCount,distinctCount,sum,avg,min,max,stddev,sumsq",
                "PT1H",
            ),
        ),
        (
            "read_10000_ms",
            median(|| {
                let read = reader.retrieve(TENANT, "urn:x:one", &ask);
                black_box(read.expect("read").expect("there"));
            }),
        ),
        (
            "read_one_ms",
            median(|| {
                let read = reader.retrieve(TENANT, "urn:x:7", &ask);
                black_box(read.expect("read").expect("there"));
            }),
        ),
    ]
    .map(|(name, ms)| format!("\"{name}\":{ms}"));
    let bytes = path.metadata().expect("a file").len() as f64 / (2 * DAY) as f64;
    println!(
        "{{\"insert_one_series_per_s\":{one:.0},\"insert_many_series_per_s\":{many:.0},\
         \"bytes_each\":{bytes:.0},{}}}",
        figures.join(",")
    );
}
