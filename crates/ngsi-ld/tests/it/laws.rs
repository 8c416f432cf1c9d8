//! Laws over random input: names come back from compaction, entities from each representation,
//! and a merge done twice is a merge done once.

use crate::support;
use std::sync::Arc;

use crate::support::{before, context, now, write};
use loggia_ngsi_ld::update::{Merging, merge, update};
use loggia_ngsi_ld::{
    Context, Contexts, Embed, Entity, Form, Fragment, Json, Representation, SysAttrs, View,
};
use proptest::prelude::*;

/// A context of a few terms that name each other, stand for keywords, or for nothing.
fn contexts() -> impl Strategy<Value = Option<Arc<Context>>> {
    let id = prop_oneof![
        Just("https://a.example/#".to_owned()),
        Just("https://a.example/#x".to_owned()),
        Just("https://uri.etsi.org/ngsi-ld/default-context/".to_owned()),
        Just("https://uri.etsi.org/ngsi-ld/default-context/t1".to_owned()),
        Just("urn:x:".to_owned()),
        Just("@type".to_owned()),
        "t[0-5]",
        "t[0-5]:[a-c]",
        "t[0-5]:t[0-5]",
    ];
    let definition = prop_oneof![
        5 => id.clone().prop_map(|id| format!("\"{id}\"")),
        1 => Just("null".to_owned()),
        2 => id.clone().prop_map(|id| format!(r#"{{"@id": "{id}", "@prefix": true}}"#)),
        1 => id.prop_map(|id| format!(r#"{{"@id": "{id}", "@type": "@vocab"}}"#)),
    ];
    let term = prop_oneof![8 => "t[0-5]", 1 => "t[0-2]:[a-b]", 1 => Just("value".to_owned())];
    let members = prop::collection::vec((term, definition), 0..8);
    (members, prop::option::of("https://v\\.example/[a-b]?")).prop_map(|(members, vocab)| {
        let mut text: Vec<String> = members
            .iter()
            .map(|(term, d)| format!("\"{term}\": {d}"))
            .collect();
        text.extend(vocab.map(|v| format!("\"@vocab\": \"{v}\"")));
        let json = support::json(&format!("{{{}}}", text.join(",")));
        Contexts::new().compile(&json).ok()
    })
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        "t[0-5]",
        "t[0-5]:[a-c]{0,2}",
        "t[0-5]:t[0-5]",
        "[a-c]{1,3}",
        Just("value".to_owned()),
        Just("type".to_owned()),
        Just("https://a.example/#xyz".to_owned()),
        Just("https://uri.etsi.org/ngsi-ld/default-context/t1".to_owned()),
        Just("https://uri.etsi.org/ngsi-ld/default-context/t2:a".to_owned()),
        Just("urn:x:t1".to_owned()),
        "\\PC{1,6}",
    ]
}

fn scalars() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("JSON has no others", |n| n.is_finite())
            .prop_map(|n| serde_json::Number::from_f64(n).unwrap().to_string()),
        any::<bool>().prop_map(|b| b.to_string()),
        "\\PC{0,8}".prop_map(|s| serde_json::to_string(&s).unwrap()),
    ]
}

/// Any JSON value, also such as look like attributes.
fn values() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        4 => "[a-c]",
        1 => prop::sample::select(vec![
            "type", "value", "object", "languageMap", "observedAt", "coordinates", "@value", "json",
        ]).prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        4 => scalars(),
        1 => Just("\"Property\"".to_owned()),
        1 => Just("\"Point\"".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        let member = (name.clone(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|v| format!("[{}]", v.join(","))),
            prop::collection::vec(member, 0..4).prop_map(|m| {
                let m: Vec<String> = m.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", m.join(","))
            }),
        ]
    })
}

/// What an attribute says, with its type.
fn said() -> impl Strategy<Value = String> {
    let uri = "urn:x:[a-z]{1,5}".prop_map(|u| format!("\"{u}\""));
    let uris = prop::collection::vec(uri.clone(), 1..3).prop_map(|u| format!("[{}]", u.join(",")));
    let degree = -80_i32..80;
    prop_oneof![
        4 => values().prop_map(|v| format!(r#""type":"Property","value":{v}"#)),
        1 => (degree.clone(), degree).prop_map(|(x, y)| format!(
            r#""type":"GeoProperty","value":{{"type":"Point","coordinates":[{x},{y}.5]}}"#
        )),
        1 => prop_oneof![uri, uris.clone()]
            .prop_map(|o| format!(r#""type":"Relationship","object":{o}"#)),
        1 => ("\\PC{0,4}", "[a-z]{2}").prop_map(|(text, tag)| format!(
            r#""type":"LanguageProperty","languageMap":{{"{tag}":{}}}"#,
            serde_json::to_string(&text).unwrap()
        )),
        1 => "[a-c]{1,2}".prop_map(|v| format!(r#""type":"VocabProperty","vocab":"{v}""#)),
        1 => values().prop_map(|v| format!(r#""type":"JsonProperty","json":{v}"#)),
        1 => prop::collection::vec(values(), 0..3)
            .prop_map(|v| format!(r#""type":"ListProperty","valueList":[{}]"#, v.join(","))),
        1 => uris.prop_map(|o| format!(r#""type":"ListRelationship","objectList":{o}"#)),
    ]
}

/// An attribute, some with members beside the value and attributes below.
fn attributes() -> impl Strategy<Value = String> {
    let beside = prop_oneof![
        4 => Just(String::new()),
        1 => Just(r#","unitCode":"CEL","observedAt":"2026-01-01T00:00:00.5Z""#.to_owned()),
        1 => Just(r#","valueType":"Car","expiresAt":"2030-01-01T00:00:00Z""#.to_owned()),
        1 => said().prop_map(|s| format!(r#","p":{{{s}}}"#)),
    ];
    let one = (said(), beside).prop_map(|(said, beside)| format!("{{{said}{beside}}}"));
    let two =
        (said(), said()).prop_map(|(a, b)| format!(r#"[{{{a}}},{{{b},"datasetId":"urn:d:1"}}]"#));
    prop_oneof![4 => one, 1 => two]
}

fn bodies() -> impl Strategy<Value = String> {
    let members = prop::collection::btree_map("[a-h]", attributes(), 1..5);
    members.prop_map(|m| {
        let m: Vec<String> = m.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
        m.join(",")
    })
}

fn read(text: &str, representation: Representation) -> Entity {
    Entity::read(support::json(text), &context(), representation, before())
        .unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn whole(members: &str) -> Entity {
    read(
        &format!(r#"{{"id":"urn:x:1","type":"Car",{members}}}"#),
        Representation::Detected,
    )
}

/// Attributes of an update, some of them removals.
fn patches() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        4 => attributes(),
        1 => Just(r#""urn:ngsi-ld:null""#.to_owned()),
        1 => Just(r#"{"type":"Property","value":"urn:ngsi-ld:null"}"#.to_owned()),
        1 => Just(r#"{"value":{"a":"urn:ngsi-ld:null","b":{"c":1}}}"#.to_owned()),
    ];
    prop::collection::btree_map("[a-h]", one, 1..5).prop_map(|m| {
        let m: Vec<String> = m.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
        format!("{{{}}}", m.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_name_comes_back_from_compaction(context in contexts(), name in names()) {
        if let Some(context) = context
            && let Some(iri) = context.expand_name(&name)
        {
            let short = context.compact(&iri);
            prop_assert!(short.len() <= iri.len());
            prop_assert_eq!(context.expand_name(&short), Some(iri.clone()), "{}", short);
            // And again from memory.
            prop_assert_eq!(context.compact(&iri), short);
        }
    }

    #[test]
    fn an_entity_comes_back_from_normalized_and_concise(members in bodies()) {
        let entity = whole(&members);
        for form in [Form::Normalized, Form::Concise] {
            let text = write(&entity, form).to_string();
            prop_assert_eq!(&read(&text, Representation::Detected), &entity, "{}", text);
        }
        let context = context();
        let view = View { sys_attrs: SysAttrs::Show, ..View::of(&context, Form::Concise) };
        let mut out = Vec::new();
        view.entity(&entity, Embed::Context, &mut out);
        let text = String::from_utf8(out).expect("UTF-8");
        prop_assert_eq!(&read(&text, Representation::Detected), &entity, "{}", text);
    }

    #[test]
    fn simplified_read_and_written_again_is_the_same(members in bodies()) {
        let text = write(&whole(&members), Form::Simplified).to_string();
        // A Property whose value is an object with one member like `languageMap` reads as that
        // kind, or is refused: the simplified form cannot tell them apart (clause 4.5.4).
        let json = support::json(&text);
        let again = Entity::read(json, &context(), Representation::Simplified, before());
        prop_assume!(again.is_ok());
        let again = write(&again.expect("just seen"), Form::Simplified);
        prop_assert_eq!(again.to_string(), text);
    }

    #[test]
    fn a_merge_done_twice_is_done_once(members in bodies(), patch in patches()) {
        let read = || {
            let json = support::json(&patch);
            Fragment::read_update(json, &context(), Representation::Detected).expect("a patch")
        };
        let once = merge(&whole(&members), read(), Merging::default(), now());
        if let Ok(once) = once {
            let twice = merge(&once.entity, read(), Merging::default(), now()).expect("again");
            prop_assert_eq!(&twice.entity, &once.entity);
            // No removal is ever stored.
            prop_assert!(!write(&once.entity, Form::Normalized).to_string().contains("ld:null"));
        }
        if let Ok(once) = update(&whole(&members), read(), now()) {
            prop_assert!(!write(&once.entity, Form::Normalized).to_string().contains("ld:null"));
        }
    }

    #[test]
    fn json_comes_back(text in values()) {
        let json = support::json(&text);
        prop_assert_eq!(Json::read(json.to_string().as_bytes()), Ok(json));
    }
}
