//! An @context, an entity and an update of it, a line each, as anybody sends them: never a panic,
//! and what was read comes back from what is written.
#![no_main]

use loggia_ngsi_ld::update::{Merging, merge, update};
use loggia_ngsi_ld::{Contexts, Embed, Entity, Form, Fragment, Json, Representation, Time, View};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|b| *b == b'\n');
    let mut line = || Json::read(lines.next().unwrap_or_default());
    let (Ok(context), Ok(body)) = (line(), line()) else {
        return;
    };
    let patch = line();
    let Ok(context) = Contexts::new().compile(&context) else {
        return;
    };
    let now = Time::of_micros(0);
    let _ = Entity::read(body.clone(), &context, Representation::Simplified, now);
    let Ok(entity) = Entity::read(body, &context, Representation::Detected, now) else {
        return;
    };
    for form in [Form::Normalized, Form::Concise, Form::Simplified] {
        let mut out = Vec::new();
        View::of(&context, form).entity(&entity, Embed::Nothing, &mut out);
        let json = Json::read(&out).expect("what is written is JSON");
        if form != Form::Simplified {
            let again = Entity::read(json, &context, Representation::Detected, now);
            assert_eq!(again.as_ref(), Ok(&entity));
        }
    }
    let Ok(patch) = patch else {
        return;
    };
    let read = || Fragment::read_update(patch.clone(), &context, Representation::Detected);
    if let Ok(fragment) = read() {
        let _ = update(&entity, fragment, now);
    }
    if let Ok(fragment) = read()
        && let Ok(once) = merge(&entity, fragment, Merging::default(), now)
        && let Ok(fragment) = read()
    {
        let twice = merge(&once.entity, fragment, Merging::default(), now).expect("once more");
        assert_eq!(once.entity, twice.entity);
    }
});
