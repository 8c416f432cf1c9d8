//! The fuzzer's regression corpus, replayed: `ok-*` must be read, `bad-*` refused, and nothing may
//! panic. A file has three lines: an @context, an entity, an update of it.

use std::path::Path;

use crate::support::now;
use loggia_ngsi_ld::update::{Merging, merge, update};
use loggia_ngsi_ld::{Contexts, Embed, Entity, Error, Form, Fragment, Json, Representation, View};

/// Does what the fuzz target does.
fn replay(bytes: &[u8]) -> Result<(), Error> {
    let mut lines = bytes.split(|b| *b == b'\n');
    let mut line = || Json::read(lines.next().unwrap_or_default());
    let (context, body, patch) = (line()?, line()?, line()?);
    let context = Contexts::new().compile(&context)?;
    let entity = Entity::read(body, &context, Representation::Detected, now())?;
    for form in [Form::Normalized, Form::Concise, Form::Simplified] {
        let mut out = Vec::new();
        View::of(&context, form).entity(&entity, Embed::Nothing, &mut out);
        let json = Json::read(&out).expect("what is written is JSON");
        if form != Form::Simplified {
            let again = Entity::read(json, &context, Representation::Detected, now());
            assert_eq!(again, Ok(entity.clone()));
        }
    }
    let read = || Fragment::read_update(patch.clone(), &context, Representation::Detected);
    let once = merge(&entity, read()?, Merging::default(), now())?;
    let twice = merge(&once.entity, read()?, Merging::default(), now())?;
    assert_eq!(once.entity, twice.entity);
    // It refuses what only merges may remove.
    drop(update(&entity, read()?, now()));
    Ok(())
}

#[test]
fn the_corpus_replays() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/entity");
    let mut count = 0;
    for file in std::fs::read_dir(folder).expect("the corpus") {
        let path = file.expect("a file").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let verdict = replay(&std::fs::read(&path).expect("a file"));
        assert_eq!(
            verdict.is_ok(),
            name.starts_with("ok-"),
            "{name}: {verdict:?}"
        );
        count += 1;
    }
    assert!(count >= 12, "{count} files");
}
