//! A proof's fields cannot be written outside the crate.
use loggia_transparency::{KeyDue, Logged};

fn main() {
    let value = KeyDue { hour: 1, keys: 1 };
    let _ = Logged { value, index: 0, at: 0 };
}
