//! A proof is not copied.
fn twice(sealed: loggia_seal::Sealed) -> (loggia_seal::Sealed, loggia_seal::Sealed) {
    (sealed.clone(), sealed)
}

fn main() {}
