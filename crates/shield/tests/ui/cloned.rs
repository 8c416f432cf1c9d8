//! One admission opens one session.
use loggia_shield::Admitted;

fn twice(one: &Admitted) -> (Admitted, Admitted) {
    (one.clone(), one.clone())
}

fn main() {}
