//! Holds that an admission can be made in one place only and never twice from one.

use loggia_shield::{Admitted, Probe};

/// One implementation for every type, a second for those that can be read from bytes or cloned:
/// where both apply, the call below is ambiguous and this file does not compile.
trait NeitherReadNorCloned<Why> {
    fn holds() {}
}
impl<T: ?Sized> NeitherReadNorCloned<()> for T {}
struct Read;
impl<T: serde::de::DeserializeOwned> NeitherReadNorCloned<Read> for T {}
struct Cloned;
impl<T: Clone> NeitherReadNorCloned<Cloned> for T {}

#[test]
fn an_admission_is_neither_read_back_nor_cloned() {
    <Admitted as NeitherReadNorCloned<_>>::holds();
    <Probe as NeitherReadNorCloned<_>>::holds();
}

#[test]
fn an_admission_cannot_be_made_or_copied() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
