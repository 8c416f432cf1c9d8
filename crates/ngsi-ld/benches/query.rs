//! How long a scan of a hundred thousand entities takes that asks each for its type and `q`, and
//! one that asks for a distance. Prints one JSON line. Never part of a test: a time is no verdict.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench program prints and stops"
)]

use std::hint::black_box;
use std::time::Instant;

use loggia_ngsi_ld::query::{Filter, GeoQuery, Query, TypeQuery};
use loggia_ngsi_ld::{Context, Contexts, Entity, Json, Representation, Time};

const FLEET: usize = 100_000;
const ROUNDS: usize = 30;

const CONTEXT: &str = r#"[{"v": "https://vehicles.example/ns#", "Vehicle": "v:Vehicle",
    "brandName": "v:brandName", "speed": "v:speed", "isParked": "v:isParked",
    "heading": "v:heading"}]"#;

fn vehicle(n: usize) -> String {
    let brand = ["Mercedes", "Renault", "Iveco", "MAN"][n % 4];
    let kind = ["Vehicle", "Vehicle", "Tram"][n % 3];
    let (lon, lat) = (
        (n % 1_000) as f64 / 1e4 - 8.6,
        (n / 1_000) as f64 / 1e3 + 41.1,
    );
    format!(
        r#"{{"id": "urn:ngsi-ld:Vehicle:A{n:07}", "type": "{kind}",
        "heading": {{"type": "Property", "value": {}}},
        "isParked": {{"type": "Relationship", "object": "urn:ngsi-ld:OffStreetParking:D1"}},
        "brandName": {{"type": "Property", "value": "{brand}"}},
        "speed": {{"type": "Property", "value": {}.5, "unitCode": "KMH",
                   "observedAt": "2026-08-10T12:00:00.250Z"}},
        "location": {{"type": "GeoProperty",
                     "value": {{"type": "Point", "coordinates": [{lon:.4}, {lat:.3}]}}}}}}"#,
        n % 360,
        n % 130
    )
}

/// Milliseconds of a scan, the median of many, and how many entities it finds.
fn scan(fleet: &[Entity], filter: &Filter) -> (f64, usize) {
    let mut found = 0;
    let mut ms: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            found = black_box(fleet.iter().filter(|e| filter.matches(e)).count());
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    ms.sort_by(f64::total_cmp);
    ((ms[ROUNDS / 2] * 100.0).round() / 100.0, found)
}

fn filter(types: &str, q: &str, context: &Context) -> Filter {
    Filter {
        types: Some(TypeQuery::read(types, context).expect("types")),
        q: (!q.is_empty()).then(|| Query::read(q, context).expect("a query")),
        ..Filter::default()
    }
}

fn main() {
    let list = Json::read(CONTEXT.as_bytes()).expect("JSON");
    let context = Contexts::new().compile(&list).expect("a context");
    let now = Time::read("2026-08-10T12:00:01Z").expect("a time");
    let fleet: Vec<Entity> = (0..FLEET)
        .map(|n| {
            let json = Json::read(vehicle(n).as_bytes()).expect("JSON");
            Entity::read(json, &context, Representation::Detected, now)
                .expect("an entity")
                .settled()
        })
        .collect();
    let plain = filter("Vehicle", "speed>100;brandName==\"Mercedes\"", &context);
    let times = filter(
        "Vehicle|Tram",
        "speed.observedAt>=2026-08-10T12:00:00Z",
        &context,
    );
    let pattern = filter("Vehicle", "brandName~=\"Merc.*|Ren.*\"", &context);
    let near = Filter {
        geo: GeoQuery::read(
            "near;maxDistance==2000",
            "Point",
            "[-8.55,41.15]",
            None,
            &context,
        )
        .ok(),
        ..filter("Vehicle", "", &context)
    };
    let within = Filter {
        geo: GeoQuery::read(
            "within",
            "Polygon",
            "[[[-8.56,41.14],[-8.54,41.14],[-8.55,41.16],[-8.56,41.14]]]",
            None,
            &context,
        )
        .ok(),
        ..filter("Vehicle", "", &context)
    };
    let mut read = Instant::now();
    for n in 0..11_000 {
        if n == 1_000 {
            read = Instant::now();
        }
        black_box(Query::read("speed>100;brandName==\"Mercedes\"", &context).expect("a query"));
    }
    let read_us = read.elapsed().as_secs_f64() * 1e6 / 1e4;
    let figures = [
        ("type_q", &plain),
        ("type_time", &times),
        ("type_pattern", &pattern),
        ("type_near", &near),
        ("type_within", &within),
    ]
    .map(|(name, filter)| {
        let (ms, found) = scan(&fleet, filter);
        format!("\"{name}_ms\":{ms},\"{name}_found\":{found}")
    });
    println!(
        "{{\"entities\":{FLEET},\"read_us\":{:.2},{}}}",
        read_us,
        figures.join(",")
    );
}
