//! A cosigned proof cannot be copied.
use loggia_transparency::{KeyDue, Witnessed};

fn twice(w: &Witnessed<KeyDue>) -> Witnessed<KeyDue> {
    Clone::clone(w)
}

fn main() {}
