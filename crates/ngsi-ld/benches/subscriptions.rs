//! What a change costs against ten thousand subscriptions of which eighteen want it, and what a
//! notification costs to write. Prints one JSON line. Never part of a test: a time is no verdict.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench program prints and stops"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use loggia_ngsi_ld::Recorded;
use loggia_ngsi_ld::subscription::{Cause, Index, Occasion, Subscription};
use loggia_ngsi_ld::update::{How, Touched};
use loggia_ngsi_ld::{Context, Contexts, Entity, Json, Representation, Time};

const SUBSCRIPTIONS: usize = 10_000;
const CHANGES: usize = 2_000;
/// Types and attributes are such that a change concerns 18 subscriptions.
const TYPES: usize = 80;
const ATTRIBUTES: usize = 7;

fn subscription(n: usize, context: &Arc<Context>) -> Subscription {
    let (kind, attribute) = (n % TYPES, n / TYPES % ATTRIBUTES);
    let q = if n.is_multiple_of(3) {
        r#""q": "a0>=0","#
    } else {
        ""
    };
    let body = format!(
        r#"{{"id": "urn:x:s{n}", "type": "Subscription", "entities": [{{"type": "T{kind}"}}], {q}
            "watchedAttributes": ["a{attribute}"], "notification":
            {{"endpoint": {{"uri": "http://h{}.example/n"}}}}}}"#,
        n % 500
    );
    let json = Json::read(body.as_bytes()).expect("JSON");
    let mut none = |_: &Json| Ok(context.clone());
    Subscription::read(&json, context, "", &mut none, now()).expect("a subscription")
}

fn now() -> Time {
    Time::read("2026-08-10T12:00:01Z").expect("a time")
}

fn change(n: usize, context: &Context) -> Recorded {
    let attributes: String = (0..ATTRIBUTES)
        .map(|a| format!(r#", "a{a}": {{"type": "Property", "value": {n}, "unitCode": "KMH"}}"#))
        .collect();
    let body = format!(
        r#"{{"id": "urn:x:{n}", "type": "T{}"{attributes}}}"#,
        n % TYPES
    );
    let json = Json::read(body.as_bytes()).expect("JSON");
    let entity = Entity::read(json, context, Representation::Detected, now()).expect("one");
    let touched = Touched::Attribute {
        name: entity.attributes[n % ATTRIBUTES].name.clone(),
        dataset_id: None,
        how: How::Updated,
    };
    Recorded {
        seq: n as u64,
        tenant: Box::default(),
        at: now(),
        before: Some(entity.head()),
        after: Some(Arc::new(entity)),
        touched: vec![touched],
    }
}

fn main() {
    let context = Contexts::new().core().expect("the core");
    let all: Vec<Subscription> = (0..SUBSCRIPTIONS)
        .map(|n| subscription(n, &context))
        .collect();
    let mut index = Index::default();
    for (n, s) in all.iter().enumerate() {
        index.insert(n as u64, s);
    }
    let changes: Vec<Recorded> = (0..CHANGES).map(|n| change(n, &context)).collect();
    let (mut candidates, mut wanted) = (Vec::new(), 0_usize);
    let begun = Instant::now();
    for change in &changes {
        index.candidates(change, &mut candidates);
        let wants = |n: &&u64| all[**n as usize].wants(change).is_some();
        wanted += black_box(candidates.iter().filter(wants).count());
    }
    let indexed_us = begun.elapsed().as_secs_f64() * 1e6 / CHANGES as f64;
    let begun = Instant::now();
    let some = &changes[..20];
    for change in some {
        black_box(all.iter().filter(|s| s.wants(change).is_some()).count());
    }
    let each_us = begun.elapsed().as_secs_f64() * 1e6 / some.len() as f64;
    let begun = Instant::now();
    let mut bytes = 0;
    for (n, change) in changes.iter().enumerate() {
        let occasion = Occasion {
            number: n as u64,
            cause: Cause::Change(change.seq),
            at: now(),
            tenant: None,
            context_url: "https://c.example/",
        };
        bytes = all[n].message(&occasion, [change], &|_| None).body.len();
    }
    let message_us = begun.elapsed().as_secs_f64() * 1e6 / CHANGES as f64;
    println!(
        "{{\"subscriptions\": {SUBSCRIPTIONS}, \"wanted_per_change\": {:.1}, \
         \"match_us\": {indexed_us:.1}, \"without_index_us\": {each_us:.0}, \
         \"message_us\": {message_us:.1}, \"message_bytes\": {bytes}}}",
        wanted as f64 / CHANGES as f64,
    );
}
