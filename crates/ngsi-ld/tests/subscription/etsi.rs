//! ETSI's own subscriptions, and what their suite expects in notifications, where its files are at
//! hand. They are not part of this repository; without them the test says that it was skipped.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use loggia_ngsi_ld::Recorded;
use loggia_ngsi_ld::subscription::{Message, Subscription};
use loggia_ngsi_ld::{Context, Contexts, Entity, Error, Json, Representation};
use tempfile::TempDir;

use crate::support::{changed, created, deleted, merged_in, now, occasion, patched, written};

/// The files, unpacked for one test: tests run at the same time.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn fixtures() -> Option<TempDir> {
    let name = "shared/data/ngsi-ld/etsi-fixtures.tar.gz";
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let at_hand = here.ancestors().map(|a| a.join(name)).find(|p| p.exists());
    let named = std::env::var_os("LOGGIA_ETSI_FIXTURES").map(PathBuf::from);
    let Some(archive) = named.or(at_hand) else {
        eprintln!("skipped: there is no {name} above this repository");
        return None;
    };
    let to = tempfile::tempdir().expect("a folder");
    let mut tar = Command::new("tar");
    let done = tar
        .arg("xzf")
        .arg(archive)
        .arg("-C")
        .arg(to.path())
        .status();
    assert!(done.expect("tar").success());
    Some(to)
}

struct Suite {
    folder: TempDir,
    contexts: Contexts,
}

impl Suite {
    fn open() -> Option<Self> {
        let folder = fixtures()?;
        let at = folder.path();
        let mut contexts = Contexts::new();
        let host =
            "https://raw.githubusercontent.com/marek-mraz/ngsi-ld-test-suite/main/resources/";
        let path = "jsonld-contexts/";
        for name in [
            "ngsi-ld-test-suite.jsonld",
            "ngsi-ld-test-suite-compound.jsonld",
        ] {
            let bytes = std::fs::read(at.join("resources").join(path).join(name)).expect("one");
            contexts
                .put(&format!("{host}{path}{name}"), &bytes)
                .expect("a document");
            if name.contains("compound") {
                let old = "https://easy-global-market.github.io/ngsild-api-data-models/\
                           ngsildTestSuite/ngsildTestSuiteV1.8-compound.jsonld";
                contexts.put(old, &bytes).expect("a document");
            }
        }
        Some(Self { folder, contexts })
    }

    fn json(&self, name: &str) -> Json {
        let text = std::fs::read(self.folder.path().join("data").join(name));
        let text = text.unwrap_or_else(|e| panic!("{name}: {e}"));
        Json::read(&text).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    fn context(&mut self, body: &Json) -> Result<Arc<Context>, Error> {
        let core = Json::Array(Box::default());
        self.contexts.compile(body.get("@context").unwrap_or(&core))
    }

    fn subscription(&mut self, name: &str) -> Result<Subscription, Error> {
        let body = self.json(&format!("subscriptions/{name}"));
        let context = self.context(&body)?;
        let mut compile = |list: &Json| self.contexts.compile(list);
        Subscription::read(&body, &context, "urn:x:new", &mut compile, now())
    }

    fn entity(&mut self, name: &str) -> Entity {
        let body = self.json(&format!("entities/{name}"));
        let context = self.context(&body).expect("a context");
        let read = Entity::read(body, &context, Representation::Detected, now());
        read.unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    fn merged(&mut self, entity: &Entity, fragment: &str) -> Recorded {
        let body = self.json(&format!("entities/fragmentEntities/{fragment}"));
        let context = self.context(&body).expect("a context");
        merged_in(entity, &body, &context)
    }
}

fn told(s: &Subscription, change: &Recorded) -> Json {
    assert!(s.wants(change).is_some(), "it is wanted");
    let Message { body, .. } = s.message(&occasion(), [change], &|_| None);
    let body = Json::read(&body).expect("JSON");
    body.get("data").and_then(Json::items).expect("data")[0].clone()
}

/// What is never the same twice, and where an @context is a list of one.
fn plain(json: &Json) -> Json {
    let kept = json
        .members()
        .iter()
        .filter(|(k, _)| !matches!(&**k, "id" | "@context"));
    let kept = kept.map(|(k, v)| match &**k {
        "createdAt" | "modifiedAt" | "deletedAt" => (k.clone(), "a time".into()),
        _ if matches!(v, Json::Object(_)) => (k.clone(), plain(v)),
        _ => (k.clone(), v.clone()),
    });
    Json::Object(kept.collect())
}

#[test]
fn what_the_suite_sends_is_taken_or_refused_as_it_expects() {
    let Some(mut suite) = Suite::open() else {
        return;
    };
    let mut names: Vec<String> = std::fs::read_dir(suite.folder.path().join("data/subscriptions"))
        .expect("a folder")
        .map(|f| {
            f.expect("a file")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|n| n.contains('.') && n != "subscription-invalid-json.jsonld")
        .collect();
    names.sort();
    assert!(names.len() > 40, "{names:?}");
    for name in names {
        let read = suite.subscription(&name);
        let expected = if name.contains("unretrievable") || name.contains("unavailable") {
            Some(504)
        } else if name.contains("invalid") || name.contains("empty") {
            Some(400)
        } else {
            None
        };
        let got = read.as_ref().err().map(|e| e.problem().status());
        assert_eq!(got, expected, "{name}: {read:?}");
    }
}

#[test]
fn subscriptions_are_answered_as_the_suite_expects() {
    let Some(mut suite) = Suite::open() else {
        return;
    };
    for (sent, answer) in [
        ("subscription.jsonld", "subscription-028-01.jsonld"),
        ("subscription.jsonld", "subscriptions-030-03.json"),
        (
            "subscription-building-with-datasetId.jsonld",
            "subscription-with-datasetId.jsonld",
        ),
    ] {
        let s = suite.subscription(sent).expect(sent);
        let expected = suite.json(&format!("subscriptions/expectations/{answer}"));
        assert_eq!(plain(&written(&s)), plain(&expected), "{sent}");
    }
    let list = suite.json("subscriptions/expectations/subscriptions-031-01.json");
    let sent = [
        "subscription",
        "subscription-watchedAttributes",
        "subscription-inactive",
    ];
    for (name, expected) in sent.iter().zip(list.items().expect("a list")) {
        let s = suite.subscription(&format!("{name}.jsonld")).expect("one");
        assert_eq!(plain(&written(&s)), plain(expected), "{name}");
    }
}

#[test]
fn fragments_are_taken_or_refused_as_the_suite_expects() {
    let Some(mut suite) = Suite::open() else {
        return;
    };
    let s = suite.subscription("subscription.jsonld").expect("one");
    for (name, fits) in [
        ("expiresAt-future-update", true),
        ("expiresAt-update", false),
        ("invalid-update", false),
        ("isActive-expiresAt-update", true),
        ("isActive-false-update", true),
        ("isActive-true-update", true),
        ("null-properties-update", false),
        ("update", true),
        ("vehicle-entities", true),
    ] {
        let fragment = suite.json(&format!("subscriptions/fragments/subscription-{name}.json"));
        let new = patched(&s, &fragment.to_string());
        assert_eq!(new.is_ok(), fits, "{name}: {new:?}");
    }
}

#[test]
fn notifications_say_what_the_suite_expects() {
    let Some(mut suite) = Suite::open() else {
        return;
    };
    let simple = suite.entity("building-simple-attributes.jsonld");
    let many = suite.entity("building-different-attributes-types.jsonld");
    let instances = suite.entity("building-multi-instances-attributes.jsonld");
    let name = simple
        .attributes
        .iter()
        .find(|a| a.name.ends_with("#name"))
        .expect("one");
    let name = name.name.clone();
    let without = |entity: &Entity, which| {
        let made = loggia_ngsi_ld::update::delete_attribute(entity, &name, which, now());
        let made = made.expect("a deletion");
        changed(entity, made.entity, made.changed)
    };
    use loggia_ngsi_ld::update::Which;
    let french = Which::Dataset("urn:ngsi-ld:Dataset:french-name");
    let deletion = "subscription-building-entities-attributeDeleted";
    for (sub, change, expected) in [
        (
            "keyValues",
            without(&simple, Which::Default),
            "name-attribute-keyValues",
        ),
        (
            "specific-attribute-normalized",
            without(&simple, Which::Default),
            "name-attribute-normalized",
        ),
        (
            "specific-attribute-normalized",
            without(&instances, french),
            "name-attribute-instance-normalized",
        ),
        (
            "specific-attribute-keyValues",
            without(&instances, french),
            "name-attribute-instance-keyValues",
        ),
        (
            "specific-attribute-normalized",
            deleted(simple.clone()),
            "name-attribute-on-entity-deleted-normalized",
        ),
        (
            "specific-attribute-normalized-sysAttrs",
            deleted(simple.clone()),
            "name-attribute-on-entity-deleted-normalized-sysAttrs",
        ),
    ] {
        let s = suite
            .subscription(&format!("{deletion}-{sub}.jsonld"))
            .expect(sub);
        let expected = suite.json(&format!(
            "subscriptions/expectations/entity-deleted-{expected}.json"
        ));
        // The suite's file holds one name in bytes that were read as another alphabet.
        let told = plain(&told(&s, &change))
            .to_string()
            .replace("Ciudad:París", "Ciudad:ParÃ\u{ad}s");
        let told = Json::read(told.as_bytes()).expect("JSON");
        assert_eq!(plain(&told), plain(&expected), "{sub}");
    }
    let all = without(&instances, Which::All);
    what_is_gone(&mut suite, &all, many);
}

fn what_is_gone(suite: &mut Suite, all: &Recorded, many: Entity) {
    let deletion = "subscription-building-entities-attributeDeleted";
    let s = suite.subscription(&format!("{deletion}-specific-attribute-normalized.jsonld"));
    let all = told(&s.expect("one"), all);
    let value = all.get("name").and_then(|n| n.get("value"));
    assert_eq!(value, Some(&"urn:ngsi-ld:null".into()), "046_22_08");
    changes_are_shown(suite, &many);
    let s = suite.subscription("subscription-building-entities-entityDeleted.jsonld");
    let told = told(&s.expect("one"), &deleted(many));
    assert_eq!(told.members().len(), 3, "046_21_01: {told}");
}

fn changes_are_shown(suite: &mut Suite, many: &Entity) {
    let show = "subscription-building-entities-show-changes";
    let updated = suite.subscription(&format!("{show}.jsonld")).expect("one");
    for (fragment, expected) in [
        ("name-fragment.jsonld", "previous-property"),
        ("location-fragment.jsonld", "previous-geoproperty"),
    ] {
        let change = suite.merged(many, fragment);
        let file =
            format!("subscriptions/expectations/entity-different-attributes-types-{expected}.json");
        let expected = suite.json(&file);
        assert_eq!(
            plain(&told(&updated, &change)),
            plain(&expected.items().expect("one")[0])
        );
    }
    let gone = suite
        .subscription(&format!("{show}-attributeDeleted.jsonld"))
        .expect("one");
    for (fragment, expected) in [
        (
            "building-null-languageproperty.jsonld",
            "deleted-language-property",
        ),
        ("building-null-property.jsonld", "deleted-property"),
        ("building-null-relationship.jsonld", "deleted-relationship"),
        ("building-null-geoproperty.jsonld", "deleted-geoproperty"),
    ] {
        let change = suite.merged(many, &format!("ngsild-null/{fragment}"));
        let file =
            format!("subscriptions/expectations/entity-different-attributes-types-{expected}.json");
        let expected = suite.json(&file);
        assert_eq!(
            plain(&told(&gone, &change)),
            plain(&expected.items().expect("one")[0])
        );
    }
    let deletion = suite
        .subscription(&format!("{show}-entityDeleted.jsonld"))
        .expect("one");
    let expected =
        "subscriptions/expectations/entity-different-attributes-types-deleted-entity.json";
    let expected = suite.json(expected);
    let told_now = told(&deletion, &deleted(many.clone()));
    assert_eq!(plain(&told_now), plain(&expected.items().expect("one")[0]));
    let made = suite
        .subscription(&format!("{show}-entity-created.jsonld"))
        .expect("one");
    assert!(
        !told(&made, &created(many.clone()))
            .to_string()
            .contains("previous")
    );
}
