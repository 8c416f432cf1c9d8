//! A proof is not read from JSON.
fn main() {
    let _: loggia_seal::Sealed = serde_json::from_str("{}").unwrap();
}
