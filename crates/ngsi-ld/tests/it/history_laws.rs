//! Laws of the history over random input: aggregates are what a plain computation gives, a history
//! that came in pieces and twice is one that came once, and pages hold everything once.

use loggia_ngsi_ld::history::{Ask, History, HistoryOp, ops_of_fragment};
use loggia_ngsi_ld::temporal::{Shown, TemporalEntity, TemporalFragment};
use loggia_ngsi_ld::{Json, Time};
use proptest::prelude::*;

use crate::evolution::{City, Params, TENANT, after};
use crate::support::{at, context, json};

const ID: &str = "urn:x:1";
const BASE: &str = "2026-01-01T00:00:00Z";

fn time(second: i64) -> Time {
    Time::of_micros(at(BASE).micros() + second * 1_000_000)
}

/// Seconds and values, one value for each second.
fn readings() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let value = prop_oneof![(-1_000_i64..1_000).prop_map(|n| n as f64), -1e6_f64..1e6];
    prop::collection::btree_map(0_i64..20_000, value, 1..60).prop_map(|m| m.into_iter().collect())
}

fn posted(readings: &[(i64, f64)]) -> City {
    let city = City::plain();
    let list: Vec<String> = readings
        .iter()
        .map(|(t, v)| format!(r#"{{"value": {v}, "observedAt": "{}"}}"#, time(*t)))
        .collect();
    let list = list.join(",");
    city.post(&format!(
        r#"{{"id": "{ID}", "type": "Car", "speed": [{list}]}}"#
    ));
    city
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

/// What each method gives for these values.
fn plainly(method: &str, values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let sum: f64 = values.iter().sum();
    let mean = sum / n;
    Some(match method {
        "totalCount" => n,
        "distinctCount" => {
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted.dedup();
            sorted.len() as f64
        }
        "sum" => sum,
        "avg" => mean,
        "min" => values.iter().copied().fold(f64::INFINITY, f64::min),
        "max" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "sumsq" => values.iter().map(|v| v * v).sum(),
        _ if values.len() < 2 => return None,
        _ => {
            let off: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
            (off / (n - 1.0)).sqrt()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn aggregates_are_what_a_plain_computation_gives(
        mut readings in readings(),
        minutes in 1_i64..120,
    ) {
        // As JSON they are compared with what was sent.
        readings.iter_mut().for_each(|(_, v)| *v = (*v * 1e3).round() / 1e3);
        let city = posted(&readings);
        let period = format!("PT{minutes}M");
        let methods = "totalCount,distinctCount,sum,avg,min,max,stddev,sumsq";
        let params = Params {
            methods: Some(methods),
            period: Some(&period),
            ..after(BASE)
        };
        let got = city.summary(ID, &params).expect("aggregates");
        let speed = got.get("speed").expect("speed");
        for method in methods.split(',') {
            let spans = speed.get(method).and_then(Json::items).expect("spans");
            let mut expected = Vec::new();
            for n in 0..=20_000 / (minutes * 60) {
                let (from, to) = (n * minutes * 60, (n + 1) * minutes * 60);
                let some: Vec<f64> = readings
                    .iter()
                    .filter(|(t, _)| (from..to).contains(t))
                    .map(|(_, v)| *v)
                    .collect();
                if !some.is_empty() {
                    expected.extend(plainly(method, &some).map(|v| (v, from, to)));
                }
            }
            prop_assert_eq!(spans.len(), expected.len(), "{}", method);
            for (span, (value, from, to)) in spans.iter().zip(expected) {
                let triple = span.items().expect("a triple");
                let told = triple[0].as_f64().expect("a number");
                // A deviation that is nothing beside its values is nothing.
                let none = method == "stddev" && (told - value).abs() < 1e-4;
                let close = near(told, value) || none;
                prop_assert!(close, "{method}: {told} {value}");
                let start = triple[1].as_str().and_then(Time::read).expect("a time");
                let end = triple[2].as_str().and_then(Time::read).expect("a time");
                prop_assert_eq!(start.micros(), time(from).micros());
                prop_assert_eq!(end.micros(), time(to).micros());
            }
        }
    }

    #[test]
    fn pages_hold_every_instance_once(
        readings in readings(),
        others in readings(),
        room in 1_usize..40,
    ) {
        let city = posted(&readings);
        let list: Vec<String> = others
            .iter()
            .map(|(t, v)| format!(r#"{{"value": {v}, "observedAt": "{}"}}"#, time(*t)))
            .collect();
        city.add(ID, json(&format!(r#"{{"heading": [{}]}}"#, list.join(","))));
        let count = |body: &Json, name: &str| {
            body.get(name).and_then(Json::items).map_or(0, <[Json]>::len)
        };
        let mut from = BASE.to_owned();
        let (mut speeds, mut headings, mut pages) = (0, 0, 0);
        loop {
            let params = Params { room: Some(room), ..after(&from) };
            let (got, partial) = city.get_part(ID, &params).expect("it is there");
            let n = count(&got, "speed") + count(&got, "heading");
            // Two instances of one instant stay together.
            prop_assert!(n <= room.max(2));
            speeds += count(&got, "speed");
            headings += count(&got, "heading");
            let Some(partial) = partial else { break };
            prop_assert!(n > 0);
            from = Time::of_micros(partial.end.micros() + 1).to_string();
            pages += 1;
            prop_assert!(pages <= 200);
        }
        prop_assert_eq!((speeds, headings), (readings.len(), others.len()));
        // Backward, the newest come first.
        let params = Params { room: Some(room), last_n: Some("1000"), ..after(BASE) };
        let (got, partial) = city.get_part(ID, &params).expect("it is there");
        let newest = readings.iter().chain(&others).map(|(t, _)| *t).max().expect("some");
        let shown = count(&got, "speed") + count(&got, "heading");
        prop_assert!(shown > 0);
        if let Some(partial) = partial {
            prop_assert_eq!(partial.start.micros(), time(newest).micros());
        } else {
            prop_assert_eq!(shown, readings.len() + others.len());
        }
    }

    #[test]
    fn a_history_in_pieces_and_twice_is_one_at_once(
        records in prop::collection::vec((0_usize..4, 0_i64..50, 0_i64..9), 1..40),
        cuts in prop::collection::vec((0_u64..40, 0_u64..10), 0..8),
    ) {
        let context = context();
        let attributes = ["speed", "heading", "fuel", "speed2"];
        let ops: Vec<Vec<HistoryOp>> = (1_u64..)
            .zip(&records)
            .map(|(seq, (name, second, value))| {
                let now = time(100_000 + i64::try_from(seq).expect("few"));
                let observed = time(*second);
                let body = format!(
                    r#"{{"id": "{ID}", "type": "Car",
                        "{}": {{"value": {value}, "observedAt": "{observed}"}}}}"#,
                    attributes[*name]
                );
                let read = TemporalFragment::read_entity(json(&body), &context, now);
                ops_of_fragment((seq, now), TENANT, ID, &read.expect("read"))
            })
            .collect();
        let end = ops.len() as u64;
        let all: Vec<HistoryOp> = ops.concat();
        let folder = tempfile::tempdir().expect("a folder");
        let once = folder.path().join("once.sqlite");
        let mut at_once = History::open(&once).expect("a history");
        at_once.apply(&all, end).expect("applied");

        let pieces = folder.path().join("pieces.sqlite");
        for (cut, back) in cuts {
            // Each start reads the log from a little before where the last one ended.
            let mut history = History::open(&pieces).expect("a history");
            let from = history.done().saturating_sub(back);
            let to = (from + cut).min(end);
            let some: Vec<HistoryOp> = all
                .iter()
                .filter(|op| op.seq > from && op.seq <= to)
                .cloned()
                .collect();
            history.apply(&some, to).expect("applied");
        }
        let mut in_pieces = History::open(&pieces).expect("a history");
        in_pieces.apply(&all, end).expect("applied");
        let read = |history: &History| -> TemporalEntity {
            let shown = Shown::ALL;
            let found = history.reader().retrieve(TENANT, ID, &Ask::all(&shown));
            found.expect("read").expect("there").0
        };
        prop_assert_eq!(in_pieces.done(), end);
        prop_assert_eq!(read(&at_once), read(&in_pieces));
        // One instance for each attribute and instant, with the value that came last.
        let entity = read(&at_once);
        for series in &entity.attributes {
            for pair in series.instances.windows(2) {
                prop_assert!(pair[0].attribute.observed_at < pair[1].attribute.observed_at);
            }
        }
    }
}
