//! There is no empty proof.
fn main() {
    let _: loggia_seal::Sealed = Default::default();
}
