//! A segment of the log, as a start finds it after a crash or on a disk that rots. Never a panic,
//! and what is whole is a dense beginning.
#![no_main]

#[path = "../../crates/store/tests/bus_segment/mod.rs"]
mod bus_segment;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bus_segment::check(bytes));
