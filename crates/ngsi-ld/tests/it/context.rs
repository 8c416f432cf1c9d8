//! Clause 5.5.7: names expanded and compacted with an @context. Table by table, each named by what
//! it shows.

use crate::support::{self, json};
use std::sync::Arc;

use loggia_ngsi_ld::{
    CORE_CONTEXT, Coercion, Context, Contexts, DEFAULT_VOCAB, Error, Json, Link, NGSI_LD,
    core_document,
};

fn compile(text: &str) -> Result<Arc<Context>, Error> {
    let mut contexts = Contexts::new();
    let documents = [
        (
            "https://a.example/one",
            r#"{"@context": {"one": "https://one.example/#", "x": "one:x"}}"#,
        ),
        (
            "https://a.example/two",
            r#"{"@context": ["https://a.example/one", {"y": "one:y"}]}"#,
        ),
        (
            "https://a.example/self",
            r#"{"@context": ["https://a.example/self"]}"#,
        ),
        (
            "https://a.example/closed",
            r#"{"@context": {"@protected": true, "p": "https://p.example/1"}}"#,
        ),
    ];
    for (url, text) in documents {
        contexts.put(url, text.as_bytes()).expect("a document");
    }
    contexts.compile(&json(text))
}

fn expands(context: &str, table: &[(&str, Option<&str>)]) {
    let made = compile(context).expect(context);
    for (name, iri) in table {
        let got = made.expand(name).map(|m| m.iri.to_string());
        assert_eq!(got.as_deref(), *iri, "{name} in {context}");
    }
}

#[test]
fn terms_prefixes_and_vocab_expand_as_json_ld_has_it() {
    let d = |n: &str| format!("{DEFAULT_VOCAB}{n}");
    expands(
        "[]",
        &[
            ("speed", Some(&d("speed"))),
            ("location", Some("https://uri.etsi.org/ngsi-ld/location")),
            ("value", Some("https://uri.etsi.org/ngsi-ld/hasValue")),
            ("ngsi-ld:x", Some("https://uri.etsi.org/ngsi-ld/x")),
            ("https://a.example/x", Some("https://a.example/x")),
            ("unknown:x", Some("unknown:x")),
            ("type", Some("@type")),
            ("@id", Some("@id")),
            ("@index", None),
            ("@unknown", None),
        ],
    );
    expands(
        r#"{"s": "https://s.example/#", "name": "s:name", "t": {"@id": "s:t", "@type": "@id"},
            "kind": "@type", "gone": null, "alias": "name", "e": {"@id": "https://e.example/"},
            "p": {"@id": "https://p.example/", "@prefix": true}, "s:own": {"@type": "@vocab"},
            "t:own": {}}"#,
        &[
            ("name", Some("https://s.example/#name")),
            ("s:other", Some("https://s.example/#other")),
            ("t", Some("https://s.example/#t")),
            ("kind", Some("@type")),
            ("gone", None),
            ("alias", Some("https://s.example/#name")),
            // An expanded definition is no prefix unless it says so.
            ("e:x", Some("e:x")),
            ("p:x", Some("https://p.example/x")),
            ("s:own", Some("https://s.example/#own")),
            ("t:own", Some("https://s.example/#town")),
            ("other", Some(&d("other"))),
        ],
    );
    expands(
        r#"["https://a.example/two"]"#,
        &[
            ("x", Some("https://one.example/#x")),
            ("y", Some("https://one.example/#y")),
        ],
    );
    expands(
        r#"[{"a": "https://one.example/"}, {"a": "https://two.example/"}]"#,
        &[("a", Some("https://two.example/"))],
    );
    expands(
        r#"[{"a": "https://one.example/"}, null]"#,
        &[("a", Some(&d("a")))],
    );
    expands(
        r#"{"@vocab": "https://v.example/", "@base": "https://b.example/", "a": {}}"#,
        &[
            // @vocab holds while its own document is read; then the core's comes last.
            ("a", Some("https://v.example/a")),
            ("b", Some(&d("b"))),
        ],
    );
}

#[test]
fn the_core_is_last_and_never_overridden() {
    for context in [
        r#"{"value": "https://x.example/v", "location": "https://x.example/l", "type": "@id"}"#,
        r#"["https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
            {"value": "https://x.example/v", "location": null, "type": "https://x.example/t"}]"#,
    ] {
        expands(
            context,
            &[
                ("value", Some("https://uri.etsi.org/ngsi-ld/hasValue")),
                ("location", Some("https://uri.etsi.org/ngsi-ld/location")),
                ("type", Some("@type")),
            ],
        );
    }
}

#[test]
fn what_json_ld_refuses_is_refused() {
    for context in [
        "42",
        "true",
        r#"["https://a.example/one", 7]"#,
        r#"[["https://a.example/one"]]"#,
        r#""relative.jsonld""#,
        r#""https://a.example/self""#,
        r#"{"a": 7}"#,
        r#"{"a": {"@id": 7}}"#,
        r#"{"a": "b:c", "b": "a:c"}"#,
        r#"{"a": "@context"}"#,
        r#"{"a": {"@id": "https://x.example/", "@type": "not a type"}}"#,
        // The core is not yet there when a user's own document is read.
        r#"{"a": {"@id": "https://x.example/", "@type": "DateTime"}}"#,
        r#"{"a": {"@id": "https://x.example/", "@container": "@bag"}}"#,
        r#"{"a": {"@id": "https://x.example/", "@container": ["@list", "@set"]}}"#,
        r#"{"a": {"@id": "https://x.example/", "@what": 1}}"#,
        r#"{"@version": 1.0}"#,
        r#"{"@vocab": 7}"#,
        r#"{"": "https://x.example/"}"#,
        r#"{"a/b": "https://x.example/"}"#,
        r#"{"a": {"@id": "@type", "@prefix": true}}"#,
        r#"{"s": "https://s.example/", "s:x": "https://other.example/"}"#,
        r#"["https://a.example/closed", {"p": "https://p.example/2"}]"#,
        r#"["https://a.example/closed", null]"#,
    ] {
        let error = compile(context).expect_err(context);
        assert_eq!(error.problem().status(), 400, "{context}: {error}");
    }
    assert!(compile(r#"["https://a.example/closed", {"p": "https://p.example/1"}]"#).is_ok());
}

#[test]
fn a_context_that_is_not_at_hand_is_named() {
    let error = compile(r#"["https://a.example/one", "https://nowhere.example/c"]"#)
        .expect_err("it is not held");
    assert_eq!(
        error,
        Error::ContextMissing {
            url: "https://nowhere.example/c".into()
        }
    );
    assert_eq!(error.problem().status(), 504);
    assert!(error.problem().uri().ends_with("/LdContextNotAvailable"));
}

#[test]
fn names_compact_to_the_shortest_that_expands_back() {
    let context = compile(
        r#"{"s": "https://s.example/#", "long": "https://s.example/#", "name": "s:name",
            "nm": "s:name", "typed": {"@id": "s:name", "@type": "@vocab"},
            "only": {"@id": "s:only", "@container": "@set"}, "w": "https://s.example/#w/",
            "gone": null}"#,
    )
    .expect("a context");
    for (iri, name) in [
        ("https://s.example/#name", "nm"),
        ("https://s.example/#only", "only"),
        ("https://s.example/#rest", "s:rest"),
        ("https://s.example/#w/rest", "w:rest"),
        ("https://s.example/#", "s"),
        ("https://other.example/x", "https://other.example/x"),
        (
            "https://uri.etsi.org/ngsi-ld/default-context/speed",
            "speed",
        ),
        // `gone` would expand to nothing, `name` to something else.
        (
            "https://uri.etsi.org/ngsi-ld/default-context/gone",
            "ngsi-ld:default-context/gone",
        ),
        (
            "https://uri.etsi.org/ngsi-ld/default-context/name",
            "ngsi-ld:default-context/name",
        ),
        ("https://uri.etsi.org/ngsi-ld/location", "location"),
    ] {
        let iri = loggia_ngsi_ld::Iri::new(iri);
        assert_eq!(&*context.compact(&iri), name);
        assert_eq!(context.expand_name(name), Some(iri));
    }
}

#[test]
fn definitions_keep_type_and_container() {
    let context = compile(
        r#"{"l": {"@id": "https://l.example/", "@container": "@language"},
            "r": {"@reverse": "https://r.example/"},
            "c": {"@id": "https://c.example/", "@context": {"a": "https://a.example/"}}}"#,
    )
    .expect("a context");
    assert!(
        context
            .term("l")
            .is_some_and(|t| t.container.has("@language"))
    );
    assert!(context.term("r").is_some_and(|t| !t.is_usable()));
    assert!(context.expand("c").is_none());
    let observed = context.term("observedAt").expect("of the core");
    assert!(matches!(&observed.coercion, Coercion::Type(t) if t.ends_with("ngsi-ld/DateTime")));
}

#[test]
fn the_same_list_is_compiled_once() {
    let mut contexts = Contexts::new();
    contexts
        .put(
            "https://a.example/c",
            br#"{"@context": {"a": "https://a.example/a"}}"#,
        )
        .unwrap();
    let one = contexts.compile(&json(r#""https://a.example/c""#)).unwrap();
    let two = contexts
        .compile(&json(r#"["https://a.example/c"]"#))
        .unwrap();
    let with_core = json(&format!(r#"["https://a.example/c", "{CORE_CONTEXT}"]"#));
    let three = contexts.compile(&with_core).unwrap();
    assert!(Arc::ptr_eq(&one, &two) && Arc::ptr_eq(&one, &three));
    assert_eq!(one.body(), &with_core);
    assert_eq!(one.link(), Link::Url("https://a.example/c"));
    assert_eq!(
        contexts.core().unwrap().body(),
        &json(&format!("\"{CORE_CONTEXT}\""))
    );
    assert_eq!(contexts.core().unwrap().link(), Link::Url(CORE_CONTEXT));
    let inline = contexts
        .compile(&json(r#"{"a": "https://b.example/"}"#))
        .unwrap();
    assert_eq!(inline.link(), Link::Hosted);
    contexts
        .put(
            "https://a.example/c",
            br#"{"@context": {"a": "https://b.example/a"}}"#,
        )
        .unwrap();
    let again = contexts.compile(&json(r#""https://a.example/c""#)).unwrap();
    assert!(!Arc::ptr_eq(&one, &again));
    assert_eq!(
        again.expand_name("a").as_deref(),
        Some("https://b.example/a")
    );
}

/// The published files are not part of this repository; where they are at hand the table is held
/// against them, term by term.
#[test]
fn the_table_of_the_core_says_what_the_published_files_say() {
    for minor in [0, 3, 4, 9] {
        let name = format!("ngsi-ld-core-context-v1.{minor}.jsonld");
        let Some(path) = support::etsi(&name) else {
            continue;
        };
        let published = Json::read(&std::fs::read(&path).unwrap()).unwrap();
        let ours = core_document(minor).expect("a version");
        let names = |d: &Json| -> std::collections::BTreeSet<String> {
            let members = d.get("@context").expect("@context").members();
            members
                .iter()
                .map(|(k, _)| k.to_string())
                .filter(|k| !k.starts_with('@'))
                .collect()
        };
        assert_eq!(names(&ours), names(&published), "1.{minor}");
        // Compiled as anybody's documents, so that neither is recognised as the core.
        let table = |d: &Json, inner: Option<&str>| {
            let mut text = d.get("@context").unwrap().to_string();
            if let Some(part) = inner {
                text = text.replace(part, "");
            }
            let mut contexts = Contexts::new();
            contexts
                .put(
                    "https://c.example/",
                    format!("{{\"@context\":{text}}}").as_bytes(),
                )
                .unwrap();
            contexts.compile(&"https://c.example/".into()).unwrap()
        };
        let (a, b) = (table(&ours, None), table(&published, None));
        for name in names(&published) {
            let (x, y) = (a.term(&name).unwrap(), b.term(&name).unwrap());
            assert_eq!(
                (&x.iri, &x.coercion, x.container),
                (&y.iri, &y.coercion, y.container),
                "{name} in 1.{minor}"
            );
            if minor == 9 {
                let mut contexts = Contexts::new();
                let built_in = contexts.core().unwrap();
                let z = built_in.term(&name).unwrap();
                assert_eq!(
                    (&z.iri, &z.coercion),
                    (&y.iri, &y.coercion),
                    "{name} built in"
                );
            }
        }
    }
    assert!(NGSI_LD.ends_with('/'));
}
