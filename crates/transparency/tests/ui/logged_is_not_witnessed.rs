//! What is in the log alone opens nothing.
use loggia_transparency::{KeyDue, Logged, Witnessed};

fn opens(_: Witnessed<KeyDue>) {}

fn forge(logged: Logged<KeyDue>) {
    opens(logged);
}

fn main() {}
