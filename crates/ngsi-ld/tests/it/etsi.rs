//! ETSI's own fixtures as an oracle, where they are at hand. They are not part of this repository;
//! without them each test says that it was skipped.

use crate::support;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use loggia_ngsi_ld::{
    Context, Contexts, Embed, Entity, Form, GeoView, Iri, Json, Languages, Representation,
    Selection, Time, View,
};

/// Where the fixtures are unpacked, if there are any.
pub(crate) fn fixtures() -> Option<&'static Path> {
    static AT: OnceLock<Option<PathBuf>> = OnceLock::new();
    AT.get_or_init(|| {
        let archive = support::etsi("etsi-fixtures.tar.gz")?;
        let size = archive.metadata().expect("an archive").len();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let to = folder.join(format!("etsi-{size}"));
        if !to.exists() {
            // Tests are processes that run at once: each unpacks for itself, one gives its copy.
            let own = folder.join(format!("etsi-{size}-{}", std::process::id()));
            std::fs::create_dir_all(&own).expect("a folder");
            let done = Command::new("tar")
                .arg("xzf")
                .arg(archive)
                .arg("-C")
                .arg(&own)
                .status();
            assert!(done.expect("tar").success());
            if std::fs::rename(&own, &to).is_err() {
                std::fs::remove_dir_all(&own).expect("a folder less");
            }
        }
        Some(to)
    })
    .as_deref()
}

fn text(at: &Path, name: &str) -> Vec<u8> {
    std::fs::read(at.join("data/entities").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

pub(crate) fn json(at: &Path, name: &str) -> Json {
    Json::read(&text(at, name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

pub(crate) fn contexts(at: &Path) -> Contexts {
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

pub(crate) fn context(contexts: &mut Contexts, body: &Json) -> Arc<Context> {
    let list = body
        .get("@context")
        .cloned()
        .unwrap_or(Json::Array(Box::default()));
    contexts.compile(&list).expect("a context")
}

pub(crate) fn without_context(json: &Json) -> Json {
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

pub(crate) fn now() -> Time {
    Time::read("2026-01-01T00:00:00Z").expect("a time")
}

pub(crate) fn read(contexts: &mut Contexts, body: &Json) -> Entity {
    let context = context(contexts, body);
    Entity::read(body.clone(), &context, Representation::Detected, now()).expect("an entity")
}

pub(crate) fn written(view: &View<'_>, entity: &Entity) -> Json {
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
pub(crate) fn same_id(out: &mut Json, expected: &Json) {
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
