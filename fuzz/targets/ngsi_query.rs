//! Queries of NGSI-LD: always a query or a fault, never anything else; what is read is written so
//! that it reads the same. The input's first line names the parameter.
#![no_main]

#[path = "../../crates/ngsi-ld/tests/query_feed.rs"]
mod query_feed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    query_feed::feed(bytes);
});
