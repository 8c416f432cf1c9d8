//! One request out of bytes, as the fuzz target and the corpus have it: the first line says which,
//! `temporal` or `context`. Never asserts more than that reading ends, and that what was read is
//! read again from how the broker writes it.

#![expect(clippy::expect_used, reason = "a feed stops when a law is broken")]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "the fuzz target takes `feed` alone"
)]

use loggia_ngsi_ld::temporal::{SCOPE, TemporalFragment, read_instance};
use loggia_ngsi_ld::{Attribute, Context, Contexts, Draft, Form, Json, Representation, Time, View};

const URL: &str = "https://x.example/c.jsonld";

fn now() -> Time {
    Time::of_micros(1_796_000_000_000_000)
}

/// Takes one input.
pub fn feed(bytes: &[u8]) {
    let mut lines = bytes.splitn(2, |b| *b == b'\n');
    match (lines.next(), lines.next()) {
        (Some(b"temporal"), Some(rest)) => drop(temporal(rest)),
        (Some(b"context"), Some(rest)) => drop(context(rest)),
        _ => {}
    }
}

/// An @context, and an evolution or an instance of `speed` under it, a line each.
fn temporal(bytes: &[u8]) -> Option<()> {
    let mut lines = bytes.splitn(2, |b| *b == b'\n');
    let list = Json::read(lines.next()?).ok()?;
    let body = Json::read(lines.next()?).ok()?;
    let mut contexts = Contexts::new();
    let core = contexts.core().expect("the core");
    let context = contexts.compile(&list).ok()?;
    if let Ok(read) = TemporalFragment::read(body.clone(), &context, now()) {
        for instance in read.instances.iter().filter(|i| &*i.name != SCOPE) {
            comes_back(instance, &core);
        }
        // What makes an evolution, or adds to one, is read as such and no other.
        for again in [
            TemporalFragment::read_entity(body.clone(), &context, now()),
            TemporalFragment::read_attributes(body.clone(), &context, now()),
        ] {
            assert!(again.is_err() || again.as_ref() == Ok(&read));
        }
    }
    let one = read_instance("speed", body, &context, now()).ok()?;
    comes_back(&one, &core);
    Some(())
}

/// The log has instances in normalized form under the core @context.
fn comes_back(instance: &Attribute, core: &Context) {
    let mut out = Vec::new();
    View::of(core, Form::Normalized).attribute(&[instance], &mut out);
    let json = Json::read(&out).expect("what is written is JSON");
    let draft = Draft::read(&instance.name, json, core, Representation::Detected);
    let again = draft.and_then(|draft| draft.complete(now()));
    assert_eq!(again.as_ref(), Ok(instance));
}

/// A document, and names, a line each.
fn context(bytes: &[u8]) -> Option<()> {
    let mut lines = bytes.split(|b| *b == b'\n');
    let document = lines.next()?;
    let mut contexts = Contexts::new();
    contexts.put(URL, document).ok()?;
    let context = contexts.compile(&Json::from(URL)).ok()?;
    for name in lines.filter_map(|line| std::str::from_utf8(line).ok()) {
        let Some(iri) = context.expand_name(name) else {
            continue;
        };
        // Written short, it is read as the same.
        let short = context.compact_name(&iri);
        assert_eq!(context.expand_name(&short).as_ref(), Some(&iri), "{name}");
    }
    // The same document again changes nothing, another forgets what was compiled.
    contexts.put(URL, document).ok()?;
    assert!(contexts.holds(URL));
    contexts
        .put(URL, br#"{"@context": {"speed": "urn:x:other"}}"#)
        .ok()?;
    let other = contexts.compile(&Json::from(URL)).ok()?;
    assert_eq!(other.expand_name("speed").as_deref(), Some("urn:x:other"));
    Some(())
}

#[test]
fn the_corpus_is_taken() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/provision");
    let mut taken = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("bytes");
        feed(&bytes);
        taken += 1;
    }
    assert!(taken >= 12, "{taken} inputs");
}

#[test]
fn seeds_are_what_their_names_say() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/provision");
    for (name, read) in [
        ("temporal-instance", true),
        ("temporal-no-instance", false),
        ("context-terms", true),
        ("context-ring", false),
    ] {
        let bytes = std::fs::read(format!("{folder}/{name}")).expect("a seed");
        let (kind, rest) = name.split_once('-').expect("a kind");
        assert!(!rest.is_empty());
        let rest = &bytes[kind.len() + 1..];
        let taken = match kind {
            "temporal" => temporal(rest),
            _ => context(rest),
        };
        assert_eq!(taken.is_some(), read, "{name}");
    }
}
