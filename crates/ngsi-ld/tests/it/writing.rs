//! Clauses 4.5, 4.15, 4.21, 6.3.5 and 6.3.11: what an answer looks like. Each test is named by
//! what it shows.

use crate::support::{context, entity, json, now, patch, write};
use loggia_ngsi_ld::{
    Embed, Form, GeoView, Json, Languages, Link, Selection, SysAttrs, View, update,
};

fn written(view: &View<'_>, members: &str) -> Json {
    let mut out = Vec::new();
    view.entity(&entity(members), Embed::Nothing, &mut out);
    Json::read(&out).expect("JSON")
}

#[test]
fn the_three_representations_of_one_entity() {
    let made = entity(
        r#""name": "A", "speed": {"value": 7, "unitCode": "KMH"}, "at": {"object": "urn:x:2"},
           "odd": {"value": {"value": 1}}, "scope": "/a"
        "#,
    );
    assert_eq!(
        write(&made, Form::Normalized),
        json(
            r#"{"id": "urn:x:1", "type": "Car", "scope": "/a",
                "name": {"type": "Property", "value": "A"},
                "speed": {"type": "Property", "value": 7, "unitCode": "KMH"},
                "at": {"type": "Relationship", "object": "urn:x:2"},
                "odd": {"type": "Property", "value": {"value": 1}}}"#
        )
    );
    assert_eq!(
        write(&made, Form::Concise),
        json(
            r#"{"id": "urn:x:1", "type": "Car", "scope": "/a", "name": "A",
                "speed": {"value": 7, "unitCode": "KMH"}, "at": {"object": "urn:x:2"},
                "odd": {"value": {"value": 1}}}"#
        )
    );
    assert_eq!(
        write(&made, Form::Simplified),
        json(
            r#"{"id": "urn:x:1", "type": "Car", "scope": "/a", "name": "A", "speed": 7,
                "at": "urn:x:2", "odd": {"value": 1}}"#
        )
    );
}

#[test]
fn clause_6_3_11_sys_attrs_are_written_when_asked_for() {
    let context = context();
    let view = View {
        sys_attrs: SysAttrs::Show,
        ..View::of(&context, Form::Concise)
    };
    let before = r#""createdAt": "2026-01-01T00:00:00Z", "modifiedAt": "2026-01-01T00:00:00Z""#;
    assert_eq!(
        written(&view, r#""a": {"value": 1, "b": 2}"#),
        json(&format!(
            r#"{{"id": "urn:x:1", "type": "Car", {before},
                "a": {{"value": 1, "b": {{"value": 2, {before}}}, {before}}}}}"#
        ))
    );
    let changed = update::merge(
        &entity(r#""a": 1, "b": 2"#),
        patch(r#""a": {"value": 3}"#),
        update::Merging::default(),
        now(),
    )
    .expect("merged");
    assert_eq!(changed.entity.modified_at, now());
    assert_eq!(changed.entity.attributes[0].modified_at, now());
    assert!(changed.entity.attributes[0].created_at < now());
    assert!(changed.entity.attributes[1].modified_at < now());
}

#[test]
fn clause_4_15_languages_reduce_a_map_to_one_text() {
    let context = context();
    let members = r#""a": {"languageMap": {"fr": "Oui", "en-GB": "Yes"},
        "b": {"languageMap": {"de": "Ja"}}}"#;
    for (asked, form, expected) in [
        (
            "en",
            Form::Normalized,
            r#"{"type": "Property", "value": "Yes", "lang": "en-GB",
                "b": {"type": "Property", "value": "Ja", "lang": "de"}}"#,
        ),
        (
            "fr",
            Form::Concise,
            r#"{"value": "Oui", "lang": "fr", "b": {"value": "Ja", "lang": "de"}}"#,
        ),
        ("fr", Form::Simplified, r#""Oui""#),
    ] {
        let languages = Languages::read(asked).expect(asked);
        let view = View {
            languages: Some(&languages),
            ..View::of(&context, form)
        };
        assert_eq!(
            written(&view, members).get("a"),
            Some(&json(expected)),
            "{asked}"
        );
    }
}

#[test]
fn clause_4_5_5_instances_are_chosen_by_dataset() {
    let context = context();
    let members = r#""a": [{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}], "b": 3"#;
    let one: [Option<Box<str>>; 1] = [Some("urn:d:1".into())];
    for (datasets, form, expected) in [
        (&[None][..], Form::Simplified, r#"{"a": 1, "b": 3}"#),
        (&one, Form::Simplified, r#"{"a": 2}"#),
        (
            &one,
            Form::Concise,
            r#"{"a": {"value": 2, "datasetId": "urn:d:1"}}"#,
        ),
    ] {
        let view = View {
            datasets: Some(datasets),
            ..View::of(&context, form)
        };
        let Json::Object(all) = written(&view, members) else {
            panic!("an object")
        };
        let rest: Vec<_> = all
            .into_iter()
            .filter(|(k, _)| !matches!(&**k, "id" | "type"))
            .collect();
        assert_eq!(Json::Object(rest.into()), json(expected));
    }
    let all = written(&View::of(&context, Form::Simplified), members);
    assert_eq!(
        all.get("a"),
        Some(&json(r#"{"dataset": {"@none": 1, "urn:d:1": 2}}"#))
    );
}

#[test]
fn clause_4_21_attrs_keep_identity_pick_does_not() {
    let context = context();
    let members = r#""a": 1, "speed": 2, "scope": "/s""#;
    for (selection, expected) in [
        (
            Selection::attrs(["speed"], &context),
            r#"{"id": "urn:x:1", "type": "Car", "scope": "/s", "speed": 2}"#,
        ),
        (Selection::pick(["x:speed"], &context), r#"{"speed": 2}"#),
        (
            Selection::pick(["id", "scope"], &context),
            r#"{"id": "urn:x:1", "scope": "/s"}"#,
        ),
        (
            Selection::ALL.omit(["scope", "type", "a"], &context),
            r#"{"id": "urn:x:1", "speed": 2}"#,
        ),
        (
            Selection::pick(["a", "speed"], &context).and_then(|s| s.omit(["a"], &context)),
            r#"{"speed": 2}"#,
        ),
    ] {
        let selection = selection.expect("names");
        let view = View {
            selection: &selection,
            ..View::of(&context, Form::Simplified)
        };
        assert_eq!(written(&view, members), json(expected));
    }
    assert!(Selection::pick(["not a name"], &context).is_err());
}

#[test]
fn clause_4_5_16_a_collection_holds_its_context_once() {
    let context = context();
    let (a, b) = (
        entity(r#""location": {"type": "Point", "coordinates": [1, 2]}"#),
        entity(""),
    );
    let location = context.expand_name("location").expect("of the core");
    let view = GeoView {
        view: View::of(&context, Form::Simplified),
        geometry: &location,
        dataset_id: None,
    };
    let mut out = Vec::new();
    view.collection([&a, &b], Embed::Context, &mut out);
    let point = r#"{"type": "Point", "coordinates": [1, 2]}"#;
    let head = r#""id": "urn:x:1", "type": "Feature""#;
    let expected = format!(
        r#"{{"type": "FeatureCollection", "features": [
            {{{head}, "geometry": {point}, "properties": {{"type": "Car", "location": {point}}}}},
            {{{head}, "geometry": null, "properties": {{"type": "Car"}}}}],
            "@context": {}}}"#,
        context.body()
    );
    assert_eq!(Json::read(&out), Ok(json(&expected)));
}

#[test]
fn clause_6_3_5_the_context_goes_into_the_body_or_the_link() {
    let context = context();
    let mut out = Vec::new();
    View::of(&context, Form::Simplified).entities([&entity("")], Embed::Context, &mut out);
    let all = Json::read(&out).expect("JSON");
    assert_eq!(
        all.items().and_then(|e| e[0].get("@context")),
        Some(context.body())
    );
    assert_eq!(context.link(), Link::Hosted);
    assert!(Link::header("https://a.example/c").starts_with("<https://a.example/c>; rel="));
}
