//! One query out of bytes, as the fuzz target and the corpus have it: the first line names the
//! parameter, the rest is its text. Never asserts more than that reading ends, that what is read
//! is written so that it reads the same, and that evaluating it ends.

#![expect(clippy::expect_used, reason = "a feed stops when a law is broken")]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "the fuzz target takes `feed` alone"
)]

#[path = "query_city.rs"]
mod city;

use std::fmt::{Debug, Display};
use std::sync::{Arc, LazyLock};

use loggia_ngsi_ld::query::{
    Collation, Fault, GeoQuery, IdPattern, Ids, LastN, Order, Projection, Query, ScopeQuery,
    TemporalQuery, TypeQuery,
};
use loggia_ngsi_ld::{Context, Entity};

static CITY: LazyLock<(Arc<Context>, Entity)> =
    LazyLock::new(|| (city::context(), city::vehicle()));

/// Reads a query, writes it, reads that.
fn round<T: PartialEq + Debug + Display>(
    text: &str,
    read: impl Fn(&str) -> Result<T, Fault>,
) -> Option<T> {
    let query = match read(text) {
        Ok(query) => query,
        Err(fault) => {
            assert!(
                fault.at >= 1 && fault.at <= text.chars().count() + 1,
                "{fault}"
            );
            return None;
        }
    };
    let written = query.to_string();
    // What is written may be longer than what was sent, and then over the limit of bytes.
    if written.len() <= loggia_ngsi_ld::query::limits::QUERY_BYTES_MAX {
        assert_eq!(read(&written).as_ref(), Ok(&query), "{written}");
    }
    Some(query)
}

/// Takes one input.
pub fn feed(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (context, vehicle) = &*CITY;
    let (parameter, text) = text.split_once('\n').unwrap_or(("q", text));
    match parameter {
        "type" => {
            round(text, |t| TypeQuery::read(t, context)).map(|q| q.matches(vehicle));
        }
        "scopeQ" => {
            round(text, ScopeQuery::read).map(|q| q.matches(vehicle));
        }
        "pick" => {
            round(text, |t| Projection::pick(t, context)).map(|p| p.is_met_by(vehicle));
        }
        "orderBy" => {
            if let Some(order) = round(text, |t| Order::read(t, context)) {
                order.sort(&mut [vehicle, vehicle], None);
            }
        }
        "collation" => {
            if let Ok(collation) = Collation::read(text) {
                let order = Order::read("brand,speed", context).expect("an order");
                order
                    .collated(collation)
                    .sort(&mut [vehicle, vehicle], None);
            }
        }
        "id" => drop(Ids::read(text).map(|ids| ids.has(&vehicle.id))),
        "idPattern" => drop(IdPattern::read(text).map(|p| p.matches(&vehicle.id))),
        "lastN" => drop(LastN::read(text)),
        "time" => {
            let mut lines = text.split('\n');
            let [a, b, c, d] = [(); 4].map(|()| lines.next());
            drop(TemporalQuery::read(a, b, c, d));
        }
        "geo" => {
            let mut lines = text.split('\n');
            let [georel, geometry, coordinates] = [(); 3].map(|()| lines.next().unwrap_or(""));
            let query = GeoQuery::read(georel, geometry, coordinates, lines.next(), context);
            if let Ok(query) = query {
                let _ = query.matches(vehicle);
                // A geometry is equal to itself, whatever it looks like.
                assert!(query.reference.equals(&query.reference));
                assert!(query.reference.is_within(&query.reference));
            }
        }
        _ => {
            round(text, |t| Query::read(t, context)).map(|q| q.matches(vehicle));
        }
    }
}

#[test]
fn the_corpus_is_taken() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/query");
    let mut taken = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        feed(&std::fs::read(file.expect("a file").path()).expect("bytes"));
        taken += 1;
    }
    assert!(taken >= 20, "{taken} inputs");
}
