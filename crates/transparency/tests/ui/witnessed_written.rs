//! A cosigned proof's fields cannot be written outside the crate.
use loggia_transparency::{KeyDue, Logged, Witnessed};

fn forge(logged: Logged<KeyDue>) -> Witnessed<KeyDue> {
    Witnessed { logged, size: 7 }
}

fn main() {}
