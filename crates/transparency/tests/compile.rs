//! What the compiler must refuse: making, copying or reading a `Logged` or a `Witnessed`.

use loggia_transparency::{KeyDue, Logged, Witnessed};

#[test]
fn logged_is_made_by_the_log_only() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

/// Two blanket implementations make `which` ambiguous for every type that can be read from bytes
/// or has a default, so that this file compiles only while `Logged` can not. (A `trybuild` case
/// would list serde's implementors, which differ with the features of other crates.)
trait Unambiguous<A> {
    fn which() {}
}
struct Readable;
struct Default0;
impl<T> Unambiguous<()> for T {}
impl<T: serde::de::DeserializeOwned> Unambiguous<Readable> for T {}
impl<T: Default> Unambiguous<Default0> for T {}

#[test]
fn logged_is_never_read_from_bytes() {
    <Logged<KeyDue> as Unambiguous<_>>::which();
    <Witnessed<KeyDue> as Unambiguous<_>>::which();
    <KeyDue as Unambiguous<Readable>>::which();
    <u8 as Unambiguous<Default0>>::which();
}
