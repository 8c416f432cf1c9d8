//! What the tables of tests stand on: contexts, entities from text, text from entities. Never
//! tests anything itself.

use std::sync::Arc;

use loggia_ngsi_ld::{
    Context, Contexts, Draft, Embed, Entity, Error, Form, Fragment, Json, Representation, Time,
    View,
};

/// ETSI's files, which are not part of this repository: beside it, or nowhere.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub fn etsi(name: &str) -> Option<std::path::PathBuf> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut places = here
        .ancestors()
        .map(|a| a.join("shared/data/ngsi-ld").join(name));
    let found = places.find(|p| p.exists());
    if found.is_none() {
        eprintln!("skipped: there is no shared/data/ngsi-ld/{name} above this repository");
    }
    found
}

pub fn json(text: &str) -> Json {
    Json::read(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

pub fn context() -> Arc<Context> {
    let inline = r#"{"x": "https://x.example/#", "Car": "x:Car", "speed": "x:speed",
        "alias": "@type", "moved": "https://x.example/#moved"}"#;
    Contexts::new().compile(&json(inline)).expect("a context")
}

pub fn at(text: &str) -> Time {
    Time::read(text).expect("a time")
}

pub fn before() -> Time {
    at("2026-01-01T00:00:00Z")
}

pub fn now() -> Time {
    at("2026-02-02T00:00:00Z")
}

/// An entity with these members beside id and type, made before now.
pub fn entity(members: &str) -> Entity {
    try_entity(members).unwrap_or_else(|e| panic!("{members}: {e}"))
}

pub fn try_entity(members: &str) -> Result<Entity, Error> {
    read(members, Representation::Detected)
}

pub fn read(members: &str, representation: Representation) -> Result<Entity, Error> {
    let comma = if members.is_empty() { "" } else { "," };
    let body = format!(r#"{{"id": "urn:x:1", "type": "Car"{comma}{members}}}"#);
    Entity::read(json(&body), &context(), representation, before())
}

pub fn fragment(members: &str) -> Fragment {
    Fragment::read(
        json(&format!("{{{members}}}")),
        &context(),
        Representation::Detected,
    )
    .unwrap_or_else(|e| panic!("{members}: {e}"))
}

pub fn patch(members: &str) -> Fragment {
    Fragment::read_update(
        json(&format!("{{{members}}}")),
        &context(),
        Representation::Detected,
    )
    .unwrap_or_else(|e| panic!("{members}: {e}"))
}

pub fn part(term: &str, body: &str) -> Draft {
    Draft::read_update(term, json(body), &context(), Representation::Detected)
        .unwrap_or_else(|e| panic!("{body}: {e}"))
}

pub fn write(entity: &Entity, form: Form) -> Json {
    let context = context();
    let mut out = Vec::new();
    View::of(&context, form).entity(entity, Embed::Nothing, &mut out);
    Json::read(&out).expect("what is written is JSON")
}

/// The members of an entity beside id and type, in one form.
pub fn members(entity: &Entity, form: Form) -> Json {
    let all = write(entity, form);
    let kept = all
        .members()
        .iter()
        .filter(|(k, _)| !matches!(&**k, "id" | "type"));
    Json::Object(kept.cloned().collect())
}

/// Whether an entity, normalized, has just these members.
#[track_caller]
pub fn is(entity: &Entity, expected: &str) {
    assert_eq!(
        members(entity, Form::Normalized),
        json(&format!("{{{expected}}}"))
    );
}
