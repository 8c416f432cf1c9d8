//! A proof cannot be made outside the crate.
use loggia_transparency::{KeyDue, Logged};

fn main() {
    let _ = Logged::new(KeyDue { hour: 1, keys: 1 }, 0, 0);
}
