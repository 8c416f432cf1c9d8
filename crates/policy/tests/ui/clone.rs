//! A permit is not cloned.
fn twice(permit: loggia_policy::Permit<loggia_policy::Open>) {
    let _copy = permit.clone();
}

fn main() {}
