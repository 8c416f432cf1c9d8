//! A probe does not let anything be recorded.
use loggia_shield::{Admitted, Probe};

fn record(_: Admitted) {}

fn with(probe: Probe) {
    record(probe);
}

fn main() {}
