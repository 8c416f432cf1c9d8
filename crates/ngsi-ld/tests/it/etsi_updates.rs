//! What updates make of ETSI's own fixtures, where they are at hand.

use loggia_ngsi_ld::update::{
    Merging, Outcome, Overwrite, append, merge, update, update_attribute,
};
use loggia_ngsi_ld::{Contexts, Draft, Entity, Error, Form, Fragment, Json, Representation, View};

use crate::etsi::{
    context, contexts, fixtures, json, now, read, same_id, without_context, written,
};

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
