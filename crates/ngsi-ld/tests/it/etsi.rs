//! ETSI's own fixtures as an oracle, where they are at hand. They are not part of this repository;
//! without them each test says that it was skipped.

use crate::support;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use loggia_ngsi_ld::update::{
    Merging, Outcome, Overwrite, append, merge, update, update_attribute,
};
use loggia_ngsi_ld::{
    Context, Contexts, Draft, Embed, Entity, Error, Form, Fragment, GeoView, Iri, Json, Languages,
    Representation, Selection, Time, View,
};

/// Where the fixtures are unpacked, if there are any.
fn fixtures() -> Option<&'static Path> {
    static AT: OnceLock<Option<PathBuf>> = OnceLock::new();
    AT.get_or_init(|| {
        let archive = support::etsi("etsi-fixtures.tar.gz")?;
        let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("etsi");
        std::fs::create_dir_all(&to).expect("a folder");
        let done = Command::new("tar")
            .arg("xzf")
            .arg(archive)
            .arg("-C")
            .arg(&to)
            .status();
        assert!(done.expect("tar").success());
        Some(to)
    })
    .as_deref()
}

fn text(at: &Path, name: &str) -> Vec<u8> {
    std::fs::read(at.join("data/entities").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn json(at: &Path, name: &str) -> Json {
    Json::read(&text(at, name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn contexts(at: &Path) -> Contexts {
    let mut contexts = Contexts::new();
    let host = "https://raw.githubusercontent.com/marek-mraz/ngsi-ld-test-suite/main/resources/";
    for name in [
        "ngsi-ld-test-suite.jsonld",
        "ngsi-ld-test-suite-compound.jsonld",
    ] {
        let bytes = std::fs::read(at.join("resources/jsonld-contexts").join(name)).unwrap();
        contexts
            .put(&format!("{host}jsonld-contexts/{name}"), &bytes)
            .unwrap();
    }
    contexts
}

fn context(contexts: &mut Contexts, body: &Json) -> Arc<Context> {
    let list = body
        .get("@context")
        .cloned()
        .unwrap_or(Json::Array(Box::default()));
    contexts.compile(&list).expect("a context")
}

fn without_context(json: &Json) -> Json {
    let kept = json
        .members()
        .iter()
        .filter(|(k, _)| &**k != "@context")
        .cloned();
    Json::Object(kept.collect())
}

/// A list of one type is written as that one (JSON-LD compaction).
fn one_type(mut body: Json) -> Json {
    if let Json::Object(members) = &mut body {
        for (_, value) in members.iter_mut().filter(|(k, _)| &**k == "type") {
            if let Some([one]) = value.items() {
                *value = one.clone();
            }
        }
    }
    body
}

fn now() -> Time {
    Time::read("2026-01-01T00:00:00Z").expect("a time")
}

fn read(contexts: &mut Contexts, body: &Json) -> Entity {
    let context = context(contexts, body);
    Entity::read(body.clone(), &context, Representation::Detected, now()).expect("an entity")
}

fn written(view: &View<'_>, entity: &Entity) -> Json {
    let mut out = Vec::new();
    view.entity(entity, Embed::Nothing, &mut out);
    Json::read(&out).expect("what is written is JSON")
}

/// The entities among the fixtures that a broker creates.
fn entities(at: &Path) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    for folder in ["", "interoperability", "merge", "orderBy"] {
        for file in std::fs::read_dir(at.join("data/entities").join(folder)).unwrap() {
            let name = file
                .unwrap()
                .path()
                .strip_prefix(at.join("data/entities"))
                .unwrap()
                .to_owned();
            let name = name.to_string_lossy().into_owned();
            let refused = [
                "meta-model",
                "temporal-",
                "invalid",
                "empty",
                "unretrievable",
            ];
            if !name.contains('.') || refused.iter().any(|r| name.contains(r)) {
                continue;
            }
            let body = json(at, &name);
            // Four name an @context that the archive does not hold.
            if body.to_string().contains("easy-global-market") {
                continue;
            }
            // Some ids are places for the suite to write one.
            if body
                .get("id")
                .and_then(Json::as_str)
                .is_some_and(|id| id.contains(':'))
            {
                found.push((name, body));
            }
        }
    }
    assert!(found.len() > 60, "{} entities", found.len());
    found
}

#[test]
fn every_entity_is_read_and_written_back_the_same() {
    let Some(at) = fixtures() else { return };
    let mut contexts = contexts(at);
    for (name, body) in entities(at) {
        let context = context(&mut contexts, &body);
        let entity = Entity::read(body.clone(), &context, Representation::Detected, now())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        for form in [Form::Normalized, Form::Concise] {
            let out = written(&View::of(&context, form), &entity);
            if form == Form::Normalized {
                assert_eq!(out, one_type(without_context(&body)), "{name}");
            }
            let again = Entity::read(out, &context, Representation::Detected, now());
            assert_eq!(again.as_ref(), Ok(&entity), "{name} {form:?}");
        }
    }
}

#[test]
fn what_breaks_the_model_is_refused() {
    let Some(at) = fixtures() else { return };
    let mut contexts = contexts(at);
    for name in [
        "meta-model-languageproperty-no-map.jsonld",
        "meta-model-property-no-value.jsonld",
        "meta-model-property-null-value.jsonld",
        "meta-model-relationship-no-object.jsonld",
        "temporal-observedat-not-datetime.jsonld",
        "temporal-observedat-offset.jsonld",
        "temporal-observedat-reified.jsonld",
        "invalid-type.jsonld",
    ] {
        let body = json(at, name);
        let context = context(&mut contexts, &body);
        let error = Entity::read(body, &context, Representation::Detected, now());
        let error = error.expect_err(name);
        assert!(
            error.problem().uri().ends_with("/BadRequestData"),
            "{name}: {error}"
        );
    }
    assert!(Json::read(&text(at, "invalid-json.jsonld")).is_err());
}

#[test]
fn representations_are_those_expected() {
    let Some(at) = fixtures() else { return };
    let mut contexts = contexts(at);
    let fr = Languages::read("fr").unwrap();
    let any = Languages::read("*").unwrap();
    for (name, expected, form, languages) in [
        (
            "building-simple-attributes.jsonld",
            "building-simple-attributes-simplified.jsonld",
            Form::Simplified,
            None,
        ),
        (
            "building-language-property.jsonld",
            "building-language-property-fr-filter.jsonld",
            Form::Normalized,
            Some(&fr),
        ),
        (
            "building-language-property.jsonld",
            "building-language-property-any-language-filter.jsonld",
            Form::Normalized,
            Some(&any),
        ),
        (
            "building-language-property.jsonld",
            "building-language-property-fr-filter-simplified.jsonld",
            Form::Simplified,
            Some(&fr),
        ),
        (
            "building-observation-space-geoproperty.jsonld",
            "building-observation-space-geoproperty-simplified.jsonld",
            Form::Simplified,
            None,
        ),
    ] {
        let body = json(at, name);
        let entity = read(&mut contexts, &body);
        let expected = json(at, &format!("expectations/{expected}"));
        let named = if expected.get("@context").is_some() {
            &expected
        } else {
            &body
        };
        let context = context(&mut contexts, named);
        let view = View {
            languages,
            ..View::of(&context, form)
        };
        let mut out = written(&view, &entity);
        same_id(&mut out, &expected);
        assert_eq!(out, without_context(&expected), "{name}");
    }
}

/// Some expectations carry another id; what is compared is the rest.
fn same_id(out: &mut Json, expected: &Json) {
    if let (Json::Object(members), Some(id)) = (out, expected.get("id")) {
        for (key, value) in members.iter_mut().filter(|(k, _)| &**k == "id") {
            assert_eq!(&**key, "id");
            *value = id.clone();
        }
    }
}

#[test]
fn without_a_users_context_names_are_written_in_full() {
    let Some(at) = fixtures() else { return };
    let mut contexts = contexts(at);
    let entity = read(
        &mut contexts,
        &json(at, "building-simple-attributes.jsonld"),
    );
    let core = contexts.core().unwrap();
    for (expected, form) in [
        ("building-simple-attributes-expanded.json", Form::Normalized),
        (
            "building-simple-attributes-simplified.json",
            Form::Simplified,
        ),
    ] {
        let expected = json(at, &format!("expectations/{expected}"));
        assert_eq!(written(&View::of(&core, form), &entity), expected);
    }
}

#[test]
fn pick_and_omit_leave_what_was_asked_for() {
    let Some(at) = fixtures() else { return };
    let mut contexts = contexts(at);
    let body = json(at, "building-simple-attributes.jsonld");
    let context = context(&mut contexts, &body);
    let entity = read(&mut contexts, &body);
    for (what, names) in [
        ("omit", &["id"][..]),
        ("omit", &["name"]),
        ("omit", &["type", "name"]),
        ("pick", &["id", "name"]),
        ("pick", &["id"]),
        ("pick", &["name"]),
    ] {
        let listed = names.iter().copied();
        let selection = match what {
            "omit" => Selection::ALL.omit(listed, &context),
            _ => Selection::pick(listed, &context),
        }
        .unwrap();
        let file = format!("building-simple-attributes-{what}-{}.json", names.join("-"));
        let expected = json(at, &format!("expectations/pick-omit/{file}"));
        let view = View {
            selection: &selection,
            ..View::of(&context, Form::Normalized)
        };
        let mut out = written(&view, &entity);
        same_id(&mut out, &expected);
        assert_eq!(out, expected, "{file}");
    }
}

#[test]
fn geojson_has_the_geometry_that_was_asked_for() {
    let Some(at) = fixtures() else { return };
    let mut contexts = contexts(at);
    let body = json(at, "building-two-geometry-attributes.jsonld");
    let context = context(&mut contexts, &body);
    let entity = read(&mut contexts, &body);
    for (expected, geometry, form) in [
        ("attribute-normalized", "location", Form::Normalized),
        ("attribute-simplified", "location", Form::Simplified),
        (
            "property-on-observation-space",
            "observationSpace",
            Form::Normalized,
        ),
        (
            "property-on-nonexistent-operation-space",
            "operationSpace",
            Form::Normalized,
        ),
    ] {
        let name = format!("expectations/building-two-geometry-{expected}.geojson");
        let expected = json(at, &name);
        let iri: Iri = context.expand_name(geometry).unwrap();
        let view = GeoView {
            view: View::of(&context, form),
            geometry: &iri,
            dataset_id: None,
        };
        let mut out = Vec::new();
        view.feature(&entity, Embed::Nothing, &mut out);
        let mut out = Json::read(&out).unwrap();
        same_id(&mut out, &expected);
        assert_eq!(out, without_context(&expected), "{name}");
    }
}

/// An entity out of one file, changed by a fragment out of another.
fn changed(
    contexts: &mut Contexts,
    entity: &Json,
    fragment: &Json,
    change: impl Fn(&Entity, Fragment) -> Result<Outcome, Error>,
) -> Json {
    let context = context(contexts, entity);
    let entity = read(contexts, entity);
    let fragment = without_context(fragment);
    // Fragments carry the id of the suite's entity, or none.
    let Json::Object(members) = fragment else {
        panic!("a fragment is an object")
    };
    let members = members.into_iter().filter(|(k, _)| &**k != "id").collect();
    let read = Fragment::read_update(Json::Object(members), &context, Representation::Detected);
    let outcome = change(&entity, read.expect("a fragment")).expect("changed");
    written(&View::of(&context, Form::Normalized), &outcome.entity)
}

/// Members whose instances stand in another order are the same (clause 4.5.5).
fn sorted(json: &Json) -> String {
    let mut members: Vec<String> = json
        .members()
        .iter()
        .map(|(key, value)| {
            let mut instances: Vec<String> = match value.items() {
                Some(items) => items.iter().map(sorted).collect(),
                None => vec![sorted(value)],
            };
            instances.sort();
            format!("{key}={}", instances.join("&"))
        })
        .collect();
    members.sort();
    if members.is_empty() {
        json.to_string()
    } else {
        members.join(",")
    }
}

#[test]
fn null_removes_what_the_suite_says_it_removes() {
    let Some(at) = fixtures() else { return };
    let mut contexts = contexts(at);
    for kind in [
        "property",
        "relationship",
        "geoproperty",
        "languageproperty",
    ] {
        for (base, which, expected) in [
            ("building-different-attributes-types.jsonld", "", ""),
            (
                "building-different-default-attributes-instances-and-types.jsonld",
                "",
                "-default-instance",
            ),
            (
                "building-different-attributes-instances-and-types.jsonld",
                "-instance",
                "-instance",
            ),
        ] {
            let base = json(at, base);
            let file = format!("expectations/ngsild-null/building-deleted-{kind}{expected}.jsonld");
            let mut wanted = without_context(&json(at, &file));
            same_id(&mut wanted, &base);
            let folder = "fragmentEntities/ngsild-null";
            let whole = json(at, &format!("{folder}/building-null-{kind}{which}.jsonld"));
            let attrs = json(at, &format!("{folder}/null-{kind}{which}.jsonld"));
            for (fragment, how) in [(&whole, "merge"), (&attrs, "update"), (&attrs, "merge")] {
                let got = changed(&mut contexts, &base, fragment, |e, f| match how {
                    "merge" => merge(e, f, Merging::default(), now()),
                    _ => update(e, f, now()),
                });
                assert_eq!(sorted(&got), sorted(&wanted), "{file} {how}");
            }
            let attribute = json(at, &format!("{folder}/null-{kind}{which}-fragment.jsonld"));
            let context = context(&mut contexts, &base);
            let (name, _) = &without_context(&attrs).members()[0].clone();
            let draft =
                Draft::read_update(name, attribute, &context, Representation::Detected).unwrap();
            let out = update_attribute(&read(&mut contexts, &base), draft, now()).unwrap();
            let got = written(&View::of(&context, Form::Normalized), &out.entity);
            assert_eq!(sorted(&got), sorted(&wanted), "{file} partial");
        }
    }
}

#[test]
fn changes_give_what_the_suite_expects() {
    let Some(at) = fixtures() else { return };
    let mut contexts = contexts(at);
    for (base, fragment, expected, how) in [
        (
            "merge/building-merge-data.jsonld",
            "merge/building-only-airQualityLevel-value.jsonld",
            "merge/building-with-changed-airQualityLevel.jsonld",
            "merge",
        ),
        (
            "merge/building-merge-data.jsonld",
            "fragmentEntities/locatedAt-fragment.json",
            "merge/building-with-relationship.jsonld",
            "merge",
        ),
        (
            "vehicle-speed-two-datasetid.jsonld",
            "fragmentEntities/vehicle-attribute-to-add-fragment.jsonld",
            "vehicle-speed-appended.jsonld",
            "no overwrite",
        ),
    ] {
        let base = json(at, base);
        let wanted = without_context(&json(at, &format!("expectations/{expected}")));
        let fragment = json(at, fragment);
        let got = changed(&mut contexts, &base, &fragment, |e, f| match how {
            "merge" => merge(e, f, Merging::default(), now()),
            _ => append(e, f, Overwrite::No, now()),
        });
        assert_eq!(sorted(&got), sorted(&wanted), "{expected}");
    }
}
