//! One subscription out of bytes, as the fuzz target and the corpus have it: a line each for an
//! @context, a subscription and a fragment that changes it. Never asserts more than that reading
//! ends, and that what is kept of a subscription reads as the same one.

#![expect(clippy::expect_used, reason = "a feed stops when a law is broken")]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "the fuzz target takes `feed` alone"
)]

use loggia_ngsi_ld::subscription::Subscription;
use loggia_ngsi_ld::{Contexts, Embed, Error, Json, SysAttrs, Time};

/// Whether what was kept is what there is.
fn kept(one: &Subscription) {
    let record = Json::read(&one.record()).expect("a record is JSON");
    let mut compile = |list: &Json| Contexts::new().compile(list);
    let again = Subscription::restore(&record, &mut compile).expect("a record reads");
    assert_eq!(again.record(), one.record());
    let core = Contexts::new().core().expect("the core");
    let (show, embed) = (SysAttrs::Show, Embed::Context);
    let mut out = Vec::new();
    one.write(&core, show, embed, Time::of_micros(0), &mut out);
    Json::read(&out).expect("an answer is JSON");
}

/// Takes one input.
pub fn feed(bytes: &[u8]) -> Result<(), Error> {
    let mut lines = bytes.split(|b| *b == b'\n');
    let mut line = || Json::read(lines.next().unwrap_or_default());
    let (context, body, fragment) = (line()?, line()?, line());
    let context = Contexts::new().compile(&context)?;
    let now = Time::of_micros(1_795_435_200_000_000);
    let mut compile = |list: &Json| Contexts::new().compile(list);
    let made = Subscription::read(&body, &context, "urn:x:new", &mut compile, now)?;
    kept(&made);
    let changed = made.patched(&fragment?, &context, &mut compile, now)?;
    kept(&changed);
    Ok(())
}

#[test]
fn the_corpus_is_taken_and_refused() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/subscription");
    let mut taken = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        let verdict = feed(&std::fs::read(&path).expect("bytes"));
        let expected = name.starts_with("ok-");
        assert_eq!(verdict.is_ok(), expected, "{name}: {verdict:?}");
        taken += 1;
    }
    assert!(taken >= 15, "{taken} inputs");
}
