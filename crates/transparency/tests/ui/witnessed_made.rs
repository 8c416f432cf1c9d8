//! A cosigned proof cannot be made outside the crate.
use loggia_transparency::{KeyDue, Logged, Witnessed};

fn forge(logged: Logged<KeyDue>) -> Witnessed<KeyDue> {
    Witnessed::new(logged, 7)
}

fn main() {}
