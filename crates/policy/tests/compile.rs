//! A permit cannot be cloned, read from bytes or made outside its crate: the compiler says so.

use loggia_policy::{Live, Open, Permit};

/// Holds for every type, and a second time for those that can be read from bytes: naming it without
/// saying which is an error for them, so this file compiles only while permits cannot.
trait NotRead<Which> {
    fn holds() {}
}
impl<T: ?Sized> NotRead<()> for T {}
struct Read;
impl<T: serde::de::DeserializeOwned> NotRead<Read> for T {}

#[test]
fn permits_are_made_here_only() {
    <Permit<Open> as NotRead<_>>::holds();
    <Permit<Live> as NotRead<_>>::holds();
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
