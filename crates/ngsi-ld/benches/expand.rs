//! How long a five-attribute Vehicle takes from JSON to an entity and back, and how much memory a
//! fleet of them takes. Prints one JSON line. Never part of a test: a time is no verdict.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench program prints and stops"
)]

use std::hint::black_box;
use std::time::Instant;

use loggia_ngsi_ld::{Contexts, Embed, Entity, Form, Json, Representation, Time, View};

const ROUNDS: usize = 100_000;
const FLEET: usize = 300_000;

const CONTEXT: &str = r#"{"@context": {
    "v": "https://vehicles.example/ns#", "Vehicle": "v:Vehicle", "brandName": "v:brandName",
    "speed": "v:speed", "isParked": "v:isParked", "heading": "v:heading",
    "providedBy": "v:providedBy"}}"#;

fn vehicle(n: usize) -> String {
    format!(
        r#"{{"id": "urn:ngsi-ld:Vehicle:A{n:07}", "type": "Vehicle",
        "brandName": {{"type": "Property", "value": "Mercedes"}},
        "speed": {{"type": "Property", "value": {}.5, "unitCode": "KMH",
                   "observedAt": "2026-08-10T12:00:00.250Z"}},
        "heading": {{"type": "Property", "value": {}, "observedAt": "2026-08-10T12:00:00Z"}},
        "isParked": {{"type": "Relationship", "object": "urn:ngsi-ld:OffStreetParking:Downtown1",
                     "providedBy": {{"type": "Relationship", "object": "urn:ngsi-ld:Person:Bob"}}}},
        "location": {{"type": "GeoProperty",
                     "value": {{"type": "Point", "coordinates": [-8.5, 41.2]}}}},
        "@context": "https://vehicles.example/context.jsonld"}}"#,
        n % 130,
        n % 360
    )
}

/// Microseconds of each round, sorted.
fn times(mut round: impl FnMut(usize)) -> Vec<f64> {
    let mut us: Vec<f64> = (0..ROUNDS)
        .map(|n| {
            let begun = Instant::now();
            round(n);
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    us.sort_by(f64::total_cmp);
    us
}

fn at(us: &[f64], share: f64) -> f64 {
    let n = ((us.len() - 1) as f64 * share) as usize;
    (us[n] * 100.0).round() / 100.0
}

/// Bytes of memory that this process holds.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|n| n.parse::<usize>().ok());
    pages.unwrap_or(0) * 4_096
}

/// Microseconds from parsed JSON to an entity, which takes the JSON over; sorted.
fn expansions(parsed: &[Json], read: impl Fn(Json) -> Entity) -> Vec<f64> {
    let mut us = Vec::new();
    for _ in 0..ROUNDS / parsed.len() {
        let ready: Vec<Json> = parsed.to_vec();
        for body in ready {
            let begun = Instant::now();
            let entity = black_box(read(body));
            us.push(begun.elapsed().as_secs_f64() * 1e6);
            drop(entity);
        }
    }
    us.sort_by(f64::total_cmp);
    us
}

fn main() {
    let mut contexts = Contexts::new();
    contexts
        .put(
            "https://vehicles.example/context.jsonld",
            CONTEXT.as_bytes(),
        )
        .expect("a document");
    let list: Json = "https://vehicles.example/context.jsonld".into();
    let context = contexts.compile(&list).expect("a context");
    let now = Time::read("2026-08-10T12:00:01Z").expect("a time");
    let bodies: Vec<String> = (0..1_000).map(vehicle).collect();
    let parsed: Vec<Json> = bodies
        .iter()
        .map(|b| Json::read(b.as_bytes()).expect("JSON"))
        .collect();
    let read = |body: Json| {
        Entity::read(body, &context, Representation::Detected, now).expect("an entity")
    };
    let parse = times(|n| {
        black_box(Json::read(bodies[n % 1_000].as_bytes()).expect("JSON"));
    });
    let expand = expansions(&parsed, read);
    let entities: Vec<Entity> = parsed.iter().cloned().map(&read).collect();
    let mut out = Vec::new();
    let write = times(|n| {
        out.clear();
        View::of(&context, Form::Normalized).entity(&entities[n % 1_000], Embed::Context, &mut out);
        black_box(&out);
    });
    let compile = times(|n| {
        if n % 100 == 0 {
            let mut fresh = Contexts::new();
            fresh
                .put(
                    "https://vehicles.example/context.jsonld",
                    CONTEXT.as_bytes(),
                )
                .expect("a document");
            black_box(fresh.compile(&list).expect("a context"));
        }
    });
    let before = resident();
    let fleet: Vec<Entity> = (0..FLEET)
        .map(|n| read(Json::read(vehicle(n).as_bytes()).expect("JSON")).settled())
        .collect();
    let bytes = (resident() - before) / fleet.len();
    println!(
        "{{\"parse_us_p50\":{},\"expand_us_p50\":{},\"expand_us_p99\":{},\"write_us_p50\":{},\
         \"write_us_p99\":{},\"compile_us_max\":{},\"entity_bytes\":{bytes},\"body_bytes\":{}}}",
        at(&parse, 0.5),
        at(&expand, 0.5),
        at(&expand, 0.99),
        at(&write, 0.5),
        at(&write, 0.99),
        at(&compile, 0.9995),
        bodies[0].len(),
    );
}
