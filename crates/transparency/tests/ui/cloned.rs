//! A proof cannot be copied.
use loggia_transparency::{KeyDue, Logged};

fn twice(l: &Logged<KeyDue>) -> Logged<KeyDue> {
    Clone::clone(l)
}

fn main() {}
