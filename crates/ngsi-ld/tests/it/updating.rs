//! Clause 5.6: what operations make of an entity. Each test is named by what it shows.

use crate::support::{at, before, context, entity, fragment, is, json, now, part, patch};
use loggia_ngsi_ld::update::{
    How, Merging, Outcome, Overwrite, Touched, Which, Why, append, delete_attribute, merge,
    replace, replace_attribute, update, update_attribute,
};
use loggia_ngsi_ld::{Error, Fragment, NULL, Problem, Representation};

/// Names and ways of what changed, in short.
fn changes(outcome: &Outcome) -> Vec<String> {
    let context = context();
    let words = outcome.changed.iter().map(|touched| match touched {
        Touched::Types => "types".to_owned(),
        Touched::Scopes => "scopes".to_owned(),
        Touched::Expiry => "expiry".to_owned(),
        Touched::Attribute {
            name,
            dataset_id,
            how,
        } => {
            let sign = match how {
                How::Added => '+',
                How::Updated => '=',
                How::Removed => '-',
            };
            let at = dataset_id
                .as_deref()
                .map_or(String::new(), |d| format!("@{d}"));
            format!("{sign}{}{at}", context.compact(name))
        }
    });
    words.collect()
}

fn skips(outcome: &Outcome) -> Vec<(&str, Why)> {
    outcome.skipped.iter().map(|s| (&*s.term, s.why)).collect()
}

const TWO: &str = r#""a": [{"type": "Property", "value": 1},
    {"type": "Property", "value": 2, "datasetId": "urn:d:1"}]"#;

#[test]
fn clause_5_6_3_append_adds_and_overwrites() {
    let old = entity(r#""a": 1, "scope": "/s""#);
    let out = append(
        &old,
        fragment(r#""type": "Bus", "scope": "/t", "a": 3, "b": 4"#),
        Overwrite::Yes,
        now(),
    )
    .expect("appended");
    assert_eq!(changes(&out), ["types", "scopes", "=a", "+b"]);
    assert_eq!(out.entity.types.len(), 2);
    is(
        &out.entity,
        r#""scope": "/t", "a": {"type": "Property", "value": 3},
           "b": {"type": "Property", "value": 4}"#,
    );
    assert_eq!(out.entity.attributes[0].created_at, before());
    assert_eq!(out.entity.attributes[0].modified_at, now());
}

#[test]
fn clause_5_6_3_no_overwrite_keeps_what_is_there_by_instance() {
    let out = append(
        &entity(r#""a": 1"#),
        fragment(r#""a": [{"value": 9}, {"value": 2, "datasetId": "urn:d:1"}], "b": 4"#),
        Overwrite::No,
        now(),
    )
    .expect("appended");
    assert_eq!(changes(&out), ["+a@urn:d:1", "+b"]);
    assert_eq!(skips(&out), [("a", Why::Exists)]);
    is(
        &out.entity,
        &format!(r#"{TWO}, "b": {{"type": "Property", "value": 4}}"#),
    );
}

#[test]
fn clause_4_18_scopes_follow_the_operation() {
    let (some, none) = (r#""scope": "/s""#, "");
    let written = || patch(r#""scope": "/t""#);
    let both = r#""scope": ["/s", "/t"]"#;
    let new = r#""scope": "/t""#;
    for (old, overwrite, expected) in [
        (some, Overwrite::Yes, new),
        (some, Overwrite::No, both),
        (none, Overwrite::No, new),
    ] {
        is(
            &append(&entity(old), written(), overwrite, now())
                .unwrap()
                .entity,
            expected,
        );
    }
    let merging = Merging::default();
    // A merge overwrites (clause 5.6.17.4).
    is(
        &merge(&entity(some), written(), merging, now())
            .unwrap()
            .entity,
        new,
    );
    is(
        &update(&entity(some), written(), now()).unwrap().entity,
        new,
    );
    let out = update(&entity(none), written(), now()).unwrap();
    assert_eq!(skips(&out), [("scope", Why::Absent)]);
    let gone = || patch(r#""scope": "urn:ngsi-ld:null""#);
    is(
        &merge(&entity(some), gone(), merging, now()).unwrap().entity,
        none,
    );
    is(&update(&entity(some), gone(), now()).unwrap().entity, none);
}

#[test]
fn clause_5_6_2_update_replaces_what_is_there_and_adds_what_is_not() {
    let old = entity(&format!(r#"{TWO}, "b": {{"value": 1, "unitCode": "KMH"}}"#));
    let out = update(
        &old,
        patch(r#""b": {"object": "urn:x:2"}, "a": {"value": 8, "datasetId": "urn:d:1"}, "c": 1"#),
        now(),
    )
    .expect("updated");
    // The kind may change, and what was not written again is gone (clause 5.5.8).
    assert_eq!(changes(&out), ["=b", "=a@urn:d:1", "+c"]);
    assert_eq!(skips(&out), []);
    is(
        &out.entity,
        r#""a": [{"type": "Property", "value": 1},
                 {"type": "Property", "value": 8, "datasetId": "urn:d:1"}],
           "b": {"type": "Relationship", "object": "urn:x:2"},
           "c": {"type": "Property", "value": 1}"#,
    );
}

#[test]
fn clause_5_5_8_null_removes_one_instance_or_the_whole_attribute() {
    for (written, expected, changed) in [
        (
            r#"{"type": "Property", "value": "urn:ngsi-ld:null"}"#,
            r#""a": {"type": "Property", "value": 2, "datasetId": "urn:d:1"}"#,
            &["-a"][..],
        ),
        (
            r#"{"value": "urn:ngsi-ld:null", "datasetId": "urn:d:1"}"#,
            r#""a": {"type": "Property", "value": 1}"#,
            &["-a@urn:d:1"],
        ),
        (r#""urn:ngsi-ld:null""#, "", &["-a", "-a@urn:d:1"]),
    ] {
        let text = format!("\"a\": {written}");
        let out = update(&entity(TWO), patch(&text), now()).expect("updated");
        assert_eq!(changes(&out), changed, "{written}");
        is(&out.entity, expected);
        let merged = merge(&entity(TWO), patch(&text), Merging::default(), now());
        assert_eq!(merged, Ok(out), "{written}");
    }
    let out = update(
        &entity("\"b\": 1"),
        patch("\"a\": \"urn:ngsi-ld:null\""),
        now(),
    )
    .unwrap();
    assert_eq!(skips(&out), [("a", Why::Absent)]);
}

#[test]
fn clause_5_6_4_partial_update_keeps_what_is_not_written() {
    let old = entity(
        r#""a": {"value": 1, "unitCode": "KMH", "observedAt": "2020-01-01T00:00:00Z",
                 "p": {"value": 1, "q": 2}, "r": 3}"#,
    );
    for (written, expected) in [
        (
            r#"{"observedAt": "2021-01-01T00:00:00Z"}"#,
            r#""value": 1, "unitCode": "KMH", "observedAt": "2021-01-01T00:00:00Z",
               "p": {"type": "Property", "value": 1, "q": {"type": "Property", "value": 2}},
               "r": {"type": "Property", "value": 3}"#,
        ),
        (
            r#"{"value": 5, "p": {"value": 7}, "r": "urn:ngsi-ld:null",
                "unitCode": "urn:ngsi-ld:null"}"#,
            // One level only: `p` is replaced, and its `q` is gone.
            r#""value": 5, "observedAt": "2020-01-01T00:00:00Z",
               "p": {"type": "Property", "value": 7}"#,
        ),
    ] {
        let out = update_attribute(&old, part("a", written), now()).expect(written);
        is(
            &out.entity,
            &format!(r#""a": {{"type": "Property", {expected}}}"#),
        );
        assert_eq!(changes(&out), ["=a"]);
    }
    let out = update_attribute(&old, part("a", &format!(r#"{{"value": "{NULL}"}}"#)), now());
    assert_eq!(changes(&out.expect("removed")), ["-a"]);
}

#[test]
fn clause_5_6_4_partial_update_refuses_what_does_not_fit() {
    let old = entity(r#""a": 1"#);
    for (term, written, problem) in [
        ("b", r#"{"value": 1}"#, Problem::ResourceNotFound),
        (
            "a",
            r#"{"value": 1, "datasetId": "urn:d:1"}"#,
            Problem::ResourceNotFound,
        ),
        (
            "a",
            r#"{"type": "Relationship", "object": "urn:x:2"}"#,
            Problem::BadRequestData,
        ),
        ("a", r#"{"type": "Relationship"}"#, Problem::BadRequestData),
    ] {
        let error = update_attribute(&old, part(term, written), now()).expect_err(written);
        assert_eq!(error.problem(), problem, "{written}");
    }
}

#[test]
fn clause_5_5_12_merge_goes_to_any_depth() {
    let old = entity(
        r#""a": {"value": {"x": 1, "y": {"z": 2, "w": 3}}, "p": {"value": 1, "q": 2}},
           "l": {"languageMap": {"fr": "Oui", "en": "Yes"}}, "j": {"json": {"k": 1}}, "b": 1"#,
    );
    let out = merge(
        &old,
        patch(
            r#""a": {"value": {"x": "urn:ngsi-ld:null", "y": {"z": 5}}, "p": {"value": 9}},
               "l": {"languageMap": {"en": "urn:ngsi-ld:null", "de": "Ja"}},
               "j": {"json": {"m": 2}}, "b": {"object": "urn:x:2"}, "c": 7,
               "gone": "urn:ngsi-ld:null""#,
        ),
        Merging::default(),
        now(),
    )
    .expect("merged");
    assert_eq!(changes(&out), ["=a", "=l", "=j", "=b", "+c"]);
    is(
        &out.entity,
        r#""a": {"type": "Property", "value": {"y": {"z": 5, "w": 3}},
                 "p": {"type": "Property", "value": 9, "q": {"type": "Property", "value": 2}}},
           "l": {"type": "LanguageProperty", "languageMap": {"fr": "Oui", "de": "Ja"}},
           "j": {"type": "JsonProperty", "json": {"k": 1, "m": 2}},
           "b": {"type": "Relationship", "object": "urn:x:2"},
           "c": {"type": "Property", "value": 7}"#,
    );
}

#[test]
fn clause_5_5_12_a_part_without_type_and_value_reaches_what_is_below() {
    let old = entity(r#""r": {"object": "urn:x:2", "p": {"value": 1, "q": 2}}"#);
    let go = |text| merge(&old, patch(text), Merging::default(), now());
    is(
        &go(r#""r": {"p": {"value": 5}}"#).expect("merged").entity,
        r#""r": {"type": "Relationship", "object": "urn:x:2", "p": {"type": "Property", "value": 5,
            "q": {"type": "Property", "value": 2}}}"#,
    );
    // What could be a Property's value as well as members of the Relationship is refused.
    let error = go(r#""r": {"p": "urn:ngsi-ld:null"}"#).expect_err("unclear");
    assert_eq!(error.problem(), Problem::BadRequestData);
    assert!(go(r#""r": {"type": "Relationship", "p": "urn:ngsi-ld:null"}"#).is_ok());
}

#[test]
fn clause_5_6_17_a_simplified_merge_takes_the_kind_that_it_meets() {
    let old = entity(
        r#""r": {"object": "urn:x:2"}, "l": {"languageMap": {"fr": "Oui"}},
           "o": {"value": 1, "observedAt": "2020-01-01T00:00:00Z"}, "n": 1"#,
    );
    let simple = Fragment::read_update(
        json(r#"{"r": "urn:x:3", "l": "Yes", "o": 2, "n": 2}"#),
        &context(),
        Representation::Simplified,
    )
    .expect("a fragment");
    let merging = Merging {
        observed_at: Some(at("2026-02-02T00:00:00Z")),
        lang: Some("en"),
    };
    let out = merge(&old, simple, merging, now()).expect("merged");
    is(
        &out.entity,
        r#""r": {"type": "Relationship", "object": "urn:x:3"},
           "l": {"type": "LanguageProperty", "languageMap": {"fr": "Oui", "en": "Yes"}},
           "o": {"type": "Property", "value": 2, "observedAt": "2026-02-02T00:00:00Z"},
           "n": {"type": "Property", "value": 2}"#,
    );
}

#[test]
fn clause_5_6_18_replace_keeps_the_id_and_when_it_was_made() {
    let old = entity(r#""a": 1, "b": 2, "scope": "/s""#);
    let out = replace(&old, fragment(r#""type": "Bus", "b": 3, "c": 4"#), now()).expect("replaced");
    assert_eq!(changes(&out), ["types", "scopes", "-a", "=b", "+c"]);
    assert_eq!(
        (out.entity.created_at, out.entity.modified_at),
        (before(), now())
    );
    let error = replace(&old, fragment(r#""id": "urn:x:9", "type": "Bus""#), now());
    assert!(matches!(error, Err(Error::BadData { .. })));
    assert!(
        replace(&old, fragment(r#""a": 1"#), now()).is_err(),
        "an entity has a type"
    );
}

#[test]
fn clause_5_6_19_replacing_an_attribute_may_change_its_kind() {
    let read = |body: &str| {
        loggia_ngsi_ld::Draft::read("a", json(body), &context(), Representation::Detected)
    };
    let draft = read(r#"{"object": "urn:x:2"}"#).expect("an attribute");
    let out = replace_attribute(&entity(TWO), draft.clone(), now()).expect("replaced");
    is(
        &out.entity,
        r#""a": [{"type": "Relationship", "object": "urn:x:2"},
                 {"type": "Property", "value": 2, "datasetId": "urn:d:1"}]"#,
    );
    let error = replace_attribute(&entity(""), draft, now()).expect_err("there is none");
    assert_eq!(error.problem(), Problem::ResourceNotFound);
    assert!(read(r#"{"value": "urn:ngsi-ld:null"}"#).is_err());
}

#[test]
fn clause_5_6_5_delete_by_instance_and_all() {
    let name = context().expand_name("a").expect("a name");
    for (which, changed) in [
        (Which::Default, Ok(&["-a"][..])),
        (Which::Dataset("urn:d:1"), Ok(&["-a@urn:d:1"])),
        (Which::All, Ok(&["-a", "-a@urn:d:1"])),
        (Which::Dataset("urn:d:9"), Err(Problem::ResourceNotFound)),
    ] {
        let out = delete_attribute(&entity(TWO), &name, which, now());
        match changed {
            Ok(changed) => assert_eq!(changes(&out.expect("deleted")), changed),
            Err(problem) => assert_eq!(out.map_err(|e| e.problem()), Err(problem)),
        }
    }
    let none = delete_attribute(&entity(""), &name, Which::All, now());
    assert_eq!(
        none.map_err(|e| e.problem()),
        Err(Problem::ResourceNotFound)
    );
}

#[test]
fn a_fragment_that_says_nothing_or_is_of_another_entity_is_refused() {
    let old = entity(r#""a": 1"#);
    for written in ["", r#""id": "urn:x:1""#, r#""id": "urn:x:2", "a": 1"#] {
        let read = || patch(written);
        assert!(
            append(&old, read(), Overwrite::Yes, now()).is_err(),
            "{written}"
        );
        assert!(update(&old, read(), now()).is_err(), "{written}");
        assert!(
            merge(&old, read(), Merging::default(), now()).is_err(),
            "{written}"
        );
    }
}
