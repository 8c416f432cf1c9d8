//! The compiler holds the proof: `Sealed` cannot be made, cloned or deserialised outside the crate.
//! Never checks more of the compiler's words than the error itself.

#[test]
fn sealed_is_a_proof() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
