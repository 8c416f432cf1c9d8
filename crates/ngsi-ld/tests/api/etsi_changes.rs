//! ETSI's fixtures of changes: an entity is made, a fragment sent, and what is there then is held
//! against the expectation.

use loggia_ngsi_ld::Json;

use crate::etsi::{Etsi, named, plain, with_id};
use crate::town::sorted;

const ID: &str = "urn:ngsi-ld:Thing:1";
const F: &str = "entities/fragmentEntities";

/// Fixture, method, path behind the entity, fragment (a file, or nothing), status, expectation.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u16,
    &'static str,
);

const MINIMAL: &str = "building-minimal.jsonld";
const SPEEDS: &str = "vehicle-speed-two-datasetid.jsonld";
const TWO: &str = "vehicle-two-datasetid-attributes.jsonld";
const MULTI: &str = "vehicle-speed-multi-instances.jsonld";
const SCOPED: &str = "building-with-one-scope.jsonld";
const ONLY: &str = "vehicle-speed-only-multi-instances.jsonld";
const SIMPLE: &str = "building-simple-attributes.jsonld";
const UNCHANGED: &str = "building-simple-attributes-compacted.json";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Append.
    (MINIMAL, "POST", "/attrs", "one-scope-fragment.json", 204,
        "building-minimal-with-one-scope.json"),
    (MINIMAL, "POST", "/attrs", "building-two-types-fragment.jsonld", 204,
        "building-minimal-with-two-types.json"),
    (MINIMAL, "POST", "/attrs", "type-vehicle-fragment.json", 204,
        "building-minimal-with-two-types.json"),
    (MINIMAL, "POST", "/attrs", "types-vehicle-car-fragment.json", 204,
        "building-minimal-with-three-types.json"),
    (MINIMAL, "POST", "/attrs", "observation-space-fragment.json", 204,
        "building-observation-space-geoproperty-normalized.jsonld"),
    (MINIMAL, "POST", "/attrs", "operation-space-fragment.json", 204,
        "building-operation-space-geoproperty-normalized.jsonld"),
    (MINIMAL, "POST", "/attrs", "simple-attributes-fragment.json", 204, UNCHANGED),
    (SPEEDS, "POST", "/attrs", "vehicle-new-attribute-fragment.jsonld", 204,
        "vehicle-speed-appended.jsonld"),
    (SPEEDS, "POST", "/attrs?options=noOverwrite", "vehicle-attribute-to-add-fragment.jsonld", 207,
        "vehicle-speed-appended.jsonld"),
    (SPEEDS, "POST", "/attrs", "vehicle-speed-different-datasetid-fragment.jsonld", 204,
        "vehicle-speed-different-datasetid.jsonld"),
    (SPEEDS, "POST", "/attrs", "vehicle-new-json-property-fragment.jsonld", 204,
        "vehicle-json-property-appended.jsonld"),
    (SPEEDS, "POST", "/attrs", "vehicle-new-language-property-fragment.jsonld", 204,
        "vehicle-language-property-appended.jsonld"),
    ("vehicle-minimal.jsonld", "POST", "/attrs", "vehicle-new-vocab-property-fragment.jsonld", 204,
        "vehicle-vocab-property-appended.jsonld"),
    (SCOPED, "POST", "/attrs", "one-scope-fragment.json", 204,
        "building-minimal-with-one-scope.json"),
    (SCOPED, "POST", "/attrs?options=noOverwrite", "one-scope-fragment.json", 204,
        "building-minimal-with-two-scopes.json"),
    // A merge and an update overwrite.
    (SCOPED, "PATCH", "", "one-scope-fragment.json", 204,
        "building-minimal-with-one-scope.json"),
    (SCOPED, "PATCH", "/attrs", "one-scope-fragment.json", 204,
        "building-minimal-with-one-scope.json"),
    (SCOPED, "DELETE", "/attrs/scope", "", 204, "building-no-attributes.jsonld"),
    // Update.
    (TWO, "PATCH", "/attrs", "vehicle-speed-two-datasetid-01-fragment.jsonld", 204,
        "vehicle-update-attributes.jsonld"),
    (TWO, "PATCH", "/attrs", "vehicle-speed-two-datasetid-01-fragment.json", 204,
        "vehicle-update-attributes.jsonld"),
    (TWO, "PATCH", "/attrs", "vehicle-speed-two-datasetid-02-fragment.jsonld", 204,
        "vehicle-update-datasetid-attributes.jsonld"),
    (TWO, "PATCH", "/attrs", "vehicle-speed-two-datasetid-03-fragment.jsonld", 204,
        "vehicle-multi-attributes.jsonld"),
    (TWO, "PATCH", "/attrs", "vehicle-speed-two-datasetid-04-fragment.jsonld", 204,
        "vehicle-update-attributes-new-attribute-type.jsonld"),
    // Part of one.
    (SPEEDS, "PATCH", "/attrs/speed", "vehicle-speed-equal-datasetid-fragment.jsonld", 204,
        "vehicle-update-speed.jsonld"),
    (SPEEDS, "PATCH", "/attrs/isParked", "vehicle-isparked-fragment.jsonld", 204,
        "vehicle-isparked-update.jsonld"),
    ("building-json-property-object-sub-property.jsonld", "PATCH", "/attrs/jsonProperty",
        "building-json-property-fragment.jsonld", 204, "building-json-property-update.jsonld"),
    ("building-language-property-sub-property.jsonld", "PATCH", "/attrs/street",
        "building-language-property-fragment.jsonld", 204,
        "building-language-property-update.jsonld"),
    ("building-vocab-property-sub-property.jsonld", "PATCH", "/attrs/vocabProperty",
        "building-vocab-property-fragment.jsonld", 204, "building-vocab-property-update.jsonld"),
    // Replace.
    (MULTI, "PUT", "/attrs/isParked", "../vehicle-isParked-attribute.json", 204,
        "vehicle-replace-isParked-attribute.jsonld"),
    (MULTI, "PUT", "/attrs/isParked", "../vehicle-isParked-new-type-attribute.json", 204,
        "vehicle-replace-isParked-new-type-attribute.jsonld"),
    (MULTI, "PUT", "/attrs/speed", "../vehicle-speed-datasetid-instance.json", 204,
        "vehicle-replace-speed-datasetid-instance.jsonld"),
    (MULTI, "PUT", "/attrs/speed", "../vehicle-speed-default-instance.json", 204,
        "vehicle-replace-speed-default-instance.jsonld"),
    // Delete.
    (ONLY, "DELETE", "/attrs/speed", "", 204, "vehicle-delete-default-speed.jsonld"),
    (ONLY, "DELETE", "/attrs/speed?datasetId=urn:ngsi-ld:Dataset:gps", "", 204,
        "vehicle-delete-datasetid-speed.jsonld"),
    (ONLY, "DELETE", "/attrs/speed?deleteAll=true", "", 204,
        "vehicle-delete-deleteall-speed.jsonld"),
    // Merge.
    ("merge/building-merge-data.jsonld", "PATCH", "",
        "../merge/building-only-airQualityLevel-value.jsonld", 204,
        "merge/building-with-changed-airQualityLevel.jsonld"),
    ("merge/building-merge-data.jsonld", "PATCH", "", "locatedAt-fragment.json", 204,
        "merge/building-with-relationship.jsonld"),
    ("merge/building-merge-data.jsonld", "PATCH", "",
        "../expectations/merge/building-attributes-edited.jsonld", 204,
        "merge/building-attributes-edited.jsonld"),
    ("merge/building-merge-data.jsonld", "PATCH", "", "../merge/building-merge-data.jsonld", 204,
        "merge/building-non-edited.jsonld"),
    // Fragments that are none.
    (SIMPLE, "POST", "/attrs", "empty-fragment.json", 400, UNCHANGED),
    (SIMPLE, "PATCH", "/attrs", "empty-fragment.json", 400, UNCHANGED),
    (SIMPLE, "PATCH", "/attrs", "invalid-fragment.jsonld", 400, UNCHANGED),
    (SIMPLE, "PATCH", "", "invalid-fragment.jsonld", 400, UNCHANGED),
];

/// Holds an entity against an expectation, whichever id that has.
async fn holds(etsi: &Etsi, expected: &str, row: &str) {
    let got = etsi.get(&format!("/entities/{ID}")).await.json();
    let wanted = etsi.json(&format!("entities/expectations/{expected}"));
    let wanted = plain(&with_id(&wanted, ID));
    assert_eq!(sorted(&plain(&got)), sorted(&wanted), "{row}: {expected}");
}

#[tokio::test]
async fn changes_give_what_is_expected() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    for (fixture, method, path, fragment, status, expected) in TABLE {
        etsi.made(fixture, ID).await;
        let at = format!("/entities/{ID}{path}");
        let told = match *fragment {
            "" => etsi.call("DELETE", &at, &[]).await,
            file => {
                let text = etsi.text(&format!("{F}/{file}"));
                let text = match Json::read(text.as_bytes()) {
                    Ok(json) => with_id(&json, ID).to_string(),
                    Err(_) => text,
                };
                etsi.send(method, &at, &text).await
            }
        };
        let row = format!("{fixture} {method} {path} {fragment}");
        assert_eq!(told.status, *status, "{row}: {}", told.text);
        holds(&etsi, expected, &row).await;
        etsi.gone(ID).await;
    }
}

/// Fixture, method, path behind the entity, fragment, status: what does not fit changes nothing.
#[rustfmt::skip]
const REFUSED: &[(&str, &str, &str, &str, u16)] = &[
    (SPEEDS, "PATCH", "/attrs/speed", "vehicle-speed-no-datasetid-fragment.jsonld", 404),
    (SPEEDS, "PATCH", "/attrs/speed", "vehicle-speed-unknown-datasetid-fragment.jsonld", 404),
    (MULTI, "PATCH", "/attrs/speed", "vehicle-speed-equal-datasetid-different-type-fragment.jsonld",
        400),
    (SPEEDS, "PATCH", "/attrs/scope", "../vehicle-scope-attribute.json", 400),
    (SPEEDS, "PUT", "/attrs/scope", "../vehicle-scope-attribute.json", 400),
    (SPEEDS, "PUT", "/attrs/none", "vehicle-brandname-fragment.json", 404),
    (SIMPLE, "PUT", "/attrs/name", "empty-fragment.json", 400),
    (SIMPLE, "PUT", "", "invalid-fragment.jsonld", 400),
];

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    for (fixture, method, path, fragment, status) in REFUSED {
        etsi.made(fixture, ID).await;
        let at = format!("/entities/{ID}");
        let before = etsi.get(&at).await.text;
        let text = etsi.text(&format!("{F}/{fragment}"));
        let told = etsi.send(method, &format!("{at}{path}"), &text).await;
        let row = format!("{fixture} {method} {path} {fragment}: {}", told.text);
        assert_eq!(told.status, *status, "{row}");
        assert_eq!(etsi.get(&at).await.text, before, "{row}");
        etsi.gone(ID).await;
    }
}

#[tokio::test]
async fn null_removes_what_is_expected() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    for (kind, attr) in [
        ("property", "name"),
        ("relationship", "locatedAt"),
        ("geoproperty", "location"),
        ("languageproperty", "street"),
    ] {
        for (base, which, expected) in [
            ("attributes-types", "", ""),
            (
                "default-attributes-instances-and-types",
                "",
                "-default-instance",
            ),
            ("attributes-instances-and-types", "-instance", "-instance"),
        ] {
            let base = format!("building-different-{base}.jsonld");
            let expected = format!("ngsild-null/building-deleted-{kind}{expected}.jsonld");
            let one = format!("/attrs/{attr}");
            let (whole, part) = (
                format!("building-null-{kind}{which}.jsonld"),
                format!("null-{kind}{which}"),
            );
            for (path, file) in [
                ("", &whole),
                ("", &format!("{part}.jsonld")),
                ("/attrs", &format!("{part}.jsonld")),
                (&*one, &format!("{part}-fragment.jsonld")),
                ("batch", &whole),
            ] {
                etsi.made(&base, ID).await;
                let fragment = etsi.json(&format!("{F}/ngsild-null/{file}"));
                let fragment = with_id(&fragment, ID).to_string();
                let told = match path {
                    "batch" => {
                        let list = format!("[{fragment}]");
                        etsi.send("POST", "/entityOperations/merge", &list).await
                    }
                    path => {
                        let at = format!("/entities/{ID}{path}");
                        etsi.send("PATCH", &at, &fragment).await
                    }
                };
                let row = format!("{base} {path} {file}");
                assert_eq!(told.status, 204, "{row}: {}", told.text);
                holds(&etsi, &expected, &row).await;
                etsi.gone(ID).await;
            }
        }
    }
}

#[tokio::test]
async fn a_batch_is_merged_as_expected() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    let ids = ["urn:ngsi-ld:Building:1", "urn:ngsi-ld:Building:2"];
    for (fragment, expected) in [
        (
            "entities/merge/building-only-airQualityLevel-value.jsonld",
            "two-buildings-with-changed-airQualityLevel.jsonld",
        ),
        (
            "entities/merge/building-merge-data.jsonld",
            "two-buildings-non-edited.jsonld",
        ),
        (
            "entities/expectations/merge/building-attributes-edited.jsonld",
            "two-buildings-attributes-edited.jsonld",
        ),
        (
            "entities/fragmentEntities/locatedAt-fragment.json",
            "two-buildings-with-relationship.jsonld",
        ),
    ] {
        for id in ids {
            etsi.made("merge/building-merge-data.jsonld", id).await;
        }
        let fragment = etsi.json(fragment);
        let each = ids.map(|id| named(&fragment, id).to_string());
        let list = format!("[{}]", each.join(","));
        let told = etsi.send("POST", "/entityOperations/merge", &list).await;
        assert_eq!(told.status, 204, "{}", told.text);
        let expected = format!("batch-merge/{expected}");
        etsi.is("/entities?type=Building", &expected).await;
        for id in ids {
            etsi.gone(id).await;
        }
    }
}
